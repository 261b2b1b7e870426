//! Command lines on Linux: `/proc/PID/cmdline` and `/proc/PID/exe` (proc(5)).

use crate::{HostError, files};
use std::path::PathBuf;

/// A command line may be far longer; agents are named in its first words.
const LIMIT: u64 = 4 * 1024 * 1024;

/// The arguments; a process of the kernel has none.
pub(super) fn words(pid: u32) -> Result<Vec<String>, HostError> {
    let path = PathBuf::from(format!("/proc/{pid}/cmdline"));
    let bytes = files::read_optional(&path, LIMIT)?.unwrap_or_default();
    Ok(bytes
        .split(|byte| *byte == 0)
        .filter(|word| !word.is_empty())
        .map(|word| String::from_utf8_lossy(word).into_owned())
        .collect())
}

/// The path of the program; none for a process whose owner does not let us see it.
pub(super) fn program(pid: u32) -> Option<String> {
    let target = rustix::fs::readlink(format!("/proc/{pid}/exe"), Vec::new()).ok()?;
    let text = target.to_string_lossy().into_owned();
    // What the kernel adds when the file is gone.
    Some(text.strip_suffix(" (deleted)").map_or_else(|| text.clone(), str::to_owned))
}
