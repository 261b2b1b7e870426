//! The owner's sessions as a vault keeps them, with terminals and clocks that the tests set.

use super::super::tests::{Bed, bed, call_at, ready};
use super::{Barred, Connection, Now, Sits, lock};
use crate::session::{Absent, Sitter};
use sanctum_host::seat::Seat;
use sanctum_types::{Outcome, Severity, UnixTime};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex, Weak};

type Answer = Result<Value, String>;

/// Where a process sits, as a test says.
#[derive(Clone)]
struct Chair(Arc<Mutex<Result<Seat, Barred>>>);

const SEAT: Seat = Seat { terminal: 0x8803, leader: 70, since: 4711 };

impl Chair {
    fn at(seat: Seat) -> Self {
        Self(Arc::new(Mutex::new(Ok(seat))))
    }

    fn barred(why: Absent, seat: Option<Seat>) -> Self {
        Self(Arc::new(Mutex::new(Err(Barred { why, seat }))))
    }

    fn is(&self, now: Result<Seat, Barred>) {
        *self.0.lock().unwrap() = now;
    }

    /// A new connection of whoever sits there.
    fn connects(&self) -> Connection {
        self.of(501)
    }

    fn of(&self, uid: u32) -> Connection {
        let chair = self.clone();
        Connection::new(uid).sitting(Sits::by(move || *chair.0.lock().unwrap()))
    }
}

/// So many seconds after the beginning, on both clocks.
fn at(seconds: u32) -> Now {
    let wall = UnixTime(1_700_000_000 + i64::from(seconds));
    Now { wall, mono: 5_000_000 + u64::from(seconds) * 1000 }
}

fn says(bed: &Bed, on: &mut Connection, verb: &str, params: Value, seconds: u32) -> Answer {
    call_at(bed, on, (&format!("admin.{verb}"), params), at(seconds))
}

/// An unsealed vault.
fn open() -> Bed {
    let bed = bed();
    ready(&bed);
    bed
}

fn unlocked(bed: &Bed, chair: &Chair) -> Answer {
    says(bed, &mut chair.connects(), "unlock", json!({ "passphrase": "p" }), 0)
}

fn resumed(bed: &Bed, chair: &Chair, seconds: u32) -> Answer {
    says(bed, &mut chair.connects(), "session", json!({}), seconds)
}

/// A connection that a session let in at the beginning.
fn admitted(bed: &Bed, chair: &Chair) -> Connection {
    let mut on = chair.connects();
    says(bed, &mut on, "session", json!({}), 0).unwrap();
    on
}

fn list(bed: &Bed, on: &mut Connection, seconds: u32) -> Result<(), String> {
    says(bed, on, "list", json!({}), seconds).map(drop)
}

fn refused<T>(code: &str) -> Result<T, String> {
    Err(code.to_owned())
}

/// What the journal has of an action: how it ended, how much it weighs, and its details.
fn told(bed: &Bed, action: &str) -> Vec<(Outcome, Severity, String)> {
    let events = bed.sink.events.lock().unwrap();
    let of = events.iter().filter(|event| event.action.as_str() == action);
    of.map(|event| {
        let details = event.details.iter().map(|(name, value)| format!("{name}={value}"));
        (event.outcome, event.severity, details.collect::<Vec<_>>().join(" "))
    })
    .collect()
}

#[test]
fn it_lets_in_who_sits_there_and_nobody_else() {
    let (bed, chair) = (open(), Chair::at(SEAT));
    assert_eq!(resumed(&bed, &chair, 0), refused("SESSION_EXPIRED"));
    assert_eq!(unlocked(&bed, &chair).unwrap()["seconds"], 600);
    assert_eq!(resumed(&bed, &chair, 1).unwrap()["seconds"], 599);
    let mut on = admitted(&bed, &chair);
    assert!(on.is_known());
    assert_eq!(list(&bed, &mut on, 0), Ok(()));
    assert_eq!(says(&bed, &mut on, "get", json!({ "path": "b" }), 0).unwrap()["version"], 1);
    for other in [
        Seat { terminal: 0x8804, ..SEAT },
        Seat { leader: 71, ..SEAT },
        Seat { since: 4712, ..SEAT },
    ] {
        assert_eq!(resumed(&bed, &Chair::at(other), 0), refused("SESSION_EXPIRED"), "{other:?}");
    }
    let other = says(&bed, &mut chair.of(502), "session", json!({}), 0);
    assert_eq!(other, refused("SESSION_EXPIRED"));
    // Whose terminal nobody can tell, and who comes by TCP.
    let nobody = says(&bed, &mut Connection::new(501), "session", json!({}), 0);
    assert_eq!(nobody, refused("SESSION_EXPIRED"));
    let by_tcp = says(&bed, &mut Connection::by_tcp(), "session", json!({}), 0);
    assert_eq!(by_tcp, refused("ACCESS_DENIED"));
}

