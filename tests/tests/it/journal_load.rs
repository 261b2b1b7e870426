//! `kill -9` of a writer under load: what was answered is there, the chain holds, and the next writer goes on.
//!
//! The writer is this test binary itself, started again with the name of one ignored test. It says the sequence
//! number of each record through a pipe once the record was answered.
#![expect(clippy::disallowed_methods, reason = "a writer is started and killed")]

use crate::cli::program::folder;
use sanctum_host::journal::{Durability, Journal, Limits, Places, StreamName, verify};
use sanctum_types::{Action, Actor, AuditEvent, Outcome, Phase, Severity};
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

const DIR: &str = "SANCTUM_TEST_JOURNAL";
const WRITERS: u32 = 8;
/// Streams, and how often the writer of each dies.
const STREAMS: u32 = 10;
const DEATHS: u32 = 12;
/// Short epochs and files, so that the writer dies in the midst of seals and new files too.
const LIMITS: Limits = Limits {
    file_bytes: 16 << 10,
    seal_lines: 40,
    seal_after: Duration::from_secs(600),
    seal_at_close: true,
    patience: Duration::from_secs(5),
};

fn places(dir: &Path) -> Places {
    Places::at(&dir.join("journal"), &dir.join("witness")).expect("places")
}

fn name() -> StreamName {
    StreamName::new("load").expect("a name")
}

fn event(subject: String) -> AuditEvent {
    AuditEvent {
        actor: Actor::new("service:load").expect("a word"),
        action: Action::new("load.write").expect("a word"),
        subject,
        phase: Phase::Single,
        outcome: Outcome::Ok,
        severity: Severity::Info,
        details: [].into(),
    }
}

#[test]
#[ignore = "the writer that the test below starts and kills"]
fn writer() {
    let Some(dir) = std::env::var_os(DIR) else { return };
    let journal = Journal::open(places(Path::new(&dir)), name(), LIMITS).expect("a journal");
    std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            let journal = &journal;
            scope.spawn(move || {
                let process = std::process::id();
                for count in 0_u64.. {
                    let subject = format!("{process}/{writer}/{count}");
                    // Some are answered before their sync: the kernel keeps those of a killed process as well.
                    let durability =
                        if count % 4 == 0 { Durability::Soon } else { Durability::Synced };
                    let seq =
                        journal.append(&event(subject.clone()), durability).expect("a record");
                    let line = format!("answered {seq} {subject}\n");
                    std::io::stdout().lock().write_all(line.as_bytes()).expect("a pipe");
                }
            });
        }
    });
}

/// Starts the writer, lets it work for a while, kills it; gives what it had said by then.
fn one_life(dir: &Path, life: Duration) -> BTreeMap<u64, String> {
    let mut child = Command::new(std::env::current_exe().expect("this binary"))
        .args(["--exact", "journal_load::writer", "--ignored", "--nocapture"])
        .env(DIR, dir)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the writer starts");
    let pipe = BufReader::new(child.stdout.take().expect("a pipe"));
    let (first, began) = std::sync::mpsc::channel();
    let reader = std::thread::spawn(move || {
        let mut said = BTreeMap::new();
        for line in pipe.lines().map_while(Result::ok) {
            let mut words = line.split(' ').skip_while(|word| *word != "answered").skip(1);
            if let (Some(seq), Some(subject)) = (words.next(), words.next()) {
                said.insert(seq.parse().expect("a number"), subject.to_owned());
                let _ = first.send(());
            }
        }
        said
    });
    began.recv_timeout(Duration::from_secs(60)).expect("the writer writes");
    std::thread::sleep(life);
    child.kill().expect("it dies");
    child.wait().expect("it died");
    reader.join().expect("the reader")
}

#[test]
fn no_answered_record_is_lost_and_the_next_writer_goes_on() {
    let mut answered = 0;
    for stream in 0..STREAMS {
        let dir = folder();
        let mut said = BTreeMap::new();
        for death in 0..DEATHS {
            let life = Duration::from_micros(u64::from((stream * 7919 + death * 104_729) % 15_000));
            said.append(&mut one_life(dir.path(), life));
        }
        let journal = Journal::open(places(dir.path()), name(), LIMITS).expect("the next writer");
        journal.append(&event("last".to_owned()), Durability::Synced).expect("it goes on");
        drop(journal);
        let mut found = BTreeMap::new();
        let mut visit = |line: &sanctum_host::journal::scan::Line<'_>| {
            found.insert(line.seq, line.subject());
        };
        let checked = verify::stream(&places(dir.path()), &name(), &mut visit).expect("a look");
        assert_eq!(checked.fault, None, "stream {stream}");
        for (seq, subject) in &said {
            assert_eq!(found.get(seq), Some(subject), "stream {stream}, record {seq}");
        }
        answered += said.len();
    }
    assert!(answered > 1000, "only {answered} records: that was no load");
}
