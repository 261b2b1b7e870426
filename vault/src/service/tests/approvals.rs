//! What an agent asks for waits for the owner's word, where policy says so.

use super::{Bed, allow, authenticate, bed, call, call_at, ready};
use crate::crypt::hex;
use crate::keyfile::AgentKey;
use crate::service::{Connection, Now};
use sanctum_types::{Outcome, Severity, UnixTime};
use serde_json::{Value, json};

const RETRIEVE: &str = "credential.retrieve";

fn wants(bed: &Bed, owner: &mut Connection, approval: &Value) {
    let actions = ["list", "retrieve", "store", "use:*"];
    let rule = json!({
        "agents": ["*"], "paths": ["**"], "actions": actions, "approval": approval,
        "domains": ["127.0.0.1:9"], "methods": ["GET", "POST"],
    });
    allow(bed, owner, &rule);
}

fn required<T>() -> Result<T, String> {
    Err("APPROVAL_REQUIRED".to_owned())
}

/// What waits, and what was decided: name, state, agent, path, action, target.
fn listed(bed: &Bed, owner: &mut Connection) -> Vec<Value> {
    call(bed, owner, "admin.approvals", json!({})).unwrap()["approvals"].as_array().unwrap().clone()
}

fn only(bed: &Bed, owner: &mut Connection) -> Value {
    let all = listed(bed, owner);
    assert_eq!(all.len(), 1, "{all:?}");
    all[0]["approval"].clone()
}

fn approve(bed: &Bed, owner: &mut Connection, id: &Value) -> Result<Value, String> {
    call(bed, owner, "admin.approve", json!({ "approval": id }))
}

fn get(bed: &Bed, agent: &mut Connection, path: &str) -> Result<Value, String> {
    call(bed, agent, RETRIEVE, json!({ "path": path, "ttl": 5 }))
}

#[test]
fn nothing_is_done_before_the_owner_approved_and_then_once() {
    let bed = bed();
    let (mut owner, mut agent, _) = ready(&bed);
    wants(&bed, &mut owner, &json!(true));
    let sign = json!({ "path": "b", "operation": "sign", "params": { "data": "d" } });
    let store = json!({ "path": "b", "value": hex(b"sk-3") });
    for (method, params, action) in [
        (RETRIEVE, json!({ "path": "b", "ttl": 5 }), "retrieve"),
        ("credential.use", sign, "use:sign"),
        ("credential.store", store, "store"),
    ] {
        assert_eq!(call(&bed, &mut agent, method, params.clone()), required());
        let id = only(&bed, &mut owner);
        assert_eq!(call(&bed, &mut agent, method, params.clone()), required());
        let waits = listed(&bed, &mut owner);
        assert_eq!((&waits[0]["approval"], &waits[0]["action"]), (&id, &json!(action)));
        let told = approve(&bed, &mut owner, &id).unwrap();
        assert_eq!((&told["counts"], &told["minutes"]), (&json!(true), &json!(10)));
        assert!(call(&bed, &mut agent, method, params.clone()).is_ok(), "{method}");
        assert_eq!(call(&bed, &mut agent, method, params), required());
        let again = only(&bed, &mut owner);
        assert_ne!(again, id);
        call(&bed, &mut owner, "admin.deny", json!({ "approval": again })).unwrap();
        bed.vault.approvals.lock().unwrap().end(&crate::approvals::Ends::All);
    }
    // Lists are not meant, and who asks whether he may is told of it.
    let list = call(&bed, &mut agent, "credential.list", json!({})).unwrap();
    assert_eq!(list.as_array().unwrap().len(), 2);
    let may = |agent: &mut Connection, action: &str| {
        let told = call(&bed, agent, "credential.may", json!({ "path": "b", "action": action }));
        let told = told.unwrap();
        (told["allowed"] == true, told["approval"] == true)
    };
    assert_eq!(may(&mut agent, "retrieve"), (true, true));
    assert_eq!(may(&mut agent, "list"), (true, false));
    let simulated = json!({ "agent": "x", "path": "b", "action": "use:sign" });
    let simulated = call(&bed, &mut owner, "admin.policy_simulate", simulated).unwrap();
    assert_eq!((&simulated["allowed"], &simulated["approval"]), (&json!(true), &json!(true)));
    assert_eq!(listed(&bed, &mut owner), Vec::<Value>::new());
}

