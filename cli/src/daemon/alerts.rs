//! `sanctumd --only alerts`: looks again and again at the journal and the house, and tells the desk what it found.
//!
//! Every look begins where the last one ended, whatever happened in between: the desk's memory and the loop's own are files of
//! the store. An error of one part of a look is told and stops no other part. Deliberately absent: what is worth a
//! message, and through which channel, which is the desk's to decide.

mod hear;
mod look;
mod sink;

use super::Daemon;
use super::frame::Service;
use crate::args::Common;
use crate::commands::Context;
use crate::desk::{self, Desk};
use crate::failure::{Exit, Failure};
use crate::output::{Out, Paint};
use crate::session::{Opened, choose_node};
use crate::site::Place;
use crate::surroundings::Surroundings;
use hear::Heard;
use sanctum_host::clock::{self, Monotonic};
use sanctum_host::journal::may_run;
use sanctum_host::{HostError, Store, StoreLock, files};
use sanctum_orchestrator::alerts::alert::DOCTOR;
use sanctum_orchestrator::alerts::watch::{self, Watch};
use sanctum_orchestrator::alerts::{Source, dispatch};
use sanctum_orchestrator::instance;
use sanctum_types::{AuditEvent, Finding, NodeName};
use sink::Sink;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// Its name.
pub(super) const NAME: &str = "alerts";
/// Between two looks of doctor at a house where nothing is new: each asks some dozen programs of the system.
const EXAMINE_EVERY: i64 = 600;
/// A second look that confirms something new comes this much later at the earliest: two seconds make two sights
/// (`alerts::desk`), and whole seconds are counted.
const AGAIN: i64 = 3;

/// What a look gave beside the journal.
struct Examined {
    /// What doctor found, and what is not as it was applied; none where it was not looked at.
    found: Option<(Vec<Finding>, Vec<Finding>)>,
}

/// The loop.
pub(super) struct AlertsService {
    context: Context,
    place: Place,
    store: Store,
    every: Duration,
    over: Mutex<bool>,
    ended: Condvar,
    healthy: AtomicBool,
    _running: StoreLock,
}

/// What lasts from look to look.
struct Memory {
    opened: Opened,
    node: NodeName,
    watch: Watch,
    /// When doctor looks again.
    due: i64,
    /// What doctor found last: something new is looked at again soon.
    known: Vec<(String, String)>,
    sink: Sink,
}

impl AlertsService {
    /// Takes its place at the store; there is one loop at a time.
    pub(super) fn open(args: &Daemon, around: Surroundings, out: Out) -> Result<Self, Failure> {
        let context = Context { common: common(args), around, out };
        let place = Place::of(&context.common);
        if place == Place::Machine && context.around.euid != 0 {
            return Err(Failure::refused(
                "the alerts of a machine are root's: they read every stream",
            )
            .hint("below a directory that stands for one: --root DIR --instance FILE"));
        }
        let store = desk::store(&place, &context.around)?;
        let running = store
            .lock_named(watch::RUNNING, Duration::ZERO)
            .map_err(|error| Failure::refused(error).hint(format!("sanctumd --health {NAME}")))?;
        Ok(Self {
            every: Duration::from_secs(args.look_every),
            context,
            place,
            store,
            over: Mutex::default(),
            ended: Condvar::new(),
            healthy: AtomicBool::new(true),
            _running: running,
        })
    }

    fn read(&self) -> Result<Opened, Failure> {
        let Context { common, around, out } = &self.context;
        match self.place {
            Place::Machine => Opened::read_approved(common, *out),
            Place::Root(_) => Opened::read(common, around, *out),
        }
    }

    fn begin(&self) -> Result<Memory, Failure> {
        let opened = self.read()?;
        let node = choose_node(&opened.instance, &self.context.common)?;
        let kept = self.store.read_file(watch::FILE)?;
        let watch = kept.and_then(|bytes| Watch::decode(&bytes));
        let fresh = Watch::new(clock::now(), self.every.as_secs());
        let watch = Watch { every: self.every.as_secs(), ..watch.unwrap_or(fresh) };
        let sink = Sink::new(&self.place, &self.context.around);
        // At boot everything is about to start; doctor looks when that is over.
        let settled = i64::try_from(self.every.as_secs()).unwrap_or(i64::MAX).saturating_mul(2);
        let due = clock::now().0.saturating_add(settled);
        Ok(Memory { opened, node, watch, due, known: Vec::new(), sink })
    }

