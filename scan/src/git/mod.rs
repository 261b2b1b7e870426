//! Repositories of git, read from their files: no program runs, and nothing in a repository's configuration is obeyed.
//!
//! Read here: objects loose and packed (deltas, alternates), refs loose and packed, the index, and configuration as data.
//! Everything that a repository says is input of somebody else's. Deliberately absent: reftable, split indexes and
//! promised objects that are not here; each is told as not scanned.

pub mod config;
pub mod delta;
pub mod history;
pub mod hook;
pub mod index;
pub mod object;
pub mod pack;
pub mod refs;
pub mod staged;
pub mod store;
#[cfg(test)]
mod tests;

use config::Config;
use sanctum_host::{HostError, files, look};
use std::path::{Path, PathBuf};

/// Bytes of a small file of git's: HEAD, a ref, commondir.
const SMALL: u64 = 64 * 1024;
/// Bytes of a configuration file.
const CONFIG: u64 = 4 * 1024 * 1024;

/// Why something of a repository cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// A file cannot be read.
    #[error(transparent)]
    Host(#[from] HostError),
    /// The system's answer on a file that is read in parts.
    #[error("cannot read {path}")]
    Io {
        /// The file.
        path: String,
        /// The system's answer.
        #[source]
        source: std::io::Error,
    },
    /// There is no repository.
    #[error("{0} is no repository of git")]
    None(String),
    /// A file contradicts its format.
    #[error("{path} is damaged: {what}")]
    Damaged {
        /// Which file or object.
        path: String,
        /// What was expected.
        what: &'static str,
    },
    /// A format that this reader does not know.
    #[error("{path} has a format that is not read: {what}")]
    Unread {
        /// Which file.
        path: String,
        /// The format.
        what: &'static str,
    },
    /// An object that is named is not there.
    #[error("object {0} is not here")]
    Missing(Id),
    /// An object is larger than what is held.
    #[error("object {id} has {size} bytes, more than are held at once")]
    TooLarge {
        /// Which.
        id: Id,
        /// Its bytes.
        size: u64,
    },
}

/// The name of an object: 20 bytes of SHA-1 or 32 of SHA-256.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id {
    bytes: [u8; 32],
    length: u8,
}

impl Id {
    /// From as many bytes as a name has.
    #[must_use]
    pub fn new(name: &[u8]) -> Option<Self> {
        let length = u8::try_from(name.len()).ok().filter(|length| matches!(length, 20 | 32))?;
        let mut bytes = [0; 32];
        bytes.iter_mut().zip(name).for_each(|(to, from)| *to = *from);
        Some(Self { bytes, length })
    }

    /// From hexadecimal digits.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(text).ok()?;
        match text.len() {
            40 => Self::new(&crate::baseline::unhex::<20>(text)?),
            64 => Self::new(&crate::baseline::unhex::<32>(text)?),
            _ => None,
        }
    }

    /// Its bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.length)).unwrap_or_default()
    }

    /// Whether it is all zeros: git's way to say none.
    #[must_use]
    pub fn is_null(&self) -> bool {
        self.bytes.iter().all(|byte| *byte == 0)
    }
}

impl std::fmt::Display for Id {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&crate::baseline::hex(self.bytes()))
    }
}

impl std::fmt::Debug for Id {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}

/// Where a repository's files are.
#[derive(Clone, Debug)]
pub struct Repository {
    /// HEAD and index of this work tree.
    pub git_dir: PathBuf,
    /// Objects, refs and configuration, which work trees share.
    pub common_dir: PathBuf,
    /// The checked-out files; none in a bare repository.
    pub work_tree: Option<PathBuf>,
    /// Its configuration.
    pub config: Config,
    /// Bytes of an object's name.
    pub id_length: usize,
}

impl Repository {
    /// The repository whose work tree or git directory this is; none when it is neither.
    ///
    /// # Errors
    /// It is one that cannot be read.
    pub fn at(path: &Path) -> Result<Option<Self>, GitError> {
        let dot = path.join(".git");
        match look::at(&dot)?.map(|facts| facts.kind) {
            Some(look::Kind::Dir) if is_git_dir(&dot) => {
                return Self::open(dot, Some(path.to_path_buf())).map(Some);
            }
            Some(look::Kind::File) => {
                let said = files::read(&dot, SMALL)?;
                let target = said.strip_prefix(b"gitdir: ").map(<[u8]>::trim_ascii_end);
                let target = target.ok_or_else(|| damaged(&dot, "expected `gitdir: `"))?;
                let target = path.join(as_path(target));
                return Self::open(target, Some(path.to_path_buf())).map(Some);
            }
            _ => {}
        }
        if is_git_dir(path) { Self::open(path.to_path_buf(), None).map(Some) } else { Ok(None) }
    }

    /// The repository that this path lies in: itself, or the nearest above.
    ///
    /// # Errors
    /// There is none, or it cannot be read.
    pub fn above(path: &Path) -> Result<Self, GitError> {
        for place in path.ancestors() {
            if let Some(found) = Self::at(place)? {
                return Ok(found);
            }
        }
        Err(GitError::None(path.display().to_string()))
    }

    fn open(git_dir: PathBuf, work_tree: Option<PathBuf>) -> Result<Self, GitError> {
        let common_dir = match files::read_optional(&git_dir.join("commondir"), SMALL)? {
            Some(said) => git_dir.join(as_path(said.trim_ascii_end())),
            None => git_dir.clone(),
        };
        let path = common_dir.join("config");
        let text = files::read_optional(&path, CONFIG)?.unwrap_or_default();
        let config = Config::parse(&text);
        let id_length = match config.value("extensions", None, "objectformat").as_deref() {
            None | Some("sha1") => 20,
            Some("sha256") => 32,
            Some(_) => return Err(unread(&path, "extensions.objectFormat")),
        };
        if config.value("extensions", None, "refstorage").is_some_and(|kind| kind != "files") {
            return Err(unread(&path, "extensions.refStorage"));
        }
        Ok(Self { git_dir, common_dir, work_tree, config, id_length })
    }

    /// What reports call it: its work tree, or its own directory.
    #[must_use]
    pub fn shown(&self) -> &Path {
        self.work_tree.as_deref().unwrap_or(&self.git_dir)
    }
}

/// Whether a directory holds what every git directory holds.
#[must_use]
pub fn is_git_dir(path: &Path) -> bool {
    let kind = |name: &str| look::at(&path.join(name)).ok().flatten().map(|facts| facts.kind);
    let head = kind("HEAD") == Some(look::Kind::File);
    head && (kind("objects") == Some(look::Kind::Dir) || kind("commondir").is_some())
}

pub(crate) fn damaged(path: &Path, what: &'static str) -> GitError {
    GitError::Damaged { path: path.display().to_string(), what }
}

fn unread(path: &Path, what: &'static str) -> GitError {
    GitError::Unread { path: path.display().to_string(), what }
}

/// A path in the file system's own bytes.
pub(crate) fn as_path(bytes: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt as _;
    PathBuf::from(std::ffi::OsStr::from_bytes(bytes))
}
