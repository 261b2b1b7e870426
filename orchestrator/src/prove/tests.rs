//! Every reader is seen failing: a rendered house is content, and each way of breaking one artefact is found.

use super::machine::pf::{Counted, counters, judge_counters, judge_status};
use super::machine::units::{judge_launchd, judge_systemd};
use super::machine::{Taken, What, coverage, trust_by};
use super::tools::ssh_audit::judge as judge_audit;
use super::*;
use crate::house::facts::assumed;
use crate::house::{Facts, House, compose};
use crate::instance::{Instance, NoCheck, load};
use expect_test::expect;
use sanctum_host::trust::Untrusted;
use sanctum_types::NodeName;
use std::collections::BTreeSet;

const MANOR: &str = include_str!("../../../examples/manor/instance.yaml");

/// One node of the example house, as it is rendered for.
struct Sample {
    instance: Instance,
    node: NodeName,
    facts: Facts,
    artefacts: Vec<Artefact>,
}

impl Sample {
    fn new(node: &str) -> Self {
        let instance = load(MANOR, "manor", &NoCheck).unwrap().instance;
        let node = NodeName::new(node).unwrap();
        let mut facts = assumed(&instance, &instance.nodes[&node]);
        facts.implemented = ["bootstrap", "pf-load", "nft-load"].map(str::to_owned).into();
        let mut sample = Self { instance, node, facts, artefacts: Vec::new() };
        sample.artefacts = compose::artefacts(&sample.house(), MANOR, &BTreeSet::new()).unwrap();
        sample
    }

    fn house(&self) -> crate::house::House<'_> {
        let (instance, name, facts) = (&self.instance, &self.node, &self.facts);
        House { instance, name, node: &instance.nodes[name], facts }
    }

    /// The same with `from` replaced by `to` in the artefact whose path ends so.
    fn broken(mut self, end: &str, from: &str, to: &str) -> Self {
        let file =
            self.artefacts.iter_mut().find(|file| file.path.as_str().ends_with(end)).unwrap();
        let text = String::from_utf8(file.bytes.clone()).unwrap();
        assert!(text.contains(from), "{end} has no `{from}`:\n{text}");
        file.bytes = text.replacen(from, to, 1).into_bytes();
        self
    }

    /// The kinds of all findings of our own readers, sorted, each once.
    fn kinds(&self) -> Vec<String> {
        let proofs = readers(&self.house(), &self.artefacts);
        let mut kinds: Vec<String> =
            proofs.iter().flat_map(Proof::findings).map(|finding| finding.kind.clone()).collect();
        kinds.sort();
        kinds.dedup();
        kinds
    }
}

#[test]
fn what_is_rendered_is_content() {
    for (node, proofs) in [("hub", 6), ("vm", 5), ("cottage", 5)] {
        let sample = Sample::new(node);
        let all = readers(&sample.house(), &sample.artefacts);
        let expected = Summary { passed: proofs, ..Summary::default() };
        assert_eq!(summary(&all), expected, "{node}: {all:#?}");
        // Every artefact is some reader's: a part that nobody reads would pass unseen.
        let parts: std::collections::BTreeSet<_> =
            sample.artefacts.iter().map(|a| a.part).collect();
        // The part of the instance has two: the approved copy, and the node's name.
        assert_eq!(parts.len() + 1, proofs, "{node}");
    }
}

const ANCHOR: &str = "pf.anchors/sanctum";
const SSHD: &str = "00-sanctum.conf";
const NFT: &str = "sanctum.nft";
const UNIT: &str = "sanctum-bootstrap.service";
const JOB: &str = "com.sanctum.proxy.plist";
const CALENDAR: &str = "com.sanctum.secret-age-check.plist";
const NETWORK: &str = "network-config";

