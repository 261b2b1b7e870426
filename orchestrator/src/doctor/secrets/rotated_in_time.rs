//! `secrets/rotated-in-time`.

use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use crate::rotate::due::{Age, DAY, Standing};
use sanctum_types::{Severity, UnixTime};

pub(super) static LINT: Lint = Lint {
    id: "secrets/rotated-in-time",
    severity: Severity::Error,
    on: On::Any,
    title: "no secret is older than the house allows, and none waits for a rotation that does not come",
    why: "Changing a key meant visiting six places by hand, so it was put off, and the page that said when it was due was one \
          that nobody opened. A key that leaked three years before still worked on the day that it was used.",
    fix: Fix::Run("sudo /opt/sanctum/bin/sanctum rotate NAME"),
    needs: &[Need::Ages],
    judge,
    #[cfg(test)]
    good,
    #[cfg(test)]
    bad,
};

/// What is due and needs nobody is rotated by the next morning's job; one that was missed is given another day.
const GRACE: i64 = 2 * DAY;

fn judge(looked: &Looked) -> Seen {
    let ages = looked.ages()?;
    let mut answer = Answer::over(ages.len());
    for age in ages.iter().filter(|age| is_late(age, looked.ground.now)) {
        let days = age.days.unwrap_or_default();
        let of = age.due_after_days.or(age.max_age_days).unwrap_or_default();
        let first = if age.rotates { "" } else { "make a new value at its provider, then: " };
        let next = format!("{first}sudo /opt/sanctum/bin/sanctum {}", age.verb());
        answer.add_with(&age.secret, format!("it is {days} days old, and due after {of}"), next);
    }
    Ok(answer)
}

fn is_late(age: &Age, now: UnixTime) -> bool {
    match age.standing {
        Standing::Overdue => true,
        Standing::Due if age.unattended => age.due.is_some_and(|due| now >= due.plus(GRACE)),
        Standing::Due => true,
        Standing::Well | Standing::NoLimit | Standing::Soon | Standing::Unknown => false,
    }
}

#[test]
fn what_a_job_will_do_by_tomorrow_is_not_late() {
    use super::tests::aged;
    for (days, kind, late) in [
        (84, Some("openrouter"), false),
        (86, Some("openrouter"), false),
        (87, Some("openrouter"), true),
        (90, Some("openrouter"), true),
        (89, None, false),
        (90, None, true),
    ] {
        let found = judge(&aged(Some(days), kind)).unwrap().found;
        assert_eq!(!found.is_empty(), late, "{days} {kind:?}");
    }
}

#[cfg(test)]
fn good() -> Looked {
    super::tests::aged(Some(80), None)
}

#[cfg(test)]
fn bad() -> Looked {
    super::tests::aged(Some(90), None)
}
