//! `ssh/host-key-changed`.

use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use crate::doctor::ssh::HostKey;
use sanctum_types::Severity;
use std::collections::BTreeMap;

pub(super) static LINT: Lint = Lint {
    id: "ssh/host-key-changed",
    severity: Severity::Critical,
    on: On::Any,
    title: "host keys are those of the inventory, and this is the machine that it was taken of",
    why: "A host key that changed is a machine that was rebuilt or one that somebody stands in front of, and \
          nobody can tell the two apart from outside. Rebuilt guests blinded tools for 17 days in one house: \
          the inventory is bound to one life of the machine, so that a rebuild shows as such and everybody who \
          pinned the old keys is told.",
    fix: Fix::Edit(
        "compare the key on the machine's own console; if it is right: sudo sanctum doctor --record-ssh, and \
        where it is used: sanctum ssh trust NODE",
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
    let mut answer = Answer::over(kept.inventory.host_keys.len()).beside(keys);
    if kept.generation != kept.inventory.generation {
        answer.add(
            "this machine",
            "it is not the one that the inventory was taken of: all its keys are to be pinned anew",
        );
        return Ok(answer);
    }
    let now: BTreeMap<String, String> = keys.iter().filter_map(HostKey::shown).collect();
    for (algorithm, known) in &kept.inventory.host_keys {
        match now.get(algorithm) {
            Some(found) if found == known => {}
            Some(found) => answer.add(algorithm, format!("{found} now, {known} in the inventory")),
            None => answer.add(algorithm, format!("gone; {known} is in the inventory")),
        }
    }
    Ok(answer)
}

#[cfg(test)]
use crate::doctor::ssh::inventory::fixture::{KEY, OTHER};

#[cfg(test)]
impl Looked {
    /// With a host key, beside an inventory of generation `g1` that has another or the same.
    pub(crate) fn with_host_key(mut self, generation: &str, known: &str, now: &str) -> Self {
        use crate::doctor::ssh::{Inventory, Kept};
        let key = |public: &str| HostKey {
            path: "/etc/ssh/ssh_host_ed25519_key".to_owned(),
            there: Some(crate::doctor::fixture::file(0o600)),
            public: Some(public.to_owned()),
        };
        let inventory = Inventory::of("g1", &[key(known)], &[]);
        self.ssh_kept = Ok(Kept { generation: generation.to_owned(), inventory });
        self.host_keys.as_mut().unwrap().all.push(key(now));
        self
    }
}

#[cfg(test)]
fn good() -> Looked {
    crate::doctor::fixture::plain_hub().with_host_key("g1", KEY, KEY)
}

#[cfg(test)]
fn bad() -> Looked {
    crate::doctor::fixture::plain_hub().with_host_key("g1", KEY, OTHER)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::report::{Outcome, Verdict};

    #[test]
    fn a_rebuilt_machine_is_told_as_such_and_a_key_that_is_gone_shows() {
        let bare = || crate::doctor::fixture::plain_hub();
        let said = |looked: &Looked| match Verdict::of(&LINT, looked).outcome {
            Outcome::Violated(found) => found[0].message.clone(),
            other => panic!("{other:?}"),
        };
        assert!(said(&bare().with_host_key("g2", KEY, KEY)).contains("not the one"));
        let mut gone = bare().with_host_key("g1", KEY, KEY);
        gone.host_keys.as_mut().unwrap().all.clear();
        assert!(said(&gone).starts_with("gone; SHA256:"));
    }
}
