//! The published clients, unmodified: every method that they document, every error that they know, every key that they open, at the socket and by TCP.
#![expect(clippy::disallowed_methods, reason = "real programs on real files")]

use super::{Served, command};
use crate::cli::program::{checkout, folder};
use sanctum_vault::keyfile::AgentKey;
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

const DRIVER: &str = include_str!("driver.py");

/// One client in its own process.
pub(crate) struct Client {
    child: Child,
    calls: ChildStdin,
    answers: BufReader<ChildStdout>,
    kind: Kind,
}

/// What differs between them but their words.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// An exception for each error; `use`.
    Python,
    /// One error, an envelope around what an operation gave, and `use_credential`.
    Rust,
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Client {
    fn of(mut command: std::process::Command, kind: Kind) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        let mut child = command.spawn().expect("it starts");
        let calls = child.stdin.take().expect("a pipe");
        let answers = BufReader::new(child.stdout.take().expect("a pipe"));
        Self { child, calls, answers, kind }
    }

    pub(super) fn python(
        python: &Path,
        home: &Path,
        (module, class): (&str, &str),
        (agent, options): (&str, &Value),
    ) -> Self {
        let mut command = command(python, home);
        let spec = json!({ "module": module, "class": class, "agent": agent, "options": options });
        command.args(["-c", DRIVER, &spec.to_string()]);
        Self::of(command, Kind::Python)
    }

    fn rust(program: &Path, home: &Path, at: &str, (agent, key): (&str, &Path)) -> Self {
        let mut command = command(program, home);
        command.args([at, agent]).arg(key);
        Self::of(command, Kind::Rust)
    }

    /// Calls a method.
    pub(crate) fn call(&mut self, verb: &str, args: Value, options: Value) -> Result<Value, Value> {
        let members = [("do", verb.into()), ("args", args), ("options", options)];
        let call: Value = members.into_iter().collect();
        writeln!(self.calls, "{call}").expect("it reads");
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("it answers");
        let mut answer: Value = serde_json::from_str(&line).expect("JSON");
        match answer.get_mut("error") {
            Some(error) => Err(error.take()),
            None => Ok(answer["result"].take()),
        }
    }

    const fn uses(&self) -> &'static str {
        match self.kind {
            Kind::Python => "use",
            Kind::Rust => "use_credential",
        }
    }

    pub(super) fn ok(&mut self, verb: &str, args: Value) -> Value {
        self.call(verb, args, json!({})).unwrap_or_else(|error| panic!("{verb}: {error}"))
    }

    /// What an operation gave; the client in Rust has it in an envelope.
    fn used(&mut self, path: &str, operation: &str, params: Value) -> Value {
        let args: Vec<Value> = vec![path.into(), operation.into(), params];
        let mut found = self.ok(self.uses(), args.into());
        if self.kind == Kind::Python {
            return found;
        }
        assert_eq!(found["success"], true);
        found["output"].take()
    }

    /// Refused as the documentation says, with words and a page that is there.
    pub(super) fn refused(
        &mut self,
        verb: &str,
        args: Value,
        (class, code): (&str, &str),
    ) -> Value {
        let error = self.call(verb, args, json!({})).expect_err(code);
        // The client in Rust knows the codes of the first clients, and calls the others so.
        let told = if self.kind == Kind::Rust && class == "VaultError" { "UNKNOWN" } else { code };
        assert_eq!(error["code"], told, "{error}");
        let class = if self.kind == Kind::Python { class } else { "Vault" };
        assert_eq!(error["class"], class, "{error}");
        for word in ["message", "detail", "suggestion"] {
            assert!(error[word].as_str().is_some_and(|text| !text.is_empty()), "{word}: {error}");
        }
        assert!(error["context"].is_object(), "{error}");
        is_documented(&error["docs_url"], code);
        error
    }
}

