//! What supervision tells: one notice is one event of the journal and, where somebody should know, one finding.
//!
//! Notices carry identifiers and kinds: service names, rungs, process ids, numbers. Never what a body said.

use super::event::{Rung, Squatter};
use sanctum_types::audit::WordError;
use sanctum_types::{
    Action, Actor, AuditEvent, Finding, OperationId, Outcome, Phase, ServiceName, Severity,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How a heal ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HealEnd {
    /// The probe that failed is green.
    Green,
    /// It is not.
    Red,
    /// It could not be looked at.
    Unknown,
    /// Another process holds the port.
    Squatted,
    /// Everything ends.
    Drained,
}

/// One thing to tell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "notice")]
pub enum Notice {
    /// A service's word changed.
    Turned {
        /// Which.
        service: ServiceName,
        /// From.
        from: String,
        /// To.
        to: String,
        /// What was seen last, in words.
        saw: String,
    },
    /// A failure is confirmed.
    Failed {
        /// Which.
        service: ServiceName,
        /// Seen with what.
        rung: Rung,
        /// What was seen, in words.
        saw: String,
        /// The highest failed ancestors; itself when there are none.
        causes: Vec<ServiceName>,
    },
    /// It is green again.
    Recovered {
        /// Which.
        service: ServiceName,
    },
    /// A heal begins.
    HealStarted {
        /// Which.
        service: ServiceName,
        /// The operation.
        operation: String,
    },
    /// A heal ended.
    HealFinished {
        /// Which.
        service: ServiceName,
        /// The operation.
        operation: String,
        /// How.
        end: HealEnd,
    },
    /// Its budget is spent.
    Quarantined {
        /// Which.
        service: ServiceName,
        /// After how many heals.
        heals: usize,
    },
    /// The owner let it out.
    Released {
        /// Which.
        service: ServiceName,
    },
    /// Another process holds its port.
    Squatted {
        /// Which.
        service: ServiceName,
        /// Who.
        by: Squatter,
    },
    /// The breaker holds a heal back.
    Held {
        /// Which.
        service: ServiceName,
        /// The causes that were healed lately.
        recent: Vec<ServiceName>,
    },
}

/// A row of the table of events: action, phase, outcome, severity.
type Kind = (&'static str, Phase, Outcome, Severity);

impl Notice {
    /// Which service it is about.
    #[must_use]
    pub const fn service(&self) -> &ServiceName {
        match self {
            Self::Turned { service, .. }
            | Self::Failed { service, .. }
            | Self::Recovered { service }
            | Self::HealStarted { service, .. }
            | Self::HealFinished { service, .. }
            | Self::Quarantined { service, .. }
            | Self::Released { service }
            | Self::Squatted { service, .. }
            | Self::Held { service, .. } => service,
        }
    }

    /// As an event of the journal.
    ///
    /// # Errors
    /// Where an operation's id is not a word that the journal carries.
    pub fn event(&self, actor: &Actor) -> Result<AuditEvent, WordError> {
        let (action, phase, outcome, severity) = self.kind()?;
        Ok(AuditEvent {
            actor: actor.clone(),
            action: Action::new(action)?,
            subject: self.service().to_string(),
            phase,
            outcome,
            severity,
            details: self.details(),
        })
    }

    fn kind(&self) -> Result<Kind, WordError> {
        use Outcome::{CouldNotCheck, Failed, Found, Ok as Good, Pending};
        use Severity::{Critical, Error, Info, Warn};
        let started = |id: &str| OperationId::new(id).map(Phase::Started);
        let finished = |id: &str| OperationId::new(id).map(Phase::Finished);
        Ok(match self {
            Self::Turned { to, .. } => {
                ("supervise.state", Phase::Single, Good, if to == "down" { Warn } else { Info })
            }
            Self::Failed { .. } => ("supervise.failed", Phase::Single, Found, Error),
            Self::Recovered { .. } => ("supervise.recovered", Phase::Single, Good, Info),
            Self::HealStarted { operation, .. } => {
                ("supervise.heal", started(operation)?, Pending, Warn)
            }
            Self::HealFinished { operation, end, .. } => {
                let (outcome, severity) = match end {
                    HealEnd::Green => (Good, Info),
                    HealEnd::Red | HealEnd::Squatted => (Failed, Error),
                    HealEnd::Unknown | HealEnd::Drained => (CouldNotCheck, Warn),
                };
                ("supervise.heal", finished(operation)?, outcome, severity)
            }
            Self::Quarantined { .. } => ("supervise.quarantine", Phase::Single, Found, Critical),
            Self::Released { .. } => ("supervise.release", Phase::Single, Good, Warn),
            Self::Squatted { .. } => ("supervise.squatted", Phase::Single, Found, Critical),
            Self::Held { .. } => ("supervise.held", Phase::Single, Found, Critical),
        })
    }

    fn details(&self) -> BTreeMap<String, String> {
        let list = |names: &[ServiceName]| {
            names.iter().map(ServiceName::as_str).collect::<Vec<_>>().join(" ")
        };
        let pairs: Vec<(&str, String)> = match self {
            Self::Turned { from, to, .. } => vec![("from", from.clone()), ("to", to.clone())],
            Self::Failed { rung, causes, .. } => {
                vec![("rung", rung.word().to_owned()), ("causes", list(causes))]
            }
            Self::HealFinished { end, .. } => vec![("end", end.word().to_owned())],
            Self::Quarantined { heals, .. } => vec![("heals", heals.to_string())],
            Self::Squatted { by, .. } => {
                let pid = by.pid.map(|pid| ("pid", pid.to_string()));
                let exe = by.exe.clone().map(|exe| ("exe", exe));
                [("port", by.port.to_string())].into_iter().chain(pid).chain(exe).collect()
            }
            Self::Held { recent, .. } => vec![("recent", list(recent))],
            Self::Recovered { .. } | Self::HealStarted { .. } | Self::Released { .. } => Vec::new(),
        };
        pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
    }

    /// As something that somebody should know; its words name what was observed and the next command.
    #[must_use]
    pub fn finding(&self) -> Option<Finding> {
        let why = |name: &ServiceName| format!("sanctum services why {name}");
        let (severity, kind, message, hint) = match self {
            Self::Failed { service, rung, saw, causes } if causes.iter().any(|c| c == service) => (
                Severity::Error,
                "supervise.failed",
                format!("two {} probes of {service} failed: {saw}", rung.word()),
                why(service),
            ),
            Self::Quarantined { service, heals } => (
                Severity::Critical,
                "supervise.quarantine",
                format!("{service} was restarted {heals} times and is not green: it is left alone"),
                format!("sanctum services why {service}, then sanctum services release {service}"),
            ),
            Self::Squatted { service, by } => (
                Severity::Critical,
                "supervise.squatted",
                format!("{service} cannot run: {by}"),
                by.pid.map_or_else(|| why(service), |pid| format!("ps -o pid,ppid,args -p {pid}")),
            ),
            Self::Held { service, recent } => (
                Severity::Critical,
                "supervise.held",
                format!(
                    "{service} is not restarted: {} other causes were healed lately",
                    recent.len()
                ),
                "sanctum services".to_owned(),
            ),
            Self::Failed { .. }
            | Self::Turned { .. }
            | Self::Recovered { .. }
            | Self::HealStarted { .. }
            | Self::HealFinished { .. }
            | Self::Released { .. } => return None,
        };
        Some(Finding {
            severity,
            kind: kind.to_owned(),
            subject: self.service().to_string(),
            message,
            hint: Some(hint),
        })
    }
}

impl HealEnd {
    /// The word of reports.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Green => "green",
            Self::Red => "red",
            Self::Unknown => "unknown",
            Self::Squatted => "squatted",
            Self::Drained => "drained",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> ServiceName {
        ServiceName::new(text).unwrap()
    }

    #[test]
    fn a_heal_is_two_events_of_one_operation() {
        let actor = Actor::new("service:up").unwrap();
        let (service, operation) = (name("proxy"), "heal-1-2".to_owned());
        let start = Notice::HealStarted { service: service.clone(), operation: operation.clone() };
        let end = Notice::HealFinished { service, operation, end: HealEnd::Red };
        let id = OperationId::new("heal-1-2").unwrap();
        let (start, end) = (start.event(&actor).unwrap(), end.event(&actor).unwrap());
        assert_eq!((start.phase, start.outcome), (Phase::Started(id.clone()), Outcome::Pending));
        assert_eq!((end.phase, end.outcome), (Phase::Finished(id), Outcome::Failed));
    }

    #[test]
    fn only_the_cause_is_a_finding_of_its_own() {
        let failed = |causes: &[&str]| Notice::Failed {
            service: name("proxy"),
            rung: Rung::Http,
            saw: "refused".to_owned(),
            causes: causes.iter().map(|one| name(one)).collect(),
        };
        assert!(failed(&["vault"]).finding().is_none());
        assert!(failed(&["proxy"]).finding().unwrap().message.contains("two http probes"));
    }
}
