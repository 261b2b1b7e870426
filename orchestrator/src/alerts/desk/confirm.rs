//! From observations to alerts: two sights confirm, the same thing is told once in a window, a worse one always.
//!
//! Invariant: each observation is in exactly one place: part of an alert, waiting, taken back by a later look, or
//! never made again.

use super::super::alert::{self, Alert, Observation, Source, Waits};
use super::super::state::{Sight, State, Told, Watched};
use super::{Commands, Desk};
use sanctum_types::{Digest, Finding, Severity, UnixTime};
use std::collections::{BTreeMap, BTreeSet};

/// Two sights are at least this many seconds apart: one answer that is read twice is one sight.
const APART: i64 = 2;
/// A sight counts for as long as a daily look needs to come again, with two hours for one that is late.
const WITHIN: i64 = 26 * 3600;
/// What every look sees as it was told is told again after a day: once a window, it would hide the next thing.
const REMIND: i64 = 24 * 3600;

/// How something was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sighting {
    /// By itself.
    Single,
    /// In a look at everything.
    Look,
}

/// The entry of an alert's condition, made when it is missing.
pub(super) fn watched<'s>(state: &'s mut State, alert: &Alert) -> &'s mut Watched {
    state.watched.entry(alert.key()).or_insert_with(|| Watched {
        source: alert.source.clone(),
        authoritative: false,
        kind: alert.kind.clone(),
        subject: alert.subject.clone(),
        next: alert.next.clone(),
        seen: BTreeMap::new(),
        told: None,
    })
}

impl Watched {
    /// How bad this sight and an earlier one agree that it is, with the earlier one.
    fn agreed(&self, new: &Observation) -> Option<(Severity, Observation)> {
        // What was confirmed before stays so: only a sight that still waits has to be some time ago.
        let counts = |sight: &&Sight| {
            let apart = new.at.0.saturating_sub(sight.observation.at.0);
            let least = if sight.waiting { APART } else { 0 };
            (least..=WITHIN).contains(&apart)
        };
        let earlier = self.seen.values().filter(counts).map(|sight| &sight.observation);
        earlier
            .max_by_key(|one| (one.severity.min(new.severity), one.at))
            .map(|one| (one.severity.min(new.severity), one.clone()))
    }

    /// Whether something was seen before as part of what was told, and no look has taken it back since.
    fn stands(&self) -> bool {
        self.seen.values().any(|sight| !sight.waiting)
    }

    /// Keeps a sight; how many that waited are not waiting any more for it.
    fn keep(&mut self, observation: Observation) -> u64 {
        // Two sights too close to be two are one, and the older one counts: else a busy source never confirms.
        if let Some(known) = self.seen.get_mut(&observation.severity)
            && observation.at.0.saturating_sub(known.observation.at.0) < APART
            && known.waiting
        {
            return 1;
        }
        let sight = Sight { observation, waiting: true };
        let before = self.seen.insert(sight.observation.severity, sight);
        u64::from(before.is_some_and(|sight| sight.waiting))
    }

    /// Whatever waited at this severity or below is part of an alert now; how many that were.
    fn settle(&mut self, severity: Severity) -> u64 {
        let mut settled = 0;
        for (_, sight) in self.seen.range_mut(..=severity).filter(|(_, sight)| sight.waiting) {
            sight.waiting = false;
            settled += 1;
        }
        settled
    }
}

impl Desk {
    /// Takes an observation in; its key, unless alerts themselves caused it.
    pub(super) fn observe(
        &mut self,
        finding: &Finding,
        (source, how): (&Source, Sighting),
        now: UnixTime,
        out: &mut Commands,
    ) -> Option<Digest> {
        let (finding, source) = alert::taken_in(finding, source)?;
        let key = alert::key(&source.name, &finding.kind, &finding.subject);
        self.state.tally.accepted += 1;
        let new = Observation { at: now, severity: finding.severity, message: finding.message };
        let next = finding.hint.unwrap_or_default();
        let entry = self.state.watched.entry(key).or_insert_with(|| Watched {
            source: source.name.clone(),
            authoritative: source.authoritative,
            kind: finding.kind,
            subject: finding.subject,
            next: String::new(),
            seen: BTreeMap::new(),
            told: None,
        });
        entry.next = next;
        let known = source.asks || (source.authoritative && new.severity == Severity::Critical);
        let agreed = entry.agreed(&new);
        let (level, sights) = match agreed {
            Some((level, earlier)) if !known || level == Severity::Critical => {
                (level, vec![earlier, new.clone()])
            }
            _ if known => (new.severity, vec![new.clone()]),
            _ => {
                self.state.tally.used += entry.keep(new);
                return Some(key);
            }
        };
        // What is critical is told in every window as long as it lasts.
        let stands = how == Sighting::Look && level < Severity::Critical && entry.stands();
        let window = if stands { self.policy.dedup.max(REMIND) } else { self.policy.dedup };
        self.confirmed((key, window), (level, sights), now, out);
        Some(key)
    }

