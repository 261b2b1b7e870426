//! Whether a value that stands under a secret's name is a secret in clear.
//!
//! Literals are judged by structure and by letters: names, words, references, templates and placeholders are
//! none. A bare value in code is an expression and never a secret here.

use crate::hint::{Form, Kind};
use crate::noun::Noun;
use crate::random;
use crate::words::Letters;

/// How a value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Between quotes.
    Quoted,
    /// To the end of the word, behind a sign without spaces or a colon.
    Bare,
    /// To the end of the word, behind an equals sign with spaces, as languages without keywords write
    /// expressions too.
    Spaced,
    /// Between tags.
    Element,
}

/// Fewest characters of a password in any file.
const SHORTEST_PASSWORD: usize = 6;
/// The same in a file that holds credentials.
const SHORTEST_CREDENTIAL: usize = 3;
/// Fewest characters of a token.
const SHORTEST_TOKEN: usize = 10;
/// The same where nothing marks it as a literal.
const SHORTEST_BARE_TOKEN: usize = 16;
/// Longer than any password or token of an open form; signed tokens and keys have kinds of their own.
const LONGEST: usize = 1024;

/// Whether `value` is a secret in clear under a name with this noun.
pub(crate) fn is_secret(noun: Noun, value: &str, shape: Shape, kind: Kind) -> bool {
    let value = value.trim();
    let count = value.chars().count();
    if count > LONGEST || kind == Kind::Machine || stands_for_a_secret(value) {
        return false;
    }
    if shape != Shape::Quoted && (random::is_code(value) || kind == Kind::Code) {
        // No name is random, so a random word is a literal in code too: in a comment, a query, a template.
        let literal = shape == Shape::Bare && noun == Noun::Token && count >= SHORTEST_BARE_TOKEN;
        return literal
            && !random::is_code(value)
            && is_token(value)
            && random::looks_random(value.as_bytes());
    }
    if shape != Shape::Quoted && value.starts_with("--") {
        return false;
    }
    if matches!(kind, Kind::Credentials(Form::Named | Form::Netrc)) {
        return count >= SHORTEST_CREDENTIAL && (noun != Noun::Salt || count >= SHORTEST_TOKEN);
    }
    if kind != Kind::Unknown && (is_proverbial(value) || has_escapes(value)) {
        return false;
    }
    if value.contains("::") || value.ends_with("()") {
        return false;
    }
    if value.contains(char::is_whitespace) || !value.is_ascii() {
        return count >= LONG_PHRASE && is_noise(value);
    }
    match noun {
        Noun::Password => is_password(value, shape, kind),
        // A short word behind a sign is a number of a badge, a version, a page.
        Noun::Token if shape != Shape::Quoted && count < SHORTEST_BARE_TOKEN => false,
        Noun::Token => is_token(value),
        Noun::Salt => shape == Shape::Quoted && is_token(value) && is_mixed(value),
    }
}

/// Words for a secret with digits and marks in place of letters, and the word that every example takes: what
/// documents and tests show. Read so only where the file is known, so that a redacted text is not spared.
pub(crate) fn is_proverbial(value: &str) -> bool {
    let plain: String = value
        .chars()
        .filter_map(|c| match c.to_ascii_lowercase() {
            '0' => Some('o'),
            '1' | '!' => Some('i'),
            '3' => Some('e'),
            '4' | '@' => Some('a'),
            '5' | '$' => Some('s'),
            '7' => Some('t'),
            c => c.is_ascii_lowercase().then_some(c),
        })
        .collect();
    let said = [
        "password",
        "passwd",
        "passphrase",
        "secret",
        "hunter",
        "letmein",
        "qwerty",
        "correcthorse",
    ];
    let words = Letters::of(plain.as_bytes()).are_words();
    words && plain.len() <= LONG_PROVERB && said.iter().any(|word| plain.contains(word))
}

/// Longer values with such a word in them are generated around it.
const LONG_PROVERB: usize = 24;

