//! pip: which index the owner's pip uses is asked of pip, the index is asked for the project by the simple API in JSON (PEP 691 and
//! 700), and where that gives no answer `pip index versions` decides.
//!
//! A user and password in the address go to that index as basic authentication, and nowhere else.

use super::{Clients, greatest, says, time};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sanctum_firewall::packages::{Facts, Known};
use sanctum_host::clock::Monotonic;
use sanctum_host::files;
use sanctum_orchestrator::python_index::{Page, Pages};
use sanctum_types::Secret;
use serde_json::Value;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Configuration seldom changes; pip takes a third of a second to tell it.
const FRESH: Duration = Duration::from_secs(300);
/// A bundle of certificates has some 300 KiB.
const LONGEST_BUNDLE: u64 = 8 << 20;
const PROGRAMS: [&str; 3] = ["pip3", "pip", "pip3.12"];

/// What pip is configured with, and when that was asked.
#[derive(Default)]
pub(super) struct Configured(Mutex<Option<(Monotonic, Arc<Config>)>>);

struct Config {
    indexes: Vec<Index>,
    /// pip has an index that is not asked here: what the others do not have may still be there.
    partial: bool,
    pages: Pages,
}

/// One index.
struct Index {
    address: String,
    authorization: Option<Secret<String>>,
}

impl Configured {
    fn get(&self, clients: &Clients) -> Option<Arc<Config>> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((since, config)) = kept.as_ref()
            && since.elapsed() < FRESH
        {
            return Some(Arc::clone(config));
        }
        let config = Arc::new(configured(clients)?);
        *kept = Some((Monotonic::now(), Arc::clone(&config)));
        Some(config)
    }
}

fn configured(clients: &Clients) -> Option<Config> {
    let listed = clients.run(&PROGRAMS, &["config", "list"], &[])?.success().ok()?.text();
    let values = |wanted: &str| -> Vec<String> {
        listed.lines().filter_map(|line| setting(line, wanted)).collect()
    };
    let mut addresses: Vec<String> = values("index-url").into_iter().rev().take(1).collect();
    if addresses.is_empty() {
        let help = clients.run(&PROGRAMS, &["install", "--help"], &[])?.text();
        addresses.push(built_in(&help)?);
    }
    for more in values("extra-index-url") {
        addresses.extend(more.split_whitespace().map(str::to_owned));
    }
    let (indexes, partial) = askable(&addresses);
    // Certificates are those that pip is told to use, else the built-in ones.
    let bundle = values("cert").pop().and_then(|p| files::read(Path::new(&p), LONGEST_BUNDLE).ok());
    Some(Config { indexes, partial, pages: Pages::new(bundle.as_deref()) })
}

/// The indexes that can be asked here, and whether that leaves one of pip's out.
fn askable(addresses: &[String]) -> (Vec<Index>, bool) {
    let indexes: Vec<Index> = addresses.iter().filter_map(|a| index(a)).collect();
    let partial = indexes.len() < addresses.len();
    (indexes, partial)
}

/// `global.index-url='...'`, `:env:.index-url='...'`; later lines win.
fn setting(line: &str, wanted: &str) -> Option<String> {
    let (key, value) = line.split_once('=')?;
    let name = key.rsplit_once('.').map_or(key, |(_, name)| name);
    (name == wanted && !key.starts_with("download.") && !key.starts_with("wheel."))
        .then(|| value.trim().trim_matches(['\'', '"']).replace("\\n", " "))
}

/// The default that pip's own help names.
fn built_in(help: &str) -> Option<String> {
    let words: Vec<&str> = help.split_whitespace().collect();
    let at = words.iter().position(|word| *word == "--index-url")?;
    let address = words.iter().skip(at).take(24).find(|word| word.contains("://"))?;
    Some(address.trim_end_matches([')', '.', ',']).to_owned())
}

