//! `secrets/value-in-config`.

use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "secrets/value-in-config",
    severity: Severity::Critical,
    on: On::Any,
    title: "no value of the house's secrets stands in its instance, its rendered files, its jobs or a start-up file",
    why: "Rules know what keys of a provider look like; they do not know the house's own passwords. Here every word of such a \
          file is compared with the secrets of this node, by fingerprint, so that a pasted password is found too. The history \
          of a git repository is not searched: what was committed once is to be rotated.",
    fix: Fix::Edit("rotate the secret, take the value out of the file, and refer to it by name"),
    needs: &[Need::SecretLeaks],
    judge,
    #[cfg(test)]
    good,
    #[cfg(test)]
    bad,
};

fn judge(looked: &Looked) -> Seen {
    let leaks = looked.secret_leaks()?;
    // What was searched is files; that nothing was found in them is what holds.
    let mut answer = Answer { looked_at: 1, ..Answer::of(leaks) };
    for one in leaks {
        answer.add(&one.path, format!("line {} holds the value of `{}`", one.line, one.secret));
    }
    Ok(answer)
}

#[cfg(test)]
fn good() -> Looked {
    crate::doctor::fixture::plain_hub()
}

#[cfg(test)]
fn bad() -> Looked {
    let mut looked = good();
    let leak = super::Leak {
        path: "/Users/operator/.zshrc".to_owned(),
        line: 3,
        secret: sanctum_types::ServiceName::new("token").unwrap(),
    };
    looked.secret_leaks.as_mut().unwrap().all.push(leak);
    looked
}
