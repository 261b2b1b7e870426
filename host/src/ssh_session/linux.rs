//! The process table of Linux: `/proc/PID/stat` (proc(5)).

use super::Process;
use crate::HostError;
use std::path::PathBuf;

/// One line of `stat` is far shorter.
const LIMIT: u64 = 64 * 1024;

/// The process of that number; none when there is none.
pub(super) fn process(pid: u32) -> Result<Option<Process>, HostError> {
    let path = PathBuf::from(format!("/proc/{pid}/stat"));
    let Some(bytes) = crate::files::read_optional(&path, LIMIT)? else { return Ok(None) };
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let damaged = || HostError::Damaged {
        path: path.display().to_string(),
        detail: "expected pid (name) state parent".to_owned(),
    };
    // The name is in parentheses and may hold any character, so the last one ends it.
    let (head, rest) = text.rsplit_once(')').ok_or_else(damaged)?;
    let name = head.split_once('(').ok_or_else(damaged)?.1.to_owned();
    let mut fields = rest.split_whitespace();
    let parent = fields.nth(1).and_then(|text| text.parse().ok()).ok_or_else(damaged)?;
    // starttime is field 22; parent is field 4.
    let started = fields.nth(17).ok_or_else(damaged)?.to_owned();
    // Ticks of 1/100 s on every Linux that has this file (USER_HZ, time(7)), since the boot.
    let ticks: i64 = started.parse().map_err(|_| damaged())?;
    Ok(Some(Process {
        parent,
        age: uptime()?.saturating_sub(ticks.saturating_mul(10)),
        started,
        name,
    }))
}

/// Milliseconds since the boot; the kernel prints hundredths of a second.
fn uptime() -> Result<i64, HostError> {
    let path = PathBuf::from("/proc/uptime");
    let text = String::from_utf8_lossy(&crate::files::read(&path, LIMIT)?).into_owned();
    let hundredths = text.split_whitespace().next().map(|number| number.replace('.', ""));
    let millis = hundredths.and_then(|digits| digits.parse::<i64>().ok()?.checked_mul(10));
    millis.ok_or_else(|| HostError::Damaged {
        path: path.display().to_string(),
        detail: "expected seconds".to_owned(),
    })
}
