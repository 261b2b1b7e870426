//! What a supervisor finds, told at the node's desk of alerts: a thread of its own, because channels take their time.
//!
//! Without a loop of alerts (development, Linux without systemd) nobody else lets time go by at the desk, so that it is done
//! here. A desk that cannot be reached is told on the terminal and stops nothing. Deliberately absent: what is a finding.

use super::{ACTOR, House};
use crate::commands::Context;
use crate::desk::{self, Desk};
use crate::failure::Failure;
use crate::record::Recorder;
use crate::site::Place;
use sanctum_host::Store;
use sanctum_orchestrator::alerts::{Channels, Source};
use sanctum_types::{AuditEvent, AuditSink, Finding, NotRecorded};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// As often as the loop of alerts.
const TICK: Duration = Duration::from_secs(30);

/// The thread; it ends when this is dropped, after what it was told.
pub(super) struct Teller {
    sender: Option<Sender<Finding>>,
    thread: Option<JoinHandle<()>>,
}

/// The desk of this node and how to get there.
struct Way {
    context: Context,
    desk: Desk,
    store: Store,
    channels: Channels,
}

impl Teller {
    /// Opens the desk of the house's node.
    pub(super) fn open(context: &Context, house: &House) -> Result<Self, Failure> {
        let desk = Desk::of(&house.instance, &house.node)?;
        let root = context.common.root.as_deref();
        let channels = desk.channels(&house.instance, root, &context.around)?;
        let store = desk::store(&Place::of(&context.common), &context.around)?;
        let way = Way { context: context.clone(), desk, store, channels };
        let (sender, inbox) = channel();
        let thread = std::thread::Builder::new()
            .name("alerts".to_owned())
            .spawn(move || way.work(&inbox))?;
        Ok(Self { sender: Some(sender), thread: Some(thread) })
    }

    /// Hands a finding over; it is told when its turn comes.
    pub(super) fn tell(&self, finding: &Finding) {
        if let Some(sender) = &self.sender {
            // A thread that broke off has nothing to tell with.
            let _ = sender.send(finding.clone());
        }
    }
}

impl Drop for Teller {
    fn drop(&mut self) {
        self.sender = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Way {
    fn work(&self, inbox: &Receiver<Finding>) {
        let mut away = false;
        loop {
            let told = match inbox.recv_timeout(TICK) {
                Ok(finding) => self.turn(Some(&finding)),
                Err(RecvTimeoutError::Timeout) => self.turn(None),
                Err(RecvTimeoutError::Disconnected) => return,
            };
            if let Err(failure) = &told
                && !away
            {
                self.context.out.warn(&format!("the desk of alerts: {}", failure.text()));
            }
            away = told.is_err();
        }
    }

    fn turn(&self, finding: Option<&Finding>) -> Result<(), Failure> {
        self.desk.turn(&self.store, (&self.channels, self), |desk| {
            let told = finding.map(|finding| desk.raise(finding, &Source::knows(ACTOR)));
            told.transpose().and(desk.tick()).map(drop)
        })
    }
}

impl AuditSink for Way {
    fn record(&self, event: &AuditEvent) -> Result<(), NotRecorded> {
        let not =
            |failure: Failure| NotRecorded { action: event.action.clone(), source: failure.error };
        let own = Recorder::of_place(&Place::of(&self.context.common), &self.context.around);
        let own = own.map_err(not)?;
        own.sink().record(event)?;
        own.seal().map_err(not)
    }
}
