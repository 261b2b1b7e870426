//! What the planner knows of one service: its health, what is being done about it, and what was seen last.

use super::budget::Budget;
use super::event::{Moment, Rung, Seen, Squatter};
use serde::{Deserialize, Serialize};

/// What its looks say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Health {
    /// Not looked at yet.
    Untried,
    /// As it should be.
    Green,
    /// One look failed; a second one decides.
    Suspect,
    /// Two looks failed.
    Failed,
    /// It could not be looked at.
    Unknown,
}

/// What is being done about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Course {
    /// It waits for what it requires before its first start.
    Waiting,
    /// It was started, or what it stands on came back; until then a failed look means little.
    Settling {
        /// Until when.
        until: Moment,
    },
    /// It runs, or something else runs it.
    Steady,
    /// It failed and is to be healed, not before that moment.
    Due {
        /// Not before.
        at: Moment,
    },
    /// It was restarted; the probe that failed must turn green.
    Healing {
        /// Until when.
        until: Moment,
        /// The operation's id.
        operation: String,
    },
    /// Another process holds its port: restarting would not help.
    Squatted {
        /// Who.
        by: Squatter,
    },
    /// Its budget is spent; only the owner starts it again.
    Quarantined,
    /// Everything ends; it may still run.
    Draining {
        /// Whether it was told to stop.
        told: bool,
    },
    /// It was stopped.
    Stopped,
}

/// One look and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Look {
    /// When its answer came.
    pub at: Moment,
    /// With what.
    pub rung: Rung,
    /// What came of it.
    pub seen: Seen,
    /// The same in words.
    pub saw: String,
}

/// Everything about one service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// What its looks say.
    pub health: Health,
    /// What is being done.
    pub course: Course,
    /// Since when its word is what it is.
    pub since: Moment,
    /// The last look.
    pub last: Option<Look>,
    /// Its process, where there is one.
    pub pid: Option<u32>,
    /// Starts after the first.
    pub restarts: u64,
    /// Whether the breaker holds its heal back.
    pub held: bool,
    pub(super) budget: Budget,
    /// The first of the bad looks since the last good one.
    pub(super) first_red: Option<Moment>,
    /// What the failure was seen with.
    pub(super) failed_rung: Option<Rung>,
    /// When the failure was confirmed.
    pub(super) failed_at: Moment,
    /// Its process ended since it was started.
    pub(super) gone: bool,
    pub(super) next_look: Moment,
    pub(super) looking: bool,
    /// A start was asked for and has not come yet: no look would be at the new process.
    pub(super) awaiting: bool,
    /// The look under way was begun before a start.
    pub(super) stale: bool,
}

impl Standing {
    pub(super) const fn new(course: Course) -> Self {
        Self {
            health: Health::Untried,
            course,
            since: Moment(0),
            last: None,
            pid: None,
            restarts: 0,
            held: false,
            budget: Budget::EMPTY,
            first_red: None,
            failed_rung: None,
            failed_at: Moment(0),
            gone: false,
            next_look: Moment(0),
            looking: false,
            awaiting: false,
            stale: false,
        }
    }

    /// The state in one word, for tables and the state file.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match (&self.course, self.health) {
            (Course::Waiting, _) => "waiting",
            (Course::Healing { .. }, _) => "healing",
            (Course::Squatted { .. }, _) => "squatted",
            (Course::Quarantined, _) => "quarantined",
            (Course::Draining { .. }, _) => "stopping",
            (Course::Stopped, _) => "stopped",
            (Course::Due { .. }, _) if self.held => "held",
            (Course::Due { .. }, _) => "failed",
            (_, Health::Green) => "up",
            (Course::Settling { .. }, _) => "starting",
            (Course::Steady, Health::Suspect) => "suspect",
            (Course::Steady, Health::Failed) => "down",
            (Course::Steady, Health::Unknown) => "unknown",
            (Course::Steady, Health::Untried) => "untried",
        }
    }

    /// A start was asked for: what was seen of the process before counts no more.
    pub(super) const fn await_start(&mut self) {
        self.awaiting = true;
        self.stale = self.looking;
        self.first_red = None;
        self.gone = false;
    }

    /// Whether two looks say that it is not as it should be.
    #[must_use]
    pub fn failed(&self) -> bool {
        self.health == Health::Failed
    }
}
