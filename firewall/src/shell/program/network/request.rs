//! Clients of HTTP and FTP: what is fetched, what is sent, what a method destroys on services that are known.

use super::super::{Parsed, known_file, options, part, paths_in};
use super::host_of;
use crate::shell::effect::Effect;
use crate::shell::value::{Taint, Text, Value, from, known, taint, unknown};
use crate::shell::walk::{Input, State, Walker};

const CURL: &str = "
-X -d -H -F -T -o -u -x -b -c -e -A -m -w -E -K -r -y -Y -z -C -D -Q -t -U -P --request --data --data-raw --data-binary --data-urlencode --data-ascii --json
--header --form --form-string --upload-file --output --user --proxy --cookie --cookie-jar --referer --user-agent --max-time --connect-timeout
--write-out --cert --key --cacert --capath --config --range --retry --retry-delay --retry-max-time --resolve --url --output-dir --interface --dump-header
--limit-rate --max-redirs --proxy-user --oauth2-bearer --aws-sigv4 --unix-socket --url-query --netrc-file --ciphers --stderr --trace --trace-ascii --max-filesize --dns-servers --proto --tlsv1 --continue-at --time-cond --variable --expand-url --hostpubmd5
";

#[expect(clippy::too_many_lines, reason = "one option after another, each once")]
pub(super) fn curl(w: &mut Walker<'_>, st: &mut State, args: &[Text], input: &Input) -> Value {
    let p = options(args, CURL);
    if p.has(&["-V", "-h", "--help", "--version", "-M", "--manual"]) {
        return unknown();
    }
    let urls: Vec<Text> = p
        .operands
        .iter()
        .map(|o| (*o).clone())
        .chain(p.values(&["--url", "--expand-url"]).cloned())
        .collect();
    let host = urls
        .iter()
        .find(|u| !local(&u.s))
        .or_else(|| urls.first())
        .map(|u| host_of(&u.s))
        .unwrap_or_default();
    request(w, &p, &urls, &host);
    for value in p.values(&[
        "-d",
        "--data",
        "--data-raw",
        "--data-binary",
        "--data-urlencode",
        "--data-ascii",
        "--json",
        "-F",
        "--form",
        "-T",
        "--upload-file",
        "-b",
        "--cookie",
        "--url-query",
        "--form-string",
        "--variable",
    ]) {
        body(w, st, value, input, &host);
    }
    for file in p.values(&["-T", "--upload-file"]) {
        if let Some(secret) = known_file(w, st, file) {
            w.leaves(&secret, &host);
        }
    }
    for url in &urls {
        w.leaves(&url.taint, &host);
    }
    for value in p.values(&[
        "-H",
        "--header",
        "-u",
        "--user",
        "--oauth2-bearer",
        "-A",
        "--user-agent",
        "-e",
        "--referer",
        "--proxy-header",
    ]) {
        header(w, st, value, &host);
    }
    for value in p.values(&["-K", "--config", "--netrc-file", "--key", "-E", "--cert"]) {
        // A key for the connection itself is used, not sent; a list of options is read.
        if p.values(&["-K", "--config", "--netrc-file"]).any(|v| v == value) {
            w.read_file(st, value);
        }
        if p.values(&["-K", "--config"]).any(|v| v == value) {
            let list = super::super::contents(w, st, &[value], input);
            configured(w, st, &list, input);
        }
    }
    // Only files of this machine: nothing comes from afar.
    let fetched = if !urls.is_empty() && urls.iter().all(|u| local(&u.s)) {
        local_files(w, st, &urls)
    } else {
        from(Taint::remote())
    };
    let fetched = if p.has(&["-I", "--head"]) { unknown() } else { fetched };
    stored(w, st, &p, &urls, fetched)
}

/// A list of options that this text wrote: one a line, without dashes, with `=`, `:` or a space before the value.
fn configured(w: &mut Walker<'_>, st: &mut State, list: &[Text], input: &Input) {
    for text in list {
        let mut args = Vec::new();
        for line in text.s.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#')) {
            let (name, value) = line.split_once(['=', ':', ' ', '\t']).unwrap_or((line, ""));
            let value = value.trim_matches([' ', '=', ':', '\t', '"']);
            let dashes = if name.starts_with('-') { "" } else { "--" };
            // A list cannot name a list: the work ends here.
            if matches!(name.trim_start_matches('-'), "config" | "K") {
                continue;
            }
            args.push(part(text, &format!("{dashes}{}", name.trim())));
            if !value.is_empty() {
                args.push(part(text, value));
            }
        }
        if !args.is_empty() && text.known().is_some() {
            w.deeper(unknown(), |w| curl(w, st, &args, input));
        }
    }
}

