//! The owner's own clients, asked about one name: they know the registry, its mirrors, its scopes and its tokens.
//!
//! A client runs from `/`, with the owner's home and a fixed list of variables, so that no file of a project can lead it elsewhere. What it
//! says is read in pure functions; what is not understood is no answer, never "absent". Tokens stay with the client, except
//! one that stands in the address of a Python index, which goes to that index only and into no message.

mod cargo;
mod conda;
mod go;
mod npm;
mod pip;
mod small;
mod word;

use super::wire::Name;
use sanctum_firewall::packages::Known;
use sanctum_firewall::shell::Ecosystem;
use sanctum_host::accounts::effective_uid;
use sanctum_host::command::{self, Options, Output, Program};
use sanctum_host::{look, trust};
use sanctum_types::{AbsPath, UnixTime};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A client that has not answered by then is ended: none of them takes this long on a line that works.
const LONGEST: Duration = Duration::from_secs(20);
/// The packument of a package with thousands of versions, as times only.
const MOST_OUTPUT: usize = 8 << 20;

/// Bytes in which a script names its interpreter (Linux's BINPRM_BUF_SIZE).
const HEAD: u64 = 256;

/// Variables by which the owner may have chosen registries, certificates and places; no other reaches a client.
const KEPT: [&str; 46] = [
    "ALL_PROXY",
    "BUNDLE_PATH",
    "CARGO_HOME",
    "CARGO_HTTP_CAINFO",
    "CARGO_HTTP_PROXY",
    "CONDARC",
    "CONDA_CHANNELS",
    "GEM_HOME",
    "GEM_PATH",
    "GEMRC",
    "GOFLAGS",
    "GOINSECURE",
    "GOMODCACHE",
    "GONOPROXY",
    "GONOSUMDB",
    "GOPATH",
    "GOPRIVATE",
    "GOPROXY",
    "GOROOT",
    "GOSUMDB",
    "HOMEBREW_API_DOMAIN",
    "HOMEBREW_ARTIFACT_DOMAIN",
    "HOMEBREW_PREFIX",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "NODE_EXTRA_CA_CERTS",
    "NO_PROXY",
    "NPM_CONFIG_CAFILE",
    "NPM_CONFIG_GLOBALCONFIG",
    "NPM_CONFIG_REGISTRY",
    "NPM_CONFIG_USERCONFIG",
    "NPM_TOKEN",
    "PIP_CERT",
    "PIP_CONFIG_FILE",
    "PIP_EXTRA_INDEX_URL",
    "PIP_INDEX_URL",
    "PYENV_ROOT",
    "PYENV_VERSION",
    "REQUESTS_CA_BUNDLE",
    "RUSTUP_HOME",
    "RUSTUP_TOOLCHAIN",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "http_proxy",
    "https_proxy",
    "no_proxy",
];

/// Where owners keep their clients, below the home or as whole paths.
const PLACES: [&str; 12] = [
    "~/.local/bin",
    "~/.cargo/bin",
    "~/.pyenv/shims",
    "~/.volta/bin",
    "~/.local/share/mise/shims",
    "~/.asdf/shims",
    "~/go/bin",
    "/opt/homebrew/bin",
    "/usr/local/bin",
    "/usr/local/go/bin",
    "/usr/bin",
    "/bin",
];

/// How an owner's clients are run.
pub struct Clients {
    home: PathBuf,
    dirs: Vec<PathBuf>,
    env: BTreeMap<&'static str, String>,
    longest: Duration,
    pip: pip::Configured,
}

impl std::fmt::Debug for Clients {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Clients").field("home", &self.home).finish_non_exhaustive()
    }
}

impl Clients {
    /// The clients of the account with this home, found by the `PATH` of `inherited` and where owners keep them.
    #[must_use]
    pub fn new(home: &Path, inherited: &[(OsString, OsString)]) -> Self {
        let value = |name: &str| {
            let found = inherited.iter().find(|(each, _)| each == name);
            found.and_then(|(_, value)| value.to_str()).map(str::to_owned)
        };
        let place = |place: &str| match place.strip_prefix("~/") {
            Some(rest) => home.join(rest),
            None => PathBuf::from(place),
        };
        let path = value("PATH").unwrap_or_default();
        let mut dirs: Vec<PathBuf> =
            path.split(':').filter(|dir| dir.starts_with('/')).map(PathBuf::from).collect();
        dirs.extend(PLACES.map(place));
        let mut env: BTreeMap<&'static str, String> =
            KEPT.iter().filter_map(|name| Some((*name, value(name)?))).collect();
        env.insert("HOME", home.display().to_string());
        let path: Vec<String> = dirs.iter().map(|dir| dir.display().to_string()).collect();
        env.insert("PATH", path.join(":"));
        Self { home: home.to_owned(), dirs, env, longest: LONGEST, pip: pip::Configured::default() }
    }

