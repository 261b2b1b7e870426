//! Stand-in for a 1Password Connect server, strict and with a memory, written from its documented REST interface; the
//! real one needs an account. What it refuses is what the documents do not allow: another method or path, a filter of
//! another form, a patch operation that is not documented, a body that is no JSON.
#![expect(clippy::disallowed_methods, reason = "how long an answer takes is what is tested")]

use super::one_password::{ITEM, Laws, TOKEN, VAULT, laws};
use sanctum_secrets::stores::one_password::connect::Connect;
use sanctum_secrets::stores::one_password::{OnePassword, OnePasswordError};
use sanctum_secrets::stores::{Store, StoreError, Value};
use sanctum_types::{Secret, SecretRef};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// What the server does instead of answering.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    Status(u16),
    Limited { times: usize, after: &'static str },
    Html,
    Truncated,
    Redirect(u16),
    Slow,
    Closed,
}

#[derive(Default)]
struct Memory {
    items: BTreeMap<String, Json>,
    made: usize,
    fault: Option<Fault>,
    asked: Vec<String>,
    strayed: Vec<String>,
}

pub(crate) struct Server {
    port: u16,
    memory: Arc<Mutex<Memory>>,
}

struct Asked {
    method: String,
    path: String,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

fn read(stream: &TcpStream) -> Option<Asked> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace();
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.insert(name.to_ascii_lowercase(), value.to_owned());
    }
    let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Asked { method, path, headers, body })
}

fn send(mut stream: &TcpStream, status: u16, headers: &str, body: &str) {
    let length = body.len();
    let _ = write!(
        stream,
        "HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n{body}"
    );
}

fn unquoted(path: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = path.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let hex: String = rest.by_ref().take(2).map(char::from).collect();
            bytes.push(u8::from_str_radix(&hex, 16).expect("two digits"));
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).expect("UTF-8")
}

impl Server {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let memory = Arc::new(Mutex::new(Memory::default()));
        let shared = Arc::clone(&memory);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&shared);
                std::thread::spawn(move || serve(&stream, port, &shared));
            }
        });
        Self { port, memory }
    }

    /// Its address, as an instance names it.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The items that it keeps.
    #[cfg(target_os = "linux")]
    pub(crate) fn items(&self) -> Vec<Json> {
        self.memory.lock().expect("memory").items.values().cloned().collect()
    }

    fn store(&self) -> OnePassword {
        let connect = Connect::new(&format!("{}/", self.url()), Secret::new(TOKEN.to_owned()));
        OnePassword::new(Box::new(connect.expect("loopback")))
    }

    fn fault(&self, fault: Option<Fault>) {
        self.memory.lock().expect("memory").fault = fault;
    }
}

fn serve(stream: &TcpStream, port: u16, memory: &Mutex<Memory>) {
    let Some(asked) = read(stream) else { return };
    if asked.path.starts_with("/elsewhere") {
        memory.lock().expect("memory").strayed.push(asked.path);
        return send(stream, 200, "", "[]");
    }
    let fault = {
        let mut memory = memory.lock().expect("memory");
        memory.asked.push(format!("{} {}", asked.method, asked.path));
        match memory.fault {
            Some(Fault::Limited { times: 0, .. }) => None,
            Some(Fault::Limited { times, after }) => {
                memory.fault = Some(Fault::Limited { times: times - 1, after });
                Some(Fault::Limited { times, after })
            }
            other => other,
        }
    };
    match fault {
        Some(Fault::Status(status)) => {
            let body = json!({ "status": status, "message": format!("no: {TOKEN}") });
            return send(stream, status, "content-type: application/json\r\n", &body.to_string());
        }
        Some(Fault::Limited { after, .. }) => return send(stream, 429, after, ""),
        Some(Fault::Html) => {
            return send(stream, 200, "content-type: text/html\r\n", "<html>sign in</html>");
        }
        Some(Fault::Truncated) => {
            let mut stream = stream;
            let _ = write!(stream, "HTTP/1.1 200 X\r\ncontent-length: 500\r\n\r\n[{{\"id\":");
            return;
        }
        Some(Fault::Redirect(status)) => {
            let to = format!("location: http://127.0.0.1:{port}/elsewhere\r\n");
            return send(stream, status, &to, "");
        }
        Some(Fault::Slow) => return std::thread::sleep(Duration::from_secs(30)),
        Some(Fault::Closed) => return,
        None => {}
    }
    if asked.headers.get("authorization") != Some(&format!("Bearer {TOKEN}")) {
        return send(stream, 401, "", "{\"status\":401,\"message\":\"Invalid token signature\"}");
    }
    let (status, body) = answer(&asked, &mut memory.lock().expect("memory"));
    let body = if status == 204 { String::new() } else { body.to_string() };
    send(stream, status, "content-type: application/json\r\n", &body);
}

