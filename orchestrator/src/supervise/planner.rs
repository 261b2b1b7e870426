//! The state machine of supervision.
//!
//! [`Planner::on`] takes what happened and when, and gives what to do. The state is plain data: written down and read
//! back it goes on the same way. What an event says is taken in here; what follows from it is decided in `advance`,
//! in the order of the graph. Deliberately absent: doing any of it.

mod advance;
mod look;

use super::breaker::Breaker;
use super::event::{Command, Event, Moment};
use super::graph::{Graph, Role};
use super::notice::{HealEnd, Notice};
use super::policy::Policy;
use super::standing::{Course, Health, Look, Standing};
use sanctum_types::ServiceName;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The supervisor's mind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Planner {
    graph: Graph,
    /// Every service after all that it requires.
    order: Vec<ServiceName>,
    policy: Policy,
    standings: BTreeMap<ServiceName, Standing>,
    breaker: Breaker,
    /// Makes operation ids unique from one run to the next.
    run: i64,
    operations: u64,
    draining: bool,
}

impl Planner {
    /// A new run. `run` is its start in Unix seconds; `quarantined` are services that an earlier run left alone.
    #[must_use]
    pub fn new(
        graph: Graph,
        policy: Policy,
        run: i64,
        quarantined: &BTreeSet<ServiceName>,
    ) -> Self {
        let course = |name: &ServiceName, role: Role| match role {
            Role::Managed if quarantined.contains(name) => Course::Quarantined,
            Role::Managed => Course::Waiting,
            Role::Watched | Role::Elsewhere => Course::Steady,
        };
        let standings = graph
            .iter()
            .map(|(name, vertex)| (name.clone(), Standing::new(course(name, vertex.role))))
            .map(|(name, mut standing)| {
                if standing.course == Course::Quarantined {
                    standing.health = Health::Failed;
                }
                (name, standing)
            })
            .collect();
        let breaker = Breaker::default();
        let order = graph.order();
        Self { graph, order, policy, standings, breaker, run, operations: 0, draining: false }
    }

    /// The graph.
    #[must_use]
    pub const fn graph(&self) -> &Graph {
        &self.graph
    }

    /// The rules.
    #[must_use]
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// What is known of a service.
    #[must_use]
    pub fn standing(&self, name: &ServiceName) -> Option<&Standing> {
        self.standings.get(name)
    }

    /// Everything that is known, by service.
    pub fn standings(&self) -> impl Iterator<Item = (&ServiceName, &Standing)> {
        self.standings.iter()
    }

    /// Heals that are left to a service.
    #[must_use]
    pub fn budget_left(&self, name: &ServiceName, now: Moment) -> usize {
        let spent = self
            .standings
            .get(name)
            .map_or(0, |standing| standing.budget.spent(self.policy.budget_window, now));
        self.policy.budget.saturating_sub(spent)
    }

    /// Whether everything that was to be stopped is.
    #[must_use]
    pub fn drained(&self) -> bool {
        let over = |standing: &Standing| standing.course == Course::Stopped;
        self.draining && self.managed().all(|name| self.standings.get(name).is_none_or(over))
    }

    /// Takes in what happened and says what to do, in order.
    pub fn on(&mut self, event: Event, now: Moment) -> Vec<Command> {
        let before: Vec<&'static str> = self.standings.values().map(Standing::word).collect();
        let mut out = Vec::new();
        match event {
            Event::Tick => {}
            Event::Probed { service, rung, seen, saw } => {
                let look = Look { at: now, rung, seen, saw };
                self.probed(&service, &look, &mut out);
            }
            Event::Started { service, pid } => self.started(&service, pid, now),
            Event::Exited { service, how } => self.exited(&service, how, now),
            Event::Squatted { service, by } => self.squatted(&service, by, now, &mut out),
            Event::Stopped { service } => self.stopped(&service, now),
            Event::Released { service } => self.released(&service, &mut out),
            Event::Drain => self.drain(&mut out),
        }
        self.advance(now, &mut out);
        self.turned(&before, now, &mut out);
        out
    }

    fn managed(&self) -> impl Iterator<Item = &ServiceName> {
        self.graph.iter().filter(|(_, vertex)| vertex.role == Role::Managed).map(|(name, _)| name)
    }

