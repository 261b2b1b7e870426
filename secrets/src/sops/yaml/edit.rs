//! Entries put in and taken out, in the style of their surroundings.
//!
//! The invariant: an edit touches the entry's own lines, and no comment above it. Deliberately absent: aliases, which are expanded
//! before anything is set.

use std::ops::Range;

use zeroize::Zeroizing;

use super::{
    leaves::{self, Around, METADATA},
    place::{self, Edit},
    render::{self, Manner},
    replace, seek,
    tree::{Id, Kind, Style, Tree},
};
use crate::sops::text::{Node, Step, TextError};

const NO_INDEX: &str = "a key into a list, or a number into a map";

/// A text and where in it.
#[derive(Clone, Copy)]
pub(super) struct Ground<'a> {
    pub(super) tree: &'a Tree,
    pub(super) text: &'a str,
    pub(super) document: usize,
    pub(super) manner: Manner,
}

/// A value on the way down.
#[derive(Clone, Copy)]
struct Spot {
    id: Id,
    around: Around,
    /// Behind the colon or dash; `None` for the root.
    from: Option<usize>,
}

/// The edits that put a tree at a path.
pub(super) fn set(ground: Ground<'_>, path: &[Step], value: &Node) -> Result<Vec<Edit>, TextError> {
    let Some(root) = leaves::root(ground.tree, ground.document)? else {
        return Ok(ground.empty_document(&grown(path, value)));
    };
    let mut spot =
        Spot { id: root, around: Around { column: 0, flow: false, item: None }, from: None };
    let mut rest = path;
    while let Some((step, below)) = rest.split_first() {
        let Some(node) = ground.tree.node(spot.id) else { break };
        match (&node.kind, step) {
            (Kind::Map { .. }, Step::Key(key)) => match ground.entry(spot, key)? {
                Some(found) => spot = found,
                None => return Ok(ground.add_entry(spot, key, &grown(below, value))),
            },
            (Kind::List { .. }, Step::Index(number)) => match ground.item(spot, *number) {
                Some(found) => spot = found,
                None => return Ok(ground.add_item(spot, &grown(below, value))),
            },
            (Kind::Map { .. } | Kind::List { .. }, _) => {
                return Err(TextError::Unsupported(NO_INDEX));
            }
            (Kind::Scalar { .. } | Kind::Alias(_), _) => break,
        }
        rest = below;
    }
    ground.put(spot, &grown(rest, value))
}

/// Where a tree that is set comes to lie: a place behind the end of a list is the next one.
pub(super) fn landed(tree: &Tree, document: usize, path: &[Step]) -> Result<Vec<Step>, TextError> {
    let mut here = leaves::root(tree, document)?;
    let mut landed = Vec::with_capacity(path.len());
    for step in path {
        let kind = here.and_then(|id| tree.node(id)).map(|node| &node.kind);
        let (next, step) = match (kind, step) {
            (Some(Kind::List { items, .. }), Step::Index(number)) => {
                (items.get(*number).map(|(_, item)| *item), Step::Index((*number).min(items.len())))
            }
            (Some(Kind::Map { entries, .. }), Step::Key(key)) => {
                let slot = slot_of(tree, entries, key)?;
                (slot.and_then(|slot| entries.get(slot)).map(|(_, value)| *value), step.clone())
            }
            (_, Step::Index(_)) => (None, Step::Index(0)),
            (_, Step::Key(_)) => (None, step.clone()),
        };
        here = next;
        landed.push(step);
    }
    Ok(landed)
}

/// The edits that add a top-level entry at the end of a document, behind its last comment, as the original adds the metadata.
pub(super) fn append(ground: Ground<'_>, key: &str, value: &Node) -> Result<Vec<Edit>, TextError> {
    let root = leaves::root(ground.tree, ground.document)?;
    let node = root.and_then(|root| ground.tree.node(root)).map(|node| &node.kind);
    let (Some(Kind::Map { flow: false, entries }), Some(document)) =
        (node, ground.tree.documents.get(ground.document))
    else {
        return set(ground, &[Step::Key(key.to_owned())], value);
    };
    let column = entries
        .first()
        .map_or(0, |(first, _)| place::entry_column(ground.text, ground.tree.start(*first)));
    let mut new = Zeroizing::new(String::new());
    new.extend(std::iter::repeat_n(' ', column));
    render::map(&[(key.to_owned(), value.clone())], column, ground.manner, &mut new);
    Ok(ground.lines_at(document.range.end, &new))
}

/// The edits that take what is at a path away.
pub(super) fn unset(ground: Ground<'_>, path: &[Step]) -> Result<Vec<Edit>, TextError> {
    let (branch, slot) = find(ground, path)?;
    Ok(ground.remove(branch, slot))
}

