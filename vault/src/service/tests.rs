//! The vault as its clients see it, without a socket.

mod agents;
mod approvals;
mod kept;

use super::{Connection, Now, Vault};
use crate::crypt::{hex, unhex};
use crate::keyfile::AgentKey;
use crate::keys::tests::{CHEAP, passphrase};
use crate::place::Home;
use crate::store::Store;
use sanctum_types::{AbsPath, Action, AuditEvent, AuditSink, NotRecorded, Outcome};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

#[derive(Default)]
pub(super) struct Sink {
    pub(super) events: Mutex<Vec<AuditEvent>>,
    pub(super) full: Mutex<bool>,
    /// Events until it is full, where that is to happen.
    pub(super) room: Mutex<Option<u32>>,
}

impl AuditSink for Sink {
    fn record(&self, event: &AuditEvent) -> Result<(), NotRecorded> {
        let mut room = self.room.lock().unwrap();
        let last = *room == Some(0);
        *room = room.map(|room| room.saturating_sub(1));
        if *self.full.lock().unwrap() || last {
            let source = Box::new(std::io::Error::other("full"));
            return Err(NotRecorded { action: Action::new("x").unwrap(), source });
        }
        self.events.lock().unwrap().push(event.clone());
        Ok(())
    }
}

pub(super) struct Bed {
    pub(super) vault: Vault,
    pub(super) sink: Arc<Sink>,
    _dir: tempfile::TempDir,
}

pub(super) fn bed() -> Bed {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| AbsPath::new(name).unwrap();
    let home = Home { log: at("/vault"), counter: at("/state") };
    Store::create(home.open(dir.path()).unwrap(), &[passphrase("p")], CHEAP).unwrap();
    let sink = Arc::new(Sink::default());
    let told: Arc<dyn AuditSink> = Arc::clone(&sink) as Arc<dyn AuditSink>;
    Bed { vault: Vault::new(home, dir.path().to_owned(), told), sink, _dir: dir }
}

fn call(bed: &Bed, at: &mut Connection, method: &str, params: Value) -> Result<Value, String> {
    call_at(bed, at, (method, params), Now::read())
}

pub(super) fn call_at(
    bed: &Bed,
    at: &mut Connection,
    (method, params): (&str, Value),
    now: Now,
) -> Result<Value, String> {
    let members = [("id", json!(1)), ("method", json!(method)), ("params", params)];
    let request: Value = members.into_iter().collect();
    let request = request.to_string();
    let frame = bed.vault.answer_at(at, request.as_bytes(), now);
    let answer: Value = serde_json::from_slice(&frame[4..]).unwrap();
    match answer.get("error") {
        Some(error) => Err(error["code"].as_str().unwrap().to_owned()),
        None => Ok(answer["result"].clone()),
    }
}

/// The owner's connection to an unsealed vault with an agent `x`, and that agent's.
pub(super) fn ready(bed: &Bed) -> (Connection, Connection, AgentKey) {
    let mut owner = Connection::new(501);
    call(bed, &mut owner, "admin.unseal", json!({ "passphrase": "p" })).unwrap();
    let key = AgentKey::new().unwrap();
    let agent = json!({ "name": "x", "public": hex(&key.public()) });
    call(bed, &mut owner, "admin.agent_register", agent).unwrap();
    for (path, value) in [("a/one", "sk-1"), ("b", "sk-2")] {
        let put = json!({ "path": path, "value": hex(value.as_bytes()) });
        call(bed, &mut owner, "admin.put", put).unwrap();
    }
    let mut agent = Connection::new(501);
    assert_eq!(authenticate(bed, &mut agent, "x", &key), Ok(()));
    (owner, agent, key)
}

fn authenticate(bed: &Bed, at: &mut Connection, agent: &str, key: &AgentKey) -> Result<(), String> {
    let told = call(bed, at, "auth.challenge", json!({ "agent": agent }))?;
    let challenge = unhex(told["challenge"].as_str().unwrap()).unwrap();
    let signature = hex(&key.sign(&challenge));
    call(bed, at, "auth.verify", json!({ "agent": agent, "signature": signature })).map(drop)
}