#[test]
fn the_error_says_what_the_owner_runs() {
    let bed = bed();
    let (mut owner, mut agent, _) = ready(&bed);
    wants(&bed, &mut owner, &json!(30));
    let params = json!({ "path": "b", "operation": "http_request", "params": { "url": "http://127.0.0.1:9/x" } });
    let request = json!({ "id": 1, "method": "credential.use", "params": params }).to_string();
    let frame = bed.vault.answer(&mut agent, request.as_bytes());
    let answer: Value = serde_json::from_slice(&frame[4..]).unwrap();
    let (error, id) = (&answer["error"], only(&bed, &mut owner));
    let command = format!(
        "ask again once the owner approved: sanctum vault approve {}",
        id.as_str().unwrap()
    );
    assert_eq!(error["suggestion"], command);
    let context = json!({
        "action": "use:http_request", "agent": "x", "approval": id, "resource": "b", "seconds": 900, "target": "GET 127.0.0.1:9",
    });
    assert_eq!(error["context"], context);
}

#[test]
fn an_approval_is_for_that_agent_path_action_and_target_alone() {
    let bed = bed();
    let (mut owner, mut agent, _) = ready(&bed);
    wants(&bed, &mut owner, &json!(30));
    let key = AgentKey::new().unwrap();
    let name = json!({ "name": "y", "public": hex(&key.public()) });
    call(&bed, &mut owner, "admin.agent_register", name).unwrap();
    let mut other = Connection::new(501);
    authenticate(&bed, &mut other, "y", &key).unwrap();
    assert_eq!(get(&bed, &mut agent, "b"), required());
    let id = only(&bed, &mut owner);
    assert_eq!(approve(&bed, &mut owner, &id).unwrap()["minutes"], 30);
    for _ in 0..3 {
        assert!(get(&bed, &mut agent, "b").is_ok());
    }
    assert_eq!(get(&bed, &mut other, "b"), required());
    assert_eq!(get(&bed, &mut agent, "a/one"), required());
    let sign = json!({ "path": "b", "operation": "sign", "params": { "data": "d" } });
    assert_eq!(call(&bed, &mut agent, "credential.use", sign), required());
    // A request: where it goes, and how.
    let send = |agent: &mut Connection, method: &str| {
        let params = json!({ "url": "http://127.0.0.1:9/x", "method": method });
        let params = json!({ "path": "b", "operation": "http_request", "params": params });
        call(&bed, agent, "credential.use", params)
    };
    assert_eq!(send(&mut agent, "GET"), required());
    let asked = listed(&bed, &mut owner);
    let request = asked.iter().find(|one| one["target"] == "GET 127.0.0.1:9").unwrap();
    approve(&bed, &mut owner, &request["approval"]).unwrap();
    // It gets as far as the address, which is not a public one.
    assert_eq!(send(&mut agent, "GET"), Err("ACCESS_DENIED".to_owned()));
    assert_eq!(send(&mut agent, "POST"), required());
}

#[test]
fn it_ends_by_seal_policy_key_and_value() {
    let end: [fn(&Bed, &mut Connection); 7] = [
        |bed, owner| wants(bed, owner, &json!(30)),
        |bed, owner| {
            let rule = json!({ "agents": ["x"], "paths": ["b"], "actions": ["retrieve"], "approval": true });
            let more = json!({ "name": "more", "rule": rule });
            call(bed, owner, "admin.policy_set", more).unwrap();
        },
        |bed, owner| {
            call(bed, owner, "admin.policy_remove", json!({ "name": "rule" })).unwrap();
            wants(bed, owner, &json!(30));
        },
        |bed, owner| {
            call(bed, owner, "admin.rm", json!({ "path": "b" })).unwrap();
            let put = json!({ "path": "b", "value": hex(b"sk-4") });
            call(bed, owner, "admin.put", put).unwrap();
        },
        |bed, owner| {
            let key = AgentKey::new().unwrap();
            let name = json!({ "name": "x", "public": hex(&key.public()) });
            call(bed, owner, "admin.agent_rotate", name).unwrap();
        },
        |bed, owner| drop(call(bed, owner, "admin.rekey", json!({ "passphrase": "p" })).unwrap()),
        |bed, owner| drop(call(bed, owner, "admin.seal", json!({})).unwrap()),
    ];
    for (nth, end) in end.into_iter().enumerate() {
        let bed = bed();
        let (mut owner, mut agent, _) = ready(&bed);
        wants(&bed, &mut owner, &json!(30));
        assert_eq!(get(&bed, &mut agent, "b"), required());
        let id = only(&bed, &mut owner);
        approve(&bed, &mut owner, &id).unwrap();
        assert!(get(&bed, &mut agent, "b").is_ok());
        end(&bed, &mut owner);
        let unseal = json!({ "passphrase": "p" });
        call(&bed, &mut Connection::new(501), "admin.unseal", unseal).unwrap();
        let after = get(&bed, &mut agent, "b");
        assert!(
            after == required() || after == Err("SESSION_EXPIRED".to_owned()),
            "{nth} {after:?}"
        );
        let mut owner = Connection::new(501);
        call(&bed, &mut owner, "admin.prove", json!({ "passphrase": "p" })).unwrap();
        assert!(listed(&bed, &mut owner).iter().all(|one| one["state"] == "asked"), "{nth}");
    }
}

