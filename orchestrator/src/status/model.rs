//! Format 1 of the status document.
//!
//! Readers ignore fields that they do not know and read an unknown state as `unknown`, so that a newer node can be
//! asked by an older asker. Every text of a document from elsewhere is made printable when it is read.

use super::text::printable;
use sanctum_types::{NodeName, UnixTime};
use serde::{Deserialize, Serialize};

/// The format that this version writes and reads.
pub const FORMAT: u32 = 1;

/// How one thing stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It was looked at and is as it should be.
    Holds,
    /// The instance switches it off, or it does not apply at this place.
    Off,
    /// This version has no such part; that is not good news.
    NotBuilt,
    /// It was looked at and is not as it should be.
    Finding,
    /// It could not be looked at; so does a state that a newer version may send.
    #[serde(other)]
    Unknown,
}

impl State {
    /// The word in a table.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Off => "off",
            Self::NotBuilt => "not built",
            Self::Finding => "FINDING",
            Self::Unknown => "unknown",
        }
    }

    /// The worse of two: a finding is worse than not knowing, and both are worse than everything else.
    #[must_use]
    pub fn worse(self, other: Self) -> Self {
        let rank = |state| match state {
            Self::Off => 0,
            Self::Holds => 1,
            Self::NotBuilt => 2,
            Self::Unknown => 3,
            Self::Finding => 4,
        };
        if rank(other) > rank(self) { other } else { self }
    }
}

/// Who wrote the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// `sanctum status` on the node.
    Sanctum,
    /// The read-only script, where sanctum is not installed.
    Probe,
}

/// The layers of the house, from the machine upwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layer {
    /// Files, units, services and schedules of the machine.
    Host,
    /// Where secrets are and who reads them.
    Secrets,
    /// The watch over start-up files, credentials and connections.
    Sentinel,
    /// Hooks of coding agents.
    Firewall,
    /// Age and replacement of secrets.
    Rotation,
    /// The way to providers of models.
    Proxy,
    /// Credentials that agents use and never see.
    Vault,
}

impl Layer {
    /// All seven.
    pub const ALL: [Self; 7] = [
        Self::Host,
        Self::Secrets,
        Self::Sentinel,
        Self::Firewall,
        Self::Rotation,
        Self::Proxy,
        Self::Vault,
    ];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Host => "Host",
            Self::Secrets => "Secrets",
            Self::Sentinel => "Sentinel",
            Self::Firewall => "Firewall",
            Self::Rotation => "Rotation",
            Self::Proxy => "Proxy",
            Self::Vault => "Vault",
        }
    }
}

/// One named thing, how it stands, and what was seen of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// What: a layer, a guard, a secret, a path, a schedule, a service.
    pub name: String,
    /// How it stands.
    pub state: State,
    /// What was seen, or why nothing was.
    pub detail: String,
}

impl Item {
    /// A thing with its state.
    pub fn new(name: impl Into<String>, state: State, detail: impl Into<String>) -> Self {
        Self { name: name.into(), state, detail: detail.into() }
    }
}

/// A guard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guard {
    /// Its name, state and detail.
    #[serde(flatten)]
    pub item: Item,
    /// `off`, `observe` or `enforce`, as the instance says.
    pub mode: String,
}

/// A secret's age.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretAge {
    /// Its name, state and detail.
    #[serde(flatten)]
    pub item: Item,
    /// Whole days since it was last replaced; none when that is not known.
    pub days_old: Option<u32>,
    /// Days after which it should be replaced, where the instance says so.
    pub max_days: Option<u32>,
}

/// A schedule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Its name, state and detail.
    #[serde(flatten)]
    pub item: Item,
    /// When it last ended well.
    pub last_run: Option<UnixTime>,
    /// The last moment at which it should have run.
    pub due: Option<UnixTime>,
}

/// Open alerts, counted by severity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertCounts {
    /// `critical`.
    pub critical: u32,
    /// `error`.
    pub error: u32,
    /// `warn`.
    pub warn: u32,
    /// `info`.
    pub info: u32,
}

/// What is open, where that is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alerts {
    /// How they stand as a whole.
    #[serde(flatten)]
    pub item: Item,
    /// Counts; none when the state of the alerts could not be read.
    pub open: Option<AlertCounts>,
}

