//! What a server answered, without the credential that it was sent.
//!
//! A server that says it back in a common spelling (as it is, base64 at any offset, hexadecimal, percent-encoded, as JSON or HTML has it) is blanked
//! out; what still holds it when it is unfolded is withheld altogether. A server that is of one mind with the agent can say it in other words:
//! which servers are asked is policy's.

use crate::crypt::hex;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use zeroize::Zeroizing;

/// Stands for what was there.
const BLANK: &[u8] = b"[scrubbed]";

/// The answer holds the credential in a way that cannot be blanked out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Withheld;

/// The spellings of a credential.
pub struct Scrub {
    secret: Zeroizing<Vec<u8>>,
    spellings: Vec<Zeroizing<Vec<u8>>>,
}

impl Scrub {
    /// For that credential.
    #[must_use]
    pub fn new(secret: &[u8]) -> Self {
        let mut all: Vec<Zeroizing<Vec<u8>>> = vec![Zeroizing::new(secret.to_vec())];
        let digits = hex(secret);
        all.push(Zeroizing::new(digits.to_ascii_uppercase().into_bytes()));
        all.push(Zeroizing::new(digits.into_bytes()));
        for engine in [&STANDARD, &URL_SAFE] {
            all.push(Zeroizing::new(engine.encode(secret).into_bytes()));
            for before in 0..3 {
                all.push(within_base64(engine, secret, before));
            }
        }
        for spell in [percent, form, json, html] {
            all.push(Zeroizing::new(spell(secret).into_bytes()));
        }
        all.retain(|spelling| !spelling.is_empty());
        // The longest first: a shorter one may be the beginning of it.
        all.sort_by(|one, other| other.len().cmp(&one.len()).then_with(|| one.cmp(other)));
        all.dedup();
        Self { secret: Zeroizing::new(secret.to_vec()), spellings: all }
    }

    /// The text without it.
    ///
    /// # Errors
    /// It is in there in another way.
    pub fn clean(&self, text: &[u8]) -> Result<Vec<u8>, Withheld> {
        let mut clean = text.to_vec();
        for spelling in &self.spellings {
            clean = replaced(&clean, spelling);
        }
        let mut lower = Zeroizing::new(self.secret.to_ascii_lowercase());
        lower.retain(|byte| !byte.is_ascii_whitespace());
        let mut view = clean.clone();
        // Twice: what was encoded twice was meant to be.
        for _ in 0..2 {
            view = unfolded(&view);
            if holds(&view.to_ascii_lowercase(), &lower) {
                return Err(Withheld);
            }
        }
        Ok(clean)
    }
}

/// The characters of a base64 that depend on the secret alone, where that many bytes stand before it.
fn within_base64(engine: &impl base64::Engine, secret: &[u8], before: usize) -> Zeroizing<Vec<u8>> {
    let mut padded = Zeroizing::new(vec![0; before]);
    padded.extend_from_slice(secret);
    let text = Zeroizing::new(engine.encode(&*padded));
    // 6 bits a character: the first ones hold bits of what stands before, the last one may hold bits of what follows.
    let (from, to) = ((before * 8).div_ceil(6), padded.len() * 8 / 6);
    Zeroizing::new(text.as_bytes().get(from..to).unwrap_or_default().to_vec())
}

fn spelled(secret: &[u8], as_is: impl Fn(u8) -> bool, spell: impl Fn(u8) -> String) -> String {
    secret
        .iter()
        .map(|byte| if as_is(*byte) { char::from(*byte).to_string() } else { spell(*byte) })
        .collect()
}

/// RFC 3986, section 2.3.
fn percent(secret: &[u8]) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    spelled(secret, plain, |byte| format!("%{byte:02X}"))
}

/// As forms are sent.
fn form(secret: &[u8]) -> String {
    percent(secret).replace("%20", "+")
}

fn json(secret: &[u8]) -> String {
    let text = serde_json::Value::from(String::from_utf8_lossy(secret).into_owned()).to_string();
    text.trim_start_matches('"').trim_end_matches('"').to_owned()
}

