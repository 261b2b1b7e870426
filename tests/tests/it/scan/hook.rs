//! git's pre-commit hook: a commit with a secret is stopped, and the hook that was there before still runs.
#![expect(clippy::disallowed_methods, reason = "the real git on real files")]

use super::bed::{Bed, NEEDLE, token};
use sanctum_tests::need;
use std::os::unix::fs::PermissionsExt as _;

#[test]
fn a_commit_with_a_secret_is_stopped_and_the_hook_of_before_runs_first() {
    let _git = need!("git");
    let bed = Bed::new();
    bed.repository("code");
    let before = "#!/bin/sh\necho ran >> \"$HOME/ran\"\ntest ! -e refuse\n";
    bed.write("code/.git/hooks/pre-commit", before);
    let hook = bed.at("code/.git/hooks/pre-commit");
    std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).unwrap();
    bed.write("code/a", &format!("{}\n", token('A')));
    bed.commit("code", "before the hook").unwrap();
    bed.scan("code", &["hook", "install"]).exits(0);
    bed.scan("code", &["hook", "install"]).exits(0);
    // What HEAD has already does not stop a change beside it.
    bed.write("code/a", &format!("moved\n{}\n", token('A')));
    bed.commit("code", "a move").unwrap();
    bed.write("code/b", &format!("{}\n", token('B')));
    let said = bed.commit("code", "a leak").unwrap_err();
    assert!(!said.contains(NEEDLE), "{said}");
    // By name and by `-a`, git hands another index to the hook.
    bed.git("code", &["commit", "-q", "-m", "x", "b"]).unwrap_err();
    bed.write("code/a", &format!("{}\n", token('C')));
    bed.git("code", &["commit", "-q", "-a", "-m", "x"]).unwrap_err();
    bed.git("code", &["reset", "-q", "--hard"]).unwrap();
    bed.write("code/c", "fine\n");
    bed.commit("code", "fine").unwrap();
    bed.write("code/refuse", "");
    bed.commit("code", "refused by the hook of before").unwrap_err();
    assert!(bed.read("home/ran").lines().count() >= 6);
    bed.scan("code", &["hook", "remove"]).exits(0);
    assert_eq!(bed.read("code/.git/hooks/pre-commit"), before);
    assert!(!bed.at("code/.git/hooks/pre-commit.before-sanctum").exists());
}