fn allow(bed: &Bed, owner: &mut Connection, rule: &Value) {
    call(bed, owner, "admin.policy_set", json!({ "name": "rule", "rule": rule })).unwrap();
}

#[test]
fn a_sealed_vault_says_so_and_nothing_more() {
    let bed = bed();
    let mut one = Connection::new(501);
    assert_eq!(call(&bed, &mut one, "status", json!({})).unwrap()["sealed"], true);
    let key = AgentKey::new().unwrap();
    assert_eq!(authenticate(&bed, &mut one, "x", &key), Err("VAULT_LOCKED".to_owned()));
    let (mut owner, mut agent, _) = ready(&bed);
    allow(&bed, &mut owner, &json!({ "agents": ["x"], "paths": ["**"], "actions": ["retrieve"] }));
    let get = |at: &mut Connection| {
        call(&bed, at, "credential.retrieve", json!({ "path": "b", "ttl": 5 }))
    };
    assert_eq!(get(&mut agent).unwrap()["value"], "sk-2");
    call(&bed, &mut owner, "admin.seal", json!({})).unwrap();
    assert_eq!(get(&mut agent), Err("VAULT_LOCKED".to_owned()));
    assert_eq!(
        call(&bed, &mut owner, "admin.get", json!({ "path": "b" })),
        Err("VAULT_LOCKED".to_owned())
    );
    // The passphrase of the day brings everything back.
    assert_eq!(
        call(&bed, &mut Connection::new(501), "admin.unseal", json!({ "passphrase": "q" })),
        Err("AUTH_FAILED".to_owned())
    );
    call(&bed, &mut Connection::new(501), "admin.unseal", json!({ "passphrase": "p" })).unwrap();
    assert_eq!(get(&mut agent).unwrap()["value"], "sk-2");
    // What the owner proved was good until the vault was sealed.
    for verb in ["get", "seal"] {
        let late = call(&bed, &mut owner, &format!("admin.{verb}"), json!({ "path": "b" }));
        assert_eq!(late, Err("SESSION_EXPIRED".to_owned()), "{verb}");
    }
    assert_eq!(get(&mut agent).unwrap()["value"], "sk-2");
}

#[test]
fn the_account_alone_opens_nothing() {
    let bed = bed();
    let (_, mut agent, _) = ready(&bed);
    let mut same_uid = Connection::new(501);
    for verb in [
        "put",
        "get",
        "list",
        "history",
        "rm",
        "agent_register",
        "agent_rotate",
        "agent_list",
        "policy_set",
        "policy_list",
        "seal",
        "compact",
        "standing",
        "lease_list",
        "lease_revoke",
        "rekey",
        "backup",
        "approvals",
        "approve",
        "deny",
    ] {
        for at in [&mut same_uid, &mut agent] {
            let refused =
                call(&bed, at, &format!("admin.{verb}"), json!({ "path": "b", "name": "y" }));
            assert_eq!(refused, Err("SESSION_EXPIRED".to_owned()), "{verb}");
        }
    }
}

#[test]
fn what_is_not_allowed_is_answered_alike_whether_it_is_there() {
    let bed = bed();
    let (mut owner, mut agent, _) = ready(&bed);
    let denied = Err("ACCESS_DENIED".to_owned());
    for path in ["b", "nothing"] {
        assert_eq!(
            call(&bed, &mut agent, "credential.retrieve", json!({ "path": path, "ttl": 5 })),
            denied
        );
        assert_eq!(
            call(&bed, &mut agent, "credential.use", json!({ "path": path, "operation": "sign" })),
            denied
        );
    }
    assert_eq!(call(&bed, &mut agent, "credential.list", json!({})), Ok(json!([])));
    allow(
        &bed,
        &mut owner,
        &json!({ "agents": ["x"], "paths": ["a/*"], "actions": ["list", "retrieve", "use:sign"], "per_hour": 3 }),
    );
    assert_eq!(call(&bed, &mut agent, "credential.list", json!({})).unwrap()[0]["path"], "a/one");
    assert_eq!(
        call(&bed, &mut agent, "credential.retrieve", json!({ "path": "a/none", "ttl": 5 })),
        Err("CREDENTIAL_NOT_FOUND".to_owned())
    );
    let sign = json!({ "path": "a/one", "operation": "sign", "params": { "data": "d" } });
    assert_eq!(call(&bed, &mut agent, "credential.use", sign.clone()).unwrap()["success"], true);
    let header = json!({ "path": "a/one", "operation": "http_header" });
    assert_eq!(call(&bed, &mut agent, "credential.use", header), denied);
    let unknown = json!({ "path": "a/one", "operation": "shred" });
    assert_eq!(
        call(&bed, &mut agent, "credential.use", unknown),
        Err("UNKNOWN_OPERATION".to_owned())
    );
    assert!(call(&bed, &mut agent, "credential.use", sign.clone()).is_ok());
    assert_eq!(call(&bed, &mut agent, "credential.use", sign), Err("RATE_LIMITED".to_owned()));
}

