//! `secrets/caches-agree`.

use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "secrets/caches-agree",
    severity: Severity::Error,
    on: On::Any,
    title: "every cache of a secret holds its source's value, by fingerprint",
    why: "A key was rotated in one of three stores. Two services went on with the old one until the provider switched it off, \
          and nobody could say which of the three was right. The source is; caches are rebuilt from it.",
    fix: Fix::Run("sudo /opt/sanctum/bin/sanctum secrets sync"),
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
    for cache in places.iter().filter(|one| !one.source) {
        let source = places.iter().find(|one| one.source && one.secret == cache.secret);
        // A source that could not be read is told of already, and one that is empty by another lint.
        let Some(wanted) = source.and_then(|source| source.print) else { continue };
        match cache.print {
            Some(print) if print == wanted => {}
            Some(_) => answer
                .add(&cache.secret, format!("{} holds another value than the source", cache.place)),
            None => answer.add(&cache.secret, format!("{} is empty", cache.place)),
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
    super::tests::copied(Some("b"))
}
