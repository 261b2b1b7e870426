//! `sanctumd --only journal`: many clients and one chain, who they are, how it starts, drains and dies.
#![expect(clippy::disallowed_methods, reason = "the real binary serves real clients on real files")]

mod bed;
mod hostile;
mod place;

use crate::cli::program::{Ran, copy_program, folder, sanctumd};
use bed::{Bed, LONG, append, audit, entries, event};
use rustix::process::Signal;
use sanctum_host::journal::socket::JournalClient;
use sanctum_types::AuditSink as _;
use serde_json::json;
use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixDatagram;
use std::process::Stdio;
use std::time::{Duration, Instant};

const CLIENTS: usize = 8;

#[test]
fn what_many_clients_append_is_one_chain_without_gaps() {
    const EACH: usize = 40;
    let bed = Bed::new();
    let mut seqs: Vec<u64> = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|number| {
                let client = bed.client();
                let one = move |count| client.append(&event("uid:0", &format!("{number}/{count}")));
                scope.spawn(move || {
                    (0..EACH).map(|count| one(count).expect("a record")).collect::<Vec<_>>()
                })
            })
            .collect();
        clients.into_iter().flat_map(|client| client.join().expect("a client")).collect()
    });
    seqs.sort_unstable();
    let first = seqs[0];
    assert_eq!(seqs, (first..first + (CLIENTS * EACH) as u64).collect::<Vec<_>>());
    let dir = bed.drained();
    let told = entries(dir.path());
    assert_eq!(told.iter().filter(|entry| entry["action"] == "load.write").count(), CLIENTS * EACH);
    let actions = [&told[0]["action"], &told[told.len() - 1]["action"]];
    assert_eq!(actions, ["service.start", "service.stop"]);
}

#[test]
fn a_client_is_who_the_system_says_it_is() {
    let bed = Bed::new();
    let uid = rustix::process::geteuid().as_raw();
    bed.client().append(&event("service:vault", "claimed")).expect("a record");
    bed.client().append(&event(&format!("uid:{uid}"), "itself")).expect("a record");
    let dir = bed.drained();
    let told = entries(dir.path());
    let of = |subject: &str| told.iter().find(|entry| entry["subject"] == subject).expect("it");
    assert_eq!(of("claimed")["actor"], format!("uid:{uid}"));
    assert_eq!(of("claimed")["details"], json!({ "claimed": "service:vault" }));
    assert_eq!(of("claimed")["pid"], std::process::id());
    assert_eq!(of("itself")["actor"], format!("uid:{uid}"));
    assert!(of("itself")["details"].get("claimed").is_none());
}

#[test]
fn another_account_is_refused_and_that_is_recorded() {
    let setpriv = sanctum_tests::need!("setpriv");
    let dir = folder();
    let open = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(dir.path(), open.clone()).expect("a mode");
    let program = dir.path().join("sanctumd");
    copy_program(sanctumd(), &program);
    let root = dir.path().join("root");
    std::fs::create_dir(&root).expect("a folder");
    let bed = Bed::with(dir, &["--group", "nogroup"]);
    for part in ["root", "root/run", "root/run/sanctum"] {
        std::fs::set_permissions(bed.dir.path().join(part), open.clone()).expect("a mode");
    }
    for _ in 0..3 {
        let ran = bed::command(&setpriv, bed.dir.path())
            .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
            .arg(&program)
            .args(["--health", "journal", "--socket"])
            .arg(bed.socket())
            .stderr(std::process::Stdio::piped())
            .output()
            .expect("it starts");
        let told = String::from_utf8(ran.stderr).expect("UTF-8");
        assert!(told.contains("this account may not append"), "{told}");
        assert_eq!(ran.status.code(), Some(1));
    }
    let dir = bed.drained();
    let told = entries(dir.path());
    let refused: Vec<_> = told.iter().filter(|entry| entry["actor"] == "uid:65534").collect();
    assert_eq!(refused.len(), 1, "one of three a minute: {told:?}");
    assert_eq!(
        (&refused[0]["outcome"], &refused[0]["severity"]),
        (&json!("refused"), &json!("warn"))
    );
}

#[test]
fn what_was_sent_before_the_drain_is_answered() {
    const SENT: usize = 200;
    let bed = Bed::new();
    let mut line = bed.line();
    assert!(line.ask(&append("first"))["seq"].is_u64());
    for count in 0..SENT {
        line.say(&append(&count.to_string()));
    }
    let mut bed = bed;
    bed.signal(Signal::TERM);
    for count in 0..SENT {
        let answer = line.hear();
        assert!(
            answer.as_ref().is_some_and(|answer| answer["seq"].is_u64()),
            "{count}: {answer:?}"
        );
    }
    assert_eq!(line.hear(), None);
    assert_eq!(bed.ended().code(), Some(0));
    assert!(!bed.socket().exists(), "the socket goes with it");
    assert_eq!(entries(bed.dir.path()).len(), SENT + 3);
}

