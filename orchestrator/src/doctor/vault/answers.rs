//! `vault/answers`.

use super::look::{Standing, Stands};
use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "vault/answers",
    severity: Severity::Error,
    on: On::Any,
    title: "the vault answers at its socket, which is its account's alone",
    why: "Agents and services that ask for a credential wait for it and fail in words of their own, in which nothing says that it \
          is the vault that is away. A socket that others reach lets them guess at the passphrase.",
    fix: Fix::Run("sanctum services why vault"),
    needs: &[Need::VaultStanding],
    judge,
    #[cfg(test)]
    good,
    #[cfg(test)]
    bad,
};

fn judge(looked: &Looked) -> Seen {
    let Some(Standing { uid, socket, there, stands, .. }) = looked.vault_standing()? else {
        return Ok(Answer::default());
    };
    let mut answer = Answer::over(1);
    if let Stands::Silent(why) = stands {
        answer.add(socket, why.clone());
    }
    let Some(there) = there else { return Ok(answer) };
    if there.mode & 0o777 != 0o600 {
        let words = format!("mode {:04o}: others than its account may connect", there.mode);
        answer.add_with(socket, words, format!("chmod 600 {socket}"));
    }
    if there.uid.is_some() && there.uid != *uid {
        let owner = there.uid.map_or_else(String::new, |uid| uid.to_string());
        answer.add(socket, format!("it belongs to user id {owner}, not to its account"));
    }
    Ok(answer)
}

#[cfg(test)]
fn good() -> Looked {
    super::look::tests::with_vault(|_| {})
}

#[cfg(test)]
fn bad() -> Looked {
    super::look::tests::with_vault(|vault| {
        vault.there = None;
        vault.stands = Stands::Silent("nobody is there".to_owned());
    })
}
