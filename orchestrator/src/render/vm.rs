//! The seed of the hub's virtual machine: the three documents that cloud-init reads on the guest's first boot.
//!
//! What the guest's own renderers made is handed in and travels in the user-data, with the commands that put it
//! into force. Absent on purpose: the jobs that start the network and the machine, which are launchd's.

use crate::house::{Artefact, House, Part, layout};
use crate::jobs::{JobError, account, vm};
use sanctum_host::Unit;
use sanctum_types::{AbsPath, AccountName, Mode, Owner, PathError};
use sanctum_vm::{Account, Guest, GuestFile, VmError};
use std::collections::BTreeSet;

/// Why there is no seed.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// The machine.
    #[error("cannot describe the virtual machine")]
    Machine(#[from] JobError),
    /// The documents.
    #[error("cannot render the guest's first boot")]
    Guest(#[from] VmError),
    /// A path.
    #[error("the seed has no usable path")]
    Path(#[from] PathError),
}

/// Renders the seed of a hub's guest; nothing for other nodes and for houses without a virtual machine.
///
/// `guest_files` are the artefacts of the guest as a node of its own.
pub fn render(house: &House<'_>, guest_files: &[Artefact]) -> Result<Vec<Artefact>, SeedError> {
    let Some(vm) = vm::of(house)? else { return Ok(Vec::new()) };
    let users = &house.instance.users;
    let node = house.instance.nodes.get(&vm.guest);
    let name = node.and_then(|node| node.user.clone()).unwrap_or_else(|| users.guest.clone());
    let guest = Guest {
        slug: vm.machine.slug.clone(),
        hostname: vm.guest.clone(),
        timezone: house.instance.instance.timezone.clone(),
        account: Account { name, keys: users.authorized_keys.clone() },
        files: guest_files.iter().map(guest_file).collect(),
        commands: commands(guest_files),
    };
    let seed = guest.seed(&vm.network)?;
    let owner = layout::root_owner(house.facts.os);
    let machine_account = account::own(&vm::name("vm")?);
    let documents = [
        ("user-data", seed.user_data),
        ("meta-data", seed.meta_data),
        ("network-config", seed.network_config),
    ];
    let file = |(name, text): (&str, String)| {
        Ok(Artefact {
            path: vm.machine.seed.join(name)?,
            bytes: text.into_bytes(),
            mode: Mode::PUBLIC,
            owner: owner.clone(),
            unit: None,
            lockout: false,
            part: Part::Vm,
            dirs: dirs(&owner, &machine_account)?,
            accounts: BTreeSet::from([machine_account.clone()]),
        })
    };
    documents.into_iter().map(file).collect()
}

/// Sockets of the network are root's; what QEMU writes is its account's.
fn dirs(owner: &Owner, account: &AccountName) -> Result<Vec<(AbsPath, Mode, Owner)>, PathError> {
    let root = AbsPath::new(layout::VM_DIR)?;
    let machine = Owner::new(account.as_str(), account.as_str());
    Ok(vec![
        (root.clone(), Mode::OPEN_DIR, owner.clone()),
        (root.join("seed")?, Mode::OPEN_DIR, owner.clone()),
        (root.join("net")?, Mode::OPEN_DIR, owner.clone()),
        (root.join("state")?, Mode::PRIVATE_DIR, machine),
    ])
}

fn guest_file(artefact: &Artefact) -> GuestFile {
    GuestFile {
        path: artefact.path.clone(),
        bytes: artefact.bytes.clone(),
        mode: artefact.mode,
        owner: artefact.owner.clone(),
    }
}

/// What puts the files into force, in the order of need: accounts, directories, units.
fn commands(files: &[Artefact]) -> Vec<Vec<String>> {
    let accounts: BTreeSet<&AccountName> = files.iter().flat_map(|file| &file.accounts).collect();
    let dirs: BTreeSet<_> = files.iter().flat_map(|file| &file.dirs).collect();
    let account = |name: &&AccountName| {
        words(&[
            "useradd",
            "--system",
            "--user-group",
            "--no-create-home",
            "--home-dir",
            "/nonexistent",
            "--shell",
            "/usr/sbin/nologin",
            name.as_str(),
        ])
    };
    let dir = |(path, mode, owner): &&(AbsPath, Mode, Owner)| {
        let mode = mode.to_string();
        words(&["install", "-d", "-m", &mode, "-o", &owner.user, "-g", &owner.group, path.as_str()])
    };
    let units = files.iter().filter_map(|file| force(file.unit.as_ref()?, &file.path));
    let mut commands: Vec<Vec<String>> = accounts.iter().map(account).collect();
    commands.extend(dirs.iter().map(dir));
    if files.iter().any(|file| matches!(file.unit, Some(Unit::SystemdUnit { .. }))) {
        commands.push(words(&["systemctl", "daemon-reload"]));
    }
    commands.extend(units);
    commands
}

/// What loads one unit; launchd and pf are not a guest's.
fn force(unit: &Unit, path: &AbsPath) -> Option<Vec<String>> {
    match unit {
        Unit::Sshd => Some(words(&["systemctl", "restart", "ssh.service"])),
        Unit::SystemdUnit { name } => Some(words(&["systemctl", "enable", "--now", name])),
        Unit::NftTable { .. } => Some(words(&["/usr/sbin/nft", "-f", path.as_str()])),
        Unit::LaunchdJob { .. } | Unit::PfAnchor { .. } => None,
    }
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jobs::fixture::{instance, odd_text, with_house, with_node};
    use crate::render::systemd;
    use expect_test::expect;
    use proptest::prelude::*;

    #[test]
    fn the_guest_gets_its_own_artefacts() {
        let guest = with_node("vm", systemd::render).unwrap();
        let seed = with_node("hub", |house| render(house, &guest)).unwrap();
        let read: serde_json::Value =
            serde_json::from_slice(&seed[0].bytes["#cloud-config\n".len()..]).unwrap();
        let paths: Vec<_> =
            read["write_files"].as_array().unwrap().iter().map(|f| f["path"].as_str()).collect();
        let wanted: Vec<_> = guest.iter().map(|artefact| Some(artefact.path.as_str())).collect();
        assert_eq!(paths[..wanted.len()], wanted);
        let commands: Vec<String> =
            read["runcmd"].as_array().unwrap().iter().map(ToString::to_string).collect();
        expect![[r#"
            ["useradd","--system","--user-group","--no-create-home","--home-dir","/nonexistent","--shell","/usr/sbin/nologin","_sanctum_agents"]
            ["useradd","--system","--user-group","--no-create-home","--home-dir","/nonexistent","--shell","/usr/sbin/nologin","_sanctum_journal"]
            ["systemctl","daemon-reload"]
            ["systemctl","enable","--now","sanctum-agents.service"]
            ["systemctl","enable","--now","sanctum-bootstrap.service"]
            ["systemctl","enable","--now","sanctum-nft.service"]"#]].assert_eq(&commands.join("\n"));
    }

    #[test]
    fn what_is_planned() {
        let seed = with_node("hub", |house| render(house, &[])).unwrap();
        let mut text = String::new();
        for artefact in &seed {
            text += &format!("{} {} {}\n", artefact.path, artefact.mode, artefact.owner);
        }
        for (path, mode, owner) in &seed[0].dirs {
            text += &format!("{path} {mode} {owner}\n");
        }
        expect![[r#"
            /opt/sanctum/vm/seed/user-data 0644 root:wheel
            /opt/sanctum/vm/seed/meta-data 0644 root:wheel
            /opt/sanctum/vm/seed/network-config 0644 root:wheel
            /opt/sanctum/vm 0755 root:wheel
            /opt/sanctum/vm/seed 0755 root:wheel
            /opt/sanctum/vm/net 0755 root:wheel
            /opt/sanctum/vm/state 0700 _sanctum_vm:_sanctum_vm
        "#]]
        .assert_eq(&text);
    }

    #[test]
    fn only_hubs_with_a_machine() {
        assert_eq!(with_node("vm", |house| render(house, &[])).unwrap(), []);
        let mut instance = instance();
        instance.vm = None;
        let facts = crate::jobs::fixture::facts(&instance, "hub");
        assert_eq!(with_house(&instance, &facts, "hub", |house| render(house, &[])).unwrap(), []);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        /// serde-saphyr shares no code with the writer.
        #[test]
        fn a_yaml_reader_sees_the_same_text(text in odd_text()) {
            let mut guest = with_node("vm", systemd::render).unwrap();
            guest.truncate(1);
            guest[0].bytes = text.clone().into_bytes();
            let seed = with_node("hub", |house| render(house, &guest)).unwrap();
            let body = std::str::from_utf8(&seed[0].bytes).unwrap();
            let read: serde_json::Value = serde_saphyr::from_str(body).unwrap();
            prop_assert_eq!(read["write_files"][0]["content"].as_str(), Some(text.as_str()));
        }
    }
}
