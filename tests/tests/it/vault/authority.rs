//! Requests to servers of a private authority: OpenSSL makes the certificates, Python serves, and the owner's rule alone says who is believed.
#![expect(clippy::disallowed_methods, reason = "real programs on real files")]

use super::uses::Running;
use super::{Served, command};
use crate::cli::program::folder;
use sanctum_vault::client::Client;
use sanctum_vault::keyfile::AgentKey;
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::Stdio;

/// Serves with a certificate at a port that it says, and says of each request what it was sent to prove itself.
const SERVE: &str = "
import http.server, ssl, sys
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        print('asked', self.headers.get('Authorization'), flush=True)
        self.send_response(200)
        self.send_header('Content-Length', '2')
        self.end_headers()
        self.wfile.write(b'ok')
    def log_message(self, *words):
        pass
server = http.server.HTTPServer(('127.0.0.1', 0), Page)
if sys.argv[1:]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[1], sys.argv[2])
    server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_port, flush=True)
server.serve_forever()
";

struct Site {
    port: u16,
    said: BufReader<std::process::ChildStdout>,
    child: Running,
}

impl Site {
    fn serve(root: &Path, certificate: Option<&str>) -> Self {
        let mut python = command(Path::new("/usr/bin/python3"), root);
        python.args(["-c", SERVE]).stdout(Stdio::piped()).stderr(Stdio::null());
        if let Some(name) = certificate {
            python.arg(root.join(format!("{name}.pem"))).arg(root.join(format!("{name}.key")));
        }
        let mut child = Running(python.spawn().expect("it starts"));
        let mut said = BufReader::new(child.0.stdout.take().expect("a pipe"));
        let mut line = String::new();
        said.read_line(&mut line).expect("text");
        Self { port: line.trim().parse().expect("a port"), said, child }
    }

    /// What it was asked until now.
    fn asked(self) -> Vec<String> {
        let Self { said, child, .. } = self;
        drop(child);
        said.lines().map(|line| line.expect("text")).collect()
    }
}

struct Scene {
    served: Served,
    root: PathBuf,
    _dir: tempfile::TempDir,
}

impl Scene {
    fn new() -> Self {
        let dir = folder();
        let root = dir.path().join("root");
        let served = Served::start(root.clone());
        served.vault(&["unseal"]).exits(0);
        served.vault(&["agent", "register", "x", "--plain"]).exits(0);
        served.fed(&["put", "api/key", "--stdin"], b"sk-secret-9").exits(0);
        Self { served, root, _dir: dir }
    }

    fn openssl(&self, openssl: &Path, args: &[&str]) {
        let ran = command(openssl, &self.root).args(args).output().expect("it ends");
        assert!(ran.status.success(), "{args:?}: {}", String::from_utf8_lossy(&ran.stderr));
    }

    /// An authority of that name.
    fn authority(&self, openssl: &Path, name: &str) {
        let (key, pem) = (format!("{name}.key"), format!("{name}.pem"));
        let subject = format!("/CN={name}");
        let curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
        let head =
            ["req", "-x509", "-days", "30", "-subj", &subject, "-keyout", &key, "-out", &pem];
        self.openssl(openssl, &[&head[..], &curve].concat());
    }

    /// A server's certificate by it, for that name.
    fn certificate(&self, openssl: &Path, name: &str, authority: &str, alternative: &str) {
        let [key, pem, csr, ext] = ["key", "pem", "csr", "ext"].map(|end| format!("{name}.{end}"));
        let words = format!("subjectAltName={alternative}\nbasicConstraints=CA:FALSE\n");
        std::fs::write(self.root.join(&ext), words).expect("a file");
        let curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
        let head = ["req", "-new", "-subj", "/CN=server", "-keyout", &key, "-out", &csr];
        self.openssl(openssl, &[&head[..], &curve].concat());
        let (by, by_key) = (format!("{authority}.pem"), format!("{authority}.key"));
        let sign = ["x509", "-req", "-in", &csr, "-CA", &by, "-CAkey", &by_key, "-CAcreateserial"];
        self.openssl(
            openssl,
            &[&sign[..], &["-days", "30", "-out", &pem, "-extfile", &ext]].concat(),
        );
    }

    /// The agent may go there, by a rule of that name and with that authority.
    fn rule(&self, name: &str, port: u16, authority: Option<&str>) {
        let host = format!("127.0.0.1:{port}");
        let mut args = vec!["policy", "set", name, "--agent", "x", "--path", "api/*", "--action"];
        args.extend(["use:http_request", "--domain", &host, "--method", "GET"]);
        args.extend(["--address", "127.0.0.1/32"]);
        let file = authority.map(|name| self.root.join(format!("{name}.pem")));
        let file = file.as_ref().map(|file| file.to_str().expect("UTF-8"));
        args.extend(file.iter().flat_map(|file| ["--ca", *file]));
        self.served.vault(&args).exits(0);
    }

