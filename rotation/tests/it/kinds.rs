//! The natures that the model runs, and a policy small enough to exhaust.

use sanctum_rotation::{
    ConsumerId, Finds, KindName, NameStyle, Nature, OldKey, Plan, Policy, RotationId,
};
use sanctum_types::ServiceName;

pub(crate) const SETTLE: u32 = 3;

/// A nature and what it is called in a failure.
pub(crate) fn natures() -> Vec<(&'static str, Nature)> {
    let full = Nature {
        old: OldKey::Lives,
        finds: Finds::ByName,
        names: NameStyle::Plain,
        by_hand: false,
        disables: true,
        tells_last_use: true,
    };
    let mute = Nature { disables: false, tells_last_use: false, ..full };
    vec![
        ("by name", full),
        ("by name, mute", mute),
        ("by difference", Nature { finds: Finds::ByDifference, ..full }),
        ("never found", Nature { finds: Finds::Never, ..full }),
        ("by hand", Nature { finds: Finds::Never, by_hand: true, ..mute }),
        ("roll", Nature { old: OldKey::DiesAtMint, finds: Finds::Never, ..mute }),
    ]
}

/// `pause` is that between tries: none makes states that differ in nothing but the time one state.
pub(crate) fn plan(nature: Nature, consumers: usize, tries: u32, pause: u32) -> Plan {
    let consumer = |index: usize| ConsumerId::new(format!("c{index}")).unwrap();
    Plan {
        secret: ServiceName::new("model").unwrap(),
        kind: KindName::new("model").unwrap(),
        nature,
        destructive: true,
        consumers: (0..consumers).map(consumer).collect(),
        policy: Policy {
            tries,
            mints: 2,
            pause,
            longest_pause: 2 * pause,
            settle: SETTLE,
            quiet: 10,
            limit: 30,
            soak: 5,
        },
    }
}

pub(crate) const fn rotation() -> RotationId {
    RotationId::from_random([7; 16])
}
