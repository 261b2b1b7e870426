//! The limits that hold before the parser sees a text.
//!
//! Brackets are counted without regard to quotes, so the depth is never underestimated: a text that passes cannot nest deeper
//! than [`MAX_DEPTH`]. The bounds were measured with brush-parser 0.4.0 (docs/decisions/0008-shell-parser.md): `case` in `case`
//! doubles its time with each level, and an integer of eleven digits before a redirection ends it with a panic.

use super::super::effect::Reason;
use super::super::value::{HOLE, ONE, STAR};

/// Bytes of one text. An agent's command is a few hundred; scripts that are written to a shell stay below this.
pub(in super::super) const MAX_TEXT: usize = 64 * 1024;

/// Open brackets, or open compound commands.
const MAX_DEPTH: usize = 40;

/// Open parentheses: when they are never closed, each doubles the parser's time (0.6 ms at twelve, 150 ms at twenty).
const MAX_PARENTHESES: usize = 12;

/// `case` in `case`: 0.6 ms at eight levels, 38 ms at twelve.
const MAX_CASE: usize = 6;

/// Digits in a row before a redirection; `i32` holds nine for certain.
const MAX_DIGITS: usize = 9;

/// Words that open a compound command, and how they close.
const OPENERS: [&str; 7] = ["if", "do", "case", "then", "else", "elif", "coproc"];
const CLOSERS: [&str; 3] = ["fi", "done", "esac"];

/// Refuses what would take the parser too much stack or time.
pub(super) fn check(text: &str) -> Result<(), Reason> {
    if text.len() > MAX_TEXT {
        return Err(Reason::TooLong);
    }
    let (mut depth, mut parentheses, mut digits) = (0_usize, 0_usize, 0_usize);
    // Ten thousand pipes or separators are no command of a person's; each is a node of the tree.
    let mut joints = 0_usize;
    for byte in text.bytes() {
        match byte {
            b'(' => parentheses += 1,
            b')' => parentheses = parentheses.saturating_sub(1),
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'<' | b'>' if digits > MAX_DIGITS => return Err(Reason::Syntax),
            b'|' | b';' | b'&' | b'!' => joints += 1,
            _ => {}
        }
        digits = if byte.is_ascii_digit() { digits + 1 } else { 0 };
        if depth > MAX_DEPTH || parentheses > MAX_PARENTHESES {
            return Err(Reason::TooDeep);
        }
    }
    if joints > MAX_TEXT / 8 {
        return Err(Reason::TooMuch);
    }
    if has_odd_document(text) {
        return Err(Reason::Syntax);
    }
    words(text)
}

/// Whether a here-document has an end that nobody writes. From some of them the parser never comes back: an end that is the empty text, a
/// substitution or a comment where its name should be. Quotes around it all are not regarded; in arithmetic `<<` shifts.
fn has_odd_document(text: &str) -> bool {
    let (mut rest, mut opened, mut closed) = (text, 0_usize, 0_usize);
    while let Some((before, from)) = rest.find("<<").and_then(|at| rest.split_at_checked(at)) {
        opened += before.matches("((").count();
        closed += before.matches("))").count();
        rest = from.trim_start_matches('<');
        let run = from.len() - rest.len();
        let shifts = opened > closed && has_plain_number(rest);
        // Three are a text of one line; of seven, as in a conflict of git's, the last is a redirection.
        if run % 3 == 2 && !shifts && !has_plain_name(rest) {
            return true;
        }
    }
    false
}

/// `1 << 2`, `<< bits`, `<<$n`, `<< (a + b)`.
fn has_plain_number(text: &str) -> bool {
    let text = text.trim_start_matches([' ', '\t', '=']);
    let text = text.strip_prefix('$').unwrap_or(text);
    text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
        || text
            .strip_prefix('(')
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphanumeric()))
}

/// `-EOF`, ` 'EOF'`, ` "EOF"`, ` \\EOF` in front of the end of a word.
fn has_plain_name(text: &str) -> bool {
    let text = text.strip_prefix('-').unwrap_or(text).trim_start_matches([' ', '\t']);
    let quote = text.chars().next().filter(|c| matches!(c, '\'' | '"'));
    let text = text.trim_start_matches(['\\']);
    let text = quote.and_then(|quote| text.strip_prefix(quote)).unwrap_or(text);
    let is_plain =
        |c: char| !(c.is_whitespace() || c.is_control() || "'\"\\$`#|&;()<>".contains(c));
    let behind = text.trim_start_matches(is_plain);
    let ends = |c: char| c == ' ' || c == '\t' || c == '\n' || "|&;()<>".contains(c);
    let behind_quote = match quote {
        Some(quote) => behind.strip_prefix(quote),
        None => Some(behind),
    };
    behind.len() < text.len()
        && behind_quote.is_some_and(|rest| rest.chars().next().is_none_or(ends))
}

fn words(text: &str) -> Result<(), Reason> {
    let (mut compound, mut case) = (0_usize, 0_usize);
    for word in text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_') {
        if word == "case" {
            case += 1;
        } else if word == "esac" {
            case = case.saturating_sub(1);
        }
        if OPENERS.contains(&word) {
            compound += 1;
        } else if CLOSERS.contains(&word) {
            compound = compound.saturating_sub(1);
        }
        // A prose of many "if" and "do" in quotes is rare at this length and only makes the verdict an `ask`.
        if case > MAX_CASE || compound > 4 * MAX_DEPTH {
            return Err(Reason::TooDeep);
        }
    }
    Ok(())
}

/// Replaces the characters that stand for unknown text, which nobody else may bring in.
pub(in super::super) fn clean(text: &str) -> std::borrow::Cow<'_, str> {
    if text.contains([HOLE, STAR, ONE, '\0']) {
        std::borrow::Cow::Owned(text.replace([HOLE, STAR, ONE, '\0'], "\u{fffd}"))
    } else {
        std::borrow::Cow::Borrowed(text)
    }
}