#[test]
fn what_is_another_services_option_is_refused() {
    let dir = folder();
    for option in [["--listen", "127.0.0.1:0"], ["--key-file", "vault.key"]] {
        // Below a root that is not there neither of them would stay.
        for service in ["journal", "alerts"] {
            let mut command = bed::command(sanctumd(), dir.path());
            command.args(["--only", service, "--root"]).arg(dir.path().join("none")).args(option);
            let told = command.stdout(Stdio::piped()).stderr(Stdio::piped()).output();
            Ran::of(&told.expect("it ends")).exits(2).says("are the vault's");
        }
    }
}

/// Longer than a test waits for an end: whoever waits for the drain is seen.
const ENDLESS: [&str; 2] = ["--drain-timeout", "600"];

#[test]
fn an_idle_client_does_not_hold_a_drain_up() {
    let bed = Bed::with(folder(), &ENDLESS);
    let _idle = bed.line();
    bed.drained();
}

/// A client that sends and never reads: its answers fill the socket, and the service waits for it for a while.
fn deaf(bed: &Bed) -> bed::Line {
    let line = bed.line();
    line.0.set_nonblocking(true).expect("a mode");
    let frame = sanctum_host::journal::socket::wire::encode(b"{\"health\":true}").expect("a frame");
    let begun = Instant::now();
    let mut full = None;
    while full.is_none_or(|since: Instant| since.elapsed() < Duration::from_millis(100)) {
        assert!(begun.elapsed() < LONG, "it never fills");
        match std::io::Write::write(&mut &line.0, &frame) {
            Ok(_) => full = None,
            Err(_) => full = full.or_else(|| Some(Instant::now())),
        }
    }
    line
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let mut bed = Bed::with(folder(), &ENDLESS);
    let _deaf = deaf(&bed);
    bed.signal(Signal::TERM);
    std::thread::sleep(Duration::from_millis(100));
    bed.signal(Signal::INT);
    assert_eq!(bed.ended().code(), Some(1));
}

#[test]
fn a_drain_is_bounded() {
    let mut bed = Bed::with(folder(), &["--drain-timeout", "0"]);
    let _deaf = deaf(&bed);
    bed.signal(Signal::TERM);
    assert_eq!(bed.ended().code(), Some(1));
}

#[test]
fn a_service_manager_is_told() {
    let dir = folder();
    let path = dir.path().join("notify");
    let manager = UnixDatagram::bind(&path).expect("a socket");
    manager.set_read_timeout(Some(LONG)).expect("a timeout");
    let mut child =
        bed::service(dir.path(), &[]).env("NOTIFY_SOCKET", &path).spawn().expect("it starts");
    let told = || {
        let mut bytes = [0; 64];
        let length = manager.recv(&mut bytes).expect("it says something");
        String::from_utf8(bytes[..length].to_vec()).expect("UTF-8")
    };
    assert_eq!(told(), "READY=1");
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, Signal::TERM).expect("a process of this test");
    assert_eq!(told(), "STOPPING=1");
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
}

#[test]
fn killed_under_load_it_loses_nothing_that_was_answered() {
    let mut bed = Bed::new();
    let mut said: BTreeMap<u64, String> = BTreeMap::new();
    for death in 0..4 {
        let answered: Vec<_> = std::thread::scope(|scope| {
            let clients: Vec<_> = (0..CLIENTS)
                .map(|number| {
                    let client = JournalClient::new(bed.socket(), LONG);
                    scope.spawn(move || {
                        let mut mine = Vec::new();
                        for count in 0.. {
                            let subject = format!("{death}/{number}/{count}");
                            match client.append(&event("uid:0", &subject)) {
                                Ok(seq) => mine.push((seq, subject)),
                                Err(_) => return mine,
                            }
                        }
                        mine
                    })
                })
                .collect();
            std::thread::sleep(Duration::from_millis(100 + 40 * death));
            bed.signal(Signal::KILL);
            clients.into_iter().flat_map(|client| client.join().expect("a client")).collect()
        });
        assert!(answered.len() > CLIENTS, "that was no load: {}", answered.len());
        said.extend(answered);
        // A killed one's socket is still there; the next one takes its place.
        assert!(bed.socket().exists());
        bed = bed.again();
    }
    let dir = bed.drained();
    let told = entries(dir.path());
    let found: BTreeMap<u64, &str> = told
        .iter()
        .map(|entry| {
            (entry["seq"].as_u64().expect("a number"), entry["subject"].as_str().expect("a text"))
        })
        .collect();
    for (seq, subject) in &said {
        assert_eq!(found.get(seq), Some(&subject.as_str()), "record {seq}");
    }
}

