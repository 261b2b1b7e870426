//! Every kind against its stand-in: without faults, with each fault at each request, and what is refused at once.

use sanctum_rotation::{Event, Notice, Reason, Settings, Stage, Status, Why};

use super::house::{House, KINDS, Kind, NOW};
use super::stand_in::{Contract, Fault, StandIn};

const FAULTS: [Fault; 8] = [
    Fault::LostBefore,
    Fault::LostAfter,
    Fault::Limited(7),
    Fault::Trouble,
    Fault::TroubleAfter,
    Fault::Twice,
    Fault::Html,
    Fault::Garbage,
];

#[test]
fn every_kind_rotates() {
    for kind in KINDS {
        let mut house = House::new(kind);
        let status = house.rotate();
        let log = house.stand_in.account().log.clone();
        assert_eq!(status, Status::Done, "{kind:?} {log:#?}");
        house.check_end(&format!("{kind:?}"));
    }
}

#[test]
fn every_fault_at_every_request_leaves_working_keys_and_no_others() {
    for kind in KINDS {
        let mut calm = House::new(kind);
        calm.rotate();
        let requests = calm.stand_in.account().log.len();
        let mut done = 0;
        for at in 0..requests {
            for fault in FAULTS {
                let mut house = House::new(kind);
                house.stand_in.account().fault_at = Some((at, fault));
                let status = house.rotate();
                let log = house.stand_in.account().log.join("\n");
                let what = format!("{kind:?} {fault:?} at {at}: {status:?}\n{log}");
                assert!(matches!(status, Status::Done | Status::Failed(_)), "{what}");
                house.check_end(&what);
                done += usize::from(status == Status::Done);
            }
        }
        // Most faults pass; what fails is a preflight that was answered by somebody else.
        assert!(
            done * 2 > requests * FAULTS.len(),
            "{kind:?}: {done} of {}",
            requests * FAULTS.len()
        );
    }
}

#[test]
fn a_crash_after_every_save_is_gone_on_from() {
    for kind in KINDS {
        for crashes in 1..60 {
            let mut house = House::new(kind);
            if !house.crash_at_save(crashes) {
                break;
            }
            let status = house.rotate();
            let log = house.stand_in.account().log.join("\n");
            let what = format!("{kind:?} crash after save {crashes}: {status:?}\n{log}");
            assert_eq!(status, Status::Done, "{what}");
            house.check_end(&what);
        }
    }
}

fn preflight_of(house: &mut House) -> Reason {
    let status = house.rotate();
    let Status::Failed(Some(Why::Preflight { reason })) = status else {
        panic!("{:?}: {status:?}", house.kind)
    };
    assert_eq!(house.disk, None, "nothing is on disk after a refusal");
    let account = house.stand_in.account();
    assert!(
        account.log.iter().all(|line| !line.starts_with("PATCH") && !line.starts_with("DELETE"))
    );
    reason
}

#[test]
fn a_plain_key_is_refused_before_minting() {
    for kind in [Kind::Openrouter, Kind::Openai, Kind::Tailscale, Kind::Second, Kind::Anthropic] {
        let stand_in = StandIn::start(kind.contract(), NOW);
        let settings = kind.settings(&stand_in.base_url());
        let (plain, count) = {
            let account = stand_in.account();
            (account.keys[0].value.clone(), account.keys.len())
        };
        let mut house = House::with(kind, stand_in, &settings, plain.clone(), plain);
        assert_eq!(preflight_of(&mut house), Reason::PlainKey, "{kind:?}");
        assert_eq!(house.stand_in.account().keys.len(), count);
    }
}

#[test]
fn a_page_instead_of_an_answer_is_refused_before_minting() {
    for kind in KINDS {
        let mut house = House::new(kind);
        house.stand_in.account().fault_at = Some((0, Fault::Html));
        let count = house.stand_in.account().keys.len();
        // The query interface and the token of an OAuth client are asked by POST, which proves nothing by itself.
        let status = house.rotate();
        let is_refused = matches!(
            status,
            Status::Failed(Some(Why::Preflight { reason: Reason::NotTheProvider }))
        );
        let asks_by_post = kind == Kind::Tailscale;
        assert!(is_refused || asks_by_post, "{kind:?}: {status:?}");
        assert_eq!(house.stand_in.account().keys.len() == count, is_refused, "{kind:?}");
    }
}

