//! The seed as a snapshot, its refusals, and that no value leaves its place.

use super::*;
use expect_test::expect;
use proptest::prelude::*;

const KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJVtS8bVMJ0iF5F0kqvO1vWyJ8sQ0aKQ7CXKJm1vCq3v neo@mac";

fn network() -> Network {
    Network {
        host: [10, 10, 10, 1].into(),
        guest: [10, 10, 10, 10].into(),
        prefix_len: 24,
        socket: AbsPath::new("/opt/sanctum/vm/net/vmnet.sock").unwrap(),
        group: AccountName::new("_sanctum_vm").unwrap(),
    }
}

fn guest(text: &str) -> Guest {
    Guest {
        slug: NodeName::new("manor").unwrap(),
        hostname: NodeName::new("chapel").unwrap(),
        timezone: "America/New_York".to_owned(),
        account: Account { name: AccountName::new("ubuntu").unwrap(), keys: vec![KEY.to_owned()] },
        files: vec![GuestFile {
            path: AbsPath::new("/etc/nftables.d/sanctum.nft").unwrap(),
            bytes: text.as_bytes().to_vec(),
            mode: Mode::PRIVATE,
            owner: Owner::new("root", "root"),
        }],
        commands: vec![vec!["systemctl".into(), "restart".into(), "ssh.service".into()]],
    }
}

#[test]
fn user_data() {
    let seed = guest("table inet sanctum {\n}\n").seed(&network()).unwrap();
    expect![[r##"
        #cloud-config
        {
          "hostname": "chapel",
          "preserve_hostname": false,
          "manage_etc_hosts": true,
          "timezone": "America/New_York",
          "users": [
            {
              "name": "ubuntu",
              "shell": "/bin/bash",
              "groups": [
                "adm"
              ],
              "lock_passwd": true,
              "ssh_authorized_keys": [
                "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJVtS8bVMJ0iF5F0kqvO1vWyJ8sQ0aKQ7CXKJm1vCq3v neo@mac"
              ]
            }
          ],
          "disable_root": true,
          "ssh_pwauth": false,
          "package_update": false,
          "package_upgrade": false,
          "write_files": [
            {
              "path": "/etc/nftables.d/sanctum.nft",
              "owner": "root:root",
              "permissions": "0600",
              "content": "table inet sanctum {\n}\n"
            },
            {
              "path": "/etc/sudoers.d/60-sanctum",
              "owner": "root:root",
              "permissions": "0440",
              "content": "ubuntu ALL=(ALL:ALL) ALL\nubuntu ALL=(root) NOPASSWD: /usr/local/sbin/sanctum-first-password \"\"\nDefaults:ubuntu badpass_message=\"Sorry, try again. Has ubuntu no password yet? Type: sudo /usr/local/sbin/sanctum-first-password\"\n"
            },
            {
              "path": "/usr/local/sbin/sanctum-first-password",
              "owner": "root:root",
              "permissions": "0755",
              "content": "#!/bin/sh\n# The account that calls sudo gets its first password here. sudo runs this without asking, because there is nothing to ask\n# for yet; once there is a password this does nothing any more, and sudo asks for it (docs/decisions/0005-presence.md).\nset -eu\nPATH=/usr/sbin:/usr/bin:/sbin:/bin\nLC_ALL=C\nexport PATH LC_ALL\n\naccount=${SUDO_USER:?call it through sudo}\n# passwd(1), -S: L is locked, NP has no password, P has one.\nstate=$(passwd -S \"$account\" | cut -d ' ' -f 2)\ncase $state in\n    L | NP) ;;\n    *)\n        echo \"$account has a password already; passwd changes it and asks for the old one\" >&2\n        exit 1\n        ;;\nesac\nif ! [ -t 0 ]; then\n    echo \"a password is typed on a terminal: ssh -t $account@HOST sudo sanctum-first-password\" >&2\n    exit 1\nfi\nexec passwd \"$account\"\n"
            }
          ],
          "runcmd": [
            [
              "systemctl",
              "restart",
              "ssh.service"
            ]
          ]
        }
    "##]].assert_eq(&seed.user_data);
}

#[test]
fn meta_data_and_network() {
    let seed = guest("").seed(&network()).unwrap();
    expect![[r#"
        {
          "instance-id": "sanctum-manor",
          "local-hostname": "chapel"
        }
    "#]]
    .assert_eq(&seed.meta_data);
    expect![[r#"
        {
          "version": 2,
          "ethernets": {
            "hostonly": {
              "match": {
                "macaddress": "be:a5:1d:00:06:d6"
              },
              "dhcp4": false,
              "dhcp6": false,
              "accept-ra": false,
              "link-local": [],
              "addresses": [
                "10.10.10.10/24"
              ]
            }
          }
        }
    "#]]
    .assert_eq(&seed.network_config);
}

#[test]
fn refusals() {
    let with_key = |key: &str| {
        let mut guest = guest("");
        guest.account.keys = vec![KEY.to_owned(), key.to_owned()];
        guest.seed(&network())
    };
    for key in [
        "",
        "ssh-ed25519",
        "ssh-ed25519 ",
        "ssh-dss AAAAB3",
        "command=\"x\" ssh-ed25519 AAAAC3",
        "# comment",
        "ssh-ed25519 AAAAC3\nssh-ed25519 AAAAC3",
        "ssh-ed25519  AAAAC3",
        "ssh-ed25519 AAAA\u{e9}",
        "-----BEGIN OPENSSH PRIVATE KEY-----",
    ] {
        let error = with_key(key).unwrap_err();
        assert!(matches!(error, VmError::Key { number: 2 }), "{key:?}");
        assert!(key.is_empty() || !error.to_string().contains(key));
    }
    let mut nobody = guest("");
    nobody.account.keys.clear();
    assert!(matches!(nobody.seed(&network()), Err(VmError::NoKeys)));
    let mut binary = guest("");
    binary.files[0].bytes = vec![0xff];
    assert!(matches!(binary.seed(&network()), Err(VmError::NotText { .. })));
    let outside = Network { guest: [10, 10, 11, 10].into(), ..network() };
    assert!(matches!(guest("").seed(&outside), Err(VmError::Address { .. })));
}

proptest! {
    #[test]
    fn text_stays_where_it_is(text in any::<String>(), zone in any::<String>()) {
        let mut guest = guest(&text);
        guest.timezone = zone.clone();
        let seed = guest.seed(&network()).unwrap();
        let body = seed.user_data.strip_prefix("#cloud-config\n").unwrap();
        let read: serde_json::Value = serde_json::from_str(body).unwrap();
        prop_assert_eq!(read["write_files"][0]["content"].as_str(), Some(text.as_str()));
        prop_assert_eq!(read["timezone"].as_str(), Some(zone.as_str()));
        prop_assert_eq!(read.as_object().unwrap().len(), 11);
    }
}
