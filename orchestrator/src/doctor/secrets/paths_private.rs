//! `secrets/paths-private`.

use super::look::Role;
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
        let (mode, path) = (one.there.mode, &one.path);
        let (mask, words) = match one.role {
            Role::Identity => continue,
            Role::Private => (0o077, "others than its owner may use it"),
            Role::Sealed => (0o022, "others than its owner may write it"),
        };
        if mode & mask != 0 {
            let fix = if one.role == Role::Private { "go=" } else { "go-w" };
            answer.add_with(
                path,
                format!("mode {mode:04o}: {words}"),
                format!("sudo chmod {fix} {path}"),
            );
        }
        // Below a directory owners are not kept.
        if let Some(uid) = one.there.uid.filter(|uid| *uid != 0) {
            answer.add_with(
                path,
                format!("it belongs to user id {uid}"),
                format!("sudo chown root {path}"),
            );
        }
    }
    Ok(answer)
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