fn bad(why: &str) -> (u16, Json) {
    (400, json!({ "status": 400, "message": why }))
}

fn answer(asked: &Asked, memory: &mut Memory) -> (u16, Json) {
    if !asked.body.is_empty()
        && asked.headers.get("content-type").map(String::as_str) != Some("application/json")
    {
        return bad("a body without its type");
    }
    let (path, query) = match asked.path.split_once('?') {
        Some((path, query)) => (path, Some(unquoted(query))),
        None => (asked.path.as_str(), None),
    };
    let Some(rest) = path.strip_prefix("/v1/vaults") else {
        return (404, json!({ "status": 404 }));
    };
    let parts: Vec<&str> = rest.split('/').skip(1).collect();
    match (asked.method.as_str(), parts.as_slice()) {
        ("GET", []) => (
            200,
            json!([{ "id": VAULT, "name": "House" }, { "id": "b".repeat(26), "name": "Other" }]),
        ),
        (method, [vault, rest @ ..]) if *vault == VAULT => {
            items(method, rest, query, &asked.body, memory)
        }
        ("GET", [_, "items"]) => (200, json!([])),
        _ => (404, json!({ "status": 404 })),
    }
}

fn items(
    method: &str,
    rest: &[&str],
    query: Option<String>,
    body: &[u8],
    memory: &mut Memory,
) -> (u16, Json) {
    match (method, rest) {
        ("GET", ["items"]) => {
            let title = match query {
                None => None,
                Some(query) => {
                    match query.strip_prefix("filter=title eq \"").and_then(|q| q.strip_suffix('"'))
                    {
                        Some(title) => Some(title.to_owned()),
                        None => return bad("a filter of another form"),
                    }
                }
            };
            let fits = |item: &&Json| title.is_none() || item["title"].as_str() == title.as_deref();
            let summary = |item: &Json| json!({ "id": item["id"], "title": item["title"], "vault": item["vault"], "category": item["category"] });
            (200, memory.items.values().filter(fits).map(summary).collect())
        }
        ("POST", ["items"]) => create(body, memory),
        ("GET", ["items", id]) => match memory.items.get(*id) {
            Some(item) => (200, item.clone()),
            None => (404, json!({ "status": 404 })),
        },
        ("DELETE", ["items", id]) => match memory.items.remove(*id) {
            Some(_) => (204, Json::Null),
            None => (404, json!({ "status": 404 })),
        },
        ("PATCH", ["items", id]) => patch(id, body, memory),
        _ => (405, json!({ "status": 405 })),
    }
}

fn fresh(memory: &mut Memory) -> String {
    memory.made += 1;
    format!("{:026}", memory.made)
}

fn create(body: &[u8], memory: &mut Memory) -> (u16, Json) {
    let Ok(mut item) = serde_json::from_slice::<Json>(body) else { return bad("no JSON") };
    let known = ["LOGIN", "PASSWORD", "API_CREDENTIAL", "SECURE_NOTE"];
    if item["vault"]["id"] != VAULT
        || !item["category"].as_str().is_some_and(|c| known.contains(&c))
    {
        return bad("vault or category");
    }
    let id = fresh(memory);
    item["id"] = json!(id);
    let count = item["fields"].as_array().map_or(0, Vec::len);
    for at in 0..count {
        if !["STRING", "CONCEALED"]
            .contains(&item["fields"][at]["type"].as_str().unwrap_or_default())
        {
            return bad("a field's type");
        }
        item["fields"][at]["id"] = json!(fresh(memory));
    }
    memory.items.insert(id, item.clone());
    (200, item)
}

fn patch(id: &str, body: &[u8], memory: &mut Memory) -> (u16, Json) {
    let Ok(operations) = serde_json::from_slice::<Vec<Json>>(body) else { return bad("no JSON") };
    let new = fresh(memory);
    let Some(item) = memory.items.get_mut(id) else { return (404, json!({ "status": 404 })) };
    let fields = item["fields"].as_array_mut().expect("fields");
    for operation in &operations {
        let path = operation["path"].as_str().unwrap_or_default();
        let parts: Vec<&str> = path.split('/').skip(1).collect();
        let at = |id: &str, fields: &[Json]| fields.iter().position(|field| field["id"] == id);
        match (operation["op"].as_str(), parts.as_slice()) {
            (Some("add"), ["fields"]) => {
                let mut field = operation["value"].clone();
                field["id"] = json!(new);
                fields.push(field);
            }
            (Some("add" | "replace"), ["fields", field, "value"]) => match at(field, fields) {
                Some(at) => fields[at]["value"] = operation["value"].clone(),
                None => return (404, json!({ "status": 404 })),
            },
            (Some("remove"), ["fields", field]) => match at(field, fields) {
                Some(at) => drop(fields.remove(at)),
                None => return (404, json!({ "status": 404 })),
            },
            _ => return bad("an operation that is not documented"),
        }
    }
    (200, item.clone())
}

