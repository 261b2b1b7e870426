//! What waits for the owner's word: asked by agents and a published client, decided by the owner alone, told as an alert.
#![expect(clippy::disallowed_methods, reason = "real programs on real files")]

use super::clients::Client as Published;
use super::{Served, command};
use crate::cli::program::{folder, sanctum};
use sanctum_host::clock;
use sanctum_host::journal::{Places, StreamName, follow};
use sanctum_orchestrator::alerts::watch::Stream;
use sanctum_orchestrator::alerts::{Command, Desk, Policy, What};
use sanctum_vault::client::{Client, ClientError};
use sanctum_vault::keyfile::AgentKey;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Stdio;

/// An unsealed vault with a value, an agent, and a policy that wants to be asked.
fn scene(root: &Path, approval: &str) -> Served {
    let served = Served::start(root.to_owned());
    served.vault(&["unseal"]).exits(0);
    served.fed(&["put", "a/key", "--stdin"], b"value-1").exits(0);
    served.vault(&["agent", "register", "x", "--plain"]).exits(0);
    allow(&served, approval);
    served
}

fn allow(served: &Served, approval: &str) {
    let rule = ["policy", "set", "x", "--agent", "x", "--path", "a/*", "--approval", approval];
    let actions = ["--action", "list", "--action", "retrieve", "--action", "use:sign"];
    served.vault(&[&rule[..], &actions].concat()).exits(0);
}

fn agent(root: &Path) -> Client {
    let text = std::fs::read(root.join(".sanctum/keys/x.key")).expect("a key");
    let mut own = Client::connect(&root.join(".sanctum/vault.sock")).expect("it is served");
    own.authenticate("x", &AgentKey::from_plain(&text).expect("a key")).expect("it is known");
    own
}

fn got(agent: &mut Client) -> Result<Value, String> {
    let found = agent.ask("retrieve", json!({ "path": "a/key", "ttl": 60 }));
    found.map_err(|error: ClientError| error.code().unwrap_or("unreached").to_owned())
}

fn required() -> Result<Value, String> {
    Err("APPROVAL_REQUIRED".to_owned())
}

/// The one that waits.
fn waiting(served: &Served) -> String {
    let listed = served.vault(&["approve", "--json"]).exits(0).json();
    let all = listed["vault"]["approvals"].as_array().expect("a list").clone();
    let asked: Vec<_> = all.iter().filter(|one| one["state"] == "asked").collect();
    assert_eq!(asked.len(), 1, "{all:?}");
    asked[0]["approval"].as_str().expect("a name").to_owned()
}

fn prints(served: &Served, args: &[&str], words: &str) {
    let printed = served.vault(args).exits(0).stdout;
    assert!(printed.contains(words), "no {words:?} in {printed}");
}

#[test]
fn the_owner_approves_and_denies_and_nothing_of_it_outlives_the_service() {
    let dir = folder();
    let root = dir.path().join("root");
    let mut served = scene(&root, "each");
    let mut x = agent(&root);
    assert_eq!((got(&mut x), got(&mut x)), (required(), required()));
    let id = waiting(&served);
    prints(&served, &["approve"], "x: retrieve of a/key");
    served.vault(&["approve", &id, "--for", "11"]).exits(2).says("from 1 to 10 minutes");
    prints(&served, &["approve", &id], "approved once, within 10 minutes");
    assert_eq!(got(&mut x).expect("approved")["value"], "76616c75652d31");
    assert_eq!(got(&mut x), required());
    let again = waiting(&served);
    assert_ne!(again, id);
    served.vault(&["approve", &id]).exits(1).says("no such approval");
    prints(&served, &["approve", "--deny", &again], "denied for 15 minutes");
    assert_eq!(got(&mut x), Err("ACCESS_DENIED".to_owned()));
    served.vault(&["approve", "--deny"]).exits(2);
    prints(&served, &["policy", "simulate", "x", "a/key", "retrieve"], "once you approved it");
    prints(&served, &["policy", "list"], "\"approval\":true");
    // Another policy is asked about anew, and so is a service that was killed.
    allow(&served, "30");
    assert_eq!(got(&mut x), required());
    prints(&served, &["approve", &waiting(&served), "--for", "5"], "for 5 minutes");
    assert!(got(&mut x).is_ok() && got(&mut x).is_ok());
    served.again();
    served.vault(&["unseal"]).exits(0);
    assert_eq!(got(&mut agent(&root)), required());
}

