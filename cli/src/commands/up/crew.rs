//! Does what the planner says, each in a thread of its own, and reports what came of it.
//!
//! Invariant: of one service at most one process group of ours runs, and whoever holds its process (the slot or one
//! thread) holds it alone. A port that another process holds is never fought for.

use super::house::House;
use sanctum_host::command::Program;
use sanctum_host::supervisor::{Running, Spec, group};
use sanctum_orchestrator::instance::model::Service;
use sanctum_orchestrator::jobs::account;
use sanctum_orchestrator::probe;
use sanctum_orchestrator::supervise::{Event, Seen, Squatter};
use sanctum_types::{AbsPath, ServiceName, chain};
use std::collections::BTreeMap;
use std::sync::mpsc::Sender;
use std::time::Duration;

use super::super::services::owner;

/// What a thread has to tell.
#[derive(Debug)]
pub(super) enum Message {
    /// SIGTERM or SIGINT.
    Signal,
    /// A look came to its end.
    Looked(Event),
    /// A start came to its end.
    Started(ServiceName, Result<Running, NotStarted>),
    /// A stop came to its end.
    Stopped(ServiceName),
}

/// Why nothing runs.
#[derive(Debug)]
pub(super) enum NotStarted {
    Squatted(Squatter),
    Failed(String),
}

/// Who holds the process of a service.
#[derive(Debug, Default)]
enum Slot {
    /// Nobody: there is none.
    #[default]
    Empty,
    /// The supervisor.
    Ours(Running),
    /// A thread that starts or stops it; whether it is to stop when that is done.
    Away { stop: bool },
}

/// One service and what is needed to run it.
struct Post {
    service: Service,
    spec: Option<Spec>,
    slot: Slot,
    /// The last group that was started for it: what is left of it is ours too.
    group: Option<u32>,
    told: bool,
}

/// All of them.
pub(super) struct Crew {
    posts: BTreeMap<ServiceName, Post>,
    sender: Sender<Message>,
    grace: Duration,
    limit: Duration,
    draining: bool,
}

impl Crew {
    pub(super) fn new(house: &House, sender: Sender<Message>) -> Self {
        let seconds = |number: std::num::NonZeroU32| Duration::from_secs(u64::from(number.get()));
        let rules = &house.instance.supervision;
        let posts = house
            .instance
            .services
            .iter()
            .filter(|(_, service)| service.enabled && service.node == house.node)
            .map(|(name, service)| {
                let spec = spec(house, name, service);
                let service = service.clone();
                (name.clone(), Post { service, spec, slot: Slot::Empty, group: None, told: false })
            })
            .collect();
        let (grace, limit) = (seconds(rules.stop), seconds(rules.probe_timeout));
        Self { posts, sender, grace, limit, draining: false }
    }

    /// Stops what is left of it and starts it, unless another process holds one of its ports.
    pub(super) fn start(&mut self, name: &ServiceName) {
        let Some(post) = self.posts.get_mut(name) else { return };
        let old = match std::mem::replace(&mut post.slot, Slot::Away { stop: false }) {
            Slot::Ours(running) => Some(running),
            Slot::Empty | Slot::Away { .. } => None,
        };
        let (name, sender, grace) = (name.clone(), self.sender.clone(), self.grace);
        let (spec, service, group) = (post.spec.clone(), post.service.clone(), post.group);
        std::thread::spawn(move || {
            if let Some(mut old) = old {
                old.stop(grace);
            } else if let Some(group) = group {
                group::kill(group);
            }
            let started = fresh(spec.as_ref(), &service);
            // Nobody listens any more when the supervisor is at its end; then nothing may run either.
            if let Err(unsent) = sender.send(Message::Started(name, started))
                && let Message::Started(_, Ok(mut running)) = unsent.0
            {
                running.stop(Duration::ZERO);
            }
        });
    }

    /// Stops it.
    pub(super) fn stop(&mut self, name: &ServiceName) {
        let Some(post) = self.posts.get_mut(name) else { return };
        match std::mem::replace(&mut post.slot, Slot::Away { stop: true }) {
            Slot::Away { .. } => {}
            Slot::Empty => {
                post.slot = Slot::Empty;
                // An empty slot is stopped; the planner hears it like any other.
                let _ = self.sender.send(Message::Stopped(name.clone()));
            }
            Slot::Ours(mut running) => {
                let (name, sender, grace) = (name.clone(), self.sender.clone(), self.grace);
                std::thread::spawn(move || {
                    running.stop(grace);
                    let _ = sender.send(Message::Stopped(name));
                });
            }
        }
    }

