//! The owner's sessions: a passphrase that was proved in a terminal counts there for some minutes.
//!
//! Time and terminals come in. A session ends by both clocks, whichever is first: one that nobody sets may stand still while a machine sleeps, and the
//! other can be set back. Each has a number that is never given again, so that what was let in by one is not let in by the next.
//! Deliberately absent: how a terminal is known.

use sanctum_host::seat::Seat;
use sanctum_types::UnixTime;

/// The most minutes of one.
pub const MOST_MINUTES: u64 = 60;
/// Where nobody says how many.
pub const DEFAULT_MINUTES: u64 = 10;
/// Sessions at a time; the one that ends first makes room.
const MOST: usize = 16;

/// Who sits where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sitter {
    /// The account.
    pub uid: u32,
    /// The terminal.
    pub seat: Seat,
}

/// Why nobody can be told to be the owner at a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absent {
    /// The system cannot hold who connects.
    Unheld,
    /// It ended, or who started it or sits beside it cannot be seen.
    Unseen,
    /// Which agents are registered cannot be read.
    Unread,
    /// An agent started it, or works in the same terminal.
    Agent,
    /// It is in no terminal's foreground, or was left to itself.
    NoTerminal,
}

impl Absent {
    /// In the journal.
    #[must_use]
    pub const fn why(self) -> &'static str {
        match self {
            Self::Unheld => "unheld",
            Self::Unseen => "unseen",
            Self::Unread => "agents-unread",
            Self::Agent => "agent",
            Self::NoTerminal => "no-terminal",
        }
    }

    /// For who proved the passphrase.
    #[must_use]
    pub const fn detail(self) -> &'static str {
        match self {
            Self::Unheld => {
                "this system does not tell for sure who connected (Linux does from 6.5 on)"
            }
            Self::Unseen => "who started this cannot be seen",
            Self::Unread => "the agents that are registered cannot be read",
            Self::Agent => "an agent started this, or works in this terminal",
            Self::NoTerminal => "this is not in the foreground of a terminal",
        }
    }
}

/// When it is, or will be, on both clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Milliseconds of one that nobody sets.
    pub mono: u64,
    /// Seconds of the other.
    pub wall: UnixTime,
}

#[derive(Debug)]
struct Session<T> {
    number: u64,
    sitter: Sitter,
    until: Moment,
    opened: T,
}

/// One that lasts.
#[derive(Debug, PartialEq, Eq)]
pub struct Lasting<'a, T> {
    /// Its number.
    pub number: u64,
    /// What the passphrase opened.
    pub opened: &'a T,
    /// Seconds.
    pub left: u64,
}

/// Those that there are; `T` is what the passphrase opened.
#[derive(Debug)]
pub struct Sessions<T> {
    all: Vec<Session<T>>,
    last: u64,
}

impl<T> Default for Sessions<T> {
    fn default() -> Self {
        Self { all: Vec::new(), last: 0 }
    }
}

impl<T> Sessions<T> {
    /// Begins one, in the place of the one before; gives its seconds.
    pub fn begin(&mut self, sitter: Sitter, minutes: u64, now: Moment, opened: T) -> u64 {
        let seconds = minutes.clamp(1, MOST_MINUTES) * 60;
        let wall = now.wall.0.saturating_add_unsigned(seconds);
        let until = Moment { mono: now.mono.saturating_add(seconds * 1000), wall: UnixTime(wall) };
        self.all.retain(|one| one.sitter != sitter && left(one.until, now) > 0);
        if self.all.len() >= MOST {
            self.all.sort_by_key(|one| one.until.mono);
            self.all.remove(0);
        }
        self.last += 1;
        self.all.push(Session { number: self.last, sitter, until, opened });
        seconds
    }

    /// The one of that place.
    pub fn of(&self, sitter: Sitter, now: Moment) -> Option<Lasting<'_, T>> {
        let one = self.all.iter().find(|one| one.sitter == sitter)?;
        let left = left(one.until, now);
        (left > 0).then_some(Lasting { number: one.number, opened: &one.opened, left })
    }

    /// Ends those of an account; gives how many there were.
    pub fn end(&mut self, uid: u32, now: Moment) -> usize {
        self.all.retain(|one| left(one.until, now) > 0);
        let before = self.all.len();
        self.all.retain(|one| one.sitter.uid != uid);
        before - self.all.len()
    }

    /// Ends all.
    pub fn clear(&mut self) {
        self.all.clear();
    }
}

