//! `secrets/old-key-removed`.

use crate::doctor::lint::{Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use crate::rotate::trouble::Trouble;
#[cfg(test)]
use crate::rotate::trouble::tests as trouble;
#[cfg(test)]
use sanctum_rotation::Stage;
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "secrets/old-key-removed",
    severity: Severity::Warn,
    on: On::Any,
    title: "nothing that a rotation leaves waits to be removed",
    why: "A key that is switched off can be switched on again by whoever may manage keys, and a full list of keys keeps the next one from \
          being made: the provider refused a third key on the day that a leak made one urgent.",
    fix: Fix::Run("sudo /opt/sanctum/bin/sanctum rotate NAME --retry"),
    needs: &[Need::Rotations],
    judge,
    #[cfg(test)]
    good,
    #[cfg(test)]
    bad,
};

fn judge(looked: &Looked) -> Seen {
    super::rotations::judged(looked, Trouble::NotCleared)
}

#[cfg(test)]
fn good() -> Looked {
    super::tests::rotating(trouble::at(Stage::Revoking, 4))
}

#[cfg(test)]
fn bad() -> Looked {
    super::tests::rotating(trouble::at(Stage::Revoking, 5))
}
