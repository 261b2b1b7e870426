//! `secrets/rotation-needs-nobody`.

use crate::doctor::lint::{Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use crate::rotate::trouble::Trouble;
#[cfg(test)]
use crate::rotate::trouble::tests as trouble;
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "secrets/rotation-needs-nobody",
    severity: Severity::Error,
    on: On::Any,
    title: "no rotation stands still until a person did something",
    why: "A rotation that was stopped half-way said so on the screen of a job that nobody looks at. It was found when the old key's limit \
          had passed: two keys lived for months, and which place held which of them was known to no one.",
    fix: Fix::Run(
        "sudo /opt/sanctum/bin/sanctum rotate --list, do what it says, then sanctum rotate NAME --retry",
    ),
    needs: &[Need::Rotations],
    judge,
    #[cfg(test)]
    good,
    #[cfg(test)]
    bad,
};

fn judge(looked: &Looked) -> Seen {
    super::rotations::judged(looked, Trouble::NeedsYou)
}

#[cfg(test)]
fn good() -> Looked {
    super::tests::rotating(trouble::record())
}

#[cfg(test)]
fn bad() -> Looked {
    super::tests::rotating(trouble::halted())
}
