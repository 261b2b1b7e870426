//! What is wrong with a rotation that was begun, by its record alone: pure, and at most one thing at a time.
//!
//! Whoever tells the owner of a rotation asks here, the run itself and the lints alike, so that one rotation is one finding
//! whoever saw it. Deliberately absent: reading records, and the rotation's own decisions (`sanctum_rotation::Machine`).

use super::due::DAY;
use sanctum_rotation::{Record, Stage};
use sanctum_types::UnixTime;

/// The job that goes on comes once a day; one that came late, or not at all, is given another day.
const GRACE: i64 = 2 * DAY;

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trouble {
    /// It stands still until a person did something.
    NeedsYou,
    /// The replaced key still works, and switching it off or removing it fails.
    StillWorks,
    /// What is left of it cannot be removed or looked at once more; the old key works no more.
    NotCleared,
    /// It is in the middle for longer than it was planned to be.
    TooLong,
}

/// What is wrong with that rotation now; none where it goes its way.
#[must_use]
pub fn trouble(record: &Record, now: UnixTime) -> Option<Trouble> {
    if record.is_over() {
        return None;
    }
    if record.halted.is_some() {
        return Some(Trouble::NeedsYou);
    }
    if let Some(queued) = queued(record) {
        return Some(queued);
    }
    (now >= latest(record)).then_some(Trouble::TooLong)
}

/// What is tried again and again because its quick tries are used up (`machine::retry::queue`).
fn queued(record: &Record) -> Option<Trouble> {
    let plan = &record.plan;
    if record.tries < plan.policy.tries {
        return None;
    }
    match record.stage {
        Stage::Disabling => Some(Trouble::StillWorks),
        Stage::Revoking if !plan.nature.disables => Some(Trouble::StillWorks),
        Stage::Revoking | Stage::Sweeping | Stage::Closing => Some(Trouble::NotCleared),
        _ => None,
    }
}

/// Until when it should have left the stage that it is in.
fn latest(record: &Record) -> UnixTime {
    let policy = &record.plan.policy;
    let (limit, soak) = (i64::from(policy.limit), i64::from(policy.soak));
    // Values that somebody took back are written again, long after it was begun.
    let moved = record.written.map_or(record.begun, |at| at.max(record.begun));
    match record.stage {
        Stage::Overlap { since } => since.plus(limit + GRACE),
        Stage::Disabled { since } => since.plus(soak + GRACE),
        Stage::Disabling | Stage::Revoking | Stage::Sweeping | Stage::Closing => {
            moved.plus(limit + soak + 2 * GRACE)
        }
        _ => moved.plus(GRACE),
    }
}