fn local(url: &str) -> bool {
    url.to_ascii_lowercase().starts_with("file:")
}

fn local_files(w: &mut Walker<'_>, st: &State, urls: &[Text]) -> Value {
    let mut out = known("");
    for url in urls {
        let path = url
            .s
            .trim_start_matches("file:")
            .trim_start_matches("//")
            .trim_start_matches("localhost");
        let content = w.read_file(st, &part(url, path));
        out = crate::shell::value::concat(&out, &content);
    }
    out
}

/// Where the answer goes: standard output or files.
fn stored(
    w: &mut Walker<'_>,
    st: &mut State,
    p: &Parsed<'_>,
    urls: &[Text],
    fetched: Value,
) -> Value {
    let mut kept = false;
    let directory = p.value("--output-dir").cloned();
    let names: Vec<Text> = p.values(&["-o", "--output"]).cloned().collect();
    for name in &names {
        if matches!(name.s.as_str(), "-" | "/dev/stdout") {
            continue;
        }
        let path = directory
            .as_ref()
            .map_or_else(|| name.clone(), |d| part(name, &format!("{}/{}", d.s, name.s)));
        w.write_file(st, &path, fetched.clone(), false);
        kept = true;
    }
    if p.has(&["-O", "--remote-name", "--remote-name-all"]) {
        for url in urls {
            let name = url
                .s
                .split(['?', '#'])
                .next()
                .unwrap_or("")
                .rsplit('/')
                .next()
                .unwrap_or("")
                .to_owned();
            let path = directory
                .as_ref()
                .map_or_else(|| part(url, &name), |d| part(url, &format!("{}/{name}", d.s)));
            w.write_file(st, &path, fetched.clone(), false);
        }
        kept = true;
    }
    if kept && names.iter().all(|n| n.s != "-") { known("") } else { fetched }
}

/// The method, and what it destroys on services that are known by their addresses.
fn request(w: &mut Walker<'_>, p: &Parsed<'_>, urls: &[Text], host: &str) {
    let method = p
        .value("-X")
        .or_else(|| p.value("--request"))
        .map(|m| m.s.to_ascii_uppercase())
        .unwrap_or_default();
    for url in urls {
        destroys(w, &method, &url.s, host);
    }
    let bodies = p.values(&["-d", "--data", "--data-raw", "--data-binary", "--json"]);
    for text in bodies {
        if urls.iter().any(|u| u.s.contains("_delete_by_query"))
            || text.s.contains("\"delete\"") && urls.iter().any(|u| u.s.contains("_bulk"))
        {
            w.effect(Effect::Destroys { what: "Deletes from a search engine".to_owned() });
        }
    }
}

#[expect(clippy::too_many_lines, reason = "one option after another, each once")]
pub(in crate::shell) fn destroys(w: &mut Walker<'_>, method: &str, url: &str, host: &str) {
    let path = url
        .split_once("://")
        .map_or(url, |(_, rest)| rest)
        .split_once('/')
        .map_or("", |(_, path)| path);
    if url.contains("/doDelete")
        || url.contains("/_delete_by_query")
        || url.contains("/quietDown")
        || url.contains("/safeExit")
    {
        w.effect(Effect::Destroys { what: format!("Deletes on the server {host}") });
        return;
    }
    if method != "DELETE" {
        return;
    }
    let service = [
        ":9200",
        ":9300",
        ":7700",
        ":5601",
        ":8200",
        ":2375",
        ":2376",
        ":6443",
        ":8001",
        ":15672",
        ":8500",
        ":9090",
        ":3000/api/dashboards",
        ":8086",
        ":6333",
    ]
    .iter()
    .any(|port| url.contains(port))
        || [
            "algolia",
            "elastic",
            "opensearch",
            "gitlab",
            "github",
            "jenkins",
            "circleci",
            "bitbucket",
            "amazonaws",
            "googleapis",
            "azure",
            "cloudflare",
            "digitalocean",
            "hetzner",
            "heroku",
            "vercel",
            "netlify",
            "stripe",
            "docker",
            "npmjs",
            "grafana",
            "datadog",
            "meilisearch",
            "vault",
            "consul",
            "kube",
        ]
        .iter()
        .any(|n| host.contains(n))
        || [
            "indexes/",
            "api/v4/",
            "_data_stream/",
            "_snapshot/",
            "_all",
            "repos/",
            "v1/secret",
            "v2/keys",
        ]
        .iter()
        .any(|p| path.starts_with(p));
    let here = ["localhost", "127.0.0.1", "[::1]", "0.0.0.0"].iter().any(|l| host.starts_with(l));
    let what = format!("Deletes on the server {host}");
    if service {
        w.effect(Effect::Destroys { what });
    } else if !here {
        w.effect(Effect::Touches { what });
    }
}

