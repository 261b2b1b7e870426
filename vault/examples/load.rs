//! The client of `bench/vault`: the same loop, threads and clock against our vault and against OpenBao.
//!
//! `load ours SOCKET AGENT KEYFILE` or `load bao SOCKET TOKENFILE`, then `retrieve|sign|put CONNECTIONS SECONDS`. Each connection asks, waits for
//! the whole answer, reads its JSON, and asks again. `load ours … mixed CONNECTIONS SECONDS` is all of it in turn, with leases that are given back, connections that end and
//! begin, agents that fail to prove themselves and frames that are none. Prints `{"rate", "p50_us", "p99_us", "count"}`. An answer that is no success ends it.
#![expect(
    clippy::disallowed_methods,
    reason = "a program of the bench: it has a clock and files of its own"
)]

use sanctum_vault::client::Client;
use sanctum_vault::keyfile::AgentKey;
use serde_json::{Value, json};
use std::error::Error;
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

type Fallible<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// Somebody who answers.
enum Peer {
    Ours(Client),
    Bao { stream: UnixStream, token: String, buffer: Vec<u8> },
}

impl Peer {
    fn of(words: &[String]) -> Fallible<Self> {
        Ok(match words {
            [kind, socket, agent, key] if kind == "ours" => {
                let mut client = Client::connect(Path::new(socket))?;
                let key = AgentKey::from_plain(&std::fs::read(key)?).map_err(|_| "no key")?;
                client.authenticate(agent, &key)?;
                Self::Ours(client)
            }
            [kind, socket, token] if kind == "bao" => {
                let token = std::fs::read_to_string(token)?.trim().to_owned();
                Self::Bao { stream: UnixStream::connect(socket)?, token, buffer: Vec::new() }
            }
            _ => return Err("ours SOCKET AGENT KEYFILE, or bao SOCKET TOKENFILE".into()),
        })
    }

    /// One request and its whole answer; `name` is whose secret is written.
    fn act(&mut self, verb: &str, name: &str) -> Fallible<()> {
        match self {
            Self::Ours(client) => match verb {
                "retrieve" => {
                    let told = client.ask("retrieve", json!({ "path": "bench/one", "ttl": 60 }))?;
                    told.get("value").and_then(Value::as_str).ok_or("no value")?;
                }
                "sign" => {
                    let params = json!({ "algorithm": "ed25519", "data": "0123456789abcdef" });
                    let asked =
                        json!({ "path": "bench/key", "operation": "sign", "params": params });
                    client.ask("use", asked)?;
                }
                _ => {
                    let asked =
                        json!({ "path": format!("bench/put/{name}"), "value": "00".repeat(64) });
                    client.ask("store", asked)?;
                }
            },
            Self::Bao { stream, token, buffer } => {
                let (method, path, body) = match verb {
                    "retrieve" => ("GET", "kv/one".to_owned(), None),
                    "sign" => (
                        "PUT",
                        "transit/sign/key".to_owned(),
                        Some(json!({ "input": "MDEyMzQ1Njc4OWFiY2RlZg==" })),
                    ),
                    _ => {
                        ("PUT", format!("kv/put/{name}"), Some(json!({ "value": "00".repeat(64) })))
                    }
                };
                let body = body.map(|body| body.to_string()).unwrap_or_default();
                let request = format!(
                    "{method} /v1/{path} HTTP/1.1\r\nHost: bao\r\nX-Vault-Token: {token}\r\nContent-Length: {}\r\n\r\n{body}",
                    body.len()
                );
                stream.write_all(request.as_bytes())?;
                answer(stream, buffer)?;
            }
        }
        Ok(())
    }
}

/// An answer of HTTP/1.1 that says its length; its JSON is read where there is one.
fn answer(stream: &mut UnixStream, buffer: &mut Vec<u8>) -> Fallible<()> {
    buffer.clear();
    let mut chunk = [0; 8192];
    loop {
        let count = stream.read(&mut chunk)?;
        if count == 0 {
            return Err("it hung up".into());
        }
        buffer.extend_from_slice(chunk.get(..count).unwrap_or_default());
        let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") else {
            continue;
        };
        let head = String::from_utf8_lossy(buffer.get(..end).unwrap_or_default()).to_lowercase();
        if !head.starts_with("http/1.1 20") {
            return Err(String::from_utf8_lossy(buffer).into());
        }
        let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
        let length: usize = length.map_or(Ok(0), |length| length.trim().parse())?;
        let body = buffer.get(end + 4..).unwrap_or_default();
        if body.len() >= length {
            if length > 0 {
                serde_json::from_slice::<Value>(body)?;
            }
            return Ok(());
        }
    }
}

