//! Stand-ins for HTTP peers: a server on loopback that reads one request at a time and answers as it was told.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) line: String,
    /// Names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("the body is JSON")
    }
}

/// A server that lives as long as the test's process; what it was asked is kept.
pub(crate) struct Peer {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<Request>>>,
}

impl Peer {
    /// A server that answers each request with the bytes that the function gives.
    pub(crate) fn new(answer: impl Fn(&Request) -> Vec<u8> + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let asked = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&asked);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let Some(request) = stream.as_ref().ok().and_then(read) else { continue };
                kept.lock().expect("no panic").push(request.clone());
                let Ok(mut stream) = stream else { continue };
                // A client that hung up is the test's business.
                let _ = stream.write_all(&answer(&request));
            }
        });
        Self { address, asked }
    }

    /// Accepts and never answers.
    pub(crate) fn hung() -> Self {
        Self::new(|_| {
            thread::sleep(std::time::Duration::from_secs(60));
            Vec::new()
        })
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn asked(&self) -> Vec<Request> {
        self.asked.lock().expect("no panic").clone()
    }
}

fn read(stream: &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut headers = BTreeMap::new();
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let Some((name, value)) = header.trim_end().split_once(':') else { break };
        headers.insert(name.to_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Request { line: line.trim_end().to_owned(), headers, body })
}

/// An answer with a JSON body.
pub(super) fn answer(status: &str, body: &Value) -> Vec<u8> {
    let body = body.to_string();
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
    .into_bytes()
}

/// Stand-in for an ntfy server that lets one token publish, from its page "Publishing" (Publish as JSON, Access tokens,
/// Limitations): a topic of 1 to 64 characters, priority 1 to 5, a list of tags, a message of at most 4096 bytes.
pub(crate) fn ntfy(token: Option<&'static str>) -> Peer {
    Peer::new(move |request| {
        let refuse = |status: &str, code: u32, error: &str| {
            answer(status, &json!({ "code": code, "http": code / 100, "error": error }))
        };
        let bearer = token.map(|token| format!("Bearer {token}"));
        if request.headers.get("authorization") != bearer.as_ref() {
            return refuse("401 Unauthorized", 40101, "unauthorized");
        }
        if request.line != "POST / HTTP/1.1" {
            return refuse("404 Not Found", 40401, "page not found");
        }
        let Ok(Value::Object(body)) = serde_json::from_slice(&request.body) else {
            return refuse(
                "400 Bad Request",
                40017,
                "invalid request: request body must be message JSON",
            );
        };
        let text = |key: &str| body.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        let topic = text("topic");
        let known = ["topic", "title", "message", "priority", "tags"];
        let fits = (1..=64).contains(&topic.len())
            && topic.chars().all(plain)
            && (1..=4096).contains(&text("message").len())
            && body.get("priority").and_then(Value::as_u64).is_some_and(|p| (1..=5).contains(&p))
            && body
                .get("tags")
                .and_then(Value::as_array)
                .is_some_and(|tags| tags.iter().all(Value::is_string))
            && body.keys().all(|key| known.contains(&key.as_str()));
        if !fits {
            return refuse("400 Bad Request", 40024, "invalid request: body must be valid JSON");
        }
        let mut kept = Value::Object(body);
        kept["id"] = json!("sPs71M8A2T");
        kept["time"] = json!(1_795_348_831);
        kept["expires"] = json!(1_795_392_031);
        kept["event"] = json!("message");
        answer("200 OK", &kept)
    })
}

/// Stand-in for force-flow: `POST /notify {source, severity, title, message}`, all of them texts, and nothing else.
pub(super) fn force_flow(says: Value) -> Peer {
    Peer::new(move |request| {
        let keys = ["message", "severity", "source", "title"];
        let body: Option<BTreeMap<String, String>> = serde_json::from_slice(&request.body).ok();
        let fits = body.is_some_and(|body| {
            body.keys().map(String::as_str).eq(keys)
                && ["info", "warn", "error", "critical"].contains(&body["severity"].as_str())
        });
        if request.line != "POST /notify HTTP/1.1" {
            return answer("404 Not Found", &json!({ "error": "not found" }));
        }
        if !fits {
            return answer("422 Unprocessable Entity", &json!({ "error": "not a notification" }));
        }
        answer("200 OK", &says)
    })
}
