//! What the vault does with a credential, judged by others: OpenSSL and OpenSSH for keys, a server for requests, a published client for handles.
#![expect(clippy::disallowed_methods, reason = "real programs on real files")]

use super::clients::Client;
use super::{Served, command};
use crate::cli::program::{folder, sanctum};
use sanctum_vault::client::Client as Own;
use sanctum_vault::keyfile::AgentKey;
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Output;

struct Scene {
    served: Served,
    port: u16,
    root: PathBuf,
    _dir: tempfile::TempDir,
}

/// An unsealed vault with an agent `x`, and nothing that it may do.
fn scene() -> Scene {
    let dir = folder();
    let root = dir.path().join("root");
    let (served, port) = Served::with_tcp(root.clone());
    served.vault(&["unseal"]).exits(0);
    served.vault(&["agent", "register", "x", "--plain"]).exits(0);
    Scene { served, port, root, _dir: dir }
}

impl Scene {
    fn agent(&self) -> Own {
        let text = std::fs::read(self.root.join(".sanctum/keys/x.key")).expect("a key");
        let mut own = Own::connect(&self.root.join(".sanctum/vault.sock")).expect("it is served");
        own.authenticate("x", &AgentKey::from_plain(&text).expect("a key")).expect("it is known");
        own
    }

    fn run(&self, program: &Path, args: &[&str]) -> Output {
        let ran = command(program, &self.root).args(args).output().expect("it ends");
        assert!(ran.status.success(), "{args:?}: {}", String::from_utf8_lossy(&ran.stderr));
        ran
    }

    fn file(&self, name: &str) -> String {
        self.root.join(name).display().to_string()
    }
}

fn used(agent: &mut Own, path: &str, operation: &str, params: &Value) -> Value {
    let asked = json!({ "path": path, "operation": operation, "params": params });
    agent.ask("use", asked).unwrap_or_else(|error| panic!("{operation}: {error}"))
}

/// r and s as OpenSSL has them: a sequence of two integers (SEC 1, C.5).
fn der(signature: &[u8]) -> Vec<u8> {
    let integer = |half: &[u8]| {
        let bare: Vec<u8> = half.iter().copied().skip_while(|byte| *byte == 0).collect();
        let sign = if bare[0] >= 0x80 { &[0][..] } else { &[] };
        let whole = [sign, &bare].concat();
        [&[2, u8::try_from(whole.len()).expect("short")][..], &whole].concat()
    };
    let both = [integer(&signature[..32]), integer(&signature[32..])].concat();
    [&[0x30, u8::try_from(both.len()).expect("short")][..], &both].concat()
}

