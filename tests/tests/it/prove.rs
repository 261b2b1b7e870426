//! The proofs by real tools: each is content with the example house, and finds what is broken in it.

use sanctum_orchestrator::house::facts::assumed;
use sanctum_orchestrator::house::{Artefact, Facts, House, compose};
use sanctum_orchestrator::instance::{Instance, NoCheck, load};
use sanctum_orchestrator::prove::{Outcome, Proof, Tools, summary, tools};
use sanctum_types::{AbsPath, NodeName};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

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
        let instance = load(MANOR, "manor", &NoCheck).expect("the example is accepted").instance;
        let node = NodeName::new(node).expect("a node name");
        let facts = assumed(&instance, &instance.nodes[&node]);
        let mut sample = Self { instance, node, facts, artefacts: Vec::new() };
        sample.artefacts =
            compose::artefacts(&sample.house(), MANOR, &std::collections::BTreeSet::new())
                .expect("a rendered node");
        sample
    }

    fn house(&self) -> House<'_> {
        let (instance, name, facts) = (&self.instance, &self.node, &self.facts);
        House { instance, name, node: &instance.nodes[name], facts }
    }

    fn broken(mut self, end: &str, from: &str, to: &str) -> Self {
        let file = self.artefacts.iter_mut().find(|file| file.path.as_str().ends_with(end));
        let file = file.unwrap_or_else(|| panic!("{end} is not rendered"));
        let text = String::from_utf8(file.bytes.clone()).expect("text");
        assert!(text.contains(from), "{end} has no {from:?}:\n{text}");
        file.bytes = text.replacen(from, to, 1).into_bytes();
        self
    }

    fn prove(&self, tools_here: &Tools) -> Vec<Proof> {
        tools(&self.house(), &self.artefacts, tools_here)
    }
}

/// Audits start servers; the test that looks for a server left over must see its own only.
static AUDITS: Mutex<()> = Mutex::new(());

/// Node, file, what is replaced by what, who finds it, and a word that the findings hold.
type Case<'a> = (&'a str, &'a str, &'a str, &'a str, &'a [&'a str], &'a str);

/// Every tool of this machine and of the tests' own folder, except ssh-audit, which has a test of its own.
fn found() -> Tools {
    let audit = sanctum_tests::tool("ssh-audit");
    let dir = audit.parent().and_then(|dir| dir.to_str()).expect("a folder");
    let dir = AbsPath::new(dir).expect("an absolute folder");
    Tools::find().and_in(&dir).expect("a folder that can be listed")
}

fn without_audit() -> Tools {
    Tools { ssh_audit: None, ..found() }
}

fn failed(proofs: &[Proof]) -> Vec<&str> {
    let failed = proofs.iter().filter(|proof| matches!(proof.outcome, Outcome::Failed(_)));
    failed.map(|proof| proof.name.as_str()).collect()
}

fn findings(proofs: &[Proof]) -> String {
    let all = proofs.iter().flat_map(Proof::findings);
    all.map(|finding| format!("{}\n", finding.message)).collect()
}

#[test]
fn every_tool_is_content_with_the_example_house() {
    let _tools = sanctum_tests::need!(
        "sshd",
        "ssh",
        "ssh-keygen",
        "ssh-audit",
        "nft",
        "plistutil",
        "systemd-analyze",
        "netplan",
        "cloud-init"
    );
    let _alone = AUDITS.lock().unwrap_or_else(PoisonError::into_inner);
    for (node, names) in [
        (
            "hub",
            &[
                "sshd -t",
                "sshd -T",
                "ssh-audit",
                "plistlib",
                "plistutil",
                "cloud-init schema",
                "netplan generate",
            ][..],
        ),
        ("vm", &["sshd -t", "sshd -T", "ssh-audit", "systemd-analyze verify", "nft -c"]),
        ("cottage", &["sshd -t", "sshd -T", "ssh-audit", "systemd-analyze verify", "nft -c"]),
    ] {
        let proofs = Sample::new(node).prove(&found());
        let passed = proofs.iter().filter(|proof| matches!(proof.outcome, Outcome::Passed(_)));
        let passed: Vec<&str> = passed.map(|proof| proof.name.as_str()).collect();
        assert_eq!(passed, names, "{node}: {proofs:#?}");
        // pfctl is the one that only a Mac has.
        assert_eq!(summary(&proofs).could_not_check, usize::from(node == "hub"), "{proofs:#?}");
    }
}

