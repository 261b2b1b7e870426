//! Whether a value looks like a secret rather than like a word, a path, a reference or a placeholder.
//!
//! Shannon entropy of n characters cannot exceed log2(n), so one fixed threshold never fires on short or
//! hexadecimal values. Here the yardstick is what a uniformly random string of the same alphabet and the
//! same length would show. Absent on purpose: dictionaries and anything that learns.

use crate::noun::{Noun, noun_of};
use sanctum_types::SecretRef;

/// Fewer characters do not tell a random value from a word.
const SHORTEST_RANDOM: usize = 16;
/// Enough to judge by; bounds the cost of a long value.
const LONGEST_SAMPLE: usize = 256;
/// Share of the expected entropy that a random value keeps: of 20,000 strings of 16 hexadecimal
/// digits, the alphabet and length that vary most, 0.3 % fell below.
const RANDOM_SHARE: f64 = 0.80;
/// The same for tokens of a known form, which mix random parts with counters and decimal identifiers: of 20,000
/// simulated tokens of the most mixed forms (Slack's) none fell below 0.69.
const VARIED_SHARE: f64 = 0.65;
/// Share of neighbours that change kind (letter to digit, lower to upper case). Random base 62 shows 0.45,
/// random hexadecimal 0.47; identifiers and prose stay below. One in thirty random lower-case values of
/// 20 characters falls below too.
const CHANGE_SHARE: f64 = 0.18;
/// Policies seldom allow shorter passwords.
const SHORTEST_PASSWORD: usize = 6;
/// Longer than the words by which settings say how a password is got (`interactive` has eleven letters).
const LONG_PASSWORD: usize = 12;

/// Whether `value` looks uniformly random for its alphabet and length, as a key without a known form does.
pub(crate) fn looks_random(value: &[u8]) -> bool {
    let sample = sample(value);
    // Without a digit it is more often an identifier in camel case than one of the few keys that have none.
    let digit = sample.iter().any(u8::is_ascii_digit);
    digit
        && sample.len() >= SHORTEST_RANDOM
        && changes(&sample) >= CHANGE_SHARE
        && shares(&sample, RANDOM_SHARE)
}

/// Whether what follows a known prefix varies enough to be a key and is no placeholder: a weaker test than
/// [`looks_random`], because a token that has the right form must not be missed.
pub(crate) fn is_varied(value: &[u8]) -> bool {
    let placeholder = std::str::from_utf8(value).is_ok_and(is_placeholder);
    let sample = sample(value);
    !placeholder && !is_counted(&sample) && shares(&sample, VARIED_SHARE)
}

fn sample(value: &[u8]) -> Vec<u8> {
    value.iter().copied().filter(u8::is_ascii_alphanumeric).take(LONGEST_SAMPLE).collect()
}

/// Whether the entropy is at least this share of what chance would show.
fn shares(sample: &[u8], share: f64) -> bool {
    entropy(sample) >= share * expected_entropy(sample.len(), alphabet(sample))
}

/// The share of neighbours that differ in kind.
fn changes(sample: &[u8]) -> f64 {
    let differs = |pair: &&[u8]| match pair {
        [a, b] => {
            a.is_ascii_digit() != b.is_ascii_digit()
                || (a.is_ascii_lowercase() && b.is_ascii_uppercase())
        }
        _ => false,
    };
    let count = sample.windows(2).filter(differs).count();
    as_f64(count) / as_f64(sample.len().saturating_sub(1).max(1))
}

/// The size of the smallest usual alphabet that holds every byte of `sample`.
fn alphabet(sample: &[u8]) -> usize {
    let all = |class: fn(&u8) -> bool| sample.iter().all(class);
    if all(u8::is_ascii_digit) {
        10
    } else if all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        || all(|b| matches!(b, b'0'..=b'9' | b'A'..=b'F'))
    {
        16
    } else if all(|b| b.is_ascii_digit() || b.is_ascii_lowercase())
        || all(|b| b.is_ascii_digit() || b.is_ascii_uppercase())
    {
        36
    } else {
        62
    }
}

/// Shannon entropy of the byte frequencies, in bits per byte.
fn entropy(sample: &[u8]) -> f64 {
    let mut counts = [0_usize; 256];
    for byte in sample {
        if let Some(count) = counts.get_mut(usize::from(*byte)) {
            *count += 1;
        }
    }
    let n = as_f64(sample.len());
    counts.iter().filter(|c| **c > 0).map(|c| as_f64(*c) / n).map(|p| -p * p.log2()).sum()
}

/// The mean entropy of `n` uniform draws from `k` symbols: each symbol's count is binomial.
fn expected_entropy(n: usize, k: usize) -> f64 {
    let (n_f, p) = (as_f64(n), 1.0 / as_f64(k));
    let ratio = p / (1.0 - p);
    let mut weight = (1.0 - p).powf(n_f);
    let mut mean = 0.0;
    for count in 1..=n {
        let c = as_f64(count);
        weight *= ratio * (n_f - c + 1.0) / c;
        mean += weight * c * (n_f / c).log2() / n_f;
    }
    mean * as_f64(k)
}

