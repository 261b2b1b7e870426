//! `secrets/recovery-fresh`.

use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use sanctum_types::{CouldNotCheck, Severity};

pub(super) static LINT: Lint = Lint {
    id: "secrets/recovery-fresh",
    severity: Severity::Warn,
    on: On::Any,
    title: "the newest recovery bundle holds every secret of this node as it is now",
    why: "A bundle is of the day that it was made. After a disaster a house came back with keys that had been rotated since, and \
          every one of them had to be made anew by hand, at the provider, without the old house to log in from.",
    fix: Fix::Run("sudo /opt/sanctum/bin/sanctum secrets export --to RECIPIENT --out FILE"),
    needs: &[Need::Recovery],
    judge,
    #[cfg(test)]
    good,
    #[cfg(test)]
    bad,
};

fn judge(looked: &Looked) -> Seen {
    let recovery = looked.recovery()?;
    let mut answer = Answer::over(1);
    // That there is none is another lint's.
    let Some(newest) = recovery.record.as_ref().and_then(|record| record.newest()) else {
        return Ok(answer);
    };
    let Some(now) = &recovery.now else {
        return Err(CouldNotCheck {
            subject: "the newest recovery bundle".to_owned(),
            cause: "the key of its fingerprints cannot be read".to_owned(),
        });
    };
    answer.unseen.extend(recovery.unseen.iter().cloned());
    for (name, print) in now {
        match newest.secrets.get(name) {
            None => answer.add(name.as_str(), "the newest bundle does not hold it"),
            Some(then) if then != print => {
                answer.add(name.as_str(), "it changed since the newest bundle was made");
            }
            Some(_) => {}
        }
    }
    Ok(answer)
}

#[test]
fn a_source_that_does_not_answer_is_not_taken_for_unchanged() {
    let mut looked = good();
    let away = CouldNotCheck { subject: "op://a/b/c of `token`".to_owned(), cause: "x".to_owned() };
    looked.recovery.as_mut().unwrap().unseen.push(away.clone());
    assert_eq!(judge(&looked).unwrap().unseen, [away]);
}

#[cfg(test)]
fn good() -> Looked {
    super::tests::house(&[("file:token", true, Some("a"))])
        .with_recovery(Some(20), &[("token", "a", "a")])
}

#[cfg(test)]
fn bad() -> Looked {
    super::tests::house(&[("file:token", true, Some("a"))])
        .with_recovery(Some(20), &[("token", "a", "b")])
}
