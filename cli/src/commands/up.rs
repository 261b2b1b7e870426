//! `sanctum up`: supervises the services of this node where neither launchd nor systemd does.
//!
//! A loop around the planner: what happened goes in, commands come out and are done in threads of their own, so
//! that no service waits for another one's probe or end. Services get no secret on argv or in their environment.

mod crew;
mod house;
mod leftovers;
mod screen;
mod teller;
#[cfg(test)]
mod tests;

pub use house::{House, last_report, owners_socket, state_dir};
pub(super) use screen::paint;

use super::Context;
use crate::args::up::Up;
use crate::failure::{Exit, Failure};
use crate::output::Out;
use crate::record::Recorder;
use crate::site::Place;
use crew::{Crew, Message};
use sanctum_host::clock::{self, Monotonic};
use sanctum_host::files;
use sanctum_host::supervisor::control::{Control, Request};
use sanctum_orchestrator::supervise::{
    Command, Event, Moment, Notice, Planner, Policy, Run, UpReport,
};
use sanctum_types::{Actor, AuditSink, Finding, ServiceName, UnixTime};
use screen::Screen;
use std::collections::BTreeSet;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;
use teller::Teller;

/// Who acts, in the journal.
pub const ACTOR: &str = "service:up";
/// The answer to a request that was not done because it cannot be recorded.
pub const UNRECORDED: &str = "unrecorded";
/// Between two looks at what happened: short beside every time of the rules, which are whole seconds.
const PULSE: Duration = Duration::from_millis(50);
/// The state file is written at every change of a state, and else this often.
const WRITE_EVERY: u64 = 2000;

/// Where events and findings go beside the terminal.
#[derive(Clone, Copy)]
pub struct Ears<'a> {
    /// The journal. A restart of a service is not held back when it cannot be recorded; the state file counts that.
    pub journal: Option<&'a dyn AuditSink>,
    /// Alerts.
    pub alert: &'a dyn Fn(&Finding),
}

/// Runs the verb until it is told to end.
pub fn run(context: &Context, args: &Up) -> Result<Exit, Failure> {
    let out = context.out;
    let house = House::open(context)?;
    let teller = Teller::open(context, &house);
    if let Err(failure) = &teller {
        out.warn(&format!("findings are told here only: {}", failure.text()));
    }
    let teller = teller.ok();
    let alert = move |finding: &Finding| {
        teller.iter().for_each(|teller| teller.tell(finding));
        let hint = finding.hint.as_deref().map(|hint| format!(" (next: {hint})"));
        out.warn(&format!("{}{}", finding.message, hint.unwrap_or_default()));
    };
    // A directory that stands for a machine has no journal of what runs, because nothing of it runs.
    let machine = Place::of(&context.common) == Place::Machine;
    let recorder = machine.then(|| Recorder::of_account(&context.around)).transpose()?;
    let journal = recorder.as_ref().map(Recorder::sink);
    guard(context, args, &house, Ears { journal, alert: &alert })
}

/// The same, telling those.
pub fn supervise(context: &Context, args: &Up, ears: Ears<'_>) -> Result<Exit, Failure> {
    guard(context, args, &House::open(context)?, ears)
}

fn guard(context: &Context, args: &Up, house: &House, ears: Ears<'_>) -> Result<Exit, Failure> {
    let only = names(&args.only)?;
    for name in &only {
        house.known(name)?;
    }
    let graph = house.graph();
    let graph = if only.is_empty() { graph } else { graph.only(&only) };
    sanctum_host::supervisor::make_state_dir(&house.state)?;
    let control = Control::open(&house.socket()).map_err(|error| {
        Failure::refused(error).hint("`sanctum services` shows what the running one does")
    })?;
    let before = house.last_report()?;
    if let Some(before) = &before {
        leftovers::stop(house, before, context.out);
    }
    let quarantined: BTreeSet<ServiceName> =
        before.iter().flat_map(UpReport::quarantined).cloned().collect();
    let started = clock::now();
    let planner =
        Planner::new(graph, Policy::from(&house.instance.supervision), started.0, &quarantined);
    let (sender, inbox) = channel();
    let told = sender.clone();
    crate::signals::watch(move || told.send(Message::Signal).is_ok())?;
    let screen = Screen::new(context.out);
    let crew = Crew::new(house, sender);
    let start = Monotonic::now();
    let clock = Clock { start, started };
    let mut ward = Ward {
        house,
        planner,
        crew,
        screen,
        ears,
        clock,
        sandbox: Place::of(&context.common) != Place::Machine,
        unrecorded: 0,
        written: Moment(0),
    };
    ward.screen.begin(&ward.report());
    ward.run(&inbox, &control)?;
    ward.write()?;
    ward.screen.end(&ward.report());
    Ok(Exit::Done)
}

fn names(given: &[String]) -> Result<BTreeSet<ServiceName>, Failure> {
    let name = |text: &String| {
        ServiceName::new(text.as_str()).map_err(|error| Failure::new(Exit::Usage, error))
    };
    given.iter().map(name).collect()
}

/// Two clocks: the one that nobody sets decides, the wall's is told.
#[derive(Clone, Copy)]
struct Clock {
    start: Monotonic,
    started: UnixTime,
}

