//! `boot/never-sleeps`.

use crate::doctor::boot::look::not_said;
use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "boot/never-sleeps",
    severity: Severity::Warn,
    on: On::Macos,
    title: "the machine does not go to sleep by itself",
    why: "A server that sleeps answers nobody, and launchd makes up for the calendar entries that went by: \
          all of them at once, at the moment of waking. Jobs that rotate secrets were kept from being \
          started again by a watchdog for that reason.",
    fix: Fix::Run("sudo pmset -a sleep 0"),
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
    let minutes = answer.see(power.sleep_minutes.ok_or_else(|| not_said("sleep")));
    if let Some(minutes @ 1..) = minutes {
        answer.add("sleep", format!("it sleeps after {minutes} minutes"));
    }
    Ok(answer)
}

#[cfg(test)]
fn good() -> Looked {
    let mut looked = crate::doctor::fixture::plain_hub();
    looked.power.as_mut().unwrap().sleep_minutes = Some(0);
    looked
}

#[cfg(test)]
fn bad() -> Looked {
    let mut looked = crate::doctor::fixture::plain_hub();
    looked.power.as_mut().unwrap().sleep_minutes = Some(10);
    looked
}