/// The address of an error is a heading of a page of ours.
fn is_documented(url: &Value, code: &str) {
    // `sanctum-sdk` drops it.
    let Some(url) = url.as_str() else { return };
    let (page, heading) = url.split_once('#').expect("a heading");
    let text = std::fs::read_to_string(checkout().join(page)).expect("a page of docs");
    assert!(text.lines().any(|line| line == format!("### {code}")), "{url}");
    assert_eq!(heading, code.to_ascii_lowercase());
}

/// An unsealed vault with what the examples of the documentation need.
fn scene(root: &Path) -> (Served, u16) {
    let (served, port) = Served::with_tcp(root.to_owned());
    served.vault(&["unseal"]).exits(0);
    for (path, value) in
        [("openai/api-key", "sk-test-1"), ("github/token", "ghp_1"), ("elsewhere", "sk-test-2")]
    {
        served
            .fed(
                &["put", path, "--stdin", "--tag", "llm", "--description", "a key"],
                value.as_bytes(),
            )
            .exits(0);
    }
    served.vault(&["agent", "register", "builder", "--plain"]).exits(0);
    served.vault(&["agent", "register", "stranger", "--plain"]).exits(0);
    served.vault(&["agent", "remove", "stranger"]).exits(0);
    let rule = |name: &str, more: &[&str]| {
        served.vault(&[&["policy", "set", name, "--agent", "builder"][..], more].concat()).exits(0);
    };
    let all = ["--action", "list", "--action", "retrieve", "--action", "use:*"];
    rule("openai", &[&["--path", "openai/*"][..], &all].concat());
    rule("github", &["--path", "github/*", "--action", "use:sign", "--per-hour", "1"]);
    (served, port)
}

fn key(root: &Path, agent: &str) -> PathBuf {
    root.join(format!(".sanctum/keys/{agent}.key"))
}

fn every_method(client: &mut Client) {
    assert_eq!(client.ok("connect", json!([])), true);
    let listed = client.ok("list", json!([]));
    let [one] = listed.as_array().expect("a list").as_slice() else { panic!("{listed}") };
    assert_eq!((&one["path"], &one["description"]), (&json!("openai/api-key"), &json!("a key")));
    let got = client.ok("retrieve", json!(["openai/api-key"]));
    let value = if client.kind == Kind::Python { &got } else { &got["value"] };
    assert_eq!(value, "sk-test-1");
    for (params, name, value) in [
        (json!({ "header_type": "bearer" }), "Authorization", "Bearer sk-test-1"),
        (json!({ "header_type": "api_key" }), "X-API-Key", "sk-test-1"),
        (json!({ "header_type": "basic" }), "Authorization", "Basic c2stdGVzdC0x"),
        (json!({ "header_type": "custom", "header_name": "X-K" }), "X-K", "sk-test-1"),
    ] {
        let header = client.used("openai/api-key", "http_header", params);
        assert_eq!(
            (&header["header_name"], &header["header_value"]),
            (&json!(name), &json!(value))
        );
        assert_eq!(header["header"], format!("{name}: {value}"));
    }
    let sign = json!({ "algorithm": "hmac-sha256", "data": "payload-to-sign" });
    let signed = client.used("openai/api-key", "sign", sign)["signature"].take();
    // openssl dgst -sha256 -hmac sk-test-1 -binary | base64
    assert_eq!(signed, "bvS+HHMVhonaVSeYRgDBONe36VRCcx2mYLH0oA1owqI=");
    let older =
        client.used("openai/api-key", "sign_payload", json!({ "payload": "payload-to-sign" }));
    assert_eq!(older["signature"], signed);
    for (spelling, plain) in [("data", "sensitive data"), ("plaintext", "ä\u{1f511}")] {
        let sealed = client.used("openai/api-key", "encrypt", json!({ spelling: plain }));
        let data = json!({ "data": sealed["ciphertext"] });
        assert_eq!(client.used("openai/api-key", "decrypt", data)["plaintext"], plain);
    }
}

