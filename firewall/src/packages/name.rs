//! What one word of an install names: a package and, where it says one exactly, a version.
//!
//! The name is in the form in which its registry compares names. Deliberately absent: ranges of versions; which one a range
//! means is the registry's to say.

use crate::shell::{Ecosystem, unaliased};

/// What a word says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Spelling {
    /// This package.
    Named {
        /// As the registry compares names.
        name: String,
        /// Exactly this version.
        version: Option<String>,
    },
    /// Part of the name is not known before the command runs.
    Unclear,
    /// No name of a registry.
    NoName,
}

/// The longest name of any registry (npm 214, Go's module paths beyond that).
const LONGEST: usize = 512;

/// Reads a word such as `left-pad@1.3.0`, `requests[socks]>=2`, `conda-forge::numpy=1.26`.
#[must_use]
pub fn read(ecosystem: Ecosystem, word: &str) -> Spelling {
    let word = word.trim();
    let (name, version) = match ecosystem {
        Ecosystem::Npm => npm(word),
        Ecosystem::Pypi => pypi(word),
        Ecosystem::Cargo => at(word, "@"),
        Ecosystem::Go => at(word, "@"),
        Ecosystem::Gem => at(word, ":"),
        Ecosystem::Conda => conda(word),
        // `python@3.12` is a name.
        Ecosystem::Brew => (word, None),
    };
    if name.contains('*') {
        return Spelling::Unclear;
    }
    let plain = |c: char| !c.is_control() && !c.is_whitespace() && !"\"'`<>(){}|;&$".contains(c);
    if name.is_empty() || name.len() > LONGEST || name.starts_with('-') || !name.chars().all(plain)
    {
        return Spelling::NoName;
    }
    let version = version.map(|v| v.trim_start_matches(['=', ' ', 'v'])).filter(|v| exact(v));
    let version = match ecosystem {
        // Versions of Go keep their `v`.
        Ecosystem::Go => version.map(|v| format!("v{v}")),
        _ => version.map(str::to_owned),
    };
    Spelling::Named { name: normal(ecosystem, name), version }
}

/// A name as its registry compares it.
#[must_use]
pub fn normal(ecosystem: Ecosystem, name: &str) -> String {
    match ecosystem {
        // PEP 503.
        Ecosystem::Pypi => {
            let mut out = String::with_capacity(name.len());
            for c in name.chars() {
                match c {
                    '-' | '_' | '.' if out.ends_with('-') => {}
                    '-' | '_' | '.' => out.push('-'),
                    c => out.extend(c.to_lowercase()),
                }
            }
            out
        }
        // `-` and `_` are one to the registry of crates.
        Ecosystem::Cargo => name.to_lowercase().replace('_', "-"),
        Ecosystem::Npm | Ecosystem::Conda | Ecosystem::Brew => name.to_lowercase(),
        // Paths of modules and names of gems have their case.
        Ecosystem::Go | Ecosystem::Gem => name.to_owned(),
    }
}

/// `1.2.3` and the like, not `^1`, `latest` or `1.x`.
fn exact(version: &str) -> bool {
    version.starts_with(|c: char| c.is_ascii_digit())
        && version.bytes().all(|b| b.is_ascii_alphanumeric() || b".-+_!".contains(&b))
        && !version.contains(".x")
        && version.contains('.')
}

fn at<'a>(word: &'a str, mark: &str) -> (&'a str, Option<&'a str>) {
    match word.split_once(mark) {
        Some((name, version)) => (name, Some(version)),
        None => (word, None),
    }
}

fn npm(word: &str) -> (&str, Option<&str>) {
    let (word, beside) = unaliased(word);
    if beside.is_some() {
        return (word, beside);
    }
    // The first `@` of a scope is no mark of a version.
    let begin = usize::from(word.starts_with('@'));
    let cut = word.get(begin..).and_then(|rest| rest.find('@')).map(|at| at + begin);
    match cut {
        Some(cut) => (word.get(..cut).unwrap_or(word), word.get(cut + 1..)),
        None => (word, None),
    }
}

/// PEP 508: the name ends where extras, a comparison, a marker or an address begins.
fn pypi(word: &str) -> (&str, Option<&str>) {
    let part = |c: char| c.is_ascii_alphanumeric() || "-_.*".contains(c) || !c.is_ascii();
    let end = word.find(|c: char| !part(c)).unwrap_or(word.len());
    let (name, rest) = word.split_at(end);
    let rest = rest.split(';').next().unwrap_or(rest);
    let version = rest.split_once("==").map(|(_, version)| version.trim_start_matches('='));
    // `uvx tool@1.2` is uv's own spelling.
    let version = version.or_else(|| rest.strip_prefix('@').filter(|v| !v.contains("://")));
    let version = version.map(|v| v.split([',', ' ']).find(|p| !p.is_empty()).unwrap_or(""));
    (name, version)
}

fn conda(word: &str) -> (&str, Option<&str>) {
    let word = word.rsplit_once("::").map_or(word, |(_, name)| name);
    let word = word.split_once('[').map_or(word, |(name, _)| name);
    let end = word.find(['=', '<', '>', '!', ' ', '~']).unwrap_or(word.len());
    let (name, rest) = word.split_at(end);
    let version = rest.trim_start_matches('=').split('=').next();
    (name, version.filter(|_| rest.starts_with('=')))
}
