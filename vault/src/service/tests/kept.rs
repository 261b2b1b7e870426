//! Leases that outlive a restart: what was acknowledged is there, and what was taken back is not, whatever the disk does.

use super::{AgentKey, Bed, Sink, allow, authenticate, call, call_at, ready};
use crate::crypt::hex;
use crate::keys::tests::passphrase;
use crate::lease::kept::{LEASE, MOST};
use crate::place::Home;
use crate::service::{Connection, Now, Vault};
use crate::store::Terms;
use crate::store::tests::create;
use crate::store::tests::disk::Pair;
use sanctum_types::{AbsPath, AuditSink, UnixTime};
use serde_json::{Value, json};
use std::sync::Arc;

/// A service on a disk that fails when it is told to, in a boot.
fn served(pair: &Pair, boot: &str, now: Now) -> Bed {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| AbsPath::new(name).unwrap();
    let home = Home { log: at("/vault"), counter: at("/state") };
    let sink = Arc::new(Sink::default());
    let told: Arc<dyn AuditSink> = Arc::clone(&sink) as Arc<dyn AuditSink>;
    let vault =
        Vault { boot: Some(boot.to_owned()), ..Vault::new(home, dir.path().to_owned(), told) };
    vault.unseal_from(|| Ok(pair.source()), &passphrase("p"), Terms::default(), now).unwrap();
    Bed { vault, sink, _dir: dir }
}

/// The service after the power went, with the owner's connection and the agent's.
fn again(pair: &Pair, key: &AgentKey, (boot, now): (&str, Now)) -> (Bed, Connection, Connection) {
    pair.log.crash(0);
    pair.counter.crash(0);
    let bed = served(pair, boot, now);
    let (owner, agent) = people(&bed, key);
    (bed, owner, agent)
}

fn people(bed: &Bed, key: &AgentKey) -> (Connection, Connection) {
    let (mut owner, mut agent) = (Connection::new(501), Connection::new(501));
    call(bed, &mut owner, "admin.prove", json!({ "passphrase": "p" })).unwrap();
    // One that has no key any more has no connection.
    let _ = authenticate(bed, &mut agent, "x", key);
    (owner, agent)
}

fn begun() -> (Pair, Bed, Connection, Connection, AgentKey) {
    let pair = Pair::default();
    drop(create(&pair));
    let bed = served(&pair, "one", at(0));
    let (mut owner, agent, key) = ready(&bed);
    let rule = json!({
        "agents": ["*"], "paths": ["**"], "actions": ["retrieve"], "max_ttl": 600, "keep_leases": true,
    });
    allow(&bed, &mut owner, &rule);
    (pair, bed, owner, agent, key)
}

fn at(second: u64) -> Now {
    let wall = UnixTime(1_000_000_i64.checked_add_unsigned(second).unwrap());
    Now { wall, mono: 5_000_000 + second * 1000 }
}

fn retrieved(bed: &Bed, agent: &mut Connection, path: &str) -> Result<String, String> {
    let asked = ("credential.retrieve", json!({ "path": path, "ttl": 100 }));
    let got = call_at(bed, agent, asked, at(0))?;
    Ok(got["lease_id"].as_str().unwrap().to_owned())
}

fn asked(
    bed: &Bed,
    agent: &mut Connection,
    what: &str,
    lease: &str,
    now: Now,
) -> Result<Value, String> {
    let params = json!({ "lease_id": lease, "ttl": 50 });
    call_at(bed, agent, (&format!("lease.{what}"), params), now)
}

/// Whether it is alive, and says that it will be.
fn lives(bed: &Bed, agent: &mut Connection, lease: &str, now: Now) -> bool {
    let status = asked(bed, agent, "status", lease, now);
    status.is_ok_and(|status| status["survives_restart"] == true)
}

fn documents(bed: &Bed) -> usize {
    bed.vault.opened().unwrap().store.index().documents(LEASE).count()
}

