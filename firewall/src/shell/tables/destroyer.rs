//! Programs that destroy or switch off, by subcommand and option: `destroyers.txt`.

use super::super::value::{STAR, Text, matches};

const TABLE: &str = include_str!("destroyers.txt");

/// What a row says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Verdict {
    Deny,
    Ask,
    Off,
}

/// A row that matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Hit {
    pub(in super::super) verdict: Verdict,
    pub(in super::super) what: &'static str,
}

/// The first row that fits.
pub(in super::super) fn destroyer(program: &str, args: &[Text]) -> Option<Hit> {
    let known = stem(program);
    rows(known).find_map(|line| {
        let mut cells = line.split('|');
        let verdict = match cells.next()? {
            "deny" => Verdict::Deny,
            "ask" => Verdict::Ask,
            "off" => Verdict::Off,
            _ => return None,
        };
        if !cells.next()?.split(',').any(|name| name == known) {
            return None;
        }
        let (words, needs, unless, what) =
            (cells.next()?, cells.next()?, cells.next()?, cells.next()?);
        let fits = subsequence(words, args)
            && (needs.is_empty() || any_option(needs, args))
            && (unless.is_empty() || !any_option(unless, args));
        fits.then_some(Hit { verdict, what })
    })
}

/// The name by which the table knows a program: `mkfs.ext4` is `mkfs`.
fn stem(program: &str) -> &str {
    match program {
        _ if program.starts_with("mkfs.") => "mkfs",
        _ if program.starts_with("newfs_") => "newfs",
        other => other,
    }
}

/// The rows in which a word stands somewhere, in order. Every command asks for its program, and few stand there at all.
fn rows(word: &str) -> impl Iterator<Item = &'static str> {
    let found = memchr::memmem::find_iter(TABLE.as_bytes(), word.as_bytes()).collect::<Vec<_>>();
    let mut end = 0;
    found.into_iter().filter_map(move |at| {
        // Once a row, however often it says it.
        if at < end {
            return None;
        }
        let begin = TABLE.get(..at)?.rfind('\n').map_or(0, |end| end + 1);
        end = TABLE.get(at..)?.find('\n').map_or(TABLE.len(), |length| at + length);
        TABLE.get(begin..end)
    })
}

/// The words in order; the first among the first few, as options with values may stand before.
fn subsequence(words: &str, args: &[Text]) -> bool {
    const EARLY: usize = 5;
    let mut plain = args
        .iter()
        .filter(|a| !a.s.starts_with('-') || a.s == "-" || words.contains(" -"))
        .enumerate();
    for (nth, word) in words.split(' ').filter(|w| !w.is_empty()).enumerate() {
        let found = plain
            .by_ref()
            .find(|(_, arg)| word.split(',').any(|w| fits(w, &arg.s.to_ascii_lowercase())));
        match found {
            Some((at, _)) if nth > 0 || at < EARLY => {}
            _ => return false,
        }
    }
    true
}

fn fits(pattern: &str, text: &str) -> bool {
    if pattern.contains('*') {
        matches(&pattern.replace('*', &STAR.to_string()), text)
    } else {
        pattern == text
    }
}

fn any_option(options: &str, args: &[Text]) -> bool {
    options.split(',').any(|option| {
        args.iter().any(|arg| {
            let s = arg.s.as_str();
            s == option
                || s.strip_prefix(option).is_some_and(|rest| rest.starts_with('='))
                || (option.contains('*') && fits(option, s))
                || cluster(option, s)
        })
    })
}

/// `-n` in `-nv`.
fn cluster(option: &str, arg: &str) -> bool {
    let (Some(letter), Some(letters)) = (option.strip_prefix('-'), arg.strip_prefix('-')) else {
        return false;
    };
    letter.chars().count() == 1
        && letters.len() <= 5
        && letters.chars().all(|c| c.is_ascii_alphabetic())
        && letters.contains(letter)
}
