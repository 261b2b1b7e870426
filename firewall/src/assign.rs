//! A name that stands for a secret, a sign, a value: in code, settings, markup and tables of any language.
//!
//! Reads outward from a keyword's hit: the whole name, the sign behind it, then one literal. It evaluates
//! nothing and follows nothing; what it cannot read as a literal it leaves alone.

use crate::finder::{Look, byte, is_blank, skip, skip_back, words};
use crate::hint::{Form, Kind};
use crate::noun::{Noun, noun_of};
use crate::random;
use crate::value::{self, Shape};
use std::ops::Range;

/// Longer names are none.
const LONGEST_NAME: usize = 80;
/// Longer values are no passwords, and signed tokens have a kind of their own.
const LONGEST_VALUE: usize = 1024;
/// Columns of space that a table of settings is aligned with.
const WIDEST_GAP: usize = 40;

/// What stands between a name and its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sign {
    /// `=`, `:=`, `=>`, `:` with or without spaces.
    Sets { spaced: bool },
    /// `(` behind a function's name, or a comma between two literals.
    Gives,
    /// A comma behind a name, as in a test that compares: only what is random says that it belongs to it.
    Meets,
    /// `>` of an element.
    Opens,
    /// Nothing but space.
    Beside,
}

pub(crate) fn look(text: &[u8], hit: &Range<usize>, kind: Kind) -> Look {
    let name = name_around(text, hit);
    let nothing = Look::nothing(name.end);
    if name.len() > LONGEST_NAME || kind == Kind::Machine {
        return nothing;
    }
    // The sign is looked for before the name is judged: behind most words there is none, and that is cheap to see.
    let Some((sign, at)) = sign_after(text, &name).or_else(|| paired_value(text, name.end)) else {
        return nothing;
    };
    let Some(noun) = words(text, &name).and_then(|name| noun_of(&name)) else { return nothing };
    // What a string in code hands to a driver or a server stands there as in settings.
    let kind = if kind == Kind::Code && is_parameter(text, &name) { Kind::Text } else { kind };
    let Some((value, shape)) = value_at(text, at, sign, &name, kind) else { return nothing };
    let nothing = nothing.read(value.end);
    let Some(value) = trim(text, value, shape) else { return nothing };
    if value.start < name.end || !fits(text, &name, sign, shape, noun) {
        return nothing;
    }
    let secret = words(text, &value).is_some_and(|value| {
        let sure = sign != Sign::Meets || random::looks_random(value.as_bytes());
        sure && value::is_secret(noun, &value, shape, kind)
    });
    match secret {
        true if noun == Noun::Salt => Look::secret(value, Some(name)).lone(),
        true => Look::secret(value, Some(name)),
        false => nothing,
    }
}

/// Whether a name is one of the parameters behind a URL (`?password=`, `;password=` of JDBC), all in one literal.
fn is_parameter(text: &[u8], name: &Range<usize>) -> bool {
    const LONGEST_URL: usize = 512;
    let sign = name.start.saturating_sub(1);
    let url = skip_back(text, sign, LONGEST_URL, |b| b > b' ' && !is_quote(b));
    let before = text.get(url..sign).unwrap_or_default();
    matches!(byte(text, sign), b'?' | b'&' | b';') && memchr::memmem::find(before, b"://").is_some()
}

/// The name that the hit is part of.
fn name_around(text: &[u8], hit: &Range<usize>) -> Range<usize> {
    let in_name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'$');
    let start = skip_back(text, hit.start, LONGEST_NAME, in_name);
    let end = skip(text, hit.end, LONGEST_NAME, in_name);
    // Dots and dashes at the ends belong to what is around: `--password`, `.password`, `password->`.
    let start = skip(text, start, LONGEST_NAME, |b| matches!(b, b'-' | b'.' | b'$')).min(hit.start);
    let end = skip_back(text, end, LONGEST_NAME, |b| matches!(b, b'-' | b'.' | b'$')).max(hit.end);
    start..end
}