#[test]
fn what_is_broken_is_found() {
    // Node, file, what is replaced by what, and the kinds of what is found.
    #[rustfmt::skip]
    let table: &[(&str, &str, &str, &str, &[&str])] = &[
        ("hub", "/etc/sanctum/node", "hub", "vm", &["instance.node"]),
        ("hub", ANCHOR, "log quick on en0", "log on en0", &["pf.not-quick"]),
        ("hub", ANCHOR, "port { 1977 } label", "port { 1978 } label", &["pf.differs"]),
        ("hub", ANCHOR, "quick on en0 proto tcp from any to any port { 8200 }", "quick on en0 inet proto tcp from any to any port { 8200 }", &["pf.differs"]),
        ("hub", ANCHOR, "pass in quick on bridge100 inet proto tcp from 10.10.10.0/24 to 10.10.10.1 port { 22 }", "pass in quick on bridge100 inet proto tcp from any to any port { 22 }", &["pf.differs"]),
        ("hub", ANCHOR, "block drop in log quick on bridge100 inet6 all", "# block", &["pf.differs"]),
        ("hub", ANCHOR, "block drop in log quick on en0 proto tcp", "block drop quick in log on en0 proto tcp", &["pf.refused"]),
        ("hub", ANCHOR, "from any to any port { 1111 }", "from <nobody> to any port { 1111 }", &["pf.differs", "pf.doubtful"]),
        ("hub", SSHD, "PasswordAuthentication no", "PasswordAuthentication yes", &["ssh.weaker"]),
        ("hub", SSHD, "Ciphers aes256-gcm@openssh.com", "Ciphers 3des-cbc,aes256-gcm@openssh.com", &["ssh.weaker"]),
        ("hub", SSHD, "MaxAuthTries 3\n", "", &["ssh.weaker"]),
        ("hub", SSHD, "\nAllowUsers ", "\nAllowUsers stranger ", &["ssh.weaker"]),
        ("hub", SSHD, "PermitRootLogin no", "PermitRootLogin yes\nPermitRootLogin no", &["ssh.weaker"]),
        ("hub", SSHD, "X11Forwarding no\n", "X11Forwarding no\nForceCommand /bin/sh\n", &["ssh.unknown-keyword"]),
        ("hub", SSHD, "HostKeyAlgorithms", "Match User root\nHostKeyAlgorithms", &["ssh.match", "ssh.weaker"]),
        ("hub", JOB, "</dict>\n</plist>", "", &["launchd.unreadable"]),
        ("hub", JOB, "com.sanctum.proxy</string>", "com.sanctum.prox</string>", &["launchd.label"]),
        ("hub", JOB, "<string>/opt/sanctum/bin/sanctumd", "<string>sanctumd", &["launchd.relative-program"]),
        ("hub", CALENDAR, "<key>Minute</key>\n\t\t\t<integer>15</integer>", "", &["launchd.wildcard-calendar"]),
        ("hub", NETWORK, "\"dhcp4\": false", "\"dhcp4\": true", &["seed.way-out"]),
        ("hub", NETWORK, "\"link-local\": [],", "\"gateway4\": \"10.10.10.1\", \"link-local\": [],", &["seed.way-out"]),
        ("hub", NETWORK, "\"version\": 2,", "\"version\": 2", &["seed.yaml"]),
        ("hub", "user-data", "#cloud-config\n", "# cloud-config\n", &["seed.header"]),
        ("hub", "instance.yaml", "bind: loopback+vm", "bind: loopback", &["instance.copy"]),
        ("hub", "instance.yaml", "services:", "servces:", &["instance.copy"]),
        ("cottage", NFT, "hook input priority filter; policy drop;", "hook input priority filter; policy accept;", &["nft.policy"]),
        ("cottage", NFT, "hook forward priority filter; policy drop;", "hook forward priority filter; policy accept;", &["nft.policy"]),
        ("cottage", NFT, "iifname { \"utun4\" } tcp dport { 8000 }", "iifname { \"eth0\" } tcp dport { 8000 }", &["nft.differs"]),
        ("cottage", NFT, "iifname { \"utun4\" } tcp dport { 8000 }", "tcp dport { 8000 }", &["nft.differs", "nft.everybody"]),
        ("cottage", NFT, "tcp dport { 8000 }", "tcp dport { 8000, 8001 }", &["nft.differs"]),
        ("cottage", NFT, "tcp dport { 8000 }", "udp dport { 8000 }", &["nft.differs"]),
        ("cottage", NFT, "delete table inet sanctum\n", "", &["nft.table"]),
        ("cottage", NFT, "delete table inet sanctum\n", "delete table inet sanctum\nflush ruleset\n", &["nft.table"]),
        ("vm", UNIT, "ExecStart=:/opt", "ExecStart=:opt", &["systemd.unit"]),
        ("vm", UNIT, "ExecStart=:/opt", "ExecStar=:/opt", &["systemd.unit"]),
        ("vm", UNIT, "[Service]", "[Servce]", &["systemd.unit"]),
        ("vm", UNIT, "RemainAfterExit=yes", "RemainAfterExit", &["systemd.unit"]),
    ];
    for (node, file, from, to, expected) in table {
        let broken = Sample::new(node).broken(file, from, to);
        assert_eq!(broken.kinds(), *expected, "{file}: {from:?} -> {to:?}");
    }
}

