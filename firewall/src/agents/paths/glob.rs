//! Whether two patterns of names can mean the same path.
//!
//! `*` and `?` stay within a component, `**` is any number of them, `[…]` counts as any one character and `{…}` as any text: what
//! cannot be known is taken as possible. The work is bounded by the product of the lengths.

use crate::shell::{HOLE, ONE, STAR};

/// The longest path that is compared; a longer one is no file (PATH_MAX is 4,096 on Linux) and counts as possible.
const LONGEST: usize = 4096;

/// Whether some path is meant by both.
pub(crate) fn overlap(pattern: &str, path: &str, ignore_case: bool) -> bool {
    if path.len() > LONGEST {
        return true;
    }
    let fold = |text: &str| if ignore_case { text.to_lowercase() } else { text.to_owned() };
    let (pattern, path) = (fold(pattern), fold(path));
    let left: Vec<&str> = pattern.split('/').collect();
    let right: Vec<&str> = path.split('/').collect();
    parts(&left, &right)
}

/// A path with the characters that the table of sensitive paths knows for what a pattern leaves open.
pub(super) fn opened(path: &str) -> String {
    let names = path.split('/').map(|name| match name {
        "**" => name.to_owned(),
        _ => letters(name)
            .into_iter()
            .map(|letter| match letter {
                Letter::Is(c) => c,
                Letter::One => ONE,
                Letter::Any => STAR,
                Letter::Either => HOLE,
            })
            .collect(),
    });
    names.collect::<Vec<String>>().join("/")
}

/// Components against components, with `**` on either side.
fn parts(left: &[&str], right: &[&str]) -> bool {
    // reach[j]: whether left so far and the first j of right can mean the same.
    let mut reach = vec![false; right.len() + 1];
    for (j, slot) in reach.iter_mut().enumerate() {
        *slot = j == 0 || right.iter().take(j).all(|part| *part == "**");
    }
    for part in left {
        let mut next = vec![false; right.len() + 1];
        for j in 0..=right.len() {
            let get = |row: &[bool], at: usize| row.get(at).copied().unwrap_or(false);
            let other = j.checked_sub(1).and_then(|at| right.get(at));
            let other_any = other == Some(&"**");
            let skip = (*part == "**" || other_any) && get(&reach, j);
            let longer = j > 0 && (*part == "**" || other_any) && get(&next, j - 1);
            let same =
                j > 0 && get(&reach, j - 1) && other.is_some_and(|other| component(part, other));
            if let Some(slot) = next.get_mut(j) {
                *slot = skip || longer || same;
            }
        }
        reach = next;
    }
    reach.last().copied().unwrap_or(false)
}

/// One letter of a component: itself, any one, or any text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Letter {
    Is(char),
    One,
    Any,
    /// One of several texts.
    Either,
}

fn component(left: &str, right: &str) -> bool {
    if left == right || left == "**" || right == "**" {
        return true;
    }
    let wild = |text: &str| text.contains(['*', '?', '[', '{']);
    if !wild(left) && !wild(right) {
        return false;
    }
    // A shell's `*` leaves out names that begin with a dot.
    if left.starts_with('.') && right.starts_with(['*', '?', '[']) {
        return false;
    }
    let plain = |letter| if letter == Letter::Either { Letter::Any } else { letter };
    let all = |text| letters(text).into_iter().map(plain).collect::<Vec<_>>();
    let (left, right) = (all(left), all(right));
    let mut reach: Vec<bool> = vec![false; right.len() + 1];
    for (j, slot) in reach.iter_mut().enumerate() {
        *slot = right.iter().take(j).all(|letter| *letter == Letter::Any);
    }
    for letter in &left {
        let mut next = vec![false; right.len() + 1];
        for j in 0..=right.len() {
            let get = |row: &[bool], at: usize| row.get(at).copied().unwrap_or(false);
            let other = j.checked_sub(1).and_then(|at| right.get(at)).copied();
            let any = *letter == Letter::Any || other == Some(Letter::Any);
            let same = match (*letter, other) {
                (_, None) => false,
                (Letter::Is(a), Some(Letter::Is(b))) => a == b,
                (_, Some(_)) => true,
            };
            let skip = (*letter == Letter::Any && get(&reach, j))
                || (other == Some(Letter::Any) && j > 0 && get(&next, j - 1));
            let longer = j > 0
                && any
                && (get(&reach, j) && other == Some(Letter::Any)
                    || *letter == Letter::Any && get(&next, j - 1));
            if let Some(slot) = next.get_mut(j) {
                *slot = skip || longer || (j > 0 && same && get(&reach, j - 1));
            }
        }
        reach = next;
    }
    reach.last().copied().unwrap_or(false)
}

fn letters(text: &str) -> Vec<Letter> {
    let mut out = Vec::new();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match c {
            '*' => out.push(Letter::Any),
            '?' => out.push(Letter::One),
            '[' if rest.as_str().contains(']') => {
                while rest.next().is_some_and(|c| c != ']') {}
                out.push(Letter::One);
            }
            '{' if rest.as_str().contains('}') => {
                while rest.next().is_some_and(|c| c != '}') {}
                out.push(Letter::Either);
            }
            c => out.push(Letter::Is(c)),
        }
    }
    out
}
