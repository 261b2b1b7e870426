//! A lease that outlives a restart of the service, as the vault's document has it.
//!
//! It ends by the clock of the boot that it was written in and by the wall clock, whichever is first; in another boot the wall clock is all there
//! is, and one that stands before the lease was written was set back. Time and boot come in. Deliberately absent: leases of use-handles, which end
//! with a session.

use super::Lease;
use crate::crypt::hex;
use crate::identity::AgentName;
use crate::path::SecretPath;
use crate::session::Moment;
use sanctum_types::UnixTime;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// Before a lease's name.
pub const LEASE: &str = "lease/";
/// Of one agent at a time: each is a document of the vault.
pub const MOST: usize = 256;

/// The document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kept {
    /// To whom.
    pub agent: AgentName,
    /// What stands for the key that was proved.
    pub key: String,
    /// Which.
    pub path: SecretPath,
    /// How often it can be used still.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uses: Option<u32>,
    /// The longest renewal, in seconds.
    pub max_ttl: u64,
    /// When it was granted or renewed last.
    pub since: UnixTime,
    /// Until when by the wall clock.
    pub until: UnixTime,
    /// Until when by the clock of a boot, where that has a name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boot: Option<InBoot>,
}

/// A point in a boot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InBoot {
    /// Which.
    pub id: String,
    /// Milliseconds of a clock that nobody sets.
    pub until: u64,
}

/// What the clocks show, and in which boot.
#[derive(Clone, Copy, Debug)]
pub struct Clocks<'a> {
    /// None where it has no name: then it is like no other.
    pub boot: Option<&'a str>,
    /// Both clocks.
    pub at: Moment,
}

/// What stands for a key.
#[must_use]
pub fn print(key: &[u8; 32]) -> String {
    hex(&Sha256::digest(key))
}

impl Kept {
    /// Of a lease that lives so many seconds from now.
    #[must_use]
    pub fn of(lease: &Lease, key: &[u8; 32], ttl: u64, now: Clocks<'_>) -> Self {
        let until = now.at.mono.saturating_add(ttl.saturating_mul(1000));
        Self {
            agent: lease.agent.clone(),
            key: print(key),
            path: lease.path.clone(),
            uses: lease.uses,
            max_ttl: lease.max_ttl,
            since: now.at.wall,
            until: UnixTime(now.at.wall.0.saturating_add_unsigned(ttl)),
            boot: now.boot.map(|id| InBoot { id: id.to_owned(), until }),
        }
    }

    /// Until when it lives by the clock that nobody sets; None once it ended.
    #[must_use]
    pub fn until(&self, now: Clocks<'_>) -> Option<u64> {
        // Of whole seconds, the one that runs counts as over.
        let left = self.until.0.checked_sub(now.at.wall.0)?.checked_sub(1)?;
        let by_wall = now.at.mono.saturating_add(u64::try_from(left).ok()?.saturating_mul(1000));
        let here = self.boot.as_ref().filter(|boot| now.boot == Some(boot.id.as_str()));
        let until = match here {
            Some(boot) => boot.until.min(by_wall),
            None if now.at.wall < self.since => return None,
            None => by_wall,
        };
        (until > now.at.mono).then_some(until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lease() -> Lease {
        Lease {
            agent: AgentName::new("x").unwrap(),
            path: SecretPath::new("a").unwrap(),
            until: 0,
            uses: None,
            max_ttl: 86_400,
            session: None,
        }
    }

    fn at(boot: Option<&str>, mono: u64, wall: i64) -> Clocks<'_> {
        Clocks { boot, at: Moment { mono, wall: UnixTime(wall) } }
    }

    #[test]
    fn both_clocks_count_in_a_boot_and_the_wall_clock_in_another() {
        let kept = Kept::of(&lease(), &[7; 32], 100, at(Some("a"), 5000, 1000));
        for (now, until) in [
            (at(Some("a"), 5000, 1000), Some(5000 + 99_000)),
            // The wall clock was set back: the other one goes on.
            (at(Some("a"), 104_999, 0), Some(105_000)),
            (at(Some("a"), 105_000, 0), None),
            // And forward.
            (at(Some("a"), 6000, 1098), Some(7000)),
            (at(Some("a"), 6000, 1099), None),
            // Another boot, or none that is known.
            (at(Some("b"), 0, 1050), Some(49_000)),
            (at(None, 900_000, 1050), Some(949_000)),
            (at(Some("b"), 0, 1099), None),
            (at(Some("b"), 0, 1000), Some(99_000)),
            (at(Some("b"), 0, 999), None),
            (at(None, 5000, 999), None),
        ] {
            assert_eq!(kept.until(now), until, "{now:?}");
        }
        let nowhere = Kept::of(&lease(), &[7; 32], 100, at(None, 5000, 1000));
        assert_eq!(nowhere.until(at(None, 5000, 999)), None);
    }

    #[test]
    fn what_no_clock_shows_ends_it() {
        let mut kept = Kept::of(&lease(), &[7; 32], u64::MAX, at(None, u64::MAX, i64::MAX));
        assert_eq!(kept.until(at(None, 0, i64::MIN)), None);
        kept.until = UnixTime(i64::MIN);
        assert_eq!(kept.until(at(None, 0, i64::MAX)), None);
    }

    /// What happens to a machine: it runs, sleeps or is off for so many milliseconds, or somebody sets its wall clock by so many seconds.
    #[derive(Clone, Copy, Debug)]
    enum Fate {
        Runs(u64),
        Off(u64),
        Set(i64),
    }

    fn fate() -> impl Strategy<Value = Fate> {
        prop_oneof![
            4 => (0..200_000_u64).prop_map(Fate::Runs),
            1 => (0..200_000_u64).prop_map(Fate::Off),
            2 => (-500..500_i64).prop_map(Fate::Set),
        ]
    }

    proptest! {
        /// The service starts anew after each of them, with the same document. In the boot of the grant the lease lives no longer than it was given,
        /// whatever is done to the wall clock; and as long as that is left alone, in no other boot either.
        #[test]
        fn no_fate_of_the_machine_makes_it_live_longer(
            ttl in 0..600_u64,
            start in 1_000_000..2_000_000_u64,
            fates in proptest::collection::vec(fate(), 0..20),
        ) {
            let (mut real, mut mono, mut shift, mut boot) = (start, 7000_u64, 0_i64, 0_u32);
            let wall = |real: u64, shift: i64| i64::try_from(real / 1000).unwrap() + shift;
            let end = real + ttl * 1000;
            let kept = Kept::of(&lease(), &[7; 32], ttl, at(Some("0"), mono, wall(real, 0)));
            for fate in fates {
                match fate {
                    Fate::Runs(time) => (real, mono) = (real + time, mono + time),
                    Fate::Off(time) => (real, mono, boot) = (real + time, 0, boot + 1),
                    Fate::Set(by) => shift += by,
                }
                let (id, shown) = (boot.to_string(), wall(real, shift));
                let now = at(Some(&id), mono, shown);
                let Some(until) = kept.until(now) else { continue };
                let left = until - mono;
                prop_assert!(left > 0 && left <= ttl * 1000);
                if boot == 0 || shift >= 0 {
                    prop_assert!(real + left <= end);
                }
                prop_assert!(shown < kept.until.0);
                prop_assert!(boot == 0 || shown >= kept.since.0);
            }
        }
    }
}
