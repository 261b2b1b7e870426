//! JSON documents; encrypted binary files are JSON documents too.
//!
//! The text is kept and edited by the places of its parts. A document on one line is laid out as the original does it
//! when metadata comes into it. Deliberately absent: comments, which JSON has none of.

pub mod read;
pub mod write;

use super::node::spelled;
use super::text::{Leaf, Node, Scalar, Step, Text, TextError, What};
use read::{Is, Item, Member};
use std::cell::OnceCell;
use std::ops::Range;
use write::Layout;
use zeroize::Zeroizing;

/// The key of the metadata.
const METADATA: &str = "sops";
/// What the original indents by.
const TAB: &str = "\t";

/// A JSON text.
pub struct JsonText {
    text: Zeroizing<String>,
    /// Read when it is asked for: what nobody looks at again is not read again.
    root: OnceCell<Item>,
}

impl JsonText {
    /// Reads one.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        Self::read(Zeroizing::new(text.to_owned()))
    }

    /// The same, of a text that nobody else needs.
    pub fn read(text: Zeroizing<String>) -> Result<Self, TextError> {
        let root = OnceCell::from(read::document(&text)?);
        Ok(Self { text, root })
    }

    /// Writes one: tabs, or as many spaces.
    pub fn compose(tree: &Node, indent: Option<usize>) -> Result<Self, TextError> {
        let unit = indent.map_or(TAB.to_owned(), |spaces| " ".repeat(spaces));
        let mut text = Zeroizing::new(Layout { unit }.node(tree, 0));
        text.push('\n');
        Self::parse(&text)
    }

    /// Lays the whole document out anew.
    pub fn lay_out(&mut self, indent: Option<usize>) -> Result<(), TextError> {
        let unit = indent.map_or(TAB.to_owned(), |spaces| " ".repeat(spaces));
        let mut text = String::with_capacity(self.text.len() * 2);
        Layout { unit }.again(&self.text, self.root()?, 0, &mut text);
        text.push('\n');
        self.put(Zeroizing::new(text));
        Ok(())
    }

    fn put(&mut self, text: Zeroizing<String>) {
        self.root = OnceCell::new();
        self.text = text;
    }

    fn root(&self) -> Result<&Item, TextError> {
        if let Some(root) = self.root.get() {
            return Ok(root);
        }
        let root = read::document(&self.text)?;
        Ok(self.root.get_or_init(|| root))
    }

    /// Replaces parts of the text, which are in order and apart.
    fn splice(&mut self, edits: &[(Range<usize>, String)]) -> Result<(), TextError> {
        let more: usize = edits.iter().map(|(_, new)| new.len()).sum();
        let mut out = Zeroizing::new(String::with_capacity(self.text.len() + more));
        let mut at = 0;
        for (range, new) in edits {
            out.push_str(self.slice(at..range.start));
            out.push_str(new);
            at = range.end;
        }
        out.push_str(self.slice(at..self.text.len()));
        self.put(out);
        Ok(())
    }

    fn slice(&self, range: Range<usize>) -> &str {
        self.text.get(range).unwrap_or_default()
    }

    fn members(&self) -> Result<&[Member], TextError> {
        Ok(match &self.root()?.is {
            Is::Map(members) => members,
            Is::List(_) | Is::Scalar(_) => &[],
        })
    }

    /// How this text is indented: as its first line below the root is.
    fn layout(&self) -> Result<Layout, TextError> {
        let before = self.members()?.first().map_or("", |first| self.slice(0..first.start));
        let unit = before.rsplit_once('\n').map(|(_, space)| space.to_owned());
        // A first entry beside its brace, on a line that is not the first, tells of no indentation.
        let is_indentation = |unit: &String| !unit.is_empty() && unit.trim().is_empty();
        let unit = unit.filter(is_indentation).unwrap_or_else(|| TAB.to_owned());
        Ok(Layout { unit })
    }

    /// The item at a path, or how far the path goes: the deepest item and how many steps lead to it.
    fn find(&self, path: &[Step]) -> Result<(&Item, usize), TextError> {
        let mut item = self.root()?;
        for (depth, step) in path.iter().enumerate() {
            let next = match (step, &item.is) {
                (Step::Key(key), Is::Map(members)) => members
                    .iter()
                    .find(|member| member.key == *key && !(depth == 0 && key == METADATA))
                    .map(|member| &member.item),
                (Step::Index(at), Is::List(items)) => items.get(*at),
                _ => None,
            };
            match next {
                Some(next) => item = next,
                None => return Ok((item, depth)),
            }
        }
        Ok((item, path.len()))
    }

    /// Adds an entry behind the last one of a branch.
    fn append(
        &mut self,
        branch: Range<usize>,
        last: Option<Range<usize>>,
        depth: usize,
        entry: &str,
    ) -> Result<(), TextError> {
        let layout = self.layout()?;
        let lines = |depth: usize| format!("\n{}", layout.unit.repeat(depth));
        let Some(last) = last else {
            let inside = branch.start + 1..branch.end.saturating_sub(1);
            let new = format!("{}{entry}{}", lines(depth + 1), lines(depth));
            return self.splice(&[(inside, new)]);
        };
        // Entries stand as the last one stands: on a line of its own, or on the same.
        let spread = self.slice(branch.start..last.start).rsplit([',', '{', '[']).next();
        let between = match spread.is_some_and(|space| space.contains('\n')) {
            true => lines(depth + 1),
            false => " ".to_owned(),
        };
        self.splice(&[(last.end..last.end, format!(",{between}{entry}"))])
    }

    /// Takes an entry and the comma beside it away.
    fn cut(
        &mut self,
        branch: &Range<usize>,
        spans: &[Range<usize>],
        at: usize,
    ) -> Result<(), TextError> {
        let end = |at: usize| spans.get(at).map(|span| span.end);
        let Some(span) = spans.get(at).cloned() else { return Ok(()) };
        let range = match (at.checked_sub(1).and_then(end), spans.get(at + 1)) {
            (Some(before), _) => before..span.end,
            (None, Some(next)) => span.start..next.start,
            (None, None) => branch.start + 1..branch.end.saturating_sub(1),
        };
        self.splice(&[(range, String::new())])
    }

    fn leaves_below(item: &Item, path: &mut Vec<Step>, out: &mut Vec<Leaf>) {
        match &item.is {
            Is::Scalar(scalar) => {
                out.push(Leaf { path: path.clone(), what: What::Value(as_original(scalar)) });
            }
            Is::List(items) => {
                for (at, item) in items.iter().enumerate() {
                    path.push(Step::Index(at));
                    Self::leaves_below(item, path, out);
                    path.pop();
                }
            }
            Is::Map(members) => {
                let top = path.is_empty();
                for member in members.iter().filter(|m| !(top && m.key == METADATA)) {
                    path.push(Step::Key(member.key.clone()));
                    Self::leaves_below(&member.item, path, out);
                    path.pop();
                }
            }
        }
    }

    fn scalar_spans(&self) -> Result<Vec<Range<usize>>, TextError> {
        fn below(item: &Item, out: &mut Vec<Range<usize>>) {
            match &item.is {
                Is::Scalar(_) => out.push(item.span.clone()),
                Is::List(items) => items.iter().for_each(|item| below(item, out)),
                Is::Map(members) => members.iter().for_each(|member| below(&member.item, out)),
            }
        }
        let mut out = Vec::new();
        for member in self.members()?.iter().filter(|member| member.key != METADATA) {
            below(&member.item, &mut out);
        }
        Ok(out)
    }
}