/// A part of a request's body: text, `@file`, `name=@file`, `name=<file`, `-`.
fn body(w: &mut Walker<'_>, st: &State, value: &Text, input: &Input, host: &str) {
    w.leaves(&value.taint, host);
    let file = value
        .s
        .strip_prefix('@')
        .or_else(|| value.s.split_once("=@").map(|(_, f)| f))
        .or_else(|| value.s.split_once("=<").map(|(_, f)| f))
        .or_else(|| {
            value
                .s
                .split_once('@')
                .filter(|(name, _)| name.chars().all(char::is_alphanumeric))
                .map(|(_, f)| f)
        });
    let file = file.map(|f| f.split(';').next().unwrap_or(f));
    let upload = file.is_none().then_some(value.s.as_str());
    for name in file.into_iter().chain(upload) {
        if matches!(name, "-" | "." | "/dev/stdin") {
            w.leaves(&input.as_deref().map(taint).unwrap_or_default(), host);
            continue;
        }
        // Text that happens to be a file's name is only text, but `-T name` is the file.
        let path = part(value, name);
        if (file.is_some() || name.contains('/') || name.starts_with('.'))
            && let Some(secret) = known_file(w, st, &path)
        {
            w.leaves(&secret, host);
        }
    }
}

/// A credential in a header is where it belongs when the server is the one it is for.
pub(super) fn header(w: &mut Walker<'_>, st: &State, value: &Text, host: &str) {
    if let Some(file) = value.s.strip_prefix('@')
        && let Some(secret) = known_file(w, st, &part(value, file))
    {
        w.leaves(&secret, host);
    }
    let Some(what) = value.taint.secret.as_deref() else { return };
    let vendor = what.trim_start_matches('$').split('_').next().unwrap_or("").to_ascii_lowercase();
    let vendor = match vendor.as_str() {
        "gh" => "github",
        "hf" => "huggingface",
        "do" => "digitalocean",
        "cf" => "cloudflare",
        v => v,
    };
    let host_only = host.split(':').next().unwrap_or(host);
    let domain: String = host_only
        .rsplit('.')
        .take(2)
        .collect::<Vec<_>>()
        .into_iter()
        .rev()
        .collect::<Vec<_>>()
        .join(".");
    let own = vendor.len() > 2 && domain.starts_with(vendor);
    let here =
        ["localhost", "127.0.0.1", "[", "host.docker.internal"].iter().any(|l| host.starts_with(l));
    if own || here {
        return;
    }
    let usual = [
        "authorization:",
        "x-api-key:",
        "private-token:",
        "x-auth-token:",
        "api-key:",
        "x-vault-token:",
    ]
    .iter()
    .any(|h| value.s.to_ascii_lowercase().starts_with(h));
    w.effect(Effect::Sends {
        what: what.to_owned(),
        over: host.to_owned(),
        header: usual && what.starts_with('$'),
    });
}

