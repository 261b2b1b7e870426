//! The leaves of a document, aliases expanded, and the trees below its paths.
//!
//! The invariant: leaves come in the order in which the original walks them; a comment on a value's own line comes before the value.
//! Deliberately absent: the metadata, which [`super::metadata`] reads.

use std::borrow::Cow;

use zeroize::Zeroizing;

use super::{
    comments::Attached,
    place, resolve,
    tree::{Comment, Id, Kind, Style, Tree},
};
use crate::sops::text::{Node, Scalar, Step, TextError, What};

/// The top-level key of the metadata.
pub(super) const METADATA: &str = "sops";
/// Nesting after aliases are expanded; it keeps the stack small on hostile text.
const DEPTH: usize = 250;
/// Nodes after aliases are expanded. go-yaml too stops a document that is mostly aliases ("document contains excessive aliasing").
const NODES: usize = 400_000;
pub(super) const NOT_A_MAP: &str =
    "a document that is a list or a value; the original takes maps only";
const KEY: &str = "a key that is not text";
/// Bytes of values after aliases are expanded, for the same reason; twice what a text may be without them.
const BYTES: usize = 2 * super::LARGEST;
const EXPANDS: &str = "aliases that expand to more than is taken";

/// What a leaf stands on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    /// A scalar, with what surrounds it.
    Value { id: Id, around: Around },
    /// The number of a comment.
    Comment(usize),
}

/// What surrounds a value.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Around {
    /// The column of the collection that holds it.
    pub(super) column: usize,
    /// Whether any collection above is in flow style.
    pub(super) flow: bool,
    /// The dash before it and the list that it belongs to.
    pub(super) item: Option<(usize, Id)>,
}

/// What all leaves of a document stand on; each is told of with its path.
pub(super) fn walk(
    tree: &Tree,
    text: &str,
    document: usize,
    attached: &Attached,
    mut tell: impl FnMut(&[Step], Target),
) -> Result<(), TextError> {
    let root = root(tree, document)?;
    let mut walk = Walk {
        tree,
        text,
        attached,
        tell: &mut tell,
        path: Vec::new(),
        spent: Spent::default(),
        aliased: 0,
    };
    match root.map(|id| (id, tree.node(id))) {
        Some((id, Some(node))) if matches!(node.kind, Kind::Map { .. }) => {
            let around = Around { column: 0, flow: false, item: None };
            walk.node(id, around)?;
        }
        _ => walk.comments(document_root(tree, document)?, 0..usize::MAX)?,
    }
    Ok(())
}

/// What a leaf is.
pub(super) fn what(tree: &Tree, text: &str, target: Target) -> Result<What, TextError> {
    Ok(match target {
        Target::Value { id, .. } => What::Value(scalar(tree, id)?.unwrap_or(Scalar::Null)),
        Target::Comment(number) => {
            let found = tree.comments.get(number).map(|found| comment(text, found));
            What::Comment(Zeroizing::new(found.unwrap_or_default().to_owned()))
        }
    })
}

fn document_root(tree: &Tree, document: usize) -> Result<Id, TextError> {
    let found = tree
        .documents
        .get(document)
        .ok_or_else(|| TextError::NotThere(format!("document {}", document + 1)))?;
    Ok(found.root)
}

/// The root map of a document; `None` when the document is empty.
pub(super) fn root(tree: &Tree, document: usize) -> Result<Option<Id>, TextError> {
    let root = document_root(tree, document)?;
    let Some((id, node)) = tree.meant(root) else { return Ok(None) };
    match &node.kind {
        Kind::Map { .. } => Ok(Some(id)),
        Kind::Scalar { style, value } => {
            let tag = node.tag.as_ref().map(|(_, tag)| tag.as_str());
            match resolve::scalar(tag, is_plain(style), value) {
                Ok(Scalar::Null) => Ok(None),
                _ => Err(TextError::Unsupported(NOT_A_MAP)),
            }
        }
        Kind::List { .. } | Kind::Alias(_) => Err(TextError::Unsupported(NOT_A_MAP)),
    }
}

fn is_plain(style: &Style) -> bool {
    matches!(style, Style::Plain | Style::Missing)
}

/// The text of a key.
pub(super) fn key(tree: &Tree, id: Id) -> Result<Cow<'_, str>, TextError> {
    let Some((_, node)) = tree.meant(id) else { return Err(TextError::Unsupported(KEY)) };
    let Kind::Scalar { style, value } = &node.kind else { return Err(TextError::Unsupported(KEY)) };
    let tag = node.tag.as_ref().map(|(_, tag)| tag.as_str());
    if tag.is_none() && (!is_plain(style) || resolve::is_text(value)) {
        return Ok(Cow::Borrowed(value));
    }
    match resolve::scalar(tag, is_plain(style), value).map_err(TextError::Unsupported)? {
        Scalar::Str(mut text) => Ok(Cow::Owned(std::mem::take(&mut *text))),
        _ => Err(TextError::Unsupported(KEY)),
    }
}

/// A scalar node, resolved.
pub(super) fn scalar(tree: &Tree, id: Id) -> Result<Option<Scalar>, TextError> {
    let Some((_, node)) = tree.meant(id) else { return Ok(None) };
    let Kind::Scalar { style, value } = &node.kind else { return Ok(None) };
    let tag = node.tag.as_ref().map(|(_, tag)| tag.as_str());
    resolve::scalar(tag, is_plain(style), value).map(Some).map_err(TextError::Unsupported)
}