    /// Something is wrong for sure: told, or known to be told.
    fn confirmed(
        &mut self,
        (key, window): (Digest, i64),
        (level, sights): (Severity, Vec<Observation>),
        now: UnixTime,
        out: &mut Commands,
    ) {
        let Some(entry) = self.state.watched.get_mut(&key) else { return };
        let Some(newest) = sights.last().cloned() else { return };
        self.state.tally.used += entry.keep(newest);
        self.state.tally.used += entry.settle(level);
        let recent = entry
            .told
            .is_some_and(|told| told.severity >= level && now.0.saturating_sub(told.at.0) < window);
        let alert = Alert {
            severity: level,
            source: entry.source.clone(),
            kind: entry.kind.clone(),
            subject: entry.subject.clone(),
            observed: sights,
            next: entry.next.clone(),
            repeats: 0,
        };
        if !self.repeated(key, level) && !recent {
            if let Some(entry) = self.state.watched.get_mut(&key) {
                entry.told = Some(Told { severity: level, at: now });
            }
            self.state.tally.opened += 1;
            self.admit(alert, now, out);
        }
    }

    /// Whether the same thing waits to be told anyway, at least that bad; if so, it was seen once more.
    fn repeated(&mut self, key: Digest, level: Severity) -> bool {
        let held = self.state.held.iter_mut().map(|held| &mut held.alert);
        let outgoing = self.state.outbox.values_mut();
        let on_the_way = outgoing.filter_map(|one| match &mut one.message.what {
            super::What::Alert(alert) => Some(alert),
            _ => None,
        });
        let same = |alert: &&mut Alert| alert.severity >= level && alert.key() == key;
        let Some(alert) = held.chain(on_the_way).find(same) else { return false };
        alert.repeats = alert.repeats.saturating_add(1);
        true
    }

    /// What that source did not see again waits no longer.
    pub(super) fn clear(&mut self, source: &str, seen: &BTreeSet<Digest>) {
        let source = alert::word(source);
        for (key, one) in &mut self.state.watched {
            if one.source == source && !seen.contains(key) {
                let waited = one.seen.values().filter(|sight| sight.waiting).count();
                self.state.tally.cleared += u64::try_from(waited).unwrap_or(u64::MAX);
                one.seen.clear();
            }
        }
    }

    /// Forgets what is too old to confirm anything. A source that knows said it once: that goes into the digest.
    pub(super) fn expire(&mut self, now: UnixTime) {
        let dedup = self.policy.dedup;
        let mut once = Vec::new();
        for one in self.state.watched.values_mut() {
            let patience = if one.authoritative { dedup.min(WITHIN) } else { WITHIN };
            let (source, kind) = (one.source.clone(), one.kind.clone());
            let (subject, next) = (one.subject.clone(), one.next.clone());
            let authoritative = one.authoritative;
            let tally = &mut self.state.tally;
            one.seen.retain(|severity, sight| {
                let age = now.0.saturating_sub(sight.observation.at.0);
                if sight.waiting && age > patience {
                    sight.waiting = false;
                    if authoritative {
                        tally.used += 1;
                        tally.opened += 1;
                        once.push(Alert {
                            severity: *severity,
                            source: source.clone(),
                            kind: kind.clone(),
                            subject: subject.clone(),
                            observed: vec![sight.observation.clone()],
                            next: next.clone(),
                            repeats: 0,
                        });
                    } else {
                        tally.unconfirmed += 1;
                    }
                }
                age <= WITHIN
            });
        }
        for alert in once {
            self.hold(Waits::SeenOnce, alert);
        }
        self.state.watched.retain(|_, one| {
            let told = one.told.is_some_and(|told| now.0.saturating_sub(told.at.0) < dedup);
            told || !one.seen.is_empty()
        });
    }
}
