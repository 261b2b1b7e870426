//! Where the loop's own events go: the journal's service, or while that is away the stream of this account.
//!
//! A loop that cannot record goes on: it may be the full disk that it has to tell of. The desk counts what was not
//! recorded. Deliberately absent: a queue.

use super::super::journal::socket_below;
use crate::record::Recorder;
use crate::site::Place;
use crate::surroundings::Surroundings;
use sanctum_host::files;
use sanctum_host::journal::Head;
use sanctum_host::journal::socket::JournalClient;
use sanctum_types::{AuditEvent, AuditSink, NotRecorded};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The service answers after a sync of the disk; a busy one takes a second.
const PATIENCE: Duration = Duration::from_secs(3);

/// Both ways.
pub(super) struct Sink {
    socket: PathBuf,
    client: JournalClient,
    place: Place,
    around: Surroundings,
    /// Something stands in the stream of this account that no checkpoint has seen.
    unsealed: AtomicBool,
    /// Heads that the journal's service has recorded.
    vouched: BTreeMap<(String, String), Head>,
}

impl Sink {
    pub(super) fn new(place: &Place, around: &Surroundings) -> Self {
        let root = match place {
            Place::Machine => Path::new("/"),
            Place::Root(dir) => dir,
        };
        let socket = socket_below(root);
        Self {
            client: JournalClient::new(socket.clone(), PATIENCE),
            socket,
            place: place.clone(),
            around: around.clone(),
            unsealed: AtomicBool::new(false),
            vouched: BTreeMap::new(),
        }
    }

    /// Tells of the loop itself; where that fails the loop goes on.
    pub(super) fn tell(&self, action: &str) {
        if let Some(event) = super::own_event(action) {
            let _ = self.record(&event);
        }
    }

    /// Has the journal's service record how far the streams have come, which its own account cannot read. What it does not
    /// take is offered again at the next look.
    pub(super) fn vouch(&mut self, heads: Vec<Head>) {
        if !files::is_there(&self.socket) {
            return;
        }
        for head in heads {
            // The service's own stream speaks for itself.
            let own = head.stream == super::super::journal::STREAM;
            let key = (head.stream.clone(), head.id.clone());
            if own || self.vouched.get(&key) == Some(&head) {
                continue;
            }
            if self.client.vouch(&head).is_err() {
                return;
            }
            self.vouched.insert(key, head);
        }
    }

    /// What stands in the stream of this account is checkpointed.
    pub(super) fn settle(&self) {
        if self.unsealed.load(Ordering::SeqCst) {
            let sealed = self.own().and_then(|own| own.seal());
            self.unsealed.store(sealed.is_err(), Ordering::SeqCst);
        }
    }

    fn own(&self) -> Result<Recorder, crate::failure::Failure> {
        Recorder::of_place(&self.place, &self.around)
    }
}

impl AuditSink for Sink {
    fn record(&self, event: &AuditEvent) -> Result<(), NotRecorded> {
        if files::is_there(&self.socket) && self.client.record(event).is_ok() {
            return Ok(());
        }
        let own = self.own().map_err(|failure| NotRecorded {
            action: event.action.clone(),
            source: failure.error,
        })?;
        own.sink().record(event)?;
        self.unsealed.store(true, Ordering::SeqCst);
        Ok(())
    }
}