    /// The house is read again when its file changed; a file that cannot be read changes nothing.
    fn refresh(&self, memory: &mut Memory) {
        let limit = u64::try_from(instance::MAX_BYTES).unwrap_or(u64::MAX);
        let text = files::read(Path::new(&memory.opened.path), limit);
        if text.is_ok_and(|text| text == memory.opened.text.as_bytes()) {
            return;
        }
        match self.read().and_then(|opened| {
            let node = choose_node(&opened.instance, &self.context.common)?;
            Ok((opened, node))
        }) {
            Ok((opened, node)) => (memory.opened, memory.node) = (opened, node),
            Err(failure) => self.warn("the instance is not read again", &failure),
        }
    }

    fn warn(&self, what: &str, failure: &Failure) {
        self.context.out.warn(&format!("{NAME}: {what}: {}", failure.text()));
    }

    /// Looks once, tells the desk, remembers. What was heard of the journal is remembered after the desk has it, so that a
    /// killed loop hears it twice rather than never.
    fn look(&self, memory: &mut Memory) -> Result<(), Failure> {
        self.refresh(memory);
        let heard = hear::news(&self.place, self.owner_home(memory).as_deref(), &memory.watch);
        for failure in &heard.unheard {
            self.warn("a stream is not heard", failure);
        }
        let examined = self.examine(memory);
        let desk = Desk::of(&memory.opened.instance, &memory.node)?;
        let root = self.context.common.root.as_deref();
        let channels = desk.channels(&memory.opened.instance, root, &self.context.around)?;
        let unfinished = unfinished(&heard.watch)?;
        desk.turn(&self.store, (&channels, &memory.sink), |desk| {
            tell(desk, &heard, unfinished, examined)
        })?;
        memory.watch = Watch { looked: clock::now(), ..heard.watch };
        self.store.write_file(watch::FILE, &serde_json::to_vec(&memory.watch)?)?;
        memory.sink.vouch(heard.heads);
        memory.sink.settle();
        Ok(())
    }

    fn owner_home(&self, memory: &Memory) -> Option<std::path::PathBuf> {
        let owner = memory.opened.instance.users.owner.as_str();
        let account = sanctum_host::accounts::by_name(owner).ok().flatten()?;
        let home = account.home.map(|home| home.as_str().into());
        home.filter(|_| self.place == Place::Machine)
    }

    /// Doctor's turn, unless it is not due or somebody changes the house now.
    fn examine(&self, memory: &mut Memory) -> Examined {
        let now = clock::now();
        let due = now.0 >= memory.due || memory.due > now.0.saturating_add(EXAMINE_EVERY);
        if !due || self.store.is_busy() {
            return Examined { found: None };
        }
        let looked = look::examine(&self.context, &memory.opened, &memory.node);
        let now = clock::now();
        memory.due = now.0.saturating_add(EXAMINE_EVERY);
        // What an apply was in the middle of is not how the house is.
        if self.store.is_busy() {
            memory.due = now.0;
            return Examined { found: None };
        }
        match looked {
            Ok(found) => {
                let all = found.0.iter().chain(&found.1);
                let keys: Vec<_> = all.map(|one| (one.kind.clone(), one.subject.clone())).collect();
                if keys.iter().any(|key| !memory.known.contains(key)) {
                    memory.due = now.0.saturating_add(AGAIN);
                }
                memory.known = keys;
                memory.watch.examined = Some(now);
                Examined { found: Some(found) }
            }
            Err(failure) => {
                self.warn("doctor cannot look", &failure);
                Examined { found: None }
            }
        }
    }

