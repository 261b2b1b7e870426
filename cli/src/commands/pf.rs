//! `sanctum pf`: rules of the packet filter.

use super::Context;
use crate::args::Pf;
use crate::failure::{Exit, Failure};

/// Runs the verb.
pub fn run(_context: &Context, verb: &Pf) -> Result<Exit, Failure> {
    Err(Failure::new(Exit::Usage, format!("{verb:?} is not built yet")))
}
