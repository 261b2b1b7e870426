//! `hooks/config-tightens`.

use super::shape::SHAPE;
use crate::doctor::lint::{Answer, Fix, Lint, Seen};
use crate::doctor::looked::Looked;
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "hooks/config-tightens",
    severity: Severity::Warn,
    title: "nothing in the owner's .sanctum/config.toml is without effect",
    why: "Who wrote a line believes that it holds. One below root's floor, or one that cannot be read, does not.",
    fix: Fix::Run("sanctum config --edit"),
    judge,
    #[cfg(test)]
    bad: || super::look::with(|_, hooks| hooks.without_effect.push("1:1: a key".to_owned())),
    ..SHAPE
};

fn judge(looked: &Looked) -> Seen {
    let hooks = looked.hooks()?;
    let mut answer = Answer::over(1);
    for one in &hooks.without_effect {
        answer.add(&hooks.config, one.clone());
    }
    Ok(answer)
}
