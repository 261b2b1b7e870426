//! What a request may say, where it may go, and what of its answer is handed out; servers are threads of the test.

use super::*;
use std::io::Write as _;
use std::net::{TcpListener, TcpStream};

fn read(params: &Value) -> Result<Target, &'static str> {
    let read = Outgoing::read(params.as_object().unwrap());
    read.map(|read| read.target).map_err(|error| error.code.as_str())
}

#[test]
fn an_address_has_one_reading() {
    for (url, host, port) in [
        ("https://api.example/v1", "api.example", 443),
        ("https://API.Example./v1?a=b#c", "api.example", 443),
        ("https://api.example:8443", "api.example", 8443),
        ("http://[::1]:80/", "[::1]", 80),
        ("https://[::FFFF:127.0.0.1]/", "[::ffff:127.0.0.1]", 443),
        ("https://2130706433/", "2130706433", 443),
    ] {
        let target = read(&json!({ "url": url })).unwrap();
        assert_eq!(
            (target.host.as_str(), target.port, &*target.method),
            (host, port, "GET"),
            "{url}"
        );
    }
    for url in [
        "",
        "/v1",
        "api.example",
        "ftp://api.example/",
        "file:///etc/passwd",
        "https:///v1",
        "https://user@api.example/",
        "https://api.example@evil.example/",
        "https://api.example:443@evil.example/",
        "https://api.example\\@evil.example/",
        "https://api.exam%70le/",
        "https://api..example/",
        "https://.api.example/",
        "https://api.example../",
        "https://api.example:0/",
        "https://api.example:99999/",
        "https://api.example:+80/",
        "https://[::1%25lo]/",
        "https://[127.0.0.1]/",
        "https://api.example/\r\nX: y",
        "https://api.example/a b",
        "https://äpi.example/",
        "https://api.example\u{3002}example/",
    ] {
        assert_eq!(read(&json!({ "url": url })), Err("INVALID_REQUEST"), "{url:?}");
    }
}

#[test]
fn headers_and_bodies_say_nothing_beside_themselves() {
    let with = |name: &str, value: &str| {
        let headers: Map<String, Value> = [(name.to_owned(), value.into())].into_iter().collect();
        read(&json!({ "url": "https://a.example", "headers": headers })).is_ok()
    };
    assert!(with("Content-Type", "a/b; c=\"d\"") && with("X-T", "a\tb"));
    for (name, value) in [
        ("X-T", "a\r\nY: z"),
        ("X-T", "a\nb"),
        ("X-T", "a\0b"),
        ("X-T", "\u{7f}"),
        ("X-T", "ä"),
        ("X T", "a"),
        ("X-T:", "a"),
        ("X\r\nY", "a"),
        ("", "a"),
        ("Host", "a"),
        ("hOsT", "a"),
        ("Authorization", "a"),
        ("Proxy-Authorization", "a"),
        ("Transfer-Encoding", "chunked"),
        ("Content-Length", "1"),
        ("Accept-Encoding", "gzip"),
        ("Connection", "X-T"),
    ] {
        assert!(!with(name, value), "{name:?}: {value:?}");
    }
    for (params, fits) in [
        (json!({ "method": "POST", "body": "b" }), true),
        (json!({ "method": "GET", "body": "b" }), false),
        (json!({ "method": "CONNECT" }), false),
        (json!({ "method": "get" }), false),
        (json!({ "method": "GET / HTTP/1.1\r\nX:" }), false),
        (json!({ "method": "POST", "body": 1 }), false),
        (json!({ "headers": [] }), false),
        (json!({ "headers": { "a": 1 } }), false),
    ] {
        let mut params = params.as_object().unwrap().clone();
        params.insert("url".to_owned(), "https://a.example".into());
        assert_eq!(Outgoing::read(&params).is_ok(), fits, "{params:?}");
    }
}

/// A server for one connection; gives its port and, at its end, what it was sent.
fn server(answer: Vec<u8>) -> (u16, std::thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let serve = move || {
        let (mut stream, _) = listener.accept().unwrap();
        let asked = head(&mut stream);
        let _ = stream.write_all(&answer);
        asked
    };
    (port, std::thread::spawn(serve))
}

fn head(stream: &mut TcpStream) -> String {
    let mut asked = Vec::new();
    let mut byte = [0];
    while !asked.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap() == 1 {
        asked.push(byte[0]);
    }
    String::from_utf8(asked).unwrap()
}

fn send(url: &str, named: &[&str]) -> Result<Value, WireError> {
    let named: Vec<IpNet> = named.iter().map(|net| net.parse().unwrap()).collect();
    let params = json!({ "url": url, "headers": { "X-T": "1", "X-KEY": "the agent's own" } });
    let key = json!({ "header_type": "custom", "header_name": "X-Key" });
    let injected = super::super::injected(b"sk-secret-1", key.as_object().unwrap())?;
    Outgoing::read(params.as_object().unwrap())?.send(b"sk-secret-1", &injected, &named)
}

