//! Which branch a comment belongs to, and before which of its entries.
//!
//! The original encrypts a comment under the path of its branch, so both must agree on it. The rules are those of go-yaml v3 as
//! far as they decide the branch. Deliberately absent: the text of comments.

use std::collections::BTreeMap;

use super::{
    leaves, place,
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
    /// Where its entries begin.
    starts: Vec<usize>,
}

/// Assigns every comment of a document.
pub(super) fn attach(tree: &Tree, text: &str, document: usize) -> Attached {
    let mut attached = Attached::new();
    let Some(found) = tree.documents.get(document) else { return attached };
    let above = document
        .checked_sub(1)
        .and_then(|number| tree.documents.get(number))
        .map_or(0, |last| last.range.end);
    let number =
        |offset: usize| tree.comments.partition_point(|comment| comment.range.start < offset);
    let mine = number(above)..number(found.range.end);
    let comments = tree.comments.get(mine.clone()).unwrap_or_default();
    if comments.is_empty() {
        return attached;
    }
    let mut map = Map { tree, text, points: Vec::new(), branches: BTreeMap::new() };
    map.walk(found.root, None);
    map.expect_metadata(found.root, found.range.end);
    for (number, (comment, gaps)) in
        mine.zip(comments.iter().zip(map.gaps(comments, found.range.end)))
    {
        let (branch, slot) = map.place(comment, gaps).unwrap_or((found.root, 0));
        attached.entry(branch).or_default().push((slot, number));
    }
    for comments in attached.values_mut() {
        comments.sort_by_key(|(slot, _)| *slot);
    }
    attached
}

