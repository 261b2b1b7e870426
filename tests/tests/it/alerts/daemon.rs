//! `sanctumd --only alerts` as it runs: what is really wrong is told once, whatever happens to the loop.
#![expect(clippy::disallowed_methods, reason = "the real loop looks at real files")]

use super::peers::{Peer, ntfy};
use crate::cli::program::{House, Ran, SMALL, sanctum, sanctumd};
use crate::journal::killed_in_the_middle;
use rustix::process::{Pid, Signal, kill_process};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

/// Long enough for two looks of doctor on a busy machine.
const LONG: Duration = Duration::from_secs(60);
/// Long enough for three looks at a second each, and for what they would send.
const QUIET: Duration = Duration::from_secs(6);

/// A house whose first channel nobody answers at, applied.
fn house(phone: &Peer) -> House {
    House::applied(&text(phone))
}

fn text(phone: &Peer) -> String {
    let channels = format!(
        "\nalerts:\n  heartbeat: 86400\n  channels:\n    \
         - {{name: gone, via: {{ntfy: {{url: \"http://127.0.0.1:1\", topic: house}}}}}}\n    \
         - {{name: phone, via: {{ntfy: {{url: \"{}\", topic: house}}}}}}\n",
        phone.url("")
    );
    format!("{SMALL}{channels}")
}

/// The running loop; it ends with its test.
struct Loop(Child);

impl Loop {
    fn of(house: &House) -> Self {
        let mut command = house.command(sanctumd());
        let arguments = house.arguments(&["--only", "alerts", "--look-every", "1"]);
        command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
        Self(command.spawn().expect("it starts"))
    }

    fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.0.id()).expect("a process id");
        kill_process(Pid::from_raw(pid).expect("not 0"), signal).expect("a process of this test");
    }

    /// Ends it as a service manager does.
    fn drained(mut self) {
        self.signal(Signal::TERM);
        assert_eq!(self.0.wait().expect("it ends").code(), Some(0));
    }

    fn killed(mut self) {
        self.signal(Signal::KILL);
        self.0.wait().expect("it ends");
    }
}

