//! What a test does whose counterpart is not here: in the second tier it fails, else it says so and passes.
//!
//! `tests/run` tells the tier in `SANCTUM_TIER`; a bare `cargo test` of this crate tells none and needs no root.

#![expect(clippy::disallowed_methods, reason = "tests/run tells the tier by environment")]

use std::io::Write as _;
use std::panic::Location;

/// To be followed by the end of the test.
#[track_caller]
pub(crate) fn missing(what: &str) {
    let tier = std::env::var_os("SANCTUM_TIER");
    assert!(tier.is_none_or(|tier| tier == "1"), "this test needs {what}: see tests/run --help");
    // Not println!: what a passing test prints is not shown.
    let at = Location::caller();
    // One write, so that tests beside this one cannot come in between.
    let line = format!("skipped: {}:{}: it needs {what}\n", at.file(), at.line());
    std::io::stderr().write_all(line.as_bytes()).unwrap();
}
