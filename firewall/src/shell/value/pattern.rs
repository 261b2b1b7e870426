//! Patterns: whether one text can be another, and the pattern operators of parameter expansion.
//!
//! [`overlaps`] decides whether two texts with unknown characters have a text in common, component by component; [`matches`]
//! is the ordinary match of a shell pattern against known text. Both are dynamic programmes: no input makes them slow.

use super::{HOLE, ONE, STAR};

/// Whether the two can be the same text. On the `left` (what the command says) a leading star does not stand for a dot.
pub(crate) fn overlaps(left: &str, right: &str) -> bool {
    let a: Vec<char> = left.chars().collect();
    let b: Vec<char> = right.chars().collect();
    // A pattern that starts with a star or a single character never means a hidden file.
    if matches!(a.first(), Some(&(STAR | ONE))) && b.first() == Some(&'.') {
        return false;
    }
    let many = |c: char| matches!(c, HOLE | STAR);
    let mut row = vec![false; b.len() + 1];
    for i in 0..=a.len() {
        let mut next = vec![false; b.len() + 1];
        for j in 0..=b.len() {
            let (x, y) =
                (i.checked_sub(1).and_then(|i| a.get(i)), j.checked_sub(1).and_then(|j| b.get(j)));
            let up = i > 0 && row.get(j) == Some(&true);
            let left = j > 0 && next.get(j - 1) == Some(&true);
            let diagonal = i > 0 && j > 0 && row.get(j - 1) == Some(&true);
            let here = (i == 0 && j == 0)
                || (up && x.is_some_and(|&x| many(x)))
                || (left && y.is_some_and(|&y| many(y)))
                || (up && y.is_some_and(|&y| many(y)))
                || (left && x.is_some_and(|&x| many(x)))
                || (diagonal && x.zip(y).is_some_and(|(&x, &y)| x == y || x == ONE || y == ONE));
            if let Some(cell) = next.get_mut(j) {
                *cell = here;
            }
        }
        row = next;
    }
    row.last() == Some(&true)
}

/// Whether a known text matches a shell pattern (in which `STAR` and `ONE` are the active characters).
pub(in super::super) fn matches(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let mut row: Vec<bool> = vec![true];
    for &c in &pattern {
        let last = row.last() == Some(&true) && matches!(c, STAR | HOLE);
        row.push(last);
    }
    for t in text.chars() {
        let mut next = vec![false];
        for (i, &p) in pattern.iter().enumerate() {
            let (diagonal, left, up) = (
                row.get(i) == Some(&true),
                next.get(i) == Some(&true),
                row.get(i + 1) == Some(&true),
            );
            next.push(match p {
                STAR | HOLE => left || up,
                ONE => diagonal,
                _ => diagonal && p == t,
            });
        }
        row = next;
    }
    row.last() == Some(&true)
}

/// Removes what matches at one end: `${x#p}` and its relatives. `longest` is the doubled operator.
pub(in super::super) fn trim(text: &str, pattern: &str, front: bool, longest: bool) -> String {
    // The match is tried at every boundary; a text of this length is a command, not a book.
    const MAX: usize = 4096;
    if text.len() > MAX {
        return HOLE.to_string();
    }
    let mut cuts: Vec<usize> = text.char_indices().map(|(i, _)| i).chain([text.len()]).collect();
    if front == longest {
        cuts.reverse();
    }
    for cut in cuts {
        let Some((head, tail)) = text.split_at_checked(cut) else { continue };
        let (part, rest) = if front { (head, tail) } else { (tail, head) };
        if matches(pattern, part) {
            return rest.to_owned();
        }
    }
    text.to_owned()
}
