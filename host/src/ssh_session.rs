//! Which SSH connection a process was started over: the nearest SSH server among its ancestors.
//!
//! The server forks one process for each connection, so its pid and start time name the connection. Variables
//! such as `SSH_CONNECTION` are not asked: sudo drops them, and anybody can set them.

use crate::HostError;
use sanctum_types::UnixTime;

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
    /// Milliseconds since then, as exactly as the system tells.
    pub age: i64,
    /// The name of its program, without directory.
    pub name: String,
}

/// One SSH connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// Its name: program, process and start.
    pub name: String,
    /// When it was opened, to a second.
    pub opened: UnixTime,
}

/// The table of Linux counts in hundredths of a second and two clocks are read one after the other: what was
/// opened right after a change must not look as if it had been there before.
const TICK: i64 = 50;
/// More ancestors than any real process has.
const DEPTH: usize = 256;

/// The connection that this process was started over; none on the console, in a job, or under a terminal
/// multiplexer that outlived its connection.
pub fn current() -> Result<Option<Connection>, HostError> {
    nearest(std::process::id(), crate::clock::now_millis(), &ancestors::process)
}

fn nearest(
    pid: u32,
    now_millis: i64,
    process: &dyn Fn(u32) -> Result<Option<Process>, HostError>,
) -> Result<Option<Connection>, HostError> {
    let mut pid = pid;
    for _ in 0..DEPTH {
        let Some(found) = process(pid)? else { return Ok(None) };
        // OpenSSH 9.8 split the per-connection part off as sshd-session.
        if matches!(found.name.as_str(), "sshd" | "sshd-session") {
            let name = format!("{}:{pid}:{}", found.name, found.started);
            let opened = now_millis.saturating_sub(found.age).saturating_add(TICK);
            return Ok(Some(Connection { name, opened: UnixTime(opened.div_euclid(1000)) }));
        }
        if found.parent <= 1 {
            return Ok(None);
        }
        pid = found.parent;
    }
    Ok(None)
}

/// Seconds of ps's `[[days-]hours:]minutes:seconds`; 0 for anything else, which is no older than it is.
#[cfg(any(test, target_os = "macos"))]
fn elapsed(text: &str) -> i64 {
    let (days, clock) = text.split_once('-').unwrap_or(("0", text));
    let fields =
        clock.split(':').try_fold(0_i64, |sum, field| Some(sum * 60 + field.parse::<i64>().ok()?));
    let days: Option<i64> = days.parse().ok();
    days.zip(fields).map_or(0, |(days, seconds)| days * 86_400 + seconds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn table() -> BTreeMap<u32, Process> {
        let row = |parent: u32, name: &str| Process {
            parent,
            started: "7".to_owned(),
            age: 30_000,
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
        let look = |pid: u32| Ok(table.get(&pid).cloned());
        let of = |pid| nearest(pid, 100_000, &look).unwrap();
        let sshd = |name: &str| Some(Connection { name: name.to_owned(), opened: UnixTime(70) });
        assert_eq!(of(13), sshd("sshd:11:7"));
        assert_eq!(of(12), of(13));
        assert_eq!(of(21), sshd("sshd:20:7"));
        assert_eq!(of(31), None);
        assert_eq!(of(99), None);
    }

    #[test]
    fn the_age_of_a_process_is_read_as_ps_prints_it() {
        for (text, seconds) in
            [("00:07", 7), ("12:01", 721), ("01:00:00", 3_600), ("2-00:00:01", 172_801)]
        {
            assert_eq!(elapsed(text), seconds, "{text}");
        }
        assert_eq!(elapsed("x"), 0);
    }

    #[test]
    fn a_loop_in_the_table_ends() {
        let round = |_| {
            Ok(Some(Process { parent: 5, started: String::new(), age: 0, name: "x".to_owned() }))
        };
        assert_eq!(nearest(5, 0, &round).unwrap(), None);
    }

    #[test]
    fn this_process_has_a_parent_and_a_name() {
        let me = ancestors::process(std::process::id()).unwrap().expect("this process");
        assert!((0..86_400_000).contains(&me.age), "{}", me.age);
        assert!(me.parent > 0 && !me.name.is_empty() && !me.started.is_empty());
        assert_eq!(ancestors::process(u32::MAX - 1).unwrap(), None);
    }
}
