//! How lints' observations are made: on this machine, or below a directory that stands for one.
//!
//! Nothing is written. Below a directory there are only files: who owns them is not kept there, nothing runs, and links
//! are not followed, so all of that could not be looked at. Programs come from the system's own directories and get
//! an empty environment (`sanctum_host::command`).

use super::launchd::{self, PlistFile};
use super::looked::{Ground, Many, Seen, Wanted, render, unseen};
use super::secrets::{self, Prints};
use crate::rotate::due::Changes;
use sanctum_host::command::{Options, Output, Program, run};
use sanctum_host::tree::Tree;
use sanctum_host::{HostError, files, look};
use sanctum_types::{AbsPath, CouldNotCheck, Secret};
use std::cell::OnceCell;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Programs of the system answer at once or are stuck behind a daemon.
const LIMIT: Duration = Duration::from_secs(20);
/// `launchctl print system` of a Mac with a thousand jobs is about 100 kB.
const OUTPUT: usize = 4 * 1024 * 1024;

/// Where is looked.
pub struct Eyes<'a> {
    /// What is known before.
    pub ground: &'a Ground,
    place: Place,
    root: PathBuf,
    wanted: OnceCell<Seen<Wanted>>,
    plists: OnceCell<Seen<Many<PlistFile>>>,
    prints: OnceCell<Seen<Prints>>,
    journal: Option<&'a Journal<'a>>,
}

/// Reads in the journals that the caller may look at when each secret was changed last.
pub type Journal<'a> = dyn Fn() -> Seen<Changes> + 'a;

enum Place {
    Machine,
    Below(Tree),
    /// A directory that is not there yet is an empty machine to whoever only looks.
    Nowhere,
}

/// What is at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct There {
    /// Whether it is a directory.
    pub is_dir: bool,
    /// Whether it is a regular file.
    pub is_file: bool,
    /// Permission bits.
    pub mode: u32,
    /// User id of its owner; none where owners are not kept.
    pub uid: Option<u32>,
    /// When its content last changed; none where that means nothing.
    pub modified: Option<sanctum_types::UnixTime>,
    /// Bytes; none where that was not asked.
    pub size: Option<u64>,
}

impl<'a> Eyes<'a> {
    /// On this machine.
    #[must_use]
    pub fn on_machine(ground: &'a Ground) -> Self {
        Self::new(ground, Place::Machine, Path::new("/"))
    }

    fn new(ground: &'a Ground, place: Place, root: &Path) -> Self {
        Self {
            ground,
            place,
            root: root.to_owned(),
            wanted: OnceCell::new(),
            plists: OnceCell::new(),
            prints: OnceCell::new(),
            journal: None,
        }
    }

    /// The same with somebody who reads the journal.
    #[must_use]
    pub fn telling(self, journal: &'a Journal<'a>) -> Self {
        Self { journal: Some(journal), ..self }
    }

    /// When each secret was changed last, as the journal tells.
    pub fn changes(&self) -> Seen<Changes> {
        let nobody = || CouldNotCheck {
            subject: "the journal".to_owned(),
            cause: "nobody reads it in this look".to_owned(),
        };
        self.journal.ok_or_else(nobody)?()
    }

    /// Below a directory that stands for a machine.
    pub fn below(ground: &'a Ground, dir: &Path) -> Result<Self, HostError> {
        if !files::is_there(dir) {
            return Ok(Self::new(ground, Place::Nowhere, dir));
        }
        Ok(Self::new(ground, Place::Below(Tree::open(dir)?), dir))
    }

    /// Whether this is the machine itself.
    #[must_use]
    pub const fn is_machine(&self) -> bool {
        matches!(self.place, Place::Machine)
    }

    /// The directory that stands for `/`.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// What the instance makes of the node; rendered once, whoever asks.
    pub fn wanted(&self) -> Seen<&Wanted> {
        self.wanted.get_or_init(|| render(self.ground)).as_ref().map_err(Clone::clone)
    }

    /// Property lists in launchd's directories; read once, whoever asks.
    pub fn plists(&self) -> Seen<&Many<PlistFile>> {
        let plists = self.plists.get_or_init(|| launchd::look::read_plists(self));
        plists.as_ref().map_err(Clone::clone)
    }