#[test]
fn each_tool_finds_what_is_broken() {
    let _tools = sanctum_tests::need!(
        "sshd",
        "ssh",
        "ssh-keygen",
        "ssh-audit",
        "nft",
        "plistutil",
        "systemd-analyze",
        "netplan",
        "cloud-init"
    );
    let tools = without_audit();
    const SSHD: &str = "00-sanctum.conf";
    const UNIT: &str = "sanctum-bootstrap.service";
    const JOB: &str = "com.sanctum.proxy.plist";
    #[rustfmt::skip]
    let table: &[Case] = &[
        ("hub", SSHD, "MaxAuthTries 3", "MaxAuthTrys 3", &["sshd -t"], "Bad configuration option: MaxAuthTrys"),
        ("hub", SSHD, "Ciphers aes256-gcm@openssh.com", "Ciphers none-such,aes256-gcm@openssh.com", &["sshd -t"], "Bad SSH2 cipher spec"),
        ("hub", SSHD, "PasswordAuthentication no\n", "", &["sshd -T"], "passwordauthentication is yes, wanted no (13 of 13 callers)"),
        ("hub", SSHD, "Ciphers aes256-gcm@openssh.com", "Ciphers 3des-cbc,aes256-gcm@openssh.com", &["sshd -T"], "ciphers is 3des-cbc"),
        ("hub", SSHD, "\nAllowUsers ", "\nAllowUsers stranger ", &["sshd -T"], "stranger may log in"),
        ("vm", SSHD, "KexAlgorithms ", "KexAlgorithms curve25519-sha256,", &["sshd -T"], "kexalgorithms is curve25519-sha256"),
        // What stands below a block belongs to it, and sshd refuses it there.
        ("vm", SSHD, "KexAlgorithms ", "Match User nobody\nKexAlgorithms ", &["sshd -t"], "not allowed within a Match block"),
        ("hub", JOB, "</dict>\n</plist>", "", &["plistlib", "plistutil"], ""),
        ("hub", JOB, "<key>Umask</key>", "<key>Label</key>", &["plistlib"], "is given twice"),
        ("hub", "user-data", "\"ssh_pwauth\": false", "\"ssh_pwauth\": [1]", &["cloud-init schema"], "ssh_pwauth"),
        ("hub", "network-config", "10.10.10.10/24", "10.10.10.10/240", &["netplan generate"], "10.10.10.10/240"),
        ("hub", "network-config", "\"dhcp4\"", "\"dcp4\"", &["netplan generate"], "dcp4"),
        ("vm", UNIT, "TimeoutStopSec=30", "TimeoutStopSecs=30", &["systemd-analyze verify"], "Unknown key 'TimeoutStopSecs'"),
        ("vm", UNIT, "TimeoutStopSec=30", "TimeoutStopSec=thirty", &["systemd-analyze verify"], "thirty"),
        ("vm", UNIT, "ExecStart=:/opt", "ExecStart=:opt", &["systemd-analyze verify"], ""),
        ("vm", "sanctum.nft", "tcp dport { 22 } counter accept", "tcp dport { 22 } counter acept", &["nft -c"], "acept"),
        ("vm", "sanctum.nft", "policy drop;", "policy drpo;", &["nft -c"], "drpo"),
    ];
    for (node, file, from, to, by, word) in table {
        let proofs = Sample::new(node).broken(file, from, to).prove(&tools);
        assert_eq!(failed(&proofs), *by, "{file}: {from:?} -> {to:?}: {proofs:#?}");
        assert!(findings(&proofs).contains(word), "{word}: {}", findings(&proofs));
        assert!(
            !findings(&proofs).contains("/sanctum-0"),
            "no path of a copy: {}",
            findings(&proofs)
        );
    }
}

#[test]
fn a_block_for_some_callers_is_found_by_the_callers() {
    let _tools = sanctum_tests::need!("sshd", "ssh", "ssh-keygen", "ssh-audit");
    let mut sample = Sample::new("vm");
    let file = sample.artefacts.iter_mut().find(|file| file.path.as_str().ends_with(".conf"));
    let leak = b"Match User root Address 203.0.113.0/24\n  PermitRootLogin yes\n";
    file.expect("a drop-in").bytes.extend_from_slice(leak);
    let proofs = sample.prove(&without_audit());
    assert_eq!(failed(&proofs), ["sshd -T"], "{proofs:#?}");
    assert_eq!(findings(&proofs), "permitrootlogin is yes, wanted no (1 of 13 callers)\n");
}

#[test]
fn ssh_audit_finds_a_weak_offer_and_leaves_no_server() {
    let _tools = sanctum_tests::need!("sshd", "ssh", "ssh-keygen", "ssh-audit");
    // Post-quantum is strict: a warning is a finding.
    let weak = ("KexAlgorithms ", "KexAlgorithms curve25519-sha256,");
    let _alone = AUDITS.lock().unwrap_or_else(PoisonError::into_inner);
    let sample = Sample::new("vm").broken(".conf", weak.0, weak.1);
    let mut proofs = Vec::new();
    // A server that is not told to end ends by its time limit of 15 s.
    assert!(took(|| proofs = sample.prove(&found())) < Duration::from_secs(12));
    assert!(failed(&proofs).contains(&"ssh-audit"), "{proofs:#?}");
    assert!(
        findings(&proofs).contains("rates kex curve25519-sha256 `warn`"),
        "{}",
        findings(&proofs)
    );
    assert_eq!(servers(), Vec::<String>::new());
}

/// Command lines of servers that this process started for an audit and that still run.
fn servers() -> Vec<String> {
    #![expect(clippy::disallowed_methods, reason = "the test looks at its own children")]
    let own = std::process::id().to_string();
    let entries = std::fs::read_dir("/proc").expect("processes").flatten();
    let lines = entries.filter_map(|entry| {
        let status = std::fs::read_to_string(entry.path().join("status")).ok()?;
        let parent = status.lines().find_map(|line| line.strip_prefix("PPid:"))?.trim().to_owned();
        let line = std::fs::read_to_string(entry.path().join("cmdline")).ok()?;
        (parent == own && line.contains("audited")).then_some(line)
    });
    lines.collect()
}

fn took(work: impl FnOnce()) -> Duration {
    #![expect(clippy::disallowed_methods, reason = "the test measures")]
    let start = Instant::now();
    work();
    start.elapsed()
}
