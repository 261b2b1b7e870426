//! `secrets/p0-unattended`.

use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use crate::instance::model::Criticality;
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "secrets/p0-unattended",
    severity: Severity::Critical,
    on: On::Any,
    title: "each secret of a P0 service is in a place that answers with nobody logged in and no network",
    why: "After a power cut nobody is logged in, the Keychain is locked, and the network comes up last. What the house stands \
          on starts then or not at all. That a place is declared is not enough: the value has to be in it.",
    fix: Fix::Run(
        "sudo /opt/sanctum/bin/sanctum secrets sync NAME, with a `keychain://system/`, `age:` or `file:` cache declared",
    ),
    needs: &[Need::SecretPlaces],
    judge,
    #[cfg(test)]
    good,
    #[cfg(test)]
    bad,
};

fn judge(looked: &Looked) -> Seen {
    let places = looked.secret_places()?;
    let mut answer = Answer::of(places);
    let ground = &looked.ground;
    let services = ground.instance.services.iter().filter(|(_, service)| {
        service.enabled && service.node == ground.node && service.criticality == Criticality::P0
    });
    for (name, service) in services {
        for secret in &service.secrets {
            let ready = places
                .iter()
                .any(|one| one.secret == *secret && one.unattended && one.print.is_some());
            // Where a place could not be looked at, it may be that one.
            let unknown =
                answer.unseen.iter().any(|one| one.subject.ends_with(&format!("`{secret}`")));
            if !ready && !unknown {
                answer.add(name, format!("`{secret}` is in no place that answers at boot"));
            }
        }
    }
    Ok(answer)
}

#[cfg(test)]
fn good() -> Looked {
    super::tests::copied(Some("a"))
}

#[cfg(test)]
fn bad() -> Looked {
    super::tests::copied(None)
}
