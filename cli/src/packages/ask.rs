//! The hook's end: one question to the service, with a deadline.

use super::wire::{Answer, FORMAT, Name, Question};
use sanctum_firewall::packages::{Known, Wanted};
use sanctum_host::questions;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// What the service takes less time than its asker waits, so that an answer is not cut off on its way.
const MARGIN: Duration = Duration::from_millis(50);

/// What is known of these names; what nobody answered is not among them.
#[must_use]
pub fn known(socket: &Path, wanted: &[&Wanted], patience: Duration) -> BTreeMap<Name, Known> {
    let names: Vec<Name> = wanted.iter().map(|w| name(w)).collect();
    if names.is_empty() {
        return BTreeMap::new();
    }
    let answers = ask(socket, names.clone(), patience).map(|answer| answer.answers);
    let answers = answers.filter(|answers| answers.len() == names.len()).unwrap_or_default();
    names.into_iter().zip(answers.into_iter().map(Known::from)).collect()
}

/// The name as it is asked.
#[must_use]
pub fn name(wanted: &Wanted) -> Name {
    Name {
        ecosystem: wanted.ecosystem.word().to_owned(),
        name: wanted.name.clone(),
        version: wanted.version.clone(),
    }
}

/// One question; none where nobody answers in time or understands it.
#[must_use]
pub fn ask(socket: &Path, names: Vec<Name>, patience: Duration) -> Option<Answer> {
    let within = patience.saturating_sub(MARGIN).as_millis();
    let within_ms = u64::try_from(within).unwrap_or(u64::MAX);
    let question = serde_json::to_vec(&Question { format: FORMAT, names, within_ms }).ok()?;
    let answer = questions::ask(socket, &question, patience).ok()?;
    serde_json::from_slice::<Answer>(&answer).ok().filter(|answer| answer.format == FORMAT)
}
