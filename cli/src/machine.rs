//! The machine that this process runs on: its facts, its host and where its store is.

use crate::failure::{Exit, Failure};
use crate::surroundings::Surroundings;
use sanctum_host::Host;
use sanctum_orchestrator::house::Facts;
use sanctum_orchestrator::instance::Instance;
use sanctum_orchestrator::instance::model::Node;
use std::path::PathBuf;

/// Opens this machine as a node of the house.
pub fn open(
    _instance: &Instance,
    _node: &Node,
    _around: &Surroundings,
) -> Result<(Facts, Box<dyn Host>, PathBuf), Failure> {
    Err(Failure::new(Exit::Refused, "live"))
}

/// The SSH connection that this process was started over, where there is one.
pub fn ssh_session(_context: &crate::commands::Context) -> Result<Option<String>, Failure> {
    Ok(None)
}
