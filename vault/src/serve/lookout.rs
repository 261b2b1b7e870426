//! How a connection's thread waits for the next frame: asleep, or for a moment awake.
//!
//! Waking a thread on an idle core takes longer than most answers. Where a client asks alone and asks again at once, its thread therefore looks for the
//! next frame awake for at most [`AWAKE`] before it sleeps. Invariant: nobody waits awake where another connection asked since, so a second busy client
//! never finds a core taken by somebody who only looks; a client that pauses costs one such moment and then sleeps until it asks at once again.

use super::line::Line;
use sanctum_host::clock::Monotonic;
use std::io::{self, ErrorKind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// At most this long a thread looks awake.
const AWAKE: Duration = Duration::from_micros(100);

/// Which connection asked last, of all of them.
#[derive(Debug)]
pub(super) struct Last(AtomicU64);

impl Default for Last {
    fn default() -> Self {
        Self(AtomicU64::new(u64::MAX))
    }
}

impl Last {
    fn note(&self, number: u64) {
        self.0.store(number, Ordering::Relaxed);
    }

    /// Only a hint decides by it, so no order with other memory is asked for.
    fn is(&self, number: u64) -> bool {
        self.0.load(Ordering::Relaxed) == number
    }
}

/// One connection's waiting.
#[derive(Debug)]
pub(super) struct Lookout {
    number: u64,
    /// Its last frame came within [`AWAKE`] of the wait for it.
    likely: bool,
}

impl Lookout {
    pub(super) const fn new(number: u64) -> Self {
        Self { number, likely: false }
    }

    /// What the line has next, as its `read` says it.
    pub(super) fn read(&mut self, line: &Line, last: &Last, room: &mut [u8]) -> io::Result<usize> {
        let since = Monotonic::now();
        let read = match self.awake(line, last, since, room) {
            Some(read) => read,
            None => line.read(room),
        };
        self.likely = since.elapsed() < AWAKE;
        last.note(self.number);
        read
    }

    /// What comes while it looks; nothing where it is not worth it, or nothing came.
    fn awake(
        &self,
        line: &Line,
        last: &Last,
        since: Monotonic,
        room: &mut [u8],
    ) -> Option<io::Result<usize>> {
        while self.likely && last.is(self.number) && since.elapsed() < AWAKE {
            match line.read_now(room) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => std::thread::yield_now(),
                read => return Some(read),
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;
    use std::os::unix::net::UnixStream;

    /// A line that gives up after a moment, and the other end.
    fn line() -> (Line, UnixStream) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        ours.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
        (Line::Local(ours), theirs)
    }

    /// Whether it looks awake at all: what is there already is then taken by [`Lookout::awake`].
    fn looks(lookout: &Lookout, last: &Last) -> bool {
        let (line, mut peer) = line();
        peer.write_all(b"x").unwrap();
        lookout.awake(&line, last, Monotonic::now(), &mut [0; 8]).is_some()
    }

    #[test]
    fn who_asks_at_once_and_alone_is_waited_for_awake() {
        let (line, mut peer) = line();
        let (last, mut lookout) = (Last::default(), Lookout::new(7));
        assert!(!looks(&lookout, &last), "nobody asked yet");
        // It was there before the wait began; a machine that stops in between gets another chance.
        let at_once = (0..100).any(|_| {
            peer.write_all(b"x").unwrap();
            assert_eq!(lookout.read(&line, &last, &mut [0; 8]).unwrap(), 1);
            lookout.likely
        });
        assert!(at_once);
        assert!(looks(&lookout, &last));
    }

    #[test]
    fn who_pauses_is_waited_for_asleep() {
        let (line, _peer) = line();
        let (last, mut lookout) = (Last::default(), Lookout { number: 7, likely: true });
        last.note(7);
        let error = lookout.read(&line, &last, &mut [0; 8]).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{error}");
        assert!(!looks(&lookout, &last));
    }

    #[test]
    fn where_another_asked_nobody_waits_awake() {
        let (last, lookout) = (Last::default(), Lookout { number: 7, likely: true });
        last.note(8);
        assert!(!looks(&lookout, &last));
        last.note(7);
        assert!(looks(&lookout, &last));
    }

    #[test]
    fn the_end_of_a_line_is_seen_awake() {
        let (line, peer) = line();
        drop(peer);
        let (last, lookout) = (Last::default(), Lookout { number: 7, likely: true });
        last.note(7);
        assert_eq!(lookout.awake(&line, &last, Monotonic::now(), &mut [0; 8]).unwrap().unwrap(), 0);
    }
}
