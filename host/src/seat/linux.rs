//! Who connected, held by a descriptor, and its place in `/proc/PID/stat` (proc(5), pidfd_open(2)).

use super::{Seat, Seen};
use crate::HostError;
use crate::processes::status::{Stat, own_number};
use crate::processes::{self, Process, Table, proc};
use nix::sys::socket::getsockopt;
use nix::sys::socket::sockopt::PeerPidfd;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;

/// Who connected.
#[derive(Debug)]
pub struct Held {
    pid: u32,
    fd: OwnedFd,
}

impl Held {
    /// Holds it; none where the system cannot.
    #[must_use]
    pub fn of(stream: &UnixStream) -> Option<Self> {
        let pid = crate::journal::socket::peer_of(stream).ok()?.pid;
        Some(Self { pid, fd: getsockopt(stream, PeerPidfd).ok()? })
    }

    /// Where it sits, and who is there; none where it ended, or not everybody above it or at its terminal can be seen.
    ///
    /// It sits nowhere unless it is in the foreground of a terminal of its session, below the session's leader or that itself: what was
    /// started in a terminal and then left to itself has lost who started it, and could be anybody's.
    #[must_use]
    pub fn look(&self) -> Option<Seen> {
        let seen = self.seen().ok()??;
        // Everything that was read is its own only if it is there now.
        self.is_there().then_some(seen)
    }

    fn seen(&self) -> Result<Option<Seen>, HostError> {
        let Some(own) = proc::stat(self.pid)? else { return Ok(None) };
        let table = processes::table()?;
        let Some(first) = table.processes.get(&self.pid) else { return Ok(None) };
        let mut company = vec![first.clone()];
        company.extend(table.above(self.pid)?.into_iter().cloned());
        let leader = match u32::try_from(own.session) {
            Ok(leader) => proc::stat(leader)?,
            Err(_) => None,
        };
        let seat = match leader {
            Some(leader) => place(&own, &leader, &company, reaps)?,
            None => None,
        };
        if seat.is_some() {
            company.extend(beside(&own, &table)?);
        }
        Ok(Some(Seen { seat, company }))
    }

    fn is_there(&self) -> bool {
        let mut ended = [PollFd::new(&self.fd, PollFlags::IN)];
        matches!(poll(&mut ended, Some(&Timespec::default())), Ok(0))
    }
}

/// Everybody else of its terminal or session: an agent that works there can leave somebody behind whom nobody seems to have started.
fn beside(own: &Stat, table: &Table) -> Result<Vec<Process>, HostError> {
    let mut found = Vec::new();
    for (pid, process) in &table.processes {
        // One that ended meanwhile is nowhere.
        let Some(other) = proc::stat(*pid)? else { continue };
        if other.terminal == own.terminal || other.session == own.session {
            found.push(process.clone());
        }
    }
    Ok(found)
}

fn place(
    own: &Stat,
    leader: &Stat,
    line: &[Process],
    reaps: impl Fn(u32) -> Result<bool, HostError>,
) -> Result<Option<Seat>, HostError> {
    let heard = own.terminal != 0 && own.foreground == own.group;
    let one = leader.session == own.session && leader.terminal == own.terminal;
    let leads = |process: &Process| i32::try_from(process.pid) == Ok(own.session);
    let Some(above) = line.iter().position(leads) else { return Ok(None) };
    for process in line.iter().take(above + 1) {
        if reaps(process.pid)? {
            return Ok(None);
        }
    }
    let seat = Seat { terminal: own.terminal, leader: own.session, since: leader.start };
    Ok((heard && one).then_some(seat))
}

