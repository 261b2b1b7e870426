//! Frames that nobody's client sends: a million mutations of every request, to a vault that is open.
//!
//! The agent may use a credential and may not read it, so that its value has no way out; whatever comes, the answer is one frame with one
//! result or one known error.

use sanctum_types::{AbsPath, AuditEvent, AuditSink, NotRecorded};
use sanctum_vault::keyfile::AgentKey;
use sanctum_vault::keys::{Cost, Opener};
use sanctum_vault::place::Home;
use sanctum_vault::service::{Connection, Vault};
use sanctum_vault::store::Store;
use sanctum_vault::wire::frame::{AFTER, BEFORE, Decoder, MOST_ANSWER, encode};
use sanctum_vault::{hex, unhex};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

const FRAMES: usize = 1_000_000;
/// The value that must stay inside.
const NEEDLE: &str = "needle-7Gq2Lm8R";

/// Every request of the three dialects, and what the owner says.
const SEEDS: [&str; 30] = [
    r#"{"id":1,"method":"authenticate","params":{"agent_name":"x"}}"#,
    r#"{"id":1,"method":"challenge_response","params":{"session_id":"00","signature":"00"}}"#,
    r#"{"id":1,"method":"list","params":{}}"#,
    r#"{"id":1,"method":"retrieve","params":{"path":"a/key","ttl":60}}"#,
    r#"{"id":1,"method":"use","params":{"path":"a/key","operation":"sign_payload","params":{"payload":"aGk="}}}"#,
    r#"{"id":1,"method":"release_lease","params":{"lease_id":"00"}}"#,
    r#"{"id":2,"method":"auth.challenge","params":{"agent":"x"}}"#,
    r#"{"id":2,"method":"auth.verify","params":{"agent":"x","signature":"00"}}"#,
    r#"{"id":2,"method":"credential.list","params":{}}"#,
    r#"{"id":2,"method":"credential.retrieve","params":{"path":"a/key","ttl":60}}"#,
    r#"{"id":2,"method":"credential.use","params":{"path":"a/key","operation":"sign","params":{"data":"aGk=","algorithm":"hmac-sha256"}}}"#,
    r#"{"id":2,"method":"credential.use","params":{"path":"a/key","operation":"encrypt","params":{"plaintext":"aGk="}}}"#,
    r#"{"id":2,"method":"credential.use","params":{"path":"a/key","operation":"decrypt","params":{"ciphertext":"AAAA"}}}"#,
    r#"{"id":2,"method":"credential.use","params":{"path":"a/key","operation":"totp","params":{}}}"#,
    r#"{"id":2,"method":"credential.use","params":{"path":"a/key","operation":"http_header","params":{}}}"#,
    r#"{"id":2,"method":"credential.store","params":{"path":"a/key","value":"v"}}"#,
    r#"{"id":2,"method":"lease.release","params":{"lease_id":"00"}}"#,
    r#"{"id":2,"method":"lease.renew","params":{"lease_id":"00","ttl":9}}"#,
    r#"{"id":3,"method":"mint_use_lease","params":{"service":"a/key","ttl":60}}"#,
    r#"{"id":3,"method":"lease_status","params":{"lease_id":"00"}}"#,
    r#"{"id":4,"method":"credential.may","params":{"path":"a/key","action":"retrieve"}}"#,
    r#"{"id":4,"method":"status","params":{}}"#,
    r#"{"id":5,"method":"admin.get","params":{"path":"a/key"}}"#,
    r#"{"id":5,"method":"admin.list","params":{}}"#,
    r#"{"id":5,"method":"admin.put","params":{"path":"a/key","value":"6e6f"}}"#,
    r#"{"id":5,"method":"admin.policy_set","params":{"name":"r","rule":{"agents":["x"],"paths":["**"],"actions":["retrieve"]}}}"#,
    r#"{"id":5,"method":"admin.agent_register","params":{"name":"y","public":"00"}}"#,
    r#"{"id":5,"method":"admin.backup","params":{}}"#,
    r#"{"id":5,"method":"admin.session","params":{}}"#,
    r#"{"jsonrpc":"2.0","id":null,"method":"","params":null}"#,
];

/// What is put in at any place.
const BITS: [&[u8]; 22] = [
    b"\"",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"\\",
    b"\\u0000",
    b"\\ud800",
    b"null",
    b"true",
    b"-1",
    b"1e999",
    b"18446744073709551616",
    b"a/key",
    b"../",
    b"**",
    b"admin.",
    b"\xff\xfe",
    b"\0",
    b"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
];

struct Sink;