    /// What is known of a name.
    #[must_use]
    pub fn look_up(&self, name: &Name) -> Known {
        let (text, version) = (name.name.as_str(), name.version.as_deref());
        let Some(ecosystem) = name.ecosystem() else { return Known::Unanswered };
        if !word::is_name(ecosystem, text) || !version.is_none_or(word::is_version) {
            return Known::Unanswered;
        }
        let said = match ecosystem {
            Ecosystem::Npm => npm::look_up(self, text, version),
            Ecosystem::Pypi => pip::look_up(self, text, version),
            Ecosystem::Cargo => cargo::look_up(self, text, version),
            Ecosystem::Go => go::look_up(self, text, version),
            Ecosystem::Gem => small::gem(self, text, version),
            Ecosystem::Brew => small::brew(self, text),
            Ecosystem::Conda => conda::look_up(self, text, version),
        };
        said.unwrap_or(Known::Unanswered)
    }

    /// Runs the first of these programs that is there.
    fn run(
        &self,
        programs: &[&str],
        args: &[&str],
        more: &[(&'static str, &str)],
    ) -> Option<Output> {
        let program = self.program(programs)?;
        let (program, script) = self.interpreted(program)?;
        let args: Vec<&str> = script.as_deref().into_iter().chain(args.iter().copied()).collect();
        let mut env = self.env.clone();
        env.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
        let timeout = self.longest;
        let options = Options { stdin: None, timeout, env, output_limit: MOST_OUTPUT };
        command::run(&program, &args, options).ok().filter(|output| !output.truncated)
    }

    /// Most clients are scripts that find their interpreter through `env`, which root must not run: it is found here, in the same
    /// directories, and the script must be root's own then.
    fn interpreted(&self, program: Program) -> Option<(Program, Option<String>)> {
        let path = program.path().as_str().to_owned();
        let head = look::head(Path::new(&path), HEAD).ok().flatten().unwrap_or_default();
        let head = String::from_utf8_lossy(&head);
        let line = head.lines().next().unwrap_or_default();
        let through =
            line.strip_prefix("#!").map(str::trim).and_then(|l| l.strip_prefix("/usr/bin/env "));
        let Some(name) = through.map(str::trim).filter(|name| !name.contains(' ')) else {
            return Some((program, None));
        };
        if effective_uid() == 0 {
            trust::check_root_owned(program.path()).ok()?;
        }
        Some((self.program(&[name])?, Some(path)))
    }

    fn program(&self, names: &[&str]) -> Option<Program> {
        names.iter().find_map(|name| {
            self.dirs.iter().find_map(|dir| {
                let path = dir.join(name);
                let there = look::at(&path).ok().flatten().is_some();
                let path = AbsPath::new(path.to_str()?).ok()?;
                there.then(|| Program::new(path))
            })
        })
    }
}

/// A time as registries write it (RFC 3339).
fn time(text: &str) -> Option<UnixTime> {
    let at: jiff::Timestamp = text.trim().parse().ok()?;
    Some(UnixTime(at.as_second()))
}

/// Whether standard error holds one of these texts.
fn says(output: &Output, texts: &[&str]) -> bool {
    let said = String::from_utf8_lossy(&output.stderr).to_lowercase();
    texts.iter().any(|text| said.contains(text))
}

/// The greatest of versions by their numbers; one with letters is a pre-release and counts only where nothing else is.
fn greatest<'v>(versions: impl Iterator<Item = &'v str>) -> Option<&'v str> {
    let key = |version: &&str| {
        let stable = !version.bytes().any(|b| b.is_ascii_alphabetic());
        let numbers: Vec<u64> = version
            .split(|c: char| !c.is_ascii_digit())
            .map(|part| part.parse().unwrap_or(0))
            .collect();
        (stable, numbers)
    };
    versions.max_by_key(key)
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a client of the test's own, and what it started")]
mod tests {
    use super::*;
    use sanctum_host::clock;
    use std::os::unix::fs::PermissionsExt as _;

    /// Whether a process of that id is still there and no corpse.
    fn lives(pid: &str) -> bool {
        let ps =
            std::process::Command::new("ps").args(["-o", "stat=", "-p", pid]).output().unwrap();
        let state = String::from_utf8_lossy(&ps.stdout).trim().to_owned();
        !state.is_empty() && !state.starts_with('Z')
    }

    #[test]
    fn a_client_that_hangs_is_ended_with_what_it_started() {
        // Root runs only programs that nobody else could have put there.
        let dir = sanctum_host::files::TempDir::new().unwrap();
        let (npm, pid) = (dir.path().join("npm"), dir.path().join("pid"));
        let script = format!("#!/bin/sh\nsleep 300 &\necho $! > {}\nwait\n", pid.display());
        std::fs::write(&npm, script).unwrap();
        std::fs::set_permissions(&npm, std::fs::Permissions::from_mode(0o755)).unwrap();
        let path = OsString::from(dir.path());
        let mut clients = Clients::new(dir.path(), &[(OsString::from("PATH"), path)]);
        let name = Name { ecosystem: "npm".to_owned(), name: "qq-pkg".to_owned(), version: None };
        // On a machine that is busy a script needs its time to come so far that it has a child.
        for seconds in [1, 8, 60] {
            clients.longest = Duration::from_secs(seconds);
            assert_eq!(clients.look_up(&name), Known::Unanswered);
            let Ok(text) = std::fs::read_to_string(&pid) else { continue };
            let begun = clock::Monotonic::now();
            while lives(text.trim()) && begun.elapsed() < Duration::from_secs(30) {
                clock::sleep(Duration::from_millis(20));
            }
            assert!(!lives(text.trim()), "{text}");
            return;
        }
        panic!("it never ran");
    }
}
