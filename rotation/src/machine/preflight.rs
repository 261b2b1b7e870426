//! Before anything is on disk or asked for: who we are at the provider, and whether every consumer can be written.

use super::Machine;
use crate::protocol::{Command, Event, Listed, Notice};
use crate::record::{Stage, Why};
use crate::words::KeyId;
use sanctum_types::UnixTime;
use std::collections::BTreeSet;

impl Machine {
    pub(super) fn next_in_preflight(&mut self) -> Option<Command> {
        let plan = &self.record.plan;
        if self.is_destructive() && !plan.destructive {
            return self.refuse(Why::NotDeclared);
        }
        let distinct: BTreeSet<_> = plan.consumers.iter().collect();
        if distinct.is_empty() || distinct.len() != plan.consumers.len() {
            return self.refuse(Why::Consumers);
        }
        if !self.run.ready {
            return Some(Command::Preflight);
        }
        if let Some(consumer) = plan.consumers.get(self.run.probed) {
            return Some(Command::Probe(consumer.clone()));
        }
        self.in_preflight = false;
        self.enter(Stage::Intent);
        None
    }

    pub(super) fn heard_in_preflight(&mut self, answer: Event, now: UnixTime) {
        match answer {
            Event::Ready { old, keys } => self.take_in(old, &keys),
            Event::Holds(_) => {
                self.run.probed += 1;
                self.calm();
            }
            other => {
                let failure = super::failure_of(&other);
                if self.is_exhausted(failure, now) {
                    let reason = failure.reason();
                    let consumer = self.record.plan.consumers.get(self.run.probed).cloned();
                    let why = match consumer {
                        Some(consumer) if self.run.ready => Why::Consumer { consumer, reason },
                        _ => Why::Preflight { reason },
                    };
                    self.refuse(why);
                }
            }
        }
    }

    fn take_in(&mut self, old: Option<KeyId>, keys: &[Listed]) {
        let ours = self.record.plan.key_name(self.record.rotation, 0);
        if keys.iter().any(|key| key.name.as_ref() == Some(&ours)) {
            self.refuse(Why::NameTaken);
            return;
        }
        let prefix = self.record.plan.name_prefix();
        let others = keys.iter().filter(|key| old.as_ref() != Some(&key.id));
        let is_stray =
            |key: &&Listed| key.name.as_ref().is_some_and(|name| name.starts_with(&prefix));
        let strays: Vec<KeyId> =
            others.clone().filter(is_stray).map(|key| key.id.clone()).collect();
        if !strays.is_empty() {
            self.notices.push(Notice::Strays(strays));
        }
        self.record.known = others.map(|key| key.id.clone()).collect();
        self.record.old = old;
        self.run.ready = true;
        self.calm();
    }

    /// Over before it began: there is no record, and nothing to undo.
    fn refuse(&mut self, why: Why) -> Option<Command> {
        self.record.cause = Some(why.clone());
        self.record.stage = Stage::Failed;
        self.notices.push(Notice::GaveUp(why));
        None
    }
}
