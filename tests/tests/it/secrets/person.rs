//! An account that may do nothing special: a real display's clipboard, no core dumps, and whose instance counts.
#![expect(clippy::disallowed_methods, reason = "processes and files are looked at from outside")]

use super::bed::HOUSE;
use crate::cli::owner::command;
use crate::cli::program::{House, Ran};
use crate::stores::clipboard::Screen;
use sanctum_tests::need;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::{MetadataExt as _, chown};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const VALUE: &[u8] = b"pl@nted-w0rd";

fn started(command: &mut Command) -> Child {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts")
}

fn ended(child: Child) -> Ran {
    Ran::of(&child.wait_with_output().expect("it ends"))
}

/// Runs a verb as that account, with that on its standard input.
fn fed(house: &House, verb: &[&str], input: &[u8]) -> Ran {
    let mut child = started(command(house, false).args(verb));
    let _taken = child.stdin.take().expect("a pipe").write_all(input);
    ended(child)
}

#[track_caller]
fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(20), "never: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A house below a directory root, whose `tls-key` is [`VALUE`].
fn house() -> House {
    let house = House::new(HOUSE);
    let set = house.arguments(&["secrets", "set", "tls-key", "--stdin"]);
    let set: Vec<&str> = set.iter().map(String::as_str).collect();
    fed(&house, &set, VALUE).exits(0);
    house
}

#[test]
fn a_desktops_clipboard_is_given_a_value_and_cleared_whatever_ends_the_wait() {
    let (xvfb, xclip, _setpriv, kill) = need!("Xvfb", "xclip", "setpriv", "kill");
    let (house, screen) = (house(), Screen::start(&xvfb));
    let held = || screen.xclip(&xclip, &["-out"], b"");
    let start = |seconds: &str| {
        let verb = house.arguments(&["secrets", "copy", "tls-key", "--seconds", seconds]);
        started(command(&house, false).args(verb).env("DISPLAY", screen.name()))
    };
    let copy = || {
        let mut child = start("600");
        let mut said = BufReader::new(child.stderr.take().expect("a pipe"));
        let mut line = String::new();
        said.read_line(&mut line).expect("a line");
        assert!(line.contains("is on the clipboard"), "{line}");
        assert_eq!(held(), VALUE);
        (child, said)
    };
    // xclip is gone to the background before the display has heard from it.
    let put = |bytes: &[u8]| {
        screen.xclip(&xclip, &["-in"], bytes);
        until("the clipboard is somebody else's", || held() == bytes);
    };
    let end = |child: &Child, signal: &str| {
        let sent = Command::new(&kill).args([signal, &child.id().to_string()]).status();
        assert!(sent.expect("kill runs").success());
    };
    let after = |child: Child, says: &str| {
        let ran = ended(child).exits(0);
        assert!(ran.stdout.contains(says), "{ran:?}");
    };
    // Nobody looks within the second: only who had put the value there clears what was there before.
    put(b"as it was");
    after(start("1"), "the clipboard was cleared");
    assert_eq!(held(), b" ");
    for signal in ["-TERM", "-INT", "-HUP"] {
        let (child, _said) = copy();
        end(&child, signal);
        after(child, "the clipboard was cleared");
        assert_eq!(held(), b" ", "{signal}");
    }
    let (child, _said) = copy();
    put(b"of somebody else");
    end(&child, "-TERM");
    after(child, "left alone");
    assert_eq!(held(), b"of somebody else");
    // The other way, which leaves nothing behind.
    let set = house.arguments(&["secrets", "set", "tls-key", "--clipboard"]);
    ended(started(command(&house, false).args(&set).env("DISPLAY", screen.name()))).exits(0);
    assert_eq!(held(), b" ");
    let get = house.arguments(&["secrets", "get", "tls-key", "--stdout"]);
    let get: Vec<&str> = get.iter().map(String::as_str).collect();
    assert_eq!(fed(&house, &get, b"").exits(0).stdout, "of somebody else");
    // Longer than is read of a clipboard: a part of it is no value.
    put(&[b'x'; 1024 * 1024 + 1]);
    let ran = ended(started(command(&house, false).args(&set).env("DISPLAY", screen.name())));
    ran.exits(1).says("longer than");
    assert_eq!(fed(&house, &get, b"").exits(0).stdout, "of somebody else");
}