fn as_f64(n: usize) -> f64 {
    // Samples are at most LONGEST_SAMPLE long.
    u32::try_from(n).map_or(f64::MAX, f64::from)
}

/// Whether a value under this key is a secret in clear, in text of any kind.
fn is_assigned_secret(key: &str, value: &str) -> bool {
    let Some(noun) = noun_of(key).filter(|noun| *noun != Noun::Salt) else { return false };
    if stands_for_a_secret(value) {
        return false;
    }
    looks_random(value.as_bytes()) || (noun == Noun::Password && looks_like_password(value))
}

/// Whether a scalar under this key is a secret in clear, in a file whose values are not code: there a long
/// word under a password's name is a password too.
pub(crate) fn is_scalar_secret(key: &str, value: &str) -> bool {
    let word = value.chars().count() >= LONG_PASSWORD && !value.contains(char::is_whitespace);
    is_assigned_secret(key, value)
        || (noun_of(key) == Some(Noun::Password) && word && !stands_for_a_secret(value))
}

pub(crate) fn stands_for_a_secret(value: &str) -> bool {
    is_reference(value) || is_placeholder(value) || is_path(value)
}

/// At least six characters, no code, and letters mixed with digits or marks.
fn looks_like_password(value: &str) -> bool {
    let code = |c: char| c.is_whitespace() || matches!(c, '(' | ')' | '{' | '}' | '<' | '>' | '.');
    let letters = value.chars().any(char::is_alphabetic);
    let digits = value.chars().any(|c| c.is_ascii_digit());
    let marks =
        value.chars().any(|c| c.is_ascii_punctuation() && !matches!(c, '_' | '-' | '/' | ':'));
    value.chars().count() >= SHORTEST_PASSWORD
        && !value.chars().any(code)
        && letters
        && (digits || marks)
}

/// Whether a value reads like an expression or a type of a programming language.
pub(crate) fn is_code(value: &str) -> bool {
    let word = |name: &str| name.chars().all(|c| c.is_ascii_alphabetic() || matches!(c, '_' | '.'));
    let constant = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    ["(", "::", "->"].iter().any(|sign| value.contains(sign))
        || value.split_once('[').is_some_and(|(name, rest)| rest.contains(']') || word(name))
        || value.starts_with(['*', '&'])
        || (value.contains('_') && value.chars().all(constant))
}

/// Digits and letters that follow each other by the smallest step, up or down: how a stand-in of the right length is typed. Of
/// random values the likeliest to look so, sixteen decimal digits, one in 100,000 does.
fn is_counted(sample: &[u8]) -> bool {
    steps(sample) * 4 >= sample.len().saturating_sub(1) * 3
}

/// How many characters follow their neighbour by a step of one at most.
pub(crate) fn steps(sample: &[u8]) -> usize {
    let near = |pair: &&[u8]| match pair {
        [a, b] => a.abs_diff(*b) <= 1,
        _ => false,
    };
    sample.windows(2).filter(near).count()
}

/// What a program made of a secret so that it can be published: Vault's transit and Puppet's and Salt's GPG values by
/// their prefixes; a sealed secret of Kubernetes by the length of the RSA key in front, 512 bytes in two.
fn is_ciphertext(value: &str) -> bool {
    const SHORTEST: usize = 24;
    const SEALED: usize = 684;
    let coded = |text: &str| {
        let plain = text.trim_end_matches('=');
        plain.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'-' | b'_'))
    };
    let transit = value.strip_prefix("vault:v").and_then(|rest| rest.split_once(':'));
    let transit = transit.filter(|(version, _)| version.bytes().all(|b| b.is_ascii_digit()));
    let body = transit.map(|(_, body)| body).or_else(|| value.strip_prefix("gpg:"));
    let sealed =
        value.strip_prefix("Ag").is_some_and(|rest| rest.starts_with(['A', 'B', 'C', 'D']));
    body.is_some_and(|body| body.len() >= SHORTEST && coded(body))
        || sealed && value.len() >= SEALED && coded(value)
}

/// A place where a secret is kept, a ciphertext, or a password hash in crypt form.
fn is_reference(value: &str) -> bool {
    let hash =
        value.strip_prefix('$').and_then(|rest| rest.split_once('$')).is_some_and(|(id, _)| {
            !id.is_empty() && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        });
    hash || SecretRef::parse(value).is_some()
        || value.starts_with("env:")
        || value.starts_with("ENC[")
        || is_ciphertext(value)
}

/// A file name, absolute or relative, none of whose parts looks random.
fn is_path(value: &str) -> bool {
    let rooted = ["/", "~/", "./", "../"].iter().any(|root| value.starts_with(root));
    rooted && !value.split('/').any(|part| looks_random(part.as_bytes()))
}

