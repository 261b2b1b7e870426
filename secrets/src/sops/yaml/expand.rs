//! A document without aliases: each is replaced by what it means, and the anchors go.
//!
//! The original does the same whenever it writes, because an encrypted value belongs to one path only. The invariant: the
//! leaves and their order stay. Deliberately absent: documents without aliases, which keep their anchors.

use zeroize::Zeroizing;

use super::{
    leaves, place,
    place::Edit,
    quote,
    render::{self, Manner},
    tree::{Id, Kind, Tree},
};
use crate::sops::text::{Node, TextError};

/// Whether a document has aliases.
pub(super) fn is_needed(tree: &Tree, document: usize) -> bool {
    nodes(tree, document).iter().any(|node| matches!(node.kind, Kind::Alias(_)))
}

fn nodes(tree: &Tree, document: usize) -> &[super::tree::Node] {
    let Some(root) = tree.documents.get(document).map(|found| found.root) else { return &[] };
    let last = tree.documents.get(document + 1).map_or(tree.nodes.len(), |next| next.root);
    tree.nodes.get(root..last).unwrap_or_default()
}

/// The edits that expand a document's aliases.
pub(super) fn edits(tree: &Tree, text: &str, document: usize) -> Result<Vec<Edit>, TextError> {
    let Some(root) = tree.documents.get(document).map(|found| found.root) else {
        return Ok(Vec::new());
    };
    let mine = nodes(tree, document);
    let mut edits = Vec::new();
    for node in mine {
        let Some(anchor) = &node.anchor else { continue };
        // An item of nothing but its anchor would be no item without it.
        let alone =
            node.span.is_empty() && node.tag.is_none() && matches!(node.kind, Kind::Scalar { .. });
        edits.push(if alone {
            Edit::new(anchor.clone(), "null")
        } else {
            Edit::new(without_gap(text, anchor.clone()), "")
        });
    }
    let mut manner = Manner::of(tree, text, Some(root));
    // A list in the column of its key would take in a comment that stands below the alias.
    manner.dash = manner.step;
    let mut expansion = Expansion { tree, text, manner, edits };
    expansion.node(root, false)?;
    Ok(expansion.edits)
}

/// With the space that parted it from its node, or from the key when the node is on a later line.
fn without_gap(text: &str, anchor: std::ops::Range<usize>) -> std::ops::Range<usize> {
    let after = place::cut(text, anchor.end..text.len());
    let spaces = after.len() - after.trim_start_matches(' ').len();
    if !after.trim_start_matches(' ').starts_with(['\r', '\n']) {
        return anchor.start..anchor.end + spaces;
    }
    let before = place::cut(text, 0..anchor.start);
    if before.ends_with(' ') { anchor.start - 1..anchor.end } else { anchor }
}

struct Expansion<'a> {
    tree: &'a Tree,
    text: &'a str,
    manner: Manner,
    edits: Vec<Edit>,
}

impl Expansion<'_> {
    fn node(&mut self, id: Id, flow: bool) -> Result<(), TextError> {
        let Some(node) = self.tree.node(id) else { return Ok(()) };
        match &node.kind {
            Kind::Scalar { .. } | Kind::Alias(_) => {}
            Kind::List { flow: inner, items } => {
                for (dash, item) in items {
                    let column = place::column(self.text, *dash);
                    self.value(*item, flow || *inner, |node, manner, out| {
                        render::item(node, column, manner, out);
                    })?;
                }
            }
            Kind::Map { flow: inner, entries } => {
                for (key, value) in entries {
                    let column = place::entry_column(self.text, self.tree.start(*key));
                    self.key(*key, flow || *inner)?;
                    self.value(*value, flow || *inner, |node, manner, out| {
                        render::value(node, column, manner, out);
                    })?;
                }
            }
        }
        Ok(())
    }

    fn key(&mut self, id: Id, flow: bool) -> Result<(), TextError> {
        if let Some(node) = self.tree.node(id)
            && matches!(node.kind, Kind::Alias(_))
        {
            let key = leaves::key(self.tree, id)?;
            // `*key :` needs its space, a key does not mind it.
            self.edits.push(Edit { range: node.span.clone(), new: quote::key(&key, flow) });
        }
        Ok(())
    }

    fn value(
        &mut self,
        id: Id,
        flow: bool,
        write: impl Fn(&Node, Manner, &mut Zeroizing<String>),
    ) -> Result<(), TextError> {
        let Some(node) = self.tree.node(id) else { return Ok(()) };
        if !matches!(node.kind, Kind::Alias(_)) {
            return self.node(id, flow);
        }
        let meant = leaves::subtree(self.tree, id, false)?;
        let mut written = Zeroizing::new(String::new());
        if flow {
            render::flow(&meant, &mut written);
            self.edits.push(Edit { range: node.span.clone(), new: written });
            return Ok(());
        }
        write(&meant, self.manner, &mut written);
        let first = written.find(['\r', '\n']).unwrap_or(written.len());
        let (line, rest) = written.split_at_checked(first).unwrap_or((&written, ""));
        let line = line.strip_prefix(' ').unwrap_or(line);
        let before = place::cut(self.text, 0..node.span.start);
        // Nothing stays on the line, so no space before it either.
        let start = if line.is_empty() { before.trim_end_matches(' ').len() } else { before.len() };
        self.edits.push(Edit::new(start..node.span.end, line));
        if !rest.is_empty() {
            let end = place::line_end(self.text, node.span.end);
            self.edits.push(Edit::new(end..end, rest));
        }
        Ok(())
    }
}
