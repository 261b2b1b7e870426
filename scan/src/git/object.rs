//! Commits, trees and tags, as far as a scan needs them.

use super::Id;
use sanctum_types::UnixTime;

/// What an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A commit.
    Commit,
    /// A folder.
    Tree,
    /// A file.
    Blob,
    /// An annotated tag.
    Tag,
}

impl Kind {
    /// By the word of a loose object.
    #[must_use]
    pub fn of_word(word: &[u8]) -> Option<Self> {
        match word {
            b"commit" => Some(Self::Commit),
            b"tree" => Some(Self::Tree),
            b"blob" => Some(Self::Blob),
            b"tag" => Some(Self::Tag),
            _ => None,
        }
    }
}

/// A commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitObject {
    /// Its tree.
    pub tree: Id,
    /// The commits before it.
    pub parents: Vec<Id>,
    /// When its author wrote it.
    pub authored: UnixTime,
    /// When it was committed.
    pub committed: UnixTime,
    /// Where its message begins.
    pub message: usize,
}

impl CommitObject {
    /// Reads a commit; none when it has no tree.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let (mut tree, mut parents) = (None, Vec::new());
        let (mut authored, mut committed) = (UnixTime(0), UnixTime(0));
        let mut at = 0;
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            at += line.len();
            let line = line.strip_suffix(b"\n").unwrap_or(line);
            if line.is_empty() {
                break;
            }
            if let Some(id) = line.strip_prefix(b"tree ") {
                tree = tree.or(Id::parse(id));
            } else if let Some(id) = line.strip_prefix(b"parent ") {
                parents.push(Id::parse(id)?);
            } else if let Some(person) = line.strip_prefix(b"author ") {
                authored = time(person).unwrap_or(authored);
            } else if let Some(person) = line.strip_prefix(b"committer ") {
                committed = time(person).unwrap_or(committed);
            }
        }
        Some(Self { tree: tree?, parents, authored, committed, message: at })
    }
}

/// `NAME <MAIL> SECONDS ZONE`.
fn time(person: &[u8]) -> Option<UnixTime> {
    let end = memchr::memrchr(b'>', person)?;
    let text = std::str::from_utf8(person.get(end + 1..)?).ok()?;
    text.split_whitespace().next()?.parse().ok().map(UnixTime)
}

/// What a tag names, and where its message begins.
#[must_use]
pub fn parse_tag(bytes: &[u8]) -> Option<(Id, usize)> {
    let line = bytes.split(|byte| *byte == b'\n').next()?;
    let id = Id::parse(line.strip_prefix(b"object ")?)?;
    let head = memchr::memmem::find(bytes, b"\n\n").map_or(bytes.len(), |end| end + 2);
    Some((id, head))
}

/// What an entry of a tree is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// A folder.
    Tree,
    /// A file, or the target of a link.
    Blob,
    /// A commit of another repository.
    Submodule,
}

/// Entries of a tree: mode, name, object. It ends at the first that is none.
pub fn entries(bytes: &[u8], id_length: usize) -> impl Iterator<Item = (Mode, &[u8], Id)> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let blank = memchr::memchr(b' ', rest.get(..rest.len().min(8))?)?;
        let mode = std::str::from_utf8(rest.get(..blank)?).ok()?;
        let mode = match u32::from_str_radix(mode, 8).ok()? & 0o17_0000 {
            0o4_0000 => Mode::Tree,
            0o16_0000 => Mode::Submodule,
            _ => Mode::Blob,
        };
        let behind = rest.get(blank + 1..)?;
        let end = memchr::memchr(0, behind)?;
        let id = Id::new(behind.get(end + 1..end + 1 + id_length)?)?;
        rest = behind.get(end + 1 + id_length..)?;
        Some((mode, behind.get(..end)?, id))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn commits_and_tags() {
        let id = "a".repeat(40);
        let text = format!(
            "tree {id}\nparent {id}\nauthor A <a@b> 1700000000 +0100\ncommitter C <c@d> 1700000001 +0000\n\
             gpgsig x\n tree no\n\nhello\n\ntree x\n"
        );
        let commit = CommitObject::parse(text.as_bytes()).unwrap();
        assert_eq!((commit.authored.0, commit.committed.0), (1_700_000_000, 1_700_000_001));
        assert_eq!(
            (commit.parents.len(), text.get(commit.message..).unwrap()),
            (1, "hello\n\ntree x\n")
        );
        assert!(CommitObject::parse(b"parent x\n").is_none());
        let tag = format!("object {id}\ntype commit\ntag v1\n\nmessage");
        assert_eq!(parse_tag(tag.as_bytes()).map(|(_, at)| at), Some(tag.len() - 7));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = (CommitObject::parse(&bytes), parse_tag(&bytes));
            prop_assert!(entries(&bytes, 20).count() <= bytes.len() / 20);
        }
    }
}
