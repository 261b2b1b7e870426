//! What may stand on a client's command line as a name or a version.
//!
//! Names come from files of projects. Clients take an address, a path, an archive or an owner's repository where a name is meant,
//! and some of them fetch it or run what is in it, so that only the form of a registry's names passes. Deliberately absent:
//! names that a registry once let in and no longer does; they have no answer.

use sanctum_firewall::shell::Ecosystem;

/// Ends by which npm takes a word for an archive (npm-package-arg).
const ARCHIVES: [&str; 3] = [".tgz", ".tar.gz", ".tar"];

/// Whether a registry could have this name.
pub(super) fn is_name(ecosystem: Ecosystem, name: &str) -> bool {
    match ecosystem {
        Ecosystem::Npm => {
            let whole = !ARCHIVES.iter().any(|end| name.ends_with(end));
            let parts = match name.strip_prefix('@') {
                Some(scoped) => scoped.split_once('/').map(|(scope, name)| [scope, name]),
                None => Some([name, name]),
            };
            whole && parts.is_some_and(|parts| parts.iter().all(|part| is_part(part, "-_.~")))
        }
        // The first part of a module's path is a host.
        Ecosystem::Go => name.split('/').all(|part| is_part(part, "-_.~+!")),
        Ecosystem::Brew => is_part(name, "-_.+@"),
        Ecosystem::Pypi | Ecosystem::Cargo | Ecosystem::Gem | Ecosystem::Conda => {
            is_part(name, "-_.")
        }
    }
}

/// Whether a registry could have this version.
pub(super) fn is_version(version: &str) -> bool {
    is_part(version, "-_.+!~")
}

/// Letters, digits and these marks; neither an option nor a place.
fn is_part(part: &str, marks: &str) -> bool {
    !part.is_empty()
        && !part.starts_with(['-', '.', '~', '@', '+'])
        && part.chars().all(|c| c.is_ascii_alphanumeric() || marks.contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;
    use Ecosystem::{Brew, Cargo, Conda, Gem, Go, Npm, Pypi};

    #[test]
    fn names_pass_and_addresses_paths_and_options_do_not() {
        for (ecosystem, name) in [
            (Npm, "left-pad"),
            (Npm, "@types/node"),
            (Npm, "_"),
            (Pypi, "zope-interface"),
            (Cargo, "serde_json"),
            (Go, "github.com/BurntSushi/toml"),
            (Go, "gopkg.in/yaml.v3"),
            (Gem, "rails"),
            (Brew, "python@3.12"),
            (Brew, "gtk+3"),
            (Conda, "_libgcc_mutex"),
        ] {
            assert!(is_name(ecosystem, name), "{name}");
        }
        for name in [
            "",
            "-g",
            "--registry=x",
            ".",
            "..",
            "../x",
            "/etc",
            "~/x",
            "owner/repo/",
            "git+ssh://h.example/x",
            "https://h.example/x.tgz",
            "github:owner/repo",
            "file:x",
            "@scope",
            "@/x",
            "@a/../b",
            "@a/b/c",
            "a b",
            "a\n",
            "a?b",
            "a#b",
            "a%2fb",
            "naïve",
        ] {
            for ecosystem in [Npm, Pypi, Cargo, Go, Gem, Brew, Conda] {
                assert!(!is_name(ecosystem, name), "{ecosystem:?} {name}");
            }
        }
        for (ecosystem, name) in
            [(Npm, "owner/repo"), (Npm, "x.tgz"), (Cargo, "a/b"), (Brew, "owner/tap/x")]
        {
            assert!(!is_name(ecosystem, name), "{ecosystem:?} {name}");
        }
        assert!(is_version("v1.2.3-0.20240101+incompatible") && is_version("1!2.0"));
        assert!(!is_version("--all") && !is_version("../1") && !is_version(""));
    }
}
