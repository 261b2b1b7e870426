//! What the loop that feeds the desk remembers between two looks, and what it makes of the journal.
//!
//! Pure: entries and the time go in, findings come out; the memory is one small file beside the desk's. An operation that
//! began stays here until its end comes, whatever file of the stream that stands in. Deliberately absent: reading the
//! journal, looking at the house, and the desk.

use sanctum_host::journal::follow::Mark;
use sanctum_host::journal::merge::{Entry, MayRun};
use sanctum_types::{AuditEvent, Finding, Phase, Severity, UnixTime};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Name of the file in a store.
pub const FILE: &str = "watch.json";
/// Held by a running loop: there is one at a store.
pub const RUNNING: &str = "watch.lock";
/// Held by whoever works at the desk of a store.
pub const DESK: &str = "alerts.lock";
/// Version of the file.
pub const FORMAT: u32 = 1;
/// Where nothing is remembered, what is older than a day is history, and nobody's alert.
const FRESH_MS: i64 = 24 * 3600 * 1000;
/// Operations that are remembered: a house begins some dozen a day, and each is forgotten at its end.
const MOST_OPEN: usize = 4096;
/// A loop that has not looked for so many of its own intervals is late.
const MISSED: i64 = 3;
/// A look may take this long on a busy machine, doctor included.
const PATIENCE: i64 = 300;

/// An operation that began.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Begun {
    /// Who began it.
    pub actor: String,
    /// What.
    pub action: String,
    /// About what.
    pub subject: String,
    /// The process that does it.
    pub pid: u32,
    /// In which boot.
    pub boot: String,
    /// When, in milliseconds since 1970.
    pub at: i64,
}

/// What is remembered of a stream.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stream {
    /// The last line that was read; none while it has no line.
    pub mark: Option<Mark>,
    /// Operations that began and have not ended, by their names.
    pub open: BTreeMap<String, Begun>,
}

/// The memory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Watch {
    /// Always [`FORMAT`].
    pub format: u32,
    /// When the loop looked last.
    pub looked: UnixTime,
    /// When doctor looked for it last.
    pub examined: Option<UnixTime>,
    /// Seconds between two looks.
    pub every: u64,
    /// The streams, by place and name.
    pub streams: BTreeMap<String, Stream>,
}

impl Watch {
    /// A memory of nothing.
    #[must_use]
    pub const fn new(now: UnixTime, every: u64) -> Self {
        Self { format: FORMAT, looked: now, examined: None, every, streams: BTreeMap::new() }
    }

    /// Reads the file; none when it is damaged or of another format: then the streams are read anew.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice::<Self>(bytes).ok().filter(|watch| watch.format == FORMAT)
    }

    /// Whether the loop has not looked for longer than it ever should take.
    #[must_use]
    pub fn is_late(&self, now: UnixTime) -> bool {
        let every = i64::try_from(self.every).unwrap_or(i64::MAX);
        now.0.saturating_sub(self.looked.0) > every.saturating_mul(MISSED).max(PATIENCE)
    }

    /// What never ended: begun by a process that is gone, or before this boot.
    #[must_use]
    pub fn unfinished(&self, may_run: MayRun<'_>) -> Vec<Finding> {
        let open = self.streams.values().flat_map(|stream| stream.open.values());
        open.filter(|begun| !may_run(begun.pid, &begun.boot)).map(Begun::finding).collect()
    }
}

impl Begun {
    fn finding(&self) -> Finding {
        let Self { actor, action, subject, pid, .. } = self;
        Finding {
            severity: Severity::Error,
            kind: "journal.unfinished".to_owned(),
            subject: format!("{action} {subject}"),
            message: format!(
                "{action} was begun by {actor} and never ended; its process {pid} is gone"
            ),
            hint: Some("sanctum audit verify, then sanctum status".to_owned()),
        }
    }
}

impl Stream {
    /// Takes in a line. What is to be told of it comes back: errors and worse, but nothing that was old before anybody
    /// looked.
    pub fn hear(&mut self, entry: Entry, first: bool, now_ms: i64) -> Option<AuditEvent> {
        match &entry.event.phase {
            Phase::Started(id) => {
                let begun = Begun {
                    actor: entry.event.actor.to_string(),
                    action: entry.event.action.to_string(),
                    subject: entry.event.subject.clone(),
                    pid: entry.pid,
                    boot: entry.boot.clone(),
                    at: entry.at,
                };
                self.open.insert(id.to_string(), begun);
                self.bound();
            }
            Phase::Finished(id) => drop(self.open.remove(id.as_str())),
            Phase::Single => {}
        }
        let old = first && now_ms.saturating_sub(entry.at) > FRESH_MS;
        (entry.event.severity >= Severity::Error && !old).then_some(entry.event)
    }

