//! What a name says about the value that stands under it, by its last word.

/// The kind of secret that a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Noun {
    /// Chosen by people: short, and letters are enough.
    Password,
    /// Made by machines.
    Token,
    /// Salts, nonces and seeds.
    Salt,
}

const PASSWORDS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "passwrd",
    "pwd",
    "passcode",
    "passwort",
    "requirepass",
    "userpass",
    "dbpass",
    "adminpass",
    "rootpass",
    "loginpass",
    "smtppass",
    "mypass",
    "pswd",
    "pword",
];
const TOKENS: &[&str] = &[
    "secret",
    "token",
    "api_key",
    "apikey",
    "access_key",
    "accesskey",
    "secret_key",
    "secretkey",
    "private_key",
    "privatekey",
    "auth_key",
    "authkey",
    "credential",
    "bearer",
    "encryption_key",
    "signing_key",
    "master_key",
    "account_key",
    "shared_key",
    "sharedkey",
    "app_key",
    "client_key",
    "consumer_key",
    "service_key",
    "admin_key",
    "session_key",
    "storage_key",
    "license_key",
    "logged_in_key",
    "nonce_key",
    "auth_salt",
    "logged_in_salt",
    "nonce_salt",
    "secret_key_base",
    "secret_access_key",
    "hmac_key",
    "cookie_key",
    "jwt_key",
    "aes_key",
    "webhook_key",
    "deploy_key",
    "push_key",
];
const SALTS: &[&str] = &["salt", "nonce", "seed"];
/// Words behind the noun that say which one and not what else: `PASSWORD_PROD`, `token2`, `secret_value`.
const WHICH: &[&str] = &[
    "prod",
    "production",
    "dev",
    "development",
    "test",
    "testing",
    "staging",
    "stage",
    "live",
    "base",
    "value",
    "text",
    "string",
    "str",
    "old",
    "new",
    "current",
    "default",
    "main",
    "admin",
    "root",
    "user",
    "db",
    "plain",
    "raw",
    "hex",
    "b64",
    "base64",
];
/// Words in front of the noun that make it something that is no secret.
const HARMLESS: &[&str] = &[
    "csrf",
    "xsrf",
    "public",
    "page",
    "next",
    "continuation",
    "pagination",
    "sync",
    "cancel",
    "cancellation",
    "syntax",
    "lexer",
    "parser",
    "eof",
    "hash",
    "hashed",
    "encrypted",
    "no",
    "idempotency",
    "etag",
    "marker",
    "design",
    "end",
    "start",
    "stop",
    "pad",
    "unk",
    "bos",
    "eos",
    "sep",
    "cls",
    "mask",
    "captcha",
    "example",
    "sample",
    "dummy",
    "fake",
    "mock",
    "wrong",
    "bad",
    "invalid",
    "incorrect",
    "expected",
    "reset",
    "change",
    "forgot",
    "forget",
    "missing",
    "unused",
    "badge",
];

/// The secret that a name stands for, if its last words do: `db_password` yes, `password_file` no.
pub(crate) fn noun_of(name: &str) -> Option<Noun> {
    let flat = flatten(name);
    let mut words: Vec<&str> = flat.split('_').filter(|word| !word.is_empty()).collect();
    while let [.., _, last] = words.as_slice() {
        if !WHICH.contains(last) && !last.bytes().all(|b| b.is_ascii_digit()) {
            break;
        }
        words.pop();
    }
    let plain = words.join("_");
    let plain = plain.trim_end_matches(|c: char| c.is_ascii_digit());
    let single = plain.strip_suffix('s').filter(|one| !one.ends_with('s')).unwrap_or(plain);
    let ends = |nouns: &[&str]| nouns.iter().any(|noun| single.ends_with(noun));
    if words.iter().rev().skip(1).take(2).any(|word| HARMLESS.contains(word)) {
        return None;
    }
    if ends(PASSWORDS) || single == "pass" || plain == "pass" || plain.ends_with("_pass") {
        return Some(Noun::Password);
    }
    if ends(TOKENS) {
        return Some(Noun::Token);
    }
    let salt = words.last().is_some_and(|word| SALTS.contains(word));
    salt.then_some(Noun::Salt)
}

/// Lower case with one `_` between words, whatever the name's style.
fn flatten(name: &str) -> String {
    let mut flat = String::with_capacity(name.len() + 8);
    let mut before = ' ';
    for c in name.chars() {
        if before.is_ascii_lowercase() && c.is_ascii_uppercase() {
            flat.push('_');
        }
        flat.push(if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' });
        before = c;
    }
    flat
}
