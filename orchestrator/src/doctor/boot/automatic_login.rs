//! `boot/automatic-login`.

use crate::doctor::boot::FileVaultState;
use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "boot/automatic-login",
    severity: Severity::Error,
    on: On::Macos,
    title: "automatic login works as it is set, or is not set",
    why: "Automatic login needs two files: the login window's setting and /etc/kcpassword. With one of \
          them missing the machine stops at its login window and every agent is absent. With both, the \
          owner's password is on the disk, hidden by a key that everybody knows; and with FileVault on, it \
          does nothing.",
    fix: Fix::Edit(
        "switch it on or off again in System Settings, Users & Groups, so that both agree",
    ),
    needs: &[Need::Login, Need::FileVault],
    judge,
    #[cfg(test)]
    good,
    #[cfg(test)]
    bad,
};

fn judge(looked: &Looked) -> Seen {
    let login = looked.login()?;
    let mut answer = Answer::over(1);
    match (&login.user, login.kcpassword) {
        (Some(user), false) => {
            answer.add(user, "set to log in by itself, and /etc/kcpassword is missing");
        }
        (None, true) => answer.add("/etc/kcpassword", "a password for nobody's automatic login"),
        (Some(_), true) | (None, false) => {}
    }
    let Some(disk) = answer.part(looked.filevault()) else { return Ok(answer) };
    if let (Some(user), FileVaultState::On) = (&login.user, disk) {
        answer.add(user, "set to log in by itself, which FileVault does not allow");
    }
    Ok(answer)
}

#[cfg(test)]
fn good() -> Looked {
    crate::doctor::fixture::plain_hub()
}

#[cfg(test)]
fn bad() -> Looked {
    let mut looked = crate::doctor::fixture::plain_hub();
    looked.login.as_mut().unwrap().user = Some("operator".to_owned());
    looked
}
