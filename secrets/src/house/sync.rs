//! Rebuilding caches from their sources: first a plan over what was seen, then step by step.
//!
//! The plan is pure. A store that does not answer anywhere refuses the whole of it, so that nobody acts on half a
//! picture. A step holds only while its guard does (the cache is as it was seen, the source too), reads back what it
//! wrote, and leaves a cache old or new; so a run that was cut off is finished by the next one. Deliberately absent:
//! writing a source.

use super::fingerprint::{Fingerprint, HouseKey};
use super::sight::{Seen, Sight};
use crate::stores::{Reading, Store, StoreError};
use sanctum_types::{SecretRef, ServiceName};
use std::collections::BTreeMap;

/// One cache that gets its source's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Which secret.
    pub secret: ServiceName,
    /// Its source.
    pub from: SecretRef,
    /// The cache.
    pub to: SecretRef,
    /// What the cache held; none when nothing.
    pub before: Option<Fingerprint>,
    /// What it will hold.
    pub after: Fingerprint,
}

/// Caches to rebuild, in the order of the secrets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Each of them.
    pub steps: Vec<Step>,
}

/// A place that did not answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Away {
    /// Of which secret.
    pub secret: ServiceName,
    /// Which place.
    pub place: SecretRef,
    /// Why, without any value.
    pub cause: String,
}

/// Why nothing is planned.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SyncRefused {
    /// A store did not answer.
    #[error("{} did not answer, so nothing is changed anywhere", places(.0))]
    Unreachable(Vec<Away>),
    /// A source has no value and a cache has one: which counts is the owner's to say.
    #[error("the source of {} is empty while a cache of it is not", names(.0))]
    SourceMissing(Vec<ServiceName>),
    /// Two secrets want the same place.
    #[error("`{place}` is a place of both {one} and {other}")]
    Shared {
        /// The place.
        place: SecretRef,
        /// One secret.
        one: ServiceName,
        /// The other.
        other: ServiceName,
    },
}

fn places(all: &[Away]) -> String {
    all.iter().map(|away| away.place.to_string()).collect::<Vec<_>>().join(", ")
}

fn names(all: &[ServiceName]) -> String {
    all.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// Why a step was not done. Steps before it are done and stay so.
#[derive(Debug, thiserror::Error)]
pub enum StepFailed {
    /// The source or the cache changed since it was seen.
    #[error("`{place}` changed since the plan was made")]
    Stale {
        /// Which place.
        place: SecretRef,
    },
    /// A place cannot be read any more.
    #[error("`{place}` cannot be read any more")]
    Read {
        /// Which place.
        place: SecretRef,
        /// Why.
        #[source]
        source: Box<StoreError>,
    },
    /// It could not be written.
    #[error("`{place}` was not written")]
    Write {
        /// Which place.
        place: SecretRef,
        /// Why.
        #[source]
        source: Box<StoreError>,
    },
    /// It holds another value than was written.
    #[error("`{place}` reads back differently from what was written")]
    ReadBack {
        /// Which place.
        place: SecretRef,
    },
}

/// What it takes to make every cache hold its source's value.
///
/// # Errors
/// A place did not answer, a source is empty while a cache is not, or two secrets share a place.
pub fn plan(all: &[Seen]) -> Result<Plan, SyncRefused> {
    shared(all)?;
    let away: Vec<Away> = all.iter().flat_map(unreachable).collect();
    if !away.is_empty() {
        return Err(SyncRefused::Unreachable(away));
    }
    let cached = |seen: &&Seen| {
        seen.source == Sight::Absent && seen.caches.iter().any(|cache| *cache != Sight::Absent)
    };
    let orphans: Vec<ServiceName> =
        all.iter().filter(cached).map(|seen| seen.kept.name.clone()).collect();
    if !orphans.is_empty() {
        return Err(SyncRefused::SourceMissing(orphans));
    }
    Ok(Plan { steps: all.iter().flat_map(steps).collect() })
}

/// Two names of one source are harmless; a cache in the place of anything else is not.
fn shared(all: &[Seen]) -> Result<(), SyncRefused> {
    let mut known: BTreeMap<&SecretRef, (&ServiceName, bool)> = BTreeMap::new();
    for seen in all {
        for (n, place) in seen.kept.places().enumerate() {
            let cache = n > 0;
            match known.insert(place, (&seen.kept.name, cache)) {
                Some((one, other)) if cache || other => {
                    let (one, other) = (one.clone(), seen.kept.name.clone());
                    return Err(SyncRefused::Shared { place: place.clone(), one, other });
                }
                _ => {}
            }
        }
    }
    Ok(())
}

fn unreachable(seen: &Seen) -> Vec<Away> {
    let away = |(place, sight): (&SecretRef, &Sight)| match sight {
        Sight::Unreachable(cause) => {
            let (secret, place) = (seen.kept.name.clone(), place.clone());
            Some(Away { secret, place, cause: cause.clone() })
        }
        Sight::Present(_) | Sight::Absent => None,
    };
    seen.places().filter_map(away).collect()
}

fn steps(seen: &Seen) -> Vec<Step> {
    let Some(after) = seen.source.fingerprint() else { return Vec::new() };
    let stale = seen.kept.caches.iter().zip(&seen.caches).filter(|(_, was)| **was != seen.source);
    stale
        .map(|(cache, was)| Step {
            secret: seen.kept.name.clone(),
            from: seen.kept.source.clone(),
            to: cache.clone(),
            before: was.fingerprint(),
            after,
        })
        .collect()
}

impl Step {
    /// Does it, guarded and read back.
    ///
    /// # Errors
    /// The cache holds what it held, or the new value where the error is of the reading back.
    pub fn take(&self, store: &dyn Store, key: &HouseKey) -> Result<(), StepFailed> {
        let read = |place: &SecretRef| {
            let failed = |error| StepFailed::Read { place: place.clone(), source: Box::new(error) };
            store.get(place).known().map_err(failed)
        };
        let stale = |place: &SecretRef| StepFailed::Stale { place: place.clone() };
        let value = read(&self.from)?.ok_or_else(|| stale(&self.from))?;
        if key.of(value.expose()) != self.after {
            return Err(stale(&self.from));
        }
        let now = read(&self.to)?.map(|value| key.of(value.expose()));
        if now == Some(self.after) {
            return Ok(());
        }
        if now != self.before {
            return Err(stale(&self.to));
        }
        write(store, &self.to, &value, key)
    }
}

/// Puts a value into one place and reads it back.
///
/// # Errors
/// It was not written, or reads back differently.
pub fn write(
    store: &dyn Store,
    place: &SecretRef,
    value: &crate::stores::Value,
    key: &HouseKey,
) -> Result<(), StepFailed> {
    let failed = |error| StepFailed::Write { place: place.clone(), source: Box::new(error) };
    store.put(place, value).map_err(failed)?;
    match store.get(place) {
        Reading::Present(back) if key.of(back.expose()) == key.of(value.expose()) => Ok(()),
        Reading::Present(_) | Reading::Absent => Err(StepFailed::ReadBack { place: place.clone() }),
        Reading::Unreachable(error) => {
            Err(StepFailed::Read { place: place.clone(), source: Box::new(error) })
        }
    }
}
