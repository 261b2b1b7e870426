//! A house of small web servers on loopback ports, and a supervisor that tells its transitions as JSON lines.
#![expect(clippy::disallowed_methods, reason = "real processes are started and ended")]

use crate::cli::program::{House, sanctum};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Answers what its mode file says; `crash` ends it at its start.
const SERVER: &str = r#"
import http.server, sys
port, mode = int(sys.argv[1]), sys.argv[2]
def word():
    return open(mode).read().strip()
if word() == "crash":
    sys.exit(3)
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b"" if word() == "empty" else b'{"status": "ok"}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *words):
        pass
http.server.ThreadingHTTPServer.allow_reuse_address = True
http.server.ThreadingHTTPServer(("127.0.0.1", port), Answer).serve_forever()
"#;

/// One service.
pub(super) struct Server {
    name: &'static str,
    probe: &'static str,
    requires: Vec<&'static str>,
    port: u16,
}

impl Server {
    pub(super) fn http(name: &'static str) -> Self {
        let probe = "{http: {path: /health}}";
        Self { name, probe, requires: Vec::new(), port: free_port() }
    }

    pub(super) fn contract(name: &'static str) -> Self {
        let probe = "{contract: {path: /health, json: [{pointer: /status, equals: ok}]}}";
        Self { probe, ..Self::http(name) }
    }

    pub(super) fn on(mut self, name: &'static str) -> Self {
        self.requires.push(name);
        self
    }

    pub(super) fn at(self, port: u16) -> Self {
        Self { port, ..self }
    }
}

/// A port that is free at this moment.
pub(super) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("its number").port()
}

/// A house with these services.
pub(super) struct Bed {
    pub(super) house: House,
    ports: Vec<(&'static str, u16)>,
}

impl Bed {
    pub(super) fn new(servers: &[Server]) -> Self {
        let house = House::new("");
        fs::write(house.at("serve.py"), SERVER).expect("the server");
        let mut text = String::from(
            "format: 1\ninstance: {name: Bed, slug: bed, timezone: UTC}\nusers: {owner: operator}\n\
             nodes:\n  hub: {type: hub, os: linux}\nnetworks:\n  lan: {subnet: 192.168.7.0/24}\n\
             supervision:\n  confirm: 1\n  settle: 15\n  probe_timeout: 2\n  stop: 3\n  \
             budget: {restarts: 2, window: 600}\n  backoff: {first: 1, max: 2}\n  \
             cadence: {P0: 1, P1: 1, P2: 1}\nservices:\n",
        );
        for server in servers {
            let Server { name, probe, requires, port } = server;
            let (script, mode) = (house.at("serve.py"), house.at(&format!("{name}.mode")));
            fs::write(&mode, "ok").expect("a mode");
            let (script, mode) = (script.display(), mode.display());
            write!(
                text,
                "  {name}:\n    node: hub\n    ports: [{port}]\n    requires: [{}]\n    \
                 criticality: P1\n    command: [/usr/bin/python3, {script}, '{port}', {mode}]\n    \
                 run_as: {{user: root, reason: a test of root's}}\n    probe: {probe}\n",
                requires.join(", ")
            )
            .expect("text");
        }
        house.instance(&text);
        let ports = servers.iter().map(|server| (server.name, server.port)).collect();
        Self { house, ports }
    }

    /// More services in the house's file.
    pub(super) fn more(&self, text: &str) {
        let file = self.house.at("house.yaml");
        let house = fs::read_to_string(file).expect("the house's file");
        self.house.instance(&(house + text));
    }

    /// What a server answers from now on.
    pub(super) fn mode(&self, name: &str, word: &str) {
        // Replaced in one step, so that a server never reads half of it.
        let path = self.house.at(&format!("{name}.mode"));
        let fresh = path.with_extension("new");
        fs::write(&fresh, word).expect("a mode");
        fs::rename(fresh, path).expect("a mode");
    }

    pub(super) fn port(&self, name: &str) -> u16 {
        self.ports.iter().find(|(one, _)| *one == name).expect("a server").1
    }

    /// Starts the supervisor.
    pub(super) fn up(&self) -> Up {
        self.up_with(&[])
    }

    /// Starts it with more arguments.
    pub(super) fn up_with(&self, more: &[&str]) -> Up {
        let mut command = self.house.command(sanctum());
        command.args(self.house.arguments(&[&["up", "--json"], more].concat()));
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("sanctum up starts");
        let lines = Arc::new(Mutex::new(Vec::new()));
        let shared = Arc::clone(&lines);
        let pipe = BufReader::new(child.stdout.take().expect("a pipe"));
        let reader = std::thread::spawn(move || {
            for line in pipe.lines().map_while(Result::ok) {
                let value = serde_json::from_str(&line)
                    .unwrap_or_else(|error| panic!("{error} in {line:?}"));
                shared.lock().expect("lines").push(value);
            }
        });
        Up { child, lines, reader: Some(reader), seen: Mutex::default() }
    }

