//! What answers say about the effect, and where credentials may go.

use super::*;

fn answer(status: u16, body: &str, html: bool) -> Result<Answer, Lost> {
    Ok(Answer {
        status,
        retry_after: Some(9),
        html,
        body: Zeroizing::new(body.as_bytes().to_vec()),
    })
}

/// One letter for each verdict: ok, later, never, unknown; the first for a read, the second for a change.
#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "a table reads better without references")]
fn check(answer: Result<Answer, Lost>, expected: &str) {
    let letter = |is_read| match judge(is_read, answer.clone()) {
        Ok(_) => 'o',
        Err(Failure::Later { .. }) => 'l',
        Err(Failure::Never(_)) => 'n',
        Err(Failure::Unknown(_)) => 'u',
    };
    assert_eq!([letter(true), letter(false)].iter().collect::<String>(), expected, "{answer:?}");
}

#[test]
fn what_answers_say() {
    check(answer(200, "{}", false), "oo");
    check(answer(201, "{}", false), "oo");
    check(answer(204, "", false), "oo");
    check(answer(200, "", true), "nu");
    check(answer(200, "  <!doctype html>", false), "nu");
    check(answer(302, "", false), "nu");
    check(answer(400, "{}", false), "nn");
    check(answer(401, "{}", false), "nn");
    check(answer(401, "<!", false), "nu");
    check(answer(403, "{}", false), "nn");
    check(answer(404, "{}", false), "nn");
    check(answer(404, "", true), "nu");
    check(answer(408, "", false), "lu");
    check(answer(409, "", false), "nn");
    check(answer(429, "", false), "ll");
    check(answer(500, "", false), "lu");
    check(answer(503, "", false), "lu");
    check(answer(999, "", false), "nu");
    check(Err(Lost::NotSent), "ll");
    check(Err(Lost::OnTheWay), "lu");
}

#[test]
fn a_limit_says_how_long() {
    let limited = Failure::Later { reason: Reason::RateLimited, after: Some(9) };
    assert_eq!(judge(false, answer(429, "", false)).map(drop), Err(limited));
}

#[test]
fn broken_json_after_a_change_leaves_it_unknown() {
    assert_eq!(parse::<u8>(true, b"<"), Err(Failure::Never(Reason::NotTheProvider)));
    assert_eq!(parse::<u8>(false, b"<"), Err(Failure::Unknown(Reason::NotTheProvider)));
}

#[test]
fn credentials_go_to_https_or_to_this_machine() {
    for good in [
        "https://openrouter.ai/api/v1",
        "http://127.0.0.1:1/x",
        "http://localhost:8",
        "http://[::1]:8",
    ] {
        assert!(Client::new(good).is_ok(), "{good}");
    }
    for bad in [
        "http://openrouter.ai",
        "http://127.0.0.1.example.com",
        "https://user:word@openrouter.ai",
        "https://openrouter.ai/?a=b",
        "https://",
        "openrouter.ai",
        "ftp://openrouter.ai",
        "",
    ] {
        assert!(Client::new(bad).is_err(), "{bad}");
    }
    assert_eq!(
        Client::new("https://iam.example.com:8443/x").unwrap().host(),
        "iam.example.com:8443"
    );
}

#[test]
fn nothing_is_shown_of_a_credential() {
    let token = Secret::new("hidden".to_owned());
    let request =
        Request::new("POST", "/hidden").bearer(&token).body("text/plain", b"hidden".to_vec());
    let shown = format!("{request:?} {:?}", answer(200, "hidden", false));
    assert!(!shown.contains("hidden") && !shown.contains("104"), "{shown}");
    assert_eq!(encode("a/b c:é"), "a%2Fb%20c%3A%C3%A9");
}

#[test]
fn nobody_there_means_not_sent() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let client = Client::new(&format!("http://127.0.0.1:{port}")).unwrap();
    assert_eq!(client.send(&Request::new("GET", "/")).map(drop), Err(Lost::NotSent));
}

/// What a client gives up on: an answer that does not come, does not end, or is longer than any of a provider's.
#[test]
fn answers_have_bounds_of_time_and_size() {
    use std::io::Write as _;
    let length = usize::try_from(LONGEST_ANSWER).unwrap();
    let head = |more: &str| format!("HTTP/1.1 200 OK\r\n{more}connection: close\r\n\r\n");
    let whole = |more: usize| format!("{}{}", head(""), "x".repeat(length + more));
    let long_head = head(&format!("x: {}\r\n", "x".repeat(LONGEST_HEAD)));
    for (said, ends, fits) in [
        (whole(0), true, true),
        (whole(1), true, false),
        (long_head, true, false),
        (head(""), false, false),
        (String::new(), false, false),
    ] {
        let there = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", there.local_addr().unwrap());
        let (done, wait) = std::sync::mpsc::channel::<()>();
        let shown = format!("{} bytes, ends: {ends}", said.len());
        let server = std::thread::spawn(move || {
            let (mut stream, _) = there.accept().unwrap();
            let _asked = stream.read(&mut [0; 1024]);
            let _gone = stream.write_all(said.as_bytes());
            if !ends {
                // A client without patience is long gone by then; one without a bound would get the end.
                let _over = wait.recv_timeout(Duration::from_secs(20));
            }
        });
        let client = Client::within(&base, Duration::from_secs(2)).unwrap();
        let answer = client.send(&Request::new("GET", "/"));
        drop(done);
        server.join().unwrap();
        assert_eq!(answer.map(drop).err(), (!fits).then_some(Lost::OnTheWay), "{shown}");
    }
}
