//! Whether a line of the table and a path can mean the same.
//!
//! On both sides `**` is any number of names; in the path, [`STAR`] and [`ONE`] stand for what a pattern leaves open, [`HOLE`] for
//! any text. The work is bounded by the product of the lengths.

use crate::shell::{HOLE, ONE, STAR, overlaps};

/// The longest path that is looked up; a longer one is no file (PATH_MAX is 4,096 on Linux), and counts as possible.
pub(super) const LONGEST: usize = 4096;

/// Whether something of this path is open.
pub(super) fn is_wild(path: &str) -> bool {
    // The three characters are none of ASCII, which is quicker to see than that they are not there.
    !path.is_ascii() && path.contains([STAR, ONE, HOLE]) || path.contains("**")
}

/// Whether the last names can be the same, which rules most lines out at once, and whether a pattern says which file is meant and
/// not just every one of a kind.
pub(super) fn aimed(parts: &[&str], line: &str) -> bool {
    let last = parts.last().copied().unwrap_or_default();
    let name = line.rsplit('/').next().unwrap_or(line);
    if name == "**" {
        return true;
    }
    if !is_wild(last) {
        return name.contains('*') || name == last;
    }
    if !line.starts_with("**") {
        return true;
    }
    says(last, name)
}

/// Of a name with patterns in it: whether it says enough to mean this name of the table, which stands anywhere.
fn says(last: &str, name: &str) -> bool {
    let plain: String = last.chars().filter(|c| !matches!(*c, STAR | ONE | HOLE | '*')).collect();
    if let Some(kind) = name.strip_prefix('*') {
        // `*.json`, `x*`: of an ending, its dot and a letter of it must be said.
        return kind.get(..2).is_some_and(|start| plain.contains(start))
            && !last.strip_prefix(STAR).is_some_and(|rest| rest.starts_with('.') && rest != kind);
    }
    if last.starts_with(STAR) && last.chars().nth(1) == Some('.') {
        return false;
    }
    // `*bytes*` and `service-account*.json` could be one name, but nobody means that one by it.
    if last.starts_with([STAR, HOLE])
        && let Some((_, end)) = name.rsplit_once('*')
        && !last.ends_with(end)
    {
        return false;
    }
    // One letter: `*s` tells nothing, `.e*` and `.???` do; a date in wildcards does not.
    const SHORT: usize = 8;
    plain.chars().count() >= 2 || (plain == "." && last.chars().count() <= SHORT)
}

/// As [`aimed`], for lines that stand for all below them: some name of the path must be the last of the line.
pub(super) fn aimed_at(parts: &[&str], line: &str) -> bool {
    let name = line.rsplit('/').next().unwrap_or(line);
    name.contains('*')
        || parts.iter().any(|part| *part == name || (is_wild(part) && *part != "**"))
            && (!line.starts_with("**")
                || parts.iter().any(|part| *part == name || says(part, name)))
}

/// Whether the path can be what the line means.
pub(crate) fn fits(parts: &[&str], line: &str) -> bool {
    !apart(parts, line) && reached(parts, line).last() == Some(&true)
}

/// Whether the path can be what the line means, or something below it.
pub(super) fn within(parts: &[&str], line: &str) -> bool {
    !apart(parts, line) && reached(parts, line).contains(&true)
}

/// Whether they part at a name before anything of either is open: most do at their first, and [`reached`] need not be asked.
fn apart(parts: &[&str], line: &str) -> bool {
    for (part, name) in parts.iter().zip(line.split('/')) {
        if name.contains('*') || is_wild(part) {
            return false;
        }
        if *part != name {
            return true;
        }
    }
    false
}

/// Whether what the line means lies below the path.
pub(super) fn starts(parts: &[&str], line: &str) -> bool {
    let names: Vec<&str> = line.split('/').collect();
    (parts.len()..names.len()).any(|len| {
        let head = names.get(..len).unwrap_or_default();
        // `/proc/cmdline` is no directory of processes.
        !head.iter().any(|name| name.contains('*')) && fits(parts, &head.join("/"))
    })
}

/// For every number of names of the path, whether the line can mean just those.
fn reached(parts: &[&str], line: &str) -> Vec<bool> {
    let mut reach = vec![false; parts.len() + 1];
    for (j, slot) in reach.iter_mut().enumerate() {
        *slot = j == 0;
        if j > 0 && parts.get(j - 1) != Some(&"**") {
            break;
        }
    }
    let mut names = line.split('/').peekable();
    while let Some(name) = names.next() {
        let any = name == "**";
        // At its end `**` means something below.
        let none = any && names.peek().is_some();
        let patterned = !any && name.contains('*');
        let starred = if patterned { name.replace('*', STAR_TEXT) } else { name.to_owned() };
        // Two names without patterns are the same text or never meet.
        let meets =
            |part: &str| part == name || (patterned || is_wild(part)) && overlaps(part, &starred);
        let mut next = vec![false; parts.len() + 1];
        for j in 0..=parts.len() {
            let get = |row: &[bool], at: usize| row.get(at).copied().unwrap_or(false);
            let part = j.checked_sub(1).and_then(|at| parts.get(at)).copied();
            // `**` of a path does not enter what is hidden, as in a shell and in a search.
            let open = part == Some("**") && !name.starts_with(['.', '~']);
            let skip = (none || open) && get(&reach, j);
            let longer = j > 0 && (any || open) && get(&next, j - 1);
            let same = j > 0 && get(&reach, j - 1) && part.is_some_and(|part| any || meets(part));
            if let Some(slot) = next.get_mut(j) {
                *slot = skip || longer || same;
            }
        }
        reach = next;
    }
    reach
}

/// [`STAR`] as a text.
const STAR_TEXT: &str = "\u{10FFF1}";
