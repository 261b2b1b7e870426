//! `sanctum vault run`: a program has an agent's session, no key, and its own signals and exit code.
#![expect(clippy::disallowed_methods, reason = "real programs on real files")]

use super::{LONG, Served, command};
use crate::cli::program::{Ran, folder, sanctum};
use sanctum_vault::keyfile::AgentKey;
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

struct Scene {
    served: Served,
    root: PathBuf,
    _dir: tempfile::TempDir,
}

/// An unsealed vault with a secret that the agent `x` may retrieve and list.
fn scene() -> Scene {
    let dir = folder();
    let root = dir.path().join("root");
    let served = Served::start(root.clone());
    served.vault(&["unseal"]).exits(0);
    served.fed(&["put", "a/b", "--stdin"], b"one").exits(0);
    served.vault(&["agent", "register", "x", "--plain"]).exits(0);
    let rule = ["policy", "set", "x", "--agent", "x", "--path", "a/*", "--action", "retrieve"];
    served.vault(&[&rule[..], &["--action", "list"]].concat()).exits(0);
    Scene { served, root, _dir: dir }
}

impl Scene {
    fn start(&self, options: &[&str], words: &[&str]) -> Command {
        let mut command = command(sanctum(), &self.root);
        command.env("PATH", "/usr/bin:/bin").args(["vault", "--root"]).arg(&self.root);
        command.arg("run").args(options).arg("--").args(words);
        command
    }

    fn run(&self, options: &[&str], words: &[&str]) -> Ran {
        Ran::of(&self.start(options, words).output().expect("it ends"))
    }

    /// In Python, with the wire of the vault at hand: `speak(socket, method, params)`.
    fn python(&self, script: &str) -> Running {
        let whole = format!("{SPEAK}{script}");
        let mut command = self.start(&["--agent", "x"], &["/usr/bin/python3", "-c", &whole]);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
        let said = BufReader::new(child.stdout.take().expect("a pipe"));
        Running { child, said }
    }

    fn leases(&self) -> usize {
        let listed = self.served.vault(&["lease", "list", "--json"]).exits(0).json();
        listed["vault"]["leases"].as_array().expect("leases").len()
    }
}

const SPEAK: &str = "
import json, os, socket, struct, subprocess, sys
def speak(line, method, params):
    asked = json.dumps({'id': 1, 'method': method, 'params': params}).encode()
    line.sendall(struct.pack('>I', len(asked)) + asked)
    told = b''
    while len(told) < 4 or len(told) < 4 + struct.unpack('>I', told[:4])[0]:
        more = line.recv(4096)
        if not more:
            return None
        told += more
    return json.loads(told[4:])
def own():
    return socket.socket(fileno=os.dup(int(os.environ['SANCTUM_VAULT_FD'])))
def dialled():
    line = socket.socket(socket.AF_UNIX)
    line.connect(os.environ['SANCTUM_VAULT_SOCK'])
    return line
def say(*words):
    print(json.dumps(words), flush=True)
";

