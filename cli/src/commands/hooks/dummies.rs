//! Fake secrets that tests may hold: made here, registered, and let pass exactly as they are.
//!
//! Kept as keyed hashes in one file for the owner only, below a path that agents may not write; a value is shown once, when it is
//! made. Deliberately absent: registering a value that somebody brings, which would be a way to let a real one pass.

use crate::args::hook::{Dummy, DummyKind};
use crate::commands::Context;
use crate::failure::{Exit, Failure};
use crate::output::Paint;
use crate::record::{self, Deed, Recorder};
use sanctum_host::{Blobs, clock, files, random};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::cell::OnceCell;
use std::path::PathBuf;

/// Some thousand dummies.
const LIMIT: u64 = 1 << 20;
/// Tries to make a value that the engine takes for one of its kind: some kinds have a checksum or a bar for randomness.
const TRIES: usize = 64;

/// The file.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Register {
    format: u32,
    /// Of the hashes, in hexadecimal.
    key: String,
    dummies: Vec<Entry>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    name: String,
    kind: String,
    made: i64,
    note: String,
    hash: String,
}

impl Register {
    fn hash(&self, value: &str) -> String {
        // The key is of one length and random: nobody can look a value up, and equal is all that is asked.
        Blobs::digest(format!("{}\n{value}", self.key).as_bytes()).to_string()
    }
}

/// The registered ones, read when the first secret is met.
#[derive(Debug, Default)]
pub(in crate::commands) struct Dummies(OnceCell<Option<Register>>);

impl Dummies {
    /// Whether this text is one of them.
    pub(in crate::commands) fn holds(&self, context: &Context, text: &str) -> bool {
        // A file that cannot be read registers nothing.
        let register = self.0.get_or_init(|| read(context).ok().flatten());
        let Some(register) = register else { return false };
        let hash = register.hash(text);
        register.dummies.iter().any(|entry| entry.hash == hash)
    }
}

/// `sanctum hooks dummy`.
pub(super) fn run(context: &Context, verb: &Dummy) -> Result<Exit, Failure> {
    match verb {
        Dummy::Mint { kind, note } => mint(context, *kind, note),
        Dummy::List => list(context),
        Dummy::Revoke { name } => revoke(context, name),
    }
}

fn mint(context: &Context, kind: DummyKind, note: &str) -> Result<Exit, Failure> {
    super::own_home(context)?;
    let value = made(kind)?;
    let mut register = read(context)?.unwrap_or_default();
    if register.key.is_empty() {
        let mut key = [0_u8; 32];
        random::fill(&mut key)?;
        register.key = hex(&key);
        register.format = 1;
    }
    let hash = register.hash(&value);
    let mark: String = hash.chars().rev().take(8).collect();
    let name = format!("{}-{mark}", word(kind));
    let note = sanctum_firewall::redact(note).text;
    register.dummies.push(Entry {
        name: name.clone(),
        kind: word(kind).to_owned(),
        made: clock::now().0,
        note,
        hash,
    });
    let deed = Deed::new("hooks.dummy-mint", &name);
    record::during(context, Recorder::of_account(&context.around), &deed, |_| {
        write(context, &register)
    })?;
    context.out.line(Paint::Good, &format!("{name}: it opens nothing, and passes from now on"));
    // Whatever else is printed is covered; this is no secret, and shown this once.
    let shown = if context.out.json {
        json!({ "format": 1, "name": name, "kind": word(kind), "value": value }).to_string()
    } else {
        value
    };
    context.out.bytes(format!("{shown}\n").as_bytes())?;
    Ok(Exit::Done)
}

fn list(context: &Context) -> Result<Exit, Failure> {
    let register = read(context)?.unwrap_or_default();
    let mut all = Vec::new();
    for entry in &register.dummies {
        let Entry { name, kind, made, note, .. } = entry;
        context.out.line(Paint::Plain, &format!("{name:<22} {note}"));
        all.push(json!({ "name": name, "kind": kind, "made": made, "note": note }));
    }
    if all.is_empty() {
        context.out.line(Paint::Note, "none is registered");
    }
    context.out.data(&json!({ "format": 1, "dummies": all }));
    Ok(Exit::Done)
}

fn revoke(context: &Context, name: &str) -> Result<Exit, Failure> {
    super::own_home(context)?;
    let mut register = read(context)?.unwrap_or_default();
    let before = register.dummies.len();
    register.dummies.retain(|entry| entry.name != name);
    if register.dummies.len() == before {
        return Err(Failure::new(Exit::Usage, format!("there is no dummy `{name}`"))
            .hint("`sanctum hooks dummy list` names them"));
    }
    let deed = Deed::new("hooks.dummy-revoke", name);
    record::during(context, Recorder::of_account(&context.around), &deed, |_| {
        write(context, &register)
    })?;
    context.out.line(Paint::Good, &format!("{name} is taken for a secret again"));
    context.out.data(&json!({ "format": 1, "name": name, "state": "revoked" }));
    Ok(Exit::Done)
}