/// Requests of one connection before it ends.
const STAY: usize = 40;

/// Like one agent's day: the number of its requests that were answered as they should be.
fn day(who: &[String], name: &str, time: Duration) -> Fallible<usize> {
    let [_, socket, agent, _] = who else { return Err("only ours has a day".into()) };
    let (begun, mut count) = (Instant::now(), 0);
    while begun.elapsed() < time {
        let mut peer = Peer::of(who)?;
        for turn in 0..STAY {
            match turn % 4 {
                0 => peer.act("sign", name)?,
                1 => peer.act("put", name)?,
                _ => lease(&mut peer)?,
            }
            count += 1;
        }
        drop(peer);
        let socket = Path::new(socket);
        let mut stranger = Client::connect(socket)?;
        let key = AgentKey::new().map_err(|_| "no random bytes")?;
        match stranger.authenticate(agent, &key) {
            Err(error) if error.code() == Some("AUTH_FAILED") => count += 1,
            _ => return Err("another key is believed".into()),
        }
        broken(socket)?;
        count += 1;
    }
    Ok(count)
}

/// A value that is given back.
fn lease(peer: &mut Peer) -> Fallible<()> {
    let Peer::Ours(client) = peer else { return Err("only ours has leases".into()) };
    let told = client.ask("retrieve", json!({ "path": "bench/one", "ttl": 60 }))?;
    let lease = told.get("lease_id").ok_or("no lease")?;
    client.ask("release_lease", json!({ "lease_id": lease }))?;
    Ok(())
}

/// Frames that are none: no JSON, one that is cut, and one that announces a gigabyte, upon which the vault hangs up.
fn broken(socket: &Path) -> Fallible<()> {
    for bytes in [&b"\0\0\0\x03{{{"[..], b"\0\0\0\x40{", b"GGGG"] {
        let mut stream = UnixStream::connect(socket)?;
        stream.write_all(bytes)?;
        stream.shutdown(std::net::Shutdown::Write)?;
        let mut told = Vec::new();
        stream.read_to_end(&mut told)?;
    }
    Ok(())
}

/// Microseconds of each request of one connection.
fn lane(who: &[String], verb: &str, name: &str, time: Duration) -> Fallible<Vec<u64>> {
    if verb == "mixed" {
        // What takes how long is nobody's question here.
        return Ok(vec![0; day(who, name, time)?]);
    }
    let mut peer = Peer::of(who)?;
    // The first asks for what the others find ready.
    peer.act(verb, name)?;
    let (begun, mut took) = (Instant::now(), Vec::new());
    while begun.elapsed() < time {
        let one = Instant::now();
        peer.act(verb, name)?;
        took.push(u64::try_from(one.elapsed().as_micros())?);
    }
    Ok(took)
}

fn main() -> Fallible<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let split = words.len().checked_sub(3).ok_or("too few words")?;
    let (who, [verb, connections, seconds]) = words.split_at(split) else {
        return Err("too few words".into());
    };
    let (connections, time) =
        (connections.parse::<usize>()?, Duration::from_secs(seconds.parse()?));
    let lanes = std::thread::scope(|scope| {
        let started: Vec<_> = (0..connections)
            .map(|n| scope.spawn(move || lane(who, verb, &n.to_string(), time)))
            .collect();
        started
            .into_iter()
            .map(|one| one.join().map_err(|_| "a panic")?)
            .collect::<Fallible<Vec<_>>>()
    })?;
    let mut all: Vec<u64> = lanes.into_iter().flatten().collect();
    all.sort_unstable();
    let at = |share: usize| all.get(all.len() * share / 100).copied().unwrap_or(0);
    let rate = all.len() as f64 / time.as_secs_f64();
    let told = json!({ "rate": rate, "p50_us": at(50), "p99_us": at(99), "count": all.len() });
    writeln!(std::io::stdout(), "{told}")?;
    Ok(())
}