    /// What is in each place of the node's secrets, by fingerprint; each store is asked once, whoever asks.
    pub fn prints(&self) -> Seen<&Prints> {
        self.prints.get_or_init(|| secrets::look::prints(self)).as_ref().map_err(Clone::clone)
    }

    /// What the path leads to; none when nothing is there.
    pub fn at(&self, path: &AbsPath) -> Seen<Option<There>> {
        let seen = match &self.place {
            Place::Nowhere => Ok(None),
            Place::Machine => look::at(Path::new(path.as_str())).map(|facts| {
                facts.map(|facts| There {
                    is_dir: facts.kind == look::Kind::Dir,
                    is_file: facts.kind == look::Kind::File,
                    mode: facts.mode,
                    uid: Some(facts.uid),
                    modified: Some(facts.modified),
                    size: Some(facts.size),
                })
            }),
            Place::Below(tree) => tree.stat(path).map(|entry| {
                entry.map(|entry| There {
                    is_dir: entry.is_dir,
                    is_file: !entry.is_dir,
                    mode: entry.mode.bits(),
                    uid: None,
                    modified: None,
                    size: None,
                })
            }),
        };
        seen.map_err(|error| unseen(path, &error))
    }

    /// The first bytes of a file; none when nothing is there.
    pub fn head(&self, path: &AbsPath, limit: u64) -> Seen<Option<Vec<u8>>> {
        let read = match &self.place {
            Place::Nowhere => Ok(None),
            Place::Machine => look::head(Path::new(path.as_str()), limit),
            Place::Below(tree) => tree.read(path).map(|read| read.map(|(_, bytes)| bytes)),
        };
        let keep = usize::try_from(limit).unwrap_or(usize::MAX);
        read.map(|bytes| {
            bytes.map(|mut bytes| {
                bytes.truncate(keep);
                bytes
            })
        })
        .map_err(|error| unseen(path, &error))
    }

    /// The names in a directory, sorted; none when it is not there.
    pub fn list(&self, dir: &AbsPath) -> Seen<Option<Vec<String>>> {
        let names = match &self.place {
            Place::Nowhere => Ok(None),
            Place::Machine => look::list(Path::new(dir.as_str())),
            Place::Below(tree) => tree.list(dir),
        };
        names.map_err(|error| unseen(dir, &error))
    }

    /// What a program of this machine answers, whatever its exit status; `subject` is what is asked about.
    pub fn ask(&self, subject: &str, program: &str, args: &[&str]) -> Seen<Output> {
        if !self.is_machine() {
            return Err(nothing_runs(subject));
        }
        let found = Program::find(&[program]).ok_or_else(|| CouldNotCheck {
            subject: subject.to_owned(),
            cause: format!("{program} is not on this machine"),
        })?;
        let options = Options { timeout: LIMIT, output_limit: OUTPUT, ..Options::default() };
        run(&found, args, options).map_err(|error| unseen(subject, &error))
    }

    /// What a reader says of bytes on its standard input, here or below a directory; none where it is not installed.
    pub fn read_by(
        &self,
        subject: &AbsPath,
        program: &str,
        args: &[&str],
        bytes: &[u8],
    ) -> Seen<Option<Output>> {
        let Some(found) = Program::find(&[program]) else { return Ok(None) };
        let stdin = Some(Secret::new(bytes.to_vec()));
        let options = Options { timeout: LIMIT, output_limit: OUTPUT, stdin, ..Options::default() };
        run(&found, args, options).map(Some).map_err(|error| unseen(subject, &error))
    }

    /// What a program says when it ends well.
    pub fn says(&self, subject: &str, program: &str, args: &[&str]) -> Seen<String> {
        let output = self.ask(subject, program, args)?;
        output.success().map(|output| output.text()).map_err(|error| unseen(subject, &error))
    }
}

/// Below a directory there is nothing but files.
#[must_use]
pub fn nothing_runs(subject: &str) -> CouldNotCheck {
    CouldNotCheck {
        subject: subject.to_owned(),
        cause: "below --root there are only files, nothing runs".to_owned(),
    }
}

/// Below a directory nobody knows who would own the files.
#[must_use]
pub fn unowned(subject: &str) -> CouldNotCheck {
    CouldNotCheck {
        subject: subject.to_owned(),
        cause: "below --root owners are not kept".to_owned(),
    }
}