#[test]
fn it_outlives_the_service_and_says_so_and_ends_when_it_would_have() {
    let (pair, bed, mut owner, mut agent, key) = begun();
    let lease = retrieved(&bed, &mut agent, "b").unwrap();
    let listed = call_at(&bed, &mut owner, ("admin.lease_list", json!({})), at(1)).unwrap();
    assert_eq!(listed["leases"][0]["survives_restart"], true, "{listed}");
    assert_eq!(asked(&bed, &mut agent, "renew", &lease, at(10)).unwrap()["ttl"], 50);
    drop(bed);
    let (bed, _, mut agent) = again(&pair, &key, ("one", at(20)));
    assert!(lives(&bed, &mut agent, &lease, at(20)) && lives(&bed, &mut agent, &lease, at(58)));
    assert!(!lives(&bed, &mut agent, &lease, at(60)));
    let told: Vec<_> = bed.sink.events.lock().unwrap().clone();
    let told = told.iter().find(|event| event.action.as_str() == "vault.lease-keep").unwrap();
    assert_eq!((&*told.details["kept"], &*told.details["dropped"]), ("1", "0"));
    drop(bed);
    // In another boot the clock of the first one says nothing.
    let boot = |second| Now { mono: 10, ..at(second) };
    let (other, _, mut agent) = again(&pair, &key, ("two", boot(20)));
    assert!(lives(&other, &mut agent, &lease, boot(20)));
    drop(other);
    for (name, now) in [("two", boot(9)), ("one", at(60))] {
        let ended = Pair { log: pair.log.clone(), counter: pair.counter.clone() };
        let (bed, _, mut agent) = again(&ended, &key, (name, now));
        assert!(!lives(&bed, &mut agent, &lease, now), "{name}");
        assert_eq!(documents(&bed), 0);
    }
}

#[test]
fn one_that_is_not_kept_dies_with_the_service() {
    let (pair, bed, mut owner, mut agent, key) = begun();
    // Of two rules the strictest holds.
    let plain = json!({ "agents": ["x"], "paths": ["b"], "actions": ["retrieve"] });
    let set = json!({ "name": "plain", "rule": plain });
    call(&bed, &mut owner, "admin.policy_set", set).unwrap();
    let simulated = |owner: &mut Connection, path: &str| {
        let params = json!({ "agent": "x", "path": path, "action": "retrieve" });
        call(&bed, owner, "admin.policy_simulate", params).unwrap()["keep_leases"].clone()
    };
    assert_eq!(simulated(&mut owner, "b"), false);
    assert_eq!(simulated(&mut owner, "a/one"), true);
    let lease = retrieved(&bed, &mut agent, "b").unwrap();
    assert_eq!(
        asked(&bed, &mut agent, "status", &lease, at(0)).unwrap()["survives_restart"],
        false
    );
    assert_eq!(documents(&bed), 0);
    drop(bed);
    let (bed, _, mut agent) = again(&pair, &key, ("one", at(0)));
    assert_eq!(asked(&bed, &mut agent, "status", &lease, at(0)), Err("LEASE_EXPIRED".to_owned()));
}

