//! Installs, from a command to the client that is asked: stand-ins for the clients that are not here, the real ones where they are.
#![expect(clippy::disallowed_methods, reason = "real programs, sockets and files")]

use super::bed::Bed;
use crate::cli::program::{copy_program, folder, sanctumd};
use sanctum_tests::{need, note_skipped};
use serde_json::{Value, json};
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::Shutdown;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Long enough for a process to listen on a busy machine.
const LONG: Duration = Duration::from_secs(30);

/// A stand-in knows exactly one way of being asked, from `/`, and fails at any other.
const NPM: &str = r#"#!/bin/sh
[ "$(pwd)" = / ] && [ -z "$NPM_PROJECT_SECRET" ] || exit 65
case "$*" in
  "view old-zz name time dist-tags --json --loglevel=silent") echo '{"name":"old-zz","time":{"1.0.0":"2020-01-01T00:00:00Z"},"dist-tags":{"latest":"1.0.0"}}' ;;
  "view new-zz name time dist-tags --json --loglevel=silent") echo "{\"name\":\"new-zz\",\"time\":{\"1.0.0\":\"$(date -u +%Y-%m-%dT%H:%M:%SZ)\"},\"dist-tags\":{\"latest\":\"1.0.0\"}}" ;;
  "view gone-zz name time dist-tags --json --loglevel=silent") echo '{"error":{"code":"E404"}}'; exit 1 ;;
  "view ill-zz name time dist-tags --json --loglevel=silent") echo '{"error":{"code":"E401"}}'; exit 1 ;;
  "view owner-zz/repo-zz name time dist-tags --json --loglevel=silent") echo '{"name":"x","time":{"1.0.0":"2020-01-01T00:00:00Z"},"dist-tags":{"latest":"1.0.0"}}' ;;
  "view slow-zz name time dist-tags --json --loglevel=silent") sleep 2; echo '{"error":{"code":"E404"}}' ;;
  *) exit 64 ;;
esac
"#;
const BREW: &str = r#"#!/bin/sh
case "$*" in
  "info --json=v2 old-zz") echo '{"formulae":[{"versions":{"stable":"1.0"}}],"casks":[]}' ;;
  "info --json=v2 gone-zz") echo 'Error: No available formula with the name "gone-zz".' >&2; exit 1 ;;
  *) exit 64 ;;
esac
"#;

/// The running service; it ends with its test.
pub(super) struct Service(Child);

impl Service {
    pub(super) fn start(mut command: Command, socket: &Path) -> Self {
        command.stdout(Stdio::null()).stderr(Stdio::inherit()).stdin(Stdio::null());
        let this = Self(command.spawn().expect("it starts"));
        let begun = Instant::now();
        while UnixStream::connect(socket).is_err() {
            assert!(begun.elapsed() < LONG, "nobody listens");
            std::thread::sleep(Duration::from_millis(20));
        }
        this
    }

