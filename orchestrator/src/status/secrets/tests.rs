//! Ages, rotations and stores as they are told, case by case.

#![expect(clippy::disallowed_methods, reason = "fixtures in the test's own folder")]

use super::*;
use crate::doctor::fixture;
use crate::rotate::due::DAY;
use crate::rotate::trouble::tests as trouble;
use sanctum_rotation::Stage;
use sanctum_types::{Action, Actor, AuditEvent, Outcome, Phase, Severity};
use serde_json::json;
use std::os::unix::fs::PermissionsExt as _;

const NOW: UnixTime = UnixTime(1_800_000_000);

/// What a journal tells of a value that was given so long ago.
fn set(name: &str, days: i64) -> Looked<Changes> {
    let event = AuditEvent {
        actor: Actor::new("owner").unwrap(),
        action: Action::new("secrets.set").unwrap(),
        subject: name.to_owned(),
        phase: Phase::Single,
        outcome: Outcome::Ok,
        severity: Severity::Info,
        details: BTreeMap::new(),
    };
    let mut changes = Changes::default();
    changes.hear(&event, NOW.plus(-days * DAY));
    Looked::Seen(changes)
}

#[test]
fn an_age_is_as_the_journal_tells_and_unknown_is_never_well() {
    let limit =
        json!({ "ref": "file:token", "cleartext": { "reason": "x" }, "rotation_max_age_days": 90 });
    let free = json!({ "ref": "file:token", "cleartext": { "reason": "x" } });
    let none = || Looked::Seen(Changes::default());
    let closed = || Looked::Unknown("the journal is closed".to_owned());
    for (entry, changes, state, days, detail) in [
        (&limit, set("token", 0), State::Holds, Some(0), "0 days old"),
        (&limit, set("token", 80), State::Holds, Some(80), "80 days old"),
        (
            &limit,
            set("token", 82),
            State::Finding,
            Some(82),
            "82 days old, due soon after 90: sanctum secrets set token",
        ),
        (
            &limit,
            set("token", 91),
            State::Finding,
            Some(91),
            "91 days old, overdue: sanctum secrets set token",
        ),
        (
            &limit,
            set("another", 3),
            State::Unknown,
            None,
            "age unknown: no change of it is on record: sanctum secrets set token",
        ),
        (
            &limit,
            none(),
            State::Unknown,
            None,
            "age unknown: no change of it is on record: sanctum secrets set token",
        ),
        (&limit, closed(), State::Unknown, None, "age unknown: the journal is closed"),
        (&free, none(), State::Off, None, "age unknown; nothing says how old it may become"),
        (
            &free,
            set("token", 9),
            State::Off,
            Some(9),
            "9 days old; nothing says how old it may become",
        ),
    ] {
        let ground = fixture::hub(&json!({ "secrets": { "token": entry } })).ground;
        let ages = ages((&ground.instance, &ground.node), &changes, NOW);
        let [age] = ages.as_slice() else { panic!("{ages:?}") };
        assert_eq!((age.item.state, age.days_old, age.item.detail.as_str()), (state, days, detail));
        assert_eq!(ages_wanted(&ground.instance, &ground.node), age.max_days.is_some());
        // Another node does not hold it.
        let barn = NodeName::new("barn").unwrap();
        assert!(super::ages((&ground.instance, &barn), &changes, NOW).is_empty());
    }
}

/// `sanctum rotate` refuses what has no rotation, and there nobody can be asked for an age either.
#[test]
fn what_is_to_be_done_is_a_verb_that_does_it() {
    let limit =
        json!({ "ref": "file:token", "cleartext": { "reason": "x" }, "rotation_max_age_days": 90 });
    let mut by_hand = limit.clone();
    by_hand["rotation"] = json!({ "kind": { "manual": { "create_url": "https://x.example" } } });
    for (entry, changes, verb) in [
        (&limit, set("token", 82), "secrets set token"),
        (&limit, set("token", 91), "secrets set token"),
        (&limit, set("another", 3), "secrets set token"),
        (&by_hand, set("token", 82), "rotate token"),
        (&by_hand, set("token", 91), "rotate token"),
        (&by_hand, set("another", 3), "secrets age token --ask"),
    ] {
        let ground = fixture::hub(&json!({ "secrets": { "token": entry } })).ground;
        let ages = ages((&ground.instance, &ground.node), &changes, NOW);
        let [age] = ages.as_slice() else { panic!("{ages:?}") };
        assert!(age.item.detail.ends_with(&format!(": sanctum {verb}")), "{age:?}");
    }
}

fn seen(rotations: Many<Rotation>) -> Looked<Secrets> {
    Looked::Seen(Secrets { rotations, ..Secrets::default() })
}