#[test]
fn what_a_hung_service_does_not_answer_is_not_recorded() {
    let bed = Bed::new();
    bed.signal(Signal::STOP);
    let client = JournalClient::new(bed.socket(), Duration::from_millis(300));
    let begun = Instant::now();
    for _ in 0..2 {
        client.record(&event("uid:0", "hung")).expect_err("nobody answers");
    }
    assert!(begun.elapsed() < LONG, "{:?}", begun.elapsed());
    bed.signal(Signal::CONT);
    client.record(&event("uid:0", "awake")).expect("it answers again");
    bed.drained();
    JournalClient::new("/nonexistent/journal.sock", LONG)
        .record(&event("uid:0", "x"))
        .expect_err("nobody");
}

#[test]
fn it_speaks_for_the_streams_of_programs_that_work_without_it() {
    let house = crate::cli::program::House::applied(crate::cli::program::SMALL);
    let mut child = bed::service(house.at("").as_path(), &["--checkpoint-every", "1"])
        .spawn()
        .expect("it starts");
    let heads = || {
        let path = house.at("root/.sanctum/journal/service/000001.jsonl");
        let text = std::fs::read_to_string(path).unwrap_or_default();
        text.lines().filter(|line| line.contains("\"journal.head\"")).count()
    };
    let until = |count| {
        let begun = Instant::now();
        while heads() < count {
            assert!(begun.elapsed() < LONG, "{} heads", heads());
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    until(1);
    std::thread::sleep(Duration::from_millis(1500));
    assert_eq!(heads(), 1, "nothing moved");
    house.run(&["rollback", "--yes"]).exits(0);
    until(2);
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, Signal::TERM).expect("a process of this test");
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
    audit(house.at("").as_path(), &["verify"]).exits(0);
    // Whoever puts the one-shot stream and its second place back is seen by the service's stream.
    for part in ["journal", "witness"] {
        for name in std::fs::read_dir(house.at("root/.sanctum").join(part)).expect("a list") {
            let path = name.expect("an entry").path();
            if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("sanctum")) {
                let file =
                    path.join(if part == "journal" { "000001.jsonl" } else { "checkpoints.jsonl" });
                let text = std::fs::read_to_string(&file).expect("lines");
                let kept: Vec<&str> =
                    text.lines().take(if part == "journal" { 3 } else { 1 }).collect();
                std::fs::write(&file, kept.join("\n") + "\n").expect("fewer lines");
            }
        }
    }
    let told = audit(house.at("").as_path(), &["verify"]).exits(3).json();
    let faulty: Vec<_> = told["streams"]
        .as_array()
        .expect("a list")
        .iter()
        .filter(|one| !one["fault"].is_null())
        .collect();
    assert_eq!(faulty.len(), 1);
    assert_eq!(faulty[0]["stream"], "sanctum");
}

/// What root says of a stream that the service's account cannot read holds that stream to it.
#[test]
fn a_head_that_root_vouches_for_is_held_against_the_stream() {
    let bed = Bed::new();
    let places = sanctum_host::journal::Places::at(
        &bed.root().join(".sanctum/journal"),
        &bed.root().join(".sanctum/witness"),
    );
    let places = places.expect("places");
    let name = sanctum_host::journal::StreamName::new("service").expect("a name");
    let head = sanctum_host::journal::Head::of(&places, &name).expect("a look").expect("a head");
    bed.client().vouch(&head).expect("a record");
    let tag = sanctum_types::Digest::from_bytes([7; 32]);
    let refused = |stream: &str, id: &str| {
        let (stream, id) = (stream.to_owned(), id.to_owned());
        let said = sanctum_host::journal::Head { stream, id, seq: 1, tag };
        bed.client().vouch(&said).expect_err("no head").to_string()
    };
    for (stream, id) in [("a.b", "00"), ("", "00"), ("sanctum", ""), ("sanctum", "x"), ("S", "00")]
    {
        assert!(refused(stream, id).contains("not understood"), "{stream} {id}");
    }
    bed.client()
        .vouch(&sanctum_host::journal::Head { seq: head.seq, tag, ..head })
        .expect("a record");
    let dir = bed.drained();
    let told = audit(dir.path(), &["verify"]).exits(3).json();
    assert!(told.to_string().contains("service"), "{told}");
}