impl AuditSink for Sink {
    fn record(&self, event: &AuditEvent) -> Result<(), NotRecorded> {
        let told = format!("{event:?}");
        assert!(!told.contains(NEEDLE), "{told}");
        Ok(())
    }
}

/// xorshift64*: the same frames in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let drawn = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(drawn).unwrap() % end.max(1)
    }

    fn one_of<'t, T: ?Sized>(&mut self, all: &[&'t T]) -> &'t T {
        all[self.below(all.len())]
    }
}

/// What any member may hold.
const LEAVES: [&str; 20] = [
    "null",
    "true",
    "0",
    "-1",
    "1e308",
    "18446744073709551615",
    "9223372036854775808",
    "[]",
    "{}",
    "[[[[]]]]",
    r#""""#,
    r#""a/key""#,
    r#""a/../a/key""#,
    r#""a//key""#,
    r#""**""#,
    r#""x""#,
    r#""00""#,
    r#""\u0000""#,
    r#""\ud83d\ude00""#,
    r#"{"path":"a/key","session_id":"0"}"#,
];

/// A request that is still JSON: members are left out, named otherwise, taken from another request, or hold something else.
fn shuffled(random: &mut Random) -> Vec<u8> {
    let of = |text: &str| serde_json::from_str::<Value>(text).expect("the seeds are JSON");
    let mut request = of(random.one_of(&SEEDS));
    for _ in 0..random.below(3) {
        let other = of(random.one_of(&SEEDS));
        let leaf = of(random.one_of(&LEAVES));
        // In the request itself, in its parameters, or in those of an operation.
        let place = ["", "/params", "/params/params"][random.below(3)];
        let Some(inside) = request.pointer_mut(place) else { continue };
        let Some(object) = inside.as_object_mut() else { continue };
        let names: Vec<String> = object.keys().cloned().collect();
        let Some(name) = names.get(random.below(names.len())) else { continue };
        match random.below(5) {
            0 => drop(object.remove(name)),
            1 => {
                let value = object.remove(name).unwrap_or_default();
                object.insert(names[random.below(names.len())].clone(), value);
            }
            2 => drop(object.insert(name.clone(), other.get(name).cloned().unwrap_or(leaf))),
            3 => drop(object.insert("session_id".to_owned(), leaf)),
            _ => drop(object.insert(name.clone(), leaf)),
        }
    }
    request.to_string().into_bytes()
}

fn mutated(random: &mut Random) -> Vec<u8> {
    if random.below(2) == 0 {
        return shuffled(random);
    }
    torn(random)
}

/// Bytes that were a request.
fn torn(random: &mut Random) -> Vec<u8> {
    let mut frame = random.one_of(&SEEDS).as_bytes().to_vec();
    for _ in 0..=random.below(4) {
        let at = random.below(frame.len() + 1);
        match random.below(8) {
            0 if at < frame.len() => frame[at] ^= 1 << random.below(8),
            1 if at < frame.len() => drop(frame.remove(at)),
            2 => frame.truncate(at),
            3 => {
                let other = random.one_of(&SEEDS).as_bytes();
                let from = random.below(other.len());
                frame.truncate(at);
                frame.extend_from_slice(&other[from..]);
            }
            4 => {
                let piece = frame[at..(at + random.below(24)).min(frame.len())].to_vec();
                drop(frame.splice(at..at, piece));
            }
            5 => frame.insert(at, u8::try_from(random.below(256)).unwrap()),
            _ => {
                let bit = random.one_of(&BITS);
                drop(frame.splice(at..at, bit.iter().copied()));
            }
        }
    }
    frame
}

fn call(vault: &Vault, at: &mut Connection, method: &str, params: Value) -> Value {
    let request = json!({ "id": 1 });
    let members = [("method", json!(method)), ("params", params)];
    let request: Value = request
        .as_object()
        .unwrap()
        .clone()
        .into_iter()
        .chain(members.map(|(n, v)| (n.to_owned(), v)))
        .collect();
    let answer: Value =
        serde_json::from_slice(&vault.answer(at, request.to_string().as_bytes())[4..]).unwrap();
    assert!(answer.get("error").is_none_or(Value::is_null), "{method}: {answer}");
    answer["result"].clone()
}