/// The machine below.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct System {
    /// What it calls itself.
    pub host_name: Option<String>,
    /// `Linux`, `Darwin`.
    pub os: Option<String>,
    /// Kernel release.
    pub kernel: Option<String>,
    /// Seconds since it was started.
    pub uptime_seconds: Option<u64>,
    /// Load average of one minute, in hundredths.
    pub load_hundredths: Option<u32>,
    /// Size of the root file system in KiB.
    pub root_kib: Option<u64>,
    /// What an ordinary user can still write there, in KiB.
    pub root_free_kib: Option<u64>,
}

/// The whole document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Always 1.
    pub format: u32,
    /// Version of the sanctum that wrote it; of the asking one where the probe answered.
    pub version: String,
    /// Which node, where the machine knows.
    pub node: Option<NodeName>,
    /// When, by the node's clock.
    pub at: UnixTime,
    /// Who wrote it.
    pub source: Source,
    /// The machine.
    pub system: System,
    /// Seven layers.
    pub layers: Vec<Item>,
    /// Guards with their mode.
    #[serde(default)]
    pub guards: Vec<Guard>,
    /// Ages of secrets.
    #[serde(default)]
    pub secrets: Vec<SecretAge>,
    /// Rotations that are open, and records of rotations that cannot be read.
    #[serde(default)]
    pub rotations: Vec<Item>,
    /// What differs from what was last written, or one line that nothing does.
    #[serde(default)]
    pub drift: Vec<Item>,
    /// Open alerts.
    pub alerts: Alerts,
    /// Last run of each schedule.
    #[serde(default)]
    pub schedules: Vec<Run>,
    /// Services of this node.
    #[serde(default)]
    pub services: Vec<Item>,
    /// What did not come back from the last reboot, where it was one of `sanctum reboot`.
    #[serde(default)]
    pub reboot: Vec<Item>,
    /// What was left out to be quick, each with the verb that looks.
    #[serde(default)]
    pub not_looked_at: Vec<String>,
}

/// Why bytes are not a status document.
#[derive(Debug, thiserror::Error)]
pub enum StatusError {
    /// They stop before the document does.
    #[error("the status document ends in the middle")]
    Truncated,
    /// They are something else.
    #[error("the answer is not a status document")]
    Syntax(#[source] serde_json::Error),
    /// A format of another time.
    #[error("the status document has format {0}, this version reads {FORMAT}")]
    Format(u64),
}

impl Status {
    /// Reads a document from elsewhere; its texts come out printable.
    pub fn parse(bytes: &[u8]) -> Result<Self, StatusError> {
        let syntax = |error: serde_json::Error| {
            if error.is_eof() { StatusError::Truncated } else { StatusError::Syntax(error) }
        };
        let mut value: serde_json::Value = serde_json::from_slice(bytes).map_err(syntax)?;
        match value.get("format").and_then(serde_json::Value::as_u64) {
            Some(format) if format != u64::from(FORMAT) => return Err(StatusError::Format(format)),
            _ => {}
        }
        clean(&mut value);
        serde_json::from_value(value).map_err(StatusError::Syntax)
    }

    /// How each thing stands that this document speaks of.
    pub fn states(&self) -> impl Iterator<Item = State> {
        let items = self.layers.iter().chain(&self.drift).chain(&self.services).chain(&self.reboot);
        items
            .chain(&self.rotations)
            .map(|item| item.state)
            .chain(self.guards.iter().map(|guard| guard.item.state))
            .chain(self.secrets.iter().map(|secret| secret.item.state))
            .chain(self.schedules.iter().map(|run| run.item.state))
            .chain([self.alerts.item.state])
    }

    /// The worst state; an empty document is unknown.
    #[must_use]
    pub fn worst(&self) -> State {
        if self.layers.is_empty() {
            return State::Unknown;
        }
        self.states().fold(State::Off, State::worse)
    }

    /// Whether everything that this version looks at holds.
    #[must_use]
    pub fn holds(&self) -> bool {
        !matches!(self.worst(), State::Finding | State::Unknown)
    }
}

/// Makes every text of a value printable.
fn clean(value: &mut serde_json::Value) {
    use serde_json::Value;
    match value {
        Value::String(text) => *text = printable(text),
        Value::Array(all) => all.iter_mut().for_each(clean),
        Value::Object(all) => all.values_mut().for_each(clean),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests;