#[test]
fn the_credential_goes_out_and_does_not_come_back() {
    let body = "sk-secret-1 and c2stc2VjcmV0LTE= and 1";
    let answer = format!(
        "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/?k=sk-secret-1\r\nX-A: 1\r\nX-A: 2\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let (port, asked) = server(answer.into_bytes());
    let got = send(&format!("http://127.0.0.1:{port}/p?q"), &["127.0.0.1/32"]).unwrap();
    assert_eq!(got["status"], 302);
    assert_eq!(got["headers"]["location"], "http://127.0.0.1:1/?k=[scrubbed]");
    assert_eq!(got["headers"]["x-a"], "1, 2");
    assert_eq!(got["body"], "[scrubbed] and [scrubbed] and 1");
    let asked = asked.join().unwrap().to_ascii_lowercase();
    assert!(asked.starts_with("get /p?q http/1.1\r\n"), "{asked}");
    assert_eq!(asked.matches("x-key: sk-secret-1\r\n").count(), 1, "{asked}");
    assert!(asked.contains("x-t: 1\r\n") && !asked.contains("own"), "{asked}");
}

#[test]
fn the_credential_is_in_no_header_that_says_where_a_request_ends() {
    for (name, going) in [
        ("X-Key", true),
        ("Host", false),
        ("content-length", false),
        ("Transfer-Encoding", false),
        ("Proxy-Authorization", false),
    ] {
        let key = json!({ "header_type": "custom", "header_name": name });
        let injected = super::super::injected(b"1", key.as_object().unwrap()).unwrap();
        let request = Outgoing::new("GET", "https://a.example/", Vec::new(), Vec::new()).unwrap();
        assert_eq!(request.request(&injected).is_ok(), going, "{name}");
    }
    let bearer = super::super::injected(b"1", &Map::new()).unwrap();
    let request = Outgoing::new("GET", "https://a.example/", Vec::new(), Vec::new()).unwrap();
    assert_eq!(request.request(&bearer).unwrap().headers()["authorization"], "Bearer 1");
}

#[test]
fn an_answer_that_cannot_be_looked_through_is_withheld() {
    let large = format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(600 * 1024));
    for (answer, detail) in [
        ("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx", "compressed"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\n\\u0073k-secret-1", "repeats"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nSK-SECRET-1", "repeats"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n", "stopped"),
        (large.as_str(), "longer"),
        ("nonsense\r\n\r\n", "HTTP"),
    ] {
        let (port, asked) = server(answer.as_bytes().to_vec());
        let failed = send(&format!("http://127.0.0.1:{port}/"), &["127.0.0.1/32"]).unwrap_err();
        asked.join().unwrap();
        let told = failed.detail.unwrap();
        assert!(told.contains(detail), "{told}");
    }
}

#[test]
fn one_address_that_is_not_allowed_spoils_those_of_a_name() {
    let named: [IpNet; 1] = ["10.0.0.0/24".parse().unwrap()];
    for (all, tls, fits) in [
        (&["1.1.1.1", "2606:4700::1111"][..], true, true),
        (&["1.1.1.1", "10.0.0.7"], true, true),
        (&["1.1.1.1", "127.0.0.1"], true, false),
        (&["169.254.169.254", "1.1.1.1"], true, false),
        (&["1.1.1.1", "10.0.1.7"], true, false),
        (&["10.0.0.7", "10.0.0.8"], false, true),
        (&["10.0.0.7", "1.1.1.1"], false, false),
        (&["1.1.1.1"], false, false),
    ] {
        let ips = all.iter().map(|ip| ip.parse().unwrap());
        assert_eq!(super::fit(ips, tls, &named), fits, "{all:?} {tls}");
    }
}

#[test]
fn no_spelling_of_this_machine_is_connected_to() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    listener.set_nonblocking(true).unwrap();
    for host in [
        "127.0.0.1",
        "localhost",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "0",
        "0.0.0.0",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::]",
        "169.254.169.254",
        "[64:ff9b::7f00:1]",
    ] {
        for scheme in ["http", "https"] {
            let failed = send(&format!("{scheme}://{host}:{port}/"), &[]).unwrap_err();
            assert_eq!(failed.code, Code::AccessDenied, "{scheme} {host} {:?}", failed.detail);
        }
    }
    assert!(listener.accept().is_err(), "somebody connected");
    // A public address in clear text is refused before it is connected to, whatever policy says of others.
    let failed = send("http://1.1.1.1/", &["127.0.0.1/32"]).unwrap_err();
    assert_eq!(failed.code, Code::AccessDenied);
}