/// The tree's node at a path, with aliases followed.
pub(super) fn at(tree: &Tree, document: usize, path: &[Step]) -> Result<Id, TextError> {
    let root = leaves::root(tree, document)?.ok_or_else(|| not_there(path))?;
    let mut id = root;
    for step in path {
        let Some((_, node)) = tree.meant(id) else { return Err(not_there(path)) };
        let below = match (&node.kind, step) {
            (Kind::Map { entries, .. }, Step::Key(key)) => slot_of(tree, entries, key)?
                .and_then(|slot| entries.get(slot))
                .map(|(_, value)| *value),
            (Kind::List { items, .. }, Step::Index(number)) => {
                items.get(*number).map(|(_, item)| *item)
            }
            _ => None,
        };
        id = below.ok_or_else(|| not_there(path))?;
    }
    Ok(id)
}

fn not_there(path: &[Step]) -> TextError {
    TextError::NotThere(spelled(path))
}

/// A path as `--extract` takes it.
pub(super) fn spelled(path: &[Step]) -> String {
    let steps = path.iter().map(|step| match step {
        Step::Key(key) => format!("[{key:?}]"),
        Step::Index(number) => format!("[{number}]"),
    });
    steps.collect()
}

/// Number of the entry with a key.
pub(super) fn slot_of(
    tree: &Tree,
    entries: &[(Id, Id)],
    key: &str,
) -> Result<Option<usize>, TextError> {
    for (slot, (id, _)) in entries.iter().enumerate() {
        if leaves::key(tree, *id)? == key {
            return Ok(Some(slot));
        }
    }
    Ok(None)
}

fn find(ground: Ground<'_>, path: &[Step]) -> Result<(Id, usize), TextError> {
    let (last, above) = path
        .split_last()
        .ok_or(TextError::Unsupported("the whole document cannot be taken away"))?;
    let branch = at(ground.tree, ground.document, above)?;
    let slot = match (ground.tree.node(branch).map(|node| &node.kind), last) {
        (Some(Kind::Map { entries, .. }), Step::Key(key)) => slot_of(ground.tree, entries, key)?,
        (Some(Kind::List { items, .. }), Step::Index(number)) => {
            (*number < items.len()).then_some(*number)
        }
        _ => None,
    };
    Ok((branch, slot.ok_or_else(|| not_there(path))?))
}

/// What has to be put where a path ends, so that the whole path is there.
fn grown(path: &[Step], value: &Node) -> Node {
    path.iter().rev().fold(value.clone(), |below, step| match step {
        Step::Key(key) => Node::Map(vec![(key.clone(), below)]),
        Step::Index(_) => Node::List(vec![below]),
    })
}

