//! Files whose names say that they hold credentials and whose lines have no names for them: `.pgpass`, files of
//! password hashes, files that are one key.
//!
//! Without such a name nothing is found here: a hash in another text is a check and no secret.

use crate::finder::{Look, skip, skip_back, words};
use crate::hint::{Form, Kind};
use crate::matcher::Candidate;
use crate::value;
use std::ops::Range;

/// Longest hash or key.
const LONGEST: usize = 512;
/// A `.pgpass` is small; this bounds what is read of one that is not.
const MOST_LINES: usize = 10_000;

/// The hit begins a hash in crypt(5) form.
pub(crate) fn look(text: &[u8], hit: &Range<usize>, kind: Kind) -> Look {
    let listed = matches!(kind, Kind::Credentials(Form::Hashes) | Kind::Dump);
    let in_hash = |b: u8| {
        b.is_ascii_alphanumeric()
            || matches!(b, b'$' | b'.' | b'/' | b'+' | b'=' | b',' | b'{' | b'}' | b'-')
    };
    let end = skip(text, hit.end, LONGEST, in_hash);
    let start = skip_back(text, hit.start, 1, |b| b == b'$' || b.is_ascii_alphanumeric());
    if listed && start == hit.start && end - hit.end >= 16 {
        return Look::secret(hit.start..end, None);
    }
    Look::nothing(hit.end).read(end)
}

/// The secrets of a file that its name gives away, wherever they stand.
pub(crate) fn all(text: &[u8], kind: Kind) -> Vec<Candidate> {
    match kind {
        Kind::Credentials(Form::Pgpass) => pgpass(text),
        Kind::Credentials(Form::Hashes) => des(text),
        Kind::Credentials(Form::Whole) => whole(text).into_iter().collect(),
        _ => Vec::new(),
    }
}

fn candidate(secret: Range<usize>) -> Candidate {
    Candidate { whole: secret.clone(), secret, key: None, lone: false }
}

fn whole(text: &[u8]) -> Option<Candidate> {
    let start = text.len() - text.trim_ascii_start().len();
    let secret = start..start + text.trim_ascii().len();
    let one_word = words(text, &secret).is_some_and(|word| {
        !word.contains(char::is_whitespace) && !value::stands_for_a_secret(&word)
    });
    (one_word && (16..LONGEST).contains(&secret.len())).then(|| candidate(secret))
}

/// The second fields that are hashes of the first crypt(3): thirteen characters without a sign of their own.
fn des(text: &[u8]) -> Vec<Candidate> {
    const LENGTH: usize = 13;
    let mut found = Vec::new();
    let mut at = 0;
    for line in text.split(|b| *b == b'\n').take(MOST_LINES) {
        let mut fields = line.trim_ascii_end().split(|b| *b == b':');
        if let (Some(user), Some(hash)) = (fields.next(), fields.next()) {
            let coded = hash.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'/'));
            if coded && hash.len() == LENGTH {
                let start = at + user.len() + 1;
                found.push(candidate(start..start + LENGTH));
            }
        }
        at += line.len() + 1;
    }
    found
}

fn pgpass(text: &[u8]) -> Vec<Candidate> {
    let mut found = Vec::new();
    let mut at = 0;
    for line in text.split(|b| *b == b'\n').take(MOST_LINES) {
        let trimmed = line.trim_ascii_end();
        // Four colons that no backslash escapes stand in front of the password.
        let mut colons = 0;
        let mut escaped = false;
        let split = trimmed.iter().position(|b| {
            colons += usize::from(*b == b':' && !escaped);
            escaped = *b == b'\\' && !escaped;
            colons == 4
        });
        if let Some(split) = split.filter(|_| !trimmed.starts_with(b"#")) {
            let secret = at + split + 1..at + trimmed.len();
            if words(text, &secret)
                .is_some_and(|word| !word.is_empty() && !value::stands_for_a_secret(&word))
            {
                found.push(candidate(secret));
            }
        }
        at += line.len() + 1;
    }
    found
}
