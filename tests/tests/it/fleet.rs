//! `sanctum status --on` and `--all` against real sshd: keys, hangs, cuts, jumps, transports, and fifty at once.

pub(crate) mod bed;
mod crowd;
mod keys;

use bed::{Bed, Sshd};
use serde_json::Value;
use std::net::TcpListener;

const NODE: &str = "box";

/// The entry of a node.
fn node<'a>(report: &'a Value, name: &str) -> &'a Value {
    let nodes = report["nodes"].as_array().expect("nodes");
    nodes
        .iter()
        .find(|node| node["node"] == name)
        .unwrap_or_else(|| panic!("no {name}: {report:#}"))
}

/// The kind of failure of the one node that was asked.
fn failure(bed: &Bed, more: &[&str]) -> (String, String) {
    let words = [&["status", "--on", NODE, "--json"], more].concat();
    let report = bed.sanctum(&words).exits(1).json();
    let error = &node(&report, NODE)["error"];
    let text = |key: &str| error[key].as_str().unwrap_or_default().to_owned();
    (text("kind"), format!("{} {}", text("message"), text("hint")))
}

#[test]
fn a_node_without_sanctum_answers_with_the_probe() {
    let (_sshd, _keygen, _unshare) = sanctum_tests::need!("sshd", "ssh-keygen", "unshare");
    let bed = Bed::new(&[NODE]);
    let _box = bed.start(NODE, &Sshd::default());
    bed.know(NODE);
    let report = bed.sanctum(&["status", "--on", NODE, "--json"]).exits(3).json();
    let status = &node(&report, NODE)["status"];
    assert_eq!(status["source"], "probe", "{report:#}");
    assert_eq!(status["system"]["os"], "Linux");
    assert!(status["system"]["uptime_seconds"].as_u64().is_some_and(|up| up > 0));
    assert_eq!(status["layers"][0]["state"], "unknown", "a probe promises nothing");
    assert_eq!(report["summary"]["findings"], 1);
    let table = bed.sanctum(&["status", "--on", NODE]).exits(3).stdout;
    assert!(
        table.contains("box") && table.contains("probe") && table.contains("1 asked"),
        "{table}"
    );
}

#[test]
fn a_node_with_sanctum_answers_for_itself() {
    let (_sshd, _keygen, _unshare) = sanctum_tests::need!("sshd", "ssh-keygen", "unshare");
    let bed = Bed::new(&[NODE]);
    let _box = bed.start(NODE, &Sshd { installed: true, ..Sshd::default() });
    bed.know(NODE);
    for transport in ["own", "openssh"] {
        let words = ["status", "--on", NODE, "--json", "--transport", transport];
        let report = bed.sanctum(&words).exits(3).json();
        let status = &node(&report, NODE)["status"];
        assert_eq!(status["source"], "sanctum", "{report:#}");
        assert_eq!(status["layers"].as_array().map(Vec::len), Some(7));
    }
    let words = ["status", "--on", NODE, "--json", "--agentless"];
    let report = bed.sanctum(&words).exits(3).json();
    assert_eq!(node(&report, NODE)["status"]["source"], "probe");
}

#[test]
fn a_restricted_key_with_a_forced_command_is_enough() {
    let (_sshd, ssh, _unshare) = sanctum_tests::need!("sshd", "ssh", "unshare");
    let bed = Bed::new(&[NODE]);
    bed.allow("restrict,command=\"/opt/sanctum/bin/sanctum status --json\"");
    let _box = bed.start(NODE, &Sshd { installed: true, ..Sshd::default() });
    bed.know(NODE);
    for transport in ["own", "openssh"] {
        let words = ["status", "--on", NODE, "--json", "--transport", transport];
        let report = bed.sanctum(&words).exits(3).json();
        assert_eq!(node(&report, NODE)["status"]["source"], "sanctum", "{report:#}");
    }
    let said = bed.as_owner(&ssh, &bed.ssh_words(NODE, "id -u"));
    assert!(said.stdout.starts_with('{') && !said.stdout.contains("64003\n"), "{said:?}");
}

#[test]
fn a_server_that_never_speaks_and_one_that_hangs_later_are_given_up() {
    let (_sshd, _keygen, _unshare) = sanctum_tests::need!("sshd", "ssh-keygen", "unshare");
    let bed = Bed::new(&[NODE]);
    let silent = TcpListener::bind((bed.address(NODE), bed.port)).expect("a listener");
    let (kind, text) = failure(&bed, &["--timeout", "1"]);
    assert_eq!(kind, "timeout", "{text}");
    assert!(text.contains("connecting and exchanging keys"), "{text}");
    drop(silent);
    bed.allow("command=\"sleep 60\"");
    let _box = bed.start(NODE, &Sshd::default());
    bed.know(NODE);
    for transport in ["own", "openssh"] {
        let (kind, text) = failure(&bed, &["--timeout", "2", "--transport", transport]);
        assert_eq!(kind, "timeout", "{text}");
    }
}

#[test]
fn answers_that_are_cut_noisy_or_endless_are_no_status() {
    let (_sshd, _keygen, _unshare) = sanctum_tests::need!("sshd", "ssh-keygen", "unshare");
    let bed = Bed::new(&[NODE]);
    let _box = bed.start(NODE, &Sshd::default());
    bed.know(NODE);
    for (command, kind, words) in [
        (
            "printf '{\\\"format\\\":1,\\\"node\\\":'",
            "truncated",
            "stops in the middle, after 19 bytes",
        ),
        ("printf 'sanctum-probe 1\\nos Linux\\n'", "truncated", "stops in the middle"),
        ("true", "truncated", "after 0 bytes"),
        ("echo Welcome", "not-status", "`Welcome`"),
        ("printf '\\033]0;x\\007hello'", "not-status", "`\u{fffd}]0;x\u{fffd}hello`"),
        ("head -c 1200000 /dev/zero", "too-long", "longer than 1048576 bytes"),
        ("echo broken >&2; exit 9", "remote", "exit status 9: broken"),
    ] {
        bed.allow(&format!("command=\"{command}\""));
        for transport in ["own", "openssh"] {
            let (got, text) = failure(&bed, &["--transport", transport]);
            assert_eq!(got, kind, "{command}: {text}");
            assert!(text.contains(words), "{command}: {text}");
        }
    }
}