/// Whether it is the first of its namespace, as a container's is: who is left to itself there looks as if that had started it
/// (pid_namespaces(7)). One that is gone tells nothing, and counts as such.
fn reaps(pid: u32) -> Result<bool, HostError> {
    let text = proc::text(&format!("/proc/{pid}/status"))?;
    Ok(text.seen().is_none_or(|text| own_number(text).unwrap_or(pid) == 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sight::Sight;

    fn stat(group: i32, session: i32, terminal: i32, foreground: i32) -> Stat {
        let name = "sh".to_owned();
        Stat { name, parent: 1, group, session, terminal, foreground, start: 4711 }
    }

    fn process(pid: u32) -> Process {
        let (name, uid, parent) = (String::new(), 501, 1);
        let (program, argv) = (Sight::Absent, Sight::Absent);
        Process { pid, parent, uid, name, started: None, program, argv, unit: None }
    }

    #[test]
    fn only_the_foreground_below_the_leader_sits_in_a_terminal() {
        let leader = stat(70, 70, 34816, 80);
        let below = [process(80), process(70), process(1)];
        let seat = Seat { terminal: 34816, leader: 70, since: 4711 };
        let told = |own: &Stat, line: &[Process], first: u32| {
            place(own, &leader, line, |pid| Ok(pid == first)).unwrap()
        };
        let own = stat(80, 70, 34816, 80);
        assert_eq!(told(&own, &below, 1), Some(seat));
        for (own, line, why) in [
            (stat(80, 70, 0, -1), &below[..], "no terminal"),
            (stat(81, 70, 34816, 80), &below[..], "the background"),
            (stat(80, 70, 34817, 80), &below[..], "another terminal than its leader's"),
            (stat(80, 71, 34816, 80), &below[..], "another session"),
            (stat(80, 70, 34816, 80), &[process(80), process(1)][..], "left to itself"),
        ] {
            assert_eq!(told(&own, line, 1), None, "{why}");
        }
        // A container's first process is itself the leader, or is somewhere below it.
        let deep = [process(80), process(75), process(70), process(1)];
        for first in [70, 75, 80] {
            assert_eq!(told(&own, &deep, first), None, "{first}");
        }
        let unseen = |_| Err(HostError::Damaged { path: String::new(), detail: String::new() });
        assert!(place(&own, &leader, &below, unseen).is_err());
    }

    #[test]
    fn who_is_the_first_of_its_namespace_is_told_by_the_kernel() {
        assert!(reaps(1).unwrap() && reaps(u32::MAX).unwrap());
        assert!(!reaps(std::process::id()).unwrap());
    }

    #[test]
    fn everybody_of_the_terminal_or_the_session_is_beside() {
        let own = proc::stat(std::process::id()).unwrap().unwrap();
        let table = processes::table().unwrap();
        let pids = |own: &Stat| -> Vec<u32> {
            beside(own, &table).unwrap().iter().map(|process| process.pid).collect()
        };
        assert!(pids(&own).contains(&std::process::id()));
        let nowhere = Stat { session: i32::MAX, terminal: i32::MAX, ..own.clone() };
        assert!(pids(&nowhere).is_empty());
        // Either is enough.
        for own in
            [Stat { session: i32::MAX, ..own.clone() }, Stat { terminal: i32::MAX, ..own.clone() }]
        {
            assert!(pids(&own).contains(&std::process::id()));
        }
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a child that ends when it is told to")]
    fn who_connected_is_held_and_who_ended_is_not_there() {
        let (one, _other) = UnixStream::pair().unwrap();
        match Held::of(&one) {
            Some(held) => assert!(held.is_there() && held.pid == std::process::id()),
            None => println!("skipped: this kernel does not hold who connected"),
        }
        let mut child = std::process::Command::new("/bin/cat")
            .stdin(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let pid = rustix::process::Pid::from_child(&child);
        let fd = rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty()).unwrap();
        let other = Held { pid: child.id(), fd };
        assert!(other.look().is_some());
        drop(child.stdin.take());
        // Not collected yet: its number is still there, and tells of nobody.
        while other.is_there() {
            std::thread::yield_now();
        }
        assert!(proc::stat(other.pid).unwrap().is_some() && other.look().is_none());
        child.wait().unwrap();
    }
}