/// Which sides of a comment, or of the comments that it stands among, have no blank line.
#[derive(Clone, Copy, Default)]
struct Gaps {
    /// What is above is right above.
    joined_above: bool,
    /// What follows follows at once.
    joined_below: bool,
    /// The column of the least deep of them down to here, which go-yaml takes it for.
    column: usize,
    /// The comments before these hang on the entry above them.
    after_foot: bool,
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
                entries
                    .iter()
                    .map(|(key, value)| {
                        (place::entry_start(self.text, self.tree.start(*key)), *value)
                    })
                    .collect(),
            ),
            Kind::Scalar { .. } | Kind::Alias(_) => return,
        };
        let first = entries.first().map_or(node.span.start, |(start, _)| *start);
        let column = place::column(self.text, first);
        let within = parent.and_then(|parent| self.tree.node(parent));
        let in_map = within.is_some_and(|within| matches!(within.kind, Kind::Map { .. }));
        let starts = entries.iter().map(|(start, _)| *start).collect();
        let flow_end = flow.then_some(node.span.end);
        self.branches.insert(id, Branch { parent, column, flow_end, in_map, starts });
        for (slot, (start, value)) in entries.into_iter().enumerate() {
            self.points.push(Point { start, branch: id, slot, value });
            self.walk(value, Some(id));
        }
    }

    /// A document that is encrypted ends with its metadata, and comments are read again when it is there.
    fn expect_metadata(&mut self, root: Id, end: usize) {
        let Some(Kind::Map { flow: false, entries }) = self.tree.node(root).map(|node| &node.kind)
        else {
            return;
        };
        let is_metadata = |(key, _): &(Id, Id)| {
            leaves::key(self.tree, *key).is_ok_and(|key| key == leaves::METADATA)
        };
        if !entries.iter().any(is_metadata) {
            self.points.push(Point { start: end, branch: root, slot: entries.len(), value: root });
        }
    }

    fn place(&self, comment: &Comment, gaps: Gaps) -> Option<(Id, usize)> {
        let at = comment.range.start;
        let next = self.points.partition_point(|point| point.start < at);
        let last = next.checked_sub(1).and_then(|last| self.points.get(last));
        let next = self.points.get(next);
        let Some(last) = last else { return next.map(|next| (next.branch, next.slot)) };
        let chain = self.chain(last, at);
        if let Some(&(branch, slot)) = chain.first()
            && self.branches.get(&branch).is_some_and(|branch| branch.flow_end.is_some())
        {
            return Some((branch, if comment.inline { slot } else { slot + 1 }));
        }
        if comment.inline {
            return self.behind(last, at).or_else(|| chain.first().copied());
        }
        let column = gaps.column;
        let column_of = |branch: &Id| self.branches.get(branch).map_or(0, |branch| branch.column);
        let below = gaps.joined_above;
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
                match (column_of(&next.branch) >= column, !gaps.joined_below, foot) {
                    // As deep as what follows or less deep: its head, unless it hangs on an entry that is as deep as itself.
                    (true, true, Some((branch, slot))) if below => {
                        return Some((*branch, slot + 1));
                    }
                    (true, ..) => return Some((next.branch, next.slot)),
                    // Deeper and apart from what is above: it closes the innermost branch, unless that has a foot already.
                    (false, false, _) if !below && gaps.after_foot => {
                        return Some((next.branch, next.slot));
                    }
                    (false, false, _) if !below => {
                        return chain.first().map(|(branch, slot)| (*branch, slot + 1));
                    }
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

    /// The gaps around each comment; comments on lines that follow one another have theirs in common.
    fn gaps(&self, comments: &[Comment], end: usize) -> Vec<Gaps> {
        let mut gaps = vec![Gaps::default(); comments.len()];
        let mut before: Option<(&Comment, Gaps)> = None;
        for (comment, gap) in comments.iter().zip(&mut gaps) {
            let line = place::line_start(self.text, comment.range.start);
            let above =
                place::cut(self.text, place::line_start(self.text, line.saturating_sub(1))..line);
            let column = place::column(self.text, comment.range.start);
            *gap = match before {
                Some((last, last_gap))
                    if !last.inline && place::next_line(self.text, last.range.end) == line =>
                {
                    Gaps { column: last_gap.column.min(column), ..last_gap }
                }
                before => Gaps {
                    joined_above: !above.trim_start_matches('\u{feff}').trim().is_empty(),
                    joined_below: false,
                    column,
                    after_foot: before.is_some_and(|(last, gap)| self.is_foot(last, gap, line)),
                },
            };
            before = Some((comment, *gap));
        }
        let mut after: Option<(&Comment, bool)> = None;
        for (comment, gap) in comments.iter().zip(&mut gaps).rev() {
            let line = place::next_line(self.text, comment.range.end);
            let below = place::cut(self.text, line..place::line_end(self.text, line));
            gap.joined_below = match after {
                Some((next, joined))
                    if !next.inline && place::line_start(self.text, next.range.start) == line =>
                {
                    joined
                }
                // At the end the metadata follows.
                _ => line >= end || !below.trim().is_empty(),
            };
            after = Some((comment, gap.joined_below));
        }
        gaps
    }

    /// Whether a comment hangs on the entry above it and nothing but blank lines is between it and `line`. One that is
    /// deeper than that entry is no foot; go-yaml loses it.
    fn is_foot(&self, comment: &Comment, gap: Gaps, line: usize) -> bool {
        let entry = self.points.partition_point(|point| point.start < comment.range.start);
        let entry = entry.checked_sub(1).and_then(|entry| self.points.get(entry));
        let column = entry.and_then(|entry| self.branches.get(&entry.branch)).map(|b| b.column);
        let between = place::next_line(self.text, comment.range.end)..line;
        !comment.inline
            && gap.joined_above
            && column.is_some_and(|column| gap.column <= column)
            && self.text.get(between).is_some_and(|text| text.trim().is_empty())
    }

    /// The open collections at `at` from the inside out, each with its entry that was begun last.
    fn chain(&self, last: &Point, at: usize) -> Vec<(Id, usize)> {
        let mut chain = Vec::new();
        let inside = self
            .branches
            .get(&last.value)
            .and_then(|value| value.flow_end)
            .is_some_and(|end| end > at);
        let mut next =
            Some(if inside && self.tree.start(last.value) < at { last.value } else { last.branch });
        while let Some(id) = next {
            let Some(branch) = self.branches.get(&id) else { break };
            if branch.flow_end.is_none_or(|end| end > at) {
                let begun = branch.starts.partition_point(|start| *start < at);
                chain.push((id, begun.saturating_sub(1)));
            }
            next = branch.parent;
        }
        chain
    }
}
