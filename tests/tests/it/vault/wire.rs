//! Attacks at the wire, on the real service: each fails, and fails like every other of its kind.
#![expect(clippy::disallowed_methods, reason = "real programs on real files")]

use super::{LONG, PASSPHRASE, Served, command, walk};
use crate::cli::program::{folder, sanctumd};
use sanctum_vault::keyfile::AgentKey;
use sanctum_vault::unhex;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::Path;

trait Stream: Read + Write {}
impl<T: Read + Write> Stream for T {}

/// A connection that says what it likes.
struct Wire {
    stream: Box<dyn Stream>,
    session: Option<String>,
}

impl Wire {
    fn local(root: &Path) -> Self {
        let stream = UnixStream::connect(root.join(".sanctum/vault.sock")).expect("it listens");
        stream.set_read_timeout(Some(LONG)).expect("a timeout");
        Self { stream: Box::new(stream), session: None }
    }

    fn tcp(port: u16) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).expect("it listens");
        stream.set_read_timeout(Some(LONG)).expect("a timeout");
        Self { stream: Box::new(stream), session: None }
    }

    /// Sends bytes as they are; a peer that is gone does not mind.
    fn raw(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes);
    }

    fn frame(&mut self, content: &[u8]) -> Option<Value> {
        let length = u32::try_from(content.len()).expect("short").to_be_bytes();
        self.raw(&[&length[..], content].concat());
        self.answer()
    }

    /// None where the connection ended.
    fn answer(&mut self) -> Option<Value> {
        let mut length = [0; 4];
        match self.stream.read_exact(&mut length) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => panic!("no answer"),
            Err(_) => return None,
        }
        let mut content = vec![0; u32::from_be_bytes(length) as usize];
        self.stream.read_exact(&mut content).expect("the rest of a frame");
        Some(serde_json::from_slice(&content).expect("JSON"))
    }

    fn ask(&mut self, method: &str, mut params: Value) -> Result<Value, Value> {
        if let (Some(session), Some(all)) = (&self.session, params.as_object_mut()) {
            all.entry("session_id").or_insert_with(|| session.clone().into());
        }
        let request = json!({ "id": 7, "method": method, "params": params }).to_string();
        let mut answer = self.frame(request.as_bytes()).expect("an answer");
        assert_eq!(answer["id"], 7, "{answer}");
        if answer.get("error").is_some() {
            Err(answer["error"].take())
        } else {
            Ok(answer["result"].take())
        }
    }

    fn code(&mut self, method: &str, params: Value) -> String {
        match self.ask(method, params) {
            Ok(result) => format!("done: {result}"),
            Err(error) => error["code"].as_str().expect("a code").to_owned(),
        }
    }

    fn is_gone(&mut self) -> bool {
        let mut byte = [0];
        match self.stream.read(&mut byte) {
            Ok(count) => count == 0,
            Err(error) => error.kind() != std::io::ErrorKind::WouldBlock,
        }
    }

    /// The session and the answer to its challenge.
    fn proof(&mut self, agent: &str, key: &AgentKey) -> Value {
        let told = self.ask("authenticate", json!({ "agent_name": agent })).expect("a challenge");
        let challenge = unhex(told["challenge"].as_str().expect("text")).expect("digits");
        let signature = sanctum_vault::hex(&key.sign(&challenge));
        json!({ "session_id": told["session_id"], "signature": signature })
    }

    fn known(mut self, agent: &str, key: &AgentKey) -> Self {
        let proof = self.proof(agent, key);
        self.session = proof["session_id"].as_str().map(str::to_owned);
        assert_eq!(
            self.ask("challenge_response", proof).expect("it is known")["authenticated"],
            true
        );
        self
    }
}

/// Agents `x` and `y`; `x` may do all below `a`, and requests to what is this machine in other words.
struct Scene {
    served: Served,
    port: u16,
    root: std::path::PathBuf,
    x: AgentKey,
    y: AgentKey,
    dir: tempfile::TempDir,
}

fn scene() -> Scene {
    let dir = folder();
    let root = dir.path().join("root");
    let (served, port) = Served::with_tcp(root.clone());
    served.vault(&["unseal"]).exits(0);
    served.fed(&["put", "a/one", "--stdin"], b"sk-wire-1").exits(0);
    let key = |name: &str| {
        served.vault(&["agent", "register", name, "--plain"]).exits(0);
        let text = std::fs::read(root.join(format!(".sanctum/keys/{name}.key"))).expect("a key");
        AgentKey::from_plain(&text).expect("a key")
    };
    let (x, y) = (key("x"), key("y"));
    let rule = ["policy", "set", "x", "--agent", "x", "--path", "a/*", "--action", "list"];
    let more = ["--action", "retrieve", "--action", "use:*", "--method", "GET"];
    let hosts = ["localhost", "127.1", "2130706433", "[::ffff:127.0.0.1]", "169.254.169.254"];
    let hosts: Vec<String> = hosts.iter().map(|host| format!("--domain={host}:{port}")).collect();
    let hosts: Vec<&str> = hosts.iter().map(String::as_str).collect();
    served.vault(&[&rule[..], &more, &hosts].concat()).exits(0);
    Scene { served, port, root, x, y, dir }
}