fn every_error(client: &mut Client, served: &Served) {
    for path in ["elsewhere", "nowhere"] {
        let denied = client.refused("retrieve", json!([path]), ("AccessDenied", "ACCESS_DENIED"));
        assert_eq!(denied["context"], json!({ "agent": "builder", "resource": path }));
    }
    let gone = ("CredentialNotFound", "CREDENTIAL_NOT_FOUND");
    client.refused("retrieve", json!(["openai/none"]), gone);
    client.refused("release_lease", json!(["none"]), ("LeaseExpired", "LEASE_EXPIRED"));
    let unknown = client.refused(
        client.uses(),
        json!(["github/token", "shred", {}]),
        ("VaultError", "UNKNOWN_OPERATION"),
    );
    assert_eq!(unknown["context"], json!({ "operations": ["sign"] }));
    let invalid = json!(["openai/../api-key"]);
    client.refused("retrieve", invalid, ("VaultError", "INVALID_REQUEST"));
    let sign = json!(["github/token", "sign", { "data": "d" }]);
    // The first of the hour may have been another client's.
    let _ = client.call(client.uses(), sign.clone(), json!({}));
    client.refused(client.uses(), sign, ("RateLimited", "RATE_LIMITED"));
    served.vault(&["seal"]).exits(0);
    client.refused("list", json!([]), ("VaultLocked", "VAULT_LOCKED"));
    served.vault(&["unseal"]).exits(0);
    client.ok("list", json!([]));
}

/// The clients that a vault has at the socket and by TCP.
fn everyone(root: &Path, port: u16, agent: &str) -> Vec<(String, Client)> {
    let (newer, older) =
        (sanctum_tests::tool("sanctum-ai-python"), sanctum_tests::tool("sanctum-ai-python-0.1"));
    let rust = sanctum_tests::tool("sanctum-ai-rust");
    let file = key(root, agent);
    let class = ("sanctum_ai", "SanctumClient");
    let mut all = Vec::new();
    for (name, python) in [("0.1.0", &older), ("0.4.0", &newer)] {
        for options in [json!({}), json!({ "host": "127.0.0.1", "port": port })] {
            let client = Client::python(python, root, class, (agent, &options));
            all.push((format!("Python {name} {options}"), client));
        }
    }
    let socket = root.join(".sanctum/vault.sock").display().to_string();
    for at in [socket, format!("127.0.0.1:{port}")] {
        all.push((format!("Rust {at}"), Client::rust(&rust, root, &at, (agent, &file))));
    }
    all
}

#[test]
fn clients_do_all_that_they_document_at_the_socket_and_by_tcp() {
    let _ = sanctum_tests::need!("sanctum-ai-python", "sanctum-ai-python-0.1", "sanctum-ai-rust");
    let dir = folder();
    let root = dir.path().join("root");
    let (served, port) = scene(&root);
    for (name, mut stranger) in everyone(&root, port, "stranger") {
        eprintln!("{name}: a stranger");
        stranger.refused("connect", json!([]), ("AuthError", "AUTH_FAILED"));
    }
    let mut all = everyone(&root, port, "builder");
    for (name, client) in &mut all {
        eprintln!("{name}");
        every_method(client);
        every_error(client, &served);
        if client.kind == Kind::Python {
            let raw = client.ok("retrieve_raw", json!(["openai/api-key"]));
            assert_eq!(raw["value"], "736b2d746573742d31", "hexadecimal of sk-test-1");
            assert!(raw["ttl"].as_u64().is_some_and(|ttl| ttl > 0 && ttl <= 300), "{raw}");
            client.ok("release_lease", json!([raw["lease_id"]]));
            let again = json!([raw["lease_id"]]);
            client.refused("release_lease", again, ("LeaseExpired", "LEASE_EXPIRED"));
        }
    }
    served.vault(&["agent", "remove", "builder"]).exits(0);
    for (name, client) in &mut all {
        eprintln!("{name}: removed");
        client.refused("list", json!([]), ("SessionExpired", "SESSION_EXPIRED"));
        if client.kind == Kind::Python {
            assert_eq!(client.ok("close", json!([])), Value::Null);
        }
    }
}