/// An open vault with one credential, and a connection of an agent that may use it.
fn ready(dir: &std::path::Path) -> (Vault, AgentKey) {
    let at = |name: &str| AbsPath::new(name).unwrap();
    let home = Home { log: at("/vault"), counter: at("/state") };
    let opener = Opener::Passphrase(b"p".to_vec().into());
    let cheap = Cost { memory: 8, passes: 1, lanes: 1 };
    Store::create(home.open(dir).unwrap(), &[opener], cheap).unwrap();
    let vault = Vault::new(home, dir.to_owned(), Arc::new(Sink));
    let mut owner = Connection::new(501);
    call(&vault, &mut owner, "admin.unseal", json!({ "passphrase": "p" }));
    let key = AgentKey::new().unwrap();
    let agent = json!({ "name": "x", "public": hex(&key.public()) });
    call(&vault, &mut owner, "admin.agent_register", agent);
    let put = json!({ "path": "a/key", "value": hex(NEEDLE.as_bytes()) });
    call(&vault, &mut owner, "admin.put", put);
    let rule = json!({ "agents": ["x"], "paths": ["a/*"], "actions": ["list", "use:sign", "use:sign_payload", "use:encrypt", "use:decrypt", "use:totp"] });
    call(&vault, &mut owner, "admin.policy_set", json!({ "name": "rule", "rule": rule }));
    (vault, key)
}

fn known(vault: &Vault, key: &AgentKey) -> Connection {
    let mut agent = Connection::new(501);
    let told = call(vault, &mut agent, "auth.challenge", json!({ "agent": "x" }));
    let challenge = unhex(told["challenge"].as_str().unwrap()).unwrap();
    let signature = hex(&key.sign(&challenge));
    call(vault, &mut agent, "auth.verify", json!({ "agent": "x", "signature": signature }));
    agent
}

/// One frame with one result or one error, and never the value. The error's code, empty for a result.
fn judged(answer: &[u8], frame: &[u8]) -> String {
    let shown = || String::from_utf8_lossy(frame).into_owned();
    let mut decoder = Decoder::default();
    decoder.push(answer);
    let content = decoder.next(MOST_ANSWER).expect("no longer than a client reads").expect("whole");
    assert!(decoder.held().is_empty(), "{}", shown());
    let value: Value = serde_json::from_slice(&content).unwrap_or_else(|_| panic!("{}", shown()));
    let is = |member: &str| value.get(member).is_some_and(|m| !m.is_null());
    assert!(
        is("result") != is("error") || value.get("result").is_some_and(Value::is_null),
        "{}",
        shown()
    );
    if let Some(code) = value["error"].get("code") {
        let code = code.as_str().unwrap_or_else(|| panic!("{}", shown()));
        assert!(code.bytes().all(|b| b.is_ascii_uppercase() || b == b'_'), "{code}");
        assert_ne!(code, "INTERNAL", "{}", shown());
    }
    let text = value.to_string();
    assert!(!text.contains(NEEDLE) && !text.contains(&hex(NEEDLE.as_bytes())), "{}", shown());
    value["error"]["code"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_million_mutated_frames_get_one_answer_each_and_no_value() {
    let dir = tempfile::tempdir().unwrap();
    let (vault, key) = ready(dir.path());
    let mut random = Random(0x5EED);
    let mut agent = known(&vault, &key);
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for _ in 0..FRAMES {
        let frame = mutated(&mut random);
        if !agent.is_known() {
            agent = known(&vault, &key);
        }
        *seen.entry(judged(&vault.answer(&mut agent, &frame), &frame)).or_default() += 1;
    }
    // They came further than the first gate: one of twenty did what it asked, and most gates turned some away.
    assert!(seen.get("").is_some_and(|results| *results > FRAMES / 20), "{seen:?}");
    assert!(seen.len() > 8, "{seen:?}");
    // The credential is as it was.
    let told = call(&vault, &mut agent, "credential.list", json!({}));
    assert!(told.to_string().contains("a/key"), "{told}");
}

#[test]
fn a_stream_of_mutated_frames_is_taken_apart_or_refused_for_good() {
    let mut random = Random(0xF4A3E);
    for _ in 0..FRAMES / 10 {
        let mut stream = Vec::new();
        for _ in 0..=random.below(4) {
            stream.extend(encode(&mutated(&mut random)));
        }
        let at = random.below(stream.len());
        stream[at] ^= 1 << random.below(8);
        let most = if random.below(2) == 0 { BEFORE } else { AFTER };
        let (mut decoder, mut taken, mut fed) = (Decoder::default(), 0, 0);
        'stream: while fed < stream.len() {
            let piece = 1 + random.below(64);
            let end = (fed + piece).min(stream.len());
            decoder.push(&stream[fed..end]);
            fed = end;
            loop {
                match decoder.next(most) {
                    Ok(Some(frame)) => {
                        assert!(frame.len() <= most);
                        assert_eq!(stream[taken + 4..taken + 4 + frame.len()], frame[..]);
                        taken += 4 + frame.len();
                    }
                    Ok(None) => break,
                    Err(_) => break 'stream,
                }
            }
            assert_eq!(decoder.held(), &stream[taken..fed]);
        }
    }
}