#[test]
fn a_session_is_its_connections_and_a_lease_its_agents() {
    let bed = bed();
    let (mut owner, mut agent, key) = ready(&bed);
    allow(
        &bed,
        &mut owner,
        &json!({ "agents": ["*"], "paths": ["**"], "actions": ["retrieve"], "max_ttl": 60 }),
    );
    let told = call(&bed, &mut agent, "authenticate", json!({ "agent_name": "x" })).unwrap();
    let signature = hex(&key.sign(&unhex(told["challenge"].as_str().unwrap()).unwrap()));
    let proof = json!({ "session_id": told["session_id"], "signature": signature });
    assert_eq!(
        call(&bed, &mut Connection::new(501), "challenge_response", proof.clone()),
        Err("AUTH_FAILED".to_owned())
    );
    assert_eq!(call(&bed, &mut agent, "challenge_response", proof).unwrap()["authenticated"], true);
    let get = json!({ "session_id": told["session_id"], "path": "b", "ttl": 900 });
    let got = call(&bed, &mut agent, "retrieve", get.clone()).unwrap();
    assert_eq!((got["value"].as_str().unwrap(), &got["ttl"]), ("736b2d32", &json!(60)));
    assert_eq!(
        call(&bed, &mut Connection::new(501), "retrieve", get),
        Err("SESSION_EXPIRED".to_owned())
    );
    assert_eq!(
        call(&bed, &mut agent, "retrieve", json!({ "path": "b" })),
        Err("SESSION_EXPIRED".to_owned())
    );
    let lease = json!({ "lease_id": got["lease_id"] });
    let other = AgentKey::new().unwrap();
    let name = json!({ "name": "y", "public": hex(&other.public()) });
    call(&bed, &mut owner, "admin.agent_register", name).unwrap();
    let mut thief = Connection::new(501);
    authenticate(&bed, &mut thief, "y", &other).unwrap();
    assert_eq!(
        call(&bed, &mut thief, "release_lease", lease.clone()),
        Err("LEASE_EXPIRED".to_owned())
    );
    assert!(call(&bed, &mut agent, "release_lease", lease.clone()).is_ok());
    assert_eq!(call(&bed, &mut agent, "release_lease", lease), Err("LEASE_EXPIRED".to_owned()));
    // Who is removed is out at once.
    call(&bed, &mut owner, "admin.agent_remove", json!({ "name": "x" })).unwrap();
    assert_eq!(
        call(&bed, &mut agent, "credential.list", json!({})),
        Err("SESSION_EXPIRED".to_owned())
    );
    assert_eq!(authenticate(&bed, &mut agent, "x", &key), Err("AUTH_FAILED".to_owned()));
}