    fn beside(bed: &Bed) -> Self {
        let mut command = bed.program(sanctumd(), "sanctumd");
        command.args(["--only", "packages"]);
        let bin = bed.shown("bin");
        command.env("PATH", format!("{bin}:/usr/bin:/bin")).env("NPM_PROJECT_SECRET", "x");
        Self::start(command, &bed.at("home/.sanctum/state/packages.sock"))
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It may have ended by itself in a failed test.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn bed() -> Bed {
    let bed = Bed::new();
    bed.dir("bin");
    for (name, text) in [("npm", NPM), ("brew", BREW)] {
        let path = format!("bin/{name}");
        bed.write(&path, text);
        fs::set_permissions(bed.at(&path), fs::Permissions::from_mode(0o755)).expect("a mode");
    }
    bed
}

pub(super) fn verdict(bed: &Bed, command: &str) -> (String, String) {
    let said = bed.hook(&["pre-bash"], &json!({ "command": command })).json();
    let text = |key: &str| said[key].as_str().unwrap_or_default().to_owned();
    (text("decision"), text("reason"))
}

#[test]
fn a_hook_says_what_the_clients_say() {
    let _setpriv = need!("setpriv");
    let bed = bed();
    bed.write("home/project/bad.txt", "old-zz\n-r more.txt\n");
    bed.write("home/project/package.json", r#"{"dependencies":{"gone-zz":"^1"}}"#);
    let service = Service::beside(&bed);
    for (command, word, part) in [
        ("npm i old-zz", "allow", ""),
        ("npm i gone-zz", "block", "in no registry that npm uses"),
        ("npm i new-zz", "ask", "is new"),
        ("npm i ill-zz", "ask", "gave no answer"),
        ("npm i old-zz@9.9.9", "block", "not in that version"),
        ("npm i old-zz gone-zz", "block", "gone-zz"),
        ("npm install", "block", "package.json"),
        ("brew install old-zz", "allow", ""),
        ("brew install gone-zz", "block", "in no registry that brew uses"),
        ("npm i --registry https://r.example old-zz", "ask", "--registry"),
        ("pip install litellm==1.82.8", "block", "MAL-2026-2144"),
        ("echo npm i gone-zz", "allow", ""),
    ] {
        let (decision, reason) = verdict(&bed, command);
        assert_eq!(decision, word, "{command}: {reason}");
        assert!(reason.contains(part), "{command}: {reason}");
    }
    // A checkout that brings its own registry is told, and the owner's client is not led there.
    bed.write("home/project/.npmrc", "registry=https://r.example/\n");
    let (decision, reason) = verdict(&bed, "npm i old-zz");
    assert!(decision == "ask" && reason.contains(".npmrc"), "{decision} {reason}");
    drop(service);
    let (decision, reason) = verdict(&bed, "brew install other-zz");
    assert!(decision == "ask" && reason.contains("gave no answer"), "{decision} {reason}");
}

/// What Claude Code is told of a command.
fn told(bed: &Bed, arguments: &[&str], command: &str, mode: &str) -> Value {
    let input = json!({
        "session_id": "s", "transcript_path": "/t", "cwd": bed.shown("home/project"), "permission_mode": mode,
        "hook_event_name": "PreToolUse", "tool_name": "Bash", "tool_use_id": "u",
        "tool_input": {"command": command, "description": "d", "timeout": 9000},
    });
    bed.hook(arguments, &input).exits(0).json()["hookSpecificOutput"].clone()
}

#[test]
fn an_install_that_would_run_scripts_is_offered_without_them() {
    let _setpriv = need!("setpriv");
    let bed = bed();
    let _service = Service::beside(&bed);
    let claude = |command: &str, mode: &str| told(&bed, &["--agent", "claude"], command, mode);
    let said = claude("cd /tmp && npm i old-zz | tail -3", "default");
    assert_eq!(
        said["updatedInput"],
        json!({"command": "cd /tmp && npm i --ignore-scripts old-zz | tail -3", "description": "d", "timeout": 9000})
    );
    assert_eq!(said["permissionDecision"], "ask");
    let reason = said["permissionDecisionReason"].as_str().unwrap_or_default();
    assert!(reason.contains("`--ignore-scripts` was added"), "{said}");
    let context = said["additionalContext"].as_str().unwrap_or_default();
    assert!(!context.contains("will run"), "{said}");
    // What is asked about for another reason keeps it; what is refused is not offered.
    let said = claude("npm i new-zz", "default");
    let reason = said["permissionDecisionReason"].as_str().unwrap_or_default();
    assert!(reason.contains("is new") && reason.contains("was added"), "{said}");
    assert_eq!(said["updatedInput"]["command"], "npm i --ignore-scripts new-zz");
    let said = claude("npm i gone-zz", "default");
    assert!(said["permissionDecision"] == "deny" && said["updatedInput"].is_null(), "{said}");
    for (command, mode) in [
        ("npm i --ignore-scripts old-zz", "default"),
        ("bash -c 'npm i old-zz'", "default"),
        ("npm i old-zz", "bypassPermissions"),
        ("npm i old-zz", "dontAsk"),
    ] {
        let said = claude(command, mode);
        assert!(said["updatedInput"].is_null() && said["permissionDecision"].is_null(), "{said}");
    }
    let codex = json!({
        "session_id": "s", "transcript_path": null, "cwd": bed.shown("home/project"), "permission_mode": "default", "model": "m",
        "turn_id": "t", "hook_event_name": "PreToolUse", "tool_name": "Bash", "tool_use_id": "u", "tool_input": {"command": "npm i old-zz"},
    });
    // It has no question to show the other command with: what came stays, with the remark.
    let said = bed.hook(&["--agent", "codex"], &codex).exits(0).json();
    let said = &said["hookSpecificOutput"];
    assert!(said["updatedInput"].is_null() && said["permissionDecision"].is_null(), "{said}");
    assert!(said["additionalContext"].to_string().contains("will run"), "{said}");
    // The plain form says its verdict as ever, and what would be better beside it.
    let said = bed.hook(&["pre-bash"], &json!({"command": "npm i old-zz"})).exits(0).json();
    assert_eq!((&said["decision"], &said["reason"]), (&json!("allow"), &Value::Null), "{said}");
    assert_eq!(said["input"], json!({"command": "npm i --ignore-scripts old-zz"}));
    // Who lets scripts run is not second-guessed.
    bed.write("home/.sanctum/config.toml", "[sentinel.npm]\nallowlist = [\"old-zz\"]\n");
    assert_eq!(claude("npm i old-zz", "default"), Value::Null);
}

#[test]
fn a_hook_waits_so_long_and_the_next_one_has_the_answer() {
    let _setpriv = need!("setpriv");
    let bed = bed();
    bed.dir("home/.sanctum");
    bed.write(
        "home/.sanctum/config.toml",
        "[ai_firewall]\npackage_check_timeout_ms = 300\nregistry_unreachable = \"deny\"\n",
    );
    let _service = Service::beside(&bed);
    let (decision, reason) = verdict(&bed, "npm i slow-zz");
    assert!(decision == "block" && reason.contains("gave no answer"), "{decision} {reason}");
    let begun = Instant::now();
    while !verdict(&bed, "npm i slow-zz").1.contains("in no registry") {
        assert!(begun.elapsed() < LONG, "it is never known");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// npm fetches `owner/repository` from a forge; the stand-in would know it.
#[test]
fn what_is_no_name_of_a_registry_is_given_to_no_client() {
    let _setpriv = need!("setpriv");
    let bed = bed();
    bed.write("home/project/package.json", r#"{"dependencies":{"owner-zz/repo-zz":"^1"}}"#);
    let _service = Service::beside(&bed);
    let (decision, reason) = verdict(&bed, "npm install");
    assert!(decision == "ask" && reason.contains("gave no answer"), "{decision} {reason}");
}

#[test]
fn a_secret_is_not_read_for_names() {
    let _setpriv = need!("setpriv");
    let bed = bed();
    bed.dir("home/.aws");
    bed.write("home/.aws/credentials", "needle-zz\n");
    std::os::unix::fs::symlink("../.aws/credentials", bed.at("home/project/names.txt"))
        .expect("a link");
    for command in ["pip install -r ~/.aws/credentials", "pip install -r names.txt"] {
        let (_, reason) = verdict(&bed, command);
        assert!(!reason.contains("needle-zz"), "{reason}");
    }
}

#[test]
fn an_index_of_records_is_made_of_files_and_holds() {
    let _setpriv = need!("setpriv");
    let bed = bed();
    bed.dir("home/records");
    bed.dir("home/records/npm");
    bed.write(
        "home/records/npm/a.json",
        r#"{"id":"MAL-9-1","affected":[{"package":{"ecosystem":"npm","name":"old-zz"},"versions":["1.0.0"]}]}"#,
    );
    bed.write("home/records/npm/b.json", "{");
    bed.write("home/records/npm/c.json", r#"{"id":"GHSA-1"}"#);
    let records = bed.shown("home/records");
    let ran = bed.run(&["packages", "refresh", "--from", &records, "--json"], b"").exits(0);
    let said = ran.json();
    assert_eq!(
        (&said["records"], &said["files"], &said["unread"]),
        (&json!(1), &json!(3), &json!(1))
    );
    assert_eq!(bed.read("home/.sanctum/packages/malicious.txt"), "npm\told-zz\t1.0.0\tMAL-9-1\n");
    let _service = Service::beside(&bed);
    let (decision, reason) = verdict(&bed, "npm i old-zz");
    assert!(decision == "block" && reason.contains("MAL-9-1"), "{decision} {reason}");
    let ran = bed.run(&["packages", "check", "npm", "old-zz"], b"").exits(3);
    assert!(ran.stdout.contains("MAL-9-1"), "{ran:?}");
    bed.run(&["packages", "refresh", "--from", &bed.shown("home/project")], b"").exits(4);
    assert_eq!(bed.read("home/.sanctum/packages/malicious.txt"), "npm\told-zz\t1.0.0\tMAL-9-1\n");
}

/// One question to a service at this socket.
fn asked(socket: &Path, names: &Value) -> Value {
    let mut stream = UnixStream::connect(socket).expect("somebody listens");
    let question = json!({ "format": 1, "names": names, "within_ms": 28_000 });
    stream.write_all(question.to_string().as_bytes()).expect("it reads");
    stream.shutdown(Shutdown::Write).expect("a half");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    serde_json::from_str(&answer).expect("JSON")
}

/// The real clients of this account and the registries that they are configured for: three names each at most.
#[test]
fn the_real_clients_know_what_is_there() {
    let _npm = need!("npm");
    let dir = folder();
    copy_program(sanctumd(), &dir.path().join("sanctumd"));
    let socket = dir.path().join("run/packages.sock");
    let mut command = Command::new(dir.path().join("sanctumd"));
    command.args(["--only", "packages", "--socket"]).arg(&socket);
    let _service = Service::start(command, &socket);
    for (ecosystem, there, version) in
        [("npm", "left-pad", "1.3.0"), ("pypi", "six", "1.16.0"), ("cargo", "itoa", "1.0.0")]
    {
        let name = |name: &str| json!({ "ecosystem": ecosystem, "name": name });
        let mut exact = name(there);
        exact["version"] = json!(version);
        let mut wrong = name(there);
        wrong["version"] = json!("99.99.99");
        let absent = name("zzz-sanctum-nonexistent-9d3");
        let answers = asked(&socket, &json!([exact, wrong, absent]))["answers"].clone();
        if answers[0]["state"] == "unanswered" {
            note_skipped(ecosystem, "its client or registry does not answer here");
            continue;
        }
        assert_eq!(answers[0]["state"], "present", "{ecosystem} {answers}");
        assert_eq!(answers[0]["version"], version, "{ecosystem} {answers}");
        assert!(answers[0]["published"].as_i64() > Some(1_300_000_000), "{ecosystem} {answers}");
        assert_eq!(answers[1]["no_such_version"], true, "{ecosystem} {answers}");
        assert_eq!(answers[2]["state"], "absent", "{ecosystem} {answers}");
    }
}
