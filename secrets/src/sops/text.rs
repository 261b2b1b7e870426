//! The seam between the formats and the engine: a document as leaves in order, over a text that stays as it is.
//!
//! The invariant of every format: what is not replaced keeps its bytes, comments, order and style. Deliberately absent:
//! anything about encryption; a format sees `ENC[..]` as a string like any other.

use zeroize::Zeroizing;

/// A scalar, resolved as the original resolves it (go-yaml v3 for YAML).
#[derive(Clone, Debug, PartialEq)]
pub enum Scalar {
    /// Text.
    Str(Zeroizing<String>),
    /// A whole number that fits 64 bits.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// A truth value.
    Bool(bool),
    /// A moment, in the words of RFC 3339 that the original hashes.
    Time(Zeroizing<String>),
    /// Nothing; never encrypted and never part of the MAC.
    Null,
}

/// One step of a path into a document.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// A key of a map.
    Key(String),
    /// A place in a list, from zero. It has no part in a value's additional data.
    Index(usize),
}

/// What a leaf is.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// A value.
    Value(Scalar),
    /// A comment without its mark, which belongs to the branch that `path` names.
    Comment(Zeroizing<String>),
}

/// A leaf of a document, in the order of the text.
#[derive(Clone, Debug, PartialEq)]
pub struct Leaf {
    /// From the document's root.
    pub path: Vec<Step>,
    /// What is there.
    pub what: What,
}

/// A tree, for metadata and for what a caller sets: order is kept.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// A scalar.
    Scalar(Scalar),
    /// A list.
    List(Vec<Node>),
    /// A map in its order.
    Map(Vec<(String, Node)>),
}

/// Why a text is not a document of its format, or cannot become what was asked.
#[derive(Debug, thiserror::Error)]
pub enum TextError {
    /// It does not parse.
    #[error("line {line}, column {column}: {what}")]
    Syntax {
        /// From one.
        line: usize,
        /// From one.
        column: usize,
        /// What is wrong, without the text itself, which may be a secret.
        what: String,
    },
    /// The mark of an unfinished merge.
    #[error("line {line} is the mark of a merge that was not finished")]
    Conflict {
        /// From one.
        line: usize,
    },
    /// The original refuses it too.
    #[error("{0}")]
    Unsupported(&'static str),
    /// There is nothing at a path.
    #[error("there is nothing at {0}")]
    NotThere(String),
}

/// The line (from one) of the first mark that git leaves where a merge stopped.
pub(super) fn conflict(text: &str) -> Option<usize> {
    let marks = ["<<<<<<<", "|||||||", ">>>>>>>"];
    let is_mark = |line: &str| {
        line.starts_with(['<', '|', '>'])
            && marks.iter().any(|mark| {
                line.strip_prefix(mark).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
            })
    };
    text.lines().position(is_mark).map(|at| at + 1)
}

/// A text of one format, whose untouched parts stay as they are.
///
/// A file may hold several documents (YAML); every verb names one by number, from zero.
pub trait Text {
    /// How many documents there are.
    fn documents(&self) -> usize;
    /// The leaves of a document in order, without its metadata. Aliases are expanded.
    fn leaves(&self, document: usize) -> Result<Vec<Leaf>, TextError>;
    /// Replaces leaves by their number in [`Text::leaves`]; the others keep their bytes.
    ///
    /// A comment takes the place of a value only in a YAML list, where the original writes `- ENC[..,type:comment]`.
    fn replace(&mut self, document: usize, new: &[(usize, What)]) -> Result<(), TextError>;
    /// Replaces leaves and takes the metadata away, so that the document is in clear.
    fn disclose(&mut self, document: usize, new: &[(usize, What)]) -> Result<(), TextError> {
        self.replace(document, new)?;
        self.set_metadata(document, None)
    }
    /// The tree below a path, for `--extract`; the whole document at an empty path, its metadata excluded.
    fn tree(&self, document: usize, path: &[Step]) -> Result<Node, TextError>;
    /// Puts a tree at a path, making what is missing on the way.
    fn set(&mut self, document: usize, path: &[Step], value: &Node) -> Result<(), TextError>;
    /// Takes what is at a path away.
    fn unset(&mut self, document: usize, path: &[Step]) -> Result<(), TextError>;
    /// The metadata (`sops:`), when there is any.
    fn metadata(&self, document: usize) -> Result<Option<Node>, TextError>;
    /// Replaces, adds or takes away the metadata of a document.
    fn set_metadata(&mut self, document: usize, metadata: Option<&Node>) -> Result<(), TextError>;
    /// The whole text.
    fn render(&self) -> Zeroizing<String>;
}
