//! The checkout itself, and a real container engine.
#![expect(clippy::disallowed_methods, reason = "the real binary on real files")]

use super::bed::Bed;
use crate::cli::program::checkout;
use std::process::Command;

/// Examples and test values that look like secrets and were looked at. After a look at what is new:
/// `sanctum scan --no-git --exclude target --exclude .tools --write-baseline tests/fixtures/scan-baseline.json --reason '...' .`
const KNOWN: &str = "tests/fixtures/scan-baseline.json";

/// What this project holds is clean: examples of rules stand in parts, and tests put their tokens together.
#[test]
fn the_checkout_is_clean() {
    let bed = Bed::new();
    let listed = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(checkout())
        .output();
    let Some(listed) = listed.ok().filter(|listed| listed.status.success()) else {
        return sanctum_tests::note_skipped(module_path!(), "there is no git here");
    };
    let names = String::from_utf8(listed.stdout).expect("names in UTF-8");
    for name in names.split_terminator('\0').filter(|name| checkout().join(name).is_file()) {
        let to = bed.at("tree").join(name);
        std::fs::create_dir_all(to.parent().expect("a parent")).expect("folders");
        std::fs::copy(checkout().join(name), to).expect("a copy");
    }
    let report = bed.scan("tree", &["--json", "--strict", "--baseline", KNOWN]);
    assert_eq!(report.code, Some(0), "{}", report.stdout);
    assert!(report.json()["counts"]["pieces"].as_u64() > Some(500));
}