#[test]
fn what_is_not_recorded_is_not_done_and_no_value_is_in_a_record() {
    let bed = bed();
    let (mut owner, mut agent, _) = ready(&bed);
    allow(
        &bed,
        &mut owner,
        &json!({ "agents": ["x"], "paths": ["b"], "actions": ["list", "retrieve", "store", "use:sign"] }),
    );
    let store = json!({ "path": "b", "value": hex(b"sk-3") });
    assert_eq!(call(&bed, &mut agent, "credential.store", store.clone()).unwrap()["version"], 2);
    assert!(
        call(&bed, &mut agent, "credential.retrieve", json!({ "path": "a/one", "ttl": 5 }))
            .is_err()
    );
    *bed.sink.full.lock().unwrap() = true;
    let internal = Err("INTERNAL_ERROR".to_owned());
    for (method, params) in [
        ("credential.retrieve", json!({ "path": "b", "ttl": 5 })),
        ("credential.use", json!({ "path": "b", "operation": "sign", "params": { "data": "d" } })),
        ("credential.list", json!({})),
        ("credential.store", store),
    ] {
        assert_eq!(call(&bed, &mut agent, method, params), internal, "{method}");
    }
    assert_eq!(call(&bed, &mut owner, "admin.get", json!({ "path": "b" })), internal);
    *bed.sink.full.lock().unwrap() = false;
    assert_eq!(call(&bed, &mut owner, "admin.get", json!({ "path": "b" })).unwrap()["version"], 2);
    let events = bed.sink.events.lock().unwrap();
    let text = serde_json::to_string(&*events).unwrap();
    for value in ["sk-1", "sk-2", "sk-3", &hex(b"sk-2"), &hex(b"sk-3")] {
        assert!(!text.contains(value), "{value}");
    }
    assert!(
        events.iter().any(|event| event.outcome == Outcome::Refused && event.subject == "a/one")
    );
}

#[test]
fn a_proof_that_is_not_recorded_opens_nothing() {
    let bed = bed();
    let (mut owner, _, key) = ready(&bed);
    allow(&bed, &mut owner, &json!({ "agents": ["x"], "paths": ["**"], "actions": ["list"] }));
    let mut agent = Connection::new(501);
    let told = call(&bed, &mut agent, "auth.challenge", json!({ "agent": "x" })).unwrap();
    let signature = hex(&key.sign(&unhex(told["challenge"].as_str().unwrap()).unwrap()));
    let proof = json!({ "agent": "x", "signature": signature });
    *bed.sink.full.lock().unwrap() = true;
    let internal = Err("INTERNAL_ERROR".to_owned());
    assert_eq!(call(&bed, &mut agent, "auth.verify", proof), internal);
    *bed.sink.full.lock().unwrap() = false;
    // This dialect names no session.
    let expired = Err("SESSION_EXPIRED".to_owned());
    assert_eq!(call(&bed, &mut agent, "credential.list", json!({})), expired);
    assert!(!agent.is_known());
}

#[test]
fn a_session_ends_with_the_key_that_it_was_proved_with() {
    let bed = bed();
    let (mut owner, mut agent, _) = ready(&bed);
    call(&bed, &mut owner, "admin.agent_remove", json!({ "name": "x" })).unwrap();
    let key = AgentKey::new().unwrap();
    let name = json!({ "name": "x", "public": hex(&key.public()) });
    call(&bed, &mut owner, "admin.agent_register", name).unwrap();
    let expired = Err("SESSION_EXPIRED".to_owned());
    assert_eq!(call(&bed, &mut agent, "credential.list", json!({})), expired);
    assert_eq!(authenticate(&bed, &mut agent, "x", &key), Ok(()));
    assert!(call(&bed, &mut agent, "credential.list", json!({})).is_ok());
}

#[test]
fn an_unsealing_that_is_not_recorded_leaves_the_vault_sealed() {
    let bed = bed();
    *bed.sink.full.lock().unwrap() = true;
    let mut owner = Connection::new(501);
    let unsealed = call(&bed, &mut owner, "admin.unseal", json!({ "passphrase": "p" }));
    assert_eq!(unsealed, Err("INTERNAL_ERROR".to_owned()));
    assert_eq!(call(&bed, &mut owner, "status", json!({})).unwrap()["sealed"], true);
}