    fn row(&self, name: &str) -> Value {
        let table = self.house.run(&["services", "--json"]).json();
        table["services"][name].clone()
    }

    pub(super) fn state(&self, name: &str) -> String {
        self.row(name)["state"].as_str().expect("a state").to_owned()
    }

    /// Waits for a state.
    pub(super) fn await_state(&self, name: &str, state: &str, limit: Duration) {
        let start = Instant::now();
        while self.state(name) != state {
            assert!(start.elapsed() < limit, "{name} is {} and not {state}", self.state(name));
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// The process that runs now.
    pub(super) fn pid(&self, name: &str) -> u32 {
        let row = self.row(name);
        let pid = row["pid"].as_u64().unwrap_or_else(|| panic!("no process: {row}"));
        u32::try_from(pid).expect("a process id")
    }
}

/// A supervisor that runs. It is ended, with its services, when it is dropped.
pub(super) struct Up {
    child: Child,
    lines: Arc<Mutex<Vec<Value>>>,
    reader: Option<std::thread::JoinHandle<()>>,
    seen: Mutex<BTreeSet<usize>>,
}

impl Up {
    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(super) fn lines(&self) -> Vec<Value> {
        self.lines.lock().expect("lines").clone()
    }

    pub(super) fn matching(&self, is: impl Fn(&Value) -> bool) -> Vec<Value> {
        self.lines().into_iter().filter(|line| is(line)).collect()
    }

    pub(super) fn count(&self, is: impl Fn(&Value) -> bool) -> usize {
        self.matching(is).len()
    }

    /// The first line that is so and was not waited for before.
    pub(super) fn wait(&self, is: impl Fn(&Value) -> bool, limit: Duration) -> Value {
        let start = Instant::now();
        loop {
            let lines = self.lines();
            let mut seen = self.seen.lock().expect("places");
            let fresh = |at: &usize| !seen.contains(at) && is(&lines[*at]);
            if let Some(at) = (0..lines.len()).find(fresh) {
                seen.insert(at);
                return lines[at].clone();
            }
            drop(seen);
            assert!(start.elapsed() < limit, "it did not come: {lines:#?}");
            std::thread::sleep(Duration::from_millis(30));
        }
    }

    /// SIGTERM, and everything that it told until its end, which is exit status 0.
    pub(super) fn terminate(mut self) -> Vec<Value> {
        kill(self.child.id(), Signal::TERM);
        let start = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("a status") {
                break status;
            }
            assert!(start.elapsed() < Duration::from_secs(60), "it does not end");
            std::thread::sleep(Duration::from_millis(30));
        };
        assert!(status.success(), "{status}");
        self.reader.take().expect("a reader").join().expect("it read to the end");
        self.lines()
    }

    /// SIGKILL: its services are left behind.
    pub(super) fn kill(mut self) {
        kill(self.child.id(), Signal::KILL);
        self.child.wait().expect("a status");
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            kill(self.child.id(), Signal::TERM);
            let start = Instant::now();
            while matches!(self.child.try_wait(), Ok(None)) {
                if start.elapsed() > Duration::from_secs(30) {
                    let _ = self.child.kill();
                }
                std::thread::sleep(Duration::from_millis(30));
            }
        }
    }
}

fn number(pid: u32) -> Pid {
    Pid::from_raw(i32::try_from(pid).expect("a process id")).expect("not 0")
}

pub(super) fn kill(pid: u32, signal: Signal) {
    kill_process(number(pid), signal).expect("a process of this test");
}

/// Whether it runs; an orphan that nobody collected yet does not.
pub(super) fn alive(pid: u32) -> bool {
    let zombie = fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|s| s.contains(") Z"));
    test_kill_process(number(pid)).is_ok() && !zombie
}

/// The permission bits of a path.
pub(super) fn mode_of(path: &std::path::Path) -> u32 {
    use std::os::unix::fs::MetadataExt as _;
    fs::metadata(path).expect("it is there").mode() & 0o777
}

/// Takes a port as soon as it is free.
pub(super) fn take(port: u16, limit: Duration) -> TcpListener {
    let start = Instant::now();
    loop {
        match TcpListener::bind(("127.0.0.1", port)) {
            Ok(listener) => return listener,
            Err(error) => assert!(start.elapsed() < limit, "{error}"),
        }
    }
}