/// The original reads every number of JSON as a floating point number; those that it would round stay whole.
fn as_original(scalar: &Scalar) -> Scalar {
    match scalar {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the comparison tells whether anything was lost"
        )]
        Scalar::Int(whole) if *whole as f64 as i128 == i128::from(*whole) => {
            Scalar::Float(*whole as f64)
        }
        scalar => scalar.clone(),
    }
}

fn tree_of(item: &Item, top: bool) -> Node {
    match &item.is {
        Is::Scalar(scalar) => Node::Scalar(scalar.clone()),
        Is::List(items) => Node::List(items.iter().map(|item| tree_of(item, false)).collect()),
        Is::Map(members) => Node::Map(
            members
                .iter()
                .filter(|member| !(top && member.key == METADATA))
                .map(|member| (member.key.clone(), tree_of(&member.item, false)))
                .collect(),
        ),
    }
}

/// A value that is read as JSON.
pub fn node_of(text: &str) -> Result<Node, TextError> {
    Ok(tree_of(&read::value(text)?, false))
}

/// Only what differs, where the shape is the same: what is left keeps its layout.
fn differences(
    item: &Item,
    node: &Node,
    layout: &Layout,
    depth: usize,
    out: &mut Vec<(Range<usize>, String)>,
) {
    match (&item.is, node) {
        (Is::Scalar(old), Node::Scalar(new)) if old == new => {}
        (Is::List(items), Node::List(nodes)) if items.len() == nodes.len() => {
            for (item, node) in items.iter().zip(nodes) {
                differences(item, node, layout, depth + 1, out);
            }
        }
        (Is::Map(members), Node::Map(entries))
            if members.iter().map(|m| &m.key).eq(entries.iter().map(|(key, _)| key)) =>
        {
            for (member, (_, node)) in members.iter().zip(entries) {
                differences(&member.item, node, layout, depth + 1, out);
            }
        }
        _ => out.push((item.span.clone(), layout.node(node, depth))),
    }
}

/// What stands at the end of a path that is not there yet. A place in a list that is not there is its first.
pub fn below(path: &[Step], value: &Node) -> Node {
    path.iter().rev().fold(value.clone(), |node, step| match step {
        Step::Key(key) => Node::Map(vec![(key.clone(), node)]),
        Step::Index(_) => Node::List(vec![node]),
    })
}

fn none(path: &[Step]) -> TextError {
    TextError::NotThere(spelled(path))
}

impl Text for JsonText {
    fn documents(&self) -> usize {
        1
    }

