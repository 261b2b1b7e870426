//! `vault/unsealed`.

use super::look::{Standing, Stands};
use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "vault/unsealed",
    severity: Severity::Warn,
    on: On::Any,
    title: "the vault that is served is open",
    why: "It starts sealed unless something opens it at boot, and stays so after a power cut until its owner comes. Nobody is told \
          but the agents that ask it.",
    fix: Fix::Run("sanctum vault unseal"),
    needs: &[Need::VaultStanding],
    judge,
    #[cfg(test)]
    good,
    #[cfg(test)]
    bad,
};

fn judge(looked: &Looked) -> Seen {
    let Some(Standing { served, socket, stands, .. }) = looked.vault_standing()? else {
        return Ok(Answer::default());
    };
    let mut answer = Answer::over(1);
    match (stands, served.opened_by()) {
        (Stands::Unsealed | Stands::Silent(_), _) => {}
        (Stands::Sealed, None) => answer.add(socket, "it is sealed"),
        // It was sealed afterwards, or the key could not be had then: the journal says which.
        (Stands::Sealed, Some(key)) => {
            answer.add(socket, format!("it is sealed, though {key} opens it at its start"));
        }
    }
    Ok(answer)
}

#[cfg(test)]
fn good() -> Looked {
    super::look::tests::with_vault(|_| {})
}

#[cfg(test)]
fn bad() -> Looked {
    super::look::tests::with_vault(|vault| vault.stands = Stands::Sealed)
}