impl Clock {
    fn now(self) -> Moment {
        Moment(u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX))
    }
}

/// The loop's own things.
struct Ward<'a> {
    house: &'a House,
    planner: Planner,
    crew: Crew,
    screen: Screen,
    ears: Ears<'a>,
    clock: Clock,
    /// Nothing below a directory is anybody's to guard.
    sandbox: bool,
    unrecorded: u64,
    written: Moment,
}

impl Ward<'_> {
    fn run(&mut self, inbox: &Receiver<Message>, control: &Control) -> Result<(), Failure> {
        while !self.planner.drained() {
            let mut events: Vec<Event> = Vec::new();
            if let Ok(message) = inbox.recv_timeout(PULSE) {
                events.extend(self.crew.take(message));
            }
            events.extend(
                inbox
                    .try_iter()
                    .collect::<Vec<_>>()
                    .into_iter()
                    .filter_map(|message| self.crew.take(message)),
            );
            events.extend(self.crew.ended());
            let mut turned = false;
            for event in events {
                turned |= self.decide(event);
            }
            while let Some(request) = control.next() {
                // Whoever was answered may ask at once what became of it.
                if let Some(event) = self.asked(request) {
                    turned |= self.decide(event);
                }
            }
            turned |= self.decide(Event::Tick);
            self.screen.draw(&self.planner, self.clock.now());
            if turned || self.clock.now().since(self.written) >= WRITE_EVERY {
                self.write()?;
            }
        }
        Ok(())
    }

    /// Has the planner decide, and does what it says; true when a state changed.
    fn decide(&mut self, event: Event) -> bool {
        let mut turned = false;
        for command in self.planner.on(event, self.clock.now()) {
            turned |= self.obey(command);
        }
        turned
    }

    /// Does one thing that the planner says; true when a state changed.
    fn obey(&mut self, command: Command) -> bool {
        match command {
            Command::Start(service) => self.crew.start(&service),
            Command::Heal { service, .. } => self.crew.start(&service),
            Command::Probe(service) => self.crew.probe(&service),
            Command::Stop(service) => self.crew.stop(&service),
            Command::Tell(notice) => {
                self.tell(&notice);
                return matches!(notice, Notice::Turned { .. });
            }
        }
        false
    }

    fn tell(&mut self, notice: &Notice) {
        self.screen.tell(notice, clock::now());
        if let Some(finding) = notice.finding() {
            (self.ears.alert)(&finding);
        }
        // A release was recorded before it was done.
        let known = matches!(notice, Notice::Released { .. });
        let Some(journal) = self.ears.journal.filter(|_| !known) else { return };
        if !is_recorded(journal, notice) {
            self.unrecorded += 1;
        }
    }

    /// What another process of the owner's asks.
    fn asked(&self, request: Request) -> Option<Event> {
        let (verb, rest) = request.line.split_once(' ').unwrap_or((request.line.as_str(), ""));
        match (verb, ServiceName::new(rest)) {
            ("report", _) => {
                let report = serde_json::to_string(&self.report());
                request.answer(report.as_deref().unwrap_or("{}"));
                None
            }
            ("drain", _) => {
                request.answer("ok");
                Some(Event::Drain)
            }
            // The verb asks for the owner in person, and so it comes as root; a program of the owner's does not.
            ("release", Ok(_)) if !self.sandbox && request.peer.uid != 0 => {
                request.answer("root's to release");
                None
            }
            ("release", Ok(service)) => self.release(request, service),
            _ => {
                request.answer("not understood");
                None
            }
        }
    }

    /// Lets a service out of quarantine once that is recorded: what loosens does not happen unrecorded.
    fn release(&self, request: Request, service: ServiceName) -> Option<Event> {
        let state = self.planner.standing(&service).map_or("unknown", |one| one.word());
        if state != "quarantined" {
            request.answer(state);
            return None;
        }
        let notice = Notice::Released { service: service.clone() };
        if self.ears.journal.is_some_and(|journal| !is_recorded(journal, &notice)) {
            request.answer(UNRECORDED);
            return None;
        }
        request.answer("ok");
        Some(Event::Released { service })
    }

    fn report(&self) -> UpReport {
        let run = Run {
            node: &self.house.node,
            pid: std::process::id(),
            started: self.clock.started,
            unrecorded: self.unrecorded,
        };
        UpReport::of(&self.planner, &self.house.instance, &run, self.clock.now())
    }

    fn write(&mut self) -> Result<(), Failure> {
        self.written = self.clock.now();
        let bytes = serde_json::to_vec_pretty(&self.report())?;
        Ok(files::write_private(&self.house.file(), &bytes)?)
    }
}

/// Whether the journal took it.
fn is_recorded(journal: &dyn AuditSink, notice: &Notice) -> bool {
    let event = Actor::new(ACTOR).and_then(|actor| notice.event(&actor));
    event.is_ok_and(|event| journal.record(&event).is_ok())
}

/// One line for people; used by the screen and the leftovers.
fn say(out: Out, text: &str) {
    if !out.json {
        out.progress(text);
    }
}
