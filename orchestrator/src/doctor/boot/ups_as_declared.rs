//! `boot/ups-as-declared`.

use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "boot/ups-as-declared",
    severity: Severity::Warn,
    on: On::Macos,
    title: "the UPS that the house has is seen by the machine, and the choice is made",
    why: "A UPS whose cable is not plugged in keeps the lights on and tells nobody that the battery is \
          going: the machine dies in the middle of a write all the same. And a house that has none should \
          say so, so that nobody counts on it.",
    fix: Fix::Edit(
        "say `boot: {ups: true|false}` in the instance file; plug in the UPS's data cable",
    ),
    needs: &[Need::Power],
    judge,
    #[cfg(test)]
    good,
    #[cfg(test)]
    bad,
};

fn judge(looked: &Looked) -> Seen {
    let power = looked.power()?;
    let mut answer = Answer::over(1);
    match (looked.ground.instance.boot.ups, power.ups.is_empty()) {
        (None, _) => answer.add("boot.ups", "the house does not say whether it has one"),
        (Some(true), true) => answer.add("UPS", "declared, and the machine sees none"),
        (Some(false), false) => answer.add("UPS", "the machine sees one that is not declared"),
        (Some(_), _) => {}
    }
    Ok(answer)
}

#[cfg(test)]
fn good() -> Looked {
    crate::doctor::fixture::hub(&serde_json::json!({ "boot": { "ups": false } }))
}

#[cfg(test)]
fn bad() -> Looked {
    crate::doctor::fixture::hub(&serde_json::json!({ "boot": { "ups": true } }))
}
