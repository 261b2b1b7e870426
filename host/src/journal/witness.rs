//! The second place of a stream: what verifies it, and signed checkpoints of how far it had come.
//!
//! `<stream>.<id>/origin.json` holds the first key and the public key and is written before the stream's first line;
//! `checkpoints.jsonl` only grows. A checkpoint carries the digest of the one before, so that the last signature
//! speaks for all of them. Deliberately absent: anything that the stream's own directory would need.

use super::chain::{Chain, Position};
use super::key::Key;
use super::line::hex;
use super::place::{make_private, path, root};
use super::{JournalError, StreamName};
use crate::Blobs;
use crate::tree::Tree;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use sanctum_types::{AbsPath, Digest, Secret};
use serde::{Deserialize, Serialize};
use std::os::unix::fs::FileExt as _;
use zeroize::Zeroize as _;

const ORIGIN: &str = "origin.json";
const CHECKPOINTS: &str = "checkpoints.jsonl";
/// What a signature is over: this, then the checkpoint up to its signature.
const DOMAIN: &[u8] = b"sanctum journal checkpoint 1\n";
/// Longer than any checkpoint.
const TAIL: u64 = 4096;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OriginFile {
    format: u32,
    stream: String,
    id: String,
    made: i64,
    key: String,
    public: String,
}

impl Drop for OriginFile {
    fn drop(&mut self) {
        self.key.zeroize();
    }
}

/// What a stream began with.
#[derive(Debug)]
pub(crate) struct Origin {
    pub(crate) key: Key,
    pub(crate) public: VerifyingKey,
    /// What the first line's tag covers as the tag before.
    pub(crate) digest: [u8; 32],
}

/// How far a stream had come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Checkpoint {
    pub(crate) n: u64,
    pub(crate) stream: String,
    pub(crate) id: String,
    pub(crate) at: i64,
    pub(crate) epoch: u64,
    pub(crate) seq: u64,
    pub(crate) file: u32,
    pub(crate) offset: u64,
    pub(crate) tag: Digest,
    /// Digest of the line before; zeros in the first.
    pub(crate) previous: Digest,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Signed {
    #[serde(flatten)]
    checkpoint: Checkpoint,
    signature: String,
}

/// The directory of one stream in the second place.
pub(crate) fn dir(stream: &StreamName, id: &str) -> String {
    format!("{stream}.{id}")
}

/// Every stream that the second place knows, with its id.
pub(crate) fn known(second: &Tree) -> Result<Vec<(StreamName, String)>, JournalError> {
    let names = second.list(&root()?)?.unwrap_or_default();
    Ok(names
        .iter()
        .filter_map(|name| name.split_once('.'))
        .filter_map(|(stream, id)| Some((StreamName::new(stream).ok()?, id.to_owned())))
        .collect())
}

/// Hands over what verifies a new stream.
pub(crate) fn begin(
    second: &Tree,
    (stream, id): (&StreamName, &str),
    key: &Key,
    signing: &SigningKey,
) -> Result<Origin, JournalError> {
    let name = dir(stream, id);
    make_private(second, &path(&[&name])?)?;
    let file = OriginFile {
        format: 1,
        stream: stream.as_str().to_owned(),
        id: id.to_owned(),
        made: crate::clock::now_millis(),
        key: hex(key.expose()),
        public: hex(signing.verifying_key().as_bytes()),
    };
    let place = path(&[&name, ORIGIN])?;
    let bytes = Secret::new(serde_json::to_vec(&file).map_err(|_| JournalError::Damaged {
        path: second.shown(&place),
        detail: "it cannot be encoded",
    })?);
    second.create_private(&place, bytes.expose())?;
    origin(second, stream, id)?
        .ok_or_else(|| JournalError::Unwitnessed { path: second.shown(&place) })
}