#[test]
fn it_ends_by_time() {
    let bed = bed();
    let (mut owner, mut agent, _) = ready(&bed);
    wants(&bed, &mut owner, &json!(30));
    let now = Now::read();
    let at = |seconds: u64| Now {
        mono: now.mono + seconds * 1000,
        wall: UnixTime(now.wall.0 + i64::try_from(seconds).unwrap()),
    };
    let mut get =
        |now| call_at(&bed, &mut agent, (RETRIEVE, json!({ "path": "b", "ttl": 5 })), now);
    assert_eq!(get(now), required());
    let id = only(&bed, &mut owner);
    let minutes = |n: u64| json!({ "approval": id, "minutes": n });
    for n in [0, 31] {
        let told = call_at(&bed, &mut owner, ("admin.approve", minutes(n)), now);
        assert_eq!(told, Err("INVALID_REQUEST".to_owned()));
    }
    call_at(&bed, &mut owner, ("admin.approve", minutes(2)), now).unwrap();
    assert!(get(at(119)).is_ok());
    assert_eq!(get(at(120)), required());
}

#[test]
fn a_denial_holds_and_is_no_new_question() {
    let bed = bed();
    let (mut owner, mut agent, _) = ready(&bed);
    wants(&bed, &mut owner, &json!(30));
    assert_eq!(get(&bed, &mut agent, "b"), required());
    let id = only(&bed, &mut owner);
    call(&bed, &mut owner, "admin.deny", json!({ "approval": id })).unwrap();
    assert_eq!(get(&bed, &mut agent, "b"), Err("ACCESS_DENIED".to_owned()));
    assert_eq!(only(&bed, &mut owner), id);
    // The owner may say otherwise, and take it back.
    approve(&bed, &mut owner, &id).unwrap();
    assert!(get(&bed, &mut agent, "b").is_ok());
    call(&bed, &mut owner, "admin.deny", json!({ "approval": id, "minutes": 60 })).unwrap();
    assert_eq!(get(&bed, &mut agent, "b"), Err("ACCESS_DENIED".to_owned()));
    let unknown = call(&bed, &mut owner, "admin.approve", json!({ "approval": "00000000" }));
    assert_eq!(unknown, Err("CREDENTIAL_NOT_FOUND".to_owned()));
}

#[test]
fn all_of_it_is_in_the_journal_and_one_event_of_it_is_an_alert() {
    let bed = bed();
    let (mut owner, mut agent, _) = ready(&bed);
    wants(&bed, &mut owner, &json!(true));
    assert_eq!(get(&bed, &mut agent, "b"), required());
    assert_eq!(get(&bed, &mut agent, "b"), required());
    let id = only(&bed, &mut owner);
    approve(&bed, &mut owner, &id).unwrap();
    assert!(get(&bed, &mut agent, "b").is_ok());
    assert_eq!(get(&bed, &mut agent, "b"), required());
    let id = only(&bed, &mut owner);
    call(&bed, &mut owner, "admin.deny", json!({ "approval": id })).unwrap();
    let events = bed.sink.events.lock().unwrap();
    let told = |action: &str, outcome| {
        let all = events.iter().filter(|event| event.action.as_str() == action);
        all.filter(|event| event.outcome == outcome && event.subject == "b").count()
    };
    assert_eq!(told("vault.approval-ask", Outcome::Refused), 2);
    assert_eq!(told("vault.approval-use", Outcome::Ok), 1);
    assert_eq!((told("vault.approve", Outcome::Ok), told("vault.deny", Outcome::Ok)), (1, 1));
    let worse = events.iter().filter(|event| event.severity >= Severity::Error);
    assert!(worse.clone().all(|event| event.action.as_str() == "vault.approval-ask"));
    assert_eq!(worse.count(), 2);
}