impl Ground<'_> {
    fn entry(&self, spot: Spot, key: &str) -> Result<Option<Spot>, TextError> {
        let Some(Kind::Map { flow, entries }) = self.tree.node(spot.id).map(|node| &node.kind)
        else {
            return Ok(None);
        };
        let Some((key, id)) = slot_of(self.tree, entries, key)?.and_then(|slot| entries.get(slot))
        else {
            return Ok(None);
        };
        let column = entries
            .first()
            .map_or(0, |(first, _)| place::entry_column(self.text, self.tree.start(*first)));
        let from = seek::colon(self.text, self.tree.end(*key)).map(|colon| colon + 1);
        let around = Around { column, flow: spot.around.flow || *flow, item: None };
        Ok(Some(Spot { id: *id, around, from: Some(from.unwrap_or_else(|| self.tree.start(*id))) }))
    }

    fn item(&self, spot: Spot, number: usize) -> Option<Spot> {
        let Some(Kind::List { flow, items }) = self.tree.node(spot.id).map(|node| &node.kind)
        else {
            return None;
        };
        let (dash, id) = items.get(number)?;
        let around = Around {
            column: place::column(self.text, *dash),
            flow: spot.around.flow || *flow,
            item: Some((*dash, spot.id)),
        };
        Some(Spot { id: *id, around, from: Some(if around.flow { *dash } else { dash + 1 }) })
    }

    fn put(&self, spot: Spot, value: &Node) -> Result<Vec<Edit>, TextError> {
        let Some(node) = self.tree.node(spot.id) else { return Ok(Vec::new()) };
        if let (Kind::Scalar { .. }, Node::Scalar(scalar)) = (&node.kind, value) {
            return replace::scalar(
                self.tree,
                self.text,
                self.manner,
                (spot.id, spot.around),
                scalar,
            );
        }
        if matches!(node.kind, Kind::Scalar { style: Style::Missing, .. }) {
            return Err(TextError::Unsupported("a key without a colon"));
        }
        Ok(self.put_tree(spot, value))
    }

    fn put_tree(&self, spot: Spot, value: &Node) -> Vec<Edit> {
        let start = self.tree.start(spot.id);
        let old = spot.from.unwrap_or(start)..self.tree.end(spot.id);
        let mut new = Zeroizing::new(String::new());
        if spot.around.flow {
            let gap = if spot.around.item.is_none() { " " } else { "" };
            new.push_str(gap);
            render::flow(value, &mut new);
            return vec![Edit { range: old, new }];
        }
        match (spot.from, spot.around.item) {
            (None, _) => return self.put_root(old, value),
            (_, Some(_)) => render::item(value, spot.around.column, self.manner, &mut new),
            (_, None) => render::value(value, spot.around.column, self.manner, &mut new),
        }
        self.on_line(old, &new)
    }

    fn put_root(&self, old: Range<usize>, value: &Node) -> Vec<Edit> {
        let mut new = Zeroizing::new(String::new());
        if place::column(self.text, old.start) > 0 {
            render::indent(&mut new, 0, self.manner);
        }
        match value {
            Node::Map(entries) if !entries.is_empty() => {
                render::map(entries, 0, self.manner, &mut new);
            }
            other => render::flow(other, &mut new),
        }
        vec![Edit { range: old, new }]
    }

    /// The first line in place of the old bytes, the others behind what stands on that line (a comment).
    fn on_line(&self, old: Range<usize>, new: &str) -> Vec<Edit> {
        let first = new.find(['\r', '\n']).unwrap_or(new.len());
        let (line, rest) = new.split_at_checked(first).unwrap_or((new, ""));
        let end = place::line_end(self.text, old.end);
        if rest.is_empty() || end == old.end {
            return vec![Edit::new(old, new)];
        }
        vec![Edit::new(old, line), Edit::new(end..end, rest)]
    }

    /// A document with nothing in it but comments, or `~`.
    fn empty_document(&self, value: &Node) -> Vec<Edit> {
        let Some(document) = self.tree.documents.get(self.document) else { return Vec::new() };
        let mut new = Zeroizing::new(String::new());
        if let Some(node) = self.tree.node(document.root)
            && !node.span.is_empty()
        {
            return self.put_root(self.tree.start(document.root)..node.span.end, value);
        }
        if let Node::Map(entries) = value {
            render::map(entries, 0, self.manner, &mut new);
        }
        self.lines_at(document.range.end, &new)
    }

    /// Whole lines at an offset that begins a line, or at the end of the text.
    fn lines_at(&self, offset: usize, lines: &str) -> Vec<Edit> {
        let before = place::cut(self.text, 0..offset);
        let gap = if before.trim_start_matches('\u{feff}').is_empty() || before.ends_with('\n') {
            ""
        } else {
            self.manner.newline
        };
        vec![Edit::new(offset..offset, format!("{gap}{lines}{}", self.manner.newline))]
    }

    fn add_entry(&self, spot: Spot, key: &str, value: &Node) -> Vec<Edit> {
        let Some(node) = self.tree.node(spot.id) else { return Vec::new() };
        let Kind::Map { flow, entries } = &node.kind else { return Vec::new() };
        let mut new = Zeroizing::new(String::new());
        let Some((first, _)) =
            entries.first().filter(|_| *flow || spot.around.flow || !entries.is_empty())
        else {
            let map = Node::Map(vec![(key.to_owned(), value.clone())]);
            return self.put_tree(spot, &map);
        };
        if *flow {
            new.push_str(", ");
            render::flow_entry(key, value, &mut new);
            return vec![Edit { range: self.behind_last(spot.id), new }];
        }
        let column = place::entry_column(self.text, self.tree.start(*first));
        let entry = [(key.to_owned(), value.clone())];
        if let Some(metadata) = self.trailing_metadata(spot) {
            new.extend(std::iter::repeat_n(' ', column));
            render::map(&entry, column, self.manner, &mut new);
            return self.lines_at(metadata, &new);
        }
        render::indent(&mut new, column, self.manner);
        render::map(&entry, column, self.manner, &mut new);
        vec![Edit { range: self.behind_line(spot.id), new }]
    }

    /// Where the line of the metadata begins, when it is the root's last entry.
    fn trailing_metadata(&self, spot: Spot) -> Option<usize> {
        let Some(Kind::Map { entries, .. }) = self.tree.node(spot.id).map(|node| &node.kind) else {
            return None;
        };
        let (key, _) = entries.last().filter(|_| spot.from.is_none())?;
        (leaves::key(self.tree, *key).ok()? == METADATA)
            .then(|| place::line_start(self.text, self.tree.start(*key)))
    }

    fn add_item(&self, spot: Spot, value: &Node) -> Vec<Edit> {
        let Some(node) = self.tree.node(spot.id) else { return Vec::new() };
        let Kind::List { flow, items } = &node.kind else { return Vec::new() };
        let mut new = Zeroizing::new(String::new());
        let Some((dash, _)) = items.first() else {
            return self.put_tree(spot, &Node::List(vec![value.clone()]));
        };
        if *flow {
            new.push_str(", ");
            render::flow(value, &mut new);
            return vec![Edit { range: self.behind_last(spot.id), new }];
        }
        let column = place::column(self.text, *dash);
        render::indent(&mut new, column, self.manner);
        new.push('-');
        render::item(value, column, self.manner, &mut new);
        vec![Edit { range: self.behind_line(spot.id), new }]
    }

    fn behind_last(&self, id: Id) -> Range<usize> {
        let last = match self.tree.node(id).map(|node| &node.kind) {
            Some(Kind::List { items, .. }) => items.last().map(|(_, item)| self.tree.end(*item)),
            Some(Kind::Map { entries, .. }) => {
                entries.last().map(|(key, value)| self.tree.end(*value).max(self.tree.end(*key)))
            }
            _ => None,
        };
        let end = last.unwrap_or_else(|| self.tree.end(id));
        end..end
    }

    fn behind_line(&self, id: Id) -> Range<usize> {
        let end = place::line_end(self.text, self.tree.end(id));
        end..end
    }

    /// Takes one entry of a branch away.
    pub(super) fn remove(&self, branch: Id, slot: usize) -> Vec<Edit> {
        let Some(node) = self.tree.node(branch) else { return Vec::new() };
        let (flow, map, ranges): (bool, bool, Vec<Range<usize>>) = match &node.kind {
            Kind::List { flow, items } => (
                *flow,
                false,
                items
                    .iter()
                    .map(|(start, item)| *start..self.tree.end(*item).max(start + 1))
                    .collect(),
            ),
            Kind::Map { flow, entries } => {
                (*flow, true, entries.iter().map(|entry| self.entry_range(*entry)).collect())
            }
            Kind::Scalar { .. } | Kind::Alias(_) => return Vec::new(),
        };
        let Some(range) = ranges.get(slot).cloned() else { return Vec::new() };
        let before = slot.checked_sub(1).and_then(|before| ranges.get(before));
        let after = ranges.get(slot + 1);
        if flow {
            return vec![Edit::new(flow_gap(before, &range, after), "")];
        }
        if ranges.len() == 1 {
            return vec![Edit::new(self.behind_key(&range), if map { " {}" } else { " []" })];
        }
        vec![Edit::new(self.line_gap(&range, after), "")]
    }

    /// From behind the key or dash on the line above, where nothing but white space lies between.
    fn behind_key(&self, range: &Range<usize>) -> Range<usize> {
        let before = place::cut(self.text, 0..range.start).trim_end_matches([' ', '\r', '\n']);
        let line = place::cut(before, place::line_start(before, before.len())..before.len());
        let is_key = line.ends_with([':', '-']) && line != "---" && !line.contains('#');
        if is_key { before.len()..range.end } else { range.clone() }
    }

    fn entry_range(&self, (key, value): (Id, Id)) -> Range<usize> {
        let start = place::entry_start(self.text, self.tree.start(key));
        start..self.tree.end(value).max(self.tree.end(key))
    }

    /// The lines of a block entry, or only its part when its line begins with something else.
    fn line_gap(&self, range: &Range<usize>, after: Option<&Range<usize>>) -> Range<usize> {
        let line = place::line_start(self.text, range.start);
        let alone = place::cut(self.text, line..range.start)
            .trim_start_matches('\u{feff}')
            .bytes()
            .all(|byte| byte == b' ');
        if alone {
            let line = if line == 0 && self.text.starts_with('\u{feff}') {
                '\u{feff}'.len_utf8()
            } else {
                line
            };
            return line..place::next_line(self.text, range.end);
        }
        match after {
            Some(next)
                if seek::gap(self.text.as_bytes(), range.end) == next.start
                    && !place::cut(self.text, range.end..next.start).contains('#') =>
            {
                range.start..next.start
            }
            _ => range.clone(),
        }
    }
}

/// An entry between brackets with one of its commas.
fn flow_gap(
    before: Option<&Range<usize>>,
    range: &Range<usize>,
    after: Option<&Range<usize>>,
) -> Range<usize> {
    match (before, after) {
        (Some(before), _) => before.end..range.end,
        (None, Some(after)) => range.start..after.start,
        (None, None) => range.clone(),
    }
}
