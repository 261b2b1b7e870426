//! `secrets/old-key-off`.

use crate::doctor::lint::{Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use crate::rotate::trouble::Trouble;
#[cfg(test)]
use crate::rotate::trouble::tests as trouble;
#[cfg(test)]
use sanctum_rotation::Stage;
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "secrets/old-key-off",
    severity: Severity::Error,
    on: On::Any,
    title: "no key that was replaced still works because taking it away failed",
    why: "A revoke failed once after the new key was in place, the error went to a log, and the id of the old key was forgotten. It was \
          never revoked: whoever had copied it before the rotation could use it for as long as the account existed.",
    fix: Fix::Run("sudo /opt/sanctum/bin/sanctum rotate NAME --retry"),
    needs: &[Need::Rotations],
    judge,
    #[cfg(test)]
    good,
    #[cfg(test)]
    bad,
};

fn judge(looked: &Looked) -> Seen {
    super::rotations::judged(looked, Trouble::StillWorks)
}

#[cfg(test)]
fn good() -> Looked {
    super::tests::rotating(trouble::at(Stage::Disabling, 4))
}

#[cfg(test)]
fn bad() -> Looked {
    super::tests::rotating(trouble::at(Stage::Disabling, 5))
}
