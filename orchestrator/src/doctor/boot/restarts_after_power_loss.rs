//! `boot/restarts-after-power-loss`.

use crate::doctor::boot::look::not_said;
use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "boot/restarts-after-power-loss",
    severity: Severity::Error,
    on: On::Macos,
    title: "the machine starts by itself when the power comes back",
    why: "A Mac that is not told to stays off after a power cut until somebody presses its button. \
          Everything else that makes a house come back alone is worth nothing behind that one setting.",
    fix: Fix::Run("sudo pmset -a autorestart 1"),
    needs: &[Need::Power],
    judge,
    #[cfg(test)]
    good,
    #[cfg(test)]
    bad,
};

fn judge(looked: &Looked) -> Seen {
    let power = looked.power()?;
    let mut answer = Answer::default();
    if let Some(false) = answer.see(power.autorestart.ok_or_else(|| not_said("autorestart"))) {
        answer.add("autorestart", "it stays off after a power cut");
    }
    Ok(answer)
}

#[cfg(test)]
fn good() -> Looked {
    let mut looked = crate::doctor::fixture::plain_hub();
    looked.power.as_mut().unwrap().autorestart = Some(true);
    looked
}

#[cfg(test)]
fn bad() -> Looked {
    let mut looked = crate::doctor::fixture::plain_hub();
    looked.power.as_mut().unwrap().autorestart = Some(false);
    looked
}
