//! What waits for the owner's word, what has it, and what was denied.
//!
//! A question is about one agent, path and action, and for a request also about where it goes. It is asked once: who asks again meanwhile is given the
//! same one. Both clocks end it, and the decision about it, as they end a session. Nothing of it outlives the service. Deliberately absent: who may
//! decide, and the journal.

use crate::identity::AgentName;
use crate::operation::http::Target;
use crate::path::SecretPath;
use crate::policy::Action;
use crate::policy::approval::Approval;
use crate::session::{Moment, left};
use sanctum_types::UnixTime;

/// Questions of one agent that wait at a time: the owner reads them.
pub const OF_ONE: usize = 8;
/// Of all agents, with what was decided and still counts.
pub const MOST: usize = 256;
/// Minutes that a question waits, and that a denial holds where nobody says how many.
pub const WAITS: u32 = 15;
/// The most minutes of a denial: a day.
const MOST_MINUTES: u32 = 1440;

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// By whom.
    pub agent: AgentName,
    /// Of what.
    pub path: SecretPath,
    /// To do what.
    pub action: Action,
    /// Where a request goes, and with which method.
    pub target: Option<String>,
}

impl Wanted {
    /// The words for where a request goes.
    #[must_use]
    pub fn target_of(target: &Target) -> String {
        let Target { host, method, port, .. } = target;
        format!("{method} {host}:{port}")
    }

    /// A request of which nobody knows yet where it goes: that is asked when it does.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.action.is_request() && self.target.is_none()
    }
}

/// What allows it, apart from the owner's word; what is asked under one policy is not approved under another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Under {
    /// What an approval is good for.
    pub approval: Approval,
    /// The rules that allow it.
    pub by: Vec<String>,
}

/// How a question stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It waits.
    Asked,
    /// The owner approved.
    Approved,
    /// The owner denied.
    Denied,
}

impl State {
    /// As lists have it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Approved => "approved",
            Self::Denied => "denied",
        }
    }
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Its name.
    pub id: String,
    /// What is asked for.
    pub wanted: Wanted,
    /// Under what.
    pub under: Under,
    /// When it was asked.
    pub since: UnixTime,
    /// How it stands.
    pub state: State,
    /// Until when it waits or counts.
    until: Moment,
}

impl Question {
    /// Seconds that it still waits or counts.
    #[must_use]
    pub fn left(&self, now: Moment) -> u64 {
        left(self.until, now)
    }
}

/// Too many wait, of the agent or of all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooMany;

/// Why nothing is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undecided {
    /// There is no such question any more.
    Gone,
    /// Not for so long; or for no time at all.
    Minutes {
        /// The most.
        most: u32,
    },
}

/// Whose end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ends<'a> {
    /// That one.
    Id(&'a str),
    /// Those of an agent.
    Agent(&'a AgentName),
    /// Those of a secret.
    Path(&'a SecretPath),
    /// Those under a rule.
    Rule(&'a str),
    /// All.
    All,
}

/// All of them, the oldest first.
#[derive(Debug, Default)]
pub struct Approvals(Vec<Question>);

fn after(minutes: u32, now: Moment) -> Moment {
    let seconds = u64::from(minutes) * 60;
    let mono = now.mono.saturating_add(seconds * 1000);
    Moment { mono, wall: UnixTime(now.wall.0.saturating_add_unsigned(seconds)) }
}

impl Approvals {
    /// The question about exactly that, under exactly that policy. One about the same under another is over.
    pub fn look(&mut self, wanted: &Wanted, under: &Under, now: Moment) -> Option<&Question> {
        self.expire(now);
        self.0.retain(|one| one.wanted != *wanted || one.under == *under);
        self.0.iter().find(|one| one.wanted == *wanted)
    }

    /// Asks for something about which there is no question, by a name that none has.
    ///
    /// # Errors
    /// Too many wait.
    pub fn ask(
        &mut self,
        id: String,
        (wanted, under): (Wanted, Under),
        now: Moment,
    ) -> Result<&Question, TooMany> {
        self.expire(now);
        let waits = |one: &&Question| one.state == State::Asked && one.wanted.agent == wanted.agent;
        let full = self.0.iter().filter(waits).count() >= OF_ONE || self.0.len() >= MOST;
        if full || self.0.iter().any(|one| one.id == id) {
            return Err(TooMany);
        }
        let (since, until, state) = (now.wall, after(WAITS, now), State::Asked);
        self.0.push(Question { id, wanted, under, since, state, until });
        self.0.last().ok_or(TooMany)
    }

    /// An approval is used: one that counts once is over.
    pub fn spend(&mut self, id: &str) {
        self.0.retain(|one| one.id != id || one.under.approval != Approval::EachTime);
    }

    /// A question that is not over.
    #[must_use]
    pub fn get(&self, id: &str, now: Moment) -> Option<&Question> {
        self.0.iter().find(|one| one.id == id && one.left(now) > 0)
    }

    /// For how many minutes a decision would count.
    ///
    /// # Errors
    /// There is no such question, or not for so many.
    pub fn minutes(
        &self,
        id: &str,
        (state, asked): (State, Option<u32>),
        now: Moment,
    ) -> Result<u32, Undecided> {
        let one = self.get(id, now).ok_or(Undecided::Gone)?;
        let (most, usual) = match state {
            State::Denied => (MOST_MINUTES, WAITS),
            _ => (one.under.approval.minutes(), one.under.approval.minutes()),
        };
        let minutes = asked.unwrap_or(usual);
        if (1..=most).contains(&minutes) { Ok(minutes) } else { Err(Undecided::Minutes { most }) }
    }

    /// The owner's word about a question, also another than before.
    ///
    /// # Errors
    /// As [`Approvals::minutes`].
    pub fn decide(
        &mut self,
        id: &str,
        (state, asked): (State, Option<u32>),
        now: Moment,
    ) -> Result<(), Undecided> {
        let until = after(self.minutes(id, (state, asked), now)?, now);
        let one = self.0.iter_mut().find(|one| one.id == id).ok_or(Undecided::Gone)?;
        (one.state, one.until) = (state, until);
        Ok(())
    }

    /// Ends some, whatever was decided; gives how many.
    pub fn end(&mut self, which: &Ends<'_>) -> usize {
        let before = self.0.len();
        self.0.retain(|one| match which {
            Ends::Id(id) => one.id != *id,
            Ends::Agent(agent) => one.wanted.agent != **agent,
            Ends::Path(path) => one.wanted.path != **path,
            Ends::Rule(rule) => !one.under.by.iter().any(|by| by == rule),
            Ends::All => false,
        });
        before - self.0.len()
    }

    /// Those that are not over.
    pub fn all(&self, now: Moment) -> impl Iterator<Item = &Question> {
        self.0.iter().filter(move |one| one.left(now) > 0)
    }

    fn expire(&mut self, now: Moment) {
        self.0.retain(|one| one.left(now) > 0);
    }
}

#[cfg(test)]
mod tests;
