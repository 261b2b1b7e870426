//! One process of Linux's table, with its age on the clock that nobody sets.

use super::Process;
use crate::HostError;
use crate::processes::proc;

/// The process of that number; none when there is none.
pub(super) fn process(pid: u32) -> Result<Option<Process>, HostError> {
    let Some(stat) = proc::stat(pid)? else { return Ok(None) };
    let age = uptime()?.saturating_sub(stat.start.saturating_mul(10));
    Ok(Some(Process { parent: stat.parent, started: stat.start.to_string(), age, name: stat.name }))
}

/// Milliseconds since the boot; the kernel prints hundredths of a second.
fn uptime() -> Result<i64, HostError> {
    let path = "/proc/uptime";
    let said = proc::text(path)?;
    let hundredths =
        said.seen().and_then(|text| Some(text.split_whitespace().next()?.replace('.', "")));
    let millis = hundredths.and_then(|digits| digits.parse::<i64>().ok()?.checked_mul(10));
    millis.ok_or_else(|| HostError::Damaged {
        path: path.to_owned(),
        detail: "expected seconds".to_owned(),
    })
}
