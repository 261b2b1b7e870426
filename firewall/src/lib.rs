//! Pure verdicts on text: credential rules and redaction.
//!
//! The rules are data in `rules/*.yaml` (docs/formats/credential-rules.md), read at build time. Everything
//! here is a function of its arguments: no file, no clock, no network, and no secret in any output.

pub mod agents;
mod armour;
mod assign;
mod base64;
mod check;
mod cleartext;
mod command;
mod credential_file;
mod decode;
mod engine;
mod finder;
#[cfg(test)]
mod format;
mod hint;
#[cfg(test)]
mod hostile;
mod mark;
mod matcher;
mod noun;
pub mod packages;
mod prefilter;
mod random;
#[cfg(test)]
mod reach;
mod redact;
mod rule;
mod scheme;
mod search;
mod sensitive;
pub mod shell;
#[cfg(test)]
mod tests;
mod url;
pub mod validation;
mod value;
mod words;

pub use cleartext::Cleartext;
pub use decode::Layer;
pub use engine::{Engine, Match};
pub use redact::Redacted;
pub use rule::{RULES, Rule};
pub use validation::Validation;

/// Every secret in `text`, by position.
#[must_use]
pub fn find(text: &[u8]) -> Vec<Match> {
    Engine::builtin().find(text)
}

/// Every secret in the text of a file with this name or path, by position. The path is only read as text: some
/// files are known by their names to hold credentials, some to hold none but exact kinds.
#[must_use]
pub fn find_in(text: &[u8], path: Option<&str>) -> Vec<Match> {
    Engine::builtin().find_in(text, path)
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
