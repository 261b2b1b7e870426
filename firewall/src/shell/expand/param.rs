//! The text between `${` and `}`.

/// A parameter expansion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Param {
    pub(super) name: String,
    pub(super) index: Option<String>,
    pub(super) indirect: bool,
    pub(super) op: Op,
}

/// What is done with the value. Words and patterns are raw text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Op {
    None,
    Length,
    /// `${!prefix*}`, `${!array[@]}`: names, not values.
    Names,
    /// `-`, `=`, `?`, `+`, with a colon or not.
    Default {
        kind: char,
        word: String,
    },
    Trim {
        front: bool,
        longest: bool,
        pattern: String,
    },
    Slice {
        offset: String,
        length: Option<String>,
    },
    Replace {
        pattern: String,
        with: String,
        how: How,
    },
    Case {
        upper: bool,
        all: bool,
    },
    /// `@Q` and its relatives.
    Transform(char),
}

/// Where a pattern must match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    First,
    All,
    Prefix,
    Suffix,
}

impl Param {
    pub(super) fn plain(name: &str) -> Self {
        Self { name: name.to_owned(), index: None, indirect: false, op: Op::None }
    }
}

/// Reads it; `None` when it is none that bash knows.
pub(super) fn param(inner: &str) -> Option<Param> {
    if let Some(name) = inner.strip_prefix('#')
        && !name.is_empty()
        && let Some((name, index, "")) = name_index(name)
    {
        return Some(Param { name, index, indirect: false, op: Op::Length });
    }
    let (indirect, rest) = match inner.strip_prefix('!') {
        Some(rest)
            if !rest.is_empty() && !rest.starts_with([':', '-', '=', '+', '?', '#', '%', '/']) =>
        {
            (true, rest)
        }
        _ => (false, inner),
    };
    let (name, index, rest) = name_index(rest)?;
    if indirect && (matches!(rest, "*" | "@") || matches!(index.as_deref(), Some("@" | "*"))) {
        return Some(Param { name, index, indirect: false, op: Op::Names });
    }
    Some(Param { name, index, indirect, op: op(rest)? })
}

fn name_index(text: &str) -> Option<(String, Option<String>, &str)> {
    let first = text.chars().next()?;
    let end = if first == '_' || first.is_ascii_alphabetic() {
        text.find(|c: char| c != '_' && !c.is_ascii_alphanumeric()).unwrap_or(text.len())
    } else if first.is_ascii_digit() {
        text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len())
    } else if matches!(first, '@' | '*' | '#' | '?' | '-' | '$' | '!') {
        1
    } else {
        return None;
    };
    let (name, rest) = text.split_at_checked(end)?;
    match rest.strip_prefix('[') {
        Some(rest) => {
            let (index, rest) = rest.split_once(']')?;
            Some((name.to_owned(), Some(index.to_owned()), rest))
        }
        None => Some((name.to_owned(), None, rest)),
    }
}

fn op(rest: &str) -> Option<Op> {
    let mut chars = rest.chars();
    let Some(first) = chars.next() else { return Some(Op::None) };
    let tail = chars.as_str();
    Some(match first {
        ':' => match tail.chars().next() {
            Some(kind @ ('-' | '=' | '?' | '+')) => {
                Op::Default { kind, word: tail.get(1..)?.to_owned() }
            }
            _ => {
                let (offset, length) = match tail.split_once(':') {
                    Some((offset, length)) => (offset, Some(length.trim().to_owned())),
                    None => (tail, None),
                };
                Op::Slice { offset: offset.trim().to_owned(), length }
            }
        },
        '-' | '=' | '?' | '+' => Op::Default { kind: first, word: tail.to_owned() },
        '#' | '%' => {
            let longest = tail.starts_with(first);
            let pattern = if longest { tail.get(1..)? } else { tail };
            Op::Trim { front: first == '#', longest, pattern: pattern.to_owned() }
        }
        '/' => replace(tail),
        '^' | ',' => Op::Case { upper: first == '^', all: tail.starts_with(first) },
        '@' => Op::Transform(tail.chars().next()?),
        _ => return None,
    })
}

fn replace(tail: &str) -> Op {
    let (how, tail) = match tail.chars().next() {
        Some('/') => (How::All, tail.get(1..).unwrap_or("")),
        Some('#') => (How::Prefix, tail.get(1..).unwrap_or("")),
        Some('%') => (How::Suffix, tail.get(1..).unwrap_or("")),
        _ => (How::First, tail),
    };
    let (pattern, with) = split_unescaped(tail);
    Op::Replace { pattern, with, how }
}

/// At the first slash that is neither escaped nor quoted nor in a nested expansion.
fn split_unescaped(tail: &str) -> (String, String) {
    let (mut quote, mut depth, mut skip) = (None, 0_usize, false);
    for (i, c) in tail.char_indices() {
        if skip {
            skip = false;
            continue;
        }
        match c {
            '\\' => skip = true,
            '\'' | '"' if quote == Some(c) => quote = None,
            '\'' | '"' if quote.is_none() => quote = Some(c),
            '{' | '(' => depth += 1,
            '}' | ')' => depth = depth.saturating_sub(1),
            '/' if quote.is_none() && depth == 0 => {
                let (pattern, rest) = tail.split_at_checked(i).unwrap_or((tail, ""));
                return (pattern.to_owned(), rest.strip_prefix('/').unwrap_or("").to_owned());
            }
            _ => {}
        }
    }
    (tail.to_owned(), String::new())
}
