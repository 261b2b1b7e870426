//! `secrets/rotation-ends`.

use crate::doctor::lint::{Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use crate::rotate::trouble::Trouble;
#[cfg(test)]
use crate::rotate::trouble::tests as trouble;
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "secrets/rotation-ends",
    severity: Severity::Error,
    on: On::Any,
    title: "no rotation is in the middle for longer than it was planned to be",
    why: "The daily job goes on with what was begun. Where it does not run, or cannot, nothing else says so: the new key is in every place, \
          everything works, and the old key works too, weeks after it should have been gone.",
    fix: Fix::Run(
        "sudo /opt/sanctum/bin/sanctum rotate --resume, then look why the daily job does not",
    ),
    needs: &[Need::Rotations],
    judge,
    #[cfg(test)]
    good,
    #[cfg(test)]
    bad,
};

fn judge(looked: &Looked) -> Seen {
    super::rotations::judged(looked, Trouble::TooLong)
}

#[cfg(test)]
fn good() -> Looked {
    super::tests::rotating(trouble::record())
}

#[cfg(test)]
fn bad() -> Looked {
    super::tests::rotating(super::tests::long_ago(trouble::record()))
}
