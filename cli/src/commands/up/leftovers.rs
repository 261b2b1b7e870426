//! Services that a supervisor left behind when it was killed: they hold the ports of those that are to start.
//!
//! A process counts as one of ours only when everything fits: it leads its own group, runs exactly the words of the
//! instance, and was there when the state file was written.

use super::house::House;
use crate::output::Out;
use sanctum_host::processes;
use sanctum_host::supervisor::group;
use sanctum_orchestrator::supervise::UpReport;

/// Ends them. Only called while no supervisor answers at the socket.
pub(super) fn stop(house: &House, before: &UpReport, out: Out) {
    for (name, row) in &before.services {
        let words = house.instance.services.get(name).and_then(|one| one.command.as_ref());
        let (Some(pid), Some(words)) = (row.pid, words) else { continue };
        let Ok(Some(process)) = processes::of(pid) else { continue };
        let same =
            process.argv.seen().is_some_and(|argv| argv.words().join(" ") == words.join(" "));
        let older = process.started.is_some_and(|at| at <= before.written);
        if same && older && group::of(pid) == Some(pid) {
            super::say(out, &format!("{name}: process {pid} of an earlier run is ended"));
            group::terminate(pid);
            await_end(pid);
        }
    }
}

/// A little time to end well, then by force.
fn await_end(pid: u32) {
    const POLLS: u32 = 100;
    for _ in 0..POLLS {
        if !group::is_there(pid) {
            return;
        }
        sanctum_host::clock::sleep(std::time::Duration::from_millis(20));
    }
    group::kill(pid);
}
