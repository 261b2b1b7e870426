//! What a new instance allows that the approved one did not.
//!
//! The file in the owner's home can be written by every program of the owner's, an agent's too. At euid 0 it is
//! only a proposal: whatever it widens is listed here, one by one, before root takes it over.

use super::model::{Bind, GuardMode, Instance, RunAs, Service, SshProfile};
use serde::Serialize;
use std::collections::BTreeSet;
use std::fmt::Display;

/// One thing that becomes possible.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Widening {
    /// Which entry of the file.
    pub subject: String,
    /// What becomes possible.
    pub change: String,
}

type Found = Vec<Widening>;

fn note(found: &mut Found, subject: impl Display, change: impl Display) {
    found.push(Widening { subject: subject.to_string(), change: change.to_string() });
}

/// Everything that `new` widens; without an approved instance, that alone.
#[must_use]
pub fn widenings(approved: Option<&Instance>, new: &Instance) -> Vec<Widening> {
    let mut found = Vec::new();
    let Some(old) = approved else {
        note(&mut found, "the whole file", "is approved for the first time");
        return found;
    };
    users(&mut found, old, new);
    ssh(&mut found, old, new);
    networks(&mut found, old, new);
    for (name, service) in &new.services {
        one_service(&mut found, name.as_str(), old.services.get(name), service);
    }
    for (name, schedule) in &new.schedules {
        let subject = format!("schedules.{name}");
        let before = old.schedules.get(name);
        if before.is_none_or(|before| before.command != schedule.command) {
            note(&mut found, &subject, format!("runs {}", schedule.command.join(" ")));
        }
        account(&mut found, &subject, before.map(|b| b.run_as.as_ref()), schedule.run_as.as_ref());
    }
    guards(&mut found, old, new);
    found.sort();
    found
}

fn users(found: &mut Found, old: &Instance, new: &Instance) {
    if old.users.owner != new.users.owner {
        note(found, "users.owner", format!("becomes {}", new.users.owner));
    }
    if old.users.guest != new.users.guest {
        note(found, "users.guest", format!("becomes {}", new.users.guest));
    }
    let known: BTreeSet<&String> = old.users.authorized_keys.iter().collect();
    for key in new.users.authorized_keys.iter().filter(|key| !known.contains(key)) {
        // The comment of a key line names it; the key itself is public.
        let name = key.split_whitespace().nth(2).unwrap_or("a key without a comment");
        note(found, "users.authorized_keys", format!("{name} may log in"));
    }
    for (name, node) in &new.nodes {
        let before = old.nodes.get(name);
        if before.is_none() {
            note(found, format!("nodes.{name}"), "is a new node");
        } else if before.is_some_and(|before| before.user != node.user) {
            let user = node.user.as_ref().map_or("the house's user", |user| user.as_str());
            note(found, format!("nodes.{name}.user"), format!("{user} may log in"));
        }
    }
}

fn ssh(found: &mut Found, old: &Instance, new: &Instance) {
    for user in new.ssh.allow_users.iter().filter(|user| !old.ssh.allow_users.contains(user)) {
        note(found, "ssh.allow_users", format!("{user} may log in"));
    }
    for from in new.ssh.reachable_from.iter().filter(|from| !old.ssh.reachable_from.contains(from))
    {
        note(found, "ssh.reachable_from", format!("reachable from {from:?}"));
    }
    if old.ssh.port != new.ssh.port {
        note(found, "ssh.port", format!("listens on {}", new.ssh.port));
    }
    let weak = |instance: &Instance| -> BTreeSet<String> {
        let profiles = instance.ssh.profiles.iter();
        profiles
            .filter(|(_, profile)| **profile == SshProfile::Compatible)
            .map(|(node, _)| node.to_string())
            .collect()
    };
    for node in weak(new).difference(&weak(old)) {
        note(
            found,
            format!("ssh.profiles.{node}"),
            "takes key exchanges that are not post-quantum",
        );
    }
    if new.ssh.profiles.keys().ne(old.ssh.profiles.keys()) {
        note(found, "ssh.profiles", "names other nodes than before");
    }
}

fn networks(found: &mut Found, old: &Instance, new: &Instance) {
    if old.networks != new.networks {
        note(found, "networks", "changed: other interfaces or addresses are trusted");
    }
    for (name, node) in &new.nodes {
        if old.nodes.get(name).is_some_and(|before| before.lan_interfaces != node.lan_interfaces) {
            note(
                found,
                format!("nodes.{name}.lan_interfaces"),
                "changed: other interfaces are guarded",
            );
        }
    }
    if old.pf != new.pf {
        note(found, "pf.attach", "changed: the rules are evaluated at another place");
    }
}

