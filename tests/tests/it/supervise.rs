//! `sanctum up` over real processes: killed, hung, squatted, empty, crash-looping, and the order of start and end.
//!
//! The services are small web servers; what befalls them is real (SIGKILL, SIGSTOP, a port that is taken). Every wait
//! has a bound.

mod bed;
mod reboot;
mod retire;
mod terminal;

use bed::{Bed, Server, free_port};
use serde_json::Value;
use std::net::TcpListener;
use std::time::Duration;

/// Longer than any sequence of looks, waits and restarts that a test provokes, on a loaded machine.
const LONG: Duration = Duration::from_secs(60);

fn turned(service: &str, to: &str) -> impl Fn(&Value) -> bool {
    let (service, to) = (service.to_owned(), to.to_owned());
    move |line| line["notice"] == "turned" && line["service"] == service && line["to"] == to
}

fn notice(kind: &str, service: &str) -> impl Fn(&Value) -> bool {
    let (kind, service) = (kind.to_owned(), service.to_owned());
    move |line| line["notice"] == kind && line["service"] == service
}

#[test]
fn a_killed_service_is_healed_and_the_heal_counts_when_its_probe_is_green() {
    let bed = Bed::new(&[Server::http("web")]);
    let up = bed.up();
    up.wait(turned("web", "up"), LONG);
    let first = bed.pid("web");
    bed::kill(first, rustix::process::Signal::KILL);
    let start = up.wait(notice("heal-started", "web"), LONG);
    let end = up.wait(notice("heal-finished", "web"), LONG);
    assert_eq!((&start["operation"], &end["end"]), (&end["operation"], &Value::from("green")));
    assert_ne!(bed.pid("web"), first);
    let table = bed.house.run(&["services", "--json"]).exits(0).json();
    assert_eq!(table["services"]["web"]["restarts"], 1);
    assert_eq!(table["services"]["web"]["budget_left"], 1);
    let owner = table["port_owners"]["web"].as_str().expect("an owner");
    assert!(owner.contains("python") && owner.contains(&bed.pid("web").to_string()), "{owner}");
}

#[test]
fn a_service_without_a_port_holds_while_its_process_lives_and_the_supervisor_says_so() {
    let bed = Bed::new(&[Server::http("web")]);
    bed.more("  sleeper:\n    node: hub\n    command: [/bin/sleep, '300']\n    run_as: {user: root, reason: a test of root's}\n");
    let sleeper = || {
        let report = bed.house.run(&["status", "--json"]).json();
        let all = report["services"].as_array().expect("services").clone();
        let one = all.iter().find(|one| one["name"] == "sleeper").expect("the sleeper").clone();
        let word = |key: &str| one[key].as_str().expect("a text").to_owned();
        (word("state"), word("detail"))
    };
    assert_eq!(sleeper().0, "off", "nobody runs anything below a directory");
    let up = bed.up();
    up.wait(turned("sleeper", "up"), LONG);
    let pid = bed.pid("sleeper");
    let (state, detail) = sleeper();
    assert_eq!((state.as_str(), detail), ("holds", format!("sanctum up says up: process {pid}")));
    // The supervisor stops, so that its file goes on saying what was.
    bed::kill(up.pid(), rustix::process::Signal::STOP);
    bed::kill(pid, rustix::process::Signal::KILL);
    let dead = (0..2000).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(5));
        !bed::alive(pid)
    });
    assert!(dead, "process {pid} outlives SIGKILL");
    assert_eq!(sleeper().0, "finding");
    // A file of a supervisor that is gone says nothing.
    bed::kill(up.pid(), rustix::process::Signal::CONT);
    drop(up);
    assert_eq!(sleeper().0, "off");
}

#[test]
fn a_hung_service_is_seen_by_its_probe_and_not_by_its_port() {
    let bed = Bed::new(&[Server::http("web")]);
    let up = bed.up();
    up.wait(turned("web", "up"), LONG);
    let first = bed.pid("web");
    bed::kill(first, rustix::process::Signal::STOP);
    let failed = up.wait(notice("failed", "web"), LONG);
    assert_eq!(failed["saw"], "there was no answer in time");
    let end = up.wait(notice("heal-finished", "web"), LONG);
    assert_eq!(end["end"], "green");
    assert_ne!(bed.pid("web"), first);
}

#[test]
fn a_port_that_a_stranger_holds_is_told_with_his_name_and_not_fought_for() {
    let port = free_port();
    let stranger = TcpListener::bind(("127.0.0.1", port)).expect("the port");
    let bed = Bed::new(&[Server::http("web").at(port)]);
    let up = bed.up();
    let told = up.wait(notice("squatted", "web"), LONG);
    assert_eq!(told["by"]["pid"], std::process::id());
    let me = std::env::current_exe().expect("this program");
    assert_eq!(told["by"]["exe"], me.to_str().expect("a path"));
    std::thread::sleep(Duration::from_secs(4));
    assert_eq!(up.count(notice("heal-started", "web")), 0, "{:?}", up.lines());
    let why = bed.house.run(&["services", "why", "web", "--json"]).exits(3).json();
    assert_eq!(why["state"], "squatted");
    assert_eq!(why["next"], format!("ps -o pid,ppid,args -p {}", std::process::id()));
    drop(stranger);
    up.wait(turned("web", "up"), LONG);
}

#[test]
fn a_stranger_who_answers_in_place_of_a_dead_service_is_no_health() {
    let bed = Bed::new(&[Server::http("web")]);
    let up = bed.up();
    up.wait(turned("web", "up"), LONG);
    let port = bed.port("web");
    let own = bed.pid("web");
    bed::kill(own, rustix::process::Signal::KILL);
    let stranger = bed::take(port, LONG);
    let told = up.wait(notice("squatted", "web"), LONG);
    assert_eq!(told["by"]["pid"], std::process::id());
    drop(stranger);
    up.wait(turned("web", "up"), LONG);
}

