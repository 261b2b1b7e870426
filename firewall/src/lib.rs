//! Pure verdicts on text: credential rules and redaction.
//!
//! The rules are data in `rules/*.yaml` (docs/formats/credential-rules.md), read at build time. Everything
//! here is a function of its arguments: no file, no clock, no network, and no secret in any output.

mod check;
mod cleartext;
mod engine;
#[cfg(test)]
mod format;
mod mark;
mod random;
mod redact;
mod rule;
#[cfg(test)]
mod tests;

pub use cleartext::Cleartext;
pub use engine::{Engine, Match};
pub use redact::Redacted;
pub use rule::{RULES, Rule};

/// Every secret in `text`, by position.
#[must_use]
pub fn find(text: &[u8]) -> Vec<Match> {
    Engine::builtin().find(text)
}

/// `text` with a mark in place of every secret.
#[must_use]
pub fn redact(text: &str) -> Redacted {
    Engine::builtin().redact(text)
}

/// The kind of secret in clear that one scalar of a configuration file holds, judged with the key it stands
/// under.
#[must_use]
pub fn find_cleartext(value: &str, key_hint: Option<&str>) -> Option<Cleartext> {
    Engine::builtin().find_cleartext(value, key_hint)
}