#[test]
fn an_agent_has_its_share_of_the_connections_and_no_more() {
    let bed = bed();
    let (mut owner, _agent, key) = ready(&bed);
    let mut held = Vec::new();
    // One is the agent's that is ready.
    for _ in 1..super::seats::OF_ONE {
        let mut at = Connection::new(501);
        assert_eq!(authenticate(&bed, &mut at, "x", &key), Ok(()));
        held.push(at);
    }
    let mut late = Connection::new(501);
    assert_eq!(authenticate(&bed, &mut late, "x", &key), Err("RATE_LIMITED".to_owned()));
    let expired = Err("SESSION_EXPIRED".to_owned());
    assert_eq!(call(&bed, &mut late, "credential.list", json!({})), expired);
    let other = AgentKey::new().unwrap();
    let name = json!({ "name": "y", "public": hex(&other.public()) });
    call(&bed, &mut owner, "admin.agent_register", name).unwrap();
    assert_eq!(authenticate(&bed, &mut Connection::new(501), "y", &other), Ok(()));
    // Who proves itself again on its own connection needs no second place.
    let mut last = held.pop().unwrap();
    assert_eq!(authenticate(&bed, &mut last, "x", &key), Ok(()));
    drop(last);
    assert_eq!(authenticate(&bed, &mut late, "x", &key), Ok(()));
}

#[test]
fn a_key_that_is_not_recorded_ends_nothing() {
    let bed = bed();
    let (mut owner, mut agent, _) = ready(&bed);
    allow(&bed, &mut owner, &json!({ "agents": ["*"], "paths": ["**"], "actions": ["retrieve"] }));
    let get = json!({ "path": "b", "ttl": 60 });
    call(&bed, &mut agent, "credential.retrieve", get).unwrap();
    let leases = |owner: &mut Connection| {
        let listed = call(&bed, owner, "admin.lease_list", json!({})).unwrap();
        listed["leases"].as_array().unwrap().len()
    };
    let other = AgentKey::new().unwrap();
    let rotate = json!({ "name": "x", "public": hex(&other.public()) });
    *bed.sink.full.lock().unwrap() = true;
    assert!(call(&bed, &mut owner, "admin.agent_rotate", rotate.clone()).is_err());
    *bed.sink.full.lock().unwrap() = false;
    assert_eq!(leases(&mut owner), 1);
    call(&bed, &mut owner, "admin.agent_rotate", rotate).unwrap();
    assert_eq!(leases(&mut owner), 0);
}

#[test]
fn a_lease_of_a_key_that_was_taken_back_meanwhile_is_not_granted() {
    let bed = bed();
    let (mut owner, _, _) = ready(&bed);
    let was = bed.vault.opened().unwrap();
    let lease = || crate::lease::Lease {
        agent: crate::identity::AgentName::new("x").unwrap(),
        path: crate::SecretPath::new("b").unwrap(),
        until: u64::MAX,
        uses: None,
        max_ttl: 60,
        session: None,
    };
    let now = super::Now::read();
    assert!(bed.vault.grant(&was, "one", lease(), now).is_ok());
    let other = AgentKey::new().unwrap();
    let rotate = json!({ "name": "x", "public": hex(&other.public()) });
    call(&bed, &mut owner, "admin.agent_rotate", rotate).unwrap();
    assert!(bed.vault.grant(&was, "two", lease(), now).is_err());
    let fresh = bed.vault.opened().unwrap();
    assert!(bed.vault.grant(&fresh, "three", lease(), now).is_ok());
    call(&bed, &mut owner, "admin.seal", json!({})).unwrap();
    assert!(bed.vault.grant(&fresh, "four", lease(), now).is_err());
    assert_eq!(bed.vault.leases.lock().unwrap().all(now.mono).count(), 0);
}

#[test]
fn a_vault_that_is_being_unsealed_says_how_it_stands() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| AbsPath::new(name).unwrap();
    let home = Home { log: at("/vault"), counter: at("/state") };
    // A second or more of a debug build, in which thousands of questions are answered.
    let cost = crate::keys::Cost { memory: 32 * 1024, passes: 4, lanes: 1 };
    Store::create(home.open(dir.path()).unwrap(), &[passphrase("p")], cost).unwrap();
    let sink: Arc<dyn AuditSink> = Arc::new(Sink::default());
    let bed = Bed {
        vault: Vault::new(home, dir.path().to_owned(), sink),
        sink: Arc::default(),
        _dir: dir,
    };
    let mut told = 0;
    std::thread::scope(|scope| {
        let unsealing = scope.spawn(|| {
            let unseal = json!({ "passphrase": "p" });
            call(&bed, &mut Connection::new(501), "admin.unseal", unseal).unwrap();
        });
        while !unsealing.is_finished() {
            let busy = bed.vault.unsealing.try_lock().is_err();
            let status = call(&bed, &mut Connection::new(501), "status", json!({})).unwrap();
            told += u32::from(busy && status["sealed"] == true);
        }
    });
    assert!(told > 100, "{told}");
}