#[test]
fn a_session_does_not_make_the_vault_anothers() {
    let (bed, chair) = (open(), Chair::at(SEAT));
    unlocked(&bed, &chair).unwrap();
    let mut on = admitted(&bed, &chair);
    let rekey = says(&bed, &mut on, "rekey", json!({ "passphrase": "q" }), 0);
    assert_eq!(rekey, refused("SESSION_EXPIRED"));
    assert_eq!(told(&bed, "vault.rekey"), [(Outcome::Refused, Severity::Warn, String::new())]);
    // It stays what it was.
    assert_eq!(list(&bed, &mut on, 0), Ok(()));
    let unseal = says(&bed, &mut chair.connects(), "unseal", json!({}), 0);
    assert_eq!(unseal, refused("INVALID_REQUEST"));
}

#[test]
fn a_connection_is_judged_again_for_each_verb() {
    let (bed, chair) = (open(), Chair::at(SEAT));
    unlocked(&bed, &chair).unwrap();
    let away = |why| Err(Barred { why, seat: Some(SEAT) });
    for (now, why) in [
        (away(Absent::NoTerminal), "why=no-terminal"),
        (away(Absent::Agent), "why=agent"),
        (away(Absent::Unread), "why=agents-unread"),
        (Err(Barred { why: Absent::Unseen, seat: None }), "why=unseen"),
        (Ok(Seat { terminal: 0x8804, ..SEAT }), "why=no-session"),
    ] {
        let mut on = admitted(&bed, &chair);
        chair.is(now);
        for verb in ["get", "list", "put", "seal", "backup", "policy_list", "rekey"] {
            let said = says(&bed, &mut on, verb, json!({ "path": "b", "value": "00" }), 0);
            assert_eq!(said, refused("SESSION_EXPIRED"), "{verb}: {why}");
        }
        let last = told(&bed, "vault.admit").pop().unwrap();
        assert!(last.0 == Outcome::Refused && last.2.ends_with(why), "{last:?}");
        chair.is(Ok(SEAT));
        // Who left has to ask again.
        assert!(!on.is_known());
        assert_eq!(list(&bed, &mut on, 0), refused("SESSION_EXPIRED"));
        says(&bed, &mut on, "session", json!({}), 0).unwrap();
        assert_eq!(list(&bed, &mut on, 0), Ok(()));
    }
}

#[test]
fn what_one_session_let_in_the_next_one_does_not() {
    let (bed, chair) = (open(), Chair::at(SEAT));
    unlocked(&bed, &chair).unwrap();
    let mut old = [admitted(&bed, &chair), admitted(&bed, &chair)];
    let lock = says(&bed, &mut Connection::new(501), "lock", json!({}), 0);
    assert_eq!(lock, Ok(json!({ "ended": 1 })));
    assert_eq!(list(&bed, &mut old[0], 0), refused("SESSION_EXPIRED"));
    unlocked(&bed, &chair).unwrap();
    assert_eq!(list(&bed, &mut old[1], 0), refused("SESSION_EXPIRED"));
    // Also where nobody locked in between.
    let mut on = admitted(&bed, &chair);
    unlocked(&bed, &chair).unwrap();
    assert_eq!(list(&bed, &mut on, 0), refused("SESSION_EXPIRED"));
}

#[test]
fn lock_ends_those_of_its_account_alone() {
    let (bed, chair) = (open(), Chair::at(SEAT));
    unlocked(&bed, &chair).unwrap();
    let theirs = says(&bed, &mut Connection::new(502), "lock", json!({}), 0);
    assert_eq!(theirs, Ok(json!({ "ended": 0 })));
    assert!(resumed(&bed, &chair, 0).is_ok());
    let ours = says(&bed, &mut Connection::new(501), "lock", json!({}), 0);
    assert_eq!(ours, Ok(json!({ "ended": 1 })));
    assert_eq!(resumed(&bed, &chair, 0), refused("SESSION_EXPIRED"));
    assert_eq!(told(&bed, "vault.lock"), [(Outcome::Ok, Severity::Info, "ended=1".to_owned())]);
}