/// Whole seconds by whichever clock leaves fewer, and one more for a rest of one.
pub(crate) fn left(until: Moment, now: Moment) -> u64 {
    let wall = u64::try_from(until.wall.0.saturating_sub(now.wall.0)).unwrap_or(0);
    until.mono.saturating_sub(now.mono).div_ceil(1000).min(wall)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEAT: Seat = Seat { terminal: 34816, leader: 70, since: 4711 };
    const HERE: Sitter = Sitter { uid: 501, seat: SEAT };

    fn at(mono: u64, wall: i64) -> Moment {
        Moment { mono, wall: UnixTime(wall) }
    }

    #[test]
    fn it_is_for_this_account_terminal_and_leader_alone() {
        let mut sessions = Sessions::default();
        assert_eq!(sessions.begin(HERE, 10, at(0, 0), "open"), 600);
        let here = Lasting { number: 1, opened: &"open", left: 600 };
        assert_eq!(sessions.of(HERE, at(1, 0)), Some(here));
        for other in [
            Sitter { uid: 502, ..HERE },
            Sitter { seat: Seat { terminal: 34817, ..SEAT }, ..HERE },
            Sitter { seat: Seat { leader: 71, ..SEAT }, ..HERE },
            Sitter { seat: Seat { since: 4712, ..SEAT }, ..HERE },
        ] {
            assert_eq!(sessions.of(other, at(1, 0)), None, "{other:?}");
        }
    }

    #[test]
    fn it_ends_by_either_clock_and_is_never_lengthened_by_one() {
        let mut sessions = Sessions::default();
        sessions.begin(HERE, 1, at(5_000, 1_000), ());
        let left = |mono, wall| sessions.of(HERE, at(mono, wall)).map(|one| one.left);
        assert_eq!(left(64_999, 1_059), Some(1));
        assert_eq!(left(65_000, 1_059), None);
        // A clock that was set back lengthens nothing; a machine that slept has only this one.
        assert_eq!(left(65_000, 0), None);
        assert_eq!(left(5_001, 1_060), None);
        assert_eq!(left(35_000, 900), Some(30));
    }

    #[test]
    fn minutes_and_sessions_are_bounded() {
        let mut sessions = Sessions::default();
        for (minutes, seconds) in [(0, 60), (61, 3600), (u64::MAX, 3600)] {
            assert_eq!(sessions.begin(HERE, minutes, at(0, 0), ()), seconds);
        }
        for leader in 1..=20 {
            let minutes = u64::try_from(leader).unwrap();
            let seat = Seat { leader, ..SEAT };
            sessions.begin(Sitter { seat, ..HERE }, minutes, at(0, 0), ());
        }
        assert_eq!(sessions.all.len(), MOST);
        assert!(
            sessions.of(Sitter { seat: Seat { leader: 20, ..SEAT }, ..HERE }, at(0, 0)).is_some()
        );
        assert_eq!((sessions.end(502, at(0, 0)), sessions.end(501, at(0, 0))), (0, MOST));
    }

    #[test]
    fn the_one_that_ends_first_makes_room() {
        let mut sessions = Sessions::default();
        let there = |leader| Sitter { seat: Seat { leader, ..SEAT }, ..HERE };
        // The third ends first; it is neither the oldest nor the last.
        for leader in 1..=16 {
            sessions.begin(there(leader), if leader == 3 { 5 } else { 30 }, at(0, 0), ());
        }
        sessions.begin(there(17), 10, at(0, 0), ());
        let lasts = |leader| sessions.of(there(leader), at(0, 0)).is_some();
        assert_eq!((1..=17).filter(|leader| !lasts(*leader)).collect::<Vec<_>>(), [3]);
    }

    #[test]
    fn a_number_is_never_given_again() {
        let mut sessions = Sessions::default();
        let mut seen = std::collections::BTreeSet::new();
        let end: [fn(&mut Sessions<()>); 3] =
            [|_| {}, |sessions| assert_eq!(sessions.end(501, at(0, 0)), 1), Sessions::clear];
        for end in end.iter().cycle().take(9) {
            sessions.begin(HERE, 10, at(0, 0), ());
            assert!(seen.insert(sessions.of(HERE, at(0, 0)).unwrap().number));
            end(&mut sessions);
        }
    }

    #[test]
    fn one_that_ended_by_itself_is_not_counted_as_ended() {
        let mut sessions = Sessions::default();
        sessions.begin(HERE, 1, at(0, 0), ());
        assert_eq!(sessions.end(501, at(60_000, 0)), 0);
    }
}