#[test]
fn bytes_that_are_no_text_are_a_finding() {
    for end in [ANCHOR, SSHD, "network-config", "instance.yaml"] {
        let mut sample = Sample::new("hub");
        let file =
            sample.artefacts.iter_mut().find(|file| file.path.as_str().ends_with(end)).unwrap();
        file.bytes.push(0xff);
        assert_eq!(sample.kinds(), ["text.utf8"], "{end}");
    }
}

#[test]
fn a_program_that_others_can_replace_is_found_with_the_command_that_helps() {
    let sample = Sample::new("hub");
    let untrusted = |taken: &Taken, path: &sanctum_types::AbsPath| match taken.what {
        What::Program => {
            let component = path.to_string();
            Err(Untrusted { component, why: "group or others can write it" })
        }
        What::Log | What::Dir | What::Given => Ok(()),
    };
    let proof = trust_by(&sample.artefacts, untrusted).unwrap();
    let ours = |finding: &&Finding| finding.subject == "/opt/sanctum/bin/sanctum";
    let finding = proof.findings().iter().find(ours).expect("our own binary");
    assert_eq!(finding.hint.as_deref(), Some("sudo sanctum self install"));
    assert!(finding.message.contains("com.sanctum.pf.plist"), "{}", finding.message);
    assert!(!finding.message.contains("proxy"), "a job that is not loaded runs nothing");
    assert!(trust_by(&sample.artefacts, |_, _| Ok(())).unwrap().findings().is_empty());
    // A service that nothing loads runs nothing, unless the timer of its name is loaded.
    let mut sample = Sample::new("vm");
    sample.artefacts.retain(|artefact| artefact.path.as_str().ends_with(UNIT));
    let unit = sample.artefacts[0].unit.take();
    assert!(trust_by(&sample.artefacts, untrusted).is_none());
    let path = sample.artefacts[0].path.as_str().replace(".service", ".timer");
    let path = sanctum_types::AbsPath::new(path).unwrap();
    sample.artefacts.push(Artefact {
        path,
        unit,
        bytes: Vec::new(),
        ..sample.artefacts[0].clone()
    });
    assert_eq!(trust_by(&sample.artefacts, untrusted).unwrap().findings().len(), 1);
}