#[test]
fn it_ends_with_its_minutes_by_either_clock() {
    let (bed, chair) = (open(), Chair::at(SEAT));
    let unlock = |minutes: Value| {
        let said = json!({ "passphrase": "p", "minutes": minutes });
        says(&bed, &mut chair.connects(), "unlock", said, 0)
    };
    for bad in [json!(0), json!(61), json!(-1), json!("5"), json!(1.5)] {
        assert_eq!(unlock(bad.clone()), refused("INVALID_REQUEST"), "{bad}");
    }
    assert_eq!(unlock(json!(60)).unwrap()["seconds"], 3600);
    assert_eq!(unlock(json!(2)).unwrap()["seconds"], 120);
    let mut on = admitted(&bed, &chair);
    let (started, ended) = (at(0), at(120));
    assert_eq!(list(&bed, &mut on, 119), Ok(()));
    assert!(resumed(&bed, &chair, 119).is_ok());
    let slept = Now { wall: ended.wall, ..started };
    let set_back = Now { mono: ended.mono, ..started };
    for now in [ended, slept, set_back] {
        let fresh = call_at(&bed, &mut chair.connects(), ("admin.session", json!({})), now);
        assert_eq!(fresh, refused("SESSION_EXPIRED"), "{now:?}");
        let mut on = admitted(&bed, &chair);
        let late = call_at(&bed, &mut on, ("admin.list", json!({})), now);
        assert_eq!(late, refused("SESSION_EXPIRED"), "{now:?}");
    }
}

#[test]
fn sealing_ends_it() {
    let (bed, chair) = (open(), Chair::at(SEAT));
    unlocked(&bed, &chair).unwrap();
    let (mut on, mut other) = (admitted(&bed, &chair), admitted(&bed, &chair));
    says(&bed, &mut on, "seal", json!({}), 0).unwrap();
    assert_eq!(lock(&bed.vault.sessions).end(501, at(0).moment()), 0);
    assert_eq!(list(&bed, &mut other, 0), refused("VAULT_LOCKED"));
    assert_eq!(resumed(&bed, &chair, 0), refused("VAULT_LOCKED"));
    says(&bed, &mut chair.connects(), "unseal", json!({ "passphrase": "p" }), 0).unwrap();
    for on in [&mut on, &mut other] {
        assert_eq!(list(&bed, on, 0), refused("SESSION_EXPIRED"));
    }
    assert_eq!(resumed(&bed, &chair, 0), refused("SESSION_EXPIRED"));
}

#[test]
fn a_new_root_key_ends_it() {
    let (bed, chair) = (open(), Chair::at(SEAT));
    unlocked(&bed, &chair).unwrap();
    let mut on = admitted(&bed, &chair);
    let mut owner = Connection::new(501);
    says(&bed, &mut owner, "prove", json!({ "passphrase": "p" }), 0).unwrap();
    says(&bed, &mut owner, "rekey", json!({ "passphrase": "q" }), 0).unwrap();
    assert_eq!(list(&bed, &mut on, 0), refused("SESSION_EXPIRED"));
    assert_eq!(resumed(&bed, &chair, 0), refused("SESSION_EXPIRED"));
    assert_eq!(lock(&bed.vault.sessions).end(501, at(0).moment()), 0);
}

#[test]
fn what_was_proved_of_another_unsealing_lets_nobody_in() {
    let (bed, chair) = (open(), Chair::at(SEAT));
    // As one whose passphrase was being judged while the vault was sealed.
    let sitter = Sitter { uid: 501, seat: SEAT };
    lock(&bed.vault.sessions).begin(sitter, 10, at(0).moment(), Weak::new());
    assert_eq!(resumed(&bed, &chair, 0), refused("SESSION_EXPIRED"));
}

