//! `hooks/not-skipped`.

use super::shape::{SHAPE, of_agents};
use crate::doctor::lint::{Fix, Lint};

pub(super) static LINT: Lint = Lint {
    id: "hooks/not-skipped",
    title: "nothing keeps the agents' hooks from running",
    why: "Agents have settings, options and variables that start them without hooks, for looking after a broken one. \
          Left in an alias or the definition of a job, every start is without hooks.",
    fix: Fix::Edit("take it out of the file that the finding names"),
    judge: |looked| of_agents(looked, |_, agent| agent.skips.clone()),
    #[cfg(test)]
    bad: || super::look::with(|agent, _| agent.skips.push("--bare in ~/.bashrc".to_owned())),
    ..SHAPE
};
