//! What a rotation needs of this process: the clock, the journal, the screen, and the person at it.

use crate::commands::Context;
use crate::commands::secrets::Clipboard;
use crate::failure::Failure;
use crate::record::Recorder;
use sanctum_host::{clock, passphrase};
use sanctum_orchestrator::alerts::alert::LINT;
use sanctum_orchestrator::rotate::due::ROTATED;
use sanctum_orchestrator::rotate::trouble::{Trouble, trouble};
use sanctum_orchestrator::rotate::{Crew, Prepared};
use sanctum_rotation::{KeyId, Notice, Record};
use sanctum_types::{Action, AuditEvent, NotRecorded, Outcome, Phase, Secret, Severity, UnixTime};
use std::collections::BTreeMap;
use std::time::Duration;

/// A person who pastes something else three times looks at the page again.
const PASTES: usize = 3;

/// The crew of one rotation.
pub(super) struct Hands<'a> {
    pub(super) context: &'a Context,
    pub(super) prepared: &'a Prepared,
    pub(super) recorder: Recorder,
    pub(super) clipboard: bool,
    pub(super) removed: bool,
    /// Pauses that are longer, in seconds, are left to a later run: the daily job, or `sanctum rotate --resume`.
    pub(super) patience: i64,
    /// How the owner calls sanctum for this place.
    pub(super) sanctum: String,
    /// What the owner was told in this run.
    pub(super) told: Vec<String>,
}

impl Crew for Hands<'_> {
    fn now(&self) -> UnixTime {
        clock::now()
    }

    fn wait(&mut self, until: UnixTime) -> bool {
        let seconds = until.0.saturating_sub(clock::now().0);
        if seconds > self.patience {
            return false;
        }
        if let Ok(seconds) = u64::try_from(seconds) {
            self.context.out.progress(&format!("waiting {seconds} s"));
            clock::sleep(Duration::from_secs(seconds));
        }
        true
    }

    fn step(&mut self, words: &str) {
        self.context.out.progress(words);
    }

    fn tell(&mut self, notice: &Notice, record: &Record) {
        let (action, severity, words) = told(notice);
        self.context.out.warn(&format!("{}: {words}", record.plan.secret));
        let mut details = BTreeMap::from([("why".to_owned(), words.clone())]);
        if let Some(trouble) = self.trouble(notice, record) {
            details.insert(LINT.to_owned(), trouble.lint().to_owned());
            details.insert("next".to_owned(), trouble.next(record, &self.sanctum));
        }
        let event = self.event(action, (Outcome::Found, severity), record, details);
        // The rotation goes on: what is not told now is told when it is resumed, and stands in its record.
        if let Some(Err(error)) = event.map(|event| self.recorder.sink().record(&event)) {
            self.context.out.warn(&sanctum_types::chain(&error));
        }
        self.told.push(words);
    }

    fn changed(&mut self, record: &Record) -> Result<(), NotRecorded> {
        let key = record.adopted.as_ref().map_or("", KeyId::as_str);
        let details = BTreeMap::from([("key".to_owned(), key.to_owned())]);
        let event = self.event(ROTATED, (Outcome::Ok, Severity::Info), record, details);
        event.map_or(Ok(()), |event| self.recorder.sink().record(&event))
    }

    fn paste(&mut self, name: &str) -> Option<Secret<String>> {
        let out = self.context.out;
        if let Some((create, _)) = self.prepared.provider.pages() {
            out.remarks(&format!("Make a new value at {create}\n"));
            out.remarks(&format!("where it can have a name: {name}\n"));
        }
        for _ in 0..PASTES {
            let given = self.given().unwrap_or_else(|failure| {
                out.warn(&failure.text());
                None
            });
            let value = given?;
            if self.prepared.provider.has_shape(&value) {
                return Some(value);
            }
            out.warn("this has not the shape of such a value");
            if self.clipboard {
                return None;
            }
        }
        None
    }

    fn removed_by_hand(&mut self) -> bool {
        if !self.removed
            && let Some((_, revoke)) = self.prepared.provider.pages()
        {
            let name = &self.prepared.plan.secret;
            self.context.out.remarks(&format!(
                "Remove the old value at {revoke}, then say: sanctum rotate {name} --removed\n"
            ));
        }
        self.removed
    }
}