/// Escapes of bytes: what tests of parsers write.
pub(crate) fn has_escapes(value: &str) -> bool {
    let bytes = value.as_bytes();
    let percent = bytes.windows(3).filter(|w| match w {
        [b'%', a, b] => a.is_ascii_hexdigit() && b.is_ascii_hexdigit(),
        _ => false,
    });
    ["\\x", "\\0", "\\n", "\\t", "\\u"].iter().any(|escape| value.contains(escape))
        || percent.count() >= 2
}

/// Generated keys with spaces in them, such as WordPress's, have 64 characters.
const LONG_PHRASE: usize = 32;

/// Printable noise: one character in four is a mark and another digits.
fn is_noise(value: &str) -> bool {
    let count = |class: fn(&u8) -> bool| value.bytes().filter(class).count();
    value.is_ascii()
        && count(u8::is_ascii_punctuation) * 5 >= value.len()
        && count(u8::is_ascii_digit) > 0
        && !Letters::of(value.as_bytes()).are_words()
}

fn is_mixed(value: &str) -> bool {
    value.bytes().any(|b| b.is_ascii_digit()) && value.bytes().any(|b| b.is_ascii_alphabetic())
}

fn is_password(value: &str, shape: Shape, kind: Kind) -> bool {
    if value.len() < SHORTEST_PASSWORD || DOCUMENTED.contains(&value) {
        return false;
    }
    let letters = Letters::of(value.as_bytes());
    let count = |class: fn(&u8) -> bool| value.bytes().filter(class).count();
    let digits = count(u8::is_ascii_digit);
    let marks = count(|b| b.is_ascii_punctuation() && !is_joint(*b));
    let joints = count(|b| is_joint(*b));
    if digits + marks == 0 {
        return letters.pairs >= 4 && letters.are_chance(4);
    }
    if digits == value.len() {
        return shape == Shape::Quoted && !is_sequence(value);
    }
    if shape == Shape::Spaced && kind == Kind::Unknown && letters.are_words() && marks == 0 {
        return false;
    }
    if letters.pairs == 0 {
        return digits > 0 && marks > 0;
    }
    // `password2`, `new-password`, `user_v2_password`: names of fields and settings.
    let named = letters.are_words() && marks == 0 && digits <= 2;
    let joined = joints > 0 && kind != Kind::Settings;
    !(named && (joined || says_its_noun(value))) && !is_identifier_text(value, marks)
}

/// Marks that stand in names too.
fn is_joint(byte: u8) -> bool {
    matches!(byte, b'_' | b'-' | b'.' | b'/' | b':')
}

fn says_its_noun(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    ["passw", "pwd", "pass", "secret", "token", "key", "user", "admin", "test"]
        .iter()
        .any(|word| lower.contains(word))
}

/// Calls, selectors, prose with a mark at its end: marks that belong to code or to sentences.
fn is_identifier_text(value: &str, marks: usize) -> bool {
    let words = Letters::of(value.as_bytes()).are_words();
    let digits = value.bytes().any(|b| b.is_ascii_digit());
    let code = ['(', ')', '{', '}', '<', '>', ';', '\\', '=', '|', '`', '"', '\'', ',', '[', ']'];
    let ends = value.ends_with([':', '?', '.', '!', '*', ','])
        || value.starts_with(['#', '.', '@', ':', '%', '$', '&', '-', '+', '?']);
    let address = value.split_once('@').is_some_and(|(_, host)| host.contains('.'));
    let path = value.contains('/') && value.contains(['*', '.']);
    words && marks > 0 && !digits && (value.contains(code) || ends || address || path)
}

