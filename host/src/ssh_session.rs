//! Which SSH connection a process was started over: the nearest SSH server among its ancestors.
//!
//! The server forks one process for each connection, so its pid and start time name the connection. Variables
//! such as `SSH_CONNECTION` are not asked: sudo drops them, and anybody can set them.

use crate::HostError;

#[cfg(target_os = "linux")]
#[path = "ssh_session/linux.rs"]
mod ancestors;
#[cfg(target_os = "macos")]
#[path = "ssh_session/macos.rs"]
mod ancestors;

/// One process, as its table shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// Its parent.
    pub parent: u32,
    /// When it was started, in the system's own form; with the pid it names the process for good.
    pub started: String,
    /// The name of its program, without directory.
    pub name: String,
}

/// More ancestors than any real process has.
const DEPTH: usize = 256;

/// The connection that this process was started over; none on the console, in a job, or under a terminal
/// multiplexer that outlived its connection.
pub fn current() -> Result<Option<String>, HostError> {
    nearest(std::process::id(), &ancestors::process)
}

fn nearest(
    pid: u32,
    process: &dyn Fn(u32) -> Result<Option<Process>, HostError>,
) -> Result<Option<String>, HostError> {
    let mut pid = pid;
    for _ in 0..DEPTH {
        let Some(found) = process(pid)? else { return Ok(None) };
        // OpenSSH 9.8 split the per-connection part off as sshd-session.
        if matches!(found.name.as_str(), "sshd" | "sshd-session") {
            return Ok(Some(format!("{}:{pid}:{}", found.name, found.started)));
        }
        if found.parent <= 1 {
            return Ok(None);
        }
        pid = found.parent;
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn table() -> BTreeMap<u32, Process> {
        let row = |parent: u32, name: &str| Process {
            parent,
            started: "7".to_owned(),
            name: name.to_owned(),
        };
        BTreeMap::from([
            (10, row(1, "sshd")),
            (11, row(10, "sshd")),
            (12, row(11, "bash")),
            (13, row(12, "sudo")),
            (20, row(10, "sshd")),
            (21, row(20, "zsh")),
            (30, row(1, "tmux: server")),
            (31, row(30, "bash")),
        ])
    }

    #[test]
    fn a_connection_is_its_own_server_process_and_a_multiplexer_has_none() {
        let table = table();
        let of = |pid| nearest(pid, &|pid| Ok(table.get(&pid).cloned())).unwrap();
        assert_eq!(of(13).as_deref(), Some("sshd:11:7"));
        assert_eq!(of(12), of(13));
        assert_eq!(of(21).as_deref(), Some("sshd:20:7"));
        assert_eq!(of(31), None);
        assert_eq!(of(99), None);
    }

    #[test]
    fn a_loop_in_the_table_ends() {
        let round =
            |_| Ok(Some(Process { parent: 5, started: String::new(), name: "x".to_owned() }));
        assert_eq!(nearest(5, &round).unwrap(), None);
    }

    #[test]
    fn this_process_has_a_parent_and_a_name() {
        let me = ancestors::process(std::process::id()).unwrap().expect("this process");
        assert!(me.parent > 0 && !me.name.is_empty() && !me.started.is_empty());
        assert_eq!(ancestors::process(u32::MAX - 1).unwrap(), None);
    }
}
