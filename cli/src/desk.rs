//! The desk of alerts of a node: its rules, its voice, its channels, and its turn at the memory in a store.
//!
//! Several processes work at one desk: the loop of alerts, `sanctum up`, `sanctum alerts test`. Each takes the desk's lock,
//! reads the memory anew and gives it back, so that none loses what another one told. Deliberately absent: what is
//! found.

use crate::failure::{Exit, Failure};
use crate::record;
use crate::site::{HERE, Place};
use crate::surroundings::Surroundings;
use sanctum_host::{RootHost, Store, accounts, clock};
use sanctum_orchestrator::alerts::channels::Session;
use sanctum_orchestrator::alerts::text::Voice;
use sanctum_orchestrator::alerts::{Channels, Deliver, Dispatcher, Policy, dispatch, watch};
use sanctum_orchestrator::house::layout;
use sanctum_orchestrator::instance::Instance;
use sanctum_orchestrator::secrets;
use sanctum_types::{AuditSink, NodeName};
use std::path::Path;
use std::time::Duration;

/// How long somebody waits for a turn: another one may be asking channels that hang, ten seconds each and twice.
const TURN: Duration = Duration::from_secs(60);

/// A node's rules for alerts, and how it speaks.
#[derive(Clone, Debug)]
pub struct Desk {
    /// The rules.
    pub policy: Policy,
    /// How it speaks.
    pub voice: Voice,
}

impl Desk {
    /// The desk of a node.
    pub fn of(instance: &Instance, node: &NodeName) -> Result<Self, Failure> {
        let policy = Policy::of(instance)?;
        let voice = Voice::new(&instance.instance.name, node.as_str(), &policy);
        Ok(Self { policy, voice })
    }

    /// Its channels; secrets are below `root`, where a directory stands for the machine.
    pub fn channels(
        &self,
        instance: &Instance,
        root: Option<&Path>,
        around: &Surroundings,
    ) -> Result<Channels, Failure> {
        let (euid, owner) = (around.euid, &instance.users.owner);
        // Without root there is one desktop that this process may speak to: its own.
        let uid = match accounts::by_name(owner.as_str())? {
            Some(account) if euid == 0 => account.uid,
            _ => euid,
        };
        let nowhere = || Failure::new(Exit::Bug, "this machine has no place for secrets");
        let mut places =
            secrets::places(root.unwrap_or(Path::new("/")), instance).ok_or_else(nowhere)?;
        places.session_bus.clone_from(&around.session_bus);
        let desktop = Session { uid, euid, bus: around.session_bus.clone() };
        Ok(Channels::of(instance, self.voice.clone(), places, desktop)?)
    }

    /// A turn at the memory in the store.
    pub fn turn<T>(
        &self,
        store: &Store,
        (deliver, sink): (&dyn Deliver, &dyn AuditSink),
        act: impl FnOnce(&mut Dispatcher<'_>) -> Result<T, dispatch::DispatchError>,
    ) -> Result<T, Failure> {
        let _turn = store.lock_named(watch::DESK, TURN)?;
        let around = dispatch::Surroundings { deliver, keep: store, sink, clock: &clock::now };
        let (mut dispatcher, _) = Dispatcher::open(self.policy.clone(), around)?;
        Ok(act(&mut dispatcher)?)
    }
}

/// The store that the desk of a place is in: root's, that of a directory, or else the state of the caller's own account.
pub fn store(place: &Place, around: &Surroundings) -> Result<Store, Failure> {
    Ok(match place {
        Place::Root(dir) => RootHost::open(dir, layout::root_owner(HERE))?.store()?,
        Place::Machine if around.euid == 0 => Store::open(Path::new(layout::store(HERE)))?,
        Place::Machine => Store::open(&record::state_of_owner(around)?.join("desk"))?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use sanctum_orchestrator::alerts::{Message, Source, State, Undelivered};
    use sanctum_types::{AuditEvent, Finding, NotRecorded, Severity};

    struct Takes;

    impl Deliver for Takes {
        fn deliver(&self, _: &str, _: &Message) -> Result<(), Undelivered> {
            Ok(())
        }
    }

    impl AuditSink for Takes {
        fn record(&self, _: &AuditEvent) -> Result<(), NotRecorded> {
            Ok(())
        }
    }

    #[test]
    fn whoever_works_at_one_desk_at_once_loses_nothing_of_the_others() {
        const WORKERS: usize = 4;
        const EACH: usize = 8;
        let dir = tempfile::tempdir().unwrap();
        let text = include_str!("../../examples/minimal/instance.yaml");
        let opened = crate::session::Opened::from_text(
            "x",
            text.to_owned(),
            crate::output::Out { json: false, quiet: true },
        );
        let instance = opened.unwrap().instance;
        let desk = Desk::of(&instance, &NodeName::new("hub").unwrap()).unwrap();
        let at = dir.path().join("store");
        let work = |worker: usize| {
            let store = Store::open(&at).unwrap();
            for count in 0..EACH {
                let finding = Finding {
                    severity: Severity::Critical,
                    kind: "test.thing".to_owned(),
                    subject: format!("{worker}/{count}"),
                    message: "seen".to_owned(),
                    hint: None,
                };
                let source = Source::knows("test");
                desk.turn(&store, (&Takes, &Takes), |desk| desk.raise(&finding, &source)).unwrap();
            }
        };
        std::thread::scope(|scope| {
            for worker in 0..WORKERS {
                let work = &work;
                scope.spawn(move || work(worker));
            }
        });
        let bytes = Store::open(&at).unwrap().read_file(dispatch::FILE).unwrap().unwrap();
        let sent = State::decode(&bytes).unwrap().tally.sent;
        assert_eq!(sent, u64::try_from(WORKERS * EACH).unwrap());
    }
}
