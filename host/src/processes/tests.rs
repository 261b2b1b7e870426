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
    // Until exec is done the child is a copy of this program, and for a moment one without words.
    let begun = crate::clock::Monotonic::now();
    while !of(child.id()).unwrap().is_some_and(|one| {
        one.argv.seen().is_some()
            && one.program.seen().is_some_and(|running| running.path == program.to_str().unwrap())
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

/// A row that runs `words`.
fn row(pid: u32, parent: u32, words: Sight<Argv>) -> (u32, Process) {
    let name = format!("p{pid}");
    let (program, started, unit) = (Sight::Denied, None, None);
    (pid, Process { pid, parent, uid: 0, name, started, program, argv: words, unit })
}

fn words(words: &[&str]) -> Sight<Argv> {
    Sight::Seen(Argv::new(words.iter().map(|word| (*word).to_owned()).collect()))
}

#[test]
fn nobody_above_is_ever_left_out() {
    let told = |rows: Vec<(u32, Process)>, pid| {
        let table = Table { processes: rows.into_iter().collect(), complete: true };
        table.above(pid).ok().map(|all| all.iter().map(|one| one.pid).collect::<Vec<_>>())
    };
    let plain = |pid: u32, parent: u32| row(pid, parent, words(&["sh"]));
    assert_eq!(told(vec![plain(1, 0), plain(2, 1), plain(3, 2)], 3), Some(vec![2, 1]));
    assert_eq!(told(vec![plain(1, 0)], 1), Some(vec![]));
    // One that ended keeps its place.
    assert_eq!(told(vec![row(1, 0, Sight::Absent), plain(2, 1)], 2), Some(vec![1]));
    assert_eq!(told(vec![plain(1, 0), plain(3, 2)], 3), None, "a parent that is not there");
    assert_eq!(told(vec![plain(1, 0)], 9), None, "a process that is not there");
    assert_eq!(told(vec![plain(1, 2), plain(2, 1)], 2), None, "a circle");
    assert_eq!(told(vec![row(1, 0, Sight::Denied), plain(2, 1)], 2), None, "hidden arguments");
    let long = "x".repeat(ARGV_LIMIT);
    let cut = row(1, 0, words(&["node", &long]));
    assert_eq!(told(vec![cut, plain(2, 1)], 2), None, "arguments that go on");
    let deep: Vec<_> = (1..400).map(|pid| plain(pid, pid - 1)).collect();
    assert_eq!(told(deep, 399), None, "more than anybody looks at");
}

#[test]
fn arguments_that_were_cut_show() {
    let dir = tempfile::tempdir().unwrap();
    let path = sleeper(dir.path());
    for (count, cut) in [(1, false), (ARGV_LIMIT / 4, true)] {
        let child = start(&path, &vec!["300"; count]);
        // The kernel shows the program a moment before the arguments.
        let argv = std::iter::repeat_with(|| of(child.0.id()).unwrap().unwrap().argv)
            .find_map(|argv| argv.seen().cloned());
        assert_eq!(argv.unwrap().may_be_cut(), cut);
    }
}

#[test]
fn a_program_whose_path_the_kernel_cannot_tell_hides_nobody() {
    use std::os::fd::AsRawFd as _;
    let dir = tempfile::tempdir().unwrap();
    let me = std::process::id();
    let mut at = std::fs::File::open(dir.path()).unwrap();
    // 25 names of 200 bytes are longer than a page.
    for _ in 0..25 {
        let below = format!("/proc/{me}/fd/{}/{}", at.as_raw_fd(), "d".repeat(200));
        std::fs::create_dir(&below).unwrap();
        at = std::fs::File::open(&below).unwrap();
    }
    let path = format!("/proc/{me}/fd/{}/sleeper", at.as_raw_fd());
    std::fs::copy("/bin/sleep", &path).unwrap();
    let mut child = Ends(Command::new(&path).arg("300").stdin(Stdio::null()).spawn().unwrap());
    let one = of(child.0.id()).unwrap().unwrap();
    assert_eq!((one.parent, one.program), (me, Sight::Denied));
    assert!(table().unwrap().processes.contains_key(&child.0.id()));
    assert!(child.0.try_wait().unwrap().is_none(), "it still ran");
}

#[test]
fn a_test_was_started_by_something_that_has_a_name() {
    let found = ancestors().unwrap();
    assert!(!found.is_empty());
    assert!(found.iter().all(|one| one.pid > 0 && !one.name.is_empty()), "{found:?}");
    assert_eq!(found.last().unwrap().parent, 0);
}
