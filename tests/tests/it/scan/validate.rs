//! `scan --validate`: who is asked, how, and what becomes of the answers.
//!
//! The server here is a STAND-IN, not the real thing: it knows the requests of a few providers by their documents and
//! refuses everything else. `--validate-at` leads there, which only a command line can say.

use super::bed::{Bed, token};
use crate::cli::program::{Ran, sanctum};
use serde_json::Value;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

/// What was asked: request line, host in its path, and the headers in order.
type Asked = Arc<Mutex<Vec<(String, Vec<String>)>>>;

/// A server on this machine that answers by request line.
struct StandIn {
    at: String,
    asked: Asked,
}

impl StandIn {
    fn new(answer: impl Fn(&str, &[String]) -> String + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let at = format!("http://{}", listener.local_addr().unwrap());
        let asked = Asked::default();
        let kept = Arc::clone(&asked);
        std::thread::spawn(move || {
            while let Ok((mut stream, _)) = listener.accept() {
                let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
                let Some(Ok(line)) = lines.next() else { continue };
                let headers: Vec<String> =
                    lines.map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
                let said = answer(&line, &headers);
                kept.lock().unwrap().push((line, headers));
                let _gone = stream.write_all(said.as_bytes());
            }
        });
        Self { at, asked }
    }

    fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> =
            self.asked.lock().unwrap().iter().map(|(line, _)| line.clone()).collect();
        lines.sort();
        lines
    }
}

fn answer(status: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
}

/// Made-up keys of providers' forms, in parts.
fn gitlab(kind: char) -> String {
    format!("glp{}{kind}{}", "at-", "Jx7Qk2Vn9Rt4Ws8Lz3B")
}

pub(super) fn openrouter() -> String {
    [
        "sk-or",
        "-v1-",
        "3f9a1c7be2d84506",
        "91f0c2ab77de4835",
        "0b6cd1e2f3a49587",
        "8d7e6f5a4b3c2d1f",
    ]
    .concat()
}

fn slack() -> String {
    ["xox", "b-", "194827365018", "-", "Kq8Jd0sLw3Zx7Vb2Nm5Tr9Yp"].concat()
}

fn telegram() -> String {
    ["918273645", ":AA", "Hk2Lq9Xw7Zr4Tb6Vn8Mc1Sd3Fg5Jh0Py_"].concat()
}

/// Everything that a report says of validity, by rule.
fn states(report: &Value) -> Vec<(String, String)> {
    let all = report["findings"].as_array().unwrap().iter();
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    all.map(|one| (word(&one["rule"]), word(&one["validity"]["state"]))).collect()
}

/// Knows four providers, of whose keys two are alive.
fn providers() -> StandIn {
    StandIn::new(|line, headers| {
        let has = |header: String| headers.iter().any(|one| one.eq_ignore_ascii_case(&header));
        match line {
            "GET /gitlab.com/api/v4/personal_access_tokens/self HTTP/1.1" => {
                let alive = has(format!("private-token: {}", gitlab('A')));
                answer(if alive { "200 OK" } else { "401 Unauthorized" }, "{}")
            }
            "GET /openrouter.ai/api/v1/key HTTP/1.1"
                if has(format!("authorization: Bearer {}", openrouter())) =>
            {
                answer("401 Unauthorized", "{}")
            }
            "POST /slack.com/api/auth.test HTTP/1.1"
                if has(format!("authorization: Bearer {}", slack())) =>
            {
                answer("200 OK", "{\"ok\": false, \"error\": \"token_revoked\"}")
            }
            line if line == format!("GET /api.telegram.org/bot{}/getMe HTTP/1.1", telegram()) => {
                answer("200 OK", "{\"ok\":true,\"result\":{}}")
            }
            _ => answer("404 Not Found", "{}"),
        }
    })
}

/// Two files with keys of those providers, a URL with a password, and a kind that nobody is asked about.
fn keys() -> Bed {
    let bed = Bed::new();
    let url = ["https://me:", "kq82", "Jd0s@127.0.0.1:9/x"].concat();
    let twice = format!("{}\n{}\n", gitlab('A'), gitlab('B'));
    bed.write("code/a", &twice);
    let more = [openrouter(), slack(), telegram(), url, token('A')].join("\n");
    bed.write("code/b", &format!("{twice}{more}\n"));
    bed
}

#[test]
fn each_secret_is_asked_about_once_where_its_kind_says() {
    let (provider, bed) = (providers(), keys());
    let arguments = ["--json", "--validate", "--validate-at", &provider.at];
    let report = bed.scan("code", &arguments).exits(3).json();
    let said: Vec<(String, String)> = states(&report);
    let said: Vec<(&str, &str)> = said.iter().map(|(rule, state)| (&**rule, &**state)).collect();
    assert_eq!(
        said,
        [
            ("gitlab-pat", "active"),
            ("gitlab-pat", "unknown"),
            ("gitlab-pat", "active"),
            ("gitlab-pat", "unknown"),
            ("openrouter-key", "inactive"),
            ("slack-token", "inactive"),
            ("telegram-bot-token", "active"),
            ("url-password", "not-asked"),
            ("aws-access-key-id", "not-asked"),
        ]
    );
    assert_eq!(report["findings"][1]["validity"]["cause"], "the key is not accepted");
    assert_eq!(provider.lines().len(), 5, "{:?}", provider.lines());
    // A secret is in a header only, but where a provider has it in its paths.
    let keys = [gitlab('A'), gitlab('B'), openrouter(), slack(), telegram()];
    for (line, headers) in provider.asked.lock().unwrap().iter() {
        let holds = |text: &&String| keys.iter().any(|key| text.contains(key));
        let in_path = line.contains("telegram");
        assert_eq!(headers.iter().filter(holds).count(), usize::from(!in_path), "{line}");
        assert_eq!(holds(&line), in_path, "{line}");
    }
}

