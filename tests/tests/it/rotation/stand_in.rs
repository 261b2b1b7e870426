//! STAND-INS, not the real thing: strict local servers that implement what the providers document, with faults.
//!
//! What a contract does not have is refused: unknown paths, methods, queries, headers and fields. Keys live in a
//! shared [`Account`] that a test may look into while a program talks to the server. A fault is bound to a
//! method and a part of the path, and happens once.

mod anthropic;
mod aws;
mod cloudflare;
mod openai;
mod openrouter;
mod tailscale;

use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::{Value, json};

/// Whose contract a server implements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Contract {
    Openrouter,
    Openai,
    Aws,
    Tailscale,
    Cloudflare,
    Anthropic,
}

/// What goes wrong with one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// No answer, and nothing happened.
    LostBefore,
    /// No answer, and it happened.
    LostAfter,
    /// 429 with this `Retry-After`.
    Limited(u32),
    /// 500, and nothing happened.
    Trouble,
    /// 500, and it happened.
    TroubleAfter,
    /// It was delivered twice; the second answer is given.
    Twice,
    /// A page of somebody in between, with status 200; nothing happened.
    Html,
    /// It happened, and the answer is cut off.
    Garbage,
}

/// A key of the account.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) value: String,
    pub(crate) enabled: bool,
    pub(crate) alive: bool,
    pub(crate) created: i64,
    pub(crate) last_used: Option<i64>,
    /// What the contract keeps with it.
    pub(crate) extra: Value,
}

impl Key {
    pub(crate) const fn is_valid(&self) -> bool {
        self.alive && self.enabled
    }

    /// The beginning and the end, as lists show it.
    pub(crate) fn hint(&self) -> String {
        let head: String = self.value.chars().take(14).collect();
        let tail: String = self.value.chars().skip(self.value.len() - 4).collect();
        format!("{head}...{tail}")
    }
}

/// A key that somebody makes by hand once a record in that folder says that he was asked for it.
#[derive(Clone, Debug)]
pub(crate) struct Awaited {
    pub(crate) key: Key,
    pub(crate) records: PathBuf,
}

impl Awaited {
    #[expect(
        clippy::disallowed_methods,
        reason = "a person sees on the screen what stands in the record"
    )]
    fn is_due(&self) -> bool {
        let entries = std::fs::read_dir(&self.records).into_iter().flatten().flatten();
        let texts = entries.filter_map(|entry| std::fs::read_to_string(entry.path()).ok());
        let mut records = texts.filter_map(|text| serde_json::from_str::<Value>(&text).ok());
        let before = ["intent", "done", "failed"];
        records.any(|record| !before.iter().any(|stage| record["stage"]["at"] == *stage))
    }
}

/// What the provider keeps.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) now: i64,
    /// The management key; its secret half, where it has two.
    pub(crate) management: String,
    pub(crate) keys: Vec<Key>,
    pub(crate) faults: Vec<(&'static str, &'static str, Fault)>,
    /// The request of this number, counted from zero, goes wrong.
    pub(crate) fault_at: Option<(usize, Fault)>,
    /// How the requests to come go wrong, the next one first.
    pub(crate) script: VecDeque<Option<Fault>>,
    /// Last uses are not told any more.
    pub(crate) last_use_lags: bool,
    /// How many requests with a key that was just made are refused, as if it were not known everywhere yet.
    pub(crate) unknown_at_first: usize,
    /// What a person makes as soon as he is asked for it.
    pub(crate) awaited: Option<Awaited>,
    /// Method and path of each request that was understood.
    pub(crate) log: Vec<String>,
    serial: usize,
}

impl Account {
    /// Letters and digits that are used nowhere else.
    fn fresh(&mut self, length: usize) -> String {
        self.serial += 1;
        let mut state = 0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(self.serial as u64 + 1);
        let letters = b"ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789";
        let mut letter = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            char::from(letters[(state >> 33) as usize % letters.len()])
        };
        (0..length).map(|_| letter()).collect()
    }

    fn add(&mut self, id: String, name: &str, value: String, extra: Value) -> &Key {
        let key = Key {
            id,
            name: name.to_owned(),
            value,
            enabled: true,
            alive: true,
            created: self.now,
            last_used: None,
            extra,
        };
        self.keys.push(key);
        self.keys.last().expect("one was added")
    }

    fn live(&mut self, id: &str) -> Option<&mut Key> {
        self.keys.iter_mut().find(|key| key.alive && key.id == id)
    }

    /// The valid key of that value; using it is noticed.
    fn by_value(&mut self, value: &str) -> Option<&mut Key> {
        let (now, lags) = (self.now, self.last_use_lags);
        let key = self.keys.iter_mut().find(|key| key.is_valid() && key.value == value)?;
        if !lags {
            key.last_used = Some(now);
        }
        Some(key)
    }

    pub(crate) fn is_valid(&self, value: &str) -> bool {
        self.keys.iter().any(|key| key.is_valid() && key.value == value)
    }

    /// The ids of keys that are not removed.
    pub(crate) fn alive(&self) -> Vec<&Key> {
        self.keys.iter().filter(|key| key.alive).collect()
    }
}