    /// Until the time has come; false when it is over.
    fn wait(&self, begun: Monotonic) -> bool {
        let mut over = self.over.lock().unwrap_or_else(PoisonError::into_inner);
        while !*over {
            let left = self.every.saturating_sub(begun.elapsed());
            if left.is_zero() {
                return true;
            }
            let waited = self.ended.wait_timeout(over, left);
            over = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        false
    }
}

/// Everything of one look, to the desk.
fn tell(
    desk: &mut sanctum_orchestrator::alerts::Dispatcher<'_>,
    heard: &Heard,
    unfinished: Vec<Finding>,
    examined: Examined,
) -> Result<(), dispatch::DispatchError> {
    let mut done = Ok(());
    for stream in &heard.broken {
        done = done.and(desk.raise(&watch::broken(stream), &Source::knows("journal")).map(drop));
    }
    for event in &heard.events {
        done = done.and(desk.heard(event).map(drop));
    }
    done = done.and(desk.looked(&Source::looks("journal"), unfinished).map(drop));
    if let Some((doctor, drift)) = examined.found {
        done = done.and(desk.looked(&Source::looks(DOCTOR), doctor).map(drop));
        done = done.and(desk.looked(&Source::looks("drift"), drift).map(drop));
    }
    done.and(desk.tick().map(drop))
}

fn unfinished(watch: &Watch) -> Result<Vec<Finding>, HostError> {
    Ok(watch.unfinished(&may_run()?))
}

fn common(args: &Daemon) -> Common {
    Common {
        instance: args.instance.clone(),
        root: args.root.clone(),
        node: args.node.clone(),
        json: args.json,
        quiet: false,
    }
}

impl Service for AlertsService {
    fn name(&self) -> &'static str {
        NAME
    }

    fn serve(&self) -> Result<(), Failure> {
        let mut memory = self.begin()?;
        memory.sink.tell("service.start");
        loop {
            let begun = Monotonic::now();
            let looked = self.look(&mut memory);
            self.healthy.store(looked.is_ok(), Ordering::SeqCst);
            if let Err(failure) = looked {
                self.warn("a look failed", &failure);
            }
            if !self.wait(begun) {
                break;
            }
        }
        memory.sink.tell("service.stop");
        memory.sink.settle();
        Ok(())
    }

    fn drain(&self) {
        *self.over.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.ended.notify_all();
    }

    fn healthy(&self) -> bool {
        self.healthy.load(Ordering::SeqCst)
    }
}

/// How the running loop is, by what it left: when it looked last.
pub(super) fn health(out: Out, args: &Daemon) -> Result<Exit, Failure> {
    let around = Surroundings::read(None);
    let store = desk::store(&Place::of(&common(args)), &around)?;
    let runs =
        matches!(store.lock_named(watch::RUNNING, Duration::ZERO), Err(HostError::Locked { .. }));
    let watch = store.read_file(watch::FILE)?.and_then(|bytes| Watch::decode(&bytes));
    let Some(watch) = watch.filter(|_| runs) else {
        return Err(Failure::failed("no loop of alerts runs here")
            .hint(format!("sanctumd --only {NAME} runs it")));
    };
    let now = clock::now();
    let healthy = !watch.is_late(now);
    let age = now.0.saturating_sub(watch.looked.0).max(0);
    out.data(&serde_json::json!({
        "format": 1, "service": NAME,
        "health": { "healthy": healthy, "looked": watch.looked, "examined": watch.examined },
    }));
    let (paint, word, exit) = if healthy {
        (Paint::Good, "healthy", Exit::Done)
    } else {
        (Paint::Bad, "unhealthy", Exit::Differences)
    };
    out.line(paint, &format!("{NAME}: {word}; looked {age} s ago"));
    Ok(exit)
}

/// An event of the loop itself.
fn own_event(action: &str) -> Option<AuditEvent> {
    use sanctum_types::{Action, Actor, Outcome, Phase, Severity};
    Some(AuditEvent {
        actor: Actor::new("service:alerts").ok()?,
        action: Action::new(action).ok()?,
        subject: NAME.to_owned(),
        phase: Phase::Single,
        outcome: Outcome::Ok,
        severity: Severity::Info,
        details: [("version".to_owned(), env!("CARGO_PKG_VERSION").to_owned())].into(),
    })
}