/// The value of a name that stands in a field of its own: `name: DB_PASSWORD` and a line with `value:`, an entry
/// of a property list, `<name>` and `<value>`.
fn paired_value(text: &[u8], at: usize) -> Option<(Sign, usize)> {
    let space = |at| skip(text, at, WIDEST_GAP, |b| b.is_ascii_whitespace());
    let quote = |at: usize| at + usize::from(is_quote(byte(text, at)));
    let begins = |at: usize, word: &[u8]| {
        let found = text.get(at..at + word.len())?;
        found.eq_ignore_ascii_case(word).then_some(at + word.len())
    };
    for (closes, opens) in [("</key>", "<string>"), ("</name>", "<value>")] {
        if let Some(end) = begins(at, closes.as_bytes()) {
            return begins(space(end), opens.as_bytes()).map(|at| (Sign::Opens, at));
        }
    }
    let end = quote(at);
    let comma = end + usize::from(byte(text, end) == b',');
    let next = quote(space(comma));
    let sign = skip(text, quote(begins(next, b"value")?), WIDEST_GAP, is_blank);
    let sets = next > at && matches!(byte(text, sign), b':' | b'=');
    sets.then_some((Sign::Sets { spaced: true }, sign + 1))
}

/// The sign behind a name and the offset behind that sign.
fn sign_after(text: &[u8], name: &Range<usize>) -> Option<(Sign, usize)> {
    let mut at = name.end;
    let quoted = matches!(byte(text, at), b'"' | b'\'' | b'`');
    if quoted {
        at += 1;
    } else if byte(text, at) == b'\\' && matches!(byte(text, at + 1), b'"' | b'\'') {
        at += 2;
    }
    if byte(text, at) == b']' {
        at += 1;
    }
    let gap = skip(text, at, WIDEST_GAP, is_blank);
    let (first, second) = (byte(text, gap), byte(text, gap + 1));
    let spaced = gap > at && is_blank(second);
    let sets = |len: usize| Some((Sign::Sets { spaced }, gap + len));
    match (first, second) {
        (b'=', b'=' | b'~') | (b':', b':') => None,
        (b'=', b'>') | (b':' | b'?', b'=') => sets(2),
        (b'|', b'|') if byte(text, gap + 2) == b'=' => sets(3),
        (b'=', _) => sets(1),
        (b':', _) => after_type(text, gap + 1)
            .map(|at| (Sign::Sets { spaced: true }, at))
            .or_else(|| sets(1)),
        (b'>', _) if gap == name.end && opens_element(text, name) => Some((Sign::Opens, gap + 1)),
        _ if gap > name.end && !quoted && opens_element(text, name) => {
            after_attributes(text, gap).map(|at| (Sign::Opens, at))
        }
        (b'(', _) if gap == name.end => Some((Sign::Gives, gap + 1)),
        (b',', _) if quoted && opens_pair(text, name) => Some((Sign::Gives, gap + 1)),
        (b',', _) if !quoted && gap == name.end => Some((Sign::Meets, gap + 1)),
        _ if gap > at && !quoted => Some((Sign::Beside, gap)),
        // `name="password" value="x"`.
        _ if quoted && gap > at => {
            attribute_value(text, gap).map(|at| (Sign::Sets { spaced: false }, at))
        }
        _ => None,
    }
}

/// The offset behind `TYPE =`, where a colon gives a type and the value follows.
fn after_type(text: &[u8], at: usize) -> Option<usize> {
    const LONGEST_TYPE: usize = 40;
    let of_type = |b: u8| {
        b.is_ascii_alphanumeric()
            || matches!(
                b,
                b' ' | b'&' | b'<' | b'>' | b'_' | b'.' | b'?' | b'[' | b']' | b'|' | b':' | b'*'
            )
    };
    let end = skip(text, at, LONGEST_TYPE, of_type);
    let sign =
        end > at + 1 && byte(text, end) == b'=' && !matches!(byte(text, end + 1), b'=' | b'>');
    let literal = skip(text, end + 1, WIDEST_GAP, is_blank);
    (sign && is_quote(byte(text, literal))).then_some(end + 1)
}

/// Whether a name in quotes is the first of what stands in brackets.
fn opens_pair(text: &[u8], name: &Range<usize>) -> bool {
    let quote = name.start.saturating_sub(1);
    let before = skip_back(text, quote, WIDEST_GAP, |b| b.is_ascii_whitespace());
    before.checked_sub(1).is_some_and(|at| matches!(byte(text, at), b'(' | b'[' | b'{'))
}

fn attribute_value(text: &[u8], at: usize) -> Option<usize> {
    text.get(at..)?.starts_with(b"value=\"").then_some(at + b"value=".len())
}

