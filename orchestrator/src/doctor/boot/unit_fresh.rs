//! `boot/unit-fresh`.

#[cfg(test)]
use crate::doctor::boot::look::with_unit;
use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "boot/unit-fresh",
    severity: Severity::Error,
    on: On::Linux,
    title: "systemd holds the text of every unit that is on disk",
    why: "systemd reads a unit when it is told to, and restarts the text that it holds. An edited file \
          without daemon-reload is the same trap as an edited property list with kickstart: the change is \
          there, and is not in force.",
    fix: Fix::Run("sudo systemctl daemon-reload; sudo systemctl restart UNIT"),
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
    for unit in units.iter().filter(|unit| unit.get("NeedDaemonReload") == "yes") {
        answer.add(&unit.name, "systemd runs an older text of it");
    }
    Ok(answer)
}

#[cfg(test)]
fn good() -> Looked {
    with_unit(crate::doctor::fixture::plain_barn(), &[("NeedDaemonReload", "no")])
}

#[cfg(test)]
fn bad() -> Looked {
    with_unit(crate::doctor::fixture::plain_barn(), &[("NeedDaemonReload", "yes")])
}