#[test]
fn a_proof_is_good_once_on_its_own_connection() {
    let scene = scene();
    for attempt in ["replay", "relay", "tcp"] {
        let mut one = Wire::local(&scene.root);
        let proof = one.proof("x", &scene.x);
        let mut other =
            if attempt == "tcp" { Wire::tcp(scene.port) } else { Wire::local(&scene.root) };
        if attempt == "replay" {
            one.ask("challenge_response", proof.clone()).expect("it is known");
            other = one;
        } else {
            other.proof("x", &scene.x);
        }
        assert_eq!(other.code("challenge_response", proof), "AUTH_FAILED", "{attempt}");
    }
    // A wrong key, a wrong length, nobody's name: to the byte the same.
    let mut answers = Vec::new();
    for (agent, key) in [("x", &scene.y), ("nobody", &scene.x), ("../x", &scene.x), ("", &scene.x)]
    {
        let mut one = Wire::local(&scene.root);
        let proof = one.proof(agent, key);
        answers.push(one.ask("challenge_response", proof).expect_err("no proof"));
    }
    assert!(answers.windows(2).all(|two| two[0] == two[1]), "{answers:?}");
    // Who guesses is cut off.
    let mut one = Wire::local(&scene.root);
    for _ in 0..3 {
        let proof = one.proof("x", &scene.y);
        assert_eq!(one.code("challenge_response", proof), "AUTH_FAILED");
    }
    assert!(one.is_gone());
}

#[test]
fn a_session_and_a_lease_are_nobody_elses() {
    let scene = scene();
    let mut one = Wire::local(&scene.root).known("x", &scene.x);
    let stolen = one.session.clone();
    for mut thief in [Wire::local(&scene.root), Wire::tcp(scene.port)] {
        thief.session.clone_from(&stolen);
        for (method, params) in [
            ("list", json!({})),
            ("retrieve", json!({ "path": "a/one" })),
            ("use", json!({ "path": "a/one", "operation": "http_header" })),
            ("mint_use_lease", json!({ "service": "a/one" })),
            ("credential.list", json!({})),
            ("admin.get", json!({ "path": "a/one" })),
        ] {
            let code = thief.code(method, params);
            let closed = ["SESSION_EXPIRED", "ACCESS_DENIED"].contains(&code.as_str());
            assert!(closed, "{method}: {code}");
        }
    }
    let lease =
        one.ask("retrieve", json!({ "path": "a/one" })).expect("a value")["lease_id"].take();
    let mut thief = Wire::local(&scene.root).known("y", &scene.y);
    for method in ["release_lease", "lease_status", "renew_lease"] {
        let theft = thief.ask(method, json!({ "lease_id": lease, "ttl": 9 })).expect_err("theft");
        let none = thief.ask(method, json!({ "lease_id": "none", "ttl": 9 })).expect_err("none");
        assert_eq!((&theft, &theft["code"]), (&none, &json!("LEASE_EXPIRED")), "{method}");
    }
    assert!(one.ask("lease_status", json!({ "lease_id": lease })).is_ok());
}

