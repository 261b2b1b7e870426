use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// A file system in a table: path, owner, mode, and `-> target`, `#!...` or nothing for a directory.
struct Table(BTreeMap<String, (Facts, Vec<u8>)>);

impl Table {
    fn read(text: &str) -> Self {
        let row = |line: &str| {
            let mut words = line.trim().splitn(4, ' ');
            let path = words.next()?.to_owned();
            let uid = words.next()?.parse().ok()?;
            let mode = u32::from_str_radix(words.next()?, 8).ok()?;
            let (kind, head) = match words.next() {
                None => (Kind::Dir, vec![]),
                Some(rest) => match rest.strip_prefix("-> ") {
                    Some(target) => (Kind::Link(target.to_owned()), vec![]),
                    None => (Kind::File, rest.as_bytes().to_vec()),
                },
            };
            Some((path, (Facts { kind, uid, mode }, head)))
        };
        Self(text.lines().filter_map(row).collect())
    }
}

impl View for Table {
    fn look(&self, path: &AbsPath) -> Option<Facts> {
        self.0.get(path.as_str()).map(|(facts, _)| facts.clone())
    }
    fn head(&self, path: &AbsPath) -> Vec<u8> {
        self.0.get(path.as_str()).map(|(_, head)| head.clone()).unwrap_or_default()
    }
}

/// Owners and modes as a Mac with Homebrew has them; uid 501 is the first user, group admin writes /Applications.
const MAC: &str = "\
/ 0 755
/usr 0 755
/usr/bin 0 755
/usr/bin/env 0 755 MACHO
/usr/bin/python3 0 755 MACHO
/usr/sbin 0 755
/usr/sbin/sshd 0 755 MACHO
/usr/local 0 755
/usr/local/bin 501 775
/usr/local/bin/node 501 755 MACHO
/bin 0 755
/bin/sh 0 755 MACHO
/private 0 755
/private/etc 0 755
/private/etc/tool 0 755 #!/bin/sh
/private/tmp 0 1777
/private/tmp/tool 0 755 MACHO
/etc 0 755 -> private/etc
/Applications 0 775
/Applications/qemu 0 755 MACHO
/opt 0 755
/opt/homebrew 501 755
/opt/homebrew/bin 501 755
/opt/homebrew/bin/qemu 501 755 MACHO
/opt/socket_vmnet 0 755
/opt/socket_vmnet/bin 0 755
/opt/socket_vmnet/bin/socket_vmnet 0 755 MACHO
/opt/socket_vmnet/bin/by-env 0 755 #!/usr/bin/env python3
/opt/socket_vmnet/bin/by-brew 0 755 #!/opt/homebrew/bin/qemu -x
/opt/socket_vmnet/bin/up 0 755 -> ../../homebrew/bin/qemu
/opt/socket_vmnet/bin/down 0 755 -> ../bin/./socket_vmnet
/opt/socket_vmnet/bin/across 0 755 -> /usr/sbin/sshd
/opt/socket_vmnet/bin/out 0 755 -> /etc/../private/tmp/tool
/opt/socket_vmnet/bin/loop 0 755 -> loop
/opt/socket_vmnet/bin/self 0 755 #!/opt/socket_vmnet/bin/self
/opt/socket_vmnet/bin/open 0 757 MACHO
/opt/socket_vmnet/bin/theirs 501 755 -> socket_vmnet
/opt/socket_vmnet/bin/data 0 644 TEXT
";

#[test]
fn a_mac_with_homebrew() {
    let mac = Table::read(MAC);
    for (path, at, word) in [
        ("/usr/sbin/sshd", "", ""),
        ("/etc/tool", "", ""),
        ("/opt/socket_vmnet/bin/socket_vmnet", "", ""),
        ("/opt/socket_vmnet/bin/down", "", ""),
        ("/opt/socket_vmnet/bin/across", "", ""),
        ("/opt/socket_vmnet/bin/out", "/private/private", "not there"),
        ("/opt/homebrew/bin/qemu", "/opt/homebrew", "belong to root"),
        ("/usr/local/bin/node", "/usr/local/bin", "belong to root"),
        ("/Applications/qemu", "/Applications", "group or others"),
        ("/private/tmp/tool", "/private/tmp", "group or others"),
        ("/opt/socket_vmnet/bin/by-env", "/opt/socket_vmnet/bin/by-env", "env"),
        ("/opt/socket_vmnet/bin/by-brew", "/opt/homebrew", "belong to root"),
        ("/opt/socket_vmnet/bin/up", "/opt/homebrew", "belong to root"),
        ("/opt/socket_vmnet/bin/loop", "/opt/socket_vmnet/bin/loop", "too many symbolic"),
        ("/opt/socket_vmnet/bin/self", "/opt/socket_vmnet/bin/self", "too many interp"),
        ("/opt/socket_vmnet/bin/open", "/opt/socket_vmnet/bin/open", "group or others"),
        ("/opt/socket_vmnet/bin/theirs", "/opt/socket_vmnet/bin/theirs", "belong to root"),
        ("/opt/socket_vmnet/bin/data", "/opt/socket_vmnet/bin/data", "not an executable"),
        ("/opt/socket_vmnet/bin", "/opt/socket_vmnet/bin", "not an executable"),
        ("/usr/sbin/sshd/x", "/usr/sbin/sshd", "not a directory"),
        ("/usr/sbin/none", "/usr/sbin/none", "not there"),
    ] {
        match judge_program(&mac, &AbsPath::new(path).unwrap()) {
            Ok(()) => assert_eq!(at, "", "{path} was trusted"),
            Err(found) => {
                assert_eq!(found.component, at, "{path}: {found}");
                assert!(!at.is_empty() && found.why.contains(word), "{path}: {found}");
            }
        }
    }
}

proptest! {
    #[test]
    fn one_bad_step_anywhere_is_enough(step in 0usize..4, uid in 0u32..2, bits in 0u32..0o1000) {
        let steps = ["/", "/opt", "/opt/socket_vmnet", "/opt/socket_vmnet/bin"];
        let mut mac = Table::read(MAC);
        let (facts, _) = mac.0.get_mut(steps[step]).unwrap();
        (facts.uid, facts.mode) = (uid, bits);
        let verdict =
            judge_path(&mac, &AbsPath::new("/opt/socket_vmnet/bin/socket_vmnet").unwrap());
        prop_assert_eq!(verdict.is_ok(), uid == 0 && bits & 0o022 == 0);
    }
}

#[test]
fn this_machine_is_looked_at() {
    assert_eq!(check_program(&AbsPath::new("/bin/sh").unwrap()), Ok(()));
    let dir = tempfile::tempdir().unwrap();
    let below = AbsPath::new(dir.path().join("x").to_str().unwrap()).unwrap();
    assert!(check_root_owned(&below).is_err());
}
