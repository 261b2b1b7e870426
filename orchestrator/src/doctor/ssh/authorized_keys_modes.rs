//! `ssh/authorized-keys-modes`.

use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "ssh/authorized-keys-modes",
    severity: Severity::Critical,
    on: On::Any,
    title: "only its account, and root, may change who logs in as an account",
    why: "Whoever can write the file, or a directory above it, can add a key and be that account. sshd refuses \
          the worst of it and then locks the owner out instead, at the moment when he needs to get in.",
    fix: Fix::Run("chmod go-w FILE; and what belongs to somebody else: sudo chown USER FILE"),
    needs: &[Need::Authorized],
    judge,
    #[cfg(test)]
    good,
    #[cfg(test)]
    bad,
};

fn judge(looked: &Looked) -> Seen {
    let files = looked.authorized()?;
    let mut answer = Answer::of(files);
    for file in files {
        for (path, there) in &file.way {
            if there.mode & 0o022 != 0 {
                let message = format!(
                    "mode {:04o}: others can decide who logs in as {}",
                    there.mode, file.user
                );
                answer.add_with(path, message, format!("sudo chmod go-w {path}"));
            }
            let stranger = there.uid.filter(|uid| *uid != 0 && *uid != file.uid);
            if let Some(uid) = stranger {
                let message = format!("uid {uid} can decide who logs in as {}", file.user);
                answer.add_with(path, message, format!("sudo chown {} {path}", file.user));
            }
        }
    }
    Ok(answer)
}

#[cfg(test)]
fn good() -> Looked {
    use crate::doctor::ssh::inventory::fixture::KEY;
    crate::doctor::fixture::plain_hub().with_authorized("", KEY, "")
}

#[cfg(test)]
fn bad() -> Looked {
    use crate::doctor::ssh::inventory::fixture::KEY;
    let mut looked = crate::doctor::fixture::plain_hub().with_authorized("", KEY, "");
    looked.authorized.as_mut().unwrap().all[0].way[0].1.mode = 0o770;
    looked
}