    /// The time to turn green runs from the start itself, not from when it was asked for.
    fn started(&mut self, service: &ServiceName, pid: u32, now: Moment) {
        let (settle, first_look) = (self.policy.settle, self.policy.first_look());
        let Some(one) = self.standings.get_mut(service) else { return };
        one.pid = Some(pid);
        one.gone = false;
        one.awaiting = false;
        one.next_look = now.plus(first_look);
        if let Course::Settling { until } | Course::Healing { until, .. } = &mut one.course {
            *until = now.plus(settle);
        }
    }

    fn exited(&mut self, service: &ServiceName, how: String, now: Moment) {
        let confirm = self.policy.confirm;
        let Some(one) = self.standings.get_mut(service) else { return };
        one.pid = None;
        one.awaiting = false;
        match one.course {
            Course::Draining { .. } => one.course = Course::Stopped,
            Course::Steady | Course::Settling { .. } | Course::Healing { .. } => {
                one.gone = true;
                one.first_red.get_or_insert(now);
                // The end of a process is one bad look; the probe is the second.
                if one.course == Course::Steady && one.health != Health::Failed {
                    one.health = Health::Suspect;
                }
                one.next_look = now.plus(confirm);
                if let Some(last) = &mut one.last {
                    last.saw = how;
                }
            }
            Course::Waiting
            | Course::Due { .. }
            | Course::Squatted { .. }
            | Course::Quarantined
            | Course::Stopped => one.gone = true,
        }
    }

    fn squatted(
        &mut self,
        service: &ServiceName,
        by: super::Squatter,
        now: Moment,
        out: &mut Vec<Command>,
    ) {
        let Some(one) = self.standings.get_mut(service) else { return };
        let started = matches!(one.course, Course::Settling { .. } | Course::Healing { .. });
        if !started {
            return;
        }
        end_heal(service, one, HealEnd::Squatted, out);
        one.health = Health::Failed;
        one.pid = None;
        one.awaiting = false;
        one.next_look = now.plus(self.policy.confirm);
        one.course = Course::Squatted { by: by.clone() };
        out.push(Command::Tell(Notice::Squatted { service: service.clone(), by }));
    }

    fn stopped(&mut self, service: &ServiceName, now: Moment) {
        if let Some(one) = self.standings.get_mut(service) {
            one.pid = None;
            if matches!(one.course, Course::Draining { .. }) {
                one.course = Course::Stopped;
                one.since = now;
            }
        }
    }

    fn released(&mut self, service: &ServiceName, out: &mut Vec<Command>) {
        let Some(one) = self.standings.get_mut(service) else { return };
        if one.course != Course::Quarantined {
            return;
        }
        one.budget.reset();
        one.health = Health::Untried;
        one.first_red = None;
        one.course = Course::Waiting;
        out.push(Command::Tell(Notice::Released { service: service.clone() }));
    }

    /// Everything that may run is to end; what never started is over at once.
    fn drain(&mut self, out: &mut Vec<Command>) {
        self.draining = true;
        let managed: Vec<ServiceName> = self.managed().cloned().collect();
        for name in managed {
            let Some(one) = self.standings.get_mut(&name) else { continue };
            end_heal(&name, one, HealEnd::Drained, out);
            one.course = match one.course {
                // After a release it waits, and its old process may still be there.
                Course::Waiting if one.pid.is_none() => Course::Stopped,
                Course::Stopped => Course::Stopped,
                _ => Course::Draining { told: false },
            };
        }
    }

    /// Tells every change of a word, and since when it holds.
    fn turned(&mut self, before: &[&'static str], now: Moment, out: &mut Vec<Command>) {
        for ((name, one), from) in self.standings.iter_mut().zip(before.iter().copied()) {
            let to = one.word();
            if from != to {
                one.since = now;
                out.push(Command::Tell(Notice::Turned {
                    service: name.clone(),
                    from: from.to_owned(),
                    to: to.to_owned(),
                    saw: one.last.as_ref().map_or_else(String::new, |look| look.saw.clone()),
                }));
            }
        }
    }
}

/// Closes the heal that is under way, where there is one.
fn end_heal(service: &ServiceName, one: &Standing, end: HealEnd, out: &mut Vec<Command>) {
    if let Course::Healing { operation, .. } = &one.course {
        out.push(Command::Tell(Notice::HealFinished {
            service: service.clone(),
            operation: operation.clone(),
            end,
        }));
    }
}
