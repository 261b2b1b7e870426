//! A few facts of the machine that cost nothing to ask: name, kernel, time since boot, load, room on disk.
//!
//! On Linux they are files of the kernel's; where such a file is missing, as on macOS, the fact is unknown. No child is started.

use crate::files;
use std::path::Path;

/// What is known at no cost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vitals {
    /// What the machine calls itself.
    pub host_name: Option<String>,
    /// Name of the kernel.
    pub os: Option<String>,
    /// Its release.
    pub kernel: Option<String>,
    /// Whole seconds since boot.
    pub uptime_seconds: Option<u64>,
    /// Load average of one minute, as the kernel writes it.
    pub load: Option<String>,
    /// Size of the root file system and what others than root can still write, in KiB.
    pub root_kib: Option<(u64, u64)>,
}

/// Asks.
#[must_use]
pub fn look() -> Vitals {
    let os = line("/proc/sys/kernel/ostype").unwrap_or_else(|| match std::env::consts::OS {
        "macos" => "Darwin".to_owned(),
        other => other.to_owned(),
    });
    Vitals {
        host_name: line("/proc/sys/kernel/hostname"),
        os: Some(os),
        kernel: line("/proc/sys/kernel/osrelease"),
        uptime_seconds: line("/proc/uptime")
            .and_then(|text| text.split(['.', ' ']).next()?.parse().ok()),
        load: line("/proc/loadavg")
            .and_then(|text| text.split_whitespace().next().map(str::to_owned)),
        root_kib: rustix::fs::statvfs("/").ok().map(|disk| {
            let kib = |blocks: u64| blocks.saturating_mul(disk.f_frsize) / 1024;
            (kib(disk.f_blocks), kib(disk.f_bavail))
        }),
    }
}

fn line(path: &str) -> Option<String> {
    /// The longest of these files is one line of some sixty characters.
    const LIMIT: u64 = 4096;
    let bytes = files::read_optional(Path::new(path), LIMIT).ok()??;
    let text = String::from_utf8(bytes).ok()?;
    Some(text.lines().next()?.trim().to_owned()).filter(|line| !line.is_empty())
}

#[cfg(test)]
mod tests {
    #[test]
    fn this_machine_has_a_kernel_and_a_disk() {
        let seen = super::look();
        assert!(seen.os.is_some());
        let (size, free) = seen.root_kib.expect("a disk");
        assert!(size > 0 && free <= size);
    }
}