#[test]
fn signatures_of_kept_keys_are_good_for_openssl_and_openssh() {
    let (openssl, keygen) = sanctum_tests::need!("openssl", "ssh-keygen");
    let scene = scene();
    let rule = ["policy", "set", "x", "--agent", "x", "--path", "keys/*", "--action", "use:*"];
    scene.served.vault(&rule).exits(0);
    let mut agent = scene.agent();
    std::fs::write(scene.file("data"), "what is signed").expect("a file");
    for (name, algorithm, options) in [
        ("ec", "es256", ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"]),
        ("rsa", "rs256", ["RSA", "-pkeyopt", "rsa_keygen_bits:2048"]),
    ] {
        let (key, public) = (scene.file(name), scene.file("public"));
        scene.run(&openssl, &[&["genpkey", "-algorithm"][..], &options, &["-out", &key]].concat());
        scene.run(&openssl, &["pkey", "-in", &key, "-pubout", "-out", &public]);
        let path = format!("keys/{name}");
        let pem = std::fs::read(&key).expect("a key");
        scene.served.fed(&["put", &path, "--stdin"], &pem).exits(0);
        let sign = json!({ "algorithm": algorithm, "data": "what is signed" });
        let signed = used(&mut agent, &path, "sign", &sign);
        let text = signed["signature"].as_str().expect("base64").to_owned();
        std::fs::write(scene.file("text"), format!("{text}\n")).expect("a file");
        let args = ["base64", "-d", "-A", "-in", &scene.file("text"), "-out", &scene.file("sig")];
        scene.run(&openssl, &args);
        if name == "ec" {
            let raw = std::fs::read(scene.file("sig")).expect("a signature");
            std::fs::write(scene.file("sig"), der(&raw)).expect("a file");
        }
        let data = scene.file("data");
        let sig = scene.file("sig");
        let args = ["dgst", "-sha256", "-verify", &public, "-signature", &sig, &data];
        let judged = scene.run(&openssl, &args);
        assert_eq!(String::from_utf8_lossy(&judged.stdout).trim(), "Verified OK", "{name}");
    }
    let file = scene.file("id");
    scene.run(&keygen, &["-q", "-t", "ed25519", "-N", "", "-C", "nobody", "-f", &file]);
    let key = std::fs::read(&file).expect("a key");
    scene.served.fed(&["put", "keys/ssh", "--stdin"], &key).exits(0);
    let told = used(&mut agent, "keys/ssh", "ssh_public_key", &json!({}));
    let public = std::fs::read_to_string(format!("{file}.pub")).expect("its public half");
    assert_eq!(format!("{} nobody", told["public_key"].as_str().expect("a line")), public.trim());
    let signed = used(&mut agent, "keys/ssh", "ssh_sign", &json!({ "data": "ZA==" }));
    assert_eq!(signed["public_key"], told["public_key"]);
}

#[test]
fn a_ciphertext_follows_its_credential_to_the_next_version() {
    let scene = scene();
    let rule = ["policy", "set", "x", "--agent", "x", "--path", "keys/*", "--action", "use:*"];
    scene.served.vault(&rule).exits(0);
    let mut agent = scene.agent();
    scene.served.fed(&["put", "keys/e", "--stdin"], b"one").exits(0);
    let first = used(&mut agent, "keys/e", "encrypt", &json!({ "data": "plain" }));
    scene.served.fed(&["put", "keys/e", "--stdin"], b"two").exits(0);
    let moved = used(&mut agent, "keys/e", "rewrap", &json!({ "data": first["ciphertext"] }));
    assert_eq!((&first["version"], &moved["version"]), (&json!(1), &json!(2)));
    for sealed in [&first, &moved] {
        let opened =
            used(&mut agent, "keys/e", "decrypt", &json!({ "data": sealed["ciphertext"] }));
        assert_eq!(opened["plaintext"], "plain");
    }
    // RFC 6238's key; the code is the clock's.
    scene.served.fed(&["put", "keys/t", "--stdin"], b"GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ").exits(0);
    let code = used(&mut agent, "keys/t", "totp", &json!({}));
    assert_eq!(code["code"].as_str().map(str::len), Some(6), "{code}");
}

/// Answers that many requests with what it was sent as the body, and gives its port.
fn echo(requests: usize) -> (u16, std::thread::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let serve = move || {
        let mut all = Vec::new();
        for _ in 0..requests {
            let (mut stream, _) = listener.accept().expect("a connection");
            let mut asked = String::new();
            let mut byte = [0];
            while !asked.ends_with("\r\n\r\n") && stream.read(&mut byte).expect("bytes") == 1 {
                asked.push(char::from(byte[0]));
            }
            let answer =
                format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{asked}", asked.len());
            stream.write_all(answer.as_bytes()).expect("it reads");
            all.push(asked);
        }
        all
    };
    (port, std::thread::spawn(serve))
}

#[test]
fn a_client_has_requests_made_and_sees_no_credential() {
    let python = sanctum_tests::need!("sanctum-ai-python");
    let scene = scene();
    let (upstream, asked) = echo(2);
    let base = format!("http://127.0.0.1:{upstream}/v1");
    let note = format!("upstream={base}");
    let put = ["put", "api/key", "--stdin", "--note", &note, "--note", "type=token"];
    scene.served.fed(&put, b"sk-secret-9").exits(0);
    let host = format!("127.0.0.1:{upstream}");
    let rule = ["policy", "set", "x", "--agent", "x", "--path", "api/*", "--action"];
    let more =
        ["use:http_request", "--domain", &host, "--method", "GET", "--address", "127.0.0.1/32"];
    scene.served.vault(&[&rule[..], &more].concat()).exits(0);
    let class = ("sanctum_ai", "SanctumClient");
    let mut client = Client::python(&python, &scene.root, class, ("x", &json!({})));
    client.ok("connect", json!([]));
    let request = json!({ "url": format!("{base}/models"), "header_type": "bearer" });
    let got = client.ok("use_credential", json!(["api/key", "http_request", request]));
    assert_eq!(got["status"], 200);
    let body = got["body"].as_str().expect("a text").to_ascii_lowercase();
    assert!(body.contains("authorization: [scrubbed]\r\n"), "{body}");
    for (method, url) in [("POST", base.as_str()), ("GET", "http://127.0.0.1:1/")] {
        let request = json!({ "method": method, "url": url });
        let args = json!(["api/key", "http_request", request]);
        client.refused("use_credential", args, ("AccessDenied", "ACCESS_DENIED"));
    }

    let class = ("sanctum_sdk", "VaultClient");
    let mut newest = Client::python(&python, &scene.root, class, ("x", &json!({})));
    newest.ok("connect", json!([]));
    let handle = newest.ok("use", json!(["api/key"]));
    assert_eq!((&handle["brokered"], &handle["credential_type"]), (&json!(false), &json!("token")));
    let address = handle["proxy_base_url"].as_str().expect("an address");
    let at = format!("http://127.0.0.1:{}", scene.port);
    let way = address.strip_prefix(&at).expect("the vault's own port");
    let through = |way: &str, token: &str| {
        let mut stream = TcpStream::connect(("127.0.0.1", scene.port)).expect("it listens");
        let head = format!(
            "GET {way} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).expect("it reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        answer
    };
    let token = handle["token"].as_str().expect("a session");
    let answer = through(&format!("{way}/models?a=b"), token);
    assert!(answer.starts_with("HTTP/1.1 200 ") && !answer.contains("sk-secret-9"), "{answer}");
    for (way, token, status) in [
        (format!("{way}/models"), "0".repeat(64), 401),
        (format!("{way}0/models"), token.to_owned(), 401),
        (format!("{way}/../admin"), token.to_owned(), 400),
        (format!("{way}/%2e%2E/admin"), token.to_owned(), 400),
        ("/api/v1/credentials".to_owned(), token.to_owned(), 404),
    ] {
        let answer = through(&way, &token);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{way}: {answer}");
    }
    let status = newest.ok("lease_status", json!([handle["lease_id"]]));
    assert!(status["ttl"].as_u64().is_some_and(|ttl| ttl > 0), "{status}");
    for path in ["api/none", "other", "../x"] {
        let denied = ("ServiceNotFound", "NOT_FOUND_OR_DENIED");
        assert!(newest.refused("use", json!([path]), denied)["context"].is_object());
    }
    let scope = newest.call("use", json!(["api/key"]), json!({ "identity_scope": "a" }));
    assert_eq!(scope.expect_err("no broker")["class"], "BrokerExchangeFailed");
    let kept = newest.ok("use", json!(["api/key"]))["lease_id"].take();
    newest.ok("revoke", json!([handle["lease_id"]]));
    assert!(through(&format!("{way}/models"), token).starts_with("HTTP/1.1 401 "));
    // What was made for a session ends with it.
    let mut other = Client::python(&python, &scene.root, class, ("x", &json!({})));
    other.ok("connect", json!([]));
    drop(newest);
    let begun = std::time::Instant::now();
    while other.call("lease_status", json!([kept]), json!({})).is_ok() {
        assert!(begun.elapsed() < super::LONG, "the handle is still good");
    }
    let seen = asked.join().expect("it ends");
    assert!(seen[0].starts_with("GET /v1/models HTTP/1.1\r\n"), "{}", seen[0]);
    assert!(seen[1].starts_with("GET /v1/models?a=b HTTP/1.1\r\n"), "{}", seen[1]);
    for one in &seen {
        assert!(
            one.to_ascii_lowercase().contains("authorization: bearer sk-secret-9\r\n"),
            "{one}"
        );
    }
}

/// Ends with its test.
pub(super) struct Running(pub(super) std::process::Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn openssh_signs_with_a_key_that_it_never_has() {
    let (keygen, add) = sanctum_tests::need!("ssh-keygen", "ssh-add");
    let scene = scene();
    let file = scene.file("id");
    scene.run(&keygen, &["-q", "-t", "ed25519", "-N", "", "-C", "nobody", "-f", &file]);
    let key = std::fs::read(&file).expect("a key");
    scene.served.fed(&["put", "keys/ssh", "--stdin"], &key).exits(0);
    scene.served.fed(&["put", "keys/other", "--stdin"], b"sk-1").exits(0);
    std::fs::remove_file(&file).expect("it was there");
    let rule = ["policy", "set", "x", "--agent", "x", "--path", "keys/*", "--action", "list"];
    let more = ["--action", "use:ssh_sign", "--action", "use:ssh_public_key"];
    scene.served.vault(&[&rule[..], &more].concat()).exits(0);
    let socket = scene.file("agent.sock");
    let mut agent = command(sanctum(), &scene.root);
    agent.args(["vault", "--root"]).arg(&scene.root).args(["ssh-agent", "x", "--bind", &socket]);
    let _agent = Running(agent.spawn().expect("it starts"));
    let begun = std::time::Instant::now();
    while std::os::unix::net::UnixStream::connect(&socket).is_err() {
        assert!(begun.elapsed() < super::LONG, "nobody listens");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let ask = |program: &Path, args: &[&str]| {
        let mut command = command(program, &scene.root);
        command.env("SSH_AUTH_SOCK", &socket).args(args).output().expect("it ends")
    };
    let public = format!("{file}.pub");
    let own = scene.run(&keygen, &["-lf", &public]);
    let own = String::from_utf8_lossy(&own.stdout).replace("nobody", "keys/ssh");
    let listed = ask(&add, &["-l"]);
    assert_eq!(String::from_utf8_lossy(&listed.stdout), own);
    let data = scene.file("data");
    std::fs::write(&data, "what is signed").expect("a file");
    let signs = || {
        let signed = ask(&keygen, &["-Y", "sign", "-f", &public, "-n", "file", &data]);
        let signature = format!("{data}.sig");
        let judged = command(&keygen, &scene.root)
            .args(["-Y", "check-novalidate", "-n", "file", "-s", &signature])
            .stdin(std::fs::File::open(&data).expect("a file"))
            .output()
            .expect("it ends");
        let good = signed.status.success() && judged.status.success();
        let _ = std::fs::remove_file(&signature);
        good
    };
    assert!(signs());
    assert!(!ask(&add, &["-D"]).status.success(), "what it does not do");
    scene.served.vault(&["seal"]).exits(0);
    assert!(!signs());
    scene.served.vault(&["unseal"]).exits(0);
    assert!(signs());
    scene.served.vault(&["policy", "remove", "x"]).exits(0);
    assert!(!signs());
    assert!(!ask(&add, &["-l"]).status.success(), "it has no keys");
}
