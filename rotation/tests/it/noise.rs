//! Whatever it is told, in whatever order: the machine touches no key that is not the rotation's, and what it gives to
//! be saved can be read again. `fuzz/` asks the same of damaged records.

use super::kinds;
use proptest::prelude::*;
use sanctum_rotation::{
    Command, Event, Failure, Holds, KeyId, Listed, Machine, Reason, Record, Stage,
};
use sanctum_types::UnixTime;

fn key(index: u8) -> KeyId {
    KeyId::new(format!("k{}", index % 6)).unwrap()
}

fn listed(index: u8, name: Option<String>) -> Listed {
    Listed { id: key(index), name, created: Some(UnixTime(i64::from(index) * 10)) }
}

/// An event out of a byte; names come from the machine, so that some of them fit.
fn event(machine: &Machine, lot: u8, with: u8) -> Event {
    let name = machine.record().attempts.last().map(|attempt| attempt.name.clone());
    let reason = [Reason::NoAnswer, Reason::Unauthorized, Reason::Sealed][usize::from(with % 3)];
    match lot % 16 {
        0 => Event::Start,
        1 => Event::Retry,
        2 => Event::Ready {
            old: Some(key(0)),
            keys: vec![listed(0, None), listed(1, None), listed(with, None)],
        },
        3 => Event::Holds(
            [Holds::Old, Holds::New, Holds::Other, Holds::Nothing][usize::from(with % 4)],
        ),
        4 => Event::OldStaged(with.is_multiple_of(2)),
        5 | 6 => Event::Minted(key(with)),
        7 => Event::Keys((0..=with % 6).map(|index| listed(index, name.clone())).collect()),
        8 => Event::LastUse(Some(UnixTime(i64::from(with) * 1000))),
        9 => Event::Failed(Failure::Later { reason, after: Some(u32::from(with)) }),
        10 => Event::Failed(Failure::Never(reason)),
        11 => Event::Failed(Failure::Unknown(reason)),
        12 => Event::Tick,
        _ => Event::Done,
    }
}

/// Half of the time something that answers the command that waits.
fn fitting(machine: &Machine, with: u8) -> Event {
    let lot = match machine.awaiting() {
        Some(Command::Preflight) => 2,
        Some(Command::Probe(_) | Command::Look(_)) => return Event::Holds(Holds::New),
        Some(Command::StageOld) => return Event::OldStaged(true),
        Some(Command::Mint { .. }) => 5,
        Some(Command::List) => 7,
        Some(Command::LastUse(_)) => return Event::LastUse(None),
        Some(Command::Wait { .. }) => 12,
        Some(_) => 13,
        None => 1,
    };
    event(machine, lot, with)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn noise_touches_no_foreign_key(kind in 0_usize..6, lots in proptest::collection::vec(any::<(u8, u8, bool)>(), 10..150)) {
        let (_, nature) = kinds::natures()[kind];
        let rotation = kinds::rotation();
        let mut machine = Machine::begin(kinds::plan(nature, 2, 3, 1), rotation, UnixTime(0));
        machine.on(Event::Start, UnixTime(0));
        let mut now = 0;
        for (lot, with, random) in lots {
            if let Some(Command::Wait { until }) = machine.awaiting() {
                now = until.0;
            }
            let told = if random { event(&machine, lot, with) } else { fitting(&machine, with) };
            for command in machine.on(told, UnixTime(now)) {
                let record = machine.record();
                match command {
                    Command::Save(saved) => {
                        let read = Record::decode(&saved.encode().unwrap());
                        prop_assert!(read.as_ref().is_ok_and(|read| *read == *saved), "{read:?} of {saved:?}");
                    }
                    Command::Delete(key) => {
                        prop_assert!(!record.known.contains(&key), "{key} is somebody else's");
                        let retires = record.stage == Stage::Revoking;
                        prop_assert!(retires == (record.old.as_ref() == Some(&key)), "{key} at {:?}", record.stage);
                        let adopted = record.adopted.as_ref() == Some(&key);
                        prop_assert!(!adopted, "{key} is the new one at {:?}", record.stage);
                    }
                    Command::Disable(key) | Command::Enable(key) => {
                        prop_assert_eq!(Some(&key), record.old.as_ref());
                    }
                    _ => {}
                }
            }
        }
    }
}