    fn leaves(&self, _document: usize) -> Result<Vec<Leaf>, TextError> {
        let mut out = Vec::new();
        Self::leaves_below(self.root()?, &mut Vec::new(), &mut out);
        Ok(out)
    }

    fn replace(&mut self, _document: usize, new: &[(usize, What)]) -> Result<(), TextError> {
        let spans = self.scalar_spans()?;
        let mut edits = Vec::with_capacity(new.len());
        for (number, what) in new {
            let (What::Value(scalar), Some(span)) = (what, spans.get(*number)) else {
                return Err(TextError::Unsupported("JSON has no comments"));
            };
            edits.push((span.clone(), write::scalar(scalar)));
        }
        edits.sort_by_key(|(span, _)| span.start);
        self.splice(&edits)
    }

    fn tree(&self, _document: usize, path: &[Step]) -> Result<Node, TextError> {
        match self.find(path)? {
            (item, depth) if depth == path.len() => Ok(tree_of(item, path.is_empty())),
            (_, depth) => Err(none(path.get(..=depth).unwrap_or(path))),
        }
    }

    fn set(&mut self, _document: usize, path: &[Step], value: &Node) -> Result<(), TextError> {
        if matches!(path.first(), Some(Step::Key(key)) if key == METADATA) {
            return Err(TextError::Unsupported("`sops` is the place of the metadata"));
        }
        let layout = self.layout()?;
        let (item, depth) = self.find(path)?;
        let Some(rest) = path.get(depth..).filter(|rest| !rest.is_empty()) else {
            let edit = (item.span.clone(), layout.node(value, depth));
            return self.splice(&[edit]);
        };
        let span = item.span.clone();
        match (&item.is, rest) {
            (Is::Map(members), [Step::Key(key), rest @ ..]) => {
                let last = members.last().map(|member| member.start..member.item.span.end);
                let node = layout.node(&below(rest, value), depth + 1);
                let entry = format!("{}: {node}", write::string(key));
                self.append(span, last, depth, &entry)
            }
            (Is::List(items), [Step::Index(_), rest @ ..]) => {
                let last = items.last().map(|item| item.span.clone());
                let entry = layout.node(&below(rest, value), depth + 1);
                self.append(span, last, depth, &entry)
            }
            (Is::List(_), _) => Err(TextError::Unsupported("a list has places, not keys")),
            (Is::Map(_), _) => Err(TextError::Unsupported("a map has keys, not places")),
            (Is::Scalar(_), rest) => {
                let edit = (span, layout.node(&below(rest, value), depth));
                self.splice(&[edit])
            }
        }
    }

    fn unset(&mut self, _document: usize, path: &[Step]) -> Result<(), TextError> {
        let Some((last, branch)) = path.split_last() else {
            return Err(TextError::Unsupported("the whole document cannot be taken away"));
        };
        let (item, depth) = self.find(branch)?;
        let span = item.span.clone();
        let (spans, at) = match (&item.is, last) {
            _ if depth < branch.len() => return Err(none(path)),
            (Is::Map(members), Step::Key(key)) => (
                members.iter().map(|member| member.start..member.item.span.end).collect::<Vec<_>>(),
                members
                    .iter()
                    .position(|m| m.key == *key && !(branch.is_empty() && key == METADATA)),
            ),
            (Is::List(items), Step::Index(at)) => {
                (items.iter().map(|item| item.span.clone()).collect(), Some(*at))
            }
            _ => return Err(none(path)),
        };
        match at.filter(|at| *at < spans.len()) {
            Some(at) => self.cut(&span, &spans, at),
            None => Err(none(path)),
        }
    }

    fn metadata(&self, _document: usize) -> Result<Option<Node>, TextError> {
        let found = self.members()?.iter().find(|member| member.key == METADATA);
        Ok(found.map(|member| tree_of(&member.item, false)))
    }

    fn set_metadata(&mut self, _document: usize, metadata: Option<&Node>) -> Result<(), TextError> {
        let at = self.members()?.iter().position(|member| member.key == METADATA);
        match (at, metadata) {
            (None, None) => Ok(()),
            (Some(at), None) => {
                let spans: Vec<_> =
                    self.members()?.iter().map(|m| m.start..m.item.span.end).collect();
                self.cut(&self.root()?.span.clone(), &spans, at)
            }
            (Some(at), Some(node)) => {
                let mut edits = Vec::new();
                if let Some(member) = self.members()?.get(at) {
                    differences(&member.item, node, &self.layout()?, 1, &mut edits);
                }
                self.splice(&edits)
            }
            (None, Some(node)) => {
                if !self.slice(self.root()?.span.clone()).contains('\n') {
                    self.lay_out(None)?;
                }
                let last = self.members()?.last().map(|m| m.start..m.item.span.end);
                let entry = format!("\"{METADATA}\": {}", self.layout()?.node(node, 1));
                self.append(self.root()?.span.clone(), last, 0, &entry)
            }
        }
    }

    fn render(&self) -> Zeroizing<String> {
        self.text.clone()
    }
}

#[cfg(test)]
mod tests;
