//! The drop-in as text, its algorithms, and the judgement of effective configurations. That sshd takes it and
//! acts on it is proved in `tests/tests/it/sshd.rs`.

use super::*;
use crate::exposure::fixture::{Sample, manor};
use crate::house::SshFacts;
use proptest::prelude::*;
use std::collections::BTreeMap;

fn text(sample: &Sample) -> String {
    let [file] = render(&sample.house()).unwrap().try_into().unwrap();
    String::from_utf8(file.bytes).unwrap()
}

#[test]
fn the_drop_ins_of_the_manor() {
    expect_test::expect_file!["snapshots/hub.conf"].assert_eq(&text(&manor()));
    expect_test::expect_file!["snapshots/den.conf"].assert_eq(&text(&manor().at("den")));
}

#[test]
fn the_artefact_of_the_hub() {
    let [file] = render(&manor().house()).unwrap().try_into().unwrap();
    assert_eq!(
        (file.path.as_str(), file.lockout, file.part),
        (layout::SSHD_DROP_IN, true, Part::Ssh)
    );
    assert_eq!((file.unit, file.owner.to_string().as_str()), (Some(Unit::Sshd), "root:wheel"));
    assert!(render(&manor().at("laptop").house()).unwrap().is_empty(), "a laptop only calls");
}

#[test]
fn a_host_that_has_too_little_is_refused() {
    let mut sample = manor().at("den");
    sample.facts.ssh.kex.retain(|name| !name.starts_with("sntrup") && !name.starts_with("mlkem"));
    let refused = render(&sample.house()).unwrap_err();
    assert!(matches!(refused, SshdError::NoPostQuantum { .. }), "{refused}");
    // The other profile is content with curve25519, and its absence is another refusal.
    sample.instance.ssh.profiles.insert(sample.node.clone(), SshProfile::Compatible);
    assert!(
        text(&sample).contains("\nKexAlgorithms curve25519-sha256,curve25519-sha256@libssh.org\n")
    );
    sample.facts.ssh = SshFacts::default();
    let refused = render(&sample.house()).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "ssh on den has none of the KexAlgorithms of profile `compatible`"
    );
}