#[test]
fn a_full_room_is_refused_before_minting() {
    let mut house = House::new(Kind::Aws);
    Contract::Aws.make(&mut house.stand_in.account(), "", serde_json::Value::Null);
    let values = sanctum_rotation::Values::default();
    let reply = house.provider.carry(
        &sanctum_rotation::Command::Preflight,
        values,
        sanctum_types::UnixTime(NOW),
    );
    let failure = sanctum_rotation::Failure::Never(Reason::NoRoom);
    assert_eq!(reply.event, Event::Failed(failure));
    assert!(matches!(preflight_of(&mut house), Reason::NoRoom | Reason::NoSuchKey));
}

#[test]
fn retry_after_is_waited_for() {
    let mut house = House::new(Kind::Openrouter);
    house.stand_in.fail("POST", "/keys", Fault::Limited(4000));
    assert_eq!(house.rotate(), Status::Done);
    let asked = house.machine.record().attempts[0].asked.0;
    assert!(asked >= NOW + 4000, "asked again after {} s", asked - NOW);
}

#[test]
fn the_new_key_is_like_the_old_one() {
    let mut house = House::new(Kind::Openrouter);
    assert_eq!(house.rotate(), Status::Done);
    let account = house.stand_in.account();
    let (old, new) = (&account.keys[0], account.keys.last().expect("it was minted"));
    assert_eq!(
        (&new.extra["limit"], &new.extra["limit_reset"]),
        (&old.extra["limit"], &old.extra["limit_reset"])
    );
    assert_eq!(new.name, "sanctum:house:2a2a2a2a-2a2a-4a2a-aa2a-2a2a2a2a2a2a");
}

/// Somebody uses the old key up to the limit; until then it is not touched.
#[test]
fn an_old_key_in_use_lives_until_the_limit() {
    let mut house = House::new(Kind::Openrouter);
    house.drive_in_use();
    assert_eq!(house.machine.status(), Status::Done);
    assert!(
        house.notices.iter().any(|notice| matches!(notice, Notice::StillUsed(_))),
        "{:?}",
        house.notices
    );
    assert!(house.now - NOW >= 7 * 86_400, "after {} s", house.now - NOW);
}

/// A provider that tells last uses late makes it neither faster than the quiet time nor endless.
#[test]
fn late_last_uses_change_nothing() {
    let mut house = House::new(Kind::Openrouter);
    house.stand_in.account().last_use_lags = true;
    assert_eq!(house.rotate(), Status::Done);
    assert!(house.now - NOW >= 2 * 86_400);
}

#[test]
fn a_refused_revoke_stays_queued_and_is_told_daily() {
    let mut house = House::new(Kind::Openrouter);
    for _ in 0..80 {
        house.stand_in.fail("DELETE", "/keys/", Fault::Trouble);
    }
    assert_eq!(house.rotate(), Status::Done);
    let told = house
        .notices
        .iter()
        .filter(|notice| matches!(notice, Notice::Queued(Why::Revoke { .. })))
        .count();
    assert!((3..=5).contains(&told), "told {told} times in {} days", (house.now - NOW) / 86_400);
    house.check_end("after eighty refusals");
}

/// Settings are data of the instance: what is not known is an error, and a dry run needs no network.
#[test]
fn settings_and_dry_runs() {
    let unknown = serde_json::json!({ "openrouter": { "sandbox": true } });
    assert!(serde_json::from_value::<Settings>(unknown).is_err());
    for kind in KINDS {
        let house = House::new(kind);
        let calls =
            house.provider.describe(&sanctum_rotation::Command::Mint { name: "x".to_owned() });
        assert!(!calls.is_empty(), "{kind:?}");
        assert!(house.stand_in.account().log.is_empty());
        assert_eq!(house.machine.record().stage, Stage::Intent);
    }
}
