//! `secrets/paths-private`.

use super::look::{Role, SecretPath};
use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "secrets/paths-private",
    severity: Severity::Critical,
    on: On::Any,
    title: "what secrets lie in is root's, private where it is read and never written by others",
    why: "The names in a directory of secrets tell what the house has, and who can write there puts a key of his own in the \
          place of a service's. Ciphertext may be read by anybody; who can write it can put back an old, revoked value.",
    fix: Fix::Run(
        "sudo chown root PATH && sudo chmod go= PATH; for ciphertext sudo chmod go-w PATH",
    ),
    needs: &[Need::SecretPaths],
    judge,
    #[cfg(test)]
    good,
    #[cfg(test)]
    bad,
};

fn judge(looked: &Looked) -> Seen {
    let paths = looked.secret_paths()?;
    let mut answer = Answer::of(paths);
    for one in paths {
        match one.role {
            Role::Identity => {}
            Role::Private => closed(&mut answer, one, "go=", "others than its owner may use it"),
            Role::Sealed => closed(&mut answer, one, "go-w", "others than its owner may write it"),
        }
    }
    Ok(answer)
}

/// It must be root's, and nobody else may have what `chmod RIGHTS` takes away: everything (`go=`) or writing (`go-w`).
pub(super) fn closed(answer: &mut Answer, one: &SecretPath, rights: &str, words: &str) {
    let (mode, path) = (one.there.mode, &one.path);
    let mask = if rights == "go-w" { 0o022 } else { 0o077 };
    if mode & mask != 0 {
        let fix = format!("sudo chmod {rights} {path}");
        answer.add_with(path, format!("mode {mode:04o}: {words}"), fix);
    }
    // Below a directory owners are not kept.
    if let Some(uid) = one.there.uid.filter(|uid| *uid != 0) {
        let fix = format!("sudo chown root {path}");
        answer.add_with(path, format!("it belongs to user id {uid}"), fix);
    }
}

#[cfg(test)]
fn good() -> Looked {
    let looked = crate::doctor::fixture::plain_hub();
    looked.with_secret_path("/etc/sanctum/secrets", Role::Private, 0o700).with_secret_path(
        "/etc/sanctum/h.yaml",
        Role::Sealed,
        0o644,
    )
}

#[cfg(test)]
fn bad() -> Looked {
    crate::doctor::fixture::plain_hub().with_secret_path("/etc/sanctum/h.yaml", Role::Sealed, 0o664)
}
