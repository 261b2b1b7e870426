//! `boot/unit-wanted`.

#[cfg(test)]
use crate::doctor::boot::look::with_unit;
use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "boot/unit-wanted",
    severity: Severity::Error,
    on: On::Linux,
    title: "something starts every unit of the house at boot",
    why: "`enable` makes a link from the target that wants a unit. Without an [Install] section, or with a \
          target that is not reached on that machine, it makes a link to nowhere, ends well, and the unit \
          is started by nothing but the person who tries it.",
    fix: Fix::Run(
        "systemctl show -p WantedBy,TriggeredBy UNIT; name multi-user.target or timers.target in [Install]",
    ),
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
        // systemd.unit(5) and org.freedesktop.systemd1(5): who pulls a unit in, and what triggers it.
        let by = ["WantedBy", "RequiredBy", "UpheldBy", "TriggeredBy", "RequisiteOf"];
        if by.iter().all(|key| unit.get(key).is_empty()) {
            answer.add(&unit.name, "no target wants it and no timer triggers it");
        }
    }
    Ok(answer)
}

#[cfg(test)]
fn good() -> Looked {
    let looked = crate::doctor::fixture::plain_barn();
    with_unit(looked, &[("WantedBy", "multi-user.target")])
}

#[cfg(test)]
fn bad() -> Looked {
    let looked = crate::doctor::fixture::plain_barn();
    with_unit(looked, &[("UnitFileState", "enabled"), ("WantedBy", "")])
}
