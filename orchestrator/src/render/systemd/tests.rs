//! Units as snapshots, and that no service of any shape gives a line of its own making.

use super::*;
use crate::jobs::fixture::{
    facts, instance, is_unwritable, odd_text, text_of, with_house, with_node,
};
use expect_test::{Expect, expect};
use proptest::prelude::*;

fn check(node: &str, name: &str, wanted: &Expect) {
    wanted.assert_eq(&text_of(&with_node(node, render).unwrap(), name));
}

#[test]
fn a_service_with_odd_arguments() {
    check(
        "cottage",
        "sanctum-backup-target.service",
        &expect![[r#"
        [Unit]
        Description=com.sanctum.backup-target of the house
        After=network.target

        [Service]
        Type=exec
        Restart=always
        RestartSec=10
        ExecStart=":/opt/rest server/bin/rest" "--path=/srv/100%%" "$x" "a\\b"
        TimeoutStopSec=30
        UMask=0077
        User=_sanctum_backup-target
        Group=_sanctum_backup-target
        StateDirectory=sanctum-backup-target
        StateDirectoryMode=0700
        NoNewPrivileges=yes
        LockPersonality=yes
        ProtectClock=yes
        ProtectHostname=yes
        ProtectKernelLogs=yes
        ProtectKernelModules=yes
        RestrictNamespaces=yes
        RestrictRealtime=yes
        RestrictSUIDSGID=yes
        SystemCallArchitectures=native
        ProtectSystem=strict
        PrivateDevices=yes
        ProtectControlGroups=yes
        ProtectKernelTunables=yes
        ProtectProc=invisible
        ProtectHome=yes
        PrivateTmp=yes
        CapabilityBoundingSet=
        RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6

        [Install]
        WantedBy=multi-user.target
    "#]],
    );
}

#[test]
fn the_ruleset() {
    check(
        "vm",
        "sanctum-nft.service",
        &expect![[r#"
            [Unit]
            Description=com.sanctum.nft of the house
            DefaultDependencies=no
            After=local-fs.target nftables.service
            PartOf=nftables.service
            ReloadPropagatedFrom=nftables.service
            Before=shutdown.target network-pre.target ssh.service sshd.service
            Conflicts=shutdown.target
            Wants=network-pre.target

            [Service]
            Type=oneshot
            RemainAfterExit=yes
            TimeoutStartSec=300
            ExecStart=:/usr/sbin/nft -f /etc/nftables.d/sanctum.nft
            ExecReload=:/usr/sbin/nft -f /etc/nftables.d/sanctum.nft
            TimeoutStopSec=30
            UMask=0077
            NoNewPrivileges=yes
            LockPersonality=yes
            ProtectClock=yes
            ProtectHostname=yes
            ProtectKernelLogs=yes
            ProtectKernelModules=yes
            RestrictNamespaces=yes
            RestrictRealtime=yes
            RestrictSUIDSGID=yes
            SystemCallArchitectures=native
            ProtectSystem=strict
            PrivateDevices=yes
            ProtectControlGroups=yes
            ProtectKernelTunables=yes
            ProtectProc=invisible
            ProtectHome=yes
            CapabilityBoundingSet=CAP_NET_ADMIN
            RestrictAddressFamilies=AF_UNIX AF_NETLINK

            [Install]
            WantedBy=sysinit.target nftables.service
        "#]],
    );
}

#[test]
fn the_undo_at_boot() {
    check(
        "vm",
        "sanctum-bootstrap.service",
        &expect![[r#"
            [Unit]
            Description=com.sanctum.bootstrap of the house
            DefaultDependencies=no
            After=local-fs.target
            Before=shutdown.target network-pre.target nftables.service sanctum-nft.service ssh.service sshd.service
            Conflicts=shutdown.target
            Wants=network-pre.target

            [Service]
            Type=oneshot
            RemainAfterExit=yes
            TimeoutStartSec=300
            ExecStart=:/opt/sanctum/bin/sanctum recover --boot
            TimeoutStopSec=30
            UMask=0077
            NoNewPrivileges=yes
            LockPersonality=yes
            ProtectClock=yes
            ProtectHostname=yes
            ProtectKernelLogs=yes
            ProtectKernelModules=yes
            RestrictNamespaces=yes
            RestrictRealtime=yes
            RestrictSUIDSGID=yes
            SystemCallArchitectures=native

            [Install]
            WantedBy=sysinit.target
        "#]],
    );
}

#[test]
fn a_scheduled_job() {
    check(
        "cottage",
        "sanctum-prune.service",
        &expect![[r#"
        [Unit]
        Description=com.sanctum.prune of the house

        [Service]
        Type=oneshot
        ExecStart=:/opt/sanctum/bin/sanctum job prune
        TimeoutStopSec=600
        UMask=0077
        User=_sanctum
        Group=_sanctum
        StateDirectory=sanctum-prune
        StateDirectoryMode=0700
        NoNewPrivileges=yes
        LockPersonality=yes
        ProtectClock=yes
        ProtectHostname=yes
        ProtectKernelLogs=yes
        ProtectKernelModules=yes
        RestrictNamespaces=yes
        RestrictRealtime=yes
        RestrictSUIDSGID=yes
        SystemCallArchitectures=native
        ProtectSystem=strict
        PrivateDevices=yes
        ProtectControlGroups=yes
        ProtectKernelTunables=yes
        ProtectProc=invisible
        ProtectHome=yes
        PrivateTmp=yes
        CapabilityBoundingSet=
        RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
    "#]],
    );
    check(
        "cottage",
        "sanctum-prune.timer",
        &expect![[r#"
        [Unit]
        Description=com.sanctum.prune by the house's clock

        [Timer]
        OnCalendar=*-*-01,15 04:00:00 America/New_York
        OnCalendar=Sun *-*-* 04:00:00 America/New_York
        Persistent=true
        AccuracySec=1s

        [Install]
        WantedBy=timers.target
    "#]],
    );
}

#[test]
fn what_is_planned_with_each() {
    let mut text = String::new();
    for artefact in with_node("cottage", render).unwrap() {
        let unit = artefact.unit.as_ref().map(ToString::to_string).unwrap_or_default();
        let accounts: Vec<_> = artefact.accounts.iter().map(ToString::to_string).collect();
        text += &format!("{} {} {unit}|{}\n", artefact.path, artefact.owner, accounts.join(","));
    }
    expect![[r#"
        /etc/systemd/system/sanctum-alerts.service root:root |
        /etc/systemd/system/sanctum-backup-target.service root:root systemd:sanctum-backup-target.service|_sanctum_backup-target
        /etc/systemd/system/sanctum-bootstrap.service root:root systemd:sanctum-bootstrap.service|
        /etc/systemd/system/sanctum-journal.service root:root |_sanctum_journal
        /etc/systemd/system/sanctum-nft.service root:root systemd:sanctum-nft.service|
        /etc/systemd/system/sanctum-prune.service root:root |_sanctum
        /etc/systemd/system/sanctum-prune.timer root:root systemd:sanctum-prune.timer|_sanctum
        /etc/systemd/system/sanctum-reboot-report.service root:root |
    "#]].assert_eq(&text);
}

#[test]
fn nothing_for_macos() {
    assert_eq!(with_node("hub", render).unwrap(), []);
}

#[test]
fn a_low_port_needs_a_capability() {
    let mut instance = instance();
    let service = instance.services.get_mut(&ServiceName::new("agents").unwrap()).unwrap();
    service.ports = serde_json::from_str("[443]").unwrap();
    let all = with_house(&instance, &facts(&instance, "vm"), "vm", render).unwrap();
    let unit = all.iter().find(|one| one.path.as_str().contains("agents")).unwrap();
    let unit = std::str::from_utf8(&unit.bytes).unwrap();
    assert!(unit.contains("\nCapabilityBoundingSet=CAP_NET_BIND_SERVICE\n"), "{unit}");
    assert!(unit.contains("\nAmbientCapabilities=CAP_NET_BIND_SERVICE\n"), "{unit}");
}

proptest! {
    #[test]
    fn an_argument_is_never_a_line(arguments in proptest::collection::vec(odd_text(), 0..4)) {
        let mut instance = instance();
        let service = instance.services.get_mut(&ServiceName::new("agents").unwrap()).unwrap();
        let plain = service.command.clone().unwrap();
        let mut command = plain.clone();
        command.extend(arguments);
        let lines = |instance: &crate::instance::Instance| {
            with_house(instance, &facts(instance, "vm"), "vm", render).map(|all| {
                let text = text_of(&all, "sanctum-agents.service");
                text.split(['\n', '\r', '\0']).map(str::to_owned).collect::<Vec<_>>()
            })
        };
        let before = lines(&instance).unwrap();
        instance.services.get_mut(&ServiceName::new("agents").unwrap()).unwrap().command = Some(command.clone());
        match lines(&instance) {
            Err(SystemdError::Jobs(JobError::Argument { .. })) => {
                prop_assert!(command.iter().any(|argument| is_unwritable(argument)));
            }
            Err(other) => prop_assert!(false, "{}", other),
            Ok(after) => {
                prop_assert_eq!(before.len(), after.len());
                let changed = before.iter().zip(&after).filter(|(before, after)| before != after);
                prop_assert!(changed.map(|(_, after)| after).all(|line| line.starts_with("ExecStart=:/opt/agents")));
            }
        }
    }
}

#[test]
fn what_works_in_a_persons_home_can_write_there() {
    let mut instance = instance();
    let entry = serde_json::from_str(r#"{"node": "vm"}"#).unwrap();
    instance.services.insert(sanctum_types::ServiceName::new("packages").unwrap(), entry);
    let units = with_house(&instance, &facts(&instance, "vm"), "vm", render).unwrap();
    let text = text_of(&units, "sanctum-packages.service");
    for line in [
        "User=ubuntu\n",
        "ProtectSystem=full\n",
        "ProtectHome=no\n",
        "After=sanctum-journal.service\n",
    ] {
        assert!(text.contains(line), "{line} {text}");
    }
    assert!(!text.contains("Group=") && !text.contains("=strict"), "{text}");
}

/// The vault of a house is a unit of its own account, which leaves no core dump, may lock memory, and sees who connects.
#[test]
fn a_vault_is_its_accounts_own_and_keeps_its_memory() {
    let mut instance = instance();
    let vault = r#"{"tcp": "127.0.0.1:8200", "unseal": {"key_file": "/srv/vault.key"}}"#;
    instance.vault = serde_json::from_str(vault).unwrap();
    let name = ServiceName::new("vault").unwrap();
    let entry = serde_json::from_str(r#"{"node": "cottage"}"#).unwrap();
    instance.services.insert(name.clone(), entry);
    assert!(crate::instance::vault::complete(&mut instance).is_empty());
    let units = with_house(&instance, &facts(&instance, "cottage"), "cottage", render).unwrap();
    expect![[r#"
        [Unit]
        Description=com.sanctum.vault of the house
        Wants=sanctum-journal.service
        After=sanctum-journal.service
        After=network.target

        [Service]
        Type=exec
        Restart=always
        RestartSec=10
        ExecStart=:/opt/sanctum/bin/sanctumd --only vault --listen 127.0.0.1:8200 --key-file /srv/vault.key
        TimeoutStopSec=30
        UMask=0077
        User=operator
        StateDirectory=sanctum-vault
        StateDirectoryMode=0700
        NoNewPrivileges=yes
        LockPersonality=yes
        ProtectClock=yes
        ProtectHostname=yes
        ProtectKernelLogs=yes
        ProtectKernelModules=yes
        RestrictNamespaces=yes
        RestrictRealtime=yes
        RestrictSUIDSGID=yes
        SystemCallArchitectures=native
        LimitCORE=0
        LimitMEMLOCK=infinity
        ProtectSystem=full
        PrivateDevices=yes
        ProtectControlGroups=yes
        ProtectKernelTunables=yes
        ProtectProc=default
        ProtectHome=no
        PrivateTmp=yes
        CapabilityBoundingSet=
        RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6

        [Install]
        WantedBy=multi-user.target
    "#]].assert_eq(&text_of(&units, "sanctum-vault.service"));
    (instance.vault, _) = (None, instance.services.remove(&name));
    let units = with_house(&instance, &facts(&instance, "cottage"), "cottage", render).unwrap();
    assert!(!units.iter().any(|unit| unit.path.file_name() == "sanctum-vault.service"));
}
