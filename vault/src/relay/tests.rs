//! What a relay lets through and what it keeps; the vault is a thread of the test.

use super::*;
use crate::keyfile::AgentKey;
use crate::wire::frame::{MOST_ANSWER, encode};

const SESSION: &str = "5e55";

/// Answers what it is asked with `result`, and gives all that it was asked when its other end is gone.
fn vault(result: Value) -> (Client, std::thread::JoinHandle<Vec<Value>>) {
    let (near, mut far) = UnixStream::pair().unwrap();
    let serve = move || {
        let (mut decoder, mut asked, mut room) = (Decoder::default(), Vec::new(), [0; 4096]);
        loop {
            while let Some(frame) = decoder.next(AFTER).unwrap() {
                let request: Value = serde_json::from_slice(&frame).unwrap();
                let told = json!({ "id": request["id"], "result": result }).to_string();
                asked.push(request);
                far.write_all(&encode(told.as_bytes())).unwrap();
            }
            match far.read(&mut room).unwrap() {
                0 => return asked,
                count => decoder.push(&room[..count]),
            }
        }
    };
    let client = Client::take_over(near.into(), SESSION.to_owned()).unwrap();
    (client, std::thread::spawn(serve))
}

struct Scene {
    relay: Relay,
    key: AgentKey,
    asked: std::thread::JoinHandle<Vec<Value>>,
}

fn scene(result: Value) -> Scene {
    let (client, asked) = vault(result);
    let key = AgentKey::new().unwrap();
    let relay = Relay::new(client, AgentName::new("x").unwrap(), key.public());
    Scene { relay, key, asked }
}

impl Scene {
    fn ask(&self, guest: &mut Guest, method: &str, params: &Value) -> Result<Value, String> {
        let frame = json!({ "id": 7, "method": method, "params": params }).to_string();
        let mut decoder = Decoder::default();
        decoder.push(&self.relay.answer(guest, frame.as_bytes()));
        let told = decoder.next(MOST_ANSWER).unwrap().unwrap();
        let mut told: Value = serde_json::from_slice(&told).unwrap();
        assert_eq!(told["id"], 7);
        match told.get("error") {
            Some(error) => Err(error["code"].as_str().unwrap().to_owned()),
            None => Ok(told["result"].take()),
        }
    }

    /// With whose key, as whom, for which session.
    fn proves(&self, guest: &mut Guest, key: &AgentKey, agent: &str, session: &str) -> bool {
        let told = self.ask(guest, "authenticate", &json!({ "agent_name": agent })).unwrap();
        assert_eq!(told["session_id"], SESSION);
        let challenge = crate::unhex(told["challenge"].as_str().unwrap()).unwrap();
        let signature = crate::hex(&key.sign(&challenge));
        let answer = json!({ "session_id": session, "signature": signature });
        self.ask(guest, "challenge_response", &answer).is_ok()
    }

    /// Ends it, and gives what the vault was asked.
    fn asked(self) -> Vec<Value> {
        self.relay.end().unwrap();
        drop(self.relay);
        self.asked.join().unwrap()
    }
}

#[test]
fn only_the_stand_in_opens_it_and_nothing_of_a_stranger_reaches_the_vault() {
    let scene = scene(json!({ "credentials": [] }));
    let other = AgentKey::new().unwrap();
    for (key, agent, session) in
        [(&other, "x", SESSION), (&scene.key, "y", SESSION), (&scene.key, "x", "5e56")]
    {
        let mut guest = Guest::default();
        assert!(!scene.proves(&mut guest, key, agent, session), "{agent} {session}");
        let list = scene.ask(&mut guest, "list", &json!({ "session_id": SESSION }));
        assert_eq!(list, Err("SESSION_EXPIRED".to_owned()));
        let list = scene.ask(&mut guest, "credential.list", &json!({}));
        assert_eq!(list, Err("SESSION_EXPIRED".to_owned()));
    }
    let mut guest = Guest::default();
    assert!(scene.proves(&mut guest, &scene.key, "x", SESSION));
    assert!(scene.ask(&mut guest, "list", &json!({ "session_id": SESSION })).is_ok());
    assert_eq!(scene.asked().len(), 1);
}