#[test]
fn what_is_too_long_too_deep_or_no_request_is_refused_and_others_are_served() {
    let scene = scene();
    let mut known = Wire::local(&scene.root).known("x", &scene.x);
    let too_large = |answer: Option<Value>| {
        assert_eq!(answer.expect("an answer")["error"]["code"], "TOO_LARGE");
    };
    for length in [4097_u32, 1 << 20, u32::MAX] {
        for mut one in [Wire::local(&scene.root), Wire::tcp(scene.port)] {
            one.raw(&length.to_be_bytes());
            too_large(one.answer());
            assert!(one.is_gone());
        }
    }
    let mut long = Wire::local(&scene.root).known("x", &scene.x);
    long.raw(&(1024 * 1024_u32 + 1).to_be_bytes());
    too_large(long.answer());
    assert!(long.is_gone());
    let deep = |depth: usize| {
        let (open, close) = ("[".repeat(depth), "]".repeat(depth));
        format!(r#"{{"id":1,"method":"list","params":{{"a":{open}1{close}}}}}"#).into_bytes()
    };
    let mut unknown = Wire::local(&scene.root);
    for content in [
        deep(1500),
        Vec::new(),
        b"{".to_vec(),
        b"null".to_vec(),
        b"\xff\xfe".to_vec(),
        br#"{"id":1}"#.to_vec(),
        br#"{"id":1,"method":"list","params":7}"#.to_vec(),
    ] {
        let answer = unknown.frame(&content).expect("an answer");
        assert_eq!(answer["error"]["code"], "INVALID_REQUEST", "{answer}");
        assert!(answer["id"].is_u64(), "{answer}");
    }
    let answer = known.frame(&deep(400_000)).expect("an answer");
    assert_eq!(answer["error"]["code"], "INVALID_REQUEST");
    // Whoever is slow is not waited for, known or not; the others notice nothing.
    let mut slow = [
        Wire::local(&scene.root),
        Wire::tcp(scene.port),
        Wire::local(&scene.root).known("y", &scene.y),
    ];
    for one in &mut slow {
        one.raw(&[0, 0, 0]);
    }
    for _ in 0..20 {
        assert!(known.ask("list", json!({})).is_ok());
    }
    for one in &mut slow {
        assert!(one.is_gone());
    }
    assert!(known.ask("list", json!({})).is_ok());
}

#[test]
fn paths_hosts_and_headers_have_one_spelling() {
    let scene = scene();
    let mut one = Wire::local(&scene.root).known("x", &scene.x);
    let long = format!("a/{}", "x".repeat(4096));
    for path in [
        "",
        "/",
        "a/",
        "/a/one",
        "a//one",
        "a/./one",
        "a/../a/one",
        "..",
        "a/one\0",
        "a/one\n",
        "a/%6fne",
        "a\\one",
        "a/оne",
        "a/one\u{200b}",
        "a/ｏne",
        " a/one",
        &long,
    ] {
        assert_eq!(one.code("retrieve", json!({ "path": path })), "INVALID_REQUEST", "{path:?}");
    }
    for path in ["A/one", "a", "a/one/two", "b"] {
        assert_eq!(one.code("retrieve", json!({ "path": path })), "ACCESS_DENIED", "{path}");
    }
    assert_eq!(one.code("retrieve", json!({ "path": "a/One" })), "CREDENTIAL_NOT_FOUND");
    // Policy names these hosts; where they are is no place to go.
    let port = scene.port;
    for host in ["localhost", "127.1", "2130706433", "[::ffff:127.0.0.1]", "169.254.169.254"] {
        for scheme in ["http", "https"] {
            let params = json!({ "url": format!("{scheme}://{host}:{port}/") });
            let asked = json!({ "path": "a/one", "operation": "http_request", "params": params });
            assert_eq!(one.code("use", asked), "ACCESS_DENIED", "{scheme} {host}");
        }
    }
    for url in [
        "https://localhost:1@169.254.169.254/",
        "https://other.example/",
        "file:///etc/shadow",
        "gopher://localhost/",
        "https://localhost\r\nX: y/",
    ] {
        let asked =
            json!({ "path": "a/one", "operation": "http_request", "params": { "url": url } });
        let code = one.code("use", asked);
        assert!(["INVALID_REQUEST", "ACCESS_DENIED"].contains(&code.as_str()), "{url:?}: {code}");
    }
    for (name, value) in [("X", "a\r\nY: z"), ("X\r\nY", "a"), ("Host", "other"), ("X", "\u{85}")] {
        let params =
            json!({ "url": format!("https://localhost:{port}/"), "headers": { name: value } });
        let asked = json!({ "path": "a/one", "operation": "http_request", "params": params });
        assert_eq!(one.code("use", asked), "INVALID_REQUEST", "{name:?}: {value:?}");
    }
    let params = json!({ "header_type": "custom", "header_name": "X\r\nY" });
    let asked = json!({ "path": "a/one", "operation": "http_header", "params": params });
    assert_eq!(one.code("use", asked), "INVALID_REQUEST");
}

#[test]
fn no_word_of_a_client_reaches_the_journal_or_a_terminal_as_it_is() {
    let scene = scene();
    let evil = "x\u{1b}]0;owned\u{7}\n{\"forged\":true}\r\u{9b}31m";
    let mut stranger = Wire::tcp(scene.port);
    let proof = stranger.proof(evil, &scene.x);
    assert_eq!(stranger.code("challenge_response", proof), "AUTH_FAILED");
    let mut one = Wire::local(&scene.root).known("x", &scene.x);
    for (method, params) in [
        (evil, json!({})),
        ("retrieve", json!({ "path": evil })),
        ("release_lease", json!({ "lease_id": evil })),
        ("use", json!({ "path": "a/one", "operation": evil })),
        (
            "use",
            json!({ "path": "a/one", "operation": "sign", "params": { "algorithm": evil, "data": "d" } }),
        ),
        ("may", json!({ "path": "a/one", "action": evil })),
        ("mint_use_lease", json!({ "service": evil })),
        ("lease_status", json!({ "lease_id": evil })),
    ] {
        let refused = one.ask(method, params).expect_err("nonsense").to_string();
        assert!(!refused.contains("owned"), "{refused}");
    }
    // What it may do is recorded, and nothing of what it said.
    one.ask("retrieve", json!({ "path": "a/one" })).expect("a value");
    let mut lines = 0;
    for file in walk(&scene.root.join(".sanctum")) {
        let bytes = std::fs::read(&file).unwrap_or_default();
        for part in [&b"owned"[..], b"forged", b"sk-wire-1", PASSPHRASE.as_bytes()] {
            let found = bytes.windows(part.len()).any(|window| window == part);
            assert!(!found, "{} in {}", String::from_utf8_lossy(part), file.display());
        }
        if file.extension().is_some_and(|ext| ext == "jsonl") {
            assert!(bytes.iter().all(|byte| *byte == b'\n' || *byte >= b' '), "{}", file.display());
            lines += bytes.iter().filter(|byte| **byte == b'\n').count();
        }
    }
    assert!(lines > 3, "the journal is elsewhere");
}

#[test]
fn the_owner_is_not_heard_by_tcp_and_a_second_service_starts_nowhere() {
    let scene = scene();
    let mut one = Wire::tcp(scene.port);
    for verb in ["prove", "unseal", "get", "seal", "agent_register"] {
        let code = one.code(&format!("admin.{verb}"), json!({ "passphrase": PASSPHRASE }));
        assert_eq!(code, "ACCESS_DENIED", "{verb}");
    }
    assert_eq!(one.ask("status", json!({})), Ok(json!({ "sealed": false })));
    let mut second = command(sanctumd(), &scene.root);
    second.args(["--only", "vault", "--listen", "127.0.0.1:0", "--root"]).arg(&scene.root);
    let ended = second.output().expect("it ends");
    assert_eq!(ended.status.code(), Some(4), "{}", String::from_utf8_lossy(&ended.stderr));
    // At another socket it is served sealed, and cannot have the files.
    let other = scene.root.join("other.sock").display().to_string();
    let mut second = command(sanctumd(), &scene.root);
    second.args(["--only", "vault", "--socket", &other, "--root"]).arg(&scene.root);
    let _second = super::uses::Running(second.spawn().expect("it starts"));
    let begun = std::time::Instant::now();
    while UnixStream::connect(&other).is_err() {
        assert!(begun.elapsed() < LONG, "nobody listens");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let refused = scene.served.vault(&["--socket", &other, "unseal"]);
    assert!(refused.code.is_some_and(|code| code != 0), "{refused:?}");
    scene.served.vault(&["--socket", &other, "status"]).exits(3);
    let mut elsewhere = command(sanctumd(), &scene.root);
    elsewhere.args(["--only", "vault", "--listen", "0.0.0.0:0", "--root"]).arg(&scene.root);
    assert_eq!(elsewhere.output().expect("it ends").status.code(), Some(2));
    scene.served.vault(&["get", "a/one", "--stdout"]).exits(0);
}

#[test]
fn another_account_is_not_heard_at_the_socket() {
    let setpriv = sanctum_tests::need!("setpriv");
    if !rustix::process::geteuid().is_root() {
        sanctum_tests::note_skipped("another_account", "only root can become another account");
        return;
    }
    let scene = scene();
    let python = sanctum_tests::tool("python3");
    // Every door on the way stands open but the socket's own.
    let top = scene.dir.path();
    for dir in [top, &scene.root, &scene.root.join(".sanctum")] {
        std::fs::set_permissions(dir, std::fs::Permissions::from_mode(0o711)).expect("a mode");
    }
    let socket = scene.root.join(".sanctum/vault.sock");
    let script = "import socket, sys\ns = socket.socket(socket.AF_UNIX)\ntry:\n s.connect(sys.argv[1])\nexcept PermissionError:\n sys.exit(7)\ns.sendall(b'\\0\\0\\0\\x1a{\"id\":1,\"method\":\"status\"}')\nsys.exit(8 if s.recv(1) else 7)";
    for (uid, code) in [("65534", 7), ("0", 8)] {
        let mut other = command(&setpriv, Path::new("/"));
        other
            .args(["--reuid", uid, "--clear-groups"])
            .arg(&python)
            .args(["-c", script])
            .arg(&socket);
        assert_eq!(other.status().expect("it ends").code(), Some(code), "uid {uid}");
    }
}
