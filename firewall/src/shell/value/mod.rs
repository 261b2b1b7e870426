//! Values of the abstract interpreter: known text, one of several, text with holes, unknown.
//!
//! A [`Text`] is a string in which three private characters stand for what is not known: a hole (any text), a star and a single
//! character of a pattern. A [`Value`] is a short list of alternatives. Beside its text a value carries where it came from
//! ([`Taint`]): taint is only ever added, so noise cannot wash a secret clean.

mod path;
mod pattern;

pub(super) use path::{base, normal, shown};
pub(crate) use pattern::overlaps;
pub(super) use pattern::{matches, trim};

use std::rc::Rc;

/// Any text, the empty one too.
pub(crate) const HOLE: char = '\u{10FFF0}';
/// Any text without a slash, from an unquoted `*`.
pub(crate) const STAR: char = '\u{10FFF1}';
/// One character, from an unquoted `?` or `[...]`.
pub(crate) const ONE: char = '\u{10FFF2}';

/// Alternatives of one value; more become a hole.
pub(super) const MAX_ALTERNATIVES: usize = 24;

/// Bytes of one text; a command's output longer than this is a hole.
pub(super) const MAX_BYTES: usize = 128 * 1024;

/// Where a value came from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Taint {
    /// Came over the network.
    pub(super) remote: bool,
    /// Came out of a decoder.
    pub(super) decoded: bool,
    /// Holds this secret: a path, variable or store, never its value.
    pub(super) secret: Option<Rc<str>>,
    /// From a variable of the owner's environment, which the text neither set nor can.
    pub(super) environment: bool,
    /// Holds unknown output of a command or a file, so that nothing is known of who wrote it.
    pub(super) foreign: bool,
    /// One of the names of all variables (`${!a*}`, `compgen -v`).
    pub(super) listed: bool,
    /// The secret must not even be shown: a variable of the environment.
    pub(super) loud: bool,
    /// Whether it holds ids of processes.
    pub(super) ids: Ids,
}

/// Ids of processes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Ids {
    /// None that are known of.
    #[default]
    None,
    /// Of some processes.
    Some,
    /// Of processes that guard the machine.
    Guards,
}

impl Taint {
    pub(super) fn add(&mut self, other: &Self) {
        self.remote |= other.remote;
        self.decoded |= other.decoded;
        self.loud |= other.loud;
        self.listed |= other.listed;
        self.environment |= other.environment;
        self.foreign |= other.foreign;
        if self.secret.is_none() {
            self.secret.clone_from(&other.secret);
        }
        self.ids = self.ids.max(other.ids);
    }

    pub(super) fn secret(what: &str) -> Self {
        Self { secret: Some(Rc::from(what)), ..Self::default() }
    }

    /// A secret that must not be shown either.
    pub(super) fn loud(what: &str) -> Self {
        Self { loud: true, ..Self::secret(what) }
    }

    pub(super) fn remote() -> Self {
        Self { remote: true, ..Self::default() }
    }
}

/// One alternative.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Text {
    pub(super) s: String,
    pub(super) taint: Taint,
}

impl Text {
    pub(super) fn lit(text: &str) -> Self {
        Self { s: text.to_owned(), taint: Taint::default() }
    }

    pub(super) fn hole() -> Self {
        Self { s: HOLE.to_string(), taint: Taint::default() }
    }

    pub(super) fn tainted(taint: Taint) -> Self {
        Self { s: HOLE.to_string(), taint }
    }

    /// The text, when nothing of it is unknown.
    pub(super) fn known(&self) -> Option<&str> {
        (!self.s.contains([HOLE, STAR, ONE])).then_some(self.s.as_str())
    }

    pub(super) fn has_hole(&self) -> bool {
        self.s.contains(HOLE)
    }

    pub(super) fn has_pattern(&self) -> bool {
        self.s.contains([STAR, ONE])
    }

    pub(super) fn push(&mut self, other: &Self) {
        if self.s.len() + other.s.len() > MAX_BYTES {
            self.s = HOLE.to_string();
        } else {
            self.s.push_str(&other.s);
        }
        self.taint.add(&other.taint);
    }

    /// For a person: what is not known is a `*`.
    pub(super) fn shown(&self) -> String {
        self.s.chars().map(|c| if matches!(c, HOLE | STAR | ONE) { '*' } else { c }).collect()
    }

    /// As the text of a file or stream: a star or question mark that did not match anything is itself.
    pub(super) fn literal(&self) -> Self {
        Self { s: self.s.replace(STAR, "*").replace(ONE, "?"), taint: self.taint.clone() }
    }
}

/// Alternatives; never empty.
pub(super) type Value = Vec<Text>;

/// One known text.
pub(super) fn known(text: &str) -> Value {
    vec![Text::lit(text)]
}

/// Nothing known.
pub(super) fn unknown() -> Value {
    vec![Text::hole()]
}

/// Nothing known but where it came from.
pub(super) fn from(taint: Taint) -> Value {
    vec![Text::tainted(taint)]
}

/// The taint of all alternatives.
pub(super) fn taint(value: &[Text]) -> Taint {
    let mut all = Taint::default();
    for text in value {
        all.add(&text.taint);
    }
    all
}

/// Adds a taint to every alternative.
pub(super) fn stain(mut value: Value, taint: &Taint) -> Value {
    for text in &mut value {
        text.taint.add(taint);
    }
    value
}

/// The one known text, when there is exactly one.
pub(super) fn single(value: &[Text]) -> Option<&str> {
    match value {
        [one] => one.known(),
        _ => None,
    }
}

/// Either of both.
pub(super) fn either(mut left: Value, right: Value) -> Value {
    for text in right {
        if !left.contains(&text) {
            left.push(text);
        }
    }
    bounded(left)
}

/// One after the other, every alternative with every other.
pub(super) fn concat(left: &[Text], right: &[Text]) -> Value {
    let mut all = Vec::new();
    for first in left {
        for second in right {
            let mut text = first.clone();
            text.push(second);
            all.push(text);
            if all.len() > MAX_ALTERNATIVES {
                let mut stained = taint(left);
                stained.add(&taint(right));
                return from(stained);
            }
        }
    }
    all
}

/// Applies a function to every known alternative; an unknown one stays unknown with its taint.
pub(super) fn map(value: &[Text], f: impl Fn(&str) -> Option<String>) -> Value {
    value
        .iter()
        .map(|text| {
            let s = text.known().and_then(&f).filter(|s| s.len() <= MAX_BYTES);
            Text { s: s.unwrap_or_else(|| HOLE.to_string()), taint: text.taint.clone() }
        })
        .collect()
}

fn bounded(value: Value) -> Value {
    if value.len() > MAX_ALTERNATIVES { from(taint(&value)) } else { value }
}