#[expect(clippy::too_many_lines, reason = "one option after another, each once")]
pub(super) fn wget(w: &mut Walker<'_>, st: &mut State, args: &[Text], input: &Input) -> Value {
    let p = options(
        args,
        "-O -o -P -U -T -t -i -e -a -Q -A -R -D --output-document --output-doc --output-file --directory-prefix --user-agent --timeout --tries --input-file --execute --header --post-data --post-file --body-data --body-file --method --user --password --http-user --http-password --referer --load-cookies --ca-certificate --certificate --private-key --limit-rate --wait",
    );
    if p.has(&["-V", "-h", "--help", "--version"]) {
        return unknown();
    }
    let urls: Vec<Text> = p.operands.iter().map(|o| (*o).clone()).collect();
    let host = urls.first().map(|u| host_of(&u.s)).unwrap_or_default();
    let method = p.value("--method").map(|m| m.s.to_ascii_uppercase()).unwrap_or_default();
    for url in &urls {
        destroys(w, &method, &url.s, &host);
        w.leaves(&url.taint, &host);
    }
    for code in p.values(&["--use-askpass"]) {
        w.script(&mut st.clone(), code, None);
    }
    for value in p.values(&["--post-data", "--body-data"]) {
        w.leaves(&value.taint, &host);
    }
    for value in p.values(&["--post-file", "--body-file"]) {
        let sent = if value.s == "-" {
            input.clone().unwrap_or_else(unknown)
        } else {
            vec![Text::tainted(known_file(w, st, value).unwrap_or_default())]
        };
        w.leaves(&taint(&sent), &host);
    }
    for value in p.values(&["--header", "--user", "--password", "--http-password"]) {
        header(w, st, value, &host);
    }
    for value in p.values(&["-i", "--input-file"]) {
        w.read_file(st, value);
    }
    for value in p.values(&["-e", "--execute"]) {
        if value.s.starts_with("use_askpass") {
            w.run(&mut st.clone(), &[part(value, value.s.rsplit('=').next().unwrap_or(""))], None);
        }
    }
    let named = p
        .options
        .iter()
        .find(|(n, _)| n == "-O" || n.starts_with("--output-d"))
        .and_then(|(_, v)| v.clone());
    match named {
        Some(path) if matches!(path.s.as_str(), "-" | "/dev/stdout") => from(Taint::remote()),
        Some(path) => {
            w.write_file(st, &path, from(Taint::remote()), false);
            known("")
        }
        None if p.has(&["--spider"]) => unknown(),
        None => {
            let directory = p
                .value("-P")
                .or_else(|| p.value("--directory-prefix"))
                .map(|d| format!("{}/", d.s))
                .unwrap_or_default();
            for url in &urls {
                let name =
                    url.s.split(['?', '#']).next().unwrap_or("").rsplit('/').next().unwrap_or("");
                let name = if name.is_empty() { "index.html" } else { name };
                w.write_file(
                    st,
                    &part(url, &format!("{directory}{name}")),
                    from(Taint::remote()),
                    false,
                );
            }
            known("")
        }
    }
}

pub(super) fn httpie(w: &mut Walker<'_>, st: &mut State, args: &[Text], input: &Input) -> Value {
    let p = options(
        args,
        "-a --auth -o --output -A --auth-type --session --timeout -b -p --print --proxy --verify --cert --cert-key",
    );
    let mut operands = p.operands.iter();
    let first = operands.next().map(|o| o.s.to_ascii_uppercase()).unwrap_or_default();
    let method =
        matches!(first.as_str(), "GET" | "POST" | "PUT" | "PATCH" | "DELETE" | "HEAD" | "OPTIONS")
            .then_some(first);
    let url = if method.is_some() { operands.next().copied() } else { p.operands.first().copied() };
    let host = url.map(|u| host_of(&u.s)).unwrap_or_default();
    if let (Some(method), Some(url)) = (&method, url) {
        destroys(w, method, &url.s, &host);
    }
    w.leaves(&input.as_deref().map(taint).unwrap_or_default(), &host);
    for item in operands {
        if item.s.contains(':') && !item.s.contains('=') && !item.s.contains('@') {
            header(w, st, item, &host);
        } else {
            w.leaves(&item.taint, &host);
            for path in paths_in(item) {
                if let Some(secret) = known_file(w, st, &path) {
                    w.leaves(&secret, &host);
                }
            }
        }
    }
    match p.value("-o").or_else(|| p.value("--output")).cloned() {
        Some(path) => {
            w.write_file(st, &path, from(Taint::remote()), false);
            known("")
        }
        None => from(Taint::remote()),
    }
}

pub(super) fn fetcher(
    w: &mut Walker<'_>,
    st: &mut State,
    name: &str,
    args: &[Text],
    input: &Input,
) -> Value {
    let p = options(args, "-o -d --out --dir -O -e -c -u -p -a -n");
    for code in p.values(&["-e", "-c"]).filter(|_| name == "lftp") {
        for piece in code.s.split(';') {
            let mut words = piece.split_ascii_whitespace();
            if matches!(words.next(), Some("put" | "mput" | "mirror")) {
                for word in words {
                    if let Some(secret) = known_file(w, st, &part(code, word)) {
                        w.leaves(&secret, "lftp");
                    }
                }
            }
        }
    }
    w.leaves(&input.as_deref().map(taint).unwrap_or_default(), name);
    for arg in args {
        w.leaves(&arg.taint, name);
    }
    if let Some(path) = p.values(&["-o", "--out", "-O"]).next().cloned() {
        w.write_file(st, &path, from(Taint::remote()), false);
        return known("");
    }
    if matches!(name, "aria2c" | "axel") {
        for url in &p.operands {
            let file = url.s.split('?').next().unwrap_or("").rsplit('/').next().unwrap_or("");
            w.write_file(st, &part(url, file), from(Taint::remote()), false);
        }
        return known("");
    }
    from(Taint::remote())
}