#[test]
fn root_believes_no_display() {
    let (xvfb, xclip) = need!("Xvfb", "xclip");
    let (house, screen) = (House::new(HOUSE), Screen::start(&xvfb));
    house.fed(&["secrets", "set", "tls-key", "--stdin"], VALUE).exits(0);
    screen.xclip(&xclip, &["-in"], b"as it was");
    until("it is there", || screen.xclip(&xclip, &["-out"], b"") == b"as it was");
    for verb in [&["secrets", "copy", "tls-key"][..], &["secrets", "set", "tls-key", "--clipboard"]]
    {
        let mut command = command(&house, true);
        command.args(house.arguments(verb)).env("DISPLAY", screen.name());
        let ran = Ran::of(&command.output().expect("it starts"));
        ran.exits(2).says("there is no clipboard here that can be reached");
    }
    assert_eq!(screen.xclip(&xclip, &["-out"], b""), b"as it was");
}

#[test]
fn who_holds_a_value_leaves_no_core_dump_and_hands_the_limit_on() {
    let _ = need!("setpriv");
    let house = house();
    // As much as the system lets anybody have.
    let allowed = "ulimit -S -c \"$(ulimit -H -c)\" && exec \"$@\"";
    let command = |verb: &[&str], program: &[&str]| {
        let inner = command(&house, false);
        let mut outer = house.command(std::path::Path::new("/bin/sh"));
        outer.args(["-c", allowed, "sh"]).arg(inner.get_program()).args(inner.get_args());
        outer.args(house.arguments(verb)).args(program).env("PATH", "/usr/bin:/bin");
        outer
    };
    let child = started(&mut command(&["secrets", "set", "tls-key", "--stdin"], &[]));
    let proc = |name: &str| format!("/proc/{}/{name}", child.id());
    // core(5) and proc(5): a process that must not be dumped belongs to root there.
    until("it is no longer dumpable", || {
        let program = fs::read_link(proc("exe")).is_ok_and(|path| path.ends_with("sanctum"));
        program && fs::metadata(proc("environ")).is_ok_and(|facts| facts.uid() == 0)
    });
    let limits = fs::read_to_string(proc("limits")).expect("limits");
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).expect("a line");
    assert_eq!(core.split_whitespace().nth(4), Some("0"), "{core}");
    drop(ended(child));
    let had = Command::new("/bin/sh").args(["-c", "ulimit -H -c"]).output().expect("sh runs");
    let shown = ["--", "sh", "-c", "ulimit -S -c"];
    let ran = ended(started(&mut command(&["secrets", "exec", "tls-key"], &shown))).exits(0);
    assert_eq!(ran.stdout.as_bytes(), had.stdout);
}

#[test]
fn a_persons_own_file_does_not_say_what_runs_with_nobody_there() {
    let _ = need!("setpriv");
    let house = House::new("");
    let own = HOUSE.replace(", secrets: [gateway-token]", ", secrets: [tls-key]");
    let _made = command(&house, false);
    fs::create_dir(house.at("home/.sanctum")).expect("a folder");
    chown(house.at("home/.sanctum"), Some(65534), Some(65534)).expect("the test is root");
    fs::write(house.at("home/.sanctum/instance.yaml"), own).expect("a house");
    let run = |verb: &[&str]| fed(&house, &[verb, &["--node", "hub"]].concat(), VALUE);
    run(&["secrets", "set", "tls-key", "--stdin"]).exits(0);
    assert_eq!(fs::read(house.at("home/.sanctum/secrets/tls-key")).expect("a file"), VALUE);
    run(&["secrets", "list", "tls-key"]).exits(0);
    run(&["secrets", "get", "tls-key", "--stdout"]).exits(4);
    let service = ["secrets", "exec", "--service", "gateway"];
    let ran = run(&service);
    assert!(ran.code != Some(0) && !ran.stdout.contains("pl@nted"), "{ran:?}");
    let named = [&service[..], &["--instance", "home/.sanctum/instance.yaml"]].concat();
    run(&named).exits(2).says("only the approved copy counts");
}
