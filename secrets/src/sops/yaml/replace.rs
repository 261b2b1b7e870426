//! Single leaves rewritten in place.
//!
//! The invariant: an edit covers the bytes of one scalar, its tag, or one comment, and nothing else. Deliberately absent: shape; a leaf
//! stays where it is, but for the one case that the original makes necessary: a comment that it keeps as an item of a list.

use zeroize::Zeroizing;

use super::{
    leaves::{Around, Target},
    place::{self, Edit},
    quote::{self, Spot},
    render::Manner,
    tree::{Id, Kind, Node, Style, Tree},
};
use crate::sops::text::{Scalar, TextError, What};

const NO_VALUE: &str = "a key without a colon";
const LINES: &str = "a comment of several lines behind a value";

/// The edits that put `new` onto `target`.
pub(super) fn leaf(
    tree: &Tree,
    text: &str,
    manner: Manner,
    target: Target,
    new: &What,
) -> Result<Vec<Edit>, TextError> {
    match (target, new) {
        (Target::Value { id, around }, What::Value(value)) => {
            scalar(tree, text, manner, (id, around), value)
        }
        (Target::Value { id, around }, What::Comment(comment)) => {
            item_to_comment(tree, manner, (id, around), comment)
        }
        (Target::Comment(number), What::Comment(new)) => comment(tree, text, manner, number, new),
        (Target::Comment(_), What::Value(_)) => {
            Err(TextError::Unsupported("a value in place of a comment"))
        }
    }
}

/// The edits that put a scalar onto a scalar.
pub(super) fn scalar(
    tree: &Tree,
    text: &str,
    manner: Manner,
    (id, around): (Id, Around),
    value: &Scalar,
) -> Result<Vec<Edit>, TextError> {
    let Some(node) = tree.node(id) else { return Ok(Vec::new()) };
    let Kind::Scalar { style, .. } = &node.kind else { return Ok(Vec::new()) };
    if *style == Style::Missing && !around.flow {
        return Err(TextError::Unsupported(NO_VALUE));
    }
    let end = tree.end(id);
    let column = manner.stop(around.column);
    // Only text of several lines is written as a block.
    let several = matches!(value, Scalar::Str(text) if text.contains('\n'));
    let room = several && !around.flow && *style != Style::Missing && block_fits(text, end, column);
    let written = quote::scalar(
        value,
        Spot { flow: around.flow, block: room.then_some(column), newline: manner.newline },
    );
    let mut edits = Vec::new();
    let mut before = node.span.start;
    if let Some((range, _)) = &node.tag {
        let range = untagged(text, range.clone(), node);
        if range.end == node.span.start {
            before = range.start;
        }
        edits.push(Edit::new(range, ""));
    }
    let lead = match style {
        Style::Missing => ": ",
        _ if before > 0
            && !cut_byte(text, before - 1).is_some_and(|byte| {
                byte.is_ascii_whitespace() || matches!(byte, b'[' | b'{' | b',')
            }) =>
        {
            " "
        }
        _ => "",
    };
    let inline = match lead {
        "" => written.inline,
        lead => Zeroizing::new(format!("{lead}{}", *written.inline)),
    };
    edits.push(Edit { range: node.span.clone(), new: inline });
    let block = if let Style::Block(body) = style {
        body.clone()
    } else {
        place::line_end(text, end)..place::line_end(text, end)
    };
    if !block.is_empty() || !written.block.is_empty() {
        edits.push(Edit { range: block, new: written.block });
    }
    Ok(edits)
}

fn cut_byte(text: &str, at: usize) -> Option<u8> {
    text.as_bytes().get(at).copied()
}

/// The range of a tag and the spaces that part it from what follows.
fn untagged(text: &str, range: std::ops::Range<usize>, node: &Node) -> std::ops::Range<usize> {
    let next = [Some(node.span.start), node.anchor.as_ref().map(|range| range.start)];
    let follows = next.into_iter().flatten().filter(|start| *start > range.end).min();
    match follows {
        Some(next) if place::cut(text, range.end..next).bytes().all(|byte| byte == b' ') => {
            range.start..next
        }
        _ => range,
    }
}

/// Whether a literal block may be put behind the line of `end`: nothing that follows may be taken for one of its lines.
fn block_fits(text: &str, end: usize, column: usize) -> bool {
    let rest = place::cut(text, end..place::line_end(text, end)).trim_start_matches([' ', '\t']);
    if !rest.is_empty() && !rest.starts_with('#') {
        return false;
    }
    for line in place::cut(text, place::next_line(text, end)..text.len()).split('\n') {
        let content = line.trim_start_matches([' ', '\t']);
        let blank = content.trim_end_matches('\r').is_empty();
        let indentation = line.len() - content.len();
        if blank && indentation <= column {
            continue;
        }
        return !(blank || content.starts_with('#') && indentation >= column);
    }
    true
}

fn comment(
    tree: &Tree,
    text: &str,
    manner: Manner,
    number: usize,
    new: &str,
) -> Result<Vec<Edit>, TextError> {
    let Some(comment) = tree.comments.get(number) else { return Ok(Vec::new()) };
    if comment.inline && new.contains('\n') {
        return Err(TextError::Unsupported(LINES));
    }
    let column = place::column(text, comment.range.start);
    Ok(vec![Edit { range: comment.range.clone(), new: comment_lines(new, column, manner) }])
}

fn comment_lines(text: &str, column: usize, manner: Manner) -> Zeroizing<String> {
    let mut lines = Zeroizing::new(String::with_capacity(
        text.len() + 1 + text.matches('\n').count() * (column + 2),
    ));
    for (number, line) in text.split('\n').enumerate() {
        if number > 0 {
            super::render::indent(&mut lines, column, manner);
        }
        lines.push('#');
        lines.push_str(line.trim_end_matches('\r'));
    }
    lines
}

/// The original writes the comments of a list as items of their own, `- ENC[..,type:comment]`; decrypted they are comments again.
fn item_to_comment(
    tree: &Tree,
    manner: Manner,
    (id, around): (Id, Around),
    new: &str,
) -> Result<Vec<Edit>, TextError> {
    let Some((dash, list)) = around.item.filter(|_| !around.flow) else {
        return Err(TextError::Unsupported("a comment in place of a value"));
    };
    let mut lines = comment_lines(new, around.column, manner);
    if let Some(Node { kind: Kind::List { items, .. }, .. }) = tree.node(list)
        && items.last().is_some_and(|(_, last)| *last == id)
        && items.iter().all(|(_, item)| is_comment(tree, *item))
    {
        // Only comments are left, and a list of nothing must still be a list.
        super::render::indent(&mut lines, around.column.max(1), manner);
        lines.push_str("[]");
    }
    Ok(vec![Edit { range: dash..tree.end(id), new: lines }])
}

fn is_comment(tree: &Tree, id: Id) -> bool {
    match tree.node(id).map(|node| &node.kind) {
        Some(Kind::Scalar { value, .. }) => {
            value.starts_with("ENC[") && value.ends_with(",type:comment]")
        }
        _ => false,
    }
}
