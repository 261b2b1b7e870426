//! How old each secret is, and whether something is to be done about it: pure, over what the journal told.
//!
//! An age is what was recorded at the last change, or what the provider said when it was asked; anything else is
//! unknown, and unknown is never well. Deliberately absent: reading the journal, and rotating.

use crate::instance::Instance;
use crate::instance::secrets::SecretEntry;
use sanctum_types::{AuditEvent, Outcome, Phase, ServiceName, UnixTime};
use serde::Serialize;
use std::collections::BTreeMap;

/// Seconds of a day.
pub const DAY: i64 = 24 * 60 * 60;
/// The journal's word for a value that every consumer has.
pub const ROTATED: &str = "secrets.rotated";
/// The journal's word for a value that the owner gave.
const SET: &str = "secrets.set";
/// The owner hears of it when this share of the time is left: nine days of ninety.
const WARNING_SHARE: i64 = 10;

/// Where an age comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// The journal recorded the change.
    Journal,
    /// The provider says when the key was made.
    Provider,
    /// Nobody knows.
    Unknown,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// It has a known age and time left.
    Well,
    /// Nothing says how old it may become.
    NoLimit,
    /// It is due soon.
    Soon,
    /// It is due.
    Due,
    /// It is older than the house allows.
    Overdue,
    /// It has a limit, and nobody knows how old it is.
    Unknown,
}

/// The age of one secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Age {
    /// Which.
    pub secret: ServiceName,
    /// When its value was made, where that is known.
    pub since: Option<UnixTime>,
    /// Who says so.
    pub source: Source,
    /// Whole days.
    pub days: Option<i64>,
    /// When it is to be rotated.
    pub due: Option<UnixTime>,
    /// When it is older than the house allows.
    pub limit: Option<UnixTime>,
    /// After how many days it is to be rotated.
    pub due_after_days: Option<u32>,
    /// The house's limit.
    pub max_age_days: Option<u32>,
    /// Whether `sanctum rotate` renews it; else a person sets a new value.
    pub rotates: bool,
    /// Whether `sanctum rotate` does it without a person.
    pub unattended: bool,
    /// What is to be done.
    pub standing: Standing,
}

/// The last change of each secret that an event tells of.
#[derive(Clone, Debug, Default)]
pub struct Changes(BTreeMap<String, UnixTime>);

impl Changes {
    /// Takes in an event of that time.
    pub fn hear(&mut self, event: &AuditEvent, at: UnixTime) {
        let ended = matches!(event.phase, Phase::Finished(_) | Phase::Single);
        let changes = matches!(event.action.as_str(), SET | ROTATED);
        if !changes || !ended || event.outcome != Outcome::Ok {
            return;
        }
        let last = self.0.entry(event.subject.clone()).or_insert(at);
        *last = (*last).max(at);
    }

    /// When the secret was changed last.
    #[must_use]
    pub fn of(&self, name: &ServiceName) -> Option<UnixTime> {
        self.0.get(name.as_str()).copied()
    }
}

/// The age of every secret of the instance. `told` is what providers said, where they were asked.
#[must_use]
pub fn ages(
    instance: &Instance,
    changes: &Changes,
    told: &BTreeMap<ServiceName, UnixTime>,
    now: UnixTime,
) -> Vec<Age> {
    let age = |(name, entry): (&ServiceName, &SecretEntry)| {
        age(name, entry, (changes.of(name), told.get(name).copied()), now)
    };
    instance.secrets.iter().map(age).collect()
}

/// The age of one secret.
#[must_use]
pub fn age(
    name: &ServiceName,
    entry: &SecretEntry,
    (journal, provider): (Option<UnixTime>, Option<UnixTime>),
    now: UnixTime,
) -> Age {
    // The provider knows the key itself; the journal may have recorded that an old one was put into a new place.
    let (since, source) = match (provider, journal) {
        (Some(at), _) => (Some(at), Source::Provider),
        (None, Some(at)) => (Some(at), Source::Journal),
        (None, None) => (None, Source::Unknown),
    };
    // A change in the future is a clock that was wrong then or is wrong now: nobody knows the age.
    let since = since.filter(|at| *at <= now.plus(DAY));
    let source = if since.is_some() { source } else { Source::Unknown };
    let max = entry.rotation_max_age_days;
    let after = entry.rotation.as_ref().map_or(max, |rotation| rotation.due_after(max));
    let plus = |days: Option<u32>| Some(since?.plus(i64::from(days?) * DAY));
    let (due, limit) = (plus(after), plus(max));
    let unattended = entry.rotation.as_ref().is_some_and(|one| !one.kind.nature().by_hand);
    let standing = match (after.or(max), due.or(limit)) {
        (None, _) => Standing::NoLimit,
        (Some(_), None) => Standing::Unknown,
        (Some(_), Some(_)) if limit.is_some_and(|limit| now >= limit) => Standing::Overdue,
        (Some(_), Some(due)) if now >= due => Standing::Due,
        (Some(days), Some(due)) if now >= due.plus(-(i64::from(days) * DAY / WARNING_SHARE)) => {
            Standing::Soon
        }
        (Some(_), Some(_)) => Standing::Well,
    };
    Age {
        secret: name.clone(),
        since,
        source,
        days: since.map(|at| now.0.saturating_sub(at.0).max(0) / DAY),
        due,
        limit,
        due_after_days: after,
        max_age_days: max,
        rotates: entry.rotation.is_some(),
        unattended,
        standing,
    }
}