/// An address without what is secret in it. Clear text goes to this machine only.
fn index(address: &str) -> Option<Index> {
    let (scheme, rest) = address.split_once("://")?;
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let (user, host) = match authority.rsplit_once('@') {
        Some((user, host)) => (Some(user), host),
        None => (None, authority),
    };
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let here = matches!(name, "localhost" | "127.0.0.1" | "[::1]");
    if scheme != "https" && !(scheme == "http" && here) {
        return None;
    }
    let authorization = user.map(|user| {
        let encoded = BASE64_STANDARD.encode(decoded(user));
        Secret::new(format!("Basic {encoded}"))
    });
    let address = format!("{scheme}://{host}/{}", path.trim_end_matches('/'));
    Some(Index { address: address.trim_end_matches('/').to_owned(), authorization })
}

/// Percent signs of a user and password.
fn decoded(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let digits: Vec<u8> = bytes.by_ref().take(2).collect();
        let text = String::from_utf8_lossy(&digits).into_owned();
        out.extend(u8::from_str_radix(&text, 16).ok());
    }
    out
}

pub(super) fn look_up(clients: &Clients, name: &str, version: Option<&str>) -> Option<Known> {
    if let Some(config) = clients.pip.get(clients) {
        let asked: Vec<Option<Known>> =
            config.indexes.iter().map(|i| page(&config.pages, i, name, version)).collect();
        if let Some(Some(present)) =
            asked.iter().find(|known| matches!(known, Some(Known::Present(_))))
        {
            return Some(present.clone());
        }
        let absent = asked.iter().all(|known| *known == Some(Known::Absent));
        if !asked.is_empty() && absent && !config.partial {
            return Some(Known::Absent);
        }
    }
    by_pip(clients, name, version)
}

/// What one index says; none where it does not say it in this form.
fn page(pages: &Pages, index: &Index, name: &str, version: Option<&str>) -> Option<Known> {
    match pages.get(&index.address, name, index.authorization.as_ref())? {
        Page::Absent => Some(Known::Absent),
        Page::There(body) => read(&body, version),
    }
}

/// The page of a project (PEP 691; `upload-time` is PEP 700's).
fn read(body: &[u8], version: Option<&str>) -> Option<Known> {
    let said: Value = serde_json::from_slice(body).ok()?;
    let project = said.get("name")?.as_str()?;
    let files = said.get("files")?.as_array()?;
    let of = |file: &Value| of_file(file.get("filename")?.as_str()?, project);
    let at = |file: &Value| file.get("upload-time").and_then(Value::as_str).and_then(time);
    let kept =
        |file: &&Value| !matches!(file.get("yanked"), Some(Value::Bool(true) | Value::String(_)));
    let good: Vec<String> = files.iter().filter(kept).filter_map(of).collect();
    let chosen = version.or_else(|| greatest(good.iter().map(String::as_str)));
    // A file that came late to an old version is as young as it came.
    let published = files.iter().filter(|f| of(f).as_deref() == chosen).filter_map(at).max();
    let all = files.iter().map(at).collect::<Option<Vec<_>>>();
    let known = files.iter().any(|f| of(f).as_deref() == version);
    Some(Known::Present(Facts {
        created: all.and_then(|times| times.into_iter().min()),
        version: chosen.map(str::to_owned),
        published,
        no_such_version: version.is_some() && !files.is_empty() && !known,
    }))
}

/// The version in the name of a wheel or a source archive.
fn of_file(file: &str, project: &str) -> Option<String> {
    if let Some(wheel) = file.strip_suffix(".whl") {
        return wheel.split('-').nth(1).map(str::to_owned);
    }
    let stem = [".tar.gz", ".zip", ".tar.bz2", ".tgz", ".egg"]
        .iter()
        .find_map(|end| file.strip_suffix(end))?;
    // The project's name may hold dashes, and is written in several ways of the same length.
    let rest = stem.get(project.len()..).filter(|rest| rest.starts_with('-'));
    rest.map(|rest| rest.trim_start_matches('-').to_owned())
}