fn one_service(found: &mut Found, name: &str, old: Option<&Service>, new: &Service) {
    let subject = format!("services.{name}");
    let bind_before = old.map_or(Bind::Loopback, |old| old.bind);
    let ports = |service: &Service| -> BTreeSet<_> {
        service.ports.iter().map(|port| port.get()).collect()
    };
    if new.bind != Bind::Loopback {
        if new.bind != bind_before {
            note(found, &subject, format!("reachable: {}", bind_word(new.bind)));
        }
        for (port, _) in ports(new).difference(&old.map(ports).unwrap_or_default()) {
            note(found, &subject, format!("port {port} reachable: {}", bind_word(new.bind)));
        }
    }
    if let Some(command) = &new.command
        && old.is_none_or(|old| old.command.as_ref() != Some(command))
    {
        note(found, &subject, format!("runs {}", command.join(" ")));
    }
    account(found, &subject, old.map(|old| old.run_as.as_ref()), new.run_as.as_ref());
    let known = old.map(|old| old.secrets.clone()).unwrap_or_default();
    for secret in new.secrets.iter().filter(|secret| !known.contains(secret)) {
        note(found, &subject, format!("reads the secret {secret}"));
    }
    if old.is_some_and(|old| !old.enabled && new.enabled) {
        note(found, &subject, "is switched on");
    }
}

fn account(found: &mut Found, subject: &str, old: Option<Option<&RunAs>>, new: Option<&RunAs>) {
    let user = |run_as: Option<&RunAs>| run_as.map(|run_as| run_as.user.clone());
    if let Some(wanted) = user(new)
        && old.is_none_or(|old| user(old) != Some(wanted.clone()))
    {
        note(found, subject, format!("runs as {wanted}"));
    }
}

fn guards(found: &mut Found, old: &Instance, new: &Instance) {
    let pairs: [(&str, GuardMode, GuardMode); 3] = [
        ("sentinel", old.guards.sentinel, new.guards.sentinel),
        ("firewall", old.guards.firewall, new.guards.firewall),
        ("proxy", old.guards.proxy, new.guards.proxy),
    ];
    for (name, before, after) in pairs {
        if after < before {
            note(found, format!("guards.{name}"), format!("lowered from {before:?} to {after:?}"));
        }
    }
}

const fn bind_word(bind: Bind) -> &'static str {
    match bind {
        Bind::Loopback => "from its own machine",
        Bind::LoopbackVm => "from the guest",
        Bind::Tailnet => "from the overlay network",
        Bind::Lan => "from the network at home",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instance::{NoCheck, load};

    const MANOR: &str = include_str!("../../../examples/manor/instance.yaml");

    fn manor() -> Instance {
        load(MANOR, "manor", &NoCheck).expect("the example").instance
    }

    /// What a change of the example widens, as `subject: change` lines.
    fn after(change: fn(&mut Instance)) -> Vec<String> {
        let (old, mut new) = (manor(), manor());
        change(&mut new);
        let found = widenings(Some(&old), &new);
        found.into_iter().map(|one| format!("{}: {}", one.subject, one.change)).collect()
    }

    fn first(instance: &mut Instance) -> &mut Service {
        let name = sanctum_types::ServiceName::new("gateway").expect("a name");
        instance.services.get_mut(&name).expect("the gateway")
    }

    #[test]
    fn nothing_changed_widens_nothing_and_a_first_file_says_so() {
        assert_eq!(widenings(Some(&manor()), &manor()), vec![]);
        assert_eq!(widenings(None, &manor()).len(), 1);
    }

    #[test]
    fn each_way_to_widen_is_named() {
        type Change = fn(&mut Instance);
        let table: [(Change, &str); 9] = [
            (
                |i| first(i).bind = Bind::Lan,
                "services.gateway: reachable: from the network at home",
            ),
            (|i| first(i).command = Some(vec!["/bin/sh".into()]), "services.gateway: runs /bin/sh"),
            (|i| i.guards.proxy = GuardMode::Off, "guards.proxy: lowered from Enforce to Off"),
            (
                |i| i.ssh.allow_users.push(sanctum_types::AccountName::new("eve").unwrap()),
                "ssh.allow_users: eve may log in",
            ),
            (
                |i| i.users.authorized_keys.push("ssh-ed25519 AAAA eve@x".into()),
                "users.authorized_keys: eve@x may log in",
            ),
            (
                |i| i.users.owner = sanctum_types::AccountName::new("eve").unwrap(),
                "users.owner: becomes eve",
            ),
            (
                |i| {
                    let user = sanctum_types::AccountName::new("root").unwrap();
                    first(i).run_as = Some(RunAs { user, reason: Some("x".into()) });
                },
                "services.gateway: runs as root",
            ),
            (
                |i| i.networks.lan.interface = super::super::model::Interfaces::Many(vec![]),
                "networks: changed: other interfaces or addresses are trusted",
            ),
            (
                |i| {
                    for schedule in i.schedules.values_mut() {
                        schedule.command = vec!["/bin/evil".into()];
                    }
                },
                "schedules.secret-age-check: runs /bin/evil",
            ),
        ];
        for (change, expected) in table {
            let found = after(change);
            assert!(found.iter().any(|line| line == expected), "{expected}: {found:?}");
        }
    }

    #[test]
    fn narrowing_is_not_widening() {
        assert_eq!(after(|i| i.ssh.reachable_from.clear()), Vec::<String>::new());
        assert_eq!(after(|i| i.services.clear()), Vec::<String>::new());
        assert_eq!(after(|i| i.users.authorized_keys.clear()), Vec::<String>::new());
    }
}
