//! The only readers of the clocks. Everything else takes time as a parameter.

#![expect(clippy::disallowed_methods, reason = "this module is where time comes in")]

use sanctum_types::UnixTime;
use std::time::{Duration, Instant, SystemTime};

/// The wall clock. A clock set before 1970 reads as 1970.
#[must_use]
pub fn now() -> UnixTime {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    UnixTime(i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}

/// The wall clock in milliseconds, for what a second is too coarse for.
#[must_use]
pub fn now_millis() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// Nanoseconds on a clock that nobody can set; they mean something within one boot ([`crate::boot::id`]).
#[must_use]
pub fn boot_nanos() -> u64 {
    let at = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    let nanos = i128::from(at.tv_sec) * 1_000_000_000 + i128::from(at.tv_nsec);
    u64::try_from(nanos).unwrap_or_default()
}

/// The same clock, which also runs while the machine sleeps: Linux's other one stands still then, macOS has one that does not.
#[must_use]
pub fn sleepless_nanos() -> u64 {
    let at = rustix::time::clock_gettime(SLEEPLESS);
    let nanos = i128::from(at.tv_sec) * 1_000_000_000 + i128::from(at.tv_nsec);
    u64::try_from(nanos).unwrap_or_default()
}

#[cfg(target_os = "linux")]
const SLEEPLESS: rustix::time::ClockId = rustix::time::ClockId::Boottime;
#[cfg(not(target_os = "linux"))]
const SLEEPLESS: rustix::time::ClockId = rustix::time::ClockId::Monotonic;

/// A point on a clock that nobody can set.
#[derive(Clone, Copy, Debug)]
pub struct Monotonic(Instant);

impl Monotonic {
    /// This moment.
    #[must_use]
    pub fn now() -> Self {
        Self(Instant::now())
    }

    /// Time since that moment.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

/// The IANA zone that this machine's clock shows: where `/etc/localtime` points to, below `zoneinfo`.
#[must_use]
pub fn zone_name() -> Option<String> {
    let target = std::fs::read_link("/etc/localtime").ok()?;
    let text = target.to_str()?;
    let (_, name) = text.split_once("zoneinfo/")?;
    (!name.is_empty()).then(|| name.to_owned())
}

/// Waits.
pub fn sleep(time: Duration) {
    std::thread::sleep(time);
}