    /// Looks at it: whether the port is its own, and then what it answers.
    pub(super) fn probe(&mut self, name: &ServiceName) {
        let Some(post) = self.posts.get_mut(name) else { return };
        let managed = post.spec.is_some();
        let alive = match &mut post.slot {
            Slot::Ours(running) => Some(running.ended().is_none()),
            Slot::Empty | Slot::Away { .. } => managed.then_some(false),
        };
        let (name, sender, limit) = (name.clone(), self.sender.clone(), self.limit);
        let (service, group) = (post.service.clone(), post.group);
        std::thread::spawn(move || {
            let squatter = if managed { owner::squatter(&service, group) } else { None };
            let answer = match squatter {
                Some(by) => {
                    let saw = by.to_string();
                    probe::Answer { rung: probe::rung(&service), seen: Seen::Foreign(by), saw }
                }
                None => probe::look(&service, alive, limit),
            };
            let probe::Answer { rung, seen, saw } = answer;
            let event = Event::Probed { service: name, rung, seen, saw };
            let _ = sender.send(Message::Looked(event));
        });
    }

    /// What a message means to the planner.
    pub(super) fn take(&mut self, message: Message) -> Option<Event> {
        match message {
            Message::Looked(event) => Some(event),
            Message::Stopped(service) => {
                if let Some(post) = self.posts.get_mut(&service) {
                    post.slot = Slot::Empty;
                }
                Some(Event::Stopped { service })
            }
            Message::Started(service, started) => self.started(service, started),
            Message::Signal if self.draining => {
                self.hasten();
                None
            }
            Message::Signal => {
                self.draining = true;
                Some(Event::Drain)
            }
        }
    }

    fn started(
        &mut self,
        service: ServiceName,
        started: Result<Running, NotStarted>,
    ) -> Option<Event> {
        let post = self.posts.get_mut(&service)?;
        let stop = matches!(post.slot, Slot::Away { stop: true });
        match started {
            Ok(running) => {
                let pid = running.pid();
                post.group = Some(pid);
                post.told = false;
                post.slot = Slot::Ours(running);
                if stop {
                    self.stop(&service);
                    return None;
                }
                Some(Event::Started { service, pid })
            }
            Err(why) => {
                post.slot = Slot::Empty;
                Some(match why {
                    _ if stop => Event::Stopped { service },
                    NotStarted::Squatted(by) => Event::Squatted { service, by },
                    NotStarted::Failed(how) => Event::Exited { service, how },
                })
            }
        }
    }

    /// Processes that ended by themselves, each told once.
    pub(super) fn ended(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        for (name, post) in &mut self.posts {
            let Slot::Ours(running) = &mut post.slot else { continue };
            if let Some(how) = running.ended()
                && !post.told
            {
                post.told = true;
                let how = format!("its process ended with {how}");
                events.push(Event::Exited { service: name.clone(), how });
            }
        }
        events
    }

    /// The second signal: nobody is waited for.
    fn hasten(&self) {
        for post in self.posts.values() {
            post.group.iter().for_each(|group| group::kill(*group));
        }
    }
}

/// The process of a service that has none, when its ports are free.
fn fresh(spec: Option<&Spec>, service: &Service) -> Result<Running, NotStarted> {
    let spec =
        spec.ok_or_else(|| NotStarted::Failed("its program is not an absolute path".to_owned()))?;
    if let Some(by) = owner::squatter(service, None) {
        return Err(NotStarted::Squatted(by));
    }
    Running::start(spec).map_err(|error| NotStarted::Failed(chain(&error)))
}

fn spec(house: &House, name: &ServiceName, service: &Service) -> Option<Spec> {
    let (program, args) = service.command.as_ref()?.split_first()?;
    let user = service.run_as.as_ref().map_or_else(|| account::own(name), |run| run.user.clone());
    Some(Spec {
        program: Program::new(AbsPath::new(program.as_str()).ok()?),
        args: args.to_vec(),
        log: house.log(name),
        account: Some(user.to_string()),
    })
}
