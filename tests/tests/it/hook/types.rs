//! What we answer and install, against the types that the agents' own packages ship.
#![expect(clippy::disallowed_methods, reason = "the vendors' checker is started")]

use crate::cli::program::checkout;
use sanctum_tests::{Tier, note_skipped};
use std::process::Command;

/// What the script ends with where the packages cannot be had.
const OFFLINE: i32 = 77;

#[test]
fn answers_and_settings_are_of_the_vendors_types() {
    let here = concat!(module_path!(), ":", line!());
    if Tier::of_this_run() == Tier::First {
        note_skipped(here, "needs npm and its registry, which the first tier does without");
        return;
    }
    let script = checkout().join("tests/tools/agent-types/check");
    let ran = Command::new(script).output().expect("the checker starts");
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    match ran.status.code() {
        Some(0) => {
            let checked = String::from_utf8_lossy(&ran.stdout);
            for package in [
                "@anthropic-ai/claude-agent-sdk",
                "@anthropic-ai/claude-code",
                "@google/gemini-cli",
                "@cursor/sdk",
            ] {
                assert!(checked.contains(package), "{checked}");
            }
        }
        Some(OFFLINE) => note_skipped(here, said.lines().last().unwrap_or("it says nothing")),
        other => panic!("{other:?}: {}{said}", String::from_utf8_lossy(&ran.stdout)),
    }
}