#[test]
fn an_agent_and_who_has_no_terminal_begin_none_with_the_right_passphrase() {
    let bed = open();
    for (why, seat, weight, shown) in [
        (Absent::Agent, Some(SEAT), Severity::Warn, "leader=70 terminal=pts/3 why=agent"),
        (Absent::Agent, None, Severity::Warn, "why=agent"),
        (Absent::NoTerminal, None, Severity::Info, "why=no-terminal"),
        (Absent::Unseen, None, Severity::Warn, "why=unseen"),
        (Absent::Unheld, None, Severity::Info, "why=unheld"),
        (Absent::Unread, None, Severity::Warn, "why=agents-unread"),
    ] {
        let chair = Chair::barred(why, seat);
        assert_eq!(unlocked(&bed, &chair), refused("ACCESS_DENIED"));
        let last = told(&bed, "vault.unlock").pop();
        assert_eq!(last, Some((Outcome::Refused, Severity::Warn, shown.to_owned())));
        // Nor does a session of the terminal let it in.
        unlocked(&bed, &Chair::at(SEAT)).unwrap();
        assert_eq!(resumed(&bed, &chair, 0), refused("SESSION_EXPIRED"));
        let last = told(&bed, "vault.admit").pop().unwrap();
        assert_eq!(last, (Outcome::Refused, weight, format!("by=session {shown}")));
    }
    let wrong = json!({ "passphrase": "q" });
    let chair = Chair::at(Seat { leader: 71, ..SEAT });
    let said = says(&bed, &mut chair.connects(), "unlock", wrong, 0);
    assert_eq!(said, refused("AUTH_FAILED"));
    assert_eq!(resumed(&bed, &chair, 0), refused("SESSION_EXPIRED"));
}

#[test]
fn the_journal_names_terminal_and_leader() {
    let (bed, chair) = (open(), Chair::at(SEAT));
    resumed(&bed, &chair, 0).unwrap_err();
    unlocked(&bed, &chair).unwrap();
    resumed(&bed, &chair, 0).unwrap();
    let place = "leader=70";
    let (ok, info) = (Outcome::Ok, Severity::Info);
    let begun = (ok, info, format!("{place} minutes=10 terminal=pts/3"));
    assert_eq!(told(&bed, "vault.unlock"), [begun]);
    let admits = told(&bed, "vault.admit");
    let of_sessions: Vec<_> = admits.iter().filter(|one| one.2.contains("session")).collect();
    let none =
        (Outcome::Refused, info, format!("by=session {place} terminal=pts/3 why=no-session"));
    let in_ = (ok, info, format!("by=session {place} terminal=pts/3"));
    assert_eq!(of_sessions, [&none, &in_]);
}

#[test]
fn what_is_not_recorded_lets_nobody_in() {
    let (bed, chair) = (open(), Chair::at(SEAT));
    let full = |full| *bed.sink.full.lock().unwrap() = full;
    let room = |room| *bed.sink.room.lock().unwrap() = room;
    let internal = "INTERNAL_ERROR";
    full(true);
    assert_eq!(unlocked(&bed, &chair), refused(internal));
    assert_eq!(resumed(&bed, &chair, 0), refused(internal));
    full(false);
    assert_eq!(resumed(&bed, &chair, 0), refused("SESSION_EXPIRED"));
    // The proof is recorded, and the session is not.
    room(Some(1));
    assert_eq!(unlocked(&bed, &chair), refused(internal));
    room(Some(1));
    assert_eq!(unlocked(&bed, &Chair::barred(Absent::Agent, None)), refused(internal));
    room(None);
    assert_eq!(resumed(&bed, &chair, 0), refused("SESSION_EXPIRED"));
    unlocked(&bed, &chair).unwrap();
    let mut on = chair.connects();
    full(true);
    assert_eq!(says(&bed, &mut on, "session", json!({}), 0), refused(internal));
    full(false);
    assert!(!on.is_known());
    assert_eq!(list(&bed, &mut on, 0), refused("SESSION_EXPIRED"));
    // What it did is recorded as any other's is.
    let mut on = admitted(&bed, &chair);
    full(true);
    assert_eq!(says(&bed, &mut on, "get", json!({ "path": "b" }), 0), refused(internal));
    // Out is out, and locked is locked, also where nobody can note it.
    chair.is(Err(Barred { why: Absent::NoTerminal, seat: None }));
    assert_eq!(list(&bed, &mut on, 0), refused(internal));
    assert!(!on.is_known());
    chair.is(Ok(SEAT));
    let locked = says(&bed, &mut Connection::new(501), "lock", json!({}), 0);
    assert_eq!(locked, refused(internal));
    full(false);
    assert_eq!(resumed(&bed, &chair, 0), refused("SESSION_EXPIRED"));
}

#[test]
fn who_asks_again_and_again_is_hung_up_on() {
    let (bed, chair) = (open(), Chair::at(SEAT));
    let mut on = chair.connects();
    for _ in 0..crate::identity::MOST_FAILURES {
        assert!(!on.is_hopeless());
        assert_eq!(says(&bed, &mut on, "session", json!({}), 0), refused("SESSION_EXPIRED"));
    }
    assert!(on.is_hopeless());
}