/// A request that was read.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: BTreeMap<String, String>,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    fn bearer(&self) -> &str {
        self.headers
            .get("authorization")
            .and_then(|value| value.strip_prefix("Bearer "))
            .unwrap_or_default()
    }

    /// The body as an object with these fields and no other.
    fn object(&self, allowed: &[&str]) -> Option<serde_json::Map<String, Value>> {
        if self.headers.get("content-type").map(String::as_str) != Some("application/json") {
            return None;
        }
        let body: serde_json::Map<String, Value> = serde_json::from_slice(&self.body).ok()?;
        body.keys().all(|field| allowed.contains(&field.as_str())).then_some(body)
    }

    fn asks_only(&self, allowed: &[&str]) -> bool {
        self.query.keys().all(|name| allowed.contains(&name.as_str()))
    }
}

/// Status, type and body.
pub(crate) type Answer = (u16, &'static str, String);

fn answer(status: u16, body: &Value) -> Answer {
    (status, "application/json", body.to_string())
}

fn error(status: u16) -> Answer {
    answer(status, &json!({ "error": { "code": status, "message": "refused by the stand-in" } }))
}

/// A time as these interfaces write it.
fn iso(time: i64) -> String {
    let days = time.div_euclid(86_400);
    let second = time.rem_euclid(86_400);
    // From days to a date of the Gregorian calendar: H. Hinnant, "chrono-compatible low-level date algorithms".
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let day = doy - (153 * mp + 2) / 5 + 1;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    let year = yoe + era * 400 + i64::from(month <= 2);
    let (hour, minute) = (second / 3600, second / 60 % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{:02}Z", second % 60)
}

/// A running server. It ends with the test process.
pub(crate) struct StandIn {
    contract: Contract,
    port: u16,
    account: Arc<Mutex<Account>>,
}

impl StandIn {
    /// Starts with one key in use, named `before`, and one of somebody else's.
    pub(crate) fn start(contract: Contract, now: i64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a port");
        let port = listener.local_addr().expect("it is bound").port();
        let mut account = Account {
            now,
            management: String::new(),
            keys: Vec::new(),
            faults: Vec::new(),
            fault_at: None,
            script: VecDeque::new(),
            last_use_lags: false,
            unknown_at_first: 0,
            log: Vec::new(),
            awaited: None,
            serial: 0,
        };
        account.management = contract.management(&mut account);
        account.now = now - 90 * 86_400;
        contract.make(&mut account, "before", Value::Null);
        if contract != Contract::Aws {
            // More than a page of the small ones, so that what is ours is never on the first.
            for _ in 0..3 {
                contract.make(&mut account, "somebody-elses", Value::Null);
            }
        }
        account.now = now;
        let account = Arc::new(Mutex::new(account));
        let shared = Arc::clone(&account);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let _ = serve(contract, &shared, &stream);
            }
        });
        Self { contract, port, account }
    }

    pub(crate) fn base_url(&self) -> String {
        let path = match self.contract {
            Contract::Openrouter => "/api/v1",
            Contract::Openai => "/v1",
            Contract::Tailscale => "/api/v2",
            Contract::Cloudflare => "/client/v4",
            Contract::Aws | Contract::Anthropic => "",
        };
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub(crate) fn account(&self) -> MutexGuard<'_, Account> {
        self.account.lock().expect("no test panicked while it held it")
    }

    /// The next request of this method whose path has this part goes wrong.
    pub(crate) fn fail(&self, method: &'static str, part: &'static str, fault: Fault) {
        self.account().faults.push((method, part, fault));
    }
}

impl Contract {
    /// The way that person and provider share: what makes a key of the account.
    pub(crate) fn make(self, account: &mut Account, name: &str, extra: Value) -> Key {
        match self {
            Self::Openrouter => openrouter::make(account, name, extra),
            Self::Openai => openai::make(account, name),
            Self::Aws => aws::make(account),
            Self::Tailscale => tailscale::make(account, name),
            Self::Cloudflare => cloudflare::make(account, name, extra),
            Self::Anthropic => anthropic::make(account, name),
        }
    }

