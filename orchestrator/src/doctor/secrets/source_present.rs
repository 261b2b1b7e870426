//! `secrets/source-present`.

use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "secrets/source-present",
    severity: Severity::Error,
    on: On::Any,
    title: "every secret that this node holds has a value in its source",
    why: "A reference to nothing is found out by the service that starts with it, which is at night, after a reboot. A cache \
          that still works hides it until it is rebuilt from nothing.",
    fix: Fix::Run("sudo /opt/sanctum/bin/sanctum secrets set NAME"),
    needs: &[Need::SecretPlaces],
    judge,
    #[cfg(test)]
    good,
    #[cfg(test)]
    bad,
};

fn judge(looked: &Looked) -> Seen {
    let places = looked.secret_places()?;
    let mut answer = Answer::of(places);
    for one in places.iter().filter(|one| one.source && one.print.is_none()) {
        let hint = format!("sudo /opt/sanctum/bin/sanctum secrets set {}", one.secret);
        answer.add_with(&one.secret, format!("there is nothing at {}", one.place), hint);
    }
    Ok(answer)
}

#[cfg(test)]
fn good() -> Looked {
    super::tests::house(&[("file:token", true, Some("a"))])
}

#[cfg(test)]
fn bad() -> Looked {
    super::tests::house(&[("file:token", true, None)])
}
