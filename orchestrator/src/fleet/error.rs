//! Why a node gave no status: a kind for programs, words for people, and the next command.

use super::known_hosts::HostPort;
use serde::Serialize;

/// What went wrong, as a stable word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// No connection, or it broke off.
    Unreachable,
    /// A step took too long.
    Timeout,
    /// Nothing is recorded of the host's key.
    UnknownHostKey,
    /// The host shows another key than the recorded one.
    ChangedHostKey,
    /// The host shows a key that is revoked.
    RevokedHostKey,
    /// None of our keys lets us in.
    RefusedKey,
    /// We have no key to offer.
    NoKey,
    /// Client and server have no algorithm in common.
    NoCommonAlgorithm,
    /// The answer stops in the middle.
    Truncated,
    /// The answer is no status.
    NotStatus,
    /// The answer is longer than is read.
    TooLong,
    /// The node's own sanctum failed.
    Remote,
    /// The client cannot be used here.
    Client,
}

/// A step that has a time limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// TCP, greeting and key exchange.
    Connect,
    /// Authentication.
    Auth,
    /// The command's answer.
    Command,
    /// All together.
    Total,
}

impl std::fmt::Display for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Connect => "connecting and exchanging keys",
            Self::Auth => "authentication",
            Self::Command => "the answer",
            Self::Total => "everything together",
        })
    }
}

/// Why a node gave no status. Texts of the node are printable before they come in here.
#[derive(Debug, thiserror::Error)]
pub enum FleetError {
    /// TCP.
    #[error("cannot connect to {host}")]
    Connect {
        /// To what.
        host: HostPort,
        /// The system's answer.
        #[source]
        source: std::io::Error,
    },
    /// The connection broke.
    #[error("the connection to {host} broke off")]
    Broken {
        /// With what.
        host: HostPort,
        /// How.
        #[source]
        source: Box<russh::Error>,
    },
    /// The jump host does not lead on.
    #[error("{jump} does not lead on to {host}")]
    Jump {
        /// Through what.
        jump: HostPort,
        /// To what.
        host: HostPort,
        /// What it said.
        #[source]
        source: Box<russh::Error>,
    },
    /// The jump host itself could not be reached.
    #[error("the way through {jump} is closed")]
    Through {
        /// Which.
        jump: HostPort,
        /// Why.
        #[source]
        source: std::sync::Arc<FleetError>,
    },
    /// A step took too long.
    #[error("{host}: {step} took longer than {seconds} s")]
    Timeout {
        /// Where.
        host: HostPort,
        /// Which step.
        step: Step,
        /// The limit.
        seconds: u64,
    },
    /// Nothing is recorded of the host's key.
    #[error("the host key of {host} is not known; it shows {fingerprint}")]
    UnknownHostKey {
        /// Whose.
        host: HostPort,
        /// Its fingerprint.
        fingerprint: String,
    },
    /// The host shows another key than the recorded one.
    #[error("THE HOST KEY OF {host} HAS CHANGED: it shows {shown}, recorded is {recorded}")]
    ChangedHostKey {
        /// Whose.
        host: HostPort,
        /// The fingerprint that it shows.
        shown: String,
        /// The fingerprints that are recorded, each with its place.
        recorded: String,
    },
    /// The host shows a revoked key.
    #[error("{host} shows the key {fingerprint}, which {at} revokes")]
    RevokedHostKey {
        /// Whose.
        host: HostPort,
        /// Its fingerprint.
        fingerprint: String,
        /// The line that revokes it.
        at: String,
    },
    /// None of our keys lets us in.
    #[error("{host} accepts none of {offered} keys for {user}")]
    RefusedKey {
        /// Where.
        host: HostPort,
        /// The account.
        user: String,
        /// How many were offered.
        offered: usize,
    },
    /// We have no key to offer.
    #[error("there is no key to log in to {host} with")]
    NoKey {
        /// Where.
        host: HostPort,
    },
    /// The agent does not answer.
    #[error("the ssh agent does not answer")]
    Agent(#[source] Box<russh::keys::Error>),
    /// Client and server have no algorithm in common.
    #[error("{host} and this client have no {what} in common; it offers {theirs}")]
    NoCommonAlgorithm {
        /// With whom.
        host: HostPort,
        /// Kind of algorithm.
        what: &'static str,
        /// What the server offers.
        theirs: String,
    },
    /// The answer stops in the middle.
    #[error("the answer of {host} stops in the middle, after {bytes} bytes")]
    Truncated {
        /// Whose.
        host: HostPort,
        /// How far it came.
        bytes: usize,
    },
    /// The answer is no status.
    #[error("{host} answers something that is no status: `{beginning}`")]
    NotStatus {
        /// Whose.
        host: HostPort,
        /// Its first line.
        beginning: String,
    },
    /// The answer is longer than is read.
    #[error("the answer of {host} is longer than {limit} bytes")]
    TooLong {
        /// Whose.
        host: HostPort,
        /// The bound.
        limit: usize,
    },
    /// The node's own sanctum failed, or the command did.
    #[error("the command on {host} ended with {exit}: {said}")]
    Remote {
        /// Where.
        host: HostPort,
        /// Its exit status in words.
        exit: String,
        /// The first line of what it said.
        said: String,
    },
    /// The system's ssh said something else.
    #[error("ssh to {host} failed: {said}")]
    Openssh {
        /// Where.
        host: HostPort,
        /// Which kind, read from its words.
        kind: Kind,
        /// The line that says it.
        said: String,
    },
    /// The client cannot be used here.
    #[error("cannot start the client")]
    Client(#[source] Box<super::pool::ClientError>),
}

impl FleetError {
    /// The stable word.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Connect { .. } | Self::Broken { .. } | Self::Jump { .. } => Kind::Unreachable,
            Self::Through { source, .. } => source.kind(),
            Self::Timeout { .. } => Kind::Timeout,
            Self::UnknownHostKey { .. } => Kind::UnknownHostKey,
            Self::ChangedHostKey { .. } => Kind::ChangedHostKey,
            Self::RevokedHostKey { .. } => Kind::RevokedHostKey,
            Self::RefusedKey { .. } => Kind::RefusedKey,
            Self::NoKey { .. } | Self::Agent(_) => Kind::NoKey,
            Self::NoCommonAlgorithm { .. } => Kind::NoCommonAlgorithm,
            Self::Truncated { .. } => Kind::Truncated,
            Self::NotStatus { .. } => Kind::NotStatus,
            Self::TooLong { .. } => Kind::TooLong,
            Self::Remote { .. } => Kind::Remote,
            Self::Openssh { kind, .. } => *kind,
            Self::Client(_) => Kind::Client,
        }
    }

