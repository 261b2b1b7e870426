//! `boot/filevault-as-decided`.

use crate::doctor::boot::FileVaultState;
use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use crate::instance::boot::FileVault;
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "boot/filevault-as-decided",
    severity: Severity::Critical,
    on: On::Macos,
    title: "the disk is encrypted, or not, as the house decided",
    why: "A decision on paper protects nothing. An update's setup assistant turns FileVault on and the \
          next power cut is a day without a house; a restored disk comes without it and everybody believes \
          in the encryption.",
    fix: Fix::Run(
        "sudo fdesetup enable, or sudo fdesetup disable; or decide otherwise in the instance file",
    ),
    needs: &[Need::FileVault],
    judge,
    #[cfg(test)]
    good,
    #[cfg(test)]
    bad,
};

fn judge(looked: &Looked) -> Seen {
    let state = looked.filevault()?;
    let mut answer = Answer::over(1);
    match (looked.ground.instance.boot.filevault, state) {
        (Some(FileVault::On), FileVaultState::Off) => {
            answer.add("FileVault", "it is off, and the house decided that it is on");
        }
        (Some(FileVault::Off), FileVaultState::On) => {
            answer.add("FileVault", "it is on, and the house decided that it comes back alone");
        }
        _ => {}
    }
    Ok(answer)
}

#[cfg(test)]
fn good() -> Looked {
    crate::doctor::fixture::hub(
        &serde_json::json!({ "boot": { "filevault": "off", "reason": "r" } }),
    )
}

#[cfg(test)]
fn bad() -> Looked {
    crate::doctor::fixture::hub(
        &serde_json::json!({ "boot": { "filevault": "on", "reason": "r" } }),
    )
}
