//! `boot/filevault-decided`.

use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "boot/filevault-decided",
    severity: Severity::Warn,
    on: On::Macos,
    title: "the house says whether its disk is encrypted, and why",
    why: "Encrypted, the disk yields nothing to a thief and the house stays down after every power cut \
          until somebody types a password at the machine. Open, the house comes back alone. Both are good \
          answers; the bad one is to find out which it was during the power cut.",
    fix: Fix::Edit("add `boot: {filevault: on|off, reason: ...}` to the instance file"),
    needs: &[Need::Wanted],
    judge,
    #[cfg(test)]
    good,
    #[cfg(test)]
    bad,
};

fn judge(looked: &Looked) -> Seen {
    let waiting = looked.wanted()?.jobs.len();
    let mut answer = Answer::over(1);
    let boot = &looked.ground.instance.boot;
    match (boot.filevault, boot.why()) {
        (None, _) => {
            answer
                .add("boot.filevault", format!("undecided, and {waiting} jobs hang on it at boot"));
        }
        (Some(_), None) => answer.add("boot.reason", "decided, and nobody knows why"),
        (Some(_), Some(_)) => {}
    }
    Ok(answer)
}

#[cfg(test)]
fn good() -> Looked {
    crate::doctor::fixture::hub(
        &serde_json::json!({ "boot": { "filevault": "off", "reason": "it has to come back alone" } }),
    )
}

#[cfg(test)]
fn bad() -> Looked {
    crate::doctor::fixture::plain_hub()
}