#[test]
fn what_providers_said_is_in_every_report_and_no_secret_is() {
    let (provider, bed) = (providers(), keys());
    let ask = |format| {
        let arguments = ["--format", format, "--validate", "--validate-at", &provider.at];
        let ran = bed.scan("code", &arguments).exits(3);
        for secret in [gitlab('A'), gitlab('B'), openrouter(), slack(), telegram()] {
            assert!(!ran.stdout.contains(&secret) && !ran.stderr.contains(&secret), "{format}");
        }
        ran
    };
    ask("json");
    let text = ask("text").stdout;
    for words in [
        "active at its provider",
        "inactive at its provider",
        "unknown at its provider: the key is not accepted",
        "not asked: no harmless question",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let log = ask("sarif").json();
    assert_eq!(log["runs"][0]["results"][0]["properties"]["validity"]["state"], "active");
}

#[test]
fn an_odd_answer_is_never_a_verdict_and_no_redirect_is_followed() {
    let elsewhere = StandIn::new(|_, _| answer("200 OK", "{}"));
    let at = elsewhere.at.clone();
    let moved = move |status: &str| {
        format!(
            "HTTP/1.1 {status}\r\nlocation: {at}/x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        )
    };
    let page =
        "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\nconnection: close\r\n\r\n<!doctype html>"
            .to_owned();
    let bare = "HTTP/1.1 401 Unauthorized\r\nconnection: close\r\n\r\n<!doctype html>".to_owned();
    let cases = [
        (moved("302 Found"), "the answer is not the provider's"),
        (moved("307 Temporary Redirect"), "the answer is not the provider's"),
        (page, "the answer is not the provider's"),
        (bare, "the answer is not the provider's"),
        (answer("403 Forbidden", "{}"), "the key may not do that"),
        (answer("429 Too Many Requests", "{}"), "the provider limits the rate"),
        (answer("500 Internal Server Error", "{}"), "the provider has trouble"),
        (answer("204 No Content", ""), "the answer says neither"),
        (String::new(), "there was no answer"),
    ];
    for (said, cause) in cases {
        let provider = StandIn::new(move |_, _| said.clone());
        let bed = Bed::new();
        bed.write("code/a", &openrouter());
        let report = bed
            .scan("code", &["--json", "--validate", "--validate-at", &provider.at])
            .exits(3)
            .json();
        let validity = &report["findings"][0]["validity"];
        assert_eq!(validity["state"], "unknown", "{cause}: {validity}");
        assert_eq!(validity["cause"], cause);
        assert_eq!(provider.lines().len(), 1);
    }
    assert_eq!(elsewhere.lines(), Vec::<String>::new());
}

#[test]
fn nobody_is_asked_where_nobody_asked_for_it() {
    let provider = StandIn::new(|_, _| answer("200 OK", "{}"));
    let bed = Bed::new();
    bed.write("code/a", &openrouter());
    let at = provider.at.as_str();
    // Without the word, and for what is accepted.
    let report = bed.scan("code", &["--json"]).exits(3).json();
    assert_eq!(report["findings"][0].get("validity"), None);
    bed.scan("code", &["--write-baseline", "../known"]).exits(0);
    bed.scan("code", &["--baseline", "../known", "--validate", "--validate-at", at]).exits(0);
    // Where others' homes are looked into, in a hook, and where the address is nobody's to believe.
    bed.scan("code", &["--all", "--validate"]).exits(2);
    bed.scan("code", &["--staged", "--validate"]).exits(2);
    bed.scan("code", &["--validate-at", at]).exits(2);
    bed.scan("code", &["--validate", "--validate-at", "http://192.0.2.1"]).exits(4).says("https");
    // In a job.
    let mut command = bed.command(sanctum(), "code");
    command.args(["scan", "--validate", "--validate-at", at]).env("SANCTUM_JOB", "secret-scan");
    Ran::of(&command.output().unwrap()).exits(4).says("secret-scan");
    assert_eq!(provider.lines(), Vec::<String>::new());
}

#[test]
fn no_proxy_of_the_environment_hears_of_it() {
    let (provider, proxy, bed) = (providers(), StandIn::new(|_, _| answer("200 OK", "{}")), keys());
    let mut command = bed.command(sanctum(), "code");
    command.args(["scan", "--json", "--validate", "--validate-at", &provider.at]);
    for name in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]
    {
        command.env(name, &proxy.at);
    }
    Ran::of(&command.output().unwrap()).exits(3);
    assert_eq!(proxy.lines(), Vec::<String>::new());
    assert_eq!(provider.lines().len(), 5);
}

#[test]
fn a_provider_out_of_reach_is_told_of_without_the_secret_in_its_path() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = format!("http://{}", free.local_addr().unwrap());
    drop(free);
    let bed = Bed::new();
    bed.write("code/a", &telegram());
    let ran = bed.scan("code", &["--json", "--validate", "--validate-at", &at]).exits(3);
    assert!(!ran.stdout.contains(&telegram()) && !ran.stderr.contains(&telegram()), "{ran:?}");
    let validity = ran.json()["findings"][0]["validity"].clone();
    assert_eq!(validity["state"], "unknown");
    assert_eq!(validity["cause"], "the provider cannot be reached");
}