/// The offset behind the attributes of an element, where its text begins.
fn after_attributes(text: &[u8], at: usize) -> Option<usize> {
    let end = skip(text, at, 2 * WIDEST_GAP, |b| !matches!(b, b'<' | b'>' | b'\n'));
    (byte(text, end) == b'>' && byte(text, end - 1) != b'/').then_some(end + 1)
}

fn opens_element(text: &[u8], name: &Range<usize>) -> bool {
    name.start.checked_sub(1).is_some_and(|at| matches!(byte(text, at), b'<' | b':'))
}

fn is_quote(byte: u8) -> bool {
    matches!(byte, b'"' | b'\'' | b'`')
}

/// The range of the value behind a sign, and how it is written.
fn value_at(
    text: &[u8],
    at: usize,
    sign: Sign,
    name: &Range<usize>,
    kind: Kind,
) -> Option<(Range<usize>, Shape)> {
    if sign == Sign::Opens {
        let end = skip(text, at, LONGEST_VALUE, |b| b != b'<' && b != b'\n');
        return (byte(text, end) == b'<').then_some((at..end, Shape::Element));
    }
    let mut from = skip(text, at, WIDEST_GAP, is_blank);
    if byte(text, from) == b'\n' && sign != Sign::Beside {
        let next = skip(text, from, 2 * WIDEST_GAP, |b| b.is_ascii_whitespace());
        if !is_quote(byte(text, next)) {
            return None;
        }
        from = next;
    }
    // A shell runs what stands in these, and no other kind of settings has them.
    let runs = matches!(kind, Kind::Settings | Kind::Credentials(_)) && byte(text, from) == b'`';
    if runs {
        return None;
    }
    if let Some(value) = quoted_at(text, past_wrapper(text, from)) {
        return Some((value, Shape::Quoted));
    }
    let (Sign::Sets { spaced }, false) = (sign, byte(text, from) == b'\n') else {
        return bare_beside(text, from, name, kind).filter(|_| sign == Sign::Beside);
    };
    let end = skip(text, from, LONGEST_VALUE, |b| {
        b > b' ' && !matches!(b, b'"' | b'\'' | b'`' | b',' | b';' | b'<')
    });
    Some((from..end, if spaced { Shape::Spaced } else { Shape::Bare }))
}

/// Behind letters that mark a kind of literal, and behind calls that only wrap one.
fn past_wrapper(text: &[u8], at: usize) -> usize {
    const LONGEST_WRAPPER: usize = 48;
    let end = skip(text, at, LONGEST_WRAPPER, |b| {
        b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b':' | b' ')
    });
    let Some(call) = text.get(at..end) else { return at };
    if byte(text, end) == b'(' {
        let last = call.rsplit(|b| !b.is_ascii_alphanumeric()).next().unwrap_or_default();
        let wraps: [&[u8]; 14] = [
            b"from",
            b"new",
            b"some",
            b"string",
            b"str",
            b"b",
            b"bytes",
            b"secretstring",
            b"text",
            b"literal",
            b"of",
            b"valueof",
            b"secret",
            b"to_owned",
        ];
        let known = wraps.iter().any(|word| last.eq_ignore_ascii_case(word));
        return if known { end + 1 } else { at };
    }
    let prefix = skip(text, at, 2, |b| {
        matches!(b, b'b' | b'B' | b'r' | b'R' | b'u' | b'U' | b'L' | b'@' | b'&' | b'$')
    });
    if is_quote(byte(text, prefix)) { prefix } else { at }
}

/// The inside of a literal that begins here: single, triple, or with escaped quotes inside another literal.
fn quoted_at(text: &[u8], at: usize) -> Option<Range<usize>> {
    let escaped = byte(text, at) == b'\\' && is_quote(byte(text, at + 1));
    let open = if escaped { at + 1 } else { at };
    let quote = byte(text, open);
    if !is_quote(quote) {
        return None;
    }
    let triple = byte(text, open + 1) == quote && byte(text, open + 2) == quote;
    let start = if triple { open + 3 } else { open + 1 };
    let mut end = start;
    loop {
        end = skip(text, end, LONGEST_VALUE, |b| b != quote && b != b'\\' && b != b'\n');
        match byte(text, end) {
            b'\\' if escaped && byte(text, end + 1) == quote => return Some(start..end),
            b'\\' if !escaped => end += 2,
            b if b == quote && !escaped => return Some(start..end),
            _ => return None,
        }
        if end - start > LONGEST_VALUE {
            return None;
        }
    }
}

