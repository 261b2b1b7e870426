//! What a fleet answered: one entry a node, those that failed among them.

use super::error::{FleetError, Kind};
use super::target::TargetError;
use crate::status::{State, Status};
use sanctum_types::{NodeName, UnixTime};
use serde::Serialize;

/// Why a node gave no status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NodeError {
    /// A stable word.
    pub kind: Kind,
    /// For people, printable.
    pub message: String,
    /// The next command.
    pub hint: Option<String>,
}

/// One node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NodeReport {
    /// Its name.
    pub node: NodeName,
    /// Where it was asked; none where it was not asked over the network.
    pub address: Option<String>,
    /// How long it took.
    pub milliseconds: u64,
    /// What it said; exactly one of this and `error` is there.
    pub status: Option<Box<Status>>,
    /// Why it said nothing.
    pub error: Option<NodeError>,
}

impl NodeReport {
    /// The entry of a node.
    #[must_use]
    pub fn new(
        node: NodeName,
        address: Option<String>,
        milliseconds: u64,
        answer: Result<Status, FleetError>,
    ) -> Self {
        let (status, error) = match answer {
            Ok(status) => (Some(Box::new(status)), None),
            Err(error) => {
                let hint = error.hint(node.as_str());
                let error = NodeError { kind: error.kind(), message: error.text(), hint };
                (None, Some(error))
            }
        };
        Self { node, address, milliseconds, status, error }
    }

    /// The entry of a node that cannot even be asked.
    #[must_use]
    pub fn no_way(node: NodeName, error: &TargetError) -> Self {
        let hint =
            Some(format!("set nodes.{node}.host in the instance, then: sanctum config check"));
        let error = NodeError { kind: Kind::Unreachable, message: error.to_string(), hint };
        Self { node, address: None, milliseconds: 0, status: None, error: Some(error) }
    }

    /// The worst that is known of it; a node that failed is unknown.
    #[must_use]
    pub fn worst(&self) -> State {
        self.status.as_ref().map_or(State::Unknown, |status| status.worst())
    }
}

/// All of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Always 1.
    pub format: u32,
    /// When, by the asker's clock.
    pub at: UnixTime,
    /// By name.
    pub nodes: Vec<NodeReport>,
    /// Counts.
    pub summary: Summary,
}

/// How many of each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Nodes.
    pub asked: usize,
    /// Of which everything holds.
    pub hold: usize,
    /// Of which something does not, or is unknown.
    pub findings: usize,
    /// That gave no status.
    pub failed: usize,
}

impl Report {
    /// The report of these nodes.
    #[must_use]
    pub fn new(at: UnixTime, mut nodes: Vec<NodeReport>) -> Self {
        nodes.sort_by(|a, b| a.node.cmp(&b.node));
        let failed = nodes.iter().filter(|one| one.status.is_none()).count();
        let holds = |one: &&NodeReport| one.status.as_ref().is_some_and(|status| status.holds());
        let hold = nodes.iter().filter(holds).count();
        let asked = nodes.len();
        let summary = Summary { asked, hold, findings: asked - hold - failed, failed };
        Self { format: 1, at, nodes, summary }
    }
}
