//! The rendered drop-in in a real sshd: syntax, effective configuration, logins and ssh-audit.

mod server;

use crate::bed::Bed;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use sanctum_orchestrator::house::SshFacts;
use sanctum_orchestrator::instance::model::{Os, SshProfile};
use sanctum_orchestrator::render::sshd::effective::contexts;
use sanctum_orchestrator::render::sshd::{
    Finding, check_effective, expected, matches_in, parse_effective, render,
};
use serde_json::Value;
use server::{Site, facts};
use std::collections::{BTreeMap, BTreeSet};

/// Another program's drop-in that opens what ours closes.
const OTHER: &str = "PasswordAuthentication yes\nPermitRootLogin yes\nKbdInteractiveAuthentication yes\n\
    AllowTcpForwarding yes\nMaxAuthTries 20\nKexAlgorithms ecdh-sha2-nistp256\n";

fn bed(site: &Site, profile: SshProfile) -> Bed {
    let mut bed = Bed::new("den", Os::Linux, facts(site));
    bed.instance.ssh.profiles.insert(bed.node.clone(), profile);
    bed
}

fn drop_in(bed: &Bed) -> String {
    let [file] = render(&bed.house()).expect("a drop-in").try_into().expect("one file");
    String::from_utf8(file.bytes).expect("text")
}

/// Every context's findings, each with the number of contexts that have it.
fn findings(bed: &Bed, site: &Site) -> Vec<(Finding, usize)> {
    let wanted = expected(&bed.house()).expect("expectations");
    let contexts = contexts(&bed.house());
    let callers = contexts.iter().map(|context| Some(context.as_str())).chain([None]);
    let mut all = BTreeMap::new();
    for caller in callers {
        for finding in check_effective(&wanted, &parse_effective(&site.effective(caller))) {
            *all.entry(finding).or_insert(0) += 1;
        }
    }
    all.into_iter().collect()
}

#[test]
fn sshd_takes_the_drop_in_and_does_what_it_says() {
    let (_sshd, _keygen, _ssh) = sanctum_tests::need!("sshd", "ssh-keygen", "ssh");
    let site = Site::new();
    site.drop_in("100-other.conf", OTHER);
    for profile in [SshProfile::PostQuantum, SshProfile::Compatible] {
        let bed = bed(&site, profile);
        site.drop_in("00-sanctum.conf", "");
        let without: Vec<Finding> =
            findings(&bed, &site).into_iter().map(|(finding, _)| finding).collect();
        assert!(without.len() > 15, "the other file's settings are seen: {without:?}");
        site.drop_in("00-sanctum.conf", &drop_in(&bed));
        assert_eq!(site.syntax(), Ok(()));
        assert_eq!(findings(&bed, &site), []);
    }
}

/// The names of the set, each kept with a chance of two in three.
fn arb_some(all: &BTreeSet<String>) -> impl Strategy<Value = BTreeSet<String>> + use<> {
    let all: Vec<String> = all.iter().cloned().collect();
    let kept = prop::collection::vec(prop::bool::weighted(0.66), all.len());
    kept.prop_map(move |kept| {
        all.iter().zip(kept).filter(|(_, kept)| *kept).map(|(name, _)| name.clone()).collect()
    })
}

#[test]
fn sshd_takes_whatever_can_be_made_of_what_it_has() {
    let (_sshd, _keygen, _ssh) = sanctum_tests::need!("sshd", "ssh-keygen", "ssh");
    let site = Site::new();
    let full = facts(&site);
    let lists = (
        arb_some(&full.kex),
        arb_some(&full.ciphers),
        arb_some(&full.macs),
        arb_some(&full.host_key_algorithms),
    );
    let profile = prop::sample::select(vec![SshProfile::PostQuantum, SshProfile::Compatible]);
    let mut runner =
        TestRunner::new(Config { cases: 24, failure_persistence: None, ..Config::default() });
    let law = |((kex, ciphers, macs, host_key_algorithms), profile): (_, SshProfile)| {
        let mut bed = bed(&site, profile);
        bed.facts.ssh =
            SshFacts { kex, ciphers, macs, host_key_algorithms, options: full.options.clone() };
        let rendered = render(&bed.house());
        prop_assume!(rendered.is_ok(), "too little for the profile is another test's matter");
        site.drop_in("00-sanctum.conf", &drop_in(&bed));
        assert_eq!(site.syntax(), Ok(()));
        let wanted = expected(&bed.house()).expect("expectations");
        assert_eq!(check_effective(&wanted, &parse_effective(&site.effective(None))), []);
        Ok(())
    };
    runner.run(&(lists, profile), law).expect("the law holds");
}

