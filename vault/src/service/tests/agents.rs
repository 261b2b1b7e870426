//! Which key an agent has: the first one, and one that takes the place of another.

use super::*;

fn named(name: &str, key: &AgentKey) -> Value {
    json!({ "name": name, "public": hex(&key.public()) })
}

#[test]
fn a_key_is_never_replaced_by_mistake_and_never_made_by_one() {
    let bed = bed();
    let (mut owner, mut agent, key) = ready(&bed);
    let other = AgentKey::new().unwrap();
    let refused = Err("INVALID_REQUEST".to_owned());
    assert_eq!(call(&bed, &mut owner, "admin.agent_register", named("x", &other)), refused);
    assert_eq!(call(&bed, &mut owner, "admin.agent_register", named("x", &key)), refused);
    assert_eq!(call(&bed, &mut owner, "admin.agent_rotate", named("y", &other)), refused);
    assert!(call(&bed, &mut agent, "credential.list", json!({})).is_ok());
    assert_eq!(authenticate(&bed, &mut Connection::new(501), "x", &key), Ok(()));
    let nobody = authenticate(&bed, &mut Connection::new(501), "y", &other);
    assert_eq!(nobody, Err("AUTH_FAILED".to_owned()));
    for weak in ["00".repeat(32), "00".to_owned()] {
        let weak = json!({ "name": "x", "public": weak });
        assert_eq!(call(&bed, &mut owner, "admin.agent_rotate", weak), refused);
    }
}

#[test]
fn another_key_ends_what_the_one_before_began() {
    let bed = bed();
    let (mut owner, mut agent, key) = ready(&bed);
    allow(&bed, &mut owner, &json!({ "agents": ["x"], "paths": ["**"], "actions": ["retrieve"] }));
    let get = json!({ "path": "b", "ttl": 60 });
    call(&bed, &mut agent, "credential.retrieve", get.clone()).unwrap();
    let mut second = Connection::new(501);
    authenticate(&bed, &mut second, "x", &key).unwrap();
    // Asked for with the old key, and answered with the new one in force.
    let mut late = Connection::new(501);
    let told = call(&bed, &mut late, "auth.challenge", json!({ "agent": "x" })).unwrap();
    let signature = hex(&key.sign(&unhex(told["challenge"].as_str().unwrap()).unwrap()));
    let other = AgentKey::new().unwrap();
    call(&bed, &mut owner, "admin.agent_rotate", named("x", &other)).unwrap();
    let proof = json!({ "agent": "x", "signature": signature });
    assert_eq!(call(&bed, &mut late, "auth.verify", proof), Err("AUTH_FAILED".to_owned()));
    for open in [&mut agent, &mut second] {
        let expired = Err("SESSION_EXPIRED".to_owned());
        assert_eq!(call(&bed, open, "credential.retrieve", get.clone()), expired);
    }
    let old = authenticate(&bed, &mut Connection::new(501), "x", &key);
    assert_eq!(old, Err("AUTH_FAILED".to_owned()));
    let leases = call(&bed, &mut owner, "admin.lease_list", json!({})).unwrap();
    assert_eq!(leases["leases"], json!([]));
    let mut fresh = Connection::new(501);
    authenticate(&bed, &mut fresh, "x", &other).unwrap();
    assert!(call(&bed, &mut fresh, "credential.retrieve", get.clone()).is_ok());
    // Who was interrupted says it again: the sessions of the key that is in force go on.
    call(&bed, &mut owner, "admin.agent_rotate", named("x", &other)).unwrap();
    assert!(call(&bed, &mut fresh, "credential.retrieve", get).is_ok());
    let events = bed.sink.events.lock().unwrap();
    let told = |event: &&sanctum_types::AuditEvent| {
        event.action.as_str() == "vault.agent-rotate" && event.subject == "x"
    };
    assert!(events.iter().any(|event| told(&event) && event.outcome == Outcome::Ok));
}

#[test]
fn of_many_that_register_one_name_at_a_time_one_does() {
    let bed = bed();
    let (_owner, _agent, _) = ready(&bed);
    let done = std::sync::atomic::AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let mut owner = Connection::new(501);
                call(&bed, &mut owner, "admin.prove", json!({ "passphrase": "p" })).unwrap();
                let key = AgentKey::new().unwrap();
                if call(&bed, &mut owner, "admin.agent_register", named("y", &key)).is_ok() {
                    done.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                }
            });
        }
    });
    assert_eq!(done.into_inner(), 1);
}