/// What a stream began with; none when the second place does not know it.
pub(crate) fn origin(
    second: &Tree,
    stream: &StreamName,
    id: &str,
) -> Result<Option<Origin>, JournalError> {
    let Ok(place) = path(&[&dir(stream, id), ORIGIN]) else { return Ok(None) };
    let Some((_, bytes)) = second.read(&place)? else { return Ok(None) };
    let bytes = Secret::new(bytes);
    let damaged = |detail| JournalError::Damaged { path: second.shown(&place), detail };
    let file: OriginFile =
        serde_json::from_slice(bytes.expose()).map_err(|_| damaged("it is not an origin"))?;
    if file.format != 1 || file.stream != stream.as_str() || file.id != id {
        return Err(damaged("it is the origin of another stream or format"));
    }
    let bytes32 = |text: &str| Digest::parse(text).map(|digest| *digest.as_bytes());
    let public = bytes32(&file.public).and_then(|bytes| VerifyingKey::from_bytes(&bytes).ok());
    let (Some(key), Some(public)) = (bytes32(&file.key), public) else {
        return Err(damaged("a key in it is not one"));
    };
    let digest = *Blobs::digest(bytes.expose()).as_bytes();
    Ok(Some(Origin { key: Key::from_bytes(key), public, digest }))
}

/// Adds a checkpoint of where the chain stands, and returns once it is durable.
pub(crate) fn checkpoint(
    second: &Tree,
    chain: &Chain,
    signing: &SigningKey,
) -> Result<(), JournalError> {
    let place = checkpoints_path(&chain.stream, &chain.id)?;
    let io = |verb, source| JournalError::Io { verb, path: second.shown(&place), source };
    let file = second.open_private(&place)?;
    let len = file.metadata().map_err(|source| io("look at", source))?.len();
    let from = len.saturating_sub(TAIL);
    let bytes = super::chain::tail(&file, from, len).map_err(|source| io("read", source))?;
    // A last line without its break was torn by a crash: nobody was told of it.
    let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let last = bytes
        .get(..whole.saturating_sub(1))
        .and_then(|lines| lines.rsplit(|byte| *byte == b'\n').next())
        .filter(|line| !line.is_empty());
    let before = last.map(|line| parse(line).map(|(found, _)| (found, Blobs::digest(line))));
    let (n, previous) = match before {
        None => (1, Digest::from_bytes([0; 32])),
        Some(Some((found, digest))) => (found.n + 1, digest),
        Some(None) => {
            let detail = "its last line is not a checkpoint";
            return Err(JournalError::Damaged { path: second.shown(&place), detail });
        }
    };
    let line = sign(&Checkpoint { n, previous, ..of(chain) }, signing);
    let end = from + whole as u64;
    file.set_len(end)
        .and_then(|()| file.write_all_at(&line, end))
        .and_then(|()| file.sync_data())
        .map_err(|source| io("append to", source))
}

fn of(chain: &Chain) -> Checkpoint {
    let Position { file, offset, seq, tag, epoch } = chain.at;
    let (stream, id) = (chain.stream.as_str().to_owned(), chain.id.clone());
    let (tag, previous) = (Digest::from_bytes(tag), Digest::from_bytes([0; 32]));
    Checkpoint {
        n: 0,
        stream,
        id,
        at: crate::clock::now_millis(),
        epoch,
        seq,
        file,
        offset,
        tag,
        previous,
    }
}

/// The fields without the closing brace.
fn covered(checkpoint: &Checkpoint) -> Vec<u8> {
    let mut bytes = serde_json::to_vec(checkpoint).unwrap_or_default();
    bytes.pop();
    bytes
}

fn sign(checkpoint: &Checkpoint, signing: &SigningKey) -> Vec<u8> {
    let mut line = covered(checkpoint);
    let signature = signing.sign(&[DOMAIN, &line].concat());
    line.extend_from_slice(b",\"signature\":\"");
    super::line::write_hex(&mut line, &signature.to_bytes());
    line.extend_from_slice(b"\"}\n");
    line
}

