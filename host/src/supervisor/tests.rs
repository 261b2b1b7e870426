//! Real children: what ends, what does not want to, and what they leave behind.

use super::control::{self, Control};
use super::{Ended, Running, Spec, Stopped, group};
use crate::accounts;
use crate::clock::Monotonic;
use crate::command::Program;
use crate::journal::socket::SocketError;
use std::path::Path;
use std::time::Duration;

fn me() -> Option<String> {
    accounts::by_uid(accounts::effective_uid()).unwrap().map(|account| account.name)
}

fn sh(dir: &Path, script: &str) -> Running {
    let args = vec!["-c".to_owned(), script.to_owned()];
    let program = Program::find(&["sh"]).unwrap();
    Running::start(&Spec { program, args, log: dir.join("x.log"), account: me() }).unwrap()
}

/// Waits until the log says it.
fn await_log(dir: &Path, word: &str) -> String {
    let start = Monotonic::now();
    loop {
        let log = std::fs::read_to_string(dir.join("x.log")).unwrap_or_default();
        if log.contains(word) {
            return log;
        }
        assert!(start.elapsed() < Duration::from_secs(30), "{log}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn it_ends_when_it_is_asked_and_by_force_when_it_does_not_listen() {
    let dir = tempfile::tempdir().unwrap();
    let mut polite =
        sh(dir.path(), "trap 'exit 7' TERM; echo polite; while :; do sleep 0.05; done");
    await_log(dir.path(), "polite");
    assert_eq!(polite.ended(), None);
    assert_eq!(polite.stop(Duration::from_secs(30)), Stopped::Asked(Ended::Code(7)));
    assert_eq!(polite.stop(Duration::from_secs(5)), Stopped::Already(Ended::Code(7)));
    let mut deaf = sh(dir.path(), "trap '' TERM; echo deaf; while :; do sleep 0.05; done");
    await_log(dir.path(), "deaf");
    assert_eq!(deaf.stop(Duration::from_millis(300)), Stopped::Killed);
    assert_eq!(deaf.ended(), Some(Ended::Signal(9)));
}

#[test]
fn a_stopped_process_ends_and_its_children_with_it() {
    let dir = tempfile::tempdir().unwrap();
    let mut one = sh(dir.path(), "sleep 300 & echo started; wait");
    await_log(dir.path(), "started");
    let pid = one.pid();
    assert_eq!(group::of(pid), Some(pid));
    rustix::process::kill_process_group(
        rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap(),
        rustix::process::Signal::STOP,
    )
    .unwrap();
    assert!(matches!(one.stop(Duration::from_secs(30)), Stopped::Asked(Ended::Signal(15))));
    // The orphan is collected by init, which is not ours to time.
    let start = Monotonic::now();
    while group::is_there(pid) {
        assert!(start.elapsed() < Duration::from_secs(30), "something of group {pid} lives");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_child_has_nothing_of_ours() {
    let dir = tempfile::tempdir().unwrap();
    let mut one = sh(dir.path(), "env; readlink /proc/self/fd/0; pwd; echo over >&2");
    let log = await_log(dir.path(), "over");
    assert!(log.contains("LC_ALL=C\n") && !log.contains("CARGO"), "{log}");
    assert!(log.ends_with("/\nover\n"), "{log}");
    one.stop(Duration::from_secs(1));
    let mode =
        std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(dir.path().join("x.log")).unwrap());
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn at_euid_0_an_account_is_needed_and_must_exist() {
    let dir = tempfile::tempdir().unwrap();
    let start = |account: Option<&str>| {
        let program = Program::find(&["true"]).unwrap();
        let account = account.map(ToOwned::to_owned);
        Running::start(&Spec { program, args: Vec::new(), log: dir.path().join("x.log"), account })
    };
    let root = accounts::effective_uid() == 0;
    assert_eq!(start(None).is_err(), root);
    assert_eq!(start(Some("no-such-account")).is_err(), root);
}

#[test]
fn one_supervisor_answers_and_its_socket_goes_with_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("up.sock");
    assert_eq!(control::ask(&path, "status").unwrap(), None);
    let first = Control::open(&path).unwrap();
    assert!(matches!(Control::open(&path), Err(SocketError::Served { .. })));
    let asking = {
        let path = path.clone();
        std::thread::spawn(move || control::ask(&path, "status"))
    };
    let start = Monotonic::now();
    let request = loop {
        if let Some(request) = first.next() {
            break request;
        }
        assert!(start.elapsed() < Duration::from_secs(30));
    };
    assert_eq!(request.line, "status");
    assert_eq!(
        (request.peer.uid, request.peer.pid),
        (accounts::effective_uid(), std::process::id())
    );
    request.answer("fine");
    assert_eq!(asking.join().unwrap().unwrap().as_deref(), Some("fine"));
    drop(first);
    assert!(!path.exists());
    assert_eq!(control::ask(&path, "status").unwrap(), None);
}

/// Doors that should be shut stand open here, so that only what the system says of the peer is left.
#[test]
#[expect(clippy::disallowed_methods, reason = "a process of another account asks")]
fn another_account_that_reaches_the_socket_is_not_heard() {
    use std::os::unix::fs::PermissionsExt as _;
    use std::os::unix::process::CommandExt as _;
    /// The account that owns nothing.
    const NOBODY: u32 = 65_534;
    const ASK: &str = "my $s = IO::Socket::UNIX->new(Peer => $ARGV[0]) or die $!; \
         print \"reached\\n\"; $SIG{PIPE} = 'IGNORE'; print $s \"report\\n\"; print <$s>;";
    if accounts::effective_uid() != 0 {
        return;
    }
    for (uid, heard) in [(NOBODY, false), (0, true)] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("up.sock");
        let control = Control::open(&path).unwrap();
        for place in [dir.path(), &path] {
            std::fs::set_permissions(place, std::fs::Permissions::from_mode(0o777)).unwrap();
        }
        let mut asking = std::process::Command::new("perl");
        asking.args(["-MIO::Socket::UNIX", "-e", ASK]).arg(&path).uid(uid).gid(uid);
        let asking = std::thread::spawn(move || asking.output().unwrap());
        while !asking.is_finished() {
            if let Some(request) = control.next() {
                assert_eq!(request.peer.uid, uid);
                request.answer("heard");
            }
        }
        let said = asking.join().unwrap();
        let wanted = if heard { "reached\nheard\n" } else { "reached\n" };
        assert_eq!(String::from_utf8_lossy(&said.stdout), wanted, "{said:?}");
    }
}
