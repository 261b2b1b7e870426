//! Host keys that are unknown, changed or revoked, keys that are refused, and how a key gets on record.

use super::bed::{Bed, Sshd};
use super::{NODE, failure};
use std::process::Stdio;

#[test]
fn an_unknown_host_key_is_refused_until_its_fingerprint_was_compared() {
    let (_sshd, _keygen, _unshare) = sanctum_tests::need!("sshd", "ssh-keygen", "unshare");
    let bed = Bed::new(&[NODE]);
    let _box = bed.start(NODE, &Sshd::default());
    let print = bed.fingerprint(NODE);
    let (kind, text) = failure(&bed, &[]);
    assert_eq!(kind, "unknown-host-key");
    assert!(text.contains(&print) && text.contains("sanctum ssh trust box"), "{text}");
    assert!(bed.known_here().is_none(), "nothing is learnt by looking");
    let trust = |more: &[&str]| bed.sanctum(&[&["ssh", "trust", NODE], more].concat());
    trust(&[]).exits(4).says("There is no terminal to answer on");
    let wrong = bed.fingerprint("other");
    trust(&["--fingerprint", &wrong]).exits(4).says(&format!("shows {print}, not {wrong}"));
    assert!(bed.known_here().is_none(), "nothing is recorded without a word");
    trust(&["--fingerprint", &print]).exits(0);
    assert!(bed.known_here().is_some_and(|text| text.lines().count() == 1));
    bed.sanctum(&["status", "--on", NODE]).exits(3);
    let again = trust(&["--fingerprint", &print]).exits(0);
    assert!(again.stdout.contains("on record already"), "{}", again.stdout);
}

