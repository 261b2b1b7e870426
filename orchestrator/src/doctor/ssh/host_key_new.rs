//! `ssh/host-key-new`.

use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use sanctum_types::CouldNotCheck;
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "ssh/host-key-new",
    severity: Severity::Warn,
    on: On::Any,
    title: "no host key has come since the inventory",
    why: "A new type of key is what an update of the system brings, and also what somebody adds to be believed \
          by clients that ask for another algorithm than the one that was pinned.",
    fix: Fix::Edit(
        "if an update made the key: sudo sanctum doctor --record-ssh; else take it out of /etc/ssh and find \
        out who put it there",
    ),
    needs: &[Need::HostKeys, Need::SshKept],
    judge,
    #[cfg(test)]
    good,
    #[cfg(test)]
    bad,
};

fn judge(looked: &Looked) -> Seen {
    let keys = looked.host_keys()?;
    let kept = looked.ssh_kept()?;
    let mut answer = Answer::of(keys);
    for key in keys {
        match key.shown() {
            Some((algorithm, found)) if !kept.inventory.host_keys.contains_key(&algorithm) => {
                answer.add(&key.path, format!("{algorithm} {found} is not in the inventory"));
            }
            Some(_) => {}
            None => answer.unseen.push(CouldNotCheck {
                subject: key.path.clone(),
                cause: "its public half is not there or not understood".to_owned(),
            }),
        }
    }
    Ok(answer)
}

#[cfg(test)]
fn good() -> Looked {
    crate::doctor::fixture::plain_hub().with_host_key(
        "g1",
        crate::doctor::ssh::inventory::fixture::KEY,
        crate::doctor::ssh::inventory::fixture::KEY,
    )
}

#[cfg(test)]
fn bad() -> Looked {
    use crate::doctor::ssh::inventory::fixture::KEY;
    let mut looked = crate::doctor::fixture::plain_hub().with_host_key("g1", KEY, KEY);
    looked.ssh_kept.as_mut().unwrap().inventory.host_keys.clear();
    looked
}
