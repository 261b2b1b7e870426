//! Whether one scalar of a configuration file is a secret in clear.
//!
//! What the answer says can be printed: the kind, never the value. References to secrets pass.

use crate::engine::Engine;
use crate::rule::{RULES, Rule};
use crate::{mark, random};
use std::fmt;

/// The rule that stands for values which only their key gives away.
const ASSIGNED: &str = "assigned-secret";

/// A secret in clear, by kind.
#[derive(Clone, Copy, Debug)]
pub struct Cleartext {
    /// The kind of credential it looks like.
    pub rule: &'static Rule,
}

impl fmt::Display for Cleartext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a secret in clear ({}: {})", self.rule.id, self.rule.title)
    }
}

impl Cleartext {
    /// `line` for an error message: without `value`, and without everything after the first colon when the
    /// file spells the value in another way than it reads.
    #[must_use]
    pub fn hide(&self, line: &str, value: &str) -> String {
        let mark = mark::mark_for(self.rule, value);
        let hidden = if !value.is_empty() && line.contains(value) {
            line.replace(value, &mark)
        } else {
            let key = line.split_inclusive(':').next().filter(|key| key.ends_with(':'));
            format!("{} {mark}", key.unwrap_or_default()).trim_start_matches(' ').to_owned()
        };
        Engine::builtin().redact(&hidden).text
    }
}

impl Engine {
    /// The kind of secret that `value` holds: an exact kind wherever it stands in the value, or a value that
    /// looks like a secret under a key that names one (`key_hint`, such as `db_password`).
    #[must_use]
    pub fn find_cleartext(&self, value: &str, key_hint: Option<&str>) -> Option<Cleartext> {
        let exact = self.find(value.as_bytes()).into_iter().next().map(|found| found.rule);
        let named = || {
            let key = key_hint.filter(|key| random::is_scalar_secret(key, value.trim()))?;
            RULES.iter().find(|rule| rule.id == ASSIGNED && !key.is_empty())
        };
        exact.or_else(named).map(|rule| Cleartext { rule })
    }
}