impl Drop for Loop {
    fn drop(&mut self) {
        // In a failed test it may still run.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Titles of what arrived about a subject.
fn told(phone: &Peer, subject: &str) -> Vec<String> {
    let title = |body: serde_json::Value| body["title"].as_str().expect("a title").to_owned();
    let all = phone.asked().iter().map(|request| title(request.json())).collect::<Vec<_>>();
    all.into_iter().filter(|title| title.contains(subject)).collect()
}

fn await_told(phone: &Peer, subject: &str) {
    let begun = Instant::now();
    while told(phone, subject).is_empty() {
        assert!(begun.elapsed() < LONG, "nothing about {subject}: {:?}", told(phone, ""));
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// A test of a channel that hangs, killed while it waits: it is begun in the journal and never ends.
fn begin_and_die(house: &House) {
    let hung = Peer::hung();
    let channel =
        format!("{{name: hung, via: {{ntfy: {{url: \"{}\", topic: house}}}}}}", hung.url(""));
    let text = format!("{SMALL}\nalerts:\n  channels: [{channel}]\n");
    std::fs::write(house.at("hung.yaml"), text).expect("an instance");
    let mut command = house.command(sanctum());
    command.args(["alerts", "test", "--instance", "hung.yaml", "--root"]).arg(house.at("root"));
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
    let begun = Instant::now();
    while hung.asked().is_empty() {
        assert!(begun.elapsed() < LONG, "it asks nobody");
        std::thread::sleep(Duration::from_millis(20));
    }
    child.kill().expect("it runs");
    child.wait().expect("it ends");
}

fn audit(house: &House, words: &[&str]) -> Ran {
    let mut command = house.command(sanctum());
    command.arg("audit").args(words).args(["--json", "--root"]).arg(house.at("root"));
    Ran::of(&command.output().expect("it starts"))
}

#[test]
fn what_never_ended_and_what_drifted_are_told_once_whatever_happens_to_the_loop() {
    let phone = ntfy(None);
    let house = house(&phone);
    let rules = ["etc/pf.anchors/sanctum", "etc/nftables.d/sanctum.nft"];
    let drifted = rules.into_iter().find(|path| house.at("root").join(path).exists());
    let drifted = drifted.expect("the house has rules");
    std::fs::write(house.at("root").join(drifted), "# edited\n").expect("a write");
    begin_and_die(&house);
    let running = Loop::of(&house);
    // The channel that is dead is told of through the one that works.
    await_told(&phone, "drift.foreign-edit");
    await_told(&phone, "alerts.channel-dead (gone)");
    await_told(&phone, "journal.unfinished");
    // What was sent a moment ago may not be written down yet, and is told again then: rather twice than never.
    std::thread::sleep(QUIET);
    running.killed();
    let running = Loop::of(&house);
    std::thread::sleep(QUIET);
    for once in [drifted, "journal.unfinished (alerts.test hub)", "alerts.channel-dead (gone)"] {
        assert_eq!(told(&phone, once).len(), 1, "{once}: {:?}", told(&phone, ""));
    }
    let health = house
        .command(sanctumd())
        .args(["--health", "alerts", "--root"])
        .arg(house.at("root"))
        .output();
    Ran::of(&health.expect("it starts")).exits(0);
    running.drained();
    let status = house.run(&["alerts", "status", "--json"]).json();
    assert!(status["loop"]["looked"].is_i64(), "{status}");
    let journal = audit(&house, &[]).json();
    let actions: Vec<_> = journal["entries"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|entry| entry["action"].as_str().expect("a text").to_owned())
        .collect();
    for wanted in ["service.start", "alert.failed", "alert.sent", "service.stop"] {
        assert!(actions.iter().any(|action| action == wanted), "no {wanted}: {actions:?}");
    }
    let verified = audit(&house, &["verify"]).exits(3).json();
    assert_eq!(verified["unfinished"].as_array().expect("a list").len(), 1, "{verified}");
}

/// The supervisor tells at the same desk: the port of a service is taken by somebody else, which is critical.
#[test]
fn what_up_finds_is_told_at_the_desk() {
    let phone = ntfy(None);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("its number").port();
    let house = House::new(&format!(
        "format: 1\ninstance: {{name: Bed, slug: bed, timezone: UTC}}\nusers: {{owner: operator}}\n\
         nodes:\n  hub: {{type: hub, os: linux}}\nnetworks:\n  lan: {{subnet: 192.168.7.0/24}}\n\
         alerts:\n  channels: [{{name: phone, via: {{ntfy: {{url: \"{}\", topic: house}}}}}}]\n\
         services:\n  web:\n    node: hub\n    ports: [{port}]\n    command: [/usr/bin/sleep, '60']\n    \
         run_as: {{user: root, reason: a test of root's}}\n    probe: tcp\n",
        phone.url("")
    ));
    let mut command = house.command(sanctum());
    command.args(house.arguments(&["up"])).stdout(Stdio::null()).stderr(Stdio::null());
    let up = Loop(command.spawn().expect("it starts"));
    await_told(&phone, "critical: supervise.squatted (web)");
    up.drained();
    assert_eq!(told(&phone, "supervise.squatted").len(), 1, "{:?}", told(&phone, ""));
    let history = house.at("root/.sanctum/alerts.json");
    assert!(std::fs::read_to_string(history).expect("the memory").contains("supervise.squatted"));
}

/// What the loop remembers as begun and not ended; none before its first look.
fn open(house: &House) -> Option<Vec<String>> {
    let text = std::fs::read_to_string(house.at("root/.sanctum/watch.json")).ok()?;
    let watch: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let streams = watch["streams"].as_object().expect("streams").values();
    let open = streams.flat_map(|stream| stream["open"].as_object().expect("operations").values());
    Some(open.map(|begun| begun["action"].as_str().expect("a text").to_owned()).collect())
}

/// A finding that no look sees any more is not reminded of: the desk's own tests.
#[test]
fn an_apply_that_died_is_a_finding_until_it_is_taken_back() {
    let phone = ntfy(None);
    let house = house(&phone);
    house.instance(&text(&phone).replace("1111", "2222"));
    killed_in_the_middle(&house);
    let running = Loop::of(&house);
    await_told(&phone, "journal.unfinished (apply.run hub)");
    assert_eq!(open(&house).expect("it looked"), ["apply.run"]);
    house.run(&["recover"]).exits(0);
    audit(&house, &["verify"]).exits(0);
    let begun = Instant::now();
    while open(&house).is_none_or(|open| !open.is_empty()) {
        assert!(begun.elapsed() < LONG, "still open: {:?}", open(&house));
        std::thread::sleep(Duration::from_millis(50));
    }
    running.drained();
    assert_eq!(told(&phone, "journal.unfinished").len(), 1, "{:?}", told(&phone, ""));
}

/// The loop reads every stream, the journal's service reads none but its own: what the loop says of the others is in there.
#[test]
fn the_loop_has_the_service_record_how_far_the_other_streams_have_come() {
    let phone = ntfy(None);
    let house = house(&phone);
    let mut command = house.command(sanctumd());
    // At its start the service, which is root's here, looks itself, and then not again.
    command.args(["--only", "journal", "--checkpoint-every", "3600", "--root"]);
    let command = command.arg(house.at("root")).stdout(Stdio::null()).stderr(Stdio::null());
    let service = Loop(command.spawn().expect("it starts"));
    let begun = Instant::now();
    while std::os::unix::net::UnixStream::connect(house.at("root/run/sanctum/journal.sock"))
        .is_err()
    {
        assert!(begun.elapsed() < LONG, "nobody listens");
        std::thread::sleep(Duration::from_millis(20));
    }
    house.run(&["rollback", "--yes"]).exits(0);
    let stream = |name: &str| {
        let file = house.at("root/.sanctum/journal").join(name).join("000001.jsonl");
        std::fs::read_to_string(file).unwrap_or_default()
    };
    let last = stream("sanctum").lines().count();
    let (running, begun) = (Loop::of(&house), Instant::now());
    let said = |text: String| {
        let lines =
            text.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
        let heads = lines.filter(|line| line["action"] == "journal.head");
        heads.filter_map(|line| line["details"]["seq"].as_str()?.parse().ok()).max().unwrap_or(0)
    };
    while said(stream("service")) < last {
        assert!(begun.elapsed() < LONG, "{last}: {}", stream("service"));
        std::thread::sleep(Duration::from_millis(50));
    }
    running.drained();
    service.drained();
}
