//! The sources of crates that cargo fetched: whether they bring a build script.
//!
//! Looked at after cargo has run, in cargo's own folder of sources. Deliberately absent: reading a build script.

use super::view::Machine;
use sanctum_firewall::agents::content::{CargoCrate, runs_script};
use sanctum_firewall::shell::View as _;
use sanctum_host::look;
use std::cell::OnceCell;
use std::path::{Path, PathBuf};

/// Bytes of a manifest that are read; most have 2 KB, and hundreds are read for one output. A longer one is as one that is cut.
const LONGEST_MANIFEST: u64 = 64 << 10;
/// Registries that are looked through: cargo makes a folder for each that was ever used.
const MOST_REGISTRIES: usize = 8;

/// `~/.cargo/registry/src`, with a folder for each registry.
pub(super) struct Crates<'a> {
    machine: &'a Machine,
    home: &'a str,
    registries: OnceCell<Vec<PathBuf>>,
}

impl<'a> Crates<'a> {
    /// Nothing is looked at before somebody asks.
    pub(super) const fn new(machine: &'a Machine, home: &'a str) -> Self {
        Self { machine, home, registries: OnceCell::new() }
    }

    /// Whether the sources of this crate bring a build script; not where there are none of it.
    pub(super) fn has_script(&self, krate: &CargoCrate) -> bool {
        let folder = format!("{}-{}", krate.name, krate.version);
        self.registries().iter().any(|registry| builds(&registry.join(&folder)))
    }

    fn registries(&self) -> &[PathBuf] {
        self.registries.get_or_init(|| {
            let named = self.machine.variable("CARGO_HOME").filter(|path| path.starts_with('/'));
            let cargo = named.unwrap_or_else(|| format!("{}/.cargo", self.home));
            registries(Path::new(&cargo))
        })
    }
}

fn registries(cargo: &Path) -> Vec<PathBuf> {
    let sources = cargo.join("registry/src");
    let names = look::list(&sources).ok().flatten().unwrap_or_default();
    names.into_iter().take(MOST_REGISTRIES).map(|name| sources.join(name)).collect()
}

fn builds(folder: &Path) -> bool {
    let read = look::head(&folder.join("Cargo.toml"), LONGEST_MANIFEST).ok().flatten();
    let Some(manifest) = read else { return false };
    let lies_there = || matches!(look::at_itself(&folder.join("build.rs")), Ok(Some(_)));
    runs_script(&String::from_utf8_lossy(&manifest), lies_there)
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "sources of a test's own")]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_what_the_manifest_says_or_what_lies_there() {
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path().to_str().unwrap();
        let krate = |name: &str, files: &[(&str, &str)]| {
            let folder = dir.path().join(format!(".cargo/registry/src/index-1/{name}-1.0.0"));
            std::fs::create_dir_all(&folder).unwrap();
            for (file, text) in files {
                std::fs::write(folder.join(file), text).unwrap();
            }
        };
        let bare = "[package]\nname = \"x\"\n";
        krate("none", &[("Cargo.toml", bare)]);
        krate("plain", &[("Cargo.toml", bare), ("build.rs", "")]);
        krate("named", &[("Cargo.toml", "[package]\nbuild = \"src/make.rs\"\n")]);
        krate("off", &[("Cargo.toml", "[package]\nbuild = false\n"), ("build.rs", "")]);
        krate("later", &[("Cargo.toml", "[package]\nname = \"x\"\n[[bin]]\nbuild = \"x\"\n")]);
        let said = "[package]\ndescription = \"\"\"\nbuild = false\n\"\"\"\n";
        krate("described", &[("Cargo.toml", said), ("build.rs", "")]);
        let long = format!("[package]\nbuild = false\nauthors = [\"{}\"]\n", "x".repeat(65_536));
        krate("long", &[("Cargo.toml", &long)]);
        krate("odd", &[("Cargo.toml", "[package\n")]);
        let machine = Machine::new(home);
        // Whoever runs the test may have a folder of cargo's elsewhere.
        let registry = dir.path().join(".cargo/registry/src/index-1");
        let registries = OnceCell::from(vec![dir.path().join("empty"), registry]);
        let crates = Crates { machine: &machine, home, registries };
        let found = |name: &str, version: &str| {
            crates.has_script(&CargoCrate { name: name.to_owned(), version: version.to_owned() })
        };
        let all =
            ["none", "plain", "named", "off", "later", "elsewhere", "described", "long", "odd"];
        let told: Vec<&str> = all.into_iter().filter(|name| found(name, "1.0.0")).collect();
        assert_eq!(told, ["plain", "named", "described", "long", "odd"]);
        assert!(!found("plain", "2.0.0"));
    }

    #[test]
    fn no_more_registries_are_looked_through_than_there_is_room_for() {
        let dir = tempfile::tempdir().unwrap();
        for at in 0..=MOST_REGISTRIES {
            std::fs::create_dir_all(dir.path().join(format!(".cargo/registry/src/r{at}"))).unwrap();
        }
        assert_eq!(registries(&dir.path().join(".cargo")).len(), MOST_REGISTRIES);
        assert!(registries(&dir.path().join("gone")).is_empty());
    }
}
