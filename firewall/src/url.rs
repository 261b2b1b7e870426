//! The password in front of a URL's host (RFC 3986, section 3.2.1).

use crate::finder::{Look, byte, skip, skip_back, words};
use crate::hint::Kind;
use crate::value;
use crate::words::Letters;
use std::ops::Range;

/// Longer than any user information with a password in it; longer ones carry tokens of known forms.
const LONGEST: usize = 512;
/// Words that documents write in place of a password.
const STAND_INS: &[&str] = &[
    "pass",
    "password",
    "passwd",
    "pwd",
    "pw",
    "secret",
    "token",
    "x-oauth-basic",
    "x-token-auth",
    "apikey",
    "api_key",
    "key",
    "p",
    "bar",
    "baz",
    "foo",
    "user_password",
    "userpassword",
    "mypassword",
    "my_password",
    "auth",
    "user",
    "username",
    "credentials",
    "pass1",
    "password1",
    "xyz",
    "abc",
    "123",
];
/// Hosts of documents and of the machine itself: a word in front of them shows how a URL is written.
const DOCUMENT_HOSTS: &[&str] = &[
    "example.",
    "host",
    "server",
    "localhost",
    "127.",
    "foo.",
    "bar.",
    "domain",
    "[::1]",
    "your",
    "test.",
];

/// The hit is `://`.
pub(crate) fn look(text: &[u8], hit: &Range<usize>, kind: Kind) -> Look {
    let nothing = Look::nothing(hit.end);
    let in_userinfo = |b: u8| {
        b > b' '
            && !matches!(b, b'/' | b'?' | b'#' | b'@' | b'"' | b'\'' | b'<' | b'>' | b'`' | b'\\')
    };
    let colon = skip(text, hit.end, LONGEST, |b| in_userinfo(b) && b != b':');
    if byte(text, colon) != b':' {
        return nothing;
    }
    let mut end = skip(text, colon + 1, LONGEST, in_userinfo);
    // A password may hold an `@` that nobody encoded: the last one in front of the host counts.
    let next = skip(text, end + 1, LONGEST, in_userinfo);
    if byte(text, end) == b'@' && byte(text, next) == b'@' && host_begins(byte(text, next + 1)) {
        end = next;
    }
    if byte(text, end) != b'@' || !host_begins(byte(text, end + 1)) || end == colon + 1 {
        return nothing;
    }
    let scheme = skip_back(text, hit.start, 24, |b| {
        b.is_ascii_alphanumeric() || matches!(b, b'+' | b'.' | b'-')
    });
    if scheme == hit.start || !byte(text, scheme).is_ascii_alphabetic() {
        return nothing;
    }
    let host = skip(text, end + 1, LONGEST, |b| in_userinfo(b) && !matches!(b, b':' | b',' | b')'));
    let part = |range: Range<usize>| words(text, &range).unwrap_or_default();
    let (user, password, host) = (part(hit.end..colon), part(colon + 1..end), part(end + 1..host));
    if is_password(&user, &password, &host, kind) {
        Look::secret(colon + 1..end, None)
    } else {
        nothing
    }
}

fn host_begins(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'['
}

fn is_password(user: &str, password: &str, host: &str, kind: Kind) -> bool {
    let lower = password.to_ascii_lowercase();
    let bare = lower.trim_matches(|c: char| c.is_ascii_punctuation());
    if password.len() < 3 || STAND_INS.contains(&bare) || kind == Kind::Machine {
        return false;
    }
    if value::stands_for_a_secret(password)
        || password.contains(['{', '}', '(', '*', '$', '|', '%'])
            && !has_escape(password)
            && !has_star(password)
    {
        return false;
    }
    if matches!(kind, Kind::Credentials(_)) {
        return true;
    }
    if kind != Kind::Unknown && (value::is_proverbial(password) || value::has_escapes(password)) {
        return false;
    }
    let letters = Letters::of(password.as_bytes());
    let digits = password.bytes().any(|b| b.is_ascii_digit()) && !password.contains('%');
    let host = host.to_ascii_lowercase();
    let document = DOCUMENT_HOSTS.iter().any(|start| host.starts_with(start));
    // `user:pass123@host` shows a form, and so does a name that is its own password.
    let says = ["pass", "secre", "token", "pwd"].iter().any(|word| lower.contains(word));
    if says || user.eq_ignore_ascii_case(password) {
        return false;
    }
    if document {
        return digits && !value::is_sequence(password) && password.len() >= 6;
    }
    // In code and documents a word shows a form too; a message or a setting shows what is in use.
    let word = letters.are_words() && !digits && matches!(kind, Kind::Code | Kind::Text);
    password.len() >= 4 && !word
}

/// Whether a star is the only sign of a pattern in it, and digits and letters say that it is none.
fn has_star(password: &str) -> bool {
    let any = |class: fn(&u8) -> bool| password.bytes().any(|b| class(&b));
    !password.contains(['{', '}', '(', '[', '$', '|', '%', '^'])
        && !password.contains(".*")
        && !password.contains("**")
        && any(u8::is_ascii_digit)
        && any(u8::is_ascii_alphabetic)
}

/// Whether every `%` begins an escape.
fn has_escape(password: &str) -> bool {
    let mut rest = password.as_bytes();
    let other = ['{', '}', '(', '*', '$', '|'];
    while let Some(at) = rest.iter().position(|b| *b == b'%') {
        let digits = rest.get(at + 1..at + 3).unwrap_or_default();
        if digits.len() < 2 || !digits.iter().all(u8::is_ascii_hexdigit) {
            return false;
        }
        rest = rest.get(at + 3..).unwrap_or_default();
    }
    !password.contains(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, kind: Kind) -> Option<&str> {
        let at = text.find("://").expect("a URL");
        let candidate = look(text.as_bytes(), &(at..at + 3), kind).candidate?;
        text.get(candidate.secret)
    }

    #[test]
    fn a_password_in_front_of_a_host_is_told_from_a_form() {
        for (text, password) in [
            ("postgres://app:hunter2@db.internal:5432/house", Some("hunter2")),
            ("redis://:s3ntinelX@cache:6379/0", Some("s3ntinelX")),
            ("amqp://ci:kq82Jd0s@localhost", Some("kq82Jd0s")),
            ("mongodb+srv://a:p@ss9w0rdX@cluster.internal/", Some("p@ss9w0rdX")),
            ("https://u:a%40b9c@h.internal/", Some("a%40b9c")),
            ("https://u:kq8*2Jd0s@h.internal/", Some("kq8*2Jd0s")),
            ("https://u:[a-z0-9]*@h.internal/", None),
            ("https://u:ab**9@h.internal/", None),
            ("https://u:*@h.internal/", None),
            ("http://user:pass@example.com", None),
            ("http://user:password@host/", None),
            ("http://foo:bar@localhost", None),
            ("http://root:root@db.internal", None),
            ("http://u:${PASS}@db.internal", None),
            ("http://u:%s@db.internal", None),
            ("http://10.0.0.1:8080/a@b", None),
            ("http://[::1]:8080/a@b", None),
            ("://u:hunter2@host", None),
        ] {
            assert_eq!(found(text, Kind::Unknown), password, "{text}");
        }
        assert_eq!(found("socks5://john:smith@proxy.house", Kind::Code), None);
        assert_eq!(found("socks5://john:smith@proxy.house", Kind::Settings), Some("smith"));
    }
}