#[test]
fn a_log_that_others_can_replace_is_found_for_jobs_that_are_loaded() {
    let proof = trust_by(&Sample::new("hub").artefacts, |taken, path| match taken.what {
        What::Program => Ok(()),
        What::Log | What::Dir | What::Given => {
            let account = taken.account.as_deref().unwrap_or("root");
            Err(Untrusted { component: format!("{path} of {account}"), why: "of a test" })
        }
    });
    let findings = proof.unwrap().findings().to_vec();
    assert!(findings.iter().all(|f| f.kind == "trust.place" && f.hint.is_some()));
    let messages: Vec<String> = findings.into_iter().map(|finding| finding.message).collect();
    expect![[r#"
        /var/log/sanctum/bootstrap/err.log of root cannot be trusted: of a test; written by /Library/LaunchDaemons/com.sanctum.bootstrap.plist
        /var/log/sanctum/bootstrap/out.log of root cannot be trusted: of a test; written by /Library/LaunchDaemons/com.sanctum.bootstrap.plist
        /var/log/sanctum/firewall-bridge/err.log of _sanctum_firewall-bridge cannot be trusted: of a test; written by /Library/LaunchDaemons/com.sanctum.firewall-bridge.plist
        /var/log/sanctum/firewall-bridge/out.log of _sanctum_firewall-bridge cannot be trusted: of a test; written by /Library/LaunchDaemons/com.sanctum.firewall-bridge.plist
        /var/log/sanctum/gateway/err.log of _sanctum_gateway cannot be trusted: of a test; written by /Library/LaunchDaemons/com.sanctum.gateway.plist
        /var/log/sanctum/gateway/out.log of _sanctum_gateway cannot be trusted: of a test; written by /Library/LaunchDaemons/com.sanctum.gateway.plist
        /var/log/sanctum/mlx/err.log of _sanctum_mlx cannot be trusted: of a test; written by /Library/LaunchDaemons/com.sanctum.mlx.plist
        /var/log/sanctum/mlx/out.log of _sanctum_mlx cannot be trusted: of a test; written by /Library/LaunchDaemons/com.sanctum.mlx.plist
        /var/log/sanctum/pf/err.log of root cannot be trusted: of a test; written by /Library/LaunchDaemons/com.sanctum.pf.plist
        /var/log/sanctum/pf/out.log of root cannot be trusted: of a test; written by /Library/LaunchDaemons/com.sanctum.pf.plist
        /var/log/sanctum/tts/err.log of _sanctum_tts cannot be trusted: of a test; written by /Library/LaunchDaemons/com.sanctum.tts.plist
        /var/log/sanctum/tts/out.log of _sanctum_tts cannot be trusted: of a test; written by /Library/LaunchDaemons/com.sanctum.tts.plist"#]].assert_eq(&messages.join("\n"));
}

/// The form of pfctl's answer is how its manual and public logs show it; nothing of it was recorded on a Mac.
const COUNTED: &str = "block drop in log quick on en0 proto tcp from any to any port = 1111 label \"sanctum:dashboard\"
  [ Evaluations: 212       Packets: 0         Bytes: 0           States: 0     ]
  [ Inserted: uid 0 pid 311 ]
pass out quick on bridge100 inet from 10.10.10.1 to 10.10.10.0/24 flags S/SA keep state label \"sanctum:vm.out\"
  [ Evaluations: 9         Packets: 18        Bytes: 1512        States: 1     ]
  [ Inserted: uid 0 pid 311 ]
";

#[test]
fn counters_of_an_anchor_tell_whether_it_is_asked() {
    let counted = counters(COUNTED);
    assert_eq!(counted.iter().map(|rule| rule.evaluations).collect::<Vec<_>>(), [212, 9]);
    assert!(counted[1].rule.ends_with("label \"sanctum:vm.out\""));
    assert_eq!(
        counters("No ALTQ support in kernel\nrule\nrule\n  [ Inserted: uid 0 pid 1 ]\n"),
        []
    );
    let kinds = |wanted: usize, counted: &[Counted]| {
        let (findings, _) = judge_counters("com.apple/sanctum", wanted, counted);
        findings.into_iter().map(|finding| finding.kind).collect::<Vec<_>>()
    };
    assert_eq!(kinds(2, &counted), Vec::<String>::new());
    assert_eq!(kinds(27, &counted), ["pf.not-loaded"]);
    assert_eq!(kinds(2, &[]), ["pf.not-loaded", "pf.not-evaluated"]);
    let asleep: Vec<Counted> =
        counted.into_iter().map(|rule| Counted { evaluations: 0, ..rule }).collect();
    assert_eq!(kinds(2, &asleep), ["pf.not-evaluated"]);
    assert_eq!(judge_status("Status: Enabled for 0 days 00:00:09   Debug: Urgent\n"), []);
    assert_eq!(judge_status("Status: Disabled   Debug: Urgent\n").len(), 1);
    assert_eq!(judge_status("").len(), 1, "an answer that is none is not good news");
}

#[test]
fn a_job_is_loaded_from_our_file_or_found() {
    let ours = "/Library/LaunchDaemons/com.x.plist";
    let said = format!("system/com.x = {{\n\tpath = {ours}\n\tstate = running\n}}\n");
    assert_eq!(judge_launchd(true, &said, ours), []);
    for (known, text, message) in [
        (false, said.as_str(), "the job is not loaded"),
        (true, "system/com.x = {\n}\n", "the job is not loaded"),
        (true, "\tpath = /tmp/x.plist\n", "the job is loaded from /tmp/x.plist"),
    ] {
        let found = judge_launchd(known, text, ours);
        assert_eq!(found.iter().map(|f| f.message.as_str()).collect::<Vec<_>>(), [message]);
    }
    let unit = |from: &str, state: &str, reload: &str, boot: &str| {
        let text = format!(
            "LoadState=loaded\nActiveState={state}\nUnitFileState={boot}\nNeedDaemonReload={reload}\n\
             FragmentPath={from}\n"
        );
        judge_systemd(&text, "/etc/a").into_iter().map(|f| f.message).collect::<Vec<_>>()
    };
    assert_eq!(unit("/etc/a", "active", "no", "enabled"), Vec::<String>::new());
    assert_eq!(unit("/etc/a", "inactive", "no", "enabled"), Vec::<String>::new());
    assert_eq!(unit("/etc/b", "active", "no", "enabled"), ["the unit is loaded from `/etc/b`"]);
    assert_eq!(unit("/etc/a", "failed", "no", "enabled"), ["it failed"]);
    assert_eq!(unit("/etc/a", "active", "yes", "enabled"), ["systemd runs an older text of it"]);
    assert_eq!(unit("/etc/a", "active", "no", "disabled"), ["at boot it is `disabled`"]);
}

#[test]
fn an_interface_that_nothing_covers_is_found() {
    let mut sample = Sample::new("hub");
    assert!(coverage(&sample.house()).findings().is_empty());
    let name = sanctum_types::IfName::new("en7").unwrap();
    let addresses = vec!["172.16.0.9".parse().unwrap()];
    sample.facts.interfaces.push(crate::house::Interface { name, active: true, addresses });
    let proof = coverage(&sample.house());
    let [finding] = proof.findings() else { panic!("{proof:?}") };
    assert_eq!((finding.kind.as_str(), finding.subject.as_str()), ("network.uncovered", "en7"));
}

#[test]
fn a_rating_counts_by_profile_and_a_strange_report_is_none() {
    let report = |notes: Value| {
        let good = json!([{ "algorithm": "good", "notes": { "info": ["fine"] } }]);
        let kex = json!([{ "algorithm": "curve25519-sha256", "notes": notes }]);
        json!({ "kex": kex, "key": good, "enc": good, "mac": good })
    };
    let count = |report: &Value, strict| judge_audit(report, strict, "p").map(|found| found.len());
    assert_eq!(count(&report(json!({ "info": ["x"] })), true), Some(0));
    assert_eq!(count(&report(json!({ "warn": ["x"] })), true), Some(1));
    assert_eq!(count(&report(json!({ "warn": ["x"] })), false), Some(0));
    assert_eq!(count(&report(json!({ "fail": ["x"], "warn": ["y"] })), false), Some(1));
    assert_eq!(count(&json!({ "kex": [] }), true), None);
}

#[test]
fn what_is_wrong_and_what_was_not_looked_at_are_two_things() {
    let not_here = || Obstacle::NotHere { program: "nft", get: "apt install nftables" };
    let proofs = [
        Proof::of("a", "s", Vec::new(), "all of it"),
        Proof::of("b", "s", vec![wrong("k", "s", "m")], "all of it"),
        Proof::from("c", "s", Err(not_here())),
    ];
    assert_eq!(summary(&proofs), Summary { passed: 1, failed: 1, could_not_check: 1 });
    let outcomes: Vec<Value> = proofs.iter().map(|proof| proof.json()["outcome"].clone()).collect();
    assert_eq!(outcomes, ["passed", "failed", "could-not-check"]);
    assert!(proofs[2].findings().is_empty() && proofs[1].could_not_check().is_none());
    let cause = proofs[2].could_not_check().unwrap().to_string();
    assert_eq!(cause, "could not check c of s: nft is not here (apt install nftables)");
}

#[test]
fn without_any_tool_nothing_passes() {
    for node in ["hub", "vm"] {
        let sample = Sample::new(node);
        let all = tools(&sample.house(), &sample.artefacts, &Tools::default());
        assert_eq!(summary(&all).could_not_check, all.len(), "{all:#?}");
        assert!(all.len() >= 4, "{all:#?}");
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(96))]

    /// A reader that refuses what is right would stop every plan of that house.
    #[test]
    fn every_valid_house_is_content(instance in crate::instance::strategy::arb_instance()) {
        for (name, node) in &instance.nodes {
            let facts = assumed(&instance, node);
            let house = House { instance: &instance, name, node, facts: &facts };
            // What cannot be rendered, such as an interface that faces two networks, is refused elsewhere.
            let Ok(all) = compose::artefacts(&house, "", &BTreeSet::new()) else { continue };
            let all: Vec<Artefact> =
                all.into_iter().filter(|file| file.part != crate::house::Part::Instance).collect();
            for proof in readers(&house, &all) {
                proptest::prop_assert_eq!(proof.findings(), &[], "{} of {}", &proof.name, name);
            }
        }
    }
}
