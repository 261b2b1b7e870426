//! What the four lints have in common: the same agents are looked at, and of each is said what it has to say.
//!
//! Deliberately absent: how agents are looked at (`look`), and what a hook looks like (`sanctum_firewall::agents::settings`).

use super::{AgentSeen, Hooks};
use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use sanctum_types::Severity;

/// A lint of hooks, but for what it is about; `judge` finds nothing.
pub(super) const SHAPE: Lint = Lint {
    id: "",
    severity: Severity::Error,
    on: On::Any,
    title: "",
    why: "",
    fix: Fix::Run("sanctum hooks install AGENT"),
    needs: &[Need::Hooks],
    judge: nothing,
    #[cfg(test)]
    good,
    #[cfg(test)]
    bad: good,
};

fn nothing(looked: &Looked) -> Seen {
    of_agents(looked, |_, _| Vec::new())
}

/// What is to be said of each agent, by its name.
pub(super) fn of_agents(looked: &Looked, said: impl Fn(&Hooks, &AgentSeen) -> Vec<String>) -> Seen {
    let hooks = looked.hooks()?;
    let mut answer = Answer::over(hooks.agents.len());
    for agent in &hooks.agents {
        for text in said(hooks, agent) {
            answer.add(&agent.agent, text);
        }
    }
    Ok(answer)
}

#[cfg(test)]
fn good() -> Looked {
    super::look::with(|_, _| {})
}
