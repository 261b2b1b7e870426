//! `ssh/host-key-modes`.

use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use sanctum_types::CouldNotCheck;
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "ssh/host-key-modes",
    severity: Severity::Critical,
    on: On::Any,
    title: "the secret halves of host keys are root's alone",
    why: "Whoever reads a host key can answer in this machine's place for as long as clients pin it, which is \
          for years. Backups that are put back and copies by hand lose owners and modes.",
    fix: Fix::Run("sudo chown root FILE; sudo chmod 600 FILE"),
    needs: &[Need::HostKeys],
    judge,
    #[cfg(test)]
    good,
    #[cfg(test)]
    bad,
};

fn judge(looked: &Looked) -> Seen {
    let keys = looked.host_keys()?;
    let mut answer = Answer::of(keys);
    for key in keys {
        let Some(there) = &key.there else { continue };
        let path = &key.path;
        let hint = format!("sudo chown root {path}; sudo chmod 600 {path}");
        // Fedora's group of ssh_keys reads them; nobody writes or reads them elsewhere.
        if there.mode & 0o077 != 0 {
            answer.add_with(
                path,
                format!("mode {:04o}: others than its owner may use it", there.mode),
                hint.clone(),
            );
        }
        match there.uid {
            Some(0) => {}
            Some(uid) => answer.add_with(path, format!("it belongs to uid {uid}"), hint),
            None => answer.unseen.push(CouldNotCheck {
                subject: path.clone(),
                cause: "owners are not kept here".to_owned(),
            }),
        }
    }
    Ok(answer)
}

#[cfg(test)]
fn good() -> Looked {
    crate::doctor::fixture::plain_hub().with_host_key("g1", "", "")
}

#[cfg(test)]
fn bad() -> Looked {
    let mut looked = crate::doctor::fixture::plain_hub().with_host_key("g1", "", "");
    looked.host_keys.as_mut().unwrap().all[0].there = Some(crate::doctor::fixture::file(0o640));
    looked
}