fn html(secret: &[u8]) -> String {
    let text = String::from_utf8_lossy(secret).into_owned();
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn holds(text: &[u8], part: &[u8]) -> bool {
    !part.is_empty() && text.windows(part.len()).any(|window| window == part)
}

fn replaced(text: &[u8], part: &[u8]) -> Vec<u8> {
    let mut clean = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((byte, after)) = rest.split_first() {
        if let Some(behind) = rest.strip_prefix(part) {
            clean.extend_from_slice(BLANK);
            rest = behind;
        } else {
            clean.push(*byte);
            rest = after;
        }
    }
    clean
}

/// With every escape of percent, backslash and ampersand undone, and without white space.
fn unfolded(text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((byte, after)) = rest.split_first() {
        let (one, behind) = escape(*byte, after).unwrap_or((Some(*byte), after));
        plain.extend(one.filter(|byte| !byte.is_ascii_whitespace()));
        rest = behind;
    }
    plain
}

fn escape(first: u8, after: &[u8]) -> Option<(Option<u8>, &[u8])> {
    let code = |digits: &[u8], radix| {
        let text = std::str::from_utf8(digits).ok()?;
        u32::from_str_radix(text, radix).ok().and_then(|code| u8::try_from(code).ok())
    };
    match first {
        b'%' => Some((Some(code(after.get(..2)?, 16)?), after.get(2..)?)),
        b'\\' => match after.split_first()? {
            (b'u', rest) => Some((Some(code(rest.get(..4)?, 16)?), rest.get(4..)?)),
            (b'x', rest) => Some((Some(code(rest.get(..2)?, 16)?), rest.get(2..)?)),
            (b'n' | b'r' | b't', rest) => Some((None, rest)),
            (other, rest) => Some((Some(*other), rest)),
        },
        b'&' => {
            let end = after.iter().take(8).position(|byte| *byte == b';')?;
            let (name, rest) = (after.get(..end)?, after.get(end + 1..)?);
            let byte = match name {
                b"amp" => b'&',
                b"lt" => b'<',
                b"gt" => b'>',
                b"quot" => b'"',
                b"apos" => b'\'',
                [b'#', b'x' | b'X', digits @ ..] => code(digits, 16)?,
                [b'#', digits @ ..] => code(digits, 10)?,
                _ => return None,
            };
            Some((Some(byte), rest))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{any, prop_assert, proptest};

    const SECRET: &[u8] = b"sk-/&\"test +1";

    #[test]
    fn a_credential_does_not_come_back_in_a_common_spelling() {
        let text = "sk-/&\"test +1";
        let upper: String = hex(SECRET).to_ascii_uppercase();
        for spelled in [
            text.to_owned(),
            hex(SECRET),
            upper,
            STANDARD.encode(text),
            URL_SAFE.encode(text),
            "sk-%2F%26%22test%20%2B1".to_owned(),
            "sk-%2F%26%22test+%2B1".to_owned(),
            "sk-/&\\\"test +1".to_owned(),
            "sk-/&amp;&quot;test +1".to_owned(),
        ] {
            let clean = Scrub::new(SECRET).clean(format!("a{spelled}b").as_bytes()).unwrap();
            assert_eq!(clean, b"a[scrubbed]b", "{spelled}");
        }
        // What is odd is withheld.
        for spelled in [
            "SK-/&\"TEST +1",
            "sk-/&\"te\nst +1",
            "sk-%2f%26%22test%20%2b1",
            "\\u0073k-/&\"test +1",
            "&#115;k-/&\"test +1",
            "sk-%252F%2526%2522test%2520%252B1",
        ] {
            assert_eq!(Scrub::new(SECRET).clean(spelled.as_bytes()), Err(Withheld), "{spelled}");
        }
        assert_eq!(Scrub::new(SECRET).clean(b"nothing").unwrap(), b"nothing");
    }

    proptest! {
        #[test]
        fn no_base64_around_it_shows_it(
            before in proptest::collection::vec(any::<u8>(), 0..9),
            after in proptest::collection::vec(any::<u8>(), 0..9),
        ) {
            let whole = [&before[..], b"correct horse battery", &after[..]].concat();
            for text in [STANDARD.encode(&whole), URL_SAFE.encode(&whole)] {
                let clean = Scrub::new(b"correct horse battery").clean(text.as_bytes()).unwrap();
                prop_assert!(holds(&clean, BLANK), "{text}");
            }
        }

        #[test]
        fn no_bytes_panic(text in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = Scrub::new(b"%&\\").clean(&text);
        }
    }
}