#[test]
fn an_open_rotation_is_told_and_one_that_waits_for_somebody_is_a_finding() {
    let now = trouble::BEGUN.plus(7200);
    for (record, state, word) in [
        (trouble::record(), State::Holds, "in progress, begun 2 h ago"),
        (trouble::halted(), State::Finding, "its rotation needs you"),
        (trouble::at(Stage::Disabling, 5), State::Finding, "its old key still works"),
        (trouble::at(Stage::Revoking, 5), State::Finding, "cannot be removed yet"),
    ] {
        let all = vec![Rotation { record, sanctum: "sudo sanctum" }];
        let seen = seen(Many { all, unseen: Vec::new() });
        let items = begun(&seen, now);
        let [item] = items.as_slice() else { panic!("{items:?}") };
        assert_eq!((item.name.as_str(), item.state), ("token", state));
        assert!(item.detail.contains(word), "{item:?}");
        let next = item.detail.contains(": sudo sanctum rotate token --retry");
        assert_eq!(next, state == State::Finding, "{item:?}");
        let (layer, detail) = rotation_layer((&seen, &items), &[], &[]);
        let words =
            if state == State::Holds { "1 in progress" } else { "1 below are not in order" };
        assert_eq!((layer, detail.as_str()), (state, words));
    }
}

#[test]
fn what_is_over_is_not_told_and_what_cannot_be_read_is_unknown() {
    let over = Rotation { record: trouble::at(Stage::Done, 5), sanctum: "sanctum" };
    let cause = CouldNotCheck { subject: "a.json".to_owned(), cause: "denied".to_owned() };
    let many = open(Ok(Many { all: vec![over], unseen: vec![cause.clone()] }));
    let items = begun(&seen(many), NOW);
    assert_eq!(items, [Item::new("a.json", State::Unknown, "denied")]);
    let items = begun(&seen(open(Err(cause))), NOW);
    assert_eq!(items, [Item::new("a.json", State::Unknown, "denied")]);
}

#[test]
fn a_job_of_rotations_that_did_not_run_is_not_passed_over() {
    let house = fixture::hub(&json!({ "schedules": {
        "ages": { "node": "hub", "cron": "15 6 * * *", "command": ["secrets", "age", "--notify"] },
        "renewal": { "node": "hub", "cron": "30 6 * * *", "command": ["rotate", "--due"] },
        "scan": { "node": "hub", "cron": "0 6 * * *", "command": ["scan", "--all"] },
    } }));
    let run = |name, state| Run { item: Item::new(name, state, ""), last_run: None, due: None };
    for (ages, renewal, scan, layer) in [
        (State::Holds, State::Holds, State::Finding, State::Holds),
        (State::Finding, State::Holds, State::Holds, State::Finding),
        (State::Holds, State::Finding, State::Holds, State::Finding),
        (State::Holds, State::Unknown, State::Holds, State::Unknown),
        (State::Off, State::Off, State::Finding, State::Off),
    ] {
        let runs = [run("ages", ages), run("renewal", renewal), run("scan", scan)];
        let jobs = jobs(&house.ground.instance.schedules, &runs);
        let said = rotation_layer((&seen(Many::default()), &[]), &[], &jobs);
        assert_eq!(said.0, layer, "{said:?}");
    }
}

#[test]
fn files_of_secrets_are_looked_at_and_no_store_is_asked() {
    let ground = fixture::hub(&json!({ "secrets": {
        "token": { "ref": "file:token", "cleartext": { "reason": "x" } },
        "sealed": { "ref": "age:sealed.age" },
        "asked": { "ref": "keychain:asked/house" },
    } }))
    .ground;
    let dir = tempfile::tempdir().unwrap();
    let place = |path: &str, mode: u32| {
        let path = dir.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, "x").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    let said = || {
        let seen = look(&Eyes::below(&ground, dir.path()).unwrap());
        assert_eq!(seen.unasked, 1);
        kept_layer(&Looked::Seen(seen), true)
    };
    let (state, detail) = said();
    assert_eq!(state, State::Finding);
    assert!(detail.ends_with("; and 2 more: sanctum doctor --only secrets"), "{detail}");
    place("etc/sanctum/secrets/token", 0o600);
    place("etc/sanctum/sealed.age", 0o600);
    let secrets = dir.path().join("etc/sanctum/secrets");
    std::fs::set_permissions(&secrets, std::fs::Permissions::from_mode(0o700)).unwrap();
    let words = "there is no age identity, and secrets are encrypted to one";
    assert_eq!(said(), (State::Finding, words.to_owned()));
    let identity = crate::secrets::places(dir.path(), &ground.instance).unwrap().keys.identities;
    let identity = identity[0].as_str().trim_start_matches('/').to_owned();
    place(&identity, 0o644);
    let (state, detail) = said();
    assert_eq!(state, State::Finding);
    assert!(detail.contains("mode 0644: others can use it"), "{detail}");
    place(&identity, 0o600);
    assert_eq!(said().0, State::Holds);
}

#[test]
fn a_node_without_secrets_has_nothing_that_holds() {
    let none = Looked::Seen(Secrets::default());
    assert_eq!(kept_layer(&none, false).0, State::Off);
    let closed = CouldNotCheck { subject: "a".to_owned(), cause: "denied".to_owned() };
    let unseen = Looked::Seen(Secrets { unseen: vec![closed], ..Secrets::default() });
    let why = "could not check a: denied".to_owned();
    assert_eq!(kept_layer(&unseen, true), (State::Unknown, why));
    let blank = || Looked::Unknown("no instance".to_owned());
    assert_eq!(kept_layer(&blank(), true).0, State::Unknown);
    assert_eq!(rotation_layer((&blank(), &[]), &[], &[]).0, State::Unknown);
}