/// A stand-in for a value: a variable, a word in brackets, a word that says so, one repeated character.
pub(crate) fn is_placeholder(value: &str) -> bool {
    let inner = value.trim_matches(|c| matches!(c, '"' | '\''));
    let wrapped = [
        ("${", "}"),
        ("{{", "}}"),
        ("<", ">"),
        ("$(", ")"),
        ("%", "%"),
        ("@", "@"),
        ("[", "]"),
        ("$", ""),
        ("!", ""),
    ];
    let named = |s: &str| {
        !s.is_empty()
            && s.chars()
                .all(|c| c.is_ascii_alphabetic() || matches!(c, '_' | ' ' | '-' | '.' | ':' | '/'))
    };
    let in_brackets = wrapped.iter().any(|(open, close)| {
        inner.strip_prefix(open).and_then(|s| s.strip_suffix(close)).is_some_and(named)
    });
    let lower = inner.to_ascii_lowercase();
    let says_so = [
        "pass",
        "password",
        "passwd",
        "secret",
        "token",
        "changeme",
        "change-me",
        "change_me",
        "example",
        "redacted",
        "placeholder",
        "none",
        "null",
        "true",
        "false",
    ];
    let part_says_so =
        ["your-", "your_", "replace", "example-", "example_", "xxxx", "****", "...."];
    let mut chars = inner.chars();
    let first = chars.next();
    in_brackets
        || says_so.contains(&lower.as_str())
        || part_says_so.iter().any(|part| lower.starts_with(part))
        || (first.is_some() && chars.all(|c| Some(c) == first))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn expectation_agrees_with_values_worked_out_by_hand() {
        // One draw shows nothing; of two draws from two symbols half differ and show one bit.
        assert!(expected_entropy(1, 16).abs() < 1e-9);
        assert!((expected_entropy(2, 2) - 0.5).abs() < 1e-9);
        // Long strings approach log2(k).
        assert!((expected_entropy(256, 2) - 1.0).abs() < 0.01);
    }

    #[test]
    fn words_paths_and_repetitions_do_not_look_random() {
        for plain in [
            "correct-horse-battery-staple",
            "com.sanctum.secret-rotation-scan",
            "ThisIsALongCamelCaseIdentifier",
            "the quick brown fox jumps over",
            "aaaaaaaaaaaaaaaaaaaaaaaa",
            "0000000000000000000000000",
            "1234567890123456789012345",
            "shortA1b2",
            "SpCompleteAuthTokenFnAndMore",
        ] {
            assert!(!looks_random(plain.as_bytes()), "{plain}");
        }
    }

    #[test]
    fn expressions_types_and_hashes_are_no_secrets_in_clear() {
        for code in [
            "getToken()",
            "certs[0][2]",
            "Dict[str",
            "Token::new2",
            "*const",
            "&mut",
            "WIN32_ERROR",
        ] {
            assert!(is_code(code), "{code}");
        }
        for value in ["hunter2", "hunter2[x", "Tr0ub4dor&3", "WIN32", "a*b1c2d3"] {
            assert!(!is_code(value), "{value}");
        }
        assert!(!is_assigned_secret("password", "$argon2id$v=19$m=65536,t=3$c2FsdHNhbHQ"));
        assert!(is_assigned_secret("password", "$ecret1"));
    }

    #[test]
    fn ciphertexts_and_counted_digits_are_no_secrets() {
        let body = "k8Zq1wL7vR3nX5bT9cM2pJ4dF6hG0sYa";
        let sealed = format!("AgB{}", body.repeat(22));
        for value in [&format!("vault:v1:{body}"), &format!("gpg:{body}=="), &sealed] {
            assert!(!is_scalar_secret("db_password", value), "{value}");
        }
        // What only begins like one is what it is.
        for value in
            ["vault:v1:kq82Jd0s", "gpg:kq82Jd0s", "AgBkq82Jd0s", &format!("vault:vx:{body}")]
        {
            assert!(is_scalar_secret("db_password", value), "{value}");
        }
        for (value, varied) in [
            ("1234567890abcdef1234567890abcdef", false),
            ("9876543210fedcba9876543210fedcba", false),
            ("1234867590abcdfe1324567089badcfe", true),
        ] {
            assert_eq!(is_varied(value.as_bytes()), varied, "{value}");
        }
    }

    #[test]
    fn placeholders_are_known() {
        for text in [
            "${DB_PASS}",
            "$TOKEN",
            "{{ token }}",
            "<password>",
            "%TOKEN%",
            "@password@",
            "changeme",
            "xxxxxxxx",
            "your-token",
            "********",
        ] {
            assert!(is_placeholder(text), "{text}");
        }
        for text in ["", "hunter2", "$ecret1", "${x}9f8"] {
            assert!(!is_placeholder(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn random_hexadecimal_fires_whatever_its_length(bytes in proptest::collection::vec(any::<u8>(), 16..64)) {
            let hex: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
            // A run of equal draws is possible; a law about chance is stated for strings that use most digits.
            prop_assume!(hex.bytes().collect::<std::collections::BTreeSet<_>>().len() >= 12);
            prop_assume!(changes(hex.as_bytes()) >= CHANGE_SHARE);
            prop_assert!(looks_random(hex.as_bytes()));
        }

        #[test]
        fn entropy_never_exceeds_the_logarithm_of_the_length(text in "[a-zA-Z0-9]{1,64}") {
            prop_assert!(entropy(text.as_bytes()) <= as_f64(text.len()).log2() + 1e-9);
        }
    }
}