#[test]
fn a_new_root_key_ends_what_was_proved_and_keeps_agents_and_secrets() {
    let bed = bed();
    let (mut owner, mut agent, _) = ready(&bed);
    allow(&bed, &mut owner, &json!({ "agents": ["x"], "paths": ["**"], "actions": ["retrieve"] }));
    let was = bed.vault.opened().unwrap();
    let refused = call(&bed, &mut owner, "admin.rekey", json!({ "passphrase": "" }));
    assert_eq!(refused, Err("INVALID_REQUEST".to_owned()));
    call(&bed, &mut owner, "admin.rekey", json!({ "passphrase": "q" })).unwrap();
    let expired = Err("SESSION_EXPIRED".to_owned());
    assert_eq!(call(&bed, &mut owner, "admin.list", json!({})), expired);
    let got = call(&bed, &mut agent, "credential.retrieve", json!({ "path": "b", "ttl": 5 }));
    assert_eq!(got.unwrap()["value"], "sk-2");
    // What began before it neither reads what is elsewhere by now nor writes.
    assert!(was.store.value(&crate::SecretPath::new("b").unwrap(), None).is_err());
    assert!(was.store.change(crate::store::tests::put("b", b"late")).is_err());
    assert!(was.store.piece(0, 10).is_err());
    let prove = |text: &str| {
        let params = json!({ "passphrase": text });
        call(&bed, &mut Connection::new(501), "admin.prove", params).is_ok()
    };
    assert!(prove("q") && !prove("p"));
}

#[test]
fn a_new_root_key_names_the_key_file_or_says_that_there_is_none() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| AbsPath::new(name).unwrap();
    let home = Home { log: at("/vault"), counter: at("/state") };
    let (key, _) = crate::keys::Opener::new_key().unwrap();
    let openers = [passphrase("p"), key.clone()];
    drop(Store::create(home.open(dir.path()).unwrap(), &openers, CHEAP).unwrap());
    let sink = Arc::new(Sink::default());
    let told: Arc<dyn AuditSink> = Arc::clone(&sink) as Arc<dyn AuditSink>;
    let bed = Bed { vault: Vault::new(home, dir.path().to_owned(), told), sink, _dir: dir };
    let rekey = |more: Value| {
        let mut owner = Connection::new(501);
        call(&bed, &mut owner, "admin.unseal", json!({ "passphrase": "p" })).unwrap();
        let mut params = json!({ "passphrase": "p" });
        params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        call(&bed, &mut owner, "admin.rekey", params).map(drop)
    };
    assert_eq!(rekey(json!({})), Err("INVALID_REQUEST".to_owned()));
    assert_eq!(rekey(json!({ "key": "no key" })), Err("INVALID_REQUEST".to_owned()));
    let (fresh, text) = crate::keys::Opener::new_key().unwrap();
    assert_eq!(rekey(json!({ "key": text.as_str() })), Ok(()));
    let store = bed.vault.opened().unwrap().store;
    assert!(store.proves(&fresh) && !store.proves(&key));
    assert_eq!(rekey(json!({ "without_key": true })), Ok(()));
    assert!(!bed.vault.opened().unwrap().store.proves(&fresh));
}

