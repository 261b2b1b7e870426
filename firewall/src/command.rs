//! Passwords among the words of a command line, in SQL's `IDENTIFIED BY`, and in calls that take a user and a
//! password side by side.
//!
//! Long options such as `--password x` are assignments and not read here.

use crate::finder::{Look, byte, is_blank, skip, skip_back, words};
use crate::hint::Kind;
use crate::noun::Noun;
use crate::value::{self, Shape};
use std::ops::Range;

/// Bytes of a command line that are read behind the program's name.
const LONGEST_LINE: usize = 300;
/// Longest literal.
const LONGEST_VALUE: usize = 128;

/// Programs with the option that a password stands behind, and whether it may stand in the same word.
const PROGRAMS: &[(&str, &str, bool)] = &[
    ("mysql", "-p", true),
    ("mysqldump", "-p", true),
    ("mysqladmin", "-p", true),
    ("docker login", "-p", false),
    ("sshpass", "-p", true),
    ("redis-cli", "-a", false),
    ("curl", "-u", false),
    ("curl", "--user", false),
    ("smbclient", "-U", false),
    ("mongo", "-p", false),
    ("mongodump", "-p", false),
    ("sqlcmd", "-P", false),
];

pub(crate) fn look(text: &[u8], hit: &Range<usize>, kind: Kind) -> Look {
    let nothing = Look::nothing(hit.end);
    if kind == Kind::Machine {
        return nothing;
    }
    let found = if byte(text, hit.end - 1) == b'(' {
        second_argument(text, hit.end)
    } else if byte(text, hit.end) == b'(' {
        second_argument(text, hit.end + 1)
    } else if text.get(hit.clone()).is_some_and(|word| word.eq_ignore_ascii_case(b"identified by"))
    {
        let at = skip(text, hit.end, LONGEST_VALUE, |b| b.is_ascii_whitespace());
        literal(text, at)
    } else {
        option(text, hit)
    };
    match found {
        Some(secret) if is_password(text, &secret) => Look::secret(secret, None),
        // An option's line is read in words up to its longest.
        _ => nothing.read(hit.end + LONGEST_LINE),
    }
}

fn is_password(text: &[u8], secret: &Range<usize>) -> bool {
    // The words of a command are literals, so a name of no kind stands for one that reads values as text.
    words(text, secret)
        .is_some_and(|value| value::is_secret(Noun::Password, &value, Shape::Quoted, Kind::Unknown))
}

/// The inside of a literal in single or double quotes that begins at `at`.
fn literal(text: &[u8], at: usize) -> Option<Range<usize>> {
    let quote = byte(text, at);
    if !matches!(quote, b'"' | b'\'') {
        return None;
    }
    let end = skip(text, at + 1, LONGEST_VALUE, |b| b != quote && b != b'\n');
    (byte(text, end) == quote && end > at + 1).then_some(at + 1..end)
}

/// The second literal behind an opening bracket.
fn second_argument(text: &[u8], at: usize) -> Option<Range<usize>> {
    let space = |at| skip(text, at, LONGEST_VALUE, |b| b.is_ascii_whitespace());
    let user = literal(text, space(at))?;
    let comma = space(user.end + 1);
    if byte(text, comma) != b',' {
        return None;
    }
    let password = literal(text, space(comma + 1))?;
    let ends = matches!(byte(text, space(password.end + 1)), b')' | b',');
    (ends && user.len() > 1).then_some(password)
}

fn option(text: &[u8], hit: &Range<usize>) -> Option<Range<usize>> {
    let start = skip_back(text, hit.start, 16, |b| {
        b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.')
    });
    let end =
        skip(text, hit.end, 16, |b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    let program = words(text, &(start..end))?;
    let line = skip(text, end, LONGEST_LINE, |b| b != b'\n' && b != b'|' && b != b';');
    let options = PROGRAMS
        .iter()
        .filter(|(name, ..)| *name == program || (program == "login" && *name == "docker login"));
    let mut at = end;
    let options: Vec<_> = options.collect();
    while at < line && !options.is_empty() {
        let from = skip(text, at, LONGEST_LINE, is_blank);
        let to = skip(text, from, LONGEST_LINE, |b| b > b' ').min(line);
        if from >= to {
            return None;
        }
        let word = text.get(from..to)?;
        for (_, flag, joined) in &options {
            let rest = word.strip_prefix(flag.as_bytes());
            if rest.is_some_and(<[u8]>::is_empty)
                && !(*joined && *flag == "-p" && program != "sshpass")
            {
                return argument(text, skip(text, to, 4, is_blank), line, program.as_str());
            }
            if *joined && rest.is_some_and(|rest| !rest.is_empty()) {
                return argument(text, from + flag.len(), line, program.as_str());
            }
        }
        at = to;
    }
    None
}

/// The word at `at`, without its quotes; behind the user where a program takes both in one.
fn argument(text: &[u8], at: usize, line: usize, program: &str) -> Option<Range<usize>> {
    let word = literal(text, at).unwrap_or_else(|| {
        at..skip(text, at, LONGEST_VALUE, |b| b > b' ' && !matches!(b, b'"' | b'\'' | b'`' | b')'))
            .min(line)
    });
    let sign = match program {
        "curl" => b':',
        "smbclient" => b'%',
        _ => return (!word.is_empty()).then_some(word),
    };
    let split = text.get(word.clone())?.iter().position(|b| *b == sign)?;
    let secret = word.start + split + 1..word.end;
    (!secret.is_empty()).then_some(secret)
}