/// A word behind a name and a space: in netrc(5), behind `ENV`, `set` or an option.
fn bare_beside(
    text: &[u8],
    from: usize,
    name: &Range<usize>,
    kind: Kind,
) -> Option<(Range<usize>, Shape)> {
    let line = skip_back(text, name.start, 2 * LONGEST_NAME, |b| b != b'\n');
    let before = text.get(line..name.start).unwrap_or_default();
    let first = before.trim_ascii_start().split(u8::is_ascii_whitespace).next().unwrap_or_default();
    let known: [&[u8]; 5] = [b"machine", b"default", b"ENV", b"ARG", b"login"];
    let option = before.ends_with(b" --") || before == b"--";
    let alone = before.trim_ascii().is_empty()
        && text.get(name.clone()).is_some_and(|n| n.eq_ignore_ascii_case(b"requirepass"));
    let netrc = kind == Kind::Credentials(Form::Netrc);
    if !(known.contains(&first) || option || alone || netrc) {
        return None;
    }
    let end = skip(text, from, LONGEST_VALUE, |b| {
        b > b' ' && !matches!(b, b'"' | b'\'' | b'`' | b',' | b';')
    });
    let shape = if option || byte(text, end) == b'"' { Shape::Bare } else { Shape::Element };
    (end > from).then_some((from..end, shape))
}

/// Without the signs around a bare value that belong to its surroundings: the next parameter of a query, a
/// bracket that closes what was opened in front of the name.
fn trim(text: &[u8], value: Range<usize>, shape: Shape) -> Option<Range<usize>> {
    let bytes = text.get(value.clone())?;
    if shape == Shape::Quoted || shape == Shape::Element {
        return (!bytes.trim_ascii().is_empty()).then_some(value);
    }
    let query = bytes
        .iter()
        .position(|b| *b == b'&')
        .filter(|at| bytes.get(*at..).is_some_and(|rest| rest.contains(&b'=')));
    let mut end = value.start + query.unwrap_or(bytes.len());
    while byte(text, end.saturating_sub(1)) == b'\\' && end > value.start {
        end -= 1;
    }
    for (open, close) in [(b'(', b')'), (b'{', b'}'), (b'[', b']')] {
        let inside = text.get(value.start..end).unwrap_or_default();
        if byte(text, end.saturating_sub(1)) == close && !inside.contains(&open) {
            end -= 1;
        }
    }
    (end > value.start).then_some(value.start..end)
}

/// Whether a name, its sign and its value can belong together.
fn fits(text: &[u8], name: &Range<usize>, sign: Sign, shape: Shape, noun: Noun) -> bool {
    match sign {
        Sign::Sets { .. } | Sign::Opens => true,
        Sign::Beside => shape == Shape::Quoted && noun == Noun::Password || shape != Shape::Quoted,
        Sign::Gives => shape == Shape::Quoted && gives(text, name),
        Sign::Meets => shape == Shape::Quoted && noun == Noun::Token,
    }
}

/// Whether a function of this name takes a secret rather than a place, a message or a name of one.
fn gives(text: &[u8], name: &Range<usize>) -> bool {
    const READS: &[&str] = &[
        "get", "read", "load", "fetch", "find", "check", "is", "has", "validate", "verify",
        "prompt", "ask", "env", "getenv", "parse", "format", "label", "require", "missing",
        "invalid", "delete", "remove", "reset", "forgot", "hash", "encode", "input", "show",
        "hide", "field", "no", "next", "expect", "consume", "match",
    ];
    let name = words(text, name).unwrap_or_default();
    let last = name.rsplit('.').next().unwrap_or_default();
    if last.eq_ignore_ascii_case("pass") {
        return false;
    }
    let verb_end =
        last.find(|c: char| c == '_' || c == '-' || c.is_ascii_uppercase()).filter(|at| *at > 0);
    let verb = last.get(..verb_end.unwrap_or(last.len())).unwrap_or_default().to_ascii_lowercase();
    !READS.contains(&verb.as_str())
}