impl Trouble {
    /// The lint that finds it.
    #[must_use]
    pub const fn lint(self) -> &'static str {
        match self {
            Self::NeedsYou => "secrets/rotation-needs-nobody",
            Self::StillWorks => "secrets/old-key-off",
            Self::NotCleared => "secrets/old-key-removed",
            Self::TooLong => "secrets/rotation-ends",
        }
    }

    /// What was seen, without values.
    #[must_use]
    pub fn words(self, record: &Record, now: UnixTime) -> String {
        let days = now.0.saturating_sub(record.begun.0).max(0) / DAY;
        match (self, &record.halted) {
            (Self::NeedsYou, Some(halt)) => format!("its rotation needs you: {}", halt.why),
            (Self::NeedsYou, None) => "its rotation needs you".to_owned(),
            (Self::StillWorks, _) => {
                "its old key still works; taking it away failed and is tried again by itself"
                    .to_owned()
            }
            (Self::NotCleared, _) => {
                "what its rotation left cannot be removed yet; that is tried again by itself"
                    .to_owned()
            }
            (Self::TooLong, _) => format!(
                "its rotation was begun {days} days ago and should be further: nothing goes on with it"
            ),
        }
    }

    /// What the owner does about it; `sanctum` is how the verb is called for that place.
    #[must_use]
    pub fn next(self, record: &Record, sanctum: &str) -> String {
        let name = &record.plan.secret;
        // A person makes and removes such a value, and nobody else can.
        let by_hand = record.plan.nature.by_hand && !record.plan.nature.disables;
        let more = match self {
            Self::NeedsYou => {
                let to_do = record.halted.as_ref().map(|halt| halt.why.what_to_do());
                let to_do = to_do.map_or(String::new(), |to_do| format!("{to_do}: "));
                return format!("{to_do}{sanctum} rotate {name} --retry");
            }
            Self::StillWorks if by_hand => {
                return format!(
                    "remove the old value at its provider, then: {sanctum} rotate {name} --removed"
                );
            }
            Self::StillWorks | Self::NotCleared => " --retry",
            Self::TooLong => "",
        };
        format!("{sanctum} rotate {name}{more}")
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use sanctum_rotation::{Halt, Machine, RotationId, Why};
    use serde_json::json;

    pub(crate) const BEGUN: UnixTime = UnixTime(1_795_000_000);

    /// A rotation of `token` in its first overlap, half an hour after it was begun.
    pub(crate) fn record() -> Record {
        let plan = json!({
            "secret": "token", "kind": "openrouter", "destructive": false, "consumers": ["file:a"],
            "nature": { "old": "lives", "finds": "by-name", "names": "plain", "by-hand": false, "disables": true,
                "tells-last-use": true },
            "policy": { "tries": 5, "mints": 3, "pause": 2, "longest-pause": 300, "settle": 60, "quiet": 86400,
                "limit": 604_800, "soak": 86400 },
        });
        let plan = serde_json::from_value(plan).unwrap();
        let machine = Machine::begin(plan, RotationId::from_random([7; 16]), BEGUN);
        let since = BEGUN.plus(1800);
        Record { stage: Stage::Overlap { since }, written: Some(since), ..machine.record().clone() }
    }

    /// The same at another stage, after so many tries of its next step.
    pub(crate) fn at(stage: Stage, tries: u32) -> Record {
        Record { stage, tries, ..record() }
    }

    pub(crate) fn halted() -> Record {
        let halted = Some(Halt { why: Why::NotNew, since: BEGUN });
        Record { halted, ..at(Stage::Minting, 0) }
    }

    #[test]
    fn one_trouble_at_a_time() {
        let no_switch = |mut record: Record| {
            record.plan.nature.disables = false;
            record
        };
        let since = BEGUN.plus(1800);
        let week = Stage::Overlap { since };
        let late = |record: &Record, seconds| trouble(record, since.plus(seconds));
        for (record, after, wanted) in [
            (record(), 0, None),
            (record(), 7 * DAY + GRACE - 1, None),
            (record(), 7 * DAY + GRACE, Some(Trouble::TooLong)),
            (at(Stage::Disabled { since }, 0), DAY + GRACE - 1, None),
            (at(Stage::Disabled { since }, 0), DAY + GRACE, Some(Trouble::TooLong)),
            (at(Stage::Minted, 4), GRACE - 1, None),
            (at(Stage::Minted, 4), GRACE, Some(Trouble::TooLong)),
            (at(Stage::Revoking, 0), 8 * DAY + GRACE, None),
            (at(Stage::Revoking, 0), 8 * DAY + 2 * GRACE, Some(Trouble::TooLong)),
            // Quick tries come first; nothing is wrong with them.
            (at(Stage::Disabling, 4), 0, None),
            (at(Stage::Disabling, 5), 0, Some(Trouble::StillWorks)),
            (at(Stage::Revoking, 5), 0, Some(Trouble::NotCleared)),
            (no_switch(at(Stage::Revoking, 5)), 0, Some(Trouble::StillWorks)),
            (at(Stage::Sweeping, 5), 0, Some(Trouble::NotCleared)),
            (at(Stage::Closing, 5), 0, Some(Trouble::NotCleared)),
            // Only what retires the old key is queued.
            (at(week, 5), 0, None),
            (at(Stage::Revoking, 5), 30 * DAY, Some(Trouble::NotCleared)),
            (halted(), 30 * DAY, Some(Trouble::NeedsYou)),
            (at(Stage::Done, 5), 90 * DAY, None),
            (at(Stage::Failed, 5), 90 * DAY, None),
            // A clock that was set back makes nothing late.
            (record(), -90 * DAY, None),
        ] {
            assert_eq!(late(&record, after), wanted, "{:?} {after}", record.stage);
        }
    }

    #[test]
    fn each_says_the_next_command() {
        let said = |trouble: Trouble, record: &Record| trouble.next(record, "sudo sanctum");
        assert_eq!(said(Trouble::TooLong, &record()), "sudo sanctum rotate token");
        let queued = at(Stage::Disabling, 5);
        assert_eq!(said(Trouble::StillWorks, &queued), "sudo sanctum rotate token --retry");
        assert_eq!(
            said(Trouble::NeedsYou, &halted()),
            "look at the provider's console which keys are there and make another one, then say retry: sudo sanctum rotate token --retry"
        );
        let mut hand = queued;
        (hand.plan.nature.by_hand, hand.plan.nature.disables) = (true, false);
        assert!(said(Trouble::StillWorks, &hand).ends_with("sudo sanctum rotate token --removed"));
    }
}