/// Whether pip itself finds any version.
fn by_pip(clients: &Clients, name: &str, version: Option<&str>) -> Option<Known> {
    let args = ["index", "versions", name, "--disable-pip-version-check", "--no-input"];
    let output = clients.run(&PROGRAMS, &args, &[])?;
    if !output.status.success() {
        // Without a connection pip says this too, after a warning.
        let absent = says(&output, &["no matching distribution found"])
            && !says(&output, &["retrying", "connection", "timed out", "could not fetch"]);
        return absent.then_some(Known::Absent);
    }
    let text = output.text();
    let line = text.lines().find_map(|line| line.strip_prefix("Available versions: "))?;
    let versions: Vec<&str> = line.split(", ").collect();
    Some(Known::Present(Facts {
        version: version.or_else(|| versions.first().copied()).map(str::to_owned),
        no_such_version: version.is_some_and(|v| !versions.contains(&v)),
        ..Facts::default()
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use sanctum_types::UnixTime;

    #[test]
    fn the_page_of_a_project_is_read() {
        let page = br#"{"name":"a-b","files":[
            {"filename":"a_b-1.0-py3-none-any.whl","upload-time":"2024-01-01T00:00:00Z"},
            {"filename":"a-b-1.0.tar.gz","upload-time":"2024-01-02T00:00:00Z"},
            {"filename":"a_b-1.10.tar.gz","upload-time":"2025-01-01T00:00:00Z"},
            {"filename":"a_b-2.0.tar.gz","upload-time":"2025-02-01T00:00:00Z","yanked":"bad"}]}"#;
        let Some(Known::Present(facts)) = read(page, None) else { panic!() };
        assert_eq!(facts.version.as_deref(), Some("1.10"));
        assert_eq!(facts.created, Some(UnixTime(1_704_067_200)));
        assert_eq!(facts.published, Some(UnixTime(1_735_689_600)));
        let Some(Known::Present(facts)) = read(page, Some("1.0")) else { panic!() };
        assert_eq!(facts.published, Some(UnixTime(1_704_153_600)));
        let Some(Known::Present(facts)) = read(page, Some("3.0")) else { panic!() };
        assert!(facts.no_such_version);
        assert_eq!(read(b"<html>", None), None);
    }

    #[test]
    fn the_configuration_of_pip_is_read() {
        assert_eq!(
            setting("global.index-url='https://r.example/s'", "index-url").as_deref(),
            Some("https://r.example/s")
        );
        assert_eq!(setting(":env:.cert='/x.crt'", "cert").as_deref(), Some("/x.crt"));
        assert_eq!(setting("global.client-cert='x'", "cert"), None);
        let help = "  -i, --index-url <url>       Base URL of the Python Package Index (default\n      https://r.example/simple). This should";
        assert_eq!(built_in(help).as_deref(), Some("https://r.example/simple"));
    }

    #[test]
    fn an_odd_index_leaves_the_others_to_be_asked_and_nothing_absent() {
        let of = |addresses: &[&str]| {
            let all: Vec<String> = addresses.iter().map(|a| (*a).to_owned()).collect();
            let (indexes, partial) = askable(&all);
            let kept: Vec<String> = indexes.into_iter().map(|index| index.address).collect();
            (kept, partial)
        };
        let good = "https://r.example/simple";
        assert_eq!(of(&[good]), (vec![good.to_owned()], false));
        for odd in ["./wheels", "http://r.example/simple", "file:///srv/wheels"] {
            assert_eq!(of(&[good, odd]), (vec![good.to_owned()], true), "{odd}");
            assert_eq!(of(&[odd]), (Vec::new(), true), "{odd}");
        }
    }

    #[test]
    fn a_password_leaves_the_address_and_clear_text_stays_here() {
        let found = index(&["https://me:p%40", "ss@r.example:8443/simple/"].concat()).unwrap();
        assert_eq!(found.address, "https://r.example:8443/simple");
        assert_eq!(found.authorization.unwrap().expose(), "Basic bWU6cEBzcw==");
        assert!(index("http://r.example/simple").is_none());
        assert!(index("http://127.0.0.1:3141/simple").is_some());
        assert!(index("r.example").is_none());
    }
}