    /// Forgets what began longest ago, which was told of for as long.
    fn bound(&mut self) {
        while self.open.len() > MOST_OPEN {
            let oldest = self.open.iter().min_by_key(|(_, begun)| begun.at);
            let Some(id) = oldest.map(|(id, _)| id.clone()) else { return };
            self.open.remove(&id);
        }
    }
}

/// The line that was read last is not where it was: what is critical about that is told on one word.
#[must_use]
pub fn broken(stream: &str) -> Finding {
    Finding {
        severity: Severity::Critical,
        kind: "journal.changed".to_owned(),
        subject: stream.to_owned(),
        message:
            "the stream no longer has the line that was read last: it was cut, changed or replaced"
                .to_owned(),
        hint: Some("sanctum audit verify".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sanctum_types::{Action, Actor, OperationId, Outcome};

    const NOW: i64 = 1_795_348_800;

    fn entry(phase: Phase, severity: Severity, at: i64) -> Entry {
        Entry {
            stream: "sanctum".to_owned(),
            seq: 1,
            at: at * 1000,
            mono: 1,
            boot: "b".to_owned(),
            pid: 7,
            event: AuditEvent {
                actor: Actor::new("uid:0").unwrap(),
                action: Action::new("apply.run").unwrap(),
                subject: "hub".to_owned(),
                phase,
                outcome: Outcome::Failed,
                severity,
                details: BTreeMap::new(),
            },
        }
    }

    #[test]
    fn errors_are_told_and_old_ones_are_history() {
        for (severity, at, first, told) in [
            (Severity::Error, NOW - 10, true, true),
            (Severity::Critical, NOW - 10, false, true),
            (Severity::Warn, NOW - 10, false, false),
            (Severity::Error, NOW - 90_000, true, false),
            (Severity::Error, NOW - 90_000, false, true),
        ] {
            let mut stream = Stream::default();
            let event = stream.hear(entry(Phase::Single, severity, at), first, NOW * 1000);
            assert_eq!(event.is_some(), told, "{severity:?} {at} {first}");
        }
    }

    #[test]
    fn what_began_is_unfinished_until_it_ends_or_while_its_process_may_run() {
        let id = || OperationId::new("071e41b12233b223").unwrap();
        let mut watch = Watch::new(UnixTime(NOW), 30);
        let stream = watch.streams.entry("a".to_owned()).or_default();
        // However old: an operation that never ended is still one.
        stream.hear(entry(Phase::Started(id()), Severity::Info, 0), true, NOW * 1000);
        assert_eq!(watch.unfinished(&|_, _| true), []);
        let [found] = &watch.unfinished(&|_, _| false)[..] else { panic!("one") };
        assert_eq!((&*found.kind, &*found.subject), ("journal.unfinished", "apply.run hub"));
        let read = Watch::decode(&serde_json::to_vec(&watch).unwrap()).unwrap();
        assert_eq!(read, watch);
        let stream = watch.streams.entry("a".to_owned()).or_default();
        stream.hear(entry(Phase::Finished(id()), Severity::Info, NOW), false, NOW * 1000);
        assert_eq!(watch.unfinished(&|_, _| false), []);
    }

    #[test]
    fn what_is_remembered_is_bounded_and_the_newest_stays() {
        let mut stream = Stream::default();
        for number in 0..MOST_OPEN + 10 {
            let id = OperationId::new(format!("op-{number}")).unwrap();
            let at = i64::try_from(number).unwrap();
            stream.hear(entry(Phase::Started(id), Severity::Info, at), false, 0);
        }
        assert_eq!(stream.open.len(), MOST_OPEN);
        assert!(!stream.open.contains_key("op-9") && stream.open.contains_key("op-10"));
    }

    #[test]
    fn a_loop_is_late_after_three_looks_and_never_within_five_minutes() {
        for (every, after, late) in [(30, 299, false), (30, 301, true), (600, 1799, false)] {
            let watch = Watch::new(UnixTime(NOW), every);
            assert_eq!(watch.is_late(UnixTime(NOW + after)), late, "{every} {after}");
        }
    }
}
