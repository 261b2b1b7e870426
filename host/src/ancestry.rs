//! The processes that started this one, nearest first: pid, program and command line.
//!
//! A process that cannot be looked at is an error and never left out: whoever asks wants to know of all of them.
//! Deliberately absent: what any of these programs is.

use crate::HostError;
use crate::ssh_session;

#[cfg(target_os = "linux")]
#[path = "ancestry/linux.rs"]
mod command_line;
#[cfg(target_os = "macos")]
#[path = "ancestry/macos.rs"]
mod command_line;

/// One process above this one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ancestor {
    /// Its process id.
    pub pid: u32,
    /// Its program's path where it can be seen, else the name that the process table shows.
    pub program: String,
    /// Its arguments, the first of which it chose itself.
    pub words: Vec<String>,
}

/// More ancestors than any real process has.
const DEPTH: usize = 256;

/// All ancestors of this process up to the first one.
pub fn current() -> Result<Vec<Ancestor>, HostError> {
    let mut found = Vec::new();
    let mut pid = std::process::id();
    for _ in 0..DEPTH {
        let Some(parent) = ssh_session::process(pid)?.map(|process| process.parent) else { break };
        if parent == 0 {
            break;
        }
        let Some(process) = ssh_session::process(parent)? else { break };
        let words = command_line::words(parent)?;
        let program = command_line::program(parent).unwrap_or(process.name);
        found.push(Ancestor { pid: parent, program, words });
        pid = parent;
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_was_started_by_something_that_has_a_name() {
        let found = current().unwrap();
        assert!(!found.is_empty());
        assert!(found.iter().all(|one| one.pid > 0 && !one.program.is_empty()), "{found:?}");
        let mut pids: Vec<u32> = found.iter().map(|one| one.pid).collect();
        pids.dedup();
        assert_eq!(pids.len(), found.len());
    }
}
