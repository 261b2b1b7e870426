//! A bug in a hook is a refusal too.
//!
//! Agents take exit code 2 for "no" and any other failure for "go on". A panic ends a process with 101, or by a signal where
//! panics abort; one that takes too long is ended by its agent, which then goes on. So the process says what happened and ends itself with 2
//! before that. Deliberately absent: catching it and going on.

use sanctum_host::deadline;
use std::io;
use std::panic::PanicHookInfo;
use std::time::Duration;

/// What every agent takes for a refusal.
pub(super) const REFUSED: u8 = 2;

/// Seconds. An agent waits ten, by what `sanctum hooks install` writes. A verdict takes milliseconds, and one that asks a registry waits
/// [`LONGEST_WAIT`] at most. Who is late ends without a word: the code alone is the refusal.
const LATEST: u32 = 8;
/// How long a verdict may wait for others.
pub(super) const LONGEST_WAIT: Duration = Duration::from_secs(6);

/// From here on a verdict that does not come is a refusal.
pub(super) fn refuse_when_late() -> io::Result<()> {
    deadline::end_after(LATEST, REFUSED)
}

/// From here on a panic ends this process with a refusal.
pub(super) fn refuse_on_panic() {
    std::panic::set_hook(Box::new(refuse));
}

fn refuse(info: &PanicHookInfo<'_>) {
    let place = info.location().map(ToString::to_string).unwrap_or_default();
    // The message of a panic may hold what was read; the place holds nothing of it.
    end(&format!("sanctum: refused because of a bug at {place}\n"));
}

#[expect(
    clippy::exit,
    reason = "nothing of this process can be believed any more, and its exit code is the answer"
)]
fn end(said: &str) {
    crate::output::Out { json: false, quiet: true }.remarks(said);
    std::process::exit(i32::from(REFUSED));
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "the test starts itself, to see how it ends")]
mod tests {
    use super::*;

    const CHILD: &str = "SANCTUM_TEST_REFUSES";

    /// This test program again, with one test alone, which then does what the function does.
    fn ends_with_2(name: &str, says: &str) {
        let output = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", &format!("commands::hook::edge::tests::{name}"), "--nocapture"])
            .env(CHILD, "1")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(says) && !said.contains("what was read"), "{said}");
    }

    #[test]
    fn a_panic_is_a_refusal_and_says_nothing_of_the_input() {
        if std::env::var_os(CHILD).is_some() {
            refuse_on_panic();
            panic!("what was read");
        }
        ends_with_2(
            "a_panic_is_a_refusal_and_says_nothing_of_the_input",
            "refused because of a bug at",
        );
    }

    #[test]
    fn a_verdict_that_does_not_come_is_a_refusal() {
        if std::env::var_os(CHILD).is_some() {
            deadline::end_after(1, REFUSED).unwrap();
            loop {
                std::hint::spin_loop();
            }
        }
        ends_with_2("a_verdict_that_does_not_come_is_a_refusal", "");
    }
}
