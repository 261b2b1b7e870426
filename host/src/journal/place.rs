//! Where streams and what verifies them are: one directory for the streams, another for the second place.
//!
//! Both are private directories that are reached by descriptor. The second place may be missing for a while (a disk
//! that is not mounted); a new stream cannot be made without it. Deliberately absent: which path a house chooses.

use super::JournalError;
use crate::HostError;
use crate::store::{Store, make_dirs};
use crate::tree::Tree;
use rustix::fs::{Mode as RawMode, OFlags};
use sanctum_types::{AbsPath, Mode};
use std::fs::File;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// The streams' directory in a store.
pub(crate) const STREAMS: &str = "journal";
/// The second place of a store that names no other: for rehearsals below a directory.
pub(crate) const WITNESS: &str = "witness";

/// The name of a stream, which is the name of its directory.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StreamName(String);

impl StreamName {
    /// Accepts 1 to 32 characters of `a-z 0-9 -` that start with a letter.
    pub fn new(name: impl Into<String>) -> Result<Self, JournalError> {
        let name = name.into();
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let starts = name.as_bytes().first().is_some_and(u8::is_ascii_lowercase);
        if starts && name.len() <= 32 && name.bytes().all(plain) {
            return Ok(Self(name));
        }
        Err(JournalError::BadStream { name })
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for StreamName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// The streams and the second place of one journal.
#[derive(Debug)]
pub struct Places {
    pub(crate) streams: Tree,
    /// Where it should be, and how opening it went.
    pub(crate) second: (String, Result<Tree, HostError>),
}

impl Places {
    /// Those of a store; the second place is the store's own unless a path is given. Both are made when missing.
    pub fn of(store: &Store, second: Option<&Path>) -> Result<Self, JournalError> {
        let second = match second {
            Some(path) => named(path, true),
            None => (format!("{}/{WITNESS}", store.shown()), store.below(WITNESS)),
        };
        Ok(Self { streams: store.below(STREAMS)?, second })
    }

    /// Those of a store, to look at; nothing is made. None when nothing was ever recorded.
    pub fn look(store: &Store, second: Option<&Path>) -> Result<Option<Self>, JournalError> {
        let Some(streams) = store.existing_below(STREAMS)? else { return Ok(None) };
        let second = match second {
            Some(path) => named(path, false),
            None => {
                let shown = format!("{}/{WITNESS}", store.shown());
                let found = store.existing_below(WITNESS);
                let missing = || HostError::Io {
                    verb: "open",
                    path: shown.clone(),
                    source: std::io::ErrorKind::NotFound.into(),
                };
                let tree = found.and_then(|tree| tree.ok_or_else(missing));
                (shown, tree)
            }
        };
        Ok(Some(Self { streams, second }))
    }

    /// Two directories by path, made when missing.
    pub fn at(streams: &Path, second: &Path) -> Result<Self, JournalError> {
        let (_, opened) = named(streams, true);
        Ok(Self { streams: opened?, second: named(second, true) })
    }

    /// Two directories by path, to look at; none when there are no streams.
    pub fn look_at(streams: &Path, second: &Path) -> Result<Option<Self>, JournalError> {
        match named(streams, false).1 {
            Ok(streams) => Ok(Some(Self { streams, second: named(second, false) })),
            Err(HostError::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The streams that are there, sorted.
    pub fn streams(&self) -> Result<Vec<StreamName>, JournalError> {
        let names = self.streams.list(&root()?)?.unwrap_or_default();
        Ok(names.into_iter().filter_map(|name| StreamName::new(name).ok()).collect())
    }

    /// The second place; an error when it cannot be reached.
    pub(crate) fn second(&self) -> Result<&Tree, JournalError> {
        self.second.1.as_ref().map_err(|error| JournalError::Io {
            verb: "open the second place",
            path: self.second.0.clone(),
            source: std::io::Error::other(error.to_string()),
        })
    }
}

/// A private directory by path and how opening it went.
///
/// Root looks at what others own, too; what is written belongs to who writes.
fn named(path: &Path, make: bool) -> (String, Result<Tree, HostError>) {
    let shown = path.display().to_string();
    let made = if make { make_dirs(path) } else { Ok(()) };
    let opened = made.and_then(|()| private(path, &shown, make));
    (shown, opened)
}

fn private(path: &Path, shown: &str, to_write: bool) -> Result<Tree, HostError> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let io = |source| HostError::Io { verb: "open", path: shown.to_owned(), source };
    let dir = rustix::fs::open(path, flags, RawMode::empty())
        .map(File::from)
        .map_err(|errno| io(errno.into()))?;
    let meta = dir.metadata().map_err(io)?;
    let refuse = |why| HostError::Untrusted { path: shown.to_owned(), why };
    let me = rustix::process::geteuid();
    if meta.uid() != me.as_raw() && (to_write || !me.is_root()) {
        return Err(refuse("it belongs to somebody else"));
    }
    if meta.mode() & 0o077 != 0 {
        return Err(refuse("others can enter it; its mode must be 0700"));
    }
    Tree::from_file(dir, shown)
}

/// The root of a tree.
pub(crate) fn root() -> Result<AbsPath, JournalError> {
    path(&[])
}

/// A path of components that the journal chose itself.
pub(crate) fn path(parts: &[&str]) -> Result<AbsPath, JournalError> {
    let text = format!("/{}", parts.join("/"));
    AbsPath::new(text.as_str())
        .map_err(|_| JournalError::Damaged { path: text, detail: "its name is not one of ours" })
}

/// Makes a private directory below a tree.
pub(crate) fn make_private(tree: &Tree, path: &AbsPath) -> Result<(), JournalError> {
    if tree.stat(path)?.is_none() {
        tree.make_dir(path, Mode::PRIVATE_DIR, None)?;
    }
    Ok(())
}
