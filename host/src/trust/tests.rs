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

/// Log directories as a Mac has them; 401 is the account of a service, 501 the person.
const LOGS: &str = "\
/ 0 755
/var 0 755 -> private/var
/private 0 755
/private/var 0 755
/private/var/log 0 755
/private/var/log/sanctum 0 755
/private/var/log/sanctum/pf 0 750
/private/var/log/sanctum/pf/out.log 0 600 TEXT
/private/var/log/sanctum/pf/shared.log 0 660 TEXT
/private/var/log/sanctum/pf/theirs.log 501 600 TEXT
/private/var/log/sanctum/pf/link.log 0 755 -> /private/var/log/sanctum/pf/out.log
/private/var/log/sanctum/pf/dir.log 0 755
/private/var/log/sanctum/proxy 401 750
/private/var/log/sanctum/proxy/out.log 401 600 TEXT
/private/var/log/sanctum/proxy/link.log 401 755 -> /private/etc/sudoers
/private/var/log/sanctum/proxy/below 401 755
/private/var/log/sanctum/open 0 775
/private/var/log/sanctum/wide 401 770
/private/var/log/sanctum/mine 501 750
/private/var/log/sanctum/up 0 755 -> /Users/operator/logs
/private/var/log/sanctum/gone 0 755 -> /Users/operator/gone
/private/var/log/sanctum/given 401 755 -> proxy
/private/var/log/sanctum/across 0 755 -> proxy
/Users 0 755
/Users/operator 501 750
/Users/operator/logs 0 755
/dev 0 755
";

#[test]
fn where_a_job_may_write_its_log() {
    let mac = Table::read(LOGS);
    // What root's job says, and what a job of account 401 says; empty where it is trusted.
    for (path, of_root, of_account) in [
        ("/var/log/sanctum/pf/out.log", "", ""),
        ("/var/log/sanctum/pf/new.log", "", ""),
        ("/var/log/sanctum/none/out.log", "", ""),
        ("/var/none/sanctum/pf/out.log", "", ""),
        ("/var/log/sanctum/pf/shared.log", "can write", "can write"),
        ("/var/log/sanctum/pf/theirs.log", "belong to root", "neither"),
        ("/var/log/sanctum/pf/link.log", "symbolic link", "symbolic link"),
        ("/var/log/sanctum/pf/dir.log", "is a directory", "is a directory"),
        ("/var/log/sanctum/pf/out.log/x", "not a directory", "not a directory"),
        ("/var/log/sanctum/proxy/out.log", "belong to root", ""),
        ("/var/log/sanctum/proxy/new.log", "belong to root", ""),
        ("/var/log/sanctum/proxy/link.log", "belong to root", "symbolic link"),
        ("/var/log/sanctum/proxy/below/x", "belong to root", "belong to root"),
        ("/var/log/sanctum/across/out.log", "belong to root", ""),
        ("/var/log/sanctum/given/out.log", "belong to root", "belong to root"),
        ("/var/log/sanctum/open/out.log", "can write", "can write"),
        ("/var/log/sanctum/wide/out.log", "belong to root", "can write"),
        ("/var/log/sanctum/mine/out.log", "belong to root", "neither"),
        ("/var/log/sanctum/up/out.log", "belong to root", "belong to root"),
        ("/var/log/sanctum/gone/out.log", "belong to root", "belong to root"),
        ("/Users/operator/logs/out.log", "belong to root", "belong to root"),
        ("/", "is a directory", "is a directory"),
    ] {
        for (owner, word) in [(ROOT, of_root), (401, of_account)] {
            let verdict = judge_log(&mac, &AbsPath::new(path).unwrap(), owner);
            match verdict {
                Ok(()) => assert_eq!(word, "", "{path} for {owner} was trusted"),
                Err(found) => {
                    assert!(!word.is_empty() && found.why.contains(word), "{path}: {found}");
                }
            }
        }
    }
}

#[test]
fn what_the_service_manager_gives_may_have_had_any_owner() {
    let mac = Table::read(LOGS);
    for (path, word) in [
        ("/var/log/sanctum/pf", ""),
        ("/var/log/sanctum/mine", ""),
        ("/var/log/sanctum/none", ""),
        ("/var/log/sanctum/up", "symbolic link"),
        ("/var/log/sanctum/given", "symbolic link"),
        ("/var/log/sanctum/pf/out.log", "not a directory"),
        ("/var/log/sanctum/proxy/below", "belong to root"),
        ("/var/log/sanctum/open/x", "can write"),
        ("/Users/operator/logs", "belong to root"),
        ("/", "no directory"),
    ] {
        match judge_given(&mac, &AbsPath::new(path).unwrap()) {
            Ok(()) => assert_eq!(word, "", "{path} was trusted"),
            Err(found) => assert!(!word.is_empty() && found.why.contains(word), "{path}: {found}"),
        }
    }
}

#[test]
fn only_a_number_without_an_account_is_left_behind() {
    let mac = Table::read(LOGS);
    let of = |path: &str, accounts: &[u32]| {
        abandoned(&mac, &AbsPath::new(path).unwrap(), |uid| accounts.contains(&uid))
    };
    assert_eq!(of("/var/log/sanctum/none", &[0]), None);
    assert_eq!(of("/private/var/log/sanctum/proxy", &[0, 501]), Some(401));
    assert_eq!(of("/private/var/log/sanctum/proxy", &[0, 401]), None);
    assert_eq!(of("/private/var/log/sanctum/pf", &[0]), None);
    assert_eq!(of("/private/var/log/sanctum/proxy/out.log", &[0]), None);
}

#[test]
fn a_device_keeps_no_log() {
    let mut mac = Table::read(LOGS);
    let null = AbsPath::new("/dev/null").unwrap();
    for (uid, trusted) in [(0, true), (401, false)] {
        let facts = Facts { kind: Kind::Other, uid, mode: 0o666 };
        mac.0.insert(null.to_string(), (facts, vec![]));
        assert_eq!(judge_log(&mac, &null, 401).is_ok(), trusted, "{uid}");
    }
}

proptest! {
    /// Only the last directory and the file may be the account's, and nothing is open to others.
    #[test]
    fn an_account_owns_the_end_of_the_way_only(step in 0usize..6, uid in 0u32..3, bits in 0u32..0o1000) {
        let steps = ["/", "/private", "/private/var/log", "/private/var/log/sanctum",
            "/private/var/log/sanctum/proxy", "/private/var/log/sanctum/proxy/out.log"];
        let mut mac = Table::read(LOGS);
        for (facts, _) in mac.0.values_mut().filter(|(facts, _)| facts.uid == 401) {
            facts.uid = 1;
        }
        let (facts, _) = mac.0.get_mut(steps[step]).unwrap();
        (facts.uid, facts.mode) = (uid, bits);
        let log = AbsPath::new("/var/log/sanctum/proxy/out.log").unwrap();
        let owned = uid == 0 || (uid == 1 && step >= 4);
        prop_assert_eq!(judge_log(&mac, &log, 1).is_ok(), owned && bits & 0o022 == 0);
    }
}

#[test]
fn this_machine_is_looked_at() {
    assert_eq!(check_program(&AbsPath::new("/bin/sh").unwrap()), Ok(()));
    let dir = tempfile::tempdir().unwrap();
    let below = AbsPath::new(dir.path().join("x").to_str().unwrap()).unwrap();
    assert!(check_root_owned(&below).is_err());
}
