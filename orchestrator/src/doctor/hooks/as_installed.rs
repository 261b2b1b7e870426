//! `hooks/as-installed`.

use super::shape::{SHAPE, of_agents};
use crate::doctor::lint::Lint;

pub(super) static LINT: Lint = Lint {
    id: "hooks/as-installed",
    title: "hooks in agents' settings are as they were installed",
    why: "An agent whose hook was taken out, narrowed or softened works on as before, and nothing that it does is judged any more. \
          Whoever changed the file had the owner's rights, as the agent itself has.",
    judge: |looked| {
        of_agents(looked, |_, agent| {
            agent.wrong.iter().map(|wrong| format!("{}: {wrong}", agent.file)).collect()
        })
    },
    #[cfg(test)]
    bad: || super::look::with(|agent, _| agent.wrong.push("a hook is missing".to_owned())),
    ..SHAPE
};
