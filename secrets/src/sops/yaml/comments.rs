//! Which branch a comment belongs to, and before which of its entries.
//!
//! The original encrypts a comment under the path of its branch, so both must agree on it. The rules are those of go-yaml v3 as
//! far as they decide the branch. Deliberately absent: the text of comments.

use std::collections::BTreeMap;

use super::{
    place,
    tree::{Comment, Id, Kind, Tree},
};

/// For a collection, its comments in order: each with the number of the entry that it stands before.
pub(super) type Attached = BTreeMap<Id, Vec<(usize, usize)>>;

/// An entry of a collection.
struct Point {
    start: usize,
    branch: Id,
    slot: usize,
    value: Id,
}

/// A collection on the way down to an entry.
struct Branch {
    parent: Option<Id>,
    column: usize,
    /// Where a flow collection ends; a block one reaches as far as its entries.
    flow_end: Option<usize>,
    /// Whether it is the value of a key.
    in_map: bool,
}

/// Assigns every comment of a document.
pub(super) fn attach(tree: &Tree, text: &str, document: usize) -> Attached {
    let Some(found) = tree.documents.get(document) else { return Attached::new() };
    let before = document
        .checked_sub(1)
        .and_then(|number| tree.documents.get(number))
        .map_or(0, |last| last.range.end);
    let mine = |comment: &Comment| (before..found.range.end).contains(&comment.range.start);
    if !tree.comments.iter().any(mine) {
        return Attached::new();
    }
    let mut map = Map { tree, text, points: Vec::new(), branches: BTreeMap::new() };
    map.walk(found.root, None);
    let mut attached = Attached::new();
    for (number, comment) in tree.comments.iter().enumerate().filter(|(_, comment)| mine(comment)) {
        let (branch, slot) = map.place(comment).unwrap_or((found.root, 0));
        attached.entry(branch).or_default().push((slot, number));
    }
    attached
}

struct Map<'a> {
    tree: &'a Tree,
    text: &'a str,
    points: Vec<Point>,
    branches: BTreeMap<Id, Branch>,
}

impl Map<'_> {
    fn walk(&mut self, id: Id, parent: Option<Id>) {
        let Some(node) = self.tree.node(id) else { return };
        let (flow, entries): (bool, Vec<(usize, Id)>) = match &node.kind {
            Kind::List { flow, items } => (*flow, items.clone()),
            Kind::Map { flow, entries } => (
                *flow,
                entries.iter().map(|(key, value)| (self.tree.start(*key), *value)).collect(),
            ),
            Kind::Scalar { .. } | Kind::Alias(_) => return,
        };
        let first = entries.first().map_or(node.span.start, |(start, _)| *start);
        let column = place::column(self.text, first);
        let within = parent.and_then(|parent| self.tree.node(parent));
        let in_map = within.is_some_and(|within| matches!(within.kind, Kind::Map { .. }));
        let flow_end = flow.then_some(node.span.end);
        self.branches.insert(id, Branch { parent, column, flow_end, in_map });
        for (slot, (start, value)) in entries.into_iter().enumerate() {
            self.points.push(Point { start, branch: id, slot, value });
            self.walk(value, Some(id));
        }
    }

    fn place(&self, comment: &Comment) -> Option<(Id, usize)> {
        let at = comment.range.start;
        let next = self.points.partition_point(|point| point.start < at);
        let last = next.checked_sub(1).and_then(|last| self.points.get(last));
        let next = self.points.get(next);
        let Some(last) = last else { return next.map(|next| (next.branch, next.slot)) };
        let chain = self.chain(last, at);
        if comment.inline {
            return self.behind(last, at).or_else(|| chain.first().copied());
        }
        let column = place::column(self.text, at);
        let column_of = |branch: &Id| self.branches.get(branch).map_or(0, |branch| branch.column);
        let below = self.is_right_below(comment);
        match next {
            // Between a key and its value.
            Some(next) if self.tree.start(last.value) > at => {
                let inside = self.branches.contains_key(&last.value);
                return Some(if inside {
                    (next.branch, next.slot)
                } else {
                    (last.branch, last.slot)
                });
            }
            Some(next) => {
                let foot = chain.iter().find(|(branch, _)| column_of(branch) == column);
                match (column_of(&next.branch) >= column, self.is_apart(comment, next), foot) {
                    // As deep as what follows or less deep: its head, unless it hangs on an entry that is as deep as itself.
                    (true, true, Some((branch, slot))) if below => {
                        return Some((*branch, slot + 1));
                    }
                    (true, ..) => return Some((next.branch, next.slot)),
                    // Deeper: a foot, unless it is the head of what follows.
                    (false, false, _) if !below => return Some((next.branch, next.slot)),
                    (false, ..) => {}
                }
            }
            None if !below => return chain.last().map(|(branch, slot)| (*branch, slot + 1)),
            None => {}
        }
        let reaches = |branch: &Id| column_of(branch) <= column;
        let within = chain.iter().find(|(branch, _)| reaches(branch));
        within.or(chain.last()).map(|(branch, slot)| (*branch, slot + 1))
    }

    /// A comment behind the bracket that closes a value is the first thing in that value; one behind an item stays with the item.
    fn behind(&self, last: &Point, at: usize) -> Option<(Id, usize)> {
        let mut id = if self.branches.contains_key(&last.value) { last.value } else { last.branch };
        let mut found = None;
        while let Some(Branch { parent, flow_end: Some(end), in_map, .. }) = self.branches.get(&id)
        {
            if *end > at || place::line_start(self.text, *end) != place::line_start(self.text, at) {
                break;
            }
            found = in_map.then_some((id, 0));
            id = (*parent)?;
        }
        found
    }

    /// Whether no blank line parts it, or the comments above it, from what is above.
    fn is_right_below(&self, comment: &Comment) -> bool {
        let above = place::cut(self.text, 0..place::line_start(self.text, comment.range.start));
        above
            .lines()
            .rev()
            .find(|line| !line.trim_start().starts_with('#'))
            .is_some_and(|line| !line.trim().is_empty())
    }

    /// Whether a blank line comes before what follows.
    fn is_apart(&self, comment: &Comment, next: &Point) -> bool {
        let between =
            place::cut(self.text, comment.range.end..place::line_start(self.text, next.start));
        between.lines().skip(1).any(|line| line.trim().is_empty())
    }

    /// The open collections at `at` from the inside out, each with its entry that was begun last.
    fn chain(&self, last: &Point, at: usize) -> Vec<(Id, usize)> {
        let mut chain = Vec::new();
        let mut next = Some(last.branch);
        while let Some(id) = next {
            let Some(branch) = self.branches.get(&id) else { break };
            if branch.flow_end.is_none_or(|end| end > at) {
                let begun =
                    self.points.iter().rev().find(|point| point.branch == id && point.start < at);
                chain.push((id, begun.map_or(0, |point| point.slot)));
            }
            next = branch.parent;
        }
        chain
    }
}
