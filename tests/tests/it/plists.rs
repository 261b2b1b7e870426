//! Rendered property lists, read by CPython's plistlib and by libplist: two readers that share no code with
//! the writer, and must both see the command that was meant.

use crate::units_house::{instance, put, run, said, with_node};
use sanctum_orchestrator::jobs::jobs;
use sanctum_orchestrator::render::launchd;
use sanctum_tests::need;
use std::path::Path;

fn json(plistlib: &Path, file: &Path) -> serde_json::Value {
    let output = run(plistlib, &[file.to_str().expect("UTF-8")]);
    assert!(output.status.success(), "{}: {}", file.display(), said(&output));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[test]
fn two_readers_see_what_was_meant() {
    let (plistlib, plistutil) = need!("plistlib-check", "plistutil-check");
    let dir = tempfile::tempdir().expect("a folder");
    let house = instance();
    let artefacts = with_node(&house, "hub", launchd::render).expect("renders");
    let jobs = with_node(&house, "hub", jobs).expect("derives");
    assert_eq!(artefacts.len(), jobs.len());
    for (artefact, job) in artefacts.iter().zip(&jobs) {
        put(dir.path(), "a.plist", &artefact.bytes);
        let first = dir.path().join("a.plist");
        let seen = json(&plistlib, &first);
        assert_eq!(seen["Label"], job.label.as_str());
        assert_eq!(seen["ProgramArguments"], serde_json::json!(job.command), "{}", job.label);
        assert_eq!(seen["Umask"], 0o077);
        assert!(seen.get("EnvironmentVariables").is_none());
        let again = run(&plistutil, &[first.to_str().expect("UTF-8")]);
        assert!(again.status.success(), "{}: {}", job.label, said(&again));
        put(dir.path(), "b.plist", &again.stdout);
        assert_eq!(json(&plistlib, &dir.path().join("b.plist")), seen, "{}", job.label);
    }
}
