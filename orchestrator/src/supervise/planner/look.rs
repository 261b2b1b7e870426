//! What a look means: the one place where health changes.
//!
//! A bad look only makes suspicious; a second bad one, at least the confirm time later, makes failed. Unknown is
//! neither. A green one on a lower rung than that of the failure heals nothing.

use super::super::event::{Command, Moment, Seen};
use super::super::notice::{HealEnd, Notice};
use super::super::standing::{Course, Health, Look};
use super::{Planner, end_heal};
use sanctum_types::ServiceName;

impl Planner {
    pub(super) fn probed(&mut self, name: &ServiceName, look: &Look, out: &mut Vec<Command>) {
        let Some(vertex) = self.graph.get(name) else { return };
        let cadence = self.policy.cadence(vertex.criticality);
        let Some(one) = self.standings.get_mut(name) else { return };
        one.looking = false;
        if std::mem::take(&mut one.stale) || one.awaiting {
            return;
        }
        one.next_look = look.at.plus(cadence);
        let seen = match (&look.seen, one.failed_rung) {
            // Less than what failed was looked at: that says nothing of what failed.
            (Seen::Green, Some(rung)) if look.rung < rung => Seen::Unknown,
            (seen, _) => seen.clone(),
        };
        one.last = Some(look.clone());
        match seen {
            Seen::Green => self.green(name, look.at, out),
            Seen::Unknown => self.unknown(name, look.at, out),
            Seen::Red | Seen::Foreign(_) => self.red(name, look, out),
        }
    }

    fn green(&mut self, name: &ServiceName, now: Moment, out: &mut Vec<Command>) {
        let Some(one) = self.standings.get_mut(name) else { return };
        let recovered = one.failed();
        end_heal(name, one, HealEnd::Green, out);
        one.first_red = None;
        one.failed_rung = None;
        one.held = false;
        match one.course {
            // A quarantine ends by the owner's word only.
            Course::Quarantined => one.health = Health::Green,
            Course::Waiting | Course::Draining { .. } | Course::Stopped => return,
            Course::Settling { .. }
            | Course::Steady
            | Course::Due { .. }
            | Course::Healing { .. }
            | Course::Squatted { .. } => {
                one.course = Course::Steady;
                one.health = Health::Green;
            }
        }
        if recovered {
            out.push(Command::Tell(Notice::Recovered { service: name.clone() }));
            self.look_again_below(name, now);
        }
    }

    /// What stands on a service that is back gets time to find it, and must fail anew to be healed.
    fn look_again_below(&mut self, name: &ServiceName, now: Moment) {
        let (settle, confirm) = (self.policy.settle, self.policy.confirm);
        for below in self.graph.descendants(name) {
            let Some(one) = self.standings.get_mut(&below) else { continue };
            if matches!(one.course, Course::Due { .. }) {
                one.course = Course::Settling { until: now.plus(settle) };
                one.health = Health::Suspect;
                one.first_red = one.gone.then_some(now);
                one.next_look = now.plus(confirm);
                one.held = false;
            }
        }
    }

    fn unknown(&mut self, name: &ServiceName, now: Moment, out: &mut Vec<Command>) {
        let (confirm, first_look) = (self.policy.confirm, self.policy.first_look());
        let Some(one) = self.standings.get_mut(name) else { return };
        match one.course {
            Course::Settling { until } | Course::Healing { until, .. } if now < until => {
                one.next_look = now.plus(first_look);
            }
            // The time is over and nothing bad was seen: nobody knows, and nothing is done.
            Course::Settling { .. } | Course::Healing { .. } if one.first_red.is_none() => {
                end_heal(name, one, HealEnd::Unknown, out);
                one.course = Course::Steady;
                one.health = Health::Unknown;
                one.failed_rung = None;
            }
            Course::Settling { .. } | Course::Healing { .. } => one.next_look = now.plus(confirm),
            Course::Steady if one.health == Health::Suspect => one.next_look = now.plus(confirm),
            Course::Steady if !one.failed() => one.health = Health::Unknown,
            _ => {}
        }
    }

    fn red(&mut self, name: &ServiceName, look: &Look, out: &mut Vec<Command>) {
        let (now, confirm) = (look.at, self.policy.confirm);
        let first_look = self.policy.first_look();
        let Some(one) = self.standings.get_mut(name) else { return };
        let first = *one.first_red.get_or_insert(now);
        let twice = now.since(first) >= confirm;
        let over = match &one.course {
            Course::Settling { until } | Course::Healing { until, .. } => {
                one.gone || now >= *until || matches!(look.seen, Seen::Foreign(_))
            }
            Course::Steady => true,
            Course::Squatted { .. } => return self.freed(name, look),
            Course::Quarantined => {
                one.health = Health::Failed;
                return;
            }
            Course::Waiting | Course::Due { .. } | Course::Draining { .. } | Course::Stopped => {
                return;
            }
        };
        match (over, twice) {
            (false, _) => one.next_look = now.plus(first_look),
            (true, false) => {
                one.next_look = first.plus(confirm);
                if one.course == Course::Steady && !one.failed() {
                    one.health = Health::Suspect;
                }
            }
            (true, true) => self.fail(name, look, out),
        }
    }

    /// A squatted port that is free again, or held by another one.
    fn freed(&mut self, name: &ServiceName, look: &Look) {
        let confirm = self.policy.confirm;
        let Some(one) = self.standings.get_mut(name) else { return };
        match &look.seen {
            Seen::Foreign(by) => {
                one.course = Course::Squatted { by: by.clone() };
                one.next_look = look.at.plus(confirm);
            }
            _ => {
                one.course = Course::Due { at: look.at };
                one.failed_rung = Some(look.rung);
                one.failed_at = look.at;
                self.look_above(name, look.at);
            }
        }
    }

    /// The failure is confirmed.
    fn fail(&mut self, name: &ServiceName, look: &Look, out: &mut Vec<Command>) {
        let now = look.at;
        let known = self
            .standings
            .get(name)
            .is_some_and(|one| one.failed() && one.course == Course::Steady);
        let managed = self.managed().any(|one| one == name);
        let wait = self.wait_of(name, now);
        let confirm = self.policy.confirm;
        let Some(one) = self.standings.get_mut(name) else { return };
        let squatted = matches!(look.seen, Seen::Foreign(_));
        let end = if squatted { HealEnd::Squatted } else { HealEnd::Red };
        end_heal(name, one, end, out);
        one.health = Health::Failed;
        one.failed_rung = Some(look.rung);
        one.failed_at = now;
        one.next_look = now.plus(confirm);
        match &look.seen {
            Seen::Foreign(by) if managed => {
                one.course = Course::Squatted { by: by.clone() };
                let notice = Notice::Squatted { service: name.clone(), by: by.clone() };
                out.push(Command::Tell(notice));
                return;
            }
            _ if managed => one.course = Course::Due { at: now.plus(wait) },
            _ => one.course = Course::Steady,
        }
        if known {
            return;
        }
        self.look_above(name, now);
        let causes = self.graph.causes(name, |one| self.failed(one));
        out.push(Command::Tell(Notice::Failed {
            service: name.clone(),
            rung: look.rung,
            saw: look.saw.clone(),
            causes: causes.into_iter().collect(),
        }));
    }

    /// Whoever is above is looked at now, so that the walk up goes by what is and not by what was.
    fn look_above(&mut self, name: &ServiceName, now: Moment) {
        for above in self.graph.ancestors(name) {
            let Some(one) = self.standings.get_mut(&above) else { continue };
            if one.next_look > now && one.health != Health::Suspect {
                one.next_look = now;
            }
        }
    }
}