    /// The status, or the code and the detail of a refusal.
    fn get(&self, url: &str, more: &Value) -> Result<Value, String> {
        let text = std::fs::read(self.root.join(".sanctum/keys/x.key")).expect("a key");
        let mut client =
            Client::connect(&self.root.join(".sanctum/vault.sock")).expect("it is served");
        client
            .authenticate("x", &AgentKey::from_plain(&text).expect("a key"))
            .expect("it is known");
        let mut params = json!({ "url": url, "header_type": "bearer" });
        let members = more.as_object().expect("an object").clone();
        params.as_object_mut().expect("an object").extend(members);
        let asked = json!({ "path": "api/key", "operation": "http_request", "params": params });
        let told = client.ask("use", asked).map_err(|error| error.to_string())?;
        Ok(told["status"].clone())
    }
}

#[test]
fn the_owners_authority_alone_says_which_server_is_believed() {
    let openssl = sanctum_tests::need!("openssl");
    let scene = Scene::new();
    for name in ["ours", "other"] {
        scene.authority(&openssl, name);
    }
    scene.certificate(&openssl, "good", "ours", "IP:127.0.0.1");
    scene.certificate(&openssl, "misnamed", "ours", "DNS:elsewhere.example");
    let good = Site::serve(&scene.root, Some("good"));
    let misnamed = Site::serve(&scene.root, Some("misnamed"));
    let plain = Site::serve(&scene.root, None);
    let url = |port: u16| format!("https://127.0.0.1:{port}/");
    let refused = |told: Result<Value, String>, why: &str| {
        let told = told.expect_err(why);
        assert!(told.contains("OPERATION_FAILED"), "{why}: {told}");
    };
    scene.rule("good", good.port, Some("ours"));
    assert_eq!(scene.get(&url(good.port), &json!({})), Ok(json!(200)));
    scene.rule("misnamed", misnamed.port, Some("ours"));
    refused(scene.get(&url(misnamed.port), &json!({})), "another name");
    // Nothing that an agent says counts.
    let text = std::fs::read_to_string(scene.root.join("ours.pem")).expect("a certificate");
    for authority in [Some("other"), None] {
        scene.rule("good", good.port, authority);
        let more = json!({ "ca": text, "authority": text, "ca_cert": text, "verify": false });
        refused(scene.get(&url(good.port), &more), "another authority");
    }
    // Two rules have to be satisfied both, and neither by the other.
    scene.rule("second", good.port, Some("ours"));
    scene.rule("good", good.port, Some("other"));
    refused(scene.get(&url(good.port), &json!({})), "two authorities");
    scene.rule("second", good.port, Some("other"));
    scene.rule("good", good.port, Some("ours"));
    refused(scene.get(&url(good.port), &json!({})), "the same two");
    scene.rule("second", good.port, Some("ours"));
    scene.rule("good", good.port, None);
    assert_eq!(scene.get(&url(good.port), &json!({})), Ok(json!(200)));
    // In clear text nobody is judged at all.
    scene.rule("plain", plain.port, Some("ours"));
    let clear = format!("http://127.0.0.1:{}/", plain.port);
    refused(scene.get(&clear, &json!({})), "clear text");
    scene.rule("plain", plain.port, None);
    assert_eq!(scene.get(&clear, &json!({})), Ok(json!(200)));
    // Who was not believed was not sent anything.
    assert_eq!(good.asked(), ["asked Bearer sk-secret-9"; 2]);
    assert_eq!(misnamed.asked(), [""; 0]);
    assert_eq!(plain.asked(), ["asked Bearer sk-secret-9"; 1]);
}

#[test]
fn an_authority_is_certificates_and_has_its_fingerprint_in_list_and_journal() {
    let openssl = sanctum_tests::need!("openssl");
    let scene = Scene::new();
    scene.authority(&openssl, "ours");
    let rule = ["policy", "set", "p", "--agent", "x", "--path", "api/*", "--action", "use:*"];
    let with = |file: &str| {
        let file = scene.root.join(file);
        let more = ["--domain", "a.example", "--ca", file.to_str().expect("UTF-8")];
        scene.served.vault(&[&rule[..], &more].concat())
    };
    with("ours.key").exits(2).says("no key");
    with("passphrase").exits(2);
    with("none.pem").exits(1);
    with("ours.pem").exits(0);
    let told = command(&openssl, &scene.root)
        .args(["x509", "-in", "ours.pem", "-noout", "-fingerprint", "-sha256"])
        .output()
        .expect("it ends");
    let told = String::from_utf8(told.stdout).expect("text");
    let (_, print) = told.trim().split_once('=').expect("a fingerprint");
    let print = print.replace(':', "").to_ascii_lowercase();
    let listed = scene.served.vault(&["policy", "list"]).exits(0).stdout;
    assert!(listed.contains(&print) && !listed.contains("BEGIN"), "{listed}");
    let journal = super::journal(&scene.root);
    assert_eq!(journal.matches(&print).count(), 2, "its beginning and its end");
    // It is there after a restart too.
    let mut scene = scene;
    scene.served.again();
    scene.served.vault(&["unseal"]).exits(0);
    assert!(scene.served.vault(&["policy", "list"]).exits(0).stdout.contains(&print));
}
