//! Changes of which it is known beforehand how they read.
//!
//! A scalar of one line that ends its line, between block collections, gives way to another such scalar in the same column. What
//! follows did not continue the old one, so it continues no new one; what is written are printable letters of ASCII, and the few rules of a
//! plain scalar are checked here. The invariant: [`edit`] answers only where reading the whole text again would find the new leaf
//! and every other as it was (a property test holds it against that). Deliberately absent: tags, anchors, blocks, brackets, and
//! every value of which more would have to be known.

use super::{
    leaves::Target,
    place::{self, Edit},
    quote::{self, Spot},
    resolve,
    tree::{Kind, Node, Style, Tree},
};
use crate::sops::text::{Scalar, What};

/// The edit that puts `new` onto `target`; `None` where only reading the result would tell.
pub(super) fn edit(tree: &Tree, text: &str, target: Target, new: &What) -> Option<Edit> {
    match (target, new) {
        (Target::Value { id, around }, What::Value(value)) if !around.flow => {
            let Node { span, tag: None, anchor: None, kind } = tree.node(id)? else { return None };
            let Kind::Scalar { style: Style::Plain, .. } = kind else { return None };
            let old = place::cut(text, span.clone());
            let stands_apart = place::cut(text, 0..span.start).ends_with(' ');
            if !stands_apart || !is_line(old) || !ends_line(text, span.end) {
                return None;
            }
            let written = quote::scalar(value, Spot { flow: false, block: None, newline: "\n" });
            reads_as(&written.inline, value)
                .then(|| Edit { range: span.clone(), new: written.inline })
        }
        (Target::Comment(number), What::Comment(new))
            if new.bytes().all(is_letter) && !new.ends_with(' ') =>
        {
            let range = tree.comments.get(number)?.range.clone();
            (place::cut(text, range.clone()).starts_with('#') && ends_line(text, range.end))
                .then(|| Edit::new(range, format!("#{}", **new)))
        }
        _ => None,
    }
}

fn is_letter(byte: u8) -> bool {
    matches!(byte, b' '..=b'~')
}

fn is_line(text: &str) -> bool {
    // Two searches for one byte each are a tenth of one for either.
    !text.is_empty() && !text.contains('\n') && !text.contains('\r')
}

fn ends_line(text: &str, offset: usize) -> bool {
    let rest = place::cut(text, offset..text.len());
    rest.starts_with('\n') || rest.starts_with("\r\n")
}

/// Whether a scalar in this writing is `value`.
fn reads_as(written: &str, value: &Scalar) -> bool {
    let Scalar::Str(text) = value else {
        return is_plain(written)
            && resolve::scalar(None, true, written).is_ok_and(|found| found == *value);
    };
    let is_printable = || text.bytes().all(is_letter);
    match written.as_bytes() {
        // Between single quotes only they mean anything; between double ones only they and the backslash, which are escaped.
        [b'\'', .., b'\''] => {
            written.len() == text.len() + 2 && !text.contains('\'') && is_printable()
        }
        [b'"', .., b'"'] => is_printable(),
        _ => written == text.as_str() && is_plain(written) && resolve::is_text(written),
    }
}

/// Whether letters are one plain scalar wherever a value may stand, by the strictest reading of YAML's rules.
fn is_plain(written: &str) -> bool {
    let first =
        |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'_' | b'+' | b'(');
    let parts = |pair: &[u8]| matches!(pair, [b':', b' '] | [b' ', b'#']);
    written.bytes().all(is_letter)
        && written.as_bytes().first().is_some_and(first)
        && !written.as_bytes().windows(2).any(parts)
        && !written.ends_with([' ', ':'])
}