#[test]
fn what_another_drop_in_leaks_is_found() {
    let (_sshd, _keygen, _ssh) = sanctum_tests::need!("sshd", "ssh-keygen", "ssh");
    let site = Site::new();
    let bed = bed(&site, SshProfile::PostQuantum);
    site.drop_in("00-sanctum.conf", &drop_in(&bed));
    let evil = "AllowUsers stranger\nPort 2222\nMatch User sanctum-t\n  PasswordAuthentication yes\n\
        Match Address 203.0.113.0/24\n  PermitRootLogin yes\n  MaxAuthTries 20\n";
    site.drop_in("100-other.conf", evil);
    let found = findings(&bed, &site);
    let count = |wanted: &str| {
        found.iter().find(|(finding, _)| finding.to_string() == wanted).map(|(_, count)| *count)
    };
    // Two accounts from six addresses, and once without a caller.
    assert_eq!(count("stranger may log in, which the house does not allow"), Some(13), "{found:?}");
    assert_eq!(count("port is 2222, wanted 22"), Some(13), "{found:?}");
    assert_eq!(count("passwordauthentication is yes, wanted no"), Some(6), "{found:?}");
    assert_eq!(count("permitrootlogin is yes, wanted no"), Some(2), "{found:?}");
    assert_eq!(count("maxauthtries is 20, wanted 1 to 3"), Some(2), "{found:?}");
    assert_eq!(found.len(), 5, "{found:?}");
    assert_eq!(matches_in(evil).len(), 2);
}

#[test]
fn only_the_house_logs_in_and_only_by_key() {
    let (_sshd, _ssh, _unshare, _keygen) =
        sanctum_tests::need!("sshd", "ssh", "unshare", "ssh-keygen");
    let site = Site::new();
    site.drop_in("100-other.conf", OTHER.trim_end_matches("KexAlgorithms ecdh-sha2-nistp256\n"));
    let some = |user: &str| Some(user.to_owned());
    {
        // Without our drop-in each of these doors is open: what is refused below, ours refuses.
        let server = site.start();
        for user in ["sanctum-t", "stranger", "root"] {
            assert_eq!(server.by_key(user), some(user), "{}", server.log());
            assert_eq!(server.by_password(user), some(user), "{}", server.log());
        }
        assert!(
            server.through("sanctum-t").is_some_and(|greeting| greeting.starts_with("SSH-2.0-"))
        );
    }
    site.drop_in("00-sanctum.conf", &drop_in(&bed(&site, SshProfile::PostQuantum)));
    let server = site.start();
    assert_eq!(server.by_key("sanctum-t"), some("sanctum-t"), "{}", server.log());
    assert_eq!(server.by_password("sanctum-t"), None);
    assert_eq!(server.through("sanctum-t"), None);
    for user in ["stranger", "root"] {
        assert_eq!(server.by_key(user), None, "{user}");
        assert_eq!(server.by_password(user), None, "{user}");
    }
}

/// Algorithms that ssh-audit rates `fail` or `warn`.
fn rated(report: &Value, grade: &str) -> Vec<String> {
    let mut found = Vec::new();
    for list in ["kex", "key", "enc", "mac"] {
        let entries = report[list].as_array().expect("a list of algorithms");
        assert!(!entries.is_empty(), "{list}");
        let bad = entries.iter().filter(|entry| entry["notes"].get(grade).is_some());
        found.extend(bad.map(|entry| format!("{list} {}", entry["algorithm"])));
    }
    found
}

#[test]
fn ssh_audit_has_nothing_to_say() {
    let (_audit, _sshd, _ssh, _unshare) =
        sanctum_tests::need!("ssh-audit", "sshd", "ssh", "unshare");
    let site = Site::new();
    {
        let stock = site.start().audit();
        assert!(!rated(&stock, "fail").is_empty(), "the stock configuration fails: {stock}");
    }
    site.drop_in("00-sanctum.conf", &drop_in(&bed(&site, SshProfile::PostQuantum)));
    let report = site.start().audit();
    assert_eq!((rated(&report, "fail"), rated(&report, "warn")), (vec![], vec![]));
    site.drop_in("00-sanctum.conf", &drop_in(&bed(&site, SshProfile::Compatible)));
    let report = site.start().audit();
    assert_eq!(rated(&report, "fail"), Vec::<String>::new());
    let warned = ["kex \"curve25519-sha256\"", "kex \"curve25519-sha256@libssh.org\""];
    assert_eq!(rated(&report, "warn"), warned, "what makes it compatible, and no more");
}

#[test]
fn facts_of_this_machine_are_real() {
    let (_sshd, _ssh, _keygen) = sanctum_tests::need!("sshd", "ssh", "ssh-keygen");
    let facts = facts(&Site::new());
    assert_ne!(facts, SshFacts::default());
    assert!(facts.kex.len() > 5 && facts.ciphers.len() > 3 && facts.macs.len() > 3);
}
