//! What an agent may do: nothing, unless a rule allows it.
//!
//! Rules only allow. A rule counts where it names the agent, the path, the action and the hour; of several that do, the strictest of their limits
//! hold. Time comes in. Deliberately absent: how often something was done, which [`crate::hours`] counts.

pub mod approval;
pub mod authority;
pub mod domain;
pub mod glob;

use crate::identity::AgentName;
use crate::operation::http::Target;
use crate::path::SecretPath;
use approval::Approval;
use authority::Authority;
use domain::{Domain, Method};
use glob::Glob;
use ipnet::IpNet;
use jiff::{Timestamp, civil::Time, tz::TimeZone};
use sanctum_types::UnixTime;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// How long a lease lasts where a rule does not say, in seconds; the published server has the same.
pub const DEFAULT_TTL: u64 = 300;
/// A day: what is used for longer is retrieved again.
const MOST_TTL: u64 = 86_400;

/// What may be done with a secret: `list`, `retrieve`, `store`, `use:OPERATION`; in a rule also `use:*`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Action(String);

/// A text that is no action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an action is `list`, `retrieve`, `store`, `use:OPERATION` or `use:*`")]
pub struct BadAction;

impl Action {
    /// Seeing path and notes.
    #[must_use]
    pub fn list() -> Self {
        Self("list".to_owned())
    }

    /// Getting the value.
    #[must_use]
    pub fn retrieve() -> Self {
        Self("retrieve".to_owned())
    }

    /// Writing a new version.
    #[must_use]
    pub fn store() -> Self {
        Self("store".to_owned())
    }

    /// Having something done with the value.
    #[must_use]
    pub fn of_use(operation: &str) -> Self {
        Self(format!("use:{operation}"))
    }

    pub(crate) fn is_request(&self) -> bool {
        self.0.strip_prefix("use:") == Some(crate::operation::HTTP_REQUEST)
    }

    fn covers(&self, asked: &Self) -> bool {
        self == asked || (self.0 == "use:*" && asked.0.starts_with("use:"))
    }

    /// As it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Action {
    type Error = BadAction;

    fn try_from(text: String) -> Result<Self, BadAction> {
        let operation = |name: &str| {
            let known =
                |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
            name == "*" || (!name.is_empty() && name.len() <= 32 && name.bytes().all(known))
        };
        let known = matches!(text.as_str(), "list" | "retrieve" | "store")
            || text.strip_prefix("use:").is_some_and(operation);
        if known { Ok(Self(text)) } else { Err(BadAction) }
    }
}

impl From<Action> for String {
    fn from(action: Action) -> Self {
        action.0
    }
}

/// Hours of the day on the clock of a zone: from the first minute to before the last, over midnight where that is earlier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// `HH:MM`.
    pub from: Minute,
    /// `HH:MM`.
    pub to: Minute,
    /// An IANA zone, such as `Europe/Berlin`.
    pub zone: Zone,
}

/// A minute of the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Minute(u16);

impl TryFrom<String> for Minute {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let number = |text: &str| {
            let digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse::<u16>().ok().filter(|_| digits)
        };
        let both =
            text.split_once(':').and_then(|(hour, minute)| Some((number(hour)?, number(minute)?)));
        match both {
            Some((hour, minute)) if hour < 24 && minute < 60 => Ok(Self(hour * 60 + minute)),
            _ => Err("a time of the day is HH:MM"),
        }
    }
}

impl From<Minute> for String {
    fn from(minute: Minute) -> Self {
        format!("{:02}:{:02}", minute.0 / 60, minute.0 % 60)
    }
}

/// A zone that is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Zone(String);

impl TryFrom<String> for Zone {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match TimeZone::get(&text) {
            Ok(_) => Ok(Self(text)),
            Err(_) => Err("it is no IANA zone such as Europe/Berlin"),
        }
    }
}

impl From<Zone> for String {
    fn from(zone: Zone) -> Self {
        zone.0
    }
}