#[test]
fn a_process_of_the_account_without_the_owners_word_decides_nothing() {
    let dir = folder();
    let root = dir.path().join("root");
    let served = scene(&root, "30");
    let mut x = agent(&root);
    assert_eq!(got(&mut x), required());
    let id = waiting(&served);
    let mut nobody = Client::connect(&root.join(".sanctum/vault.sock")).expect("it is served");
    for verb in ["admin.approve", "admin.deny", "admin.approvals"] {
        for client in [&mut nobody, &mut x] {
            let refused = client.call(verb, json!({ "approval": id })).expect_err(verb);
            assert_eq!(refused.code(), Some("SESSION_EXPIRED"), "{verb}");
        }
    }
    // The verb itself, without a terminal, and with another passphrase.
    let mut without = command(sanctum(), &root);
    without.args(["vault", "--root"]).arg(&root).args(["approve", &id]).stdin(Stdio::null());
    let ran = without.output().expect("it ends");
    assert_eq!(ran.status.code(), Some(4), "{}", String::from_utf8_lossy(&ran.stderr));
    let own = std::fs::read(root.join("passphrase")).expect("a passphrase");
    std::fs::write(root.join("passphrase"), "another").expect("a file");
    served.vault(&["approve", &id]).exits(4).says("AUTH_FAILED");
    std::fs::write(root.join("passphrase"), own).expect("a file");
    assert_eq!(got(&mut x), required());
    assert_eq!(waiting(&served), id);
}

/// What the loop of alerts sends of everything in the vault's stream.
fn told(root: &Path) -> Vec<(String, String)> {
    let base = root.join(".sanctum");
    let places = Places::look_at(&base.join("state/journal"), &base.join("witness"));
    let places = places.expect("readable").expect("a journal");
    let (mut stream, mut events) = (Stream::default(), Vec::new());
    let name = StreamName::new("vault").expect("a name");
    let now = clock::now_millis();
    follow::news(&places, &name, None, &mut |entry| {
        events.extend(stream.hear(entry, false, now));
    })
    .expect("readable");
    let phone = json!([{ "name": "phone", "via": { "ntfy": { "url": "http://127.0.0.1:1", "topic": "house" } } }]);
    let policy = Policy::of(&crate::alerts::instance(&phone)).expect("a policy");
    let mut desk = Desk::new(policy);
    let all = events.iter().flat_map(|event| desk.heard(event, clock::now())).collect::<Vec<_>>();
    let sent = all.into_iter().filter_map(|command| match command {
        Command::Send { message, .. } => match message.what {
            What::Alert(alert) => Some((alert.subject, alert.next)),
            _ => None,
        },
        Command::Record(_) => None,
    });
    sent.collect()
}

#[test]
fn a_question_is_one_alert_and_its_value_is_in_none() {
    let dir = folder();
    let root = dir.path().join("root");
    let served = scene(&root, "each");
    let mut x = agent(&root);
    assert_eq!(told(&root), []);
    for _ in 0..3 {
        assert_eq!(got(&mut x), required());
    }
    let question = ("retrieve a/key".to_owned(), "sanctum vault approve".to_owned());
    assert_eq!(told(&root), std::slice::from_ref(&question));
    served.vault(&["approve", &waiting(&served)]).exits(0);
    assert!(got(&mut x).is_ok());
    let sign = json!({ "path": "a/key", "operation": "sign", "params": { "data": "d" } });
    assert!(x.ask("use", sign).is_err());
    let other = ("use:sign a/key".to_owned(), "sanctum vault approve".to_owned());
    assert_eq!(told(&root), [question, other]);
}

#[test]
fn a_published_client_is_told_what_the_owner_runs() {
    let python = sanctum_tests::need!("sanctum-ai-python");
    let dir = folder();
    let root = dir.path().join("root");
    let served = scene(&root, "each");
    let class = ("sanctum_ai", "SanctumClient");
    let mut client = Published::python(&python, &root, class, ("x", &json!({})));
    assert_eq!(client.ok("connect", json!([])), true);
    let wants = ("VaultError", "APPROVAL_REQUIRED");
    let error = client.refused("retrieve", json!(["a/key"]), wants);
    let id = waiting(&served);
    let suggestion = error["suggestion"].as_str().expect("words");
    assert!(suggestion.ends_with(&format!("sanctum vault approve {id}")), "{suggestion}");
    let context =
        json!({ "agent": "x", "resource": "a/key", "action": "retrieve", "approval": id });
    for (name, value) in context.as_object().expect("an object") {
        assert_eq!(&error["context"][name], value, "{error}");
    }
    served.vault(&["approve", &id]).exits(0);
    assert_eq!(client.ok("retrieve", json!(["a/key"])), "value-1");
    client.refused("retrieve", json!(["a/key"]), wants);
}
