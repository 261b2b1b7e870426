//! A bug in a hook is a refusal too.
//!
//! Agents take exit code 2 for "no" and any other failure for "go on". A panic ends a process with 101, or by a signal where
//! panics abort, so the process says what happened and ends itself with 2 before that. Deliberately absent: catching it and
//! going on.

use std::panic::PanicHookInfo;

/// What every agent takes for a refusal.
pub(super) const REFUSED: u8 = 2;

/// From here on a panic ends this process with a refusal.
pub(super) fn refuse_on_panic() {
    std::panic::set_hook(Box::new(refuse));
}

#[expect(
    clippy::exit,
    reason = "nothing of this process can be believed any more, and its exit code is the answer"
)]
fn refuse(info: &PanicHookInfo<'_>) {
    let place = info.location().map(ToString::to_string).unwrap_or_default();
    // The message of a panic may hold what was read; the place holds nothing of it.
    crate::output::Out { json: false, quiet: true }
        .remarks(&format!("sanctum: refused because of a bug at {place}\n"));
    std::process::exit(i32::from(REFUSED));
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "the test starts itself, to see how it ends")]
mod tests {
    use super::*;

    const CHILD: &str = "SANCTUM_TEST_PANICS";

    #[test]
    fn a_panic_is_a_refusal_and_says_nothing_of_the_input() {
        if std::env::var_os(CHILD).is_some() {
            refuse_on_panic();
            panic!("what was read");
        }
        let name =
            "commands::hook::edge::tests::a_panic_is_a_refusal_and_says_nothing_of_the_input";
        let output = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", name, "--nocapture"])
            .env(CHILD, "1")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(
            said.contains("refused because of a bug at") && !said.contains("what was read"),
            "{said}"
        );
    }
}