#[test]
fn what_was_taken_back_is_gone_also_after_the_power_went() {
    type Way = (&'static str, fn(&str) -> Value);
    let ways: [Way; 6] = [
        ("lease_revoke", |lease| json!({ "lease_id": lease })),
        ("lease_revoke", |_| json!({ "path": "b" })),
        ("lease_revoke", |_| json!({ "agent": "x" })),
        ("rm", |_| json!({ "path": "b" })),
        ("agent_remove", |_| json!({ "name": "x" })),
        ("seal", |_| json!({})),
    ];
    for (verb, params) in ways {
        let (pair, bed, mut owner, mut agent, key) = begun();
        let lease = retrieved(&bed, &mut agent, "b").unwrap();
        call_at(&bed, &mut owner, (&format!("admin.{verb}"), params(&lease)), at(1)).unwrap();
        drop(bed);
        let (bed, mut owner, _) = again(&pair, &key, ("one", at(2)));
        assert_eq!(documents(&bed), 0, "{verb}");
        // What it was granted for is there again: the lease is not.
        if verb == "agent_remove" {
            let agent = json!({ "name": "x", "public": hex(&key.public()) });
            call(&bed, &mut owner, "admin.agent_register", agent).unwrap();
        }
        call(&bed, &mut owner, "admin.put", json!({ "path": "b", "value": "00" })).unwrap();
        drop(bed);
        let (bed, _, mut agent) = again(&pair, &key, ("one", at(3)));
        assert!(!lives(&bed, &mut agent, &lease, at(3)), "{verb}");
    }
    let (pair, bed, _, mut agent, key) = begun();
    let lease = retrieved(&bed, &mut agent, "b").unwrap();
    asked(&bed, &mut agent, "release", &lease, at(1)).unwrap();
    assert!(asked(&bed, &mut agent, "renew", &lease, at(1)).is_err());
    drop(bed);
    let (bed, _, mut agent) = again(&pair, &key, ("one", at(2)));
    assert!(!lives(&bed, &mut agent, &lease, at(2)));
}

#[test]
fn a_new_root_key_and_a_backup_that_comes_back_have_no_leases() {
    let (pair, bed, mut owner, mut agent, key) = begun();
    let lease = retrieved(&bed, &mut agent, "b").unwrap();
    let backup = bed.vault.opened().unwrap().store.backup().unwrap();
    call(&bed, &mut owner, "admin.rekey", json!({ "passphrase": "p" })).unwrap();
    assert!(!lives(&bed, &mut agent, &lease, at(1)));
    drop(bed);
    let (bed, _, mut agent) = again(&pair, &key, ("one", at(1)));
    assert_eq!((documents(&bed), lives(&bed, &mut agent, &lease, at(1))), (0, false));
    drop(bed);
    let restored = crate::store::Store::restore(pair.source(), &backup, &passphrase("p"));
    drop(restored.unwrap());
    let (bed, _, mut agent) = again(&pair, &key, ("one", at(1)));
    assert_eq!((documents(&bed), lives(&bed, &mut agent, &lease, at(1))), (0, false));
}

#[test]
fn it_is_taken_up_only_where_agent_secret_and_rules_bear_it() {
    type Change = fn(&Bed, &mut Connection);
    let changes: [(&str, bool, Change); 4] = [
        ("nothing", true, |_, _| {}),
        ("no --keep-leases", false, |bed, owner| {
            let rule = json!({ "agents": ["*"], "paths": ["**"], "actions": ["retrieve"] });
            allow(bed, owner, &rule);
        }),
        ("no rule", false, |bed, owner| {
            call(bed, owner, "admin.policy_remove", json!({ "name": "rule" })).map(drop).unwrap();
        }),
        ("another path", false, |bed, owner| {
            let rule = json!({
                "agents": ["*"], "paths": ["a/**"], "actions": ["retrieve"], "keep_leases": true,
            });
            allow(bed, owner, &rule);
        }),
    ];
    for (what, stays, change) in changes {
        let (pair, bed, mut owner, mut agent, key) = begun();
        let lease = retrieved(&bed, &mut agent, "b").unwrap();
        change(&bed, &mut owner);
        drop(bed);
        let (bed, _, mut agent) = again(&pair, &key, ("one", at(1)));
        assert_eq!(lives(&bed, &mut agent, &lease, at(1)), stays, "{what}");
        assert_eq!(documents(&bed), usize::from(stays), "{what}");
    }
}

/// Written by the store alone, as it is where the power goes between a change and the end of the leases that rest on it.
#[test]
fn a_crash_between_a_change_and_its_leases_leaves_none() {
    use crate::store::Change;
    let other = AgentKey::new().unwrap();
    let public = json!({ "public": hex(&other.public()), "since": 0 });
    for change in [
        Change::Drop { path: crate::SecretPath::new("b").unwrap() },
        Change::Unset { name: "agent/x".to_owned() },
        Change::Set { name: "agent/x".to_owned(), content: public },
    ] {
        let (pair, bed, _, mut agent, key) = begun();
        let lease = retrieved(&bed, &mut agent, "b").unwrap();
        bed.vault.opened().unwrap().store.change(change).unwrap();
        drop(bed);
        let (bed, _, _) = again(&pair, &key, ("one", at(1)));
        let all = bed.vault.leases.lock().unwrap().all(at(1).mono).count();
        assert_eq!((all, documents(&bed)), (0, 0), "{lease}");
    }
}

#[test]
fn a_disk_that_fails_gives_out_no_lease_and_takes_none_back_in_vain() {
    let (pair, bed, _, mut agent, key) = begun();
    pair.log.next_sync_fails();
    assert!(retrieved(&bed, &mut agent, "b").is_err());
    assert_eq!(bed.vault.leases.lock().unwrap().all(at(0).mono).count(), 0);
    drop(bed);
    let (bed, _, mut agent) = again(&pair, &key, ("one", at(0)));
    assert_eq!(documents(&bed), 0);
    let lease = retrieved(&bed, &mut agent, "b").unwrap();
    for what in ["renew", "release"] {
        // A disk that is full for a moment: nothing is said that is not so.
        pair.log.next_write_is_short(10, false);
        assert!(asked(&bed, &mut agent, what, &lease, at(10)).is_err(), "{what}");
    }
    assert!(!lives(&bed, &mut agent, &lease, at(10)));
    drop(bed);
    // Nobody was told that it is released.
    let (bed, _, mut agent) = again(&pair, &key, ("one", at(11)));
    assert!(lives(&bed, &mut agent, &lease, at(98)) && !lives(&bed, &mut agent, &lease, at(100)));
    pair.log.next_write_is_short(10, false);
    assert!(asked(&bed, &mut agent, "release", &lease, at(11)).is_err());
    // The next one takes the document along.
    retrieved(&bed, &mut agent, "b").unwrap();
    assert_eq!(documents(&bed), 1);
}

#[test]
fn a_seal_that_cannot_end_them_says_so_and_seals() {
    let (pair, bed, mut owner, mut agent, _) = begun();
    retrieved(&bed, &mut agent, "b").unwrap();
    pair.log.next_sync_fails();
    assert!(call(&bed, &mut owner, "admin.seal", json!({})).is_err());
    assert!(bed.vault.opened().is_err());
    let (_, bed, mut owner, mut agent, _) = begun();
    retrieved(&bed, &mut agent, "b").unwrap();
    let was = bed.vault.opened().unwrap();
    call(&bed, &mut owner, "admin.seal", json!({})).unwrap();
    // What was on its way comes too late.
    assert!(was.store.change(crate::store::tests::put("b", b"late")).is_err());
}

#[test]
fn what_is_not_recorded_is_not_taken_up() {
    let (pair, bed, _, mut agent, _) = begun();
    retrieved(&bed, &mut agent, "b").unwrap();
    let bed = served(&pair, "one", at(1));
    let open = bed.vault.opened().unwrap();
    *bed.vault.leases.lock().unwrap() = crate::lease::Leases::default();
    *bed.sink.full.lock().unwrap() = true;
    bed.vault.take_up(&open.store, &open.roster, at(1));
    assert_eq!(bed.vault.leases.lock().unwrap().all(at(1).mono).count(), 0);
    *bed.sink.full.lock().unwrap() = false;
    bed.vault.take_up(&open.store, &open.roster, at(1));
    assert_eq!(bed.vault.leases.lock().unwrap().all(at(1).mono).count(), 1);
}

#[test]
fn an_agent_has_so_many_and_those_that_ended_make_room() {
    let (_, bed, _, mut agent, _) = begun();
    let first = retrieved(&bed, &mut agent, "b").unwrap();
    for _ in 1..MOST {
        retrieved(&bed, &mut agent, "b").unwrap();
    }
    assert_eq!(retrieved(&bed, &mut agent, "b"), Err("RATE_LIMITED".to_owned()));
    assert_eq!(documents(&bed), MOST);
    asked(&bed, &mut agent, "release", &first, at(0)).unwrap();
    retrieved(&bed, &mut agent, "b").unwrap();
    let late = ("credential.retrieve", json!({ "path": "b", "ttl": 100 }));
    call_at(&bed, &mut agent, late, at(101)).unwrap();
    assert_eq!(documents(&bed), 1);
}

#[test]
fn one_that_was_revoked_while_it_was_granted_is_not() {
    let (_, bed, mut owner, _, _) = begun();
    let was = bed.vault.opened().unwrap();
    let lease = || crate::lease::Lease {
        agent: crate::identity::AgentName::new("x").unwrap(),
        path: crate::SecretPath::new("b").unwrap(),
        until: u64::MAX,
        uses: None,
        max_ttl: 60,
        session: None,
    };
    let id = "00112233445566778899aabbccddeeff";
    let set = || {
        let content = json!({ "agent": "x", "path": "b" });
        was.store
            .change(crate::store::Change::Set { name: format!("{LEASE}{id}"), content })
            .unwrap();
    };
    for params in [json!({ "lease_id": id }), json!({ "path": "b" }), json!({ "agent": "x" })] {
        set();
        call(&bed, &mut owner, "admin.lease_revoke", params).unwrap();
        assert!(bed.vault.grant_kept(&was, id, lease(), at(0)).is_err());
    }
    set();
    assert!(bed.vault.grant_kept(&was, id, lease(), at(0)).is_ok());
    call(&bed, &mut owner, "admin.rekey", json!({ "passphrase": "p" })).unwrap();
    assert!(bed.vault.grant_kept(&was, id, lease(), at(0)).is_err());
}