#[test]
fn fields_are_put_read_listed_and_removed_and_nothing_else_changes() {
    let server = Server::start();
    let seed = |item: Json| {
        let id = item["id"].as_str().expect("an id").to_owned();
        server.memory.lock().expect("memory").items.insert(id, item);
    };
    laws(&Laws { store: &server.store(), seed: &seed, edits_logins: true });
    let asked = server.memory.lock().expect("memory").asked.join("\n");
    assert!(!asked.contains("PUT "), "the whole item is never replaced: {asked}");
}

#[test]
fn a_refusal_a_page_or_silence_is_unreachable_and_never_absent() {
    let server = Server::start();
    let store = server.store();
    let item = SecretRef::parse(ITEM).expect("a reference");
    for (fault, wanted) in [
        (Fault::Status(401), "not accepted"),
        (Fault::Status(403), "no access"),
        (Fault::Status(404), "status 404"),
        (Fault::Status(500), "status 500"),
        (Fault::Html, "not the documented JSON"),
        (Fault::Truncated, "stopped in the middle"),
        (Fault::Redirect(302), "redirects with status 302"),
        (Fault::Redirect(307), "redirects with status 307"),
        (Fault::Closed, "there is no answer"),
        (Fault::Limited { times: 99, after: "retry-after: 3600\r\n" }, "for 3600 s"),
        (Fault::Limited { times: 99, after: "" }, "rate limit is reached"),
        (
            Fault::Limited { times: 99, after: "retry-after: Sun, 22 Nov 2026 12:00:00 GMT\r\n" },
            "rate limit",
        ),
    ] {
        server.fault(Some(fault));
        let all = [
            store.get(&item).known().map(|_| ()),
            store.put(&item, &Value::new(b"planted-value".to_vec())),
            store.remove(&item).map(|_| ()),
            store.list().map(|_| ()),
        ];
        for error in all {
            let error = error.expect_err("unreachable");
            let said = format!("{} {error:?}", sanctum_types::chain(&error));
            assert!(said.contains(wanted), "{fault:?}: {said}");
            assert!(!said.contains(TOKEN) && !said.contains("planted-value"), "{said}");
        }
    }
    assert_eq!(server.memory.lock().expect("memory").strayed, Vec::<String>::new());
}

#[test]
fn a_short_limit_is_waited_for_and_a_slow_server_has_ten_seconds() {
    let server = Server::start();
    let store = server.store();
    let item = SecretRef::parse(ITEM).expect("a reference");
    server.fault(Some(Fault::Limited { times: 2, after: "retry-after: 1\r\n" }));
    let start = Instant::now();
    assert!(store.get(&item).known().expect("answered").is_none());
    assert!((2..5).contains(&start.elapsed().as_secs()), "{:?}", start.elapsed());
    server.fault(Some(Fault::Slow));
    let start = Instant::now();
    let error = store.get(&item).known().expect_err("too slow");
    let StoreError::OnePassword { source, .. } = &error else { panic!("{error:?}") };
    assert!(matches!(**source, OnePasswordError::Transport("the time is over")), "{error:?}");
    assert!((9..13).contains(&start.elapsed().as_secs()), "{:?}", start.elapsed());
}

#[test]
fn a_token_goes_to_https_or_to_this_machine_alone() {
    let token = || Secret::new(TOKEN.to_owned());
    for good in [
        "https://connect.example:8443",
        "http://127.0.0.1:1",
        "http://localhost:8080/",
        "http://[::1]:1",
    ] {
        assert!(Connect::new(good, token()).is_ok(), "{good}");
    }
    for bad in [
        "http://connect.example",
        "http://192.0.2.1",
        "http://127.0.0.1.example",
        "ftp://localhost",
        "localhost",
        "",
        "http://localhost@evil.example",
    ] {
        assert!(Connect::new(bad, token()).is_err(), "{bad}");
    }
}