#[test]
fn nothing_that_a_node_says_acts_on_the_terminal() {
    let (_sshd, _keygen, _unshare) = sanctum_tests::need!("sshd", "ssh-keygen", "unshare");
    let bed = Bed::new(&[NODE]);
    let _box = bed.start(NODE, &Sshd::default());
    bed.know(NODE);
    let evil = "printf 'sanctum-probe 1\\nhost \\033[2Jmini\\nos \\342\\200\\256x\\nend 2\\n'";
    bed.allow(&format!("command=\"{evil}\""));
    for words in [&["status", "--on", NODE][..], &["status", "--on", NODE, "--json"]] {
        let said = bed.sanctum(words).exits(3);
        let all = said.stdout + &said.stderr;
        assert!(!all.contains(['\u{1b}', '\u{202e}']), "{all:?}");
    }
}

#[test]
fn a_node_behind_another_is_reached_through_it() {
    let (_sshd, _ip, _unshare) = sanctum_tests::need!("sshd", "ip", "unshare");
    let bed = Bed::new(&["door", NODE]);
    bed.instance_with(&[("door", ""), (NODE, ", jump: door")]);
    let door = bed.start("door", &Sshd::default());
    let _box = bed.start(NODE, &Sshd { only_from: Some("127.0.0.1"), ..Sshd::default() });
    bed.know("door");
    bed.know(NODE);
    for transport in ["own", "openssh"] {
        let words = ["status", "--on", NODE, "--json", "--transport", transport];
        let report = bed.sanctum(&words).exits(3).json();
        assert_eq!(node(&report, NODE)["status"]["source"], "probe", "{report:#}");
        assert!(door.log().contains("direct-tcpip"), "it went through: {}", door.log());
        door.forget();
    }
    bed.instance_with(&[("door", ""), (NODE, "")]);
    let report = bed.sanctum(&["status", "--on", NODE, "--json", "--jump", "door"]).exits(3).json();
    assert_eq!(node(&report, NODE)["status"]["source"], "probe", "{report:#}");
    assert!(door.log().contains("direct-tcpip"), "{}", door.log());
    bed.forget("door");
    let (kind, text) = failure(&bed, &["--jump", "door"]);
    assert_eq!(kind, "unknown-host-key", "the jump host's key counts too: {text}");
}

#[test]
fn one_that_fails_is_a_row_beside_those_that_answer() {
    let (_sshd, _keygen, _unshare) = sanctum_tests::need!("sshd", "ssh-keygen", "unshare");
    let bed = Bed::new(&["alpha", NODE, "dead"]);
    let _alpha = bed.start("alpha", &Sshd::default());
    let _box = bed.start(NODE, &Sshd::default());
    bed.know("alpha");
    let said = bed.sanctum(&["status", "--all", "--json"]).exits(3);
    let report = said.json();
    assert_eq!(report["summary"]["asked"], 4, "the hub has no address and is told of: {report:#}");
    assert_eq!(report["summary"]["failed"], 3);
    let kind = |name: &str| node(&report, name)["error"]["kind"].clone();
    assert_eq!(
        (kind("alpha"), kind(NODE), kind("dead"), kind("hub")),
        (Value::Null, "unknown-host-key".into(), "unreachable".into(), "unreachable".into())
    );
    let table = bed.sanctum(&["status", "--all"]).exits(3).stdout;
    for words in ["FAILED", "unknown-host-key", "hint: ", "4 asked: 0 hold, 1 with findings"] {
        assert!(table.contains(words), "{words}: {table}");
    }
    bed.sanctum(&["status", "--on", "dead"]).exits(1);
    bed.sanctum(&["status", "--on", "nobody"]).exits(2).says("the instance has no node `nobody`");
}

#[test]
fn a_post_quantum_only_server_needs_the_systems_ssh_and_gets_it() {
    let (_sshd, _ssh, _unshare) = sanctum_tests::need!("sshd", "ssh", "unshare");
    let bed = Bed::new(&[NODE]);
    let only = "KexAlgorithms sntrup761x25519-sha512@openssh.com\n";
    let _box = bed.start(NODE, &Sshd { more: only, ..Sshd::default() });
    let (kind, text) = failure(&bed, &["--transport", "openssh"]);
    assert_eq!(kind, "unknown-host-key", "{text}");
    bed.know_other(NODE);
    let (kind, text) = failure(&bed, &["--transport", "openssh"]);
    assert_eq!(kind, "changed-host-key", "{text}");
    bed.forget(NODE);
    let print = bed.fingerprint(NODE);
    let words = ["ssh", "trust", NODE, "--transport", "openssh", "--fingerprint", &print];
    bed.sanctum(&words).exits(0);
    let (kind, text) = failure(&bed, &[]);
    assert_eq!(kind, "no-common-algorithm", "{text}");
    for words in ["no key exchange in common", "sntrup761x25519-sha512", "--transport openssh"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let words = ["status", "--on", NODE, "--json", "--transport", "openssh"];
    let report = bed.sanctum(&words).exits(3).json();
    assert_eq!(node(&report, NODE)["status"]["source"], "probe", "{report:#}");
}
