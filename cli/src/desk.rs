//! The desk of alerts of a node: its rules, its voice, its channels, and its turn at the memory in a store.
//!
//! Several processes work at one desk: the loop of alerts, `sanctum up`, `sanctum alerts test`. Each takes the desk's lock,
//! reads the memory anew and gives it back, so that none loses what another one told. Deliberately absent: what is
//! found.

use crate::failure::Failure;
use crate::record;
use crate::site::{HERE, Place};
use crate::surroundings::Surroundings;
use sanctum_host::{RootHost, Store, accounts, clock};
use sanctum_orchestrator::alerts::channels::Session;
use sanctum_orchestrator::alerts::text::Voice;
use sanctum_orchestrator::alerts::token::Tokens;
use sanctum_orchestrator::alerts::{Channels, Deliver, Dispatcher, Policy, dispatch, watch};
use sanctum_orchestrator::house::layout;
use sanctum_orchestrator::instance::Instance;
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
        let desktop = Session { uid, euid, bus: around.session_bus.clone() };
        let tokens = Tokens::below(root.unwrap_or(Path::new("/")));
        Ok(Channels::of(instance, self.voice.clone(), tokens, desktop)?)
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
