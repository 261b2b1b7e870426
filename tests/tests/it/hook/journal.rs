//! What hooks decide is in the journal, and nothing depends on it.

use super::bed::{Bed, NEEDLE, token};
use sanctum_tests::need;
use serde_json::{Value, json};

fn told(bed: &Bed) -> Vec<Value> {
    let said = bed.run(&["audit", "--json"], b"").json();
    let all = said["entries"].as_array().unwrap_or_else(|| panic!("{said}")).clone();
    let ours = |event: &Value| event["actor"] == "guard:firewall";
    all.into_iter().filter(ours).collect()
}

#[test]
fn a_decision_is_told_where_there_is_a_journal_and_no_journal_is_made() {
    let _setpriv = need!("setpriv");
    let bed = Bed::new();
    let asks = json!({"command": format!("cat ~/.aws/credentials # {}", token())});
    bed.hook(&["pre-bash"], &asks).exits(2);
    assert!(!bed.is_there("home/.sanctum"));
    bed.run(&["hooks", "install", "claude"], b"").exits(0);
    bed.hook(&["pre-bash"], &asks).exits(2);
    bed.hook(&["pre-bash"], &json!({"command": "ls"})).exits(0);
    let told = told(&bed);
    assert_eq!(told.len(), 2, "{told:?}");
    let refused = &told[0];
    assert_eq!(refused["action"], "hook.command");
    assert_eq!(refused["outcome"], "refused");
    assert_eq!(refused["details"]["reason"], "Reads sensitive credential path: ~/.aws/credentials");
    assert_eq!(refused["details"]["mode"], "enforce");
    assert_eq!(told[1]["outcome"], "ok");
    assert!(!format!("{told:?}").contains(NEEDLE));
    bed.run(&["audit", "verify"], b"").exits(0);
}

#[test]
fn who_only_observes_lets_through_and_tells_and_the_plain_form_says_its_verdict() {
    let _setpriv = need!("setpriv");
    let bed = Bed::new();
    bed.run(&["hooks", "install", "claude"], b"").exits(0);
    bed.write("home/.sanctum/config.toml", "[ai_firewall]\nguard = \"observe\"\n");
    let input = json!({
        "session_id": "s", "cwd": "/work", "hook_event_name": "PreToolUse", "tool_name": "Bash",
        "tool_input": {"command": "cat ~/.ssh/id_rsa"},
    });
    assert_eq!(bed.hook(&["--agent", "claude"], &input).exits(0).json(), json!({}));
    let told = told(&bed);
    assert_eq!(told[0]["details"]["mode"], "observe");
    assert_eq!(told[0]["outcome"], "refused");
    bed.hook(&["pre-bash"], &json!({"command": "cat ~/.ssh/id_rsa"})).exits(2);
    // The house's word is above the file.
    let house = |mode: &str| {
        let text = crate::cli::program::SMALL;
        bed.write("home/house.yaml", &format!("{text}\nguards:\n  firewall: {mode}\n"));
        let house = bed.shown("home/house.yaml");
        bed.hook(&["--agent", "claude", "--instance", &house], &input).exits(0).json()
    };
    assert_eq!(house("enforce")["hookSpecificOutput"]["permissionDecision"], "deny");
    assert_eq!(house("observe"), json!({}));
}

#[test]
fn a_journal_that_cannot_be_written_changes_no_verdict_and_is_not_waited_for() {
    let _setpriv = need!("setpriv");
    let bed = Bed::new();
    bed.run(&["hooks", "install", "claude"], b"").exits(0);
    bed.hook(&["pre-bash"], &json!({"command": "ls"})).exits(0);
    let lock = bed.at("home/.sanctum/state/journal/hooks/lock");
    let held = open(&lock);
    rustix::fs::flock(&held, rustix::fs::FlockOperation::LockExclusive).expect("the lock");
    let begun = std::time::Duration::from_nanos(nanos());
    bed.hook(&["pre-bash"], &json!({"command": "ls"})).exits(0);
    bed.hook(&["pre-bash"], &json!({"command": "cat ~/.netrc"})).exits(2);
    let took = std::time::Duration::from_nanos(nanos()) - begun;
    drop(held);
    assert_eq!(told(&bed).len(), 1);
    // The lock of other verbs is waited for five seconds.
    assert!(took.as_secs() < 4, "{took:?}");
}

#[expect(clippy::disallowed_methods, reason = "the lock that another process would hold")]
fn open(path: &std::path::Path) -> std::fs::File {
    std::fs::OpenOptions::new().read(true).write(true).open(path).expect("the lock's file")
}

fn nanos() -> u64 {
    sanctum_host::clock::boot_nanos()
}
