//! The process table of Linux, below `/proc`.

#![expect(clippy::disallowed_methods, reason = "this crate is the one home of effects")]

use super::status::{
    Stat, hides_others as hidden_by, parse_argv, parse_boot, parse_stat, parse_status,
};
use super::{ARGV_LIMIT, Argv, FileId, OnDisk, Process, Running, Table};
use crate::HostError;
use crate::live::parse::own_service;
use crate::sight::Sight;
use sanctum_types::UnixTime;
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;

/// What the kernel writes of one process is far shorter; its mounts can be many.
const LIMIT: usize = 1024 * 1024;

pub(super) fn table() -> Result<Table, HostError> {
    let boot = boot()?;
    let mut table = Table { complete: !hides_others()?, ..Table::default() };
    for pid in pids()? {
        if let Some(found) = one(pid, boot)? {
            table.processes.insert(pid, found);
        }
    }
    Ok(table)
}

pub(super) fn of(pid: u32) -> Result<Option<Process>, HostError> {
    one(pid, boot()?)
}

/// Numbers of all processes that this account may see.
pub(crate) fn pids() -> Result<Vec<u32>, HostError> {
    let names = crate::files::list("/proc".as_ref())?;
    Ok(names.iter().filter_map(|name| name.parse().ok()).collect())
}

/// Whether there may be processes that this account does not see at all.
pub(crate) fn hides_others() -> Result<bool, HostError> {
    let mounts = text("/proc/self/mounts")?.seen().is_some_and(|text| hidden_by(text));
    Ok(mounts && crate::accounts::effective_uid() != 0)
}

/// Its short name; empty when it is gone.
pub(crate) fn comm(pid: u32) -> String {
    match text(&format!("/proc/{pid}/comm")) {
        Ok(Sight::Seen(name)) => name.trim_end().to_owned(),
        Ok(Sight::Absent | Sight::Denied) | Err(_) => String::new(),
    }
}

/// The path of its executable, where this account may see it.
pub(crate) fn program_path(pid: u32) -> Option<String> {
    program(pid).seen().map(|running| running.path.clone())
}

/// Its line of `/proc/PID/stat`; none when it is gone.
pub(crate) fn stat(pid: u32) -> Result<Option<Stat>, HostError> {
    let path = format!("/proc/{pid}/stat");
    let Sight::Seen(said) = text(&path)? else { return Ok(None) };
    let detail = "expected pid (name) state parent and start".to_owned();
    parse_stat(&said).map(Some).ok_or(HostError::Damaged { path, detail })
}

fn one(pid: u32, boot: i64) -> Result<Option<Process>, HostError> {
    let path = |name: &str| format!("/proc/{pid}/{name}");
    let Sight::Seen(said) = text(&path("status"))? else { return Ok(None) };
    let status = parse_status(&said).ok_or_else(|| HostError::Damaged {
        path: path("status"),
        detail: "expected Name, PPid and Uid".to_owned(),
    })?;
    let Some(stat) = stat(pid)? else { return Ok(None) };
    let started = Some(UnixTime(boot.saturating_add(stat.start / 100)));
    let argv = bounded(&path("cmdline"), ARGV_LIMIT)?.then(|bytes| match parse_argv(&bytes) {
        words if words.is_empty() => Sight::Absent,
        words => Sight::Seen(Argv::new(words)),
    });
    let cgroup = text(&path("cgroup"))?;
    Ok(Some(Process {
        pid,
        parent: status.parent,
        uid: status.uid,
        name: status.name,
        started,
        program: program(pid),
        argv,
        unit: cgroup.seen().and_then(|text| own_service(text)).map(str::to_owned),
    }))
}

/// What it runs. A path that is too long for the kernel to tell, or a disk that is gone, is that process's own and must
/// not hide all others.
fn program(pid: u32) -> Sight<Running> {
    let link = format!("/proc/{pid}/exe");
    let target = Sight::of(std::fs::read_link(&link)).unwrap_or(Sight::Denied);
    let file = std::fs::metadata(&link).ok().as_ref().map(id);
    target.map(|target| {
        let shown = target.to_string_lossy().into_owned();
        // Looked up in the process's own root, which is another one in a container.
        let at = |path: &str| format!("/proc/{pid}/root{path}");
        let found = |path: &str| match Sight::of(std::fs::metadata(at(path))) {
            Ok(meta) => {
                meta.map(|meta| OnDisk { file: id(&meta), modified: UnixTime(meta.mtime()) })
            }
            // A path through a file, or too long for the kernel: nothing can be started from there.
            Err(_) => Sight::Absent,
        };
        // The kernel marks a file without a name; a name can also end so by itself.
        match shown.strip_suffix(" (deleted)") {
            Some(path) if found(&shown) == Sight::Absent => {
                Running { path: path.to_owned(), file, on_disk: found(path) }
            }
            _ => Running { on_disk: found(&shown), path: shown, file },
        }
    })
}

fn id(meta: &std::fs::Metadata) -> FileId {
    FileId { device: Some(meta.dev()), inode: meta.ino() }
}

fn boot() -> Result<i64, HostError> {
    let path = "/proc/stat";
    let said = text(path)?;
    said.seen().and_then(|text| parse_boot(text)).ok_or_else(|| HostError::Damaged {
        path: path.to_owned(),
        detail: "expected btime".to_owned(),
    })
}

/// A file of the kernel's as text.
pub(crate) fn text(path: &str) -> Result<Sight<String>, HostError> {
    Ok(bounded(path, LIMIT)?.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
}

/// The first bytes of a file of the kernel's.
pub(crate) fn bounded(path: &str, limit: usize) -> Result<Sight<Vec<u8>>, HostError> {
    let read = || {
        let mut bytes = Vec::new();
        std::fs::File::open(path)?.take(limit as u64).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    Sight::of(read()).map_err(|source| HostError::Io {
        verb: "read",
        path: path.to_owned(),
        source,
    })
}