#[test]
fn a_handle_is_its_sessions_and_ends_with_it() {
    let bed = bed();
    let (mut owner, mut agent, key) = ready(&bed);
    bed.vault.proxied_at("127.0.0.1:8200".parse().unwrap());
    let about = json!({ "tags": [], "notes": { "upstream": "http://127.0.0.1:9/v1" } });
    let put = json!({ "path": "b", "value": hex(b"sk-3"), "about": about });
    call(&bed, &mut owner, "admin.put", put).unwrap();
    let rule = json!({
        "agents": ["*"], "paths": ["**"], "actions": ["retrieve", "use:http_request"],
        "domains": ["127.0.0.1:9"], "methods": ["GET"],
    });
    allow(&bed, &mut owner, &rule);
    let session = |at: &Connection| at.identity.session().unwrap().to_owned();
    let shown = |lease: &Value, token: &str| {
        let asked = super::Handled {
            lease: lease["lease_id"].as_str().unwrap().to_owned(),
            token: token.to_owned().into(),
            method: "GET".to_owned(),
            rest: "x".to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
        };
        bed.vault.proxied(asked).unwrap_err().code.as_str()
    };
    let first = session(&agent);
    let mint = json!({ "service": "b", "session_id": first });
    let handle = call(&bed, &mut agent, "mint_use_lease", mint).unwrap();
    let value = call(&bed, &mut agent, "credential.retrieve", json!({ "path": "b" })).unwrap();
    // It gets as far as the address, which is not a public one.
    assert_eq!(shown(&handle, &first), "ACCESS_DENIED");
    let mut other = Connection::new(501);
    assert_eq!(authenticate(&bed, &mut other, "x", &key), Ok(()));
    assert_eq!(shown(&handle, &session(&other)), "AUTH_FAILED");
    assert_eq!(shown(&handle, ""), "AUTH_FAILED");
    // A value's lease is no handle.
    assert_eq!(shown(&value, &first), "AUTH_FAILED");
    // A proof that fails ends nothing; the next session ends what was made in this one, and nothing else.
    let wrong = AgentKey::new().unwrap();
    assert!(authenticate(&bed, &mut agent, "x", &wrong).is_err());
    assert_eq!(shown(&handle, &first), "ACCESS_DENIED");
    assert_eq!(authenticate(&bed, &mut agent, "x", &key), Ok(()));
    assert_eq!(shown(&handle, &first), "AUTH_FAILED");
    let status = json!({ "lease_id": value["lease_id"] });
    assert!(call(&bed, &mut agent, "lease.status", status).is_ok());
    let mint = json!({ "service": "b", "session_id": session(&agent) });
    let handle = call(&bed, &mut agent, "mint_use_lease", mint).unwrap();
    assert_eq!(shown(&handle, &session(&agent)), "ACCESS_DENIED");
    bed.vault.left(&agent);
    assert_eq!(shown(&handle, &session(&agent)), "AUTH_FAILED");
}

#[test]
fn a_key_unseals_and_makes_nobody_the_owner() {
    let bed = bed();
    let (mut owner, _, _) = ready(&bed);
    let (_, text) = crate::keys::Opener::new_key().unwrap();
    let rekey = json!({ "passphrase": "p", "key": text.trim() });
    call(&bed, &mut owner, "admin.rekey", rekey).unwrap();
    call(&bed, &mut Connection::new(501), "admin.prove", json!({ "key": text.trim() }))
        .unwrap_err();
    bed.vault.seal();
    let mut job = Connection::new(501);
    let (_, other) = crate::keys::Opener::new_key().unwrap();
    for (params, code) in [
        (json!({ "key": other.trim() }), "AUTH_FAILED"),
        (json!({ "key": "00" }), "INVALID_REQUEST"),
        (json!({ "key": text.trim(), "passphrase": "p" }), "INVALID_REQUEST"),
        (json!({}), "INVALID_REQUEST"),
    ] {
        assert_eq!(call(&bed, &mut job, "admin.unseal", params), Err(code.to_owned()));
    }
    let told = call(&bed, &mut job, "admin.unseal", json!({ "key": text.trim() })).unwrap();
    assert_eq!(told["authenticated"], false);
    assert!(!job.is_known());
    let expired = Err("SESSION_EXPIRED".to_owned());
    assert_eq!(call(&bed, &mut job, "admin.get", json!({ "path": "b" })), expired);
    call(&bed, &mut job, "admin.prove", json!({ "passphrase": "p" })).unwrap();
    assert!(call(&bed, &mut job, "admin.get", json!({ "path": "b" })).is_ok());
}
