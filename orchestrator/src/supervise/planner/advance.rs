//! What follows from what is known: starts, heals, quarantines, stops and looks, in the order of the graph.

use super::super::event::{Command, Moment};
use super::super::graph::Role;
use super::super::notice::Notice;
use super::super::standing::{Course, Health, Standing};
use super::Planner;
use crate::instance::model::Criticality;
use sanctum_types::ServiceName;
use std::collections::BTreeMap;

impl Planner {
    pub(super) fn advance(&mut self, now: Moment, out: &mut Vec<Command>) {
        let order = self.order.clone();
        if self.draining {
            for name in order.iter().rev() {
                self.stop(name, out);
            }
            return;
        }
        for name in &order {
            match self.standings.get(name).map(|one| &one.course) {
                Some(Course::Waiting) => self.start(name, now, out),
                Some(Course::Due { at }) if now >= *at => self.heal(name, now, out),
                _ => {}
            }
        }
        for name in &order {
            self.look(name, now, out);
        }
    }

    /// The first start: when everything below it stands.
    fn start(&mut self, name: &ServiceName, now: Moment, out: &mut Vec<Command>) {
        let stands = |required: &ServiceName| {
            self.role(required) == Some(Role::Elsewhere)
                || self.standings.get(required).is_some_and(|one| {
                    one.health == Health::Green
                        // Nothing speaks against it; it was started and cannot be looked at.
                        || one.health == Health::Unknown && one.course == Course::Steady
                })
        };
        let ready = self.graph.requires(name).all(stands);
        let settle = self.policy.settle;
        let Some(one) = self.standings.get_mut(name).filter(|_| ready) else { return };
        one.course = Course::Settling { until: now.plus(settle) };
        one.health = Health::Untried;
        one.await_start();
        out.push(Command::Start(name.clone()));
    }

    /// A confirmed failure whose wait is over.
    fn heal(&mut self, name: &ServiceName, now: Moment, out: &mut Vec<Command>) {
        if !self.clear_above(name) {
            return;
        }
        let window = self.policy.budget_window;
        let spent = self.standings.get(name).map_or(0, |one| one.budget.spent(window, now));
        if spent >= self.policy.budget {
            return self.quarantine(name, spent, out);
        }
        let (limit, breaker_window) = (self.policy.causes, self.policy.breaker_window);
        if !self.breaker.permits(name, limit, breaker_window, now) && !self.exempt(name) {
            let recent = self.breaker.recent(breaker_window, now).into_iter().cloned().collect();
            let Some(one) = self.standings.get_mut(name).filter(|one| !one.held) else { return };
            one.held = true;
            out.push(Command::Tell(Notice::Held { service: name.clone(), recent }));
            return;
        }
        self.breaker.record(name, breaker_window, now);
        self.operations += 1;
        // An id has 64 characters at most, too few for a service's name beside two numbers; the event says whose it is.
        let operation = format!("heal-{}-{}", self.run, self.operations);
        let settle = self.policy.settle;
        let Some(one) = self.standings.get_mut(name) else { return };
        one.budget.spend(window, now);
        one.restarts += 1;
        one.held = false;
        one.await_start();
        let until = now.plus(settle);
        one.course = Course::Healing { until, operation: operation.clone() };
        let (service, id) = (name.clone(), operation.clone());
        out.push(Command::Tell(Notice::HealStarted { service, operation: id }));
        out.push(Command::Heal { service: name.clone(), operation });
    }

    fn quarantine(&mut self, name: &ServiceName, heals: usize, out: &mut Vec<Command>) {
        let Some(one) = self.standings.get_mut(name) else { return };
        one.course = Course::Quarantined;
        one.held = false;
        out.push(Command::Tell(Notice::Quarantined { service: name.clone(), heals }));
    }

    /// Nothing above it is failed, under suspicion or on its way up, and all of it was looked at since it failed.
    fn clear_above(&self, name: &ServiceName) -> bool {
        let since = self.standings.get(name).map_or(Moment(0), |one| one.failed_at);
        self.graph.ancestors(name).iter().all(|above| {
            if self.role(above) == Some(Role::Elsewhere) {
                return true;
            }
            self.standings.get(above).is_none_or(|one| {
                let well = matches!(one.health, Health::Green | Health::Unknown);
                let at_rest = matches!(one.course, Course::Steady | Course::Quarantined);
                let looked = one.last.as_ref().is_some_and(|look| look.at >= since);
                well && at_rest && looked
            })
        })
    }

    /// The breaker does not hold back a P0 service, nor the cause of most of what else failed: a heal that the
    /// house waits for.
    fn exempt(&self, name: &ServiceName) -> bool {
        let p0 = self.graph.get(name).is_some_and(|one| one.criticality == Criticality::P0);
        let below = |cause: &ServiceName| {
            self.graph.descendants(cause).iter().filter(|one| self.failed(one)).count()
        };
        let causes = self.standings.keys().filter(|one| {
            self.failed(one) && !self.graph.ancestors(one).iter().any(|above| self.failed(above))
        });
        let most: BTreeMap<usize, &ServiceName> =
            causes.map(|cause| (below(cause), cause)).filter(|(count, _)| *count > 0).collect();
        p0 || most.last_key_value().is_some_and(|(count, _)| *count == below(name))
    }

    pub(super) fn failed(&self, name: &ServiceName) -> bool {
        self.standings.get(name).is_some_and(Standing::failed)
    }

    /// What is done with a service here.
    #[must_use]
    pub fn role(&self, name: &ServiceName) -> Option<Role> {
        self.graph.get(name).map(|vertex| vertex.role)
    }

    /// The wait before the next heal.
    pub(super) fn wait_of(&self, name: &ServiceName, now: Moment) -> u64 {
        let window = self.policy.budget_window;
        let spent = self.standings.get(name).map_or(0, |one| one.budget.spent(window, now));
        self.policy.backoff(spent)
    }

    /// Stops what nothing runs on any more.
    fn stop(&mut self, name: &ServiceName, out: &mut Vec<Command>) {
        let over = |below: &ServiceName| {
            self.role(below) != Some(Role::Managed)
                || self.standings.get(below).is_none_or(|one| one.course == Course::Stopped)
        };
        let free = self.graph.descendants(name).iter().all(over);
        let Some(one) = self.standings.get_mut(name).filter(|_| free) else { return };
        if one.course == (Course::Draining { told: false }) {
            one.course = Course::Draining { told: true };
            out.push(Command::Stop(name.clone()));
        }
    }

    fn look(&mut self, name: &ServiceName, now: Moment, out: &mut Vec<Command>) {
        let elsewhere = self.role(name) == Some(Role::Elsewhere);
        let Some(one) = self.standings.get_mut(name) else { return };
        let idle = elsewhere || matches!(one.course, Course::Waiting | Course::Stopped);
        if !idle && !one.looking && !one.awaiting && now >= one.next_look {
            one.looking = true;
            out.push(Command::Probe(name.clone()));
        }
    }
}
