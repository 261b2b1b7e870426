//! The process table: who runs, since when, from which file, with which arguments.
//!
//! The running file's own number is set beside that of the file which is at its path now, so that a program
//! that was replaced or taken away under a running process shows. Invariant: what this account may not see is
//! [`Sight::Denied`]. Arguments may hold secrets: they never come out of `Debug`, and whoever shows them
//! redacts them first. Deliberately absent: environments, and ending anything.

pub mod ps;
pub mod status;

#[cfg(not(target_os = "macos"))]
#[path = "processes/linux.rs"]
pub(crate) mod proc;
#[cfg(not(target_os = "macos"))]
use proc as look;
#[cfg(target_os = "macos")]
#[path = "processes/macos.rs"]
mod look;

#[cfg(target_os = "macos")]
pub(crate) use look::texts;

use crate::HostError;
use crate::sight::Sight;
use sanctum_types::UnixTime;
use std::collections::BTreeMap;
use std::fmt;

/// After so many bytes no further word of a process's arguments is kept; macOS and Linux allow far more.
pub const ARGV_LIMIT: usize = 64 * 1024;

/// Seconds by which the start of a process can look too early: the boot is told in whole seconds, and the time
/// since then on another clock than that of files.
const CLOCKS: i64 = 2;

/// Which file, whatever its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileId {
    /// Its device; none where the system does not tell.
    pub device: Option<u64>,
    /// Its number on the device.
    pub inode: u64,
}

impl FileId {
    /// Whether both are one file; a device that is not told decides nothing.
    #[must_use]
    pub fn is(self, other: Self) -> bool {
        let devices = self.device.zip(other.device);
        self.inode == other.inode && devices.is_none_or(|(one, two)| one == two)
    }
}

/// The file that is at a program's path now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OnDisk {
    /// Which file.
    pub file: FileId,
    /// When its content was last changed.
    pub modified: UnixTime,
}

/// The program that a process runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Running {
    /// The path that it was started from.
    pub path: String,
    /// The file that runs, where the system tells.
    pub file: Option<FileId>,
    /// What is at the path now, as the process itself would find it.
    pub on_disk: Sight<OnDisk>,
}

/// What became of a program's file since it was started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnDiskNow {
    /// The path holds the file that runs.
    Same,
    /// The path holds another file.
    Replaced,
    /// The path holds nothing.
    Gone,
    /// It could not be compared.
    CouldNotSee,
}

impl Running {
    /// The file at the path beside the file that runs.
    #[must_use]
    pub fn now(&self) -> OnDiskNow {
        match (&self.on_disk, self.file) {
            (Sight::Absent, _) => OnDiskNow::Gone,
            (Sight::Denied, _) | (Sight::Seen(_), None) => OnDiskNow::CouldNotSee,
            (Sight::Seen(disk), Some(file)) if disk.file.is(file) => OnDiskNow::Same,
            (Sight::Seen(_), Some(_)) => OnDiskNow::Replaced,
        }
    }
}

/// Arguments, of which `Debug` shows only how many there are.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Argv(Vec<String>);

impl Argv {
    /// These words, the program's own first.
    #[must_use]
    pub const fn new(words: Vec<String>) -> Self {
        Self(words)
    }

    /// The words in clear. They may hold secrets.
    #[must_use]
    pub fn words(&self) -> &[String] {
        &self.0
    }

    /// Whether there may be more than what is kept.
    #[must_use]
    pub fn may_be_cut(&self) -> bool {
        // Every word ends with a byte of its own.
        self.0.iter().map(|word| word.len() + 1).sum::<usize>() >= ARGV_LIMIT
    }
}

impl fmt::Debug for Argv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Argv({} words)", self.0.len())
    }
}

/// One process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// Its number.
    pub pid: u32,
    /// Its parent's number; 0 for those of the kernel.
    pub parent: u32,
    /// Its effective account.
    pub uid: u32,
    /// Its name, as the system shortens it.
    pub name: String,
    /// When it was started, to a second.
    pub started: Option<UnixTime>,
    /// What it runs; a kernel thread runs nothing.
    pub program: Sight<Running>,
    /// Its arguments. macOS shows them in one line, so there a word with a space in it is two.
    pub argv: Sight<Argv>,
    /// The systemd service that it belongs to, on Linux.
    pub unit: Option<String>,
}

impl Process {
    /// Seconds by which the file on disk is younger than this process, where it surely is.
    #[must_use]
    pub fn older_than_its_file(&self) -> Option<i64> {
        let disk = self.program.seen()?.on_disk.seen()?;
        let seconds = disk.modified.0.saturating_sub(self.started?.0);
        (seconds > CLOCKS).then_some(seconds)
    }
}

/// All of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// By number.
    pub processes: BTreeMap<u32, Process>,
    /// Whether processes of every account are in it.
    pub complete: bool,
}

impl Table {
    /// The process and everybody above it, nearest first; a table that goes in a circle ends.
    pub fn ancestry(&self, pid: u32) -> impl Iterator<Item = &Process> {
        // More than any chain of real processes.
        const DEPTH: usize = 256;
        let first = self.processes.get(&pid);
        std::iter::successors(first, |one| {
            self.processes.get(&one.parent).filter(|parent| parent.pid != one.pid)
        })
        .take(DEPTH)
    }

    /// Everybody above the process, nearest first, up to the first of all.
    ///
    /// # Errors
    /// [`HostError::Damaged`] where one of them, or a part of its arguments, cannot be seen: none is ever left out.
    pub fn above(&self, pid: u32) -> Result<Vec<&Process>, HostError> {
        let mut line: Vec<&Process> = self.ancestry(pid).collect();
        let ends = line.last().is_some_and(|first| first.parent == 0);
        line.drain(..line.len().min(1));
        let whole = |one: &&Process| match &one.argv {
            Sight::Seen(argv) => !argv.may_be_cut(),
            // A process that ended and was not collected has no arguments any more.
            Sight::Absent => true,
            Sight::Denied => false,
        };
        if ends && line.iter().all(whole) {
            return Ok(line);
        }
        Err(HostError::Damaged {
            path: "the process table".to_owned(),
            detail: format!("not everybody above process {pid} can be seen"),
        })
    }
}

/// Reads the table of this machine.
///
/// # Errors
/// [`HostError`] where the table cannot be read. A process that ends meanwhile is left out.
pub fn table() -> Result<Table, HostError> {
    look::table()
}

/// Everybody above this process ([`Table::above`]).
///
/// # Errors
/// [`HostError`] where one of them cannot be seen.
pub fn ancestors() -> Result<Vec<Process>, HostError> {
    Ok(table()?.above(std::process::id())?.into_iter().cloned().collect())
}

/// One process of it; none when it is gone.
///
/// # Errors
/// [`HostError`] where it cannot be looked at.
pub fn of(pid: u32) -> Result<Option<Process>, HostError> {
    look::of(pid)
}

#[cfg(target_os = "linux")]
#[cfg(test)]
mod tests;