#[test]
fn a_changed_host_key_is_refused_with_both_fingerprints() {
    let (_sshd, _keygen, _unshare) = sanctum_tests::need!("sshd", "ssh-keygen", "unshare");
    let bed = Bed::new(&[NODE]);
    let (old, new) = (bed.fingerprint("other"), bed.fingerprint(NODE));
    let _box = bed.start(NODE, &Sshd::default());
    bed.know_other(NODE);
    let (kind, text) = failure(&bed, &[]);
    assert_eq!(kind, "changed-host-key");
    for words in ["HAS CHANGED", &old, &new, "known_hosts:1"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let trust = |more: &[&str]| {
        bed.sanctum(&[&["ssh", "trust", NODE, "--fingerprint", &new], more].concat())
    };
    trust(&[]).exits(4).says("HAS CHANGED").says(&old).says("--replace");
    trust(&["--replace"]).exits(0);
    // The house's own record counts before the user's.
    bed.sanctum(&["status", "--on", NODE]).exits(3);
}

#[test]
fn a_revoked_host_key_is_refused_although_it_is_on_record() {
    let (_sshd, _keygen, _unshare) = sanctum_tests::need!("sshd", "ssh-keygen", "unshare");
    let bed = Bed::new(&[NODE]);
    let _box = bed.start(NODE, &Sshd::default());
    bed.know(NODE);
    bed.sanctum(&["status", "--on", NODE]).exits(3);
    bed.revoke(NODE);
    for transport in ["own", "openssh"] {
        let (kind, text) = failure(&bed, &["--transport", transport]);
        assert_eq!(kind, "revoked-host-key", "{text}");
    }
    let print = bed.fingerprint(NODE);
    bed.sanctum(&["ssh", "trust", NODE, "--fingerprint", &print]).exits(4).says("revokes");
}

#[test]
fn hashed_records_of_ssh_keygen_count() {
    let (_sshd, keygen, _unshare) = sanctum_tests::need!("sshd", "ssh-keygen", "unshare");
    let bed = Bed::new(&[NODE]);
    let _box = bed.start(NODE, &Sshd::default());
    bed.know(NODE);
    let words = ["-q", "-H", "-f", &bed.text("home/.ssh/known_hosts")].map(str::to_owned);
    bed.as_owner(&keygen, &words).exits(0);
    assert!(bed.known().is_some_and(|text| text.starts_with("|1|")));
    bed.sanctum(&["status", "--on", NODE]).exits(3);
}

#[test]
fn a_key_that_is_not_let_in_and_no_key_at_all() {
    let (_sshd, _keygen, _unshare) = sanctum_tests::need!("sshd", "ssh-keygen", "unshare");
    let bed = Bed::new(&[NODE]);
    let _box = bed.start(NODE, &Sshd::default());
    bed.know(NODE);
    bed.refuse();
    for transport in ["own", "openssh"] {
        let (kind, text) = failure(&bed, &["--transport", transport]);
        assert_eq!(kind, "refused-key", "{text}");
        assert!(text.contains("--identity FILE"), "{text}");
    }
    bed.remove("home/.ssh/id_ed25519");
    let (kind, text) = failure(&bed, &[]);
    assert_eq!(kind, "no-key", "{text}");
    bed.allow("");
}

#[test]
fn a_key_that_others_can_read_is_no_key() {
    let (_sshd, _keygen, _unshare) = sanctum_tests::need!("sshd", "ssh-keygen", "unshare");
    let bed = Bed::new(&[NODE]);
    bed.open_key();
    let key = bed.text("home/.ssh/id_ed25519");
    bed.sanctum(&["status", "--on", NODE, "--identity", &key]).exits(1).says("others can read it");
}

#[test]
fn a_locked_key_needs_a_terminal_or_an_agent_that_holds_it() {
    let (_sshd, keygen, agent, add) =
        sanctum_tests::need!("sshd", "ssh-keygen", "ssh-agent", "ssh-add");
    let bed = Bed::new(&[NODE]);
    let _box = bed.start(NODE, &Sshd::default());
    bed.know(NODE);
    let socket = bed.text("tmp/agent");
    let mut running = bed
        .owner(&agent)
        .args(["-D", "-a", &socket])
        .stdout(Stdio::null())
        .spawn()
        .expect("an agent");
    let asked = |words: &[&str]| {
        let instance = bed.text("instance.yaml");
        let mut command = bed.owner(crate::cli::program::sanctum());
        command.args(words).args(["--instance", &instance]).env("SSH_AUTH_SOCK", &socket);
        crate::cli::program::Ran::of(&command.output().expect("sanctum starts"))
    };
    bed.wait_for("tmp/agent");
    let key = bed.text("home/.ssh/id_ed25519");
    let added = bed.owner(&add).arg(&key).env("SSH_AUTH_SOCK", &socket).output().expect("ssh-add");
    assert!(added.status.success(), "{added:?}");
    let lock = ["-q", "-p", "-P", "", "-N", "correct horse", "-f", &key].map(str::to_owned);
    bed.as_owner(&keygen, &lock).exits(0);
    for words in [
        &["status", "--on", NODE][..],
        &["status", "--on", NODE, "--identity", &key],
        &["status", "--on", NODE, "--identity", &key, "--transport", "openssh"],
    ] {
        asked(words).exits(3);
    }
    let locked = bed.sanctum(&["status", "--on", NODE, "--identity", &key]);
    locked.exits(4).says("is encrypted, and there is no terminal").says("ssh-add");
    running.kill().expect("the agent ends");
    running.wait().expect("it ended");
}

#[test]
fn a_node_pushes_its_next_key_over_the_connection_that_the_old_one_secures() {
    let (_sshd, _keygen, _unshare) = sanctum_tests::need!("sshd", "ssh-keygen", "unshare");
    let bed = Bed::new(&[NODE]);
    bed.know(NODE);
    // sshd has one host key of each kind.
    bed.other_kind("next");
    let next = format!("HostKey {}\n", bed.text("keys/next"));
    {
        let both = Sshd { more: &next, ..Sshd::default() };
        let _box = bed.start(NODE, &both);
        let said = bed.sanctum(&["ssh", "repin", NODE]).exits(0).stdout;
        for key in [NODE, "next"] {
            assert!(said.contains(&bed.fingerprint(key)), "{key}: {said}");
        }
    }
    bed.swap_keys(NODE, "next");
    let _box = bed.start(NODE, &Sshd::default());
    bed.sanctum(&["status", "--on", NODE]).exits(3);
    // With the new key alone, the old one is taken off the record.
    bed.sanctum(&["ssh", "repin", NODE]).exits(0);
    assert!(bed.known_here().is_some_and(|text| text.lines().count() == 1));
}

#[test]
fn a_node_whose_key_is_not_on_record_pushes_nothing() {
    let (_sshd, _keygen, _unshare) = sanctum_tests::need!("sshd", "ssh-keygen", "unshare");
    let bed = Bed::new(&[NODE]);
    let _box = bed.start(NODE, &Sshd::default());
    bed.know_other(NODE);
    bed.sanctum(&["ssh", "repin", NODE]).exits(1).says("HAS CHANGED");
    assert!(bed.known_here().is_none());
}

#[test]
fn a_key_from_a_channel_that_is_trusted_needs_no_comparing() {
    let (_sshd, _keygen, _unshare) = sanctum_tests::need!("sshd", "ssh-keygen", "unshare");
    let bed = Bed::new(&[NODE]);
    let _box = bed.start(NODE, &Sshd::default());
    let file = bed.text(&format!("keys/{NODE}.pub"));
    bed.sanctum(&["ssh", "trust", NODE, "--key", &file]).exits(0);
    bed.sanctum(&["status", "--on", NODE]).exits(3);
}

#[test]
fn a_key_that_the_journal_does_not_take_is_not_put_on_record() {
    let (_sshd, _keygen, _unshare) = sanctum_tests::need!("sshd", "ssh-keygen", "unshare");
    let bed = Bed::new(&[NODE]);
    let _box = bed.start(NODE, &Sshd::default());
    bed.know(NODE);
    let file = bed.text(&format!("keys/{NODE}.pub"));
    let ways = [&["ssh", "trust", NODE, "--key", &file][..], &["ssh", "repin", NODE]];
    // Where the owner's journal would be, there is a file.
    bed.write("home/.sanctum/state", "");
    for words in ways {
        bed.sanctum(words).exits(1).says("what cannot be recorded is not done");
        assert!(bed.known_here().is_none(), "{words:?}");
    }
    bed.remove("home/.sanctum/state");
    for (words, action) in ways.into_iter().zip(["ssh.trust", "ssh.repin"]) {
        bed.sanctum(words).exits(0);
        bed.remove("home/.sanctum/known_hosts");
        let told = bed.read("home/.sanctum/state/journal/sanctum/000001.jsonl");
        let line = |line: &str| line.contains(action) && line.contains(&bed.fingerprint(NODE));
        assert!(told.lines().any(line), "{action}: {told}");
    }
}
