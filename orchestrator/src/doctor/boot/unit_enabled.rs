//! `boot/unit-enabled`.

#[cfg(test)]
use crate::doctor::boot::look::with_unit;
use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "boot/unit-enabled",
    severity: Severity::Error,
    on: On::Linux,
    title: "every unit of the house is started at boot",
    why: "A unit that runs and is not enabled is a unit until the next reboot. Nothing that looks at what \
          runs can see the difference.",
    fix: Fix::Run("sudo systemctl enable UNIT"),
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
        match unit.get("UnitFileState") {
            // A timer starts the service of the same name; such a service has no [Install] and is static.
            "enabled" | "static" | "generated" | "alias" => {}
            "" => answer.add(&unit.name, "systemd knows no file of it"),
            state => answer.add(&unit.name, format!("at boot it is {state}")),
        }
    }
    Ok(answer)
}

#[cfg(test)]
fn good() -> Looked {
    with_unit(crate::doctor::fixture::plain_barn(), &[("UnitFileState", "enabled")])
}

#[cfg(test)]
fn bad() -> Looked {
    with_unit(crate::doctor::fixture::plain_barn(), &[("UnitFileState", "disabled")])
}
