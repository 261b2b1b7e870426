//! The process table of macOS, through `ps` (ps(1)).

use super::Process;
use crate::HostError;
use crate::command::{Options, Program, run};

/// The process of that number; none when there is none.
pub(super) fn process(pid: u32) -> Result<Option<Process>, HostError> {
    let ps = Program::find(&["ps"]).ok_or(HostError::Unsupported {
        what: "reading the process table without ps".to_owned(),
        host: "macOS",
    })?;
    let pid = pid.to_string();
    let args = ["-o", "ppid=", "-o", "etime=", "-o", "lstart=", "-o", "comm=", "-p", &pid];
    let said = run(&ps, &args, Options::default())?.text();
    let mut words = said.split_whitespace();
    let Some(parent) = words.next().and_then(|word| word.parse().ok()) else { return Ok(None) };
    let age = words.next().map_or(0, super::elapsed).saturating_mul(1000);
    // lstart is five words, such as `Sun Nov 22 05:00:00 2026`; the rest is the program's path.
    let started: Vec<&str> = words.by_ref().take(5).collect();
    let path: Vec<&str> = words.collect();
    let path = path.join(" ");
    let name = path.rsplit('/').next().unwrap_or_default();
    let name = name.split(':').next().unwrap_or_default().trim().to_owned();
    Ok(Some(Process { parent, started: started.join("-"), age, name }))
}