#[test]
fn the_newest_client_uses_handles_and_knows_its_own_errors() {
    let python = sanctum_tests::need!("sanctum-ai-python");
    let dir = folder();
    let root = dir.path().join("root");
    let (served, _) = scene(&root);
    let class = ("sanctum_sdk", "VaultClient");
    let mut stranger = Client::python(&python, &root, class, ("stranger", &json!({})));
    stranger.refused("connect", json!([]), ("AuthError", "AUTH_FAILED"));
    let mut client = Client::python(&python, &root, class, ("builder", &json!({})));
    assert_eq!(client.ok("connect", json!([])), true);
    assert_eq!(client.ok("token", json!([])).as_str().map(str::len), Some(64));
    assert_eq!(client.ok("list", json!([]))[0]["path"], "openai/api-key");
    assert_eq!(client.ok("retrieve", json!(["openai/api-key"])), "sk-test-1");
    client.refused("retrieve", json!(["elsewhere"]), ("AccessDenied", "ACCESS_DENIED"));
    let gone = ("ServiceNotFound", "CREDENTIAL_NOT_FOUND");
    client.refused("retrieve", json!(["openai/none"]), gone);
    client.refused("lease_status", json!(["none"]), ("LeaseExpired", "LEASE_EXPIRED"));
    client.refused("revoke", json!(["none"]), ("LeaseExpired", "LEASE_EXPIRED"));
    served.vault(&["seal"]).exits(0);
    client.refused("list", json!([]), ("VaultLocked", "VAULT_LOCKED"));
    assert_eq!(client.ok("close", json!([])), Value::Null);
}

#[test]
fn every_format_of_a_key_is_opened() {
    let (newer, older) = sanctum_tests::need!("sanctum-ai-python", "sanctum-ai-python-0.1");
    let dir = folder();
    let root = dir.path().join("root");
    let served = Served::start(root.clone());
    served.vault(&["unseal"]).exits(0);
    let key = AgentKey::new().expect("random bytes");
    let socket = root.join(".sanctum/vault.sock");
    let mut owner = sanctum_vault::client::Client::connect(&socket).expect("it is served");
    owner.admit("prove", super::PASSPHRASE).expect("the passphrase");
    let public = json!({ "name": "sealed", "public": sanctum_vault::hex(&key.public()) });
    owner.call("admin.agent_register", public).expect("it is registered");
    let keys = root.join(".sanctum/keys");
    let sealed = key.sealed("of the agent".as_bytes()).expect("random bytes");
    std::fs::write(keys.join("sealed.key.enc"), sealed).expect("a file");
    let class = ("sanctum_ai", "SanctumClient");
    for python in [&newer, &older] {
        let options = json!({ "passphrase": "of the agent" });
        let mut client = Client::python(python, &root, class, ("sealed", &options));
        assert_eq!(client.ok("connect", json!([])), true);
        let options = json!({ "passphrase": "of another" });
        let mut wrong = Client::python(python, &root, class, ("sealed", &options));
        let error = wrong.call("connect", json!([]), json!({})).expect_err("no key");
        assert_eq!(error["class"], "CryptoError");
    }
    std::fs::write(keys.join("elsewhere"), &*key.plain()).expect("a file");
    let options = json!({ "key_path": keys.join("elsewhere").display().to_string() });
    for (python, class) in
        [(&newer, class), (&older, class), (&newer, ("sanctum_sdk", "VaultClient"))]
    {
        let mut client = Client::python(python, &root, class, ("sealed", &options));
        assert_eq!(client.ok("connect", json!([])), true, "{class:?}");
    }
}
