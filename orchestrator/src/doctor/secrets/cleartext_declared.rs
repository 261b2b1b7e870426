//! `secrets/cleartext-declared`.

use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use sanctum_types::{SecretRef, Severity};

pub(super) static LINT: Lint = Lint {
    id: "secrets/cleartext-declared",
    severity: Severity::Warn,
    on: On::Any,
    title: "a secret that lies in clear text is a declared exception with its reason",
    why: "Whoever has the disk reads a file in clear text at once, whatever its mode. Some must lie so, because they are needed \
          before anything can be opened; each of those is a decision that somebody took, and the list of them stays short \
          only while it has to be written down.",
    fix: Fix::Edit(
        "write `cleartext: {reason: ...}` below the secret, or give it an age:, sops: or keychain: place",
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
    for one in
        places.iter().filter(|one| matches!(one.place, SecretRef::File(_)) && one.print.is_some())
    {
        let declared = looked.ground.instance.secrets.get(&one.secret);
        if declared.is_none_or(|entry| entry.cleartext.is_none()) {
            answer
                .add(&one.secret, format!("{} is in clear text, and nothing says why", one.place));
        }
    }
    Ok(answer)
}

#[cfg(test)]
fn good() -> Looked {
    super::tests::house(&[("file:token", true, Some("a"))])
}

#[cfg(test)]
fn bad() -> Looked {
    let mut looked = good();
    looked.ground.instance.secrets.values_mut().for_each(|entry| entry.cleartext = None);
    looked
}