impl Age {
    /// The verb that renews it, with the name: `rotate` refuses what has no section for it.
    #[must_use]
    pub fn verb(&self) -> String {
        let verb = if self.rotates { "rotate" } else { "secrets set" };
        format!("{verb} {}", self.secret)
    }
}

impl Standing {
    /// The word of reports.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Well => "well",
            Self::NoLimit => "no-limit",
            Self::Soon => "soon",
            Self::Due => "due",
            Self::Overdue => "overdue",
            Self::Unknown => "unknown",
        }
    }

    /// Whether the owner has to hear of it.
    #[must_use]
    pub const fn is_finding(self) -> bool {
        matches!(self, Self::Soon | Self::Due | Self::Overdue | Self::Unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instance::rotation::Rotation;
    use proptest::prelude::*;
    use sanctum_types::{Action, Actor, OperationId, SecretRef};

    const NOW: UnixTime = UnixTime(1_800_000_000);

    fn entry(max: Option<u32>, kind: Option<&str>) -> SecretEntry {
        let rotation = kind.map(|kind| {
            serde_json::from_str::<Rotation>(&format!("{{\"kind\": {{{kind}}}}}")).unwrap()
        });
        let at = SecretEntry::at(SecretRef::File("a".to_owned()));
        SecretEntry { rotation_max_age_days: max, rotation, ..at }
    }

    fn days_ago(days: i64) -> Option<UnixTime> {
        Some(NOW.plus(-days * DAY))
    }

    #[test]
    fn what_is_to_be_done() {
        let router = Some(r#""openrouter": {}"#);
        for (max, kind, changed, standing) in [
            (Some(90), None, days_ago(0), Standing::Well),
            (Some(90), None, days_ago(80), Standing::Well),
            (Some(90), None, days_ago(81), Standing::Soon),
            (Some(90), None, days_ago(90), Standing::Overdue),
            (Some(90), None, None, Standing::Unknown),
            (Some(90), None, days_ago(-5), Standing::Unknown),
            (None, None, days_ago(5000), Standing::NoLimit),
            (None, None, None, Standing::NoLimit),
            (Some(90), router, days_ago(84), Standing::Soon),
            (Some(90), router, days_ago(85), Standing::Due),
            (Some(90), router, days_ago(90), Standing::Overdue),
            (None, router, days_ago(90), Standing::Due),
            (None, router, None, Standing::Unknown),
        ] {
            let name = ServiceName::new("a").unwrap();
            let age = age(&name, &entry(max, kind), (changed, None), NOW);
            assert_eq!(age.standing, standing, "{max:?} {kind:?} {changed:?}");
            let verb = if kind.is_some() { "rotate a" } else { "secrets set a" };
            assert_eq!(age.verb(), verb);
        }
    }

    fn event(action: &str, phase: Phase, outcome: Outcome) -> AuditEvent {
        AuditEvent {
            actor: Actor::new("owner").unwrap(),
            action: Action::new(action).unwrap(),
            subject: "a".to_owned(),
            phase,
            outcome,
            severity: sanctum_types::Severity::Info,
            details: BTreeMap::new(),
        }
    }

    #[test]
    fn only_a_change_that_went_well_is_one() {
        let id = || OperationId::new("op").unwrap();
        for (action, phase, outcome, counts) in [
            ("secrets.set", Phase::Finished(id()), Outcome::Ok, true),
            ("secrets.set", Phase::Finished(id()), Outcome::Failed, false),
            ("secrets.set", Phase::Started(id()), Outcome::Pending, false),
            ("secrets.rotated", Phase::Single, Outcome::Ok, true),
            ("secrets.rotate", Phase::Finished(id()), Outcome::Ok, false),
            ("secrets.sync", Phase::Finished(id()), Outcome::Ok, false),
            ("secrets.get", Phase::Finished(id()), Outcome::Ok, false),
        ] {
            let mut changes = Changes::default();
            changes.hear(&event(action, phase, outcome), NOW);
            let name = ServiceName::new("a").unwrap();
            assert_eq!(changes.of(&name).is_some(), counts, "{action} {outcome:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]
        #[test]
        fn unknown_is_never_well_and_time_never_makes_it_better(max in prop::option::of(1_u32..400), router: bool, changed in prop::option::of(-10_i64..1000), later in 0_i64..400) {
            let entry = entry(max, router.then_some(r#""openrouter": {}"#));
            let name = ServiceName::new("a").unwrap();
            let changed = changed.and_then(days_ago);
            let one = age(&name, &entry, (changed, None), NOW);
            if one.since.is_none() && (max.is_some() || router) {
                prop_assert_eq!(one.standing, Standing::Unknown);
            }
            if one.since.is_some() {
                let two = age(&name, &entry, (changed, None), NOW.plus(later * DAY));
                prop_assert!(two.standing >= one.standing, "{:?} then {:?}", one.standing, two.standing);
            }
        }
    }
}