/// Ends with its test.
struct Running {
    child: Child,
    said: BufReader<std::process::ChildStdout>,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Running {
    fn line(&mut self) -> Value {
        let mut line = String::new();
        self.said.read_line(&mut line).expect("text");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"))
    }

    /// Goes on: it waits for the end of its input.
    fn end(&mut self) {
        drop(self.child.stdin.take());
        assert!(self.child.wait().expect("it ends").success());
    }
}

/// Waits until it is so, however long a busy machine takes.
fn until(what: &str, mut so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !so() {
        assert!(begun.elapsed() < LONG, "{what}");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
}

#[test]
fn an_unmodified_client_finds_a_session_at_a_socket() {
    let python = sanctum_tests::need!("sanctum-ai-python");
    let scene = scene();
    let script = "
import os
from sanctum_ai import SanctumClient
from sanctum_sdk import VaultClient
at = {'socket_path': os.environ['SANCTUM_VAULT_SOCK'], 'key_path': os.environ['SANCTUM_VAULT_KEY']}
with SanctumClient(os.environ['SANCTUM_VAULT_AGENT'], **at) as client:
    print(client.retrieve('a/b'), [one['path'] for one in client.list()])
with VaultClient(os.environ['SANCTUM_VAULT_AGENT'], **at) as client:
    print(len(client.token))
";
    let python = python.to_str().expect("UTF-8");
    let ran = scene.run(&["--agent", "x"], &[python, "-c", script]);
    assert_eq!(ran.exits(0).stdout, "one ['a/b']\n64\n");
    until("the client's lease is still there", || scene.leases() == 0);
}

#[test]
fn the_line_needs_no_proof_and_the_session_ends_with_the_program() {
    let scene = scene();
    let mut running = scene.python(
        "
line = own()
say(speak(line, 'retrieve', {'path': 'a/b'}), speak(line, 'credential.retrieve', {'path': 'a/b'}))
say(speak(line, 'admin.prove', {'passphrase': 'p'}), speak(line, 'retrieve', {'path': 'c/d'}))
# What it leaves behind waits for the end of its line, which ends with the program and not before.
left = \"import socket,sys; line = socket.socket(fileno=0); print(len(line.recv(1)), flush=True)\"
subprocess.Popen(['/usr/bin/python3', '-c', left], stdin=dialled(), start_new_session=True)
say(os.environ['SANCTUM_VAULT_SOCK'])
sys.stdin.read()
",
    );
    let got = running.line();
    assert_eq!(
        (&got[0]["result"]["value"], &got[1]["result"]["value"]),
        (&json!("6f6e65"), &json!("one"))
    );
    let refused = running.line();
    for one in refused.as_array().expect("two") {
        assert_eq!(one["error"]["code"], "ACCESS_DENIED", "{one}");
    }
    let socket = PathBuf::from(running.line()[0].as_str().expect("a path"));
    let place = socket.parent().expect("a directory");
    let mode = |path: &Path| std::fs::metadata(path).expect("it is there").permissions().mode();
    assert_eq!((mode(&socket) & 0o777, mode(place) & 0o777), (0o600, 0o700));
    assert_eq!(scene.leases(), 2);
    running.end();
    until("its leases are still there", || scene.leases() == 0);
    until("its socket is still there", || !place.exists());
    let mut rest = String::new();
    running.said.read_to_string(&mut rest).expect("text");
    assert_eq!(rest, "0\n", "what was left behind still has a line");
}

#[test]
fn only_the_program_and_what_it_starts_are_heard() {
    let scene = scene();
    let mut running = scene.python(
        "
asked = SPEAK + \"line = dialled(); say(speak(line, 'authenticate', {'agent_name': 'x'}) is not None)\"
print(subprocess.run(['sh', '-c', '/usr/bin/python3 -c \"$0\"', asked], capture_output=True, text=True).stdout, end='', flush=True)
say(os.environ['SANCTUM_VAULT_SOCK'], speak(dialled(), 'list', {})['error']['code'])
sys.stdin.read()
"
        .replace("SPEAK", &format!("{SPEAK:?}"))
        .as_str(),
    );
    assert_eq!(running.line(), json!([true]));
    let told = running.line();
    assert_eq!(told[1], "SESSION_EXPIRED");
    // The same account, and it could read the stand-in: it is hung up on all the same.
    let mut stranger = UnixStream::connect(told[0].as_str().expect("a path")).expect("it listens");
    let asked = br#"{"id":1,"method":"status","params":{}}"#;
    let _ = stranger.write_all(&[&38_u32.to_be_bytes()[..], asked].concat());
    let mut answer = Vec::new();
    let _ = stranger.read_to_end(&mut answer);
    assert_eq!(answer, b"", "a stranger is answered");
    running.end();
}

#[test]
fn signals_and_exit_codes_are_the_programs_own() {
    let scene = scene();
    let x = ["--agent", "x"];
    scene.run(&x, &["sh", "-c", "exit 7"]).exits(7);
    let killed = scene.start(&x, &["sh", "-c", "kill -9 $$"]).output().expect("it ends");
    assert_eq!(killed.status.signal(), Some(9));
    let mut command = scene.start(&x, &["sh", "-c", "trap 'exit 9' INT; echo; read x"]);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
    let mut ready = [0];
    child.stdout.as_mut().expect("a pipe").read_exact(&mut ready).expect("a line");
    rustix::process::kill_process(
        rustix::process::Pid::from_child(&child),
        rustix::process::Signal::INT,
    )
    .expect("it runs");
    // Some shells hear it only when the read is over.
    drop(child.stdin.take());
    assert_eq!(child.wait().expect("it ends").code(), Some(9));
    // What stays beside it is no child of its own.
    let none = "import os\ntry: os.wait()\nexcept ChildProcessError: print('none')";
    assert_eq!(scene.run(&x, &["/usr/bin/python3", "-c", none]).exits(0).stdout, "none\n");
    scene.run(&x, &["no-such-program-here"]).exits(1).says("in PATH");
}

#[test]
fn no_key_and_no_session_is_in_an_argument_or_a_variable() {
    let scene = scene();
    let key = std::fs::read_to_string(scene.root.join(".sanctum/keys/x.key")).expect("a key");
    let stale = "SANCTUM_VAULT_OLD";
    let script = "
line = dialled()
session = speak(line, 'authenticate', {'agent_name': 'x'})['result']['session_id']
def read(path):
    try:
        return open(path, 'rb').read()
    except OSError:
        return b''
words = b''.join(read(f'/proc/{pid}/{name}') for pid in os.listdir('/proc') for name in ('environ', 'cmdline'))
names = sorted(name for name in os.environ if name.startswith('SANCTUM_'))
say(session.encode() in words, names, words.count(b'SANCTUM_VAULT_FD=') > 0, open(os.environ['SANCTUM_VAULT_KEY']).read())
";
    let whole = format!("{SPEAK}{script}");
    let mut command = scene.start(&["--agent", "x"], &["/usr/bin/python3", "-c", &whole]);
    let ran = Ran::of(&command.env(stale, "1").output().expect("it ends"));
    let told: Value = serde_json::from_str(&ran.exits(0).stdout).expect("JSON");
    let names =
        ["SANCTUM_VAULT_AGENT", "SANCTUM_VAULT_FD", "SANCTUM_VAULT_KEY", "SANCTUM_VAULT_SOCK"];
    assert_eq!((&told[0], &told[1]), (&json!(false), &json!(names)));
    assert_eq!(told[2], cfg!(target_os = "linux"), "nothing was looked at");
    assert_ne!(told[3].as_str().expect("a key").trim(), key.trim());
}

#[test]
fn who_cannot_prove_it_is_told_what_to_do_and_nothing_is_started() {
    let scene = scene();
    let mark = scene.root.join("started");
    let touch = ["touch", mark.to_str().expect("UTF-8")];
    scene.run(&["--agent", "y"], &touch).exits(4).says("sanctum vault agent register y");
    scene.run(&["--agent", "../x"], &touch).exits(2);
    scene.run(&["--agent", "x"], &[]).exits(2);
    let keys = scene.root.join(".sanctum/keys");
    let key = keys.join("x.key");
    let plain = std::fs::read(&key).expect("a key");
    let own = key.to_str().expect("UTF-8");
    scene.run(&["--agent", "y", "--key", own], &touch).exits(4).says("sanctum vault agent list");
    // An encrypted key is found beside, and its passphrase is read as others are.
    let sealed = AgentKey::from_plain(&plain).expect("a key").sealed(b"another word");
    std::fs::remove_file(&key).expect("it was there");
    let enc = keys.join("x.key.enc");
    std::fs::write(&enc, sealed.expect("random bytes")).expect("a file");
    let word = scene.root.join("word");
    std::fs::write(&word, "another word\n").expect("a file");
    for path in [&enc, &word] {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).expect("a mode");
    }
    let word = word.to_str().expect("UTF-8");
    let wrong = scene.root.join("passphrase");
    let wrong = wrong.to_str().expect("UTF-8");
    scene.run(&["--agent", "x"], &touch).exits(4).says("--passphrase-file");
    scene.run(&["--agent", "x", "--passphrase-file", wrong], &touch).exits(4).says("--key");
    scene.served.vault(&["seal"]).exits(0);
    let read = ["--agent", "x", "--passphrase-file", word];
    scene.run(&read, &touch).exits(4).says("sanctum vault unseal");
    assert!(!mark.exists());
    scene.served.vault(&["unseal"]).exits(0);
    scene.run(&read, &touch).exits(0);
    assert!(mark.exists());
    scene.served.vault(&["agent", "remove", "x"]).exits(0);
    scene.run(&read, &touch).exits(4).says("AUTH_FAILED");
    drop(scene.served);
    let mut command = command(sanctum(), &scene.root);
    command.args(["vault", "--root"]).arg(&scene.root).args(["run", "--agent", "x", "--", "true"]);
    Ran::of(&command.output().expect("it ends")).exits(1).says("sanctumd --only vault");
}

#[test]
fn sealing_or_removing_the_agent_ends_the_session_under_a_running_program() {
    let scene = scene();
    let mut running = scene.python(
        "
line = own()
for _ in range(3):
    sys.stdin.readline()
    told = speak(line, 'retrieve', {'path': 'a/b'})
    say(told.get('error', {}).get('code', 'given'))
sys.stdin.read()
",
    );
    let next = |running: &mut Running| {
        writeln!(running.child.stdin.as_mut().expect("a pipe")).expect("it reads");
        running.line()[0].take()
    };
    assert_eq!(next(&mut running), "given");
    scene.served.vault(&["seal"]).exits(0);
    assert_eq!(next(&mut running), "VAULT_LOCKED");
    scene.served.vault(&["unseal"]).exits(0);
    scene.served.vault(&["agent", "remove", "x"]).exits(0);
    assert_eq!(next(&mut running), "SESSION_EXPIRED");
    running.end();
}
