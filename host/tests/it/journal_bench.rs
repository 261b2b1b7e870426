//! How fast the journal takes and verifies records; `bench/journal` runs it in release and docs/benchmarks.md has the
//! figures.

#![expect(
    clippy::disallowed_methods,
    reason = "a measurement reads the clock, and its folder from the environment"
)]

use sanctum_host::journal::socket::{Gate, JournalClient, Server};
use sanctum_host::journal::{Durability, Journal, Limits, Places, StreamName, verify};
use sanctum_types::{Action, Actor, AuditEvent, Outcome, Phase, Severity};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Appends a second, and bytes a second of verifying, that the project promises.
const APPENDS: f64 = 50_000.0;
const VERIFY_MB: f64 = 200.0;

fn places(dir: &Path) -> Places {
    Places::at(&dir.join("journal"), &dir.join("witness")).unwrap()
}

fn event(thread: usize, count: usize) -> AuditEvent {
    AuditEvent {
        actor: Actor::new("service:proxy").unwrap(),
        action: Action::new("proxy.request").unwrap(),
        subject: format!("upstream/{thread}/{count}"),
        phase: Phase::Single,
        outcome: Outcome::Ok,
        severity: Severity::Info,
        details: [
            ("model".to_owned(), "local-7b".to_owned()),
            ("status".to_owned(), "200".to_owned()),
        ]
        .into(),
    }
}

/// Every thread waits for the sync of each of its records before it makes the next.
fn appends(dir: &Path, threads: usize, each: usize) -> f64 {
    let name = StreamName::new("bench").unwrap();
    let journal = Journal::open(places(dir), name, Limits::default()).unwrap();
    let began = Instant::now();
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let journal = &journal;
            scope.spawn(move || {
                for count in 0..each {
                    journal.append(&event(thread, count), Durability::Synced).unwrap();
                }
            });
        }
    });
    (threads * each) as f64 / began.elapsed().as_secs_f64()
}

/// One thread hands in records and collects the answers behind, as the journal's socket does.
fn handed_in(dir: &Path, records: usize, window: usize) -> f64 {
    let name = StreamName::new("bench").unwrap();
    let journal = Journal::open(places(dir), name, Limits::default()).unwrap();
    let mut waiting = std::collections::VecDeque::new();
    let began = Instant::now();
    for count in 0..records {
        if waiting.len() == window {
            let first: sanctum_host::journal::Pending = waiting.pop_front().unwrap();
            first.wait().unwrap();
        }
        waiting.push_back(journal.submit([(&event(0, count), 1)], Durability::Synced).unwrap());
    }
    for pending in waiting {
        pending.wait().unwrap();
    }
    records as f64 / began.elapsed().as_secs_f64()
}

/// Clients of the journal's socket, each with a connection of its own, that wait for the sync of each record.
fn over_the_socket(dir: &Path, clients: usize, each: usize) -> f64 {
    let name = StreamName::new("bench").unwrap();
    let journal = Arc::new(Journal::open(places(dir), name, Limits::default()).unwrap());
    let (path, actor) = (dir.join("run/journal.sock"), Actor::new("service:bench").unwrap());
    let who = actor.clone();
    let who = Box::new(move |_| Some(who.clone()));
    let server = Server::open(&path, Gate::default(), journal, actor, who).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| server.serve().unwrap());
        let began = Instant::now();
        std::thread::scope(|scope| {
            for number in 0..clients {
                let client = JournalClient::new(&path, Duration::from_secs(60));
                scope.spawn(move || {
                    for count in 0..each {
                        client.append(&event(number, count)).unwrap();
                    }
                });
            }
        });
        let took = began.elapsed();
        server.drain();
        (clients * each) as f64 / took.as_secs_f64()
    })
}

fn verifying(dir: &Path) -> (f64, f64) {
    let name = StreamName::new("bench").unwrap();
    let places = places(dir);
    let began = Instant::now();
    let checked = verify::stream(&places, &name, &mut |_| {}).unwrap();
    assert_eq!(checked.fault, None);
    let megabytes = checked.bytes as f64 / 1e6;
    (megabytes, megabytes / began.elapsed().as_secs_f64())
}

#[test]
#[ignore = "a measurement: bench/journal"]
fn figures() {
    let base = std::env::var_os("SANCTUM_BENCH_DIR").map_or_else(std::env::temp_dir, PathBuf::from);
    let dir = tempfile::tempdir_in(base).unwrap();
    println!("| what | figure | target |\n|---|---|---|");
    let mut best: f64 = 0.0;
    for threads in [1, 16, 64, 256] {
        let rate =
            appends(&dir.path().join(threads.to_string()), threads, (100_000 / threads).min(4000));
        best = best.max(rate);
        println!("| synced appends, {threads} threads that each wait | {rate:.0}/s | |");
    }
    for clients in [1, 16, 60] {
        let folder = dir.path().join(format!("socket-{clients}"));
        let rate = over_the_socket(&folder, clients, (50_000 / clients).min(4000));
        println!(
            "| synced appends over the socket, {clients} clients that each wait | {rate:.0}/s | |"
        );
    }
    let mut best_verify: f64 = 0.0;
    let folder = dir.path().join("handed");
    let rate = handed_in(&folder, 1_000_000, 1024);
    best = best.max(rate);
    println!("| synced appends, 1 thread with 1024 under way | {rate:.0}/s | |");
    for _ in 0..3 {
        let (megabytes, rate) = verifying(&folder);
        best_verify = best_verify.max(rate);
        println!("| verify {megabytes:.0} MB, one thread | {rate:.0} MB/s | |");
    }
    println!("| most appends | {best:.0}/s | >= {APPENDS:.0}/s |");
    println!("| fastest verify | {best_verify:.0} MB/s | >= {VERIFY_MB:.0} MB/s |");
    assert!(best >= APPENDS && best_verify >= VERIFY_MB, "A TARGET IS MISSED");
}
