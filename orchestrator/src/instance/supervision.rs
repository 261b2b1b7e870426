//! How services are supervised: how often they are looked at, how often and how soon they are restarted, and
//! when restarting stops.
//!
//! All times are whole seconds. The defaults are those of the house's reliability doctrine: three restarts in half
//! an hour, four distinct causes before a mass heal is stopped, a look every 30 s, 60 s or 300 s by criticality.

use super::model::Criticality;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::num::NonZeroU32;

/// Rules of supervision, the same for every service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Supervision {
    /// How often a service may be restarted before it is put into quarantine.
    pub budget: Budget,
    /// How long to wait before a restart.
    pub backoff: Backoff,
    /// When restarts of many services at once are stopped.
    pub breaker: Breaker,
    /// How often each service is looked at.
    pub cadence: Cadence,
    /// Seconds between a failed probe and the second one that confirms it.
    pub confirm: NonZeroU32,
    /// Seconds in which a started service must turn its probe green.
    pub settle: NonZeroU32,
    /// Seconds that one probe may take.
    pub probe_timeout: NonZeroU32,
    /// Seconds from SIGTERM to SIGKILL.
    pub stop: NonZeroU32,
}

/// Restarts of one service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Budget {
    /// How many; 0 means that a failure is told and nothing is restarted.
    pub restarts: u32,
    /// Within how many seconds.
    pub window: NonZeroU32,
}

/// The wait before a restart: `first`, doubled for every restart in the window, at most `max`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Backoff {
    /// Seconds before the first.
    pub first: NonZeroU32,
    /// Seconds at most.
    pub max: NonZeroU32,
}

/// The breaker of mass heals; it never holds back a P0 service, nor the cause of what else failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Breaker {
    /// How many distinct causes may be healed.
    pub causes: NonZeroU32,
    /// Within how many seconds.
    pub window: NonZeroU32,
}

/// Seconds between two looks at a service, by its criticality.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Cadence {
    /// Of P0.
    #[serde(rename = "P0")]
    pub p0: NonZeroU32,
    /// Of P1.
    #[serde(rename = "P1")]
    pub p1: NonZeroU32,
    /// Of P2.
    #[serde(rename = "P2")]
    pub p2: NonZeroU32,
}

impl Cadence {
    /// Seconds between two looks at a service of that criticality.
    #[must_use]
    pub const fn of(self, criticality: Criticality) -> NonZeroU32 {
        match criticality {
            Criticality::P0 => self.p0,
            Criticality::P1 => self.p1,
            Criticality::P2 => self.p2,
        }
    }
}

const fn seconds(number: u32) -> NonZeroU32 {
    NonZeroU32::MIN.saturating_add(number.saturating_sub(1))
}

impl Default for Supervision {
    fn default() -> Self {
        Self {
            budget: Budget::default(),
            backoff: Backoff::default(),
            breaker: Breaker::default(),
            cadence: Cadence::default(),
            confirm: seconds(3),
            settle: seconds(30),
            probe_timeout: seconds(5),
            // As long as launchd and systemd give a service of ours (jobs::derive).
            stop: seconds(30),
        }
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self { restarts: 3, window: seconds(1800) }
    }
}

impl Default for Backoff {
    fn default() -> Self {
        Self { first: seconds(2), max: seconds(300) }
    }
}

impl Default for Breaker {
    fn default() -> Self {
        Self { causes: seconds(4), window: seconds(600) }
    }
}

impl Default for Cadence {
    fn default() -> Self {
        Self { p0: seconds(30), p1: seconds(60), p2: seconds(300) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_said_is_the_doctrine() {
        let said: Supervision =
            serde_json::from_str(r#"{"budget":{"restarts":1},"cadence":{"P1":7}}"#).unwrap();
        assert_eq!((said.budget.restarts, said.budget.window.get()), (1, 1800));
        let by = [Criticality::P0, Criticality::P1, Criticality::P2];
        assert_eq!(by.map(|one| said.cadence.of(one).get()), [30, 7, 300]);
        assert_eq!(serde_json::from_str::<Supervision>("{}").unwrap(), Supervision::default());
        assert!(serde_json::from_str::<Supervision>(r#"{"confirm":0}"#).is_err());
        assert!(serde_json::from_str::<Supervision>(r#"{"cadance":{}}"#).is_err());
    }
}
