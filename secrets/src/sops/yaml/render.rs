//! A tree as YAML text, in the indentation of the document that it goes into.
//!
//! The invariant: the first line is what follows a key's colon or a dash, and every further line brings its own break and
//! indentation. Deliberately absent: comments, and where the text goes.

use zeroize::Zeroizing;

use super::{
    place,
    quote::{self, Spot},
    tree::{Id, Kind, Tree},
};
use crate::sops::text::{Node, Scalar};

/// The manner of a document.
#[derive(Clone, Copy)]
pub(super) struct Manner {
    /// Columns per level. The original's default where the document shows none.
    pub(super) step: usize,
    /// Columns between a key and the dashes of its list.
    pub(super) dash: usize,
    /// The line break.
    pub(super) newline: &'static str,
}

/// What the original writes (`stores.yaml.indent` in `.sops.yaml` can change it).
pub(super) const STEP: usize = 4;

impl Manner {
    /// The manner of a document: that of its first nested map and list.
    pub(super) fn of(tree: &Tree, text: &str, root: Option<Id>) -> Self {
        let mut manner = Self { step: STEP, dash: STEP, newline: place::newline(text) };
        let (mut step, mut dash) = (None, None);
        if let Some(root) = root {
            look(tree, text, root, &mut (&mut step, &mut dash));
        }
        manner.step = step.unwrap_or(STEP).max(1);
        manner.dash = dash.unwrap_or(manner.step);
        manner
    }

    /// Where the lines of a block scalar go: the next stop after the column of what holds it.
    pub(super) fn stop(self, column: usize) -> usize {
        (column / self.step + 1) * self.step
    }

    fn spot(self, flow: bool, column: usize) -> Spot {
        Spot { flow, block: (!flow).then(|| self.stop(column)), newline: self.newline }
    }
}

fn look(tree: &Tree, text: &str, id: Id, found: &mut (&mut Option<usize>, &mut Option<usize>)) {
    let Some(node) = tree.node(id) else { return };
    match &node.kind {
        Kind::Map { flow: false, entries } => {
            let column =
                entries.first().map_or(0, |(key, _)| place::entry_column(text, tree.start(*key)));
            for (_, value) in entries {
                match tree.node(*value).map(|node| &node.kind) {
                    Some(Kind::Map { flow: false, entries }) => {
                        let below = entries
                            .first()
                            .map_or(column, |(key, _)| place::entry_column(text, tree.start(*key)));
                        found.0.get_or_insert(below.saturating_sub(column));
                    }
                    Some(Kind::List { flow: false, items }) => {
                        let below =
                            items.first().map_or(column, |(dash, _)| place::column(text, *dash));
                        found.1.get_or_insert(below.saturating_sub(column));
                    }
                    _ => {}
                }
                if found.0.is_some() && found.1.is_some() {
                    return;
                }
                look(tree, text, *value, found);
            }
        }
        Kind::List { flow: false, items } => {
            for (_, item) in items {
                look(tree, text, *item, found);
            }
        }
        _ => {}
    }
}

/// The text behind a key's colon; `column` is the key's.
pub(super) fn value(node: &Node, column: usize, manner: Manner, out: &mut Zeroizing<String>) {
    match node {
        Node::Map(entries) if !entries.is_empty() => {
            indent(out, column + manner.step, manner);
            map(entries, column + manner.step, manner, out);
        }
        Node::List(items) if !items.is_empty() => {
            indent(out, column + manner.dash, manner);
            list(items, column + manner.dash, manner, out);
        }
        other => {
            out.push(' ');
            single(other, column, manner, out);
        }
    }
}

/// The text behind a dash, which is at `column`.
pub(super) fn item(node: &Node, column: usize, manner: Manner, out: &mut Zeroizing<String>) {
    out.push(' ');
    match node {
        Node::Map(entries) if !entries.is_empty() => map(entries, column + 2, manner, out),
        Node::List(items) if !items.is_empty() => list(items, column + 2, manner, out),
        other => single(other, column, manner, out),
    }
}

/// The entries of a map, the first without indentation.
pub(super) fn map(
    entries: &[(String, Node)],
    column: usize,
    manner: Manner,
    out: &mut Zeroizing<String>,
) {
    for (number, (key, node)) in entries.iter().enumerate() {
        if number > 0 {
            indent(out, column, manner);
        }
        out.push_str(&quote::key(key, false));
        out.push(':');
        value(node, column, manner, out);
    }
}

fn list(items: &[Node], column: usize, manner: Manner, out: &mut Zeroizing<String>) {
    for (number, node) in items.iter().enumerate() {
        if number > 0 {
            indent(out, column, manner);
        }
        out.push('-');
        item(node, column, manner, out);
    }
}

fn single(node: &Node, column: usize, manner: Manner, out: &mut Zeroizing<String>) {
    match node {
        Node::Scalar(scalar) => {
            let written = quote::scalar(scalar, manner.spot(false, column));
            out.push_str(&written.inline);
            out.push_str(&written.block);
        }
        other => flow(other, out),
    }
}

/// Break and indentation.
pub(super) fn indent(out: &mut Zeroizing<String>, column: usize, manner: Manner) {
    out.push_str(manner.newline);
    out.extend(std::iter::repeat_n(' ', column));
}

/// The tree on one line.
pub(super) fn flow(node: &Node, out: &mut Zeroizing<String>) {
    match node {
        Node::Scalar(scalar) => out.push_str(&flow_scalar(scalar)),
        Node::List(items) => {
            out.push('[');
            for (number, item) in items.iter().enumerate() {
                out.push_str(if number > 0 { ", " } else { "" });
                flow(item, out);
            }
            out.push(']');
        }
        Node::Map(entries) => {
            out.push('{');
            for (number, (key, value)) in entries.iter().enumerate() {
                out.push_str(if number > 0 { ", " } else { "" });
                flow_entry(key, value, out);
            }
            out.push('}');
        }
    }
}

/// `key: value` inside braces.
pub(super) fn flow_entry(key: &str, value: &Node, out: &mut Zeroizing<String>) {
    out.push_str(&quote::key(key, true));
    out.push_str(": ");
    flow(value, out);
}

fn flow_scalar(scalar: &Scalar) -> Zeroizing<String> {
    quote::scalar(scalar, Spot { flow: true, block: None, newline: "\n" }).inline
}