    fn management(self, account: &mut Account) -> String {
        let rest = account.fresh(48);
        match self {
            Self::Openrouter => format!("{}{rest}", ["sk-or-", "v1-"].concat()),
            Self::Openai => format!("{}{rest}", ["sk-", "admin-"].concat()),
            Self::Aws => rest.chars().take(40).collect(),
            Self::Tailscale => format!("{}kMANAGER-{rest}", ["tskey-", "client-"].concat()),
            Self::Cloudflare => rest.chars().take(40).collect(),
            Self::Anthropic => format!("{}{rest}", ["sk-ant-", "admin01-"].concat()),
        }
    }

    fn answer(self, account: &mut Account, request: &Request) -> Answer {
        match self {
            Self::Openrouter => openrouter::answer(account, request),
            Self::Openai => openai::answer(account, request),
            Self::Aws => aws::answer(account, request),
            Self::Tailscale => tailscale::answer(account, request),
            Self::Cloudflare => cloudflare::answer(account, request),
            Self::Anthropic => anthropic::answer(account, request),
        }
    }
}

fn serve(contract: Contract, account: &Mutex<Account>, stream: &TcpStream) -> std::io::Result<()> {
    let Some(request) = read(stream)? else { return Ok(()) };
    let mut account = account.lock().expect("no test panicked while it held it");
    let made = account.awaited.take_if(|awaited| awaited.is_due());
    account.keys.extend(made.map(|made| made.key));
    let line = format!("{} {}", request.method, request.path);
    // AWS has one path: its action is in the body.
    let body = String::from_utf8_lossy(&request.body).into_owned();
    let matches = |method: &str, part: &str| {
        request.method == method && (request.path.contains(part) || body.contains(part))
    };
    let at = account.faults.iter().position(|(method, part, _)| matches(method, part));
    let count = account.log.len();
    let numbered = account.fault_at.take_if(|(number, _)| *number == count).map(|(_, fault)| fault);
    let scripted = account.script.pop_front().flatten();
    let fault = at.map(|at| account.faults.remove(at).2).or(numbered).or(scripted);
    account.log.push(format!("{line} {fault:?}"));
    let mut retry = None;
    let answer = match fault {
        Some(Fault::LostBefore) => return Ok(()),
        Some(Fault::LostAfter) => {
            contract.answer(&mut account, &request);
            return Ok(());
        }
        Some(Fault::Limited(after)) => {
            retry = Some(after);
            error(429)
        }
        Some(Fault::Trouble) => error(500),
        Some(Fault::TroubleAfter) => {
            contract.answer(&mut account, &request);
            error(500)
        }
        Some(Fault::Twice) => {
            contract.answer(&mut account, &request);
            contract.answer(&mut account, &request)
        }
        Some(Fault::Html) => (200, "text/html", "<!doctype html><title>Log in</title>".to_owned()),
        Some(Fault::Garbage) => {
            let (status, kind, body) = contract.answer(&mut account, &request);
            (status, kind, body.chars().take(body.len() / 2).collect())
        }
        None => contract.answer(&mut account, &request),
    };
    drop(account);
    write(stream, answer, retry)
}

fn read(stream: &TcpStream) -> std::io::Result<Option<Request>> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut words = line.split_ascii_whitespace();
    let (Some(method), Some(target), Some("HTTP/1.1")) = (words.next(), words.next(), words.next())
    else {
        return Ok(None);
    };
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (name.to_owned(), decode(value))
    };
    let query = pairs.map(pair).collect();
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let (method, path) = (method.to_owned(), path.to_owned());
    Ok(Some(Request { method, path, query, headers, body }))
}

/// Undoes percent-encoding.
fn decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        if let (b'%', [high, low, end @ ..]) = (first, after) {
            let digits = [*high, *low];
            let digits = std::str::from_utf8(&digits).unwrap_or_default();
            bytes.push(u8::from_str_radix(digits, 16).unwrap_or(b'?'));
            rest = end;
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn write(mut stream: &TcpStream, answer: Answer, retry: Option<u32>) -> std::io::Result<()> {
    let (status, kind, body) = answer;
    let retry = retry.map(|after| format!("retry-after: {after}\r\n")).unwrap_or_default();
    write!(
        stream,
        "HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n{retry}connection: close\r\n\r\n{body}",
        body.len()
    )
}
