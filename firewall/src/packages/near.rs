//! Names that are nearly a well known one: a slip of the fingers, other separators, look-alikes, swapped parts, a part added.
//!
//! The distance is Damerau's and Levenshtein's without restriction, so it is symmetric and keeps the triangle inequality.

use super::top;
use crate::shell::Ecosystem;

/// How a name is near.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum How {
    /// The same but for separators.
    Separators,
    /// Characters that look alike.
    LooksAlike,
    /// So many slips.
    Slips(usize),
    /// The same parts in another order.
    Order,
    /// A well known name with a part that says nothing.
    Added,
}

/// A well known name that is near.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Near {
    /// The well known name.
    pub name: &'static str,
    /// How it is near.
    pub how: How,
}

/// Parts that make a name look like the well known one's own.
const SAYING_NOTHING: [&str; 22] = [
    "js", "py", "python", "python3", "node", "nodejs", "npm", "pip", "rs", "rust", "go",
    "official", "real", "latest", "new", "lib", "pkg", "package", "module", "install", "2", "3",
];
/// Shorter names have too many neighbours: of three letters nearly every name is one slip from another.
const SHORTEST: usize = 4;
/// From this length two slips count.
const LONG: usize = 9;

/// More letters than separators, slips and letters of two bytes account for.
const FAR: usize = 8;

/// Slips between two names: insertions, deletions, exchanges and swaps of neighbours.
#[must_use]
pub fn distance(left: &str, right: &str) -> usize {
    strsim::damerau_levenshtein(left, right)
}

/// The well known name that this one is nearly; none for one that is itself well known.
#[must_use]
pub fn near(ecosystem: Ecosystem, name: &str) -> Option<Near> {
    if name.len() > 128 || top::well_known(ecosystem, name) {
        return None;
    }
    let bare = last_part(ecosystem, name);
    let (joined, looks, parts) = (joined(bare), looks(bare), parts(bare));
    let mut best: Option<Near> = None;
    for known in top::names(ecosystem) {
        let short = last_part(ecosystem, known);
        // Another scope or host with the same last part is another's package, and usual.
        if short == bare || short.len() < SHORTEST || scoped(name) != scoped(known) {
            continue;
        }
        // Separators and slips change a length little; only a part that was added changes it more.
        if parts.len() == 1 && short.len().abs_diff(bare.len()) > FAR {
            continue;
        }
        let how = how(bare, short, &joined, &looks, &parts);
        if let Some(how) = how
            && best.is_none_or(|found| how < found.how)
        {
            best = Some(Near { name: known, how });
        }
    }
    best
}

/// Well known names for one that is not there: at most three, the nearest first.
#[must_use]
pub fn nearest(ecosystem: Ecosystem, name: &str) -> Vec<&'static str> {
    if name.len() > 128 {
        return Vec::new();
    }
    let most = (name.len() / 4).clamp(1, 3);
    let joined = joined(name);
    let mut found: Vec<(usize, &'static str)> = top::names(ecosystem)
        .filter(|known| known.len().abs_diff(name.len()) <= most)
        .map(|known| {
            let same = super::near::joined(known) == joined;
            (if same { 0 } else { distance(name, known) }, known)
        })
        .filter(|(slips, _)| *slips <= most)
        .collect();
    // A known name inside ours is what was meant, too.
    let inside = top::names(ecosystem).filter(|known| {
        known.len() > SHORTEST && name.split(['-', '_', '.', '/']).any(|part| part == *known)
    });
    found.extend(inside.map(|known| (most + 1, known)));
    found.sort_unstable();
    found.dedup_by_key(|(_, name)| *name);
    found.into_iter().take(3).map(|(_, name)| name).collect()
}

fn how(
    bare: &str,
    known: &str,
    joined_bare: &str,
    looks_bare: &str,
    parts_bare: &[&str],
) -> Option<How> {
    if joined_bare.len() >= SHORTEST && joined_bare == joined(known) {
        return Some(How::Separators);
    }
    if looks_bare == looks(known) {
        return Some(How::LooksAlike);
    }
    let (a, b) = (bare.chars().count(), known.chars().count());
    let shorter = a.min(b);
    let allowed = if shorter >= LONG { 2 } else { usize::from(shorter > SHORTEST) };
    if a.abs_diff(b) <= allowed && allowed > 0 {
        let slips = distance(bare, known);
        // A digit more or less is another version of the thing, not a slip (`boto3`, `flake8`).
        let numbered = strip_digits(bare) == strip_digits(known);
        if slips <= allowed && !numbered && !another_part(bare, known, slips) {
            return Some(How::Slips(slips));
        }
    }
    if parts_bare.len() > 1 {
        let theirs = parts(known);
        if theirs.len() == parts_bare.len() && theirs == *parts_bare {
            return Some(How::Order);
        }
        let added = parts_bare.iter().filter(|part| SAYING_NOTHING.contains(part)).count();
        let rest: Vec<&str> =
            parts_bare.iter().copied().filter(|part| !SAYING_NOTHING.contains(part)).collect();
        if added > 0 && known.len() > SHORTEST && rest == theirs {
            return Some(How::Added);
        }
    }
    None
}

/// Whether one part stands for another with which it has nothing in common: `eslint-plugin-n` is no slip for `-qq`.
fn another_part(bare: &str, known: &str, slips: usize) -> bool {
    let separated = |name| str::split(name, ['-', '_', '.', '/']);
    if separated(bare).count() != separated(known).count() {
        return false;
    }
    let mut differing = separated(bare).zip(separated(known)).filter(|(a, b)| a != b);
    let (Some((a, b)), None) = (differing.next(), differing.next()) else { return false };
    slips >= a.chars().count().max(b.chars().count())
}

/// Behind the scope or the host: what a person types.
fn last_part(ecosystem: Ecosystem, name: &str) -> &str {
    match ecosystem {
        Ecosystem::Npm => name.split_once('/').map_or(name, |(_, last)| last),
        // The owner's name is as easily misspelled as the module's: all behind the host counts.
        Ecosystem::Go => name.split_once('/').map_or(name, |(_, rest)| rest),
        _ => name,
    }
}

fn scoped(name: &str) -> Option<&str> {
    name.split_once('/').map(|(scope, _)| scope)
}

fn joined(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '-' | '_' | '.')).collect()
}

fn strip_digits(name: &str) -> String {
    name.chars().filter(|c| !c.is_ascii_digit() && !matches!(c, '-' | '_' | '.')).collect()
}

fn parts(name: &str) -> Vec<&str> {
    let mut parts: Vec<&str> = name.split(['-', '_', '.']).filter(|p| !p.is_empty()).collect();
    parts.sort_unstable();
    parts
}

/// Characters that are taken for one another become one (Unicode's confusables among letters, and digits for letters).
fn looks(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        out.push(match c {
            '0' | 'о' | 'ο' => 'o',
            '1' | 'і' | 'ı' | '|' | 'ӏ' => 'l',
            'а' | 'α' => 'a',
            'е' | 'ё' => 'e',
            'с' => 'c',
            'р' | 'ρ' => 'p',
            'х' | 'χ' => 'x',
            'у' | 'γ' => 'y',
            'ѕ' => 's',
            'ԁ' => 'd',
            'ј' => 'j',
            'ո' => 'n',
            'ѵ' | 'ν' => 'v',
            c => c,
        });
    }
    out.replace("rn", "m").replace("vv", "w")
}