#[test]
fn empty_answers_break_the_contract_although_the_status_is_200() {
    let bed = Bed::new(&[Server::http("shallow"), Server::contract("deep")]);
    let up = bed.up();
    up.wait(turned("shallow", "up"), LONG);
    up.wait(turned("deep", "up"), LONG);
    bed.mode("shallow", "empty");
    bed.mode("deep", "empty");
    let failed = up.wait(notice("failed", "deep"), LONG);
    assert_eq!(failed["saw"], "it answered 200 with an empty body");
    // A restart does not help: the budget of two is spent, and then it is left alone.
    let quarantined = up.wait(notice("quarantined", "deep"), LONG);
    assert_eq!(quarantined["heals"], 2);
    assert_eq!(up.count(notice("heal-started", "deep")), 2);
    let ends = up.matching(notice("heal-finished", "deep"));
    assert!(ends.iter().all(|line| line["end"] == "red"), "{ends:?}");
    assert_eq!(up.count(notice("failed", "shallow")), 0, "a status says nothing of the content");
    bed.mode("deep", "ok");
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(bed.state("deep"), "quarantined", "it ends by the owner's word only");
    bed.house.run(&["services", "release", "deep"]).exits(0);
    up.wait(turned("deep", "up"), LONG);
}

#[test]
fn a_crash_loop_ends_in_quarantine_and_what_stands_on_it_is_not_restarted() {
    let base = Server::http("base");
    let bed = Bed::new(&[base, Server::contract("panel").on("base")]);
    let up = bed.up();
    up.wait(turned("panel", "up"), LONG);
    bed.mode("base", "crash");
    bed.mode("panel", "empty");
    bed::kill(bed.pid("base"), rustix::process::Signal::KILL);
    up.wait(notice("quarantined", "base"), LONG);
    assert_eq!(up.count(notice("heal-started", "base")), 2);
    assert_eq!(up.count(notice("heal-started", "panel")), 0, "its ancestor is the cause");
    let why = bed.house.run(&["services", "why", "panel", "--json"]).exits(3).json();
    assert_eq!(why["causes"], serde_json::json!(["base"]));
    assert_eq!(why["next"], "sanctum services release base");
    // The supervisor dies and is started again: the quarantine is still there.
    up.kill();
    let again = bed.up();
    bed.await_state("base", "quarantined", LONG);
    bed.mode("base", "ok");
    bed.mode("panel", "ok");
    bed.house.run(&["services", "release", "base"]).exits(0);
    again.wait(turned("panel", "up"), LONG);
}

#[test]
fn the_start_follows_the_requirements_and_the_end_goes_the_other_way() {
    let bed = Bed::new(&[
        Server::http("zeta"),
        Server::http("middle").on("zeta"),
        Server::http("alpha").on("middle"),
    ]);
    let up = bed.up();
    up.wait(turned("alpha", "up"), LONG);
    let ups = up.matching(|line| line["notice"] == "turned" && line["to"] == "up");
    let order: Vec<&str> = ups.iter().filter_map(|line| line["service"].as_str()).collect();
    assert_eq!(order, ["zeta", "middle", "alpha"]);
    assert!(bed.house.run(&["up"]).exits(4).stderr.contains("somebody else serves"));
    let pids = ["zeta", "middle", "alpha"].map(|name| bed.pid(name));
    let lines = up.terminate();
    let ends: Vec<&str> = lines
        .iter()
        .filter(|line| line["notice"] == "turned" && line["to"] == "stopped")
        .filter_map(|line| line["service"].as_str())
        .collect();
    assert_eq!(ends, ["alpha", "middle", "zeta"]);
    for pid in pids {
        assert!(!bed::alive(pid), "process {pid} still runs");
    }
    // Without a supervisor everything is looked at directly, the bad twice.
    let table = bed.house.run(&["services", "--json"]).exits(3).json();
    assert_eq!(table["supervisor"], Value::Null);
    assert_eq!(table["services"]["zeta"]["state"], "down");
}

#[test]
fn only_what_is_asked_for_and_what_it_stands_on_is_started() {
    let bed =
        Bed::new(&[Server::http("base"), Server::http("wanted").on("base"), Server::http("other")]);
    let up = bed.up_with(&["--only", "wanted"]);
    up.wait(turned("wanted", "up"), LONG);
    assert_eq!(up.count(|line| line["service"] == "other"), 0, "{:?}", up.lines());
    let table = bed.house.run(&["services", "--json"]).exits(3).json();
    assert_eq!(table["services"]["base"]["state"], "up");
    assert_eq!(table["services"]["other"]["state"], "down", "it is looked at all the same");
    let state = bed.house.at("root/.sanctum/state");
    assert_eq!([bed::mode_of(&state), bed::mode_of(&state.join("up.json"))], [0o700, 0o600]);
    bed.house.run(&["up", "--only", "nobody"]).exits(2).says("it has: base, other, wanted");
}

#[test]
fn what_a_killed_supervisor_left_behind_is_ended_by_the_next() {
    let bed = Bed::new(&[Server::http("web")]);
    let up = bed.up();
    up.wait(turned("web", "up"), LONG);
    let left = bed.pid("web");
    up.kill();
    assert!(bed::alive(left), "it was started to outlive nothing");
    let again = bed.up();
    again.wait(turned("web", "up"), LONG);
    assert!(!bed::alive(left));
    assert_ne!(bed.pid("web"), left);
    assert_eq!(again.count(notice("squatted", "web")), 0);
    let out = again.terminate();
    assert!(!out.is_empty());
}