#[test]
fn the_owner_is_not_heard_also_by_who_proved_itself() {
    let scene = scene(json!({ "authenticated": true }));
    let mut guest = Guest::trusted();
    for verb in ["prove", "unlock", "session", "put", "seal"] {
        let told = scene.ask(&mut guest, &format!("admin.{verb}"), &json!({ "passphrase": "p" }));
        assert_eq!(told, Err("ACCESS_DENIED".to_owned()), "{verb}");
    }
    assert_eq!(scene.ask(&mut guest, "what", &json!({})), Err("UNKNOWN_METHOD".to_owned()));
    assert!(scene.asked().is_empty());
}

#[test]
fn who_holds_the_line_names_no_session_and_has_it() {
    let scene = scene(json!({ "lease_id": "l1", "value": "00" }));
    let mut guest = Guest::trusted();
    for params in [json!({ "path": "a/b" }), json!({ "path": "a/b", "session_id": "other" })] {
        scene.ask(&mut guest, "retrieve", &params).unwrap();
    }
    scene.ask(&mut guest, "credential.list", &json!({})).unwrap();
    let asked = scene.asked();
    assert_eq!(asked[0]["params"], json!({ "path": "a/b", "session_id": SESSION }));
    // Another one is the vault's to refuse.
    assert_eq!(asked[1]["params"]["session_id"], "other");
    assert_eq!(asked[2]["params"], json!({}));
}

#[test]
fn what_was_leased_is_given_back_once_at_the_end() {
    let scene = scene(json!({ "lease_id": "l1" }));
    let mut guest = Guest::trusted();
    scene.ask(&mut guest, "retrieve", &json!({ "path": "a/b" })).unwrap();
    scene.ask(&mut guest, "release_lease", &json!({ "lease_id": "l1" })).unwrap();
    // Another answer that names a lease grants none.
    scene.ask(&mut guest, "lease_status", &json!({ "lease_id": "l2" })).unwrap();
    for method in ["mint_use_lease", "credential.retrieve"] {
        let params = json!({ "service": "a/b", "path": "a/b" });
        scene.ask(&mut guest, method, &params).unwrap();
    }
    let asked = scene.asked();
    let released: Vec<_> = asked[5..].iter().map(|one| &one["params"]["lease_id"]).collect();
    assert_eq!(released, ["l1", "l1"], "{asked:?}");
    assert!(asked[5..].iter().all(|one| one["method"] == "release_lease"));
}

#[test]
fn a_vault_that_is_gone_is_not_asked_again() {
    let (near, far) = UnixStream::pair().unwrap();
    let client = Client::take_over(near.into(), SESSION.to_owned()).unwrap();
    let relay = Relay::new(client, AgentName::new("x").unwrap(), [0; 32]);
    drop(far);
    let asked = std::thread::spawn(Vec::new);
    let scene = Scene { relay, key: AgentKey::new().unwrap(), asked };
    for _ in 0..2 {
        let told = scene.ask(&mut Guest::trusted(), "list", &json!({}));
        assert_eq!(told, Err("SESSION_EXPIRED".to_owned()));
    }
    assert!(scene.relay.end().is_ok());
}

#[test]
fn an_answer_that_comes_late_is_not_that_of_the_next_request() {
    let (near, mut far) = UnixStream::pair().unwrap();
    let patience = near.try_clone().unwrap();
    let client = Client::take_over(near.into(), SESSION.to_owned()).unwrap();
    let relay = Relay::new(client, AgentName::new("x").unwrap(), [0; 32]);
    let asked = std::thread::spawn(Vec::new);
    let scene = Scene { relay, key: AgentKey::new().unwrap(), asked };
    let list = || scene.ask(&mut Guest::trusted(), "list", &json!({}));
    patience.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
    assert_eq!(list(), Err("SESSION_EXPIRED".to_owned()));
    patience.set_read_timeout(None).unwrap();
    far.write_all(&encode(br#"{"id":7,"result":{"late":true}}"#)).unwrap();
    assert_eq!(list(), Err("SESSION_EXPIRED".to_owned()));
}

#[test]
fn a_stranger_may_send_little() {
    let scene = Arc::new(scene(json!({})));
    let (near, far) = UnixStream::pair().unwrap();
    let talking = Arc::clone(&scene);
    let talk = std::thread::spawn(move || talking.relay.talk(&far, Guest::default()));
    (&near).write_all(&u32::try_from(BEFORE + 1).unwrap().to_be_bytes()).unwrap();
    let mut told = Vec::new();
    (&near).read_to_end(&mut told).unwrap();
    assert!(String::from_utf8_lossy(&told).contains("TOO_LARGE"));
    talk.join().unwrap();
}