impl Hands<'_> {
    /// What a lint finds of the same rotation, so that both are one alert.
    fn trouble(&self, notice: &Notice, record: &Record) -> Option<Trouble> {
        let stays = matches!(notice, Notice::NeedsHuman(_) | Notice::Queued(_));
        trouble(record, self.now()).filter(|_| stays)
    }

    /// What the person gives: typed without being shown, or on the clipboard.
    fn given(&self) -> Result<Option<Secret<String>>, Failure> {
        if self.clipboard {
            let bytes = Clipboard::of(self.context, false)?.take()?;
            let text = std::str::from_utf8(&bytes).unwrap_or_default();
            return Ok(Some(Secret::new(text.trim_end_matches(['\r', '\n']).to_owned())));
        }
        let name = &self.prepared.plan.secret;
        let typed = passphrase::ask(&format!("the new value of `{name}`, not shown:"))?;
        Ok(typed.map(|mut typed| Secret::new(std::mem::take(&mut *typed))))
    }

    /// None where a word of ours is none of the journal's, which a test rules out.
    fn event(
        &self,
        action: &str,
        (outcome, severity): (Outcome, Severity),
        record: &Record,
        mut details: BTreeMap<String, String>,
    ) -> Option<AuditEvent> {
        details.insert("rotation".to_owned(), record.rotation.to_string());
        details.insert("kind".to_owned(), record.plan.kind.to_string());
        Some(AuditEvent {
            actor: self.recorder.actor().clone(),
            action: Action::new(action).ok()?,
            subject: record.plan.secret.to_string(),
            phase: Phase::Single,
            outcome,
            severity,
            details,
        })
    }
}

/// What the journal and people hear: the action, how bad it is, and words.
fn told(notice: &Notice) -> (&'static str, Severity, String) {
    let ids = |keys: &[KeyId]| keys.iter().map(KeyId::as_str).collect::<Vec<_>>().join(", ");
    match notice {
        Notice::NeedsHuman(why) => (
            "secrets.rotation-needs-you",
            Severity::Error,
            format!("the rotation needs you: {why}"),
        ),
        Notice::GaveUp(why) => (
            "secrets.rotation-gave-up",
            Severity::Error,
            format!("the rotation was given up, every place has what it had: {why}"),
        ),
        Notice::Queued(why) => (
            "secrets.rotation-queued",
            Severity::Error,
            format!("the end of the rotation failed, and is tried again every hour: {why}"),
        ),
        Notice::StillUsed(key) => (
            "secrets.rotation-still-used",
            Severity::Warn,
            format!("the old key {key} was still used when its time was over; it is switched off"),
        ),
        Notice::Strays(keys) => (
            "secrets.rotation-strays",
            Severity::Warn,
            format!("keys of an unknown rotation of ours are at the provider: {}", ids(keys)),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sanctum_rotation::{Reason, Why};

    #[test]
    fn every_notice_has_a_word_of_the_journal() {
        let key = || KeyId::new("k").unwrap();
        for notice in [
            Notice::NeedsHuman(Why::MintLost),
            Notice::GaveUp(Why::MintLost),
            Notice::Queued(Why::MintLost),
            Notice::StillUsed(key()),
            Notice::Strays(vec![key()]),
        ] {
            let (action, severity, words) = told(&notice);
            assert!(Action::new(action).is_ok() && !words.is_empty());
            assert!(severity >= Severity::Warn);
        }
        assert!(Action::new(ROTATED).is_ok());
    }

    /// It may be off already, or gone (`machine::sweep`): what failed is said by the reason.
    #[test]
    fn what_is_queued_claims_nothing_of_the_old_key() {
        let (.., words) = told(&Notice::Queued(Why::Discard { reason: Reason::Sealed }));
        assert!(!words.contains("key") && words.contains("could not be removed"), "{words}");
    }
}