#[test]
fn who_may_log_in() {
    let users = |sample: &Sample| {
        allowed_users(&sample.house()).iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(users(&manor()), "backup operator");
    let mut den = manor().at("den");
    assert_eq!(users(&den), "backup ubuntu");
    den.instance.nodes.get_mut(&den.node).unwrap().user = AccountName::new("neo").ok();
    assert_eq!(users(&den), "backup neo");
}

fn in_force(sample: &Sample) -> Effective {
    // sshd -T prints what it read, keyword by keyword; the drop-in alone is such a list.
    let config = text(sample);
    let lines = config.lines().filter(|line| !line.starts_with('#'));
    parse_effective(&lines.collect::<Vec<_>>().join("\n"))
}

#[test]
fn findings_name_what_is_weaker() {
    let sample = manor().at("den");
    let wanted = expected(&sample.house()).unwrap();
    assert_eq!(check_effective(&wanted, &in_force(&sample)), []);
    let found = |keyword: &str, values: &[&str]| {
        let mut effective = in_force(&sample);
        effective
            .insert(keyword.to_owned(), values.iter().map(|value| (*value).to_owned()).collect());
        let findings = check_effective(&wanted, &effective);
        findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    };
    for (keyword, values, said) in [
        ("passwordauthentication", &["yes"][..], "passwordauthentication is yes, wanted no"),
        (
            "permitrootlogin",
            &["without-password"],
            "permitrootlogin is without-password, wanted no",
        ),
        ("loglevel", &["verbose"], ""),
        ("maxauthtries", &["2"], ""),
        ("maxauthtries", &["4"], "maxauthtries is 4, wanted 1 to 3"),
        ("logingracetime", &["0"], "logingracetime is 0, wanted 1 to 30"),
        ("persourcemaxstartups", &["none"], "persourcemaxstartups is none, wanted 1 to 10"),
        ("macs", &["umac-128-etm@openssh.com"], ""),
        ("allowgroups", &["admin"], "allowgroups is admin, wanted nothing"),
        ("port", &["22", "2222"], "port is 2222, wanted 22"),
        (
            "allowusers",
            &["ubuntu", "backup trinity"],
            "trinity may log in, which the house does not allow",
        ),
        ("allowusers", &["ubuntu"], "backup may not log in, which the house wants"),
        (
            "allowusers",
            &["*"],
            "* may log in, which the house does not allow; backup may not log in, \
            which the house wants; ubuntu may not log in, which the house wants",
        ),
    ] {
        assert_eq!(found(keyword, values), said, "{keyword} {values:?}");
    }
    let cipher = found("ciphers", &["aes256-gcm@openssh.com,3des-cbc"]);
    assert!(
        cipher.starts_with("ciphers is aes256-gcm@openssh.com,3des-cbc, wanted some of"),
        "{cipher}"
    );
}

#[test]
fn every_keyword_is_missed_when_it_is_not_reported() {
    let sample = manor().at("den");
    let wanted = expected(&sample.house()).unwrap();
    for (keyword, _) in wanted.iter().filter(|(_, want)| **want != Want::Unset) {
        let mut effective = in_force(&sample);
        effective.remove(keyword);
        let findings = check_effective(&wanted, &effective);
        assert!(
            matches!(&findings[..], [Finding::Missing { keyword: k, .. }] if k == keyword),
            "{findings:?}"
        );
    }
}

#[test]
fn blocks_for_some_callers_are_found() {
    for (config, found) in [
        ("Match User trinity\n  PasswordAuthentication yes\n", &[(1, "User trinity")][..]),
        ("Port 22\n\n\tmatch=address 10.0.0.0/8\n", &[(3, "address 10.0.0.0/8")]),
        ("\"Match\" Group wheel", &[(1, "Group wheel")]),
        ("Match all\n# Match User neo\nMatchless yes\nMatch", &[]),
    ] {
        let found: Vec<Finding> = found
            .iter()
            .map(|(line, text)| Finding::Match { line: *line, criteria: (*text).to_owned() })
            .collect();
        assert_eq!(matches_in(config), found, "{config}");
    }
}

fn arb_facts() -> impl Strategy<Value = SshFacts> {
    let full = crate::exposure::fixture::ssh_facts(Os::Macos);
    let some = |set: &BTreeSet<String>| {
        let all: Vec<String> = set.iter().cloned().collect();
        let most = all.len();
        prop::sample::subsequence(all, 0..=most)
            .prop_map(|some| some.into_iter().collect::<BTreeSet<_>>())
    };
    let lists =
        (some(&full.kex), some(&full.ciphers), some(&full.macs), some(&full.host_key_algorithms));
    (lists, some(&full.options)).prop_map(|((kex, ciphers, macs, host_key_algorithms), options)| {
        SshFacts { kex, ciphers, macs, host_key_algorithms, options }
    })
}

proptest! {
    /// sshd refuses a whole configuration over one name it does not know.
    #[test]
    fn a_drop_in_names_only_what_the_host_has(ssh in arb_facts(), guest in any::<bool>()) {
        let mut sample = manor().at(if guest { "den" } else { "hub" });
        sample.facts.ssh = ssh.clone();
        let Ok(files) = render(&sample.house()) else { return Ok(()) };
        let text = String::from_utf8(files[0].bytes.clone()).unwrap();
        prop_assert!(matches_in(&text).is_empty() && text.ends_with('\n'));
        let lines: BTreeMap<&str, &str> = text.lines().filter_map(|line| line.split_once(' ')).collect();
        for (keyword, has) in [
            ("KexAlgorithms", &ssh.kex), ("Ciphers", &ssh.ciphers), ("MACs", &ssh.macs),
            ("HostKeyAlgorithms", &ssh.host_key_algorithms),
        ] {
            prop_assert!(lines[keyword].split(',').all(|name| has.contains(name)), "{}", lines[keyword]);
        }
        for option in ["PerSourceMaxStartups", "PerSourcePenalties"] {
            prop_assert_eq!(lines.contains_key(option), ssh.options.contains(option));
        }
        prop_assert!(!guest || !lines["KexAlgorithms"].contains("curve25519-sha256"), "post-quantum only");
        prop_assert_eq!(check_effective(&expected(&sample.house()).unwrap(), &in_force(&sample)), vec![]);
    }

    #[test]
    fn what_sshd_prints_is_read_without_loss(lines in prop::collection::vec(("[a-z]{1,8}", "[a-z0-9:,@.]{0,9}"), 0..20)) {
        let text: String = lines.iter().map(|(keyword, value)| format!("{keyword} {value}\n")).collect();
        let effective = parse_effective(&text);
        prop_assert_eq!(effective.values().map(Vec::len).sum::<usize>(), lines.len());
        for (keyword, value) in &lines {
            prop_assert!(effective[keyword].contains(value));
        }
    }
}
