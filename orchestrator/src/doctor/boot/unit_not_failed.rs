//! `boot/unit-not-failed`.

#[cfg(test)]
use crate::doctor::boot::look::with_unit;
use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "boot/unit-not-failed",
    severity: Severity::Error,
    on: On::Linux,
    title: "no unit of the house has failed",
    why: "systemd keeps the result of every unit and tells nobody who does not ask. A service that gave up \
          after its restarts is down until somebody looks, and the machine that it runs on is green.",
    fix: Fix::Run("systemctl status UNIT; journalctl -u UNIT"),
    needs: &[Need::Units],
    judge,
    #[cfg(test)]
    good,
    #[cfg(test)]
    bad,
};

fn judge(looked: &Looked) -> Seen {
    let units = looked.units()?;
    let mut answer = Answer::of(units);
    for unit in units {
        if unit.get("ActiveState") == "failed" {
            answer.add(&unit.name, format!("failed by {}", unit.get("Result")));
        } else if unit.get("LoadState") == "error" || unit.get("LoadState") == "bad-setting" {
            answer.add(&unit.name, "systemd cannot read it");
        }
    }
    Ok(answer)
}

#[cfg(test)]
fn good() -> Looked {
    with_unit(crate::doctor::fixture::plain_barn(), &[("ActiveState", "active")])
}

#[cfg(test)]
fn bad() -> Looked {
    with_unit(
        crate::doctor::fixture::plain_barn(),
        &[("ActiveState", "failed"), ("Result", "exit-code")],
    )
}