fn path(context: &Context) -> Result<PathBuf, Failure> {
    Ok(record::state_of_owner(&context.around)?.join("hooks").join("dummies.json"))
}

fn unreadable(context: &Context) -> Failure {
    let shown = path(context).map(|path| path.display().to_string()).unwrap_or_default();
    Failure::refused(format!("{shown} is not in the form that this version writes"))
        .hint(format!("look at it; without it no dummy passes: rm {shown}"))
}

fn read(context: &Context) -> Result<Option<Register>, Failure> {
    let Some(bytes) = files::read_optional(&path(context)?, LIMIT)? else { return Ok(None) };
    serde_json::from_slice(&bytes).map(Some).map_err(|_| unreadable(context))
}

fn write(context: &Context, register: &Register) -> Result<(), Failure> {
    let path = path(context)?;
    super::receipt::make_dirs(&path)?;
    Ok(files::write_private(&path, &serde_json::to_vec(register)?)?)
}

const fn word(kind: DummyKind) -> &'static str {
    match kind {
        DummyKind::Aws => "aws",
        DummyKind::Github => "github",
        DummyKind::Anthropic => "anthropic",
        DummyKind::Openai => "openai",
        DummyKind::Openrouter => "openrouter",
        DummyKind::Stripe => "stripe",
    }
}

/// Letters of a kind's random part.
const BASE62: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const BASE32: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const HEX: &[u8] = b"0123456789abcdef";

/// A value that the engine takes for a secret of its kind.
fn made(kind: DummyKind) -> Result<String, Failure> {
    for _ in 0..TRIES {
        let value = match kind {
            DummyKind::Aws => format!("AKIA{}", letters(BASE32, 16)?),
            DummyKind::Github => {
                let body = letters(BASE62, 30)?;
                let checked = base62(crc32(body.as_bytes()));
                format!("ghp_{body}{checked}")
            }
            DummyKind::Anthropic => format!("sk-ant-api03-{}AA", letters(BASE62, 93)?),
            DummyKind::Openai => {
                format!("sk-proj-{}T3BlbkFJ{}", letters(BASE62, 74)?, letters(BASE62, 74)?)
            }
            DummyKind::Openrouter => format!("sk-or-v1-{}", letters(HEX, 64)?),
            DummyKind::Stripe => format!("sk_live_{}", letters(BASE62, 24)?),
        };
        let whole =
            |found: &sanctum_firewall::Match| value.get(found.range.clone()) == Some(&value);
        if sanctum_firewall::find(value.as_bytes()).iter().any(whole) {
            return Ok(value);
        }
    }
    Err(Failure::failed("no value of this kind could be made"))
}

/// That many letters of an alphabet of at most 128, each as likely.
fn letters(alphabet: &[u8], count: usize) -> Result<String, Failure> {
    let mut out = String::new();
    while out.len() < count {
        let mut bytes = [0_u8; 64];
        random::fill(&mut bytes)?;
        let known = bytes.iter().filter_map(|byte| alphabet.get(usize::from(byte & 0x7f)));
        out.extend(known.take(count - out.len()).map(|byte| char::from(*byte)));
    }
    Ok(out)
}

/// The checksum at the end of GitHub's tokens: CRC-32 (ISO 3309) of the part before it.
fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            let low = crc & 1;
            crc >>= 1;
            if low == 1 {
                crc ^= 0xEDB8_8320;
            }
        }
    }
    !crc
}

/// Six digits to the base 62.
fn base62(mut number: u32) -> String {
    let mut digits = [b'0'; 6];
    for digit in digits.iter_mut().rev() {
        let at = usize::try_from(number % 62).unwrap_or_default();
        *digit = BASE62.get(at).copied().unwrap_or(b'0');
        number /= 62;
    }
    digits.iter().map(|byte| char::from(*byte)).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_the_form_of_a_secret_and_no_two_are_alike() {
        for kind in [
            DummyKind::Aws,
            DummyKind::Github,
            DummyKind::Anthropic,
            DummyKind::Openai,
            DummyKind::Openrouter,
            DummyKind::Stripe,
        ] {
            let (one, two) = (made(kind).unwrap(), made(kind).unwrap());
            assert_ne!(one, two, "{kind:?}");
        }
    }

    #[test]
    fn the_checksum_is_that_of_github_tokens() {
        // The check value of CRC-32 (ISO 3309).
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
        assert_eq!(base62(61), "00000z");
        assert_eq!(base62(62), "000010");
    }
}