#[test]
fn what_is_not_recorded_is_neither_asked_nor_approved_nor_used() {
    let bed = bed();
    let (mut owner, mut agent, _) = ready(&bed);
    wants(&bed, &mut owner, &json!(true));
    let internal = Err("INTERNAL_ERROR".to_owned());
    let full = |is: bool| *bed.sink.full.lock().unwrap() = is;
    full(true);
    assert_eq!(get(&bed, &mut agent, "b"), internal);
    full(false);
    assert_eq!(listed(&bed, &mut owner), Vec::<Value>::new());
    assert_eq!(get(&bed, &mut agent, "b"), required());
    let id = only(&bed, &mut owner);
    full(true);
    assert_eq!(approve(&bed, &mut owner, &id), internal);
    full(false);
    assert_eq!(get(&bed, &mut agent, "b"), required());
    approve(&bed, &mut owner, &id).unwrap();
    full(true);
    assert_eq!(get(&bed, &mut agent, "b"), internal);
    full(false);
    // What was taken and not recorded is gone: it is asked anew.
    assert_eq!(get(&bed, &mut agent, "b"), required());
}

#[test]
fn questions_are_few_and_about_what_is_there() {
    let bed = bed();
    let (mut owner, mut agent, _) = ready(&bed);
    wants(&bed, &mut owner, &json!(true));
    for path in ["none", "a/none"] {
        assert_eq!(get(&bed, &mut agent, path), Err("CREDENTIAL_NOT_FOUND".to_owned()));
    }
    assert_eq!(listed(&bed, &mut owner), Vec::<Value>::new());
    for n in 0..crate::approvals::OF_ONE {
        let store = json!({ "path": format!("new/{n}"), "value": "00" });
        assert_eq!(call(&bed, &mut agent, "credential.store", store), required());
    }
    assert_eq!(get(&bed, &mut agent, "b"), Err("RATE_LIMITED".to_owned()));
    assert_eq!(listed(&bed, &mut owner).len(), crate::approvals::OF_ONE);
}

#[test]
fn an_approval_is_not_used_up_by_what_the_hour_refuses() {
    let bed = bed();
    let (mut owner, mut agent, _) = ready(&bed);
    let rule = |most: u32| json!({ "agents": ["x"], "paths": ["b"], "actions": ["retrieve"], "per_hour": most, "approval": true });
    allow(&bed, &mut owner, &rule(1));
    // Asking is not counted, only what was approved is.
    for _ in 0..2 {
        assert_eq!(get(&bed, &mut agent, "b"), required());
    }
    let id = only(&bed, &mut owner);
    approve(&bed, &mut owner, &id).unwrap();
    assert!(get(&bed, &mut agent, "b").is_ok());
    assert_eq!(get(&bed, &mut agent, "b"), required());
    let id = only(&bed, &mut owner);
    approve(&bed, &mut owner, &id).unwrap();
    assert_eq!(get(&bed, &mut agent, "b"), Err("RATE_LIMITED".to_owned()));
    assert_eq!(only(&bed, &mut owner), id);
}

#[test]
fn a_handle_needs_the_word_for_each_place_and_loses_no_use_while_it_waits() {
    let bed = bed();
    let (mut owner, mut agent, _) = ready(&bed);
    bed.vault.proxied_at("127.0.0.1:8200".parse().unwrap());
    let about = json!({ "tags": [], "notes": { "upstream": "http://127.0.0.1:9/v1" } });
    let put = json!({ "path": "b", "value": hex(b"sk-3"), "about": about });
    call(&bed, &mut owner, "admin.put", put).unwrap();
    let rule = json!({
        "agents": ["*"], "paths": ["**"], "actions": ["use:http_request"], "lease_uses": 1,
        "domains": ["127.0.0.1:9"], "methods": ["GET"], "approval": true,
    });
    allow(&bed, &mut owner, &rule);
    let session = agent.identity.session().unwrap().to_owned();
    let mint = json!({ "service": "b", "session_id": session });
    let handle = call(&bed, &mut agent, "mint_use_lease", mint).unwrap();
    assert_eq!(listed(&bed, &mut owner), Vec::<Value>::new());
    let ask = || {
        let asked = crate::service::Handled {
            lease: handle["lease_id"].as_str().unwrap().to_owned(),
            token: session.clone().into(),
            method: "GET".to_owned(),
            rest: "x".to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
        };
        bed.vault.proxied(asked).unwrap_err().code.as_str()
    };
    assert_eq!((ask(), ask()), ("APPROVAL_REQUIRED", "APPROVAL_REQUIRED"));
    let id = only(&bed, &mut owner);
    approve(&bed, &mut owner, &id).unwrap();
    // It gets as far as the address, which is not a public one, and that was its use.
    assert_eq!((ask(), ask()), ("ACCESS_DENIED", "AUTH_FAILED"));
}
