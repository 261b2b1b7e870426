//! What the machine answers the reader of commands: links, names in directories, variables that are no secret.
//!
//! Asked only about what the reader asks about, and with a bound on how often: past it a link counts as unknown, which the judge
//! is told. Deliberately absent: reading any file.

use crate::failure::Failure;
use crate::surroundings;
use sanctum_firewall::shell::{View, names_a_credential};
use sanctum_host::look;
use std::cell::{Cell, OnceCell};
use std::collections::BTreeMap;
use std::path::Path;

/// Looks at one name each; a command of a person's takes tens, and this many take some milliseconds.
const MOST_LOOKS: u32 = 4096;
/// Links in one path before it counts as a circle (Linux's MAXSYMLINKS).
const MOST_LINKS: u32 = 40;

/// The directory this process was started in.
pub(in crate::commands) fn here() -> Result<String, Failure> {
    let here = std::env::current_dir()?;
    Ok(plain(&here.to_string_lossy()))
}

/// Without a slash at its end.
pub(in crate::commands) fn plain(path: &str) -> String {
    let cut = path.trim_end_matches('/');
    if cut.is_empty() { "/".to_owned() } else { cut.to_owned() }
}

/// The directory with the nearest `.git` at or above this one; itself where there is none.
pub(in crate::commands) fn project(cwd: &str) -> String {
    let above = Path::new(cwd)
        .ancestors()
        .find(|dir| matches!(look::at_itself(&dir.join(".git")), Ok(Some(_))));
    above.and_then(Path::to_str).map_or_else(|| cwd.to_owned(), plain)
}

struct Variables {
    known: BTreeMap<String, String>,
    secrets: bool,
}

/// This machine.
pub(super) struct Machine {
    home: String,
    looks: Cell<u32>,
    real_home: OnceCell<Option<String>>,
    variables: OnceCell<Variables>,
}

impl Machine {
    pub(super) fn new(home: &str) -> Self {
        Self {
            home: home.to_owned(),
            looks: Cell::new(0),
            real_home: OnceCell::new(),
            variables: OnceCell::new(),
        }
    }

    /// Whether there was more to look at than is looked at.
    pub(super) fn spent(&self) -> bool {
        self.looks.get() >= MOST_LOOKS
    }

    /// Where this absolute path leads, every link on the way followed; none where that is itself.
    fn followed(&self, path: &str) -> Option<String> {
        // A descriptor of the command is none of this process.
        let descriptor = ["/dev/fd/", "/dev/std"].iter().any(|dir| path.starts_with(dir));
        if !path.starts_with('/') || descriptor {
            return None;
        }
        let parts = |text: &str| -> Vec<String> {
            text.split('/')
                .rev()
                .filter(|part| !part.is_empty() && *part != ".")
                .map(str::to_owned)
                .collect()
        };
        let mut left = parts(path);
        let mut at = String::new();
        let mut links = 0;
        while let Some(part) = left.pop() {
            if part == ".." {
                at.truncate(at.rfind('/').unwrap_or(0));
                continue;
            }
            let next = format!("{at}/{part}");
            let Some(target) = self.target(&next) else {
                at = next;
                continue;
            };
            links += 1;
            if links > MOST_LINKS {
                return None;
            }
            if target.starts_with('/') {
                at.clear();
            }
            left.extend(parts(&target));
        }
        let led = if at.is_empty() { "/".to_owned() } else { at };
        (led != path).then_some(led)
    }

    fn target(&self, path: &str) -> Option<String> {
        if self.spent() {
            return None;
        }
        self.looks.set(self.looks.get() + 1);
        look::link(Path::new(path)).ok().flatten()
    }

    /// A home that is itself reached through a link is still the home.
    fn at_home(&self, path: String) -> String {
        let real = self.real_home.get_or_init(|| self.followed(&self.home));
        let rest = real.as_deref().and_then(|real| path.strip_prefix(real));
        match rest {
            Some(rest) if rest.is_empty() || rest.starts_with('/') => {
                format!("{}{rest}", self.home)
            }
            _ => path,
        }
    }

    fn variables(&self) -> &Variables {
        self.variables.get_or_init(|| {
            let mut all = Variables { known: BTreeMap::new(), secrets: false };
            for (name, value) in surroundings::inherited() {
                let (Some(name), Some(value)) = (name.to_str(), value.to_str()) else { continue };
                let line = format!("{name}={value}");
                if names_a_credential(name)
                    || !sanctum_firewall::Engine::guarding().find(line.as_bytes()).is_empty()
                {
                    all.secrets = true;
                } else {
                    all.known.insert(name.to_owned(), value.to_owned());
                }
            }
            all
        })
    }
}

impl View for Machine {
    fn variable(&self, name: &str) -> Option<String> {
        self.variables().known.get(name).cloned()
    }

    fn link(&self, path: &str) -> Option<String> {
        let led = self.followed(path).map(|led| self.at_home(led))?;
        (led != path).then_some(led)
    }

    fn names(&self, directory: &str) -> Option<Vec<String>> {
        if self.spent() {
            return None;
        }
        self.looks.set(self.looks.get() + 1);
        look::list(Path::new(directory)).ok().flatten()
    }

    fn environment_may_hold_secrets(&self) -> bool {
        self.variables().secrets
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "links of a test's own")]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn every_link_on_the_way_is_followed_and_a_linked_home_stays_the_home() {
        let dir = tempfile::tempdir().unwrap();
        let root = std::fs::canonicalize(dir.path()).unwrap();
        let at = |name: &str| root.join(name).to_str().unwrap().to_owned();
        std::fs::create_dir_all(at("real/.aws")).unwrap();
        symlink("real", at("home")).unwrap();
        symlink(at("home/.aws"), at("notes")).unwrap();
        symlink("round", at("round")).unwrap();
        let machine = Machine::new(&at("home"));
        let link = |name: &str| machine.link(&at(name));
        assert_eq!(link("notes/credentials"), Some(at("home/.aws/credentials")));
        assert_eq!(link("notes/../x"), Some(at("home/x")));
        assert_eq!(link("home/x"), None);
        assert_eq!(link("round"), None);
        assert_eq!(link("plain"), None);
        assert!(!machine.spent());
    }

    #[test]
    fn the_project_is_where_the_nearest_repository_is() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
        std::fs::create_dir_all(at("a/b/c")).unwrap();
        assert_eq!(project(&at("a/b")), at("a/b"));
        std::fs::create_dir(at("a/.git")).unwrap();
        assert_eq!(project(&at("a/b/c")), at("a"));
        // A worktree has a file of that name.
        std::fs::write(at("a/b/.git"), "gitdir: x").unwrap();
        assert_eq!(project(&at("a/b/c")), at("a/b"));
    }
}
