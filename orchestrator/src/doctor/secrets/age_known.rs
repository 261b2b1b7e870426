//! `secrets/age-known`.

use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use crate::rotate::due::Standing;
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "secrets/age-known",
    severity: Severity::Warn,
    on: On::Any,
    title: "the age of every secret that has a limit is known",
    why: "A list of ages showed nothing wrong for a year: it left out what it knew nothing of, and those were the oldest keys of the \
          house, older than the list itself. An age that nobody knows is not a young one.",
    fix: Fix::Run(
        "sudo /opt/sanctum/bin/sanctum secrets age --ask, or sanctum secrets set NAME with a new value",
    ),
    needs: &[Need::Ages],
    judge,
    #[cfg(test)]
    good,
    #[cfg(test)]
    bad,
};

fn judge(looked: &Looked) -> Seen {
    let ages = looked.ages()?;
    let mut answer = Answer::over(ages.len());
    for age in ages.iter().filter(|age| age.standing == Standing::Unknown) {
        let of = age.due_after_days.or(age.max_age_days).unwrap_or_default();
        let said = format!("nobody knows how old it is, and it may be {of} days old");
        answer.add(&age.secret, said);
    }
    Ok(answer)
}

#[cfg(test)]
fn good() -> Looked {
    super::tests::aged(Some(80), None)
}

#[cfg(test)]
fn bad() -> Looked {
    super::tests::aged(None, None)
}