    /// The next command, where there is one.
    #[must_use]
    pub fn hint(&self, node: &str) -> Option<String> {
        Some(match self.kind() {
            Kind::UnknownHostKey => {
                format!("look at the key on the node itself, then: sanctum ssh trust {node}")
            }
            Kind::ChangedHostKey => format!(
                "do not log in; if the node was made anew, pin its key from a channel that you trust: \
                 sanctum ssh trust {node} --key FILE"
            ),
            Kind::RefusedKey | Kind::NoKey => {
                format!(
                    "add its key to the agent (ssh-add), or: sanctum status --on {node} --identity FILE"
                )
            }
            Kind::NoCommonAlgorithm => {
                format!(
                    "ask it through the system's ssh: sanctum status --on {node} --transport openssh"
                )
            }
            Kind::Timeout | Kind::Unreachable => {
                format!("try the way there by itself: ssh -v {node}")
            }
            Kind::NotStatus | Kind::Truncated => {
                format!(
                    "look for what its shell prints at a login, or: sanctum status --on {node} --agentless"
                )
            }
            Kind::RevokedHostKey | Kind::TooLong | Kind::Remote | Kind::Client => return None,
        })
    }

    /// The whole chain of causes on one line.
    #[must_use]
    pub fn text(&self) -> String {
        crate::status::text::printable(&sanctum_types::chain(self))
    }
}