/// The text of a comment without its mark.
pub(super) fn comment<'a>(text: &'a str, comment: &Comment) -> &'a str {
    place::cut(text, comment.range.clone())
        .trim_start_matches('\u{feff}')
        .strip_prefix('#')
        .unwrap_or_default()
}

/// What has been told of so far.
#[derive(Default)]
struct Spent {
    nodes: usize,
    bytes: usize,
}

impl Spent {
    fn one(&mut self, node: &super::tree::Node, depth: usize) -> Result<(), TextError> {
        self.nodes += 1;
        if let Kind::Scalar { value, .. } = &node.kind {
            self.bytes += value.len();
        }
        if self.nodes > NODES || self.bytes > BYTES || depth > DEPTH {
            return Err(TextError::Unsupported(EXPANDS));
        }
        Ok(())
    }
}

struct Walk<'a> {
    tree: &'a Tree,
    text: &'a str,
    attached: &'a Attached,
    tell: &'a mut dyn FnMut(&[Step], Target),
    path: Vec<Step>,
    spent: Spent,
    /// Above zero below an alias, whose comments are not told twice.
    aliased: usize,
}

impl Walk<'_> {
    fn node(&mut self, id: Id, around: Around) -> Result<(), TextError> {
        let Some(node) = self.tree.node(id) else { return Ok(()) };
        self.spent.one(node, self.path.len() + self.aliased)?;
        match &node.kind {
            Kind::Alias(target) => {
                self.aliased += 1;
                self.node(*target, around)?;
                self.aliased -= 1;
            }
            Kind::Scalar { .. } => {
                (self.tell)(&self.path, Target::Value { id, around });
            }
            Kind::List { flow, items } => {
                let column = items.first().map_or(0, |(start, _)| place::column(self.text, *start));
                for (slot, (dash, item)) in items.iter().enumerate() {
                    self.comments(id, slot..slot + 1)?;
                    self.path.push(Step::Index(slot));
                    let around =
                        Around { column, flow: around.flow || *flow, item: Some((*dash, id)) };
                    self.node(*item, around)?;
                    self.path.pop();
                }
                self.comments(id, items.len()..usize::MAX)?;
            }
            Kind::Map { flow, entries } => {
                let column = entries
                    .first()
                    .map_or(0, |(key, _)| place::entry_column(self.text, self.tree.start(*key)));
                let around = Around { column, flow: around.flow || *flow, item: None };
                self.entries(id, entries, around)?;
            }
        }
        Ok(())
    }

    fn entries(&mut self, id: Id, entries: &[(Id, Id)], around: Around) -> Result<(), TextError> {
        for (slot, (key_id, value)) in entries.iter().enumerate() {
            self.comments(id, slot..slot + 1)?;
            let key = key(self.tree, *key_id)?;
            if self.path.is_empty() && key == METADATA {
                continue;
            }
            self.path.push(Step::Key(key.into_owned()));
            self.node(*value, around)?;
            self.path.pop();
        }
        self.comments(id, entries.len()..usize::MAX)
    }

    fn comments(&mut self, branch: Id, slots: std::ops::Range<usize>) -> Result<(), TextError> {
        if self.aliased > 0 {
            return Ok(());
        }
        let Some(all) = self.attached.get(&branch) else { return Ok(()) };
        let first = all.partition_point(|(slot, _)| *slot < slots.start);
        for (slot, number) in all.iter().skip(first) {
            if !slots.contains(slot) {
                break;
            }
            (self.tell)(&self.path, Target::Comment(*number));
        }
        Ok(())
    }
}

/// The tree below a node; `skip_metadata` leaves the metadata out of a root.
pub(super) fn subtree(tree: &Tree, id: Id, skip_metadata: bool) -> Result<Node, TextError> {
    copy(tree, id, (&mut Spent::default(), 0), skip_metadata)
}

fn copy(
    tree: &Tree,
    id: Id,
    (spent, depth): (&mut Spent, usize),
    skip_metadata: bool,
) -> Result<Node, TextError> {
    let Some(node) = tree.node(id) else { return Ok(Node::Scalar(Scalar::Null)) };
    spent.one(node, depth)?;
    match &node.kind {
        Kind::Alias(target) => copy(tree, *target, (spent, depth + 1), skip_metadata),
        Kind::Scalar { .. } => Ok(Node::Scalar(scalar(tree, id)?.unwrap_or(Scalar::Null))),
        Kind::List { items, .. } => {
            let items =
                items.iter().map(|(_, item)| copy(tree, *item, (&mut *spent, depth + 1), false));
            Ok(Node::List(items.collect::<Result<_, _>>()?))
        }
        Kind::Map { entries, .. } => {
            let mut map = Vec::with_capacity(entries.len());
            for (key_id, value) in entries {
                let key = key(tree, *key_id)?;
                if !(skip_metadata && key == METADATA) {
                    map.push((
                        key.into_owned(),
                        copy(tree, *value, (&mut *spent, depth + 1), false)?,
                    ));
                }
            }
            Ok(Node::Map(map))
        }
    }
}
