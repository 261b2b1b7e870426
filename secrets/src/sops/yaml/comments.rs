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
}

/// A collection on the way down to an entry.
struct Branch {
    parent: Option<Id>,
    column: usize,
    /// Where a flow collection ends; a block one reaches as far as its entries.
    flow_end: Option<usize>,
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
        self.branches
            .insert(id, Branch { parent, column, flow_end: flow.then_some(node.span.end) });
        for (slot, (start, value)) in entries.into_iter().enumerate() {
            self.points.push(Point { start, branch: id, slot });
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
            return chain.first().map(|(branch, slot)| (*branch, *slot));
        }
        let column = place::column(self.text, at);
        if let Some(next) = next
            && self.branches.get(&next.branch).is_some_and(|branch| branch.column <= column)
            && !chain.iter().any(|(branch, _)| *branch == next.branch)
        {
            return Some((next.branch, next.slot));
        }
        let within = chain.iter().find(|(branch, _)| {
            self.branches.get(branch).is_some_and(|branch| branch.column <= column)
        });
        within.or(chain.last()).map(|(branch, slot)| (*branch, slot + 1))
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