/// A checkpoint of the one form, and its signature.
fn parse(line: &[u8]) -> Option<(Checkpoint, Signature)> {
    let signed: Signed = serde_json::from_slice(line).ok()?;
    let (first, second) = (signed.signature.get(..64)?, signed.signature.get(64..)?);
    let mut bytes = [0; 64];
    let (low, high) = bytes.split_at_mut(32);
    low.copy_from_slice(Digest::parse(first)?.as_bytes());
    high.copy_from_slice(Digest::parse(second)?.as_bytes());
    let mut again = covered(&signed.checkpoint);
    again.extend_from_slice(b",\"signature\":\"");
    super::line::write_hex(&mut again, &bytes);
    again.extend_from_slice(b"\"}");
    (again == line).then(|| (signed.checkpoint, Signature::from_bytes(&bytes)))
}

fn checkpoints_path(stream: &StreamName, id: &str) -> Result<AbsPath, JournalError> {
    path(&[&dir(stream, id), CHECKPOINTS])
}

/// The checkpoints of a stream as far as they hold together.
#[derive(Debug, Default)]
pub(crate) struct Checkpoints {
    pub(crate) all: Vec<Checkpoint>,
    /// The line of the first one that is not as it should be.
    pub(crate) bad: Option<u64>,
}

/// Reads all checkpoints of a stream; the chain of digests makes the last signature speak for every one.
pub(crate) fn checkpoints(
    second: &Tree,
    stream: &StreamName,
    id: &str,
    origin: &Origin,
) -> Result<Checkpoints, JournalError> {
    let place = checkpoints_path(stream, id)?;
    let Some(file) = second.open_read(&place)? else { return Ok(Checkpoints::default()) };
    let io = |source| JournalError::Io { verb: "read", path: second.shown(&place), source };
    let len = file.metadata().map_err(io)?.len();
    let bytes = super::chain::tail(&file, 0, len).map_err(io)?;
    Ok(judge(&bytes, stream, id, origin))
}

fn judge(bytes: &[u8], stream: &StreamName, id: &str, origin: &Origin) -> Checkpoints {
    let mut found = Checkpoints::default();
    let mut previous = Digest::from_bytes([0; 32]);
    let mut last: Option<Signature> = None;
    let mut lines = bytes.split(|byte| *byte == b'\n').peekable();
    let mut number = 0;
    while let Some(line) = lines.next() {
        // What follows the last line break is nothing, or was torn by a crash.
        if lines.peek().is_none() {
            if !line.is_empty() {
                found.bad = Some(number + 1);
            }
            break;
        }
        number += 1;
        let ours = parse(line).filter(|(one, _)| {
            one.n == number
                && one.previous == previous
                && one.stream == stream.as_str()
                && one.id == id
                && found.all.last().is_none_or(|last| last.seq <= one.seq)
        });
        let Some((one, signature)) = ours else {
            found.bad = Some(number);
            break;
        };
        previous = Blobs::digest(line);
        last = Some(signature);
        found.all.push(one);
    }
    let signed = match (found.all.last(), last) {
        (Some(one), Some(signature)) => {
            let message = [DOMAIN, &covered(one)].concat();
            origin.public.verify_strict(&message, &signature).is_ok()
        }
        _ => true,
    };
    if !signed {
        // The last one is not signed, so nothing speaks for those before it either.
        found.bad = Some(number);
        found.all.clear();
    }
    found
}

/// The sequence number of the last checkpoint; none when there is none.
pub(crate) fn last_seq(second: &Tree, chain: &Chain) -> Result<Option<u64>, JournalError> {
    let place = checkpoints_path(&chain.stream, &chain.id)?;
    let Some(file) = second.open_read(&place)? else { return Ok(None) };
    let io = |source| JournalError::Io { verb: "read", path: second.shown(&place), source };
    let len = file.metadata().map_err(io)?.len();
    let bytes = super::chain::tail(&file, len.saturating_sub(TAIL), len).map_err(io)?;
    let whole = bytes.iter().rposition(|byte| *byte == b'\n').unwrap_or(0);
    let lines = bytes.get(..whole).unwrap_or_default();
    let last = lines.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    Ok(parse(last).map(|(one, _)| one.seq))
}
