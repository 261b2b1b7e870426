#![expect(clippy::disallowed_methods, reason = "tests start and replace programs")]

use super::*;
use std::process::{Child, Command, Stdio};

/// A child that ends with its test.
struct Ends(Child);

impl Drop for Ends {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(program: &std::path::Path, args: &[&str]) -> Ends {
    let child = Command::new(program).args(args).stdin(Stdio::null()).spawn().unwrap();
    // Until exec is done the child is a copy of this program.
    let begun = crate::clock::Monotonic::now();
    while !of(child.id()).unwrap().is_some_and(|one| {
        one.program.seen().is_some_and(|running| running.path == program.to_str().unwrap())
    }) {
        assert!(begun.elapsed() < std::time::Duration::from_secs(10), "it did not start");
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    Ends(child)
}

fn sleeper(dir: &std::path::Path) -> std::path::PathBuf {
    let path = dir.canonicalize().unwrap().join("sleeper");
    std::fs::copy("/bin/sleep", &path).unwrap();
    path
}

#[test]
fn a_process_with_its_program_and_words() {
    let dir = tempfile::tempdir().unwrap();
    let path = sleeper(dir.path());
    let child = start(&path, &["300"]);
    let one = table().unwrap().processes.remove(&child.0.id()).unwrap();
    assert_eq!((one.parent, one.name.as_str()), (std::process::id(), "sleeper"));
    assert_eq!(one.uid, crate::accounts::effective_uid());
    assert_eq!(one.argv.seen().unwrap().words(), [path.to_str().unwrap(), "300"]);
    let age = crate::clock::now().0 - one.started.unwrap().0;
    assert!((-2..60).contains(&age), "{age}");
    let running = one.program.seen().unwrap();
    assert_eq!((running.path.as_str(), running.now()), (path.to_str().unwrap(), OnDiskNow::Same));
}

#[test]
fn a_program_that_was_replaced_or_taken_away_under_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = sleeper(dir.path());
    let child = start(&path, &["300"]);
    let now = || of(child.0.id()).unwrap().unwrap().program.seen().unwrap().clone();
    let fresh = dir.path().join("fresh");
    std::fs::copy("/bin/sleep", &fresh).unwrap();
    std::fs::rename(&fresh, &path).unwrap();
    assert_eq!((now().path.as_str(), now().now()), (path.to_str().unwrap(), OnDiskNow::Replaced));
    std::fs::remove_file(&path).unwrap();
    assert_eq!((now().path.as_str(), now().now()), (path.to_str().unwrap(), OnDiskNow::Gone));
}

#[test]
fn a_name_that_ends_like_the_kernels_mark_is_a_name() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().canonicalize().unwrap().join("sleeper (deleted)");
    std::fs::copy("/bin/sleep", &path).unwrap();
    let child = start(&path, &["300"]);
    let one = of(child.0.id()).unwrap().unwrap();
    assert_eq!(one.program.seen().unwrap().now(), OnDiskNow::Same);
}

#[test]
fn a_file_that_is_younger_than_its_process() {
    let dir = tempfile::tempdir().unwrap();
    let path = sleeper(dir.path());
    let child = start(&path, &["300"]);
    let look = || of(child.0.id()).unwrap().unwrap().older_than_its_file();
    assert_eq!(look(), None);
    let later = std::time::SystemTime::now() + std::time::Duration::from_secs(100);
    std::fs::File::open(&path).unwrap().set_modified(later).unwrap();
    assert!(look().is_some_and(|seconds| seconds >= 98), "{:?}", look());
}

#[test]
fn arguments_do_not_come_out_of_debug() {
    let argv = Argv::new(vec!["--token".to_owned(), "hunter2".to_owned()]);
    assert_eq!(format!("{argv:?}"), "Argv(2 words)");
}

#[test]
fn this_process_descends_from_the_first() {
    let table = table().unwrap();
    let line: Vec<u32> = table.ancestry(std::process::id()).map(|one| one.pid).collect();
    assert_eq!(line.first(), Some(&std::process::id()));
    assert!(line.len() > 1, "{line:?}");
    assert_eq!(of(u32::MAX - 1).unwrap(), None);
    let mut round = Table::default();
    let mut one = table.processes[&std::process::id()].clone();
    (one.pid, one.parent) = (1, 2);
    round.processes.insert(1, one.clone());
    (one.pid, one.parent) = (2, 1);
    round.processes.insert(2, one);
    assert_eq!(round.ancestry(1).count(), 256);
}
