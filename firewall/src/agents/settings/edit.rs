//! Putting one value into a JSON text and cutting one out, without touching another byte.
//!
//! A value goes behind the last one of its list or object and takes that one's indentation; in a file of one line it stays on
//! the line. Cutting takes the separator with it.

use super::super::json::{Json, Layout, Node, Value, break_line, quote};
use super::FRESH;
use std::iter::once;
use std::ops::Range;

/// Where a value goes.
pub(super) struct Seat<'a> {
    /// The list or object.
    pub(super) container: &'a Node,
    /// Its name, in an object.
    pub(super) name: Option<&'a str>,
    /// The value.
    pub(super) value: &'a Json,
}

/// The text with the value in its seat.
pub(super) fn append(text: &str, root: &Node, seat: &Seat<'_>) -> String {
    let whole = text.get(root.span.clone()).unwrap_or_default();
    let spread = whole.contains('\n') || children(root).is_empty();
    let unit = unit_of(text, root);
    let layout =
        Layout { unit: &unit, newline: if text.contains("\r\n") { "\r\n" } else { FRESH.newline } };
    let (at, piece) = match children(seat.container).last() {
        Some(last) => (last.end, behind(text, last, seat, spread.then_some(layout))),
        None => (seat.container.span.start + 1, inside(text, seat, spread.then_some(layout))),
    };
    let mut out = text.to_owned();
    out.insert_str(at, &piece);
    out
}

/// Behind the last value, in its column.
fn behind(text: &str, last: &Range<usize>, seat: &Seat<'_>, layout: Option<Layout<'_>>) -> String {
    let Some(layout) = layout else { return format!(", {}", inline(seat)) };
    let mut piece = String::from(",");
    let indentation = indentation(text, last.start);
    piece.push_str(layout.newline);
    piece.push_str(&indentation);
    piece.push_str(&spread_out(seat, layout, &indentation));
    piece
}

/// As the first value.
fn inside(text: &str, seat: &Seat<'_>, layout: Option<Layout<'_>>) -> String {
    let Some(layout) = layout else { return inline(seat) };
    let outer = indentation(text, seat.container.span.start);
    let inner = format!("{outer}{}", layout.unit);
    let mut piece = String::new();
    piece.push_str(layout.newline);
    piece.push_str(&inner);
    piece.push_str(&spread_out(seat, layout, &inner));
    break_line(&mut piece, layout, 0);
    piece.push_str(&outer);
    piece
}

fn inline(seat: &Seat<'_>) -> String {
    let mut piece = name(seat);
    piece.push_str(&seat.value.to_string());
    piece
}

fn name(seat: &Seat<'_>) -> String {
    let mut piece = String::new();
    if let Some(name) = seat.name {
        quote(&mut piece, name);
        piece.push_str(": ");
    }
    piece
}

/// Over several lines, each behind `indentation`: a JSON string holds no line break, so every one is of the layout.
fn spread_out(seat: &Seat<'_>, layout: Layout<'_>, indentation: &str) -> String {
    let lines = seat.value.pretty(layout, 0);
    let broken = format!("{}{indentation}", layout.newline);
    format!("{}{}", name(seat), lines.replace(layout.newline, &broken))
}

/// The bytes of each value of a list, or of each name with its value of an object.
fn children(node: &Node) -> Vec<Range<usize>> {
    match &node.value {
        Value::List(items) => items.iter().map(|item| item.span.clone()).collect(),
        Value::Map(members) => {
            members.iter().map(|member| member.name_span.start..member.node.span.end).collect()
        }
        Value::Scalar(_) => Vec::new(),
    }
}

/// The blanks at the start of the line of this byte.
fn indentation(text: &str, at: usize) -> String {
    let before = text.get(..at).unwrap_or_default();
    let line = before.rsplit('\n').next().unwrap_or_default();
    let line = line.strip_prefix('\u{FEFF}').unwrap_or(line);
    line.chars().take_while(|c| matches!(c, ' ' | '\t')).collect()
}

/// One level of indentation: that of the first value of the file, if it stands on a line of its own.
fn unit_of(text: &str, root: &Node) -> String {
    let first = children(root).into_iter().next();
    let unit = first.map(|first| indentation(text, first.start)).unwrap_or_default();
    if unit.is_empty() { FRESH.unit.to_owned() } else { unit }
}

/// What goes with the value at this place, from the back of the text: it and one separator, or all that stands between the
/// brackets. A remark that somebody wrote beside it stays.
pub(super) fn cut(text: &str, container: &Node, at: usize) -> Option<Vec<Range<usize>>> {
    let children = children(container);
    let this = children.get(at)?.clone();
    let before = at.checked_sub(1).and_then(|before| children.get(before));
    let next = children.get(at + 1);
    let (open, close) = (container.span.start + 1, container.span.end.checked_sub(1)?);
    let blank = |range: Range<usize>| {
        text.get(range).is_some_and(|part| part.trim().is_empty() || part.trim() == ",")
    };
    Some(match (before, next) {
        (Some(before), _) if blank(before.end..this.start) => once(before.end..this.end).collect(),
        (None, Some(next)) if blank(this.end..next.start) => once(this.start..next.start).collect(),
        (None, None) if blank(open..this.start) && blank(this.end..close) => {
            once(open..close).collect()
        }
        (before, next) => {
            let behind = this.end..next.map_or(close, |next| next.start);
            let ahead = before.map_or(open, |before| before.end)..this.start;
            match (comma(text, behind), comma(text, ahead)) {
                (Some(comma), _) => vec![comma..comma + 1, this],
                (None, Some(comma)) => vec![this, comma..comma + 1],
                (None, None) => vec![this],
            }
        }
    })
}

/// The comma in this stretch between two values, outside remarks.
fn comma(text: &str, range: Range<usize>) -> Option<usize> {
    let mut at = range.start;
    while at < range.end {
        let rest = text.get(at..range.end)?;
        at += match rest.as_bytes() {
            [b',', ..] => return Some(at),
            [b'/', b'/', ..] => rest.find('\n')?,
            [b'/', b'*', ..] => rest.find("*/")? + 2,
            _ => rest.chars().next()?.len_utf8(),
        };
    }
    None
}