impl Window {
    /// A zone that cannot be read by now, or a time that no calendar has, is outside.
    fn is_open(&self, now: UnixTime) -> bool {
        let Ok(zone) = TimeZone::get(&self.zone.0) else { return false };
        let Ok(at) = Timestamp::from_second(now.0) else { return false };
        let time: Time = at.to_zoned(zone).time();
        let minute = i32::from(time.hour()) * 60 + i32::from(time.minute());
        let (from, to) = (i32::from(self.from.0), i32::from(self.to.0));
        if from <= to { (from..to).contains(&minute) } else { minute >= from || minute < to }
    }
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Agents.
    pub agents: Vec<Glob>,
    /// Paths.
    pub paths: Vec<Glob>,
    /// What they may do there.
    pub actions: BTreeSet<Action>,
    /// The longest lease, in seconds.
    #[serde(default = "default_ttl")]
    pub max_ttl: u64,
    /// Uses and retrievals in an hour, each agent's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_hour: Option<u32>,
    /// Uses of one lease.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease_uses: Option<u32>,
    /// Whether leases outlive a restart of the service.
    #[serde(default, skip_serializing_if = "is_no")]
    pub keep_leases: bool,
    /// Whether the owner has to approve; lists are not meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<Approval>,
    /// When.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<Window>,
    /// Where `http_request` may go; nowhere unless it is said.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub domains: BTreeSet<Domain>,
    /// And with which methods; with none unless it is said.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub methods: BTreeSet<Method>,
    /// Addresses beside the public ones, where a name of `domains` has them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<IpNet>,
    /// Certificates in PEM that servers of `domains` are judged by, and no others; those that the world trusts unless it is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<Authority>,
    /// Whether it counts at all.
    #[serde(default = "yes")]
    pub enabled: bool,
}

const fn default_ttl() -> u64 {
    DEFAULT_TTL
}

const fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde wants a reference")]
const fn is_no(flag: &bool) -> bool {
    !*flag
}

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// By whom.
    pub agent: &'a AgentName,
    /// Of what.
    pub path: &'a SecretPath,
    /// To do what.
    pub action: &'a Action,
    /// When.
    pub at: UnixTime,
    /// Where an `http_request` goes; nobody says so who asks whether there is any that may go.
    pub target: Option<&'a Target>,
}

/// How far it is allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowed {
    /// The longest lease, in seconds.
    pub max_ttl: u64,
    /// Uses in an hour, by the rule that counts them.
    pub per_hour: Vec<(String, u32)>,
    /// Uses of one lease.
    pub lease_uses: Option<u32>,
    /// Whether its lease outlives a restart of the service.
    pub keep_leases: bool,
    /// What the owner has to approve before.
    pub approval: Option<Approval>,
    /// Addresses beside the public ones.
    pub addresses: Vec<IpNet>,
    /// Authorities that a server has to satisfy, each of them.
    pub authorities: Vec<Authority>,
    /// The rules that allow it.
    pub by: Vec<String>,
}

impl Allowed {
    /// For how many seconds a lease lives, of those that were asked for.
    #[must_use]
    pub fn ttl(&self, asked: Option<u64>) -> u64 {
        asked.unwrap_or(DEFAULT_TTL).min(self.max_ttl)
    }
}

/// No rule allows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Denied;

/// Rules by their names.
pub type Rules = BTreeMap<String, Rule>;

/// Judges.
///
/// # Errors
/// Nothing allows it.
pub fn judge(rules: &Rules, ask: Ask<'_>) -> Result<Allowed, Denied> {
    let mut allowed: Option<Allowed> = None;
    for (name, rule) in rules.iter().filter(|(_, rule)| rule.counts(ask)) {
        let so_far = allowed.get_or_insert_with(|| Allowed {
            max_ttl: MOST_TTL,
            per_hour: Vec::new(),
            lease_uses: None,
            keep_leases: true,
            approval: None,
            addresses: Vec::new(),
            authorities: Vec::new(),
            by: Vec::new(),
        });
        so_far.max_ttl = so_far.max_ttl.min(rule.max_ttl);
        so_far.per_hour.extend(rule.per_hour.map(|most| (name.clone(), most)));
        so_far.lease_uses = match (so_far.lease_uses, rule.lease_uses) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        so_far.keep_leases &= rule.keep_leases;
        let approval = rule.approval.filter(|_| *ask.action != Action::list());
        so_far.approval = Approval::strictest(so_far.approval, approval);
        so_far.addresses.extend(&rule.addresses);
        so_far.authorities.extend(
            rule.ca
                .iter()
                .filter(|ca| !so_far.authorities.contains(ca))
                .cloned()
                .collect::<Vec<_>>(),
        );
        so_far.by.push(name.clone());
    }
    allowed.ok_or(Denied)
}

impl Rule {
    fn counts(&self, ask: Ask<'_>) -> bool {
        self.enabled
            && self.agents.iter().any(|glob| glob.matches(ask.agent.as_str()))
            && self.paths.iter().any(|glob| glob.matches(ask.path.as_str()))
            && self.actions.iter().any(|action| action.covers(ask.action))
            && self.window.as_ref().is_none_or(|window| window.is_open(ask.at))
            && (!ask.action.is_request() || self.reaches(ask.target))
    }

    fn reaches(&self, target: Option<&Target>) -> bool {
        match target {
            Some(target) => {
                self.methods.iter().any(|method| method.as_str() == target.method)
                    && self.domains.iter().any(|domain| domain.matches(target))
            }
            None => !self.methods.is_empty() && !self.domains.is_empty(),
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests;
