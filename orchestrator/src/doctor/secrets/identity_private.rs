//! `secrets/identity-private`.

use super::look::Role;
use super::paths_private;
use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "secrets/identity-private",
    severity: Severity::Critical,
    on: On::Any,
    title: "nobody but its owner can read an age identity",
    why: "One file opens every secret that is encrypted to it, today's and those in every old commit and backup. It was once \
          made with the umask of a shell and read by every program of the machine.",
    fix: Fix::Run(
        "sudo chmod go= PATH, and replace it if anybody may have read it: age-keygen, then sanctum sops updatekeys",
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
    for one in paths.iter().filter(|one| one.role == Role::Identity) {
        if !one.there.is_file {
            answer.add(&one.path, "it is not a regular file");
            continue;
        }
        paths_private::closed(&mut answer, one, "go=", "others can use it");
    }
    Ok(answer)
}

#[cfg(test)]
fn good() -> Looked {
    crate::doctor::fixture::plain_hub().with_secret_path(
        "/etc/sanctum/identity",
        Role::Identity,
        0o600,
    )
}

#[cfg(test)]
fn bad() -> Looked {
    crate::doctor::fixture::plain_hub().with_secret_path(
        "/etc/sanctum/identity",
        Role::Identity,
        0o644,
    )
}
