//! Process groups of children: who belongs to one, and signals to all of it.

use rustix::process::{Pid, Signal, getpgid, kill_process_group, test_kill_process_group};

fn number(pid: u32) -> Option<Pid> {
    // 0 would be our own group.
    i32::try_from(pid).ok().filter(|pid| *pid > 1).and_then(Pid::from_raw)
}

/// Asks the group to end. A stopped process does not hear TERM before it goes on.
pub fn terminate(group: u32) {
    if let Some(group) = number(group) {
        // An empty group is what is wanted.
        let _ = kill_process_group(group, Signal::TERM);
        let _ = kill_process_group(group, Signal::CONT);
    }
}

/// Ends the group.
pub fn kill(group: u32) {
    if let Some(group) = number(group) {
        let _ = kill_process_group(group, Signal::KILL);
    }
}

/// Whether anything of the group is left that a signal reaches.
#[must_use]
pub fn is_there(group: u32) -> bool {
    number(group).is_some_and(|group| test_kill_process_group(group).is_ok())
}

/// The group of a process; none when it is gone.
#[must_use]
pub fn of(pid: u32) -> Option<u32> {
    let group = getpgid(Some(number(pid)?)).ok()?;
    u32::try_from(group.as_raw_nonzero().get()).ok()
}
