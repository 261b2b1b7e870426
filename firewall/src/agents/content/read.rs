//! Reading, searching and fetching.

use super::super::paths::{self, Place, Use};
use super::super::request::Judgement;
use super::Policy;
use super::write::credential;

/// Reads these paths; `content` is what would be read, where the agent shows it.
pub(super) fn judge(
    paths: &[String],
    content: Option<&str>,
    place: &Place,
    policy: &Policy<'_>,
) -> Judgement {
    if let Some(met) = paths.iter().find_map(|path| paths::meet(path, place, Use::Read)) {
        return Judgement::deny(format!("Reads {}: {}", met.what, met.shown));
    }
    let path = paths.first().map(String::as_str).unwrap_or_default();
    let found = content.and_then(|content| credential(content, path, &[], policy));
    match found {
        Some((title, line)) => {
            Judgement::deny(format!("Reads a file with a secret ({title}, line {line}): {path}"))
        }
        None => Judgement::allow(),
    }
}

/// Searches below these directories.
pub(super) fn judge_search(roots: &[String], globs: &[String], place: &Place) -> Judgement {
    let here = [".".to_owned()];
    let roots = if roots.is_empty() { &here } else { roots };
    if let Some(met) = roots.iter().find_map(|root| paths::meet_below(root, globs, place)) {
        return Judgement::deny(format!("Searches {}: {}", met.what, met.shown));
    }
    match roots.iter().find(|root| paths::covers_secrets(root, place)) {
        Some(root) => Judgement::ask(format!(
            "Searches a directory that holds credentials: {}",
            paths::normal(root, place)
        )),
        None => Judgement::allow(),
    }
}

/// Addresses at which clouds give credentials to whoever asks from inside (their instance metadata services).
const METADATA: &[&str] =
    &["169.254.169.254", "169.254.170.2", "fd00:ec2::254", "metadata.google.internal"];

/// Fetches an address.
pub(super) fn judge_fetch(target: &str, place: &Place) -> Judgement {
    let lower = target.to_ascii_lowercase();
    if lower.starts_with("file:")
        && let Some(met) = paths::meet(target, place, Use::Read)
    {
        return Judgement::deny(format!("Reads {}: {}", met.what, met.shown));
    }
    if METADATA.iter().any(|address| lower.contains(address)) {
        return Judgement::deny("Reads credentials of a cloud instance from its metadata service");
    }
    match crate::Engine::guarding().find(target.as_bytes()).first() {
        Some(found) => {
            Judgement::deny(format!("Sends a secret ({}) in an address", found.rule.title))
        }
        None => Judgement::allow(),
    }
}