fn is_token(value: &str) -> bool {
    if value.len() < SHORTEST_TOKEN || is_sequence(value) {
        return false;
    }
    if value.contains(['(', '{', '<', ' ', '\\', ';']) {
        return value.len() >= LONG_PHRASE && is_noise(value);
    }
    if is_uuid(value) {
        return true;
    }
    if DOCUMENTED.contains(&value) {
        return false;
    }
    let letters = Letters::of(value.as_bytes());
    let hex = value.bytes().all(|b| b.is_ascii_hexdigit());
    let random = random::looks_random(value.as_bytes());
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    // `pkcs15Token`: what names a token has it in its name, and few digits.
    let lower = value.to_ascii_lowercase();
    if digits <= 4 && ["token", "secret", "passw"].iter().any(|word| lower.contains(word)) {
        return false;
    }
    if hex {
        return random || (value.len() < SHORTEST_BARE_TOKEN && digits_within(value) >= 2);
    }
    if random {
        return !letters.are_words() || digits_within(value) >= 3;
    }
    if digits == 0 {
        return letters.pairs >= 8 && letters.are_chance(8);
    }
    let within = digits_within(value);
    let whole = within > 1 || !value.bytes().any(is_joint);
    is_mixed(value) && digits >= 2 && (letters.are_chance(2) && whole || within >= 3)
}

/// How many runs of digits stand between letters: names have few, chance has many.
fn digits_within(value: &str) -> usize {
    let kinds = value.bytes().map(|b| (b.is_ascii_digit(), b.is_ascii_alphabetic()));
    let (mut count, mut after_letter, mut in_digits) = (0, false, false);
    for (digit, letter) in kinds {
        count += usize::from(letter && in_digits);
        in_digits = digit && (after_letter || in_digits);
        after_letter = letter;
    }
    count
}

/// Values that standards print: RFC 6749 and 6750, the core specification of OAuth 1.0 and RFC 5849, and the
/// key format of one-time passwords.
const DOCUMENTED: &[&str] = &[
    "2YotnFZFEjr1zCsicMWpAA",
    "tGzv3JOkF0XG5Qx2TlKWIA",
    "mF_9.B5f-4.1JqM",
    "dpf43f3p2l4k3l03",
    "kd94hf93k423kf44",
    "nnch734d00sl2jdk",
    "pfkkdhi9sl3r4s00",
    "hh5s93j4hdidpola",
    "hdhd0244k9j7ao03",
    "9djdj82h48djs9d2",
    "kkk9d7dh3k39sjv7",
    "dh893hdasih9",
    "j49sk3j29djd",
    "JBSWY3DPEHPK3PXP",
    "gX1fBat3bV",
];

/// The form of RFC 9562: 8-4-4-4-12 hexadecimal digits.
pub(crate) fn is_uuid(value: &str) -> bool {
    let parts: Vec<usize> = value.split('-').map(str::len).collect();
    parts == [8, 4, 4, 4, 12] && value.bytes().all(|b| b == b'-' || b.is_ascii_hexdigit())
}

/// Whether most characters follow their neighbour by the same small step: `123456`, `abcdef0123`, `aaaa`.
pub(crate) fn is_sequence(value: &str) -> bool {
    random::steps(value.as_bytes()) * 5 >= value.len().saturating_sub(1) * 3
}

