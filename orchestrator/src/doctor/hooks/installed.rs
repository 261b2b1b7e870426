//! `hooks/installed`.

use super::shape::{SHAPE, of_agents};
use crate::doctor::lint::Lint;
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "hooks/installed",
    severity: Severity::Warn,
    title: "agents that are used have hooks",
    why: "A second agent is set up in minutes, and its settings know nothing of the hooks of the first.",
    judge: |looked| {
        of_agents(looked, |hooks, agent| {
            let bare = hooks.wanted && agent.used && !agent.is_installed && !agent.was_installed;
            bare.then(|| format!("no hook of ours is in {}", agent.file)).into_iter().collect()
        })
    },
    #[cfg(test)]
    bad: || {
        super::look::with(|agent, _| {
            agent.is_installed = false;
            agent.was_installed = false;
        })
    },
    ..SHAPE
};
