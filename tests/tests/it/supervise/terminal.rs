//! The live table on a terminal that script(1) lends, and plain lines where no colour is wanted.
#![expect(clippy::disallowed_methods, reason = "real processes are started and ended")]

use super::bed::{self, Bed, Server};
use crate::cli::program::sanctum;
use std::io::Read as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

/// What the terminal showed from the start of the supervisor to its end.
fn shown(environment: &[(&str, &str)]) -> String {
    let script = sanctum_tests::tool("script");
    let bed = Bed::new(&[Server::http("web"), Server::http("far").on("web")]);
    let line = format!("{} {}", sanctum().display(), bed.house.arguments(&["up"]).join(" "));
    let mut command = bed.house.command(&script);
    command.env("TERM", "xterm").envs(environment.iter().copied());
    command.args(["-q", "-e", "-c", &line, "/dev/null"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().expect("script starts");
    let keyboard = child.stdin.take().expect("a pipe");
    let mut pipe = child.stdout.take().expect("a pipe");
    let reader = std::thread::spawn(move || {
        let mut text = Vec::new();
        pipe.read_to_end(&mut text).expect("what it showed");
        String::from_utf8_lossy(&text).into_owned()
    });
    bed.await_state("far", "up", Duration::from_secs(60));
    let report = std::fs::read_to_string(bed.house.at("root/.sanctum/state/up.json"));
    let report: serde_json::Value =
        serde_json::from_str(&report.expect("a state file")).expect("JSON");
    let pid = report["pid"].as_u64().and_then(|pid| u32::try_from(pid).ok()).expect("its process");
    bed::kill(pid, rustix::process::Signal::INT);
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().expect("a status") {
            break status;
        }
        assert!(start.elapsed() < Duration::from_secs(60), "it does not end");
        std::thread::sleep(Duration::from_millis(30));
    };
    drop(keyboard);
    assert!(status.success(), "{status}");
    reader.join().expect("it read to the end")
}

#[test]
fn a_table_is_drawn_over_and_without_colour_there_are_lines() {
    let table = shown(&[]);
    assert!(table.contains("SERVICE") && table.contains("\u{1b}[3A"), "{table:?}");
    let plain = shown(&[("NO_COLOR", "1")]);
    assert!(!plain.contains('\u{1b}') && !plain.contains("SERVICE"), "{plain:?}");
    assert!(plain.contains("starting -> up") && plain.contains("stopping -> stopped"), "{plain:?}");
}