/// References, placeholders, templates, paths and addresses.
pub(crate) fn stands_for_a_secret(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    let template =
        ["${", "#{", "{{", "<%", "%(", "$(", "%s", "%v", "{}", "{0}", "$env", "://", "@@"];
    let says = [
        "example",
        "sample",
        "dummy",
        "placeholder",
        "changeme",
        "change_me",
        "change-me",
        "your",
        "xxx",
        "***",
        "...",
        "insert",
        "todo",
        "foobar",
        "replace",
        "fake",
        "mysecret",
        "not-a-",
        "notasecret",
        "undefined",
        "secret:",
        "enter ",
        "…",
        "•••",
        "process.env",
        "os.environ",
        "getenv",
    ];
    let whole =
        value.starts_with(['{', '<', '[', '$', '%']) && value.ends_with(['}', '>', ']', '%', ')']);
    whole
        || template.iter().any(|sign| lower.contains(sign))
        || says.iter().any(|word| lower.contains(word))
        || random::stands_for_a_secret(value)
        || lower.starts_with("{cipher}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_judged_by_their_structure() {
        let secrets = [
            (Noun::Password, "hunter2"),
            (Noun::Password, "Tr0ub4dor&3"),
            (Noun::Password, "qzmbdkfa"),
            (Noun::Password, "48151623"),
            (Noun::Password, "kq82Jd0s"),
            (Noun::Token, "q7Zt9LmX4vRb"),
            (Noun::Token, "7d2f1b04-55c2-4be3-8f0c-9f2f4a1f0a11"),
            (Noun::Token, "00a3aae641658d"),
            (Noun::Token, "qwzjxkvbnpqrtl"),
            (Noun::Token, "k3!9x@q$vw7#z&b2m^p*d5(t8)r1-u6=y0+e4s_aohjcnfgli"),
            (Noun::Salt, "Mq4YHD2syxYTMsH1"),
        ];
        for (noun, value) in secrets {
            assert!(is_secret(noun, value, Shape::Quoted, Kind::Unknown), "{value}");
        }
        let plain = [
            (Noun::Password, "password"),
            (Noun::Password, "password2"),
            (Noun::Password, "new-password"),
            (Noun::Password, "auth.password.label"),
            (Noun::Password, "Enter your password"),
            (Noun::Password, "television"),
            (Noun::Password, "passwordTooShort"),
            (Noun::Password, "123456789"),
            (Noun::Password, "getPassword()"),
            (Noun::Password, "${DB_PASSWORD}"),
            (Noun::Password, "user@example.com"),
            (Noun::Password, "#id_password"),
            (Noun::Password, "allauth.account.forms.SetPasswordForm"),
            (Noun::Password, "Пароль"),
            (Noun::Token, "access_token_url"),
            (Noun::Token, "SpCompleteAuthTokenFnAndMore"),
            (Noun::Token, "application/x-www-form-urlencoded"),
            (Noun::Token, "0123456789abcdef0123456789abcdef"),
            (Noun::Token, "pbkdf2_sha256"),
            (Noun::Token, "pkcs-9-at-pkcs15Token"),
            (Noun::Token, "2YotnFZFEjr1zCsicMWpAA"),
            (Noun::Token, "abc123"),
            (Noun::Salt, "salty"),
        ];
        for (noun, value) in plain {
            assert!(!is_secret(noun, value, Shape::Quoted, Kind::Unknown), "{value}");
        }
    }

    #[test]
    fn the_kind_of_a_file_decides_how_a_bare_value_and_a_word_are_read() {
        let password = |value: &str, shape, kind| is_secret(Noun::Password, value, shape, kind);
        for (value, shape, kind, secret) in [
            ("hunter2", Shape::Bare, Kind::Unknown, true),
            ("hunter2", Shape::Bare, Kind::Code, false),
            ("hunter2", Shape::Quoted, Kind::Code, false),
            ("kq82Jd0s", Shape::Quoted, Kind::Code, true),
            ("kq82Jd0s", Shape::Bare, Kind::Settings, true),
            ("zulu-kilo-99", Shape::Bare, Kind::Settings, true),
            ("zulu-kilo-99", Shape::Bare, Kind::Unknown, false),
            ("pass%5B%7F", Shape::Quoted, Kind::Text, false),
            ("marzipan", Shape::Bare, Kind::Settings, false),
            ("marzipan", Shape::Bare, Kind::Credentials(Form::Named), true),
            ("winter is coming", Shape::Quoted, Kind::Credentials(Form::Named), true),
            ("${MARZIPAN}", Shape::Quoted, Kind::Credentials(Form::Named), false),
            ("marzipan", Shape::Bare, Kind::Credentials(Form::Hashes), false),
            ("--network=x9k2", Shape::Bare, Kind::Settings, false),
            ("kq82Jd0s", Shape::Quoted, Kind::Machine, false),
        ] {
            assert_eq!(password(value, shape, kind), secret, "{value} {shape:?} {kind:?}");
        }
        let token = "q7Zt9LmX4vRb2Kd8WnPc";
        assert!(is_secret(Noun::Token, token, Shape::Bare, Kind::Code));
        assert!(!is_secret(Noun::Token, "SessionToken2Builder", Shape::Bare, Kind::Code));
    }
}
