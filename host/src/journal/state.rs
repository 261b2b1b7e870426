//! What the writer of a stream keeps beside it: the key of the current epoch and where that epoch starts.
//!
//! The file is replaced whole after every seal, and what it held before is overwritten, so that the key of an ended
//! epoch is on no disk that obeys. It may be behind (a crash between a seal and this file): the seal in the stream
//! leads on from it. Deliberately absent: the first key, which only the second place has.

use super::chain::{Chain, Position};
use super::key::Key;
use super::line::hex;
use super::place::path;
use super::{JournalError, StreamName};
use crate::tree::Tree;
use ed25519_dalek::SigningKey;
use sanctum_types::{AbsPath, Digest, Mode};
use serde::{Deserialize, Serialize};
use std::os::unix::fs::FileExt as _;
use zeroize::Zeroize as _;

const NAME: &str = "state.json";

/// The file as it is written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    format: u32,
    stream: String,
    id: String,
    epoch: u64,
    file: u32,
    offset: u64,
    seq: u64,
    tag: String,
    key: String,
    signing: String,
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.key.zeroize();
        self.signing.zeroize();
    }
}

/// A chain at the start of its epoch, and the key that signs checkpoints.
pub(crate) struct State {
    pub(crate) chain: Chain,
    pub(crate) signing: SigningKey,
}

fn place(stream: &StreamName) -> Result<AbsPath, JournalError> {
    path(&[stream.as_str(), NAME])
}

/// The state of a stream; none when it was never made.
pub(crate) fn load(tree: &Tree, stream: &StreamName) -> Result<Option<State>, JournalError> {
    let path = place(stream)?;
    let Some((_, bytes)) = tree.read(&path)? else { return Ok(None) };
    let bytes = sanctum_types::Secret::new(bytes);
    let damaged = |detail| JournalError::Damaged { path: tree.shown(&path), detail };
    let kept: Kept = serde_json::from_slice(bytes.expose())
        .map_err(|_| damaged("it is not the state of a stream"))?;
    if kept.format != 1 || kept.stream != stream.as_str() {
        return Err(damaged("it is the state of another stream or format"));
    }
    if encode(&kept, &damaged)? != **bytes.expose() {
        return Err(damaged("it was written by something else"));
    }
    let bytes32 = |text: &str| Digest::parse(text).map(|digest| *digest.as_bytes());
    let (Some(tag), Some(key), Some(signing)) =
        (bytes32(&kept.tag), bytes32(&kept.key), bytes32(&kept.signing))
    else {
        return Err(damaged("a key in it does not have 32 bytes"));
    };
    let (file, offset, seq, epoch) = (kept.file, kept.offset, kept.seq, kept.epoch);
    let at = Position { file, offset, seq, tag, epoch };
    let key = Key::from_bytes(key);
    let chain = Chain::new(stream.clone(), kept.id.clone(), at, key);
    Ok(Some(State { chain, signing: SigningKey::from_bytes(&signing) }))
}

/// Replaces the state; what it held before is overwritten.
pub(crate) fn save(tree: &Tree, chain: &Chain, signing: &SigningKey) -> Result<(), JournalError> {
    let path = place(&chain.stream)?;
    let io = |verb, source| JournalError::Io { verb, path: tree.shown(&path), source };
    let kept = Kept {
        format: 1,
        stream: chain.stream.as_str().to_owned(),
        id: chain.id.clone(),
        epoch: chain.at.epoch,
        file: chain.at.file,
        offset: chain.at.offset,
        seq: chain.at.seq,
        tag: hex(&chain.at.tag),
        key: hex(chain.key.expose()),
        signing: hex(signing.as_bytes()),
    };
    let damaged = |detail| JournalError::Damaged { path: tree.shown(&path), detail };
    let bytes = sanctum_types::Secret::new(encode(&kept, &damaged)?);
    let old = tree.stat(&path)?.map(|_| tree.open_private(&path)).transpose()?;
    tree.write(&path, bytes.expose(), Mode::PRIVATE, None)?;
    if let Some(old) = old {
        let len = old.metadata().map_err(|source| io("look at", source))?.len();
        let zeros = vec![0; usize::try_from(len).unwrap_or_default()];
        old.write_all_at(&zeros, 0)
            .and_then(|()| old.sync_data())
            .map_err(|source| io("overwrite the old", source))?;
    }
    Ok(())
}

fn encode(
    kept: &Kept,
    damaged: &dyn Fn(&'static str) -> JournalError,
) -> Result<Vec<u8>, JournalError> {
    serde_json::to_vec(kept).map_err(|_| damaged("it cannot be encoded"))
}
