//! From the text of an instance file to a validated instance, or to everything that is wrong with it.
//!
//! The order is: size, secrets in clear text, structure, keys and words, types, meaning. Each stage gives all its
//! mistakes and the first stage with mistakes ends the reading; secrets are reported beside whatever else is wrong. No
//! stage opens a file, and nothing that is shown repeats a secret that was found.

use super::cleartext::{CleartextCheck, Secrets};
use super::model::Instance;
use super::{older, schema, shape, tree, validate, vault};
use sanctum_types::Diagnostic;
use serde_saphyr::Error as YamlError;
use std::fmt;

/// Largest file that is read: a house of 200 services has 60 KiB.
pub const MAX_BYTES: usize = 1024 * 1024;

/// Most mistakes that one refusal lists: a terminal shows no more, and a hostile file must not fill a disk.
const MAX_SHOWN: usize = 100;

/// An instance that passed every check.
#[derive(Clone, Debug, PartialEq)]
pub struct Loaded {
    /// The house.
    pub instance: Instance,
    /// What is allowed and still worth a look.
    pub warnings: Vec<Diagnostic>,
}

/// A file that was refused, with everything that is wrong and nothing that is secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// Path as it is shown.
    pub path: String,
    /// Mistakes in the order of the file.
    pub diagnostics: Vec<Diagnostic>,
    shown: Vec<Option<(String, usize)>>,
}

impl std::error::Error for Rejected {}

impl fmt::Display for Rejected {
    /// Every mistake as `path:line:col: message`, the line, a caret and the hint; secrets are replaced.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, (mistake, shown)) in self.diagnostics.iter().zip(&self.shown).enumerate() {
            if n > 0 {
                writeln!(f)?;
            }
            write!(f, "{}:{}:{}: {}", self.path, mistake.line, mistake.col, mistake.message)?;
            if let Some((line, col)) = shown {
                // The caret is laid out over the redacted line, which may be shorter than the file's.
                let pad: String = line
                    .chars()
                    .take(col - 1)
                    .map(|c| if c == '\t' { '\t' } else { ' ' })
                    .collect();
                write!(f, "\n  {line}\n  {pad}^")?;
            }
            if let Some(hint) = &mistake.hint {
                write!(f, "\n  hint: {hint}")?;
            }
        }
        Ok(())
    }
}

/// Reads, checks and judges the text of an instance file; `path` is only shown.
pub fn load(text: &str, path: &str, check: &dyn CleartextCheck) -> Result<Loaded, Rejected> {
    let mut secrets = Secrets::default();
    read(text, check, &mut secrets).map_err(|mut diagnostics| {
        for mistake in &mut diagnostics {
            mistake.message = secrets.hide_in(text, &mistake.message);
            mistake.hint = mistake.hint.take().map(|hint| secrets.hide_in(text, &hint));
        }
        diagnostics.extend(secrets.remarks(text));
        diagnostics.sort();
        diagnostics.dedup();
        let more = diagnostics.len().saturating_sub(MAX_SHOWN);
        diagnostics.truncate(MAX_SHOWN);
        if let (Some(last), 1..) = (diagnostics.last_mut(), more) {
            last.hint = Some(format!("{more} more mistakes follow"));
        }
        // A text that is too large was not searched for secrets, so nothing of it is shown.
        let text = if text.len() > MAX_BYTES { "" } else { text };
        let shown = diagnostics.iter().map(|d| secrets.line(text, d.line, d.col)).collect();
        Rejected { path: path.to_owned(), diagnostics, shown }
    })
}

fn read(
    text: &str,
    check: &dyn CleartextCheck,
    secrets: &mut Secrets,
) -> Result<Loaded, Vec<Diagnostic>> {
    if text.len() > MAX_BYTES {
        let message = format!("the file has {} bytes; at most {MAX_BYTES} are read", text.len());
        return Err(vec![Diagnostic::new(1, 1, message)]);
    }
    *secrets = Secrets::of_text(text, check);
    let tree = tree::parse(text)?;
    secrets.add_values(&tree, check);
    if let Some(remark) = older::remark(&tree) {
        return Err(vec![remark]);
    }
    let strangers = shape::judge(&tree, schema::tree());
    if !strangers.is_empty() {
        return Err(strangers);
    }
    let mut instance: Instance = typed(text).map_err(|mistake| vec![mistake])?;
    let faults = vault::complete(&mut instance);
    let mut judged = validate::judge(&instance);
    judged.problems.extend(faults);
    vault::relocate(&instance, &mut judged.problems);
    let mistakes: Vec<Diagnostic> = judged.problems.iter().map(|p| p.diagnostic(&tree)).collect();
    if !mistakes.is_empty() || secrets.any() {
        return Err(mistakes);
    }
    let warnings = judged.warnings.iter().map(|w| w.diagnostic(&tree)).collect();
    Ok(Loaded { instance, warnings })
}

/// serde's reading; its first mistake with the place.
fn typed(text: &str) -> Result<Instance, Diagnostic> {
    let options = serde_saphyr::options! {
        strict_booleans: true,
        with_snippet: false,
    };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        let at = error.location();
        let place = |n: Option<u64>| n.and_then(|n| usize::try_from(n).ok()).unwrap_or(1).max(1);
        Diagnostic::new(
            place(at.map(|at| at.line())),
            place(at.map(|at| at.column())),
            words(&error),
        )
    })
}

fn words(error: &YamlError) -> String {
    match error.without_snippet() {
        YamlError::Message { msg, .. } => msg.clone(),
        YamlError::SerdeInvalidType { unexpected, expected, .. }
        | YamlError::SerdeInvalidValue { unexpected, expected, .. } => {
            format!("expected {expected}, found {unexpected}")
        }
        YamlError::InvalidScalar { ty, .. } => format!("not a valid {ty}"),
        YamlError::Unexpected { expected, .. } => format!("expected {expected}"),
        YamlError::NullIntoString { .. } => "expected a text, found nothing".to_owned(),
        YamlError::InvalidBooleanStrict { .. } => "expected `true` or `false`".to_owned(),
        other => other.to_string().lines().next().unwrap_or("not readable").to_owned(),
    }
}
