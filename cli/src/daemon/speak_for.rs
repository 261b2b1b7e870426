//! Rounds of the journal's service: how far the streams of programs that work without it have come is recorded in its own.
//!
//! From then on such a stream can no more lose or change what the round saw than the service's own can. Only what this
//! account may read is seen, and only what moved is recorded. Deliberately absent: believing those streams, which is
//! `sanctum audit verify`'s work.

use super::journal::STREAM;
use crate::commands::journals;
use crate::site::Place;
use sanctum_host::clock::Monotonic;
use sanctum_host::journal::{Head, Journal};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// When the next round is, and whether there is one.
pub(super) struct Rounds {
    place: Place,
    home: Option<PathBuf>,
    every: Duration,
    over: Mutex<bool>,
    ended: Condvar,
}

impl Rounds {
    pub(super) fn new(place: Place, home: Option<PathBuf>, every: Duration) -> Self {
        Self { place, home, every, over: Mutex::default(), ended: Condvar::default() }
    }

    /// Walks a round now and whenever the time has come, until the end.
    pub(super) fn walk(&self, journal: &Journal) {
        let mut seen = BTreeMap::new();
        loop {
            self.round(journal, &mut seen);
            let begun = Monotonic::now();
            let mut over = self.over.lock().unwrap_or_else(PoisonError::into_inner);
            while !*over {
                let left = self.every.saturating_sub(begun.elapsed());
                if left.is_zero() {
                    break;
                }
                let waited = self.ended.wait_timeout(over, left);
                over = waited.unwrap_or_else(PoisonError::into_inner).0;
            }
            if *over {
                return;
            }
        }
    }

    /// There is no further round.
    pub(super) fn end(&self) {
        *self.over.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.ended.notify_all();
    }

    fn round(&self, journal: &Journal, seen: &mut BTreeMap<(String, String), Head>) {
        let found = journals::all(&self.place, self.home.as_deref(), None);
        for (what, places) in found.unwrap_or_default() {
            // What cannot be looked at is not spoken for; `sanctum audit` says so.
            let Ok(Some(places)) = places else { continue };
            for name in places.streams().unwrap_or_default() {
                if name.as_str() == STREAM {
                    continue;
                }
                let Ok(Some(head)) = Head::of(&places, &name) else { continue };
                let key = (what.clone(), head.stream.clone());
                if seen.get(&key) != Some(&head) && journal.vouch(&head).is_ok() {
                    seen.insert(key, head);
                }
            }
        }
    }
}
