//! The bytes of a vault's file: a header, then records that are chained (docs/formats/vault.md).
//!
//! A record is a head, which says what happened, and for a new version the value's own ciphertext. The head's additional data binds vault, generation,
//! sequence, the tag of the record before and the digest of the value's ciphertext; the value's binds vault, path, version and the sequence at which it
//! was first written, so that a snapshot carries it over as it is. Whatever the bytes are, reading them never panics. Deliberately absent: files.

use crate::crypt::{self, Bound, MORE, NotSealed, TAG, hex, unhex_array};
use crate::keys::{ID, Keys, Wrap};
use crate::path::SecretPath;
use sanctum_types::UnixTime;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use zeroize::Zeroizing;

/// What a file begins with; the last byte is the version.
const MAGIC: &[u8; 8] = b"SNCTVLT\x01";
/// A header has a few wraps.
const MOST_HEADER: usize = 16 * 1024;
/// The longest value.
pub const MOST_VALUE: usize = 64 * 1024;
/// The longest head: a policy, or a secret with all that may be noted on it.
pub const MOST_HEAD: usize = 32 * 1024;
/// Lengths of the record and of its head.
const LENGTHS: usize = 8;

/// The clear part of a vault's file. It is authenticated by the first record's tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Which vault.
    pub vault: [u8; ID],
    /// Grows with every snapshot.
    pub generation: u64,
    /// The sequence number of the first record.
    pub first: u64,
    /// The root key, once for each opener.
    pub wraps: Vec<Wrap>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    format: u32,
    vault: String,
    generation: u64,
    first: u64,
    wraps: Vec<Wrap>,
}

/// Why bytes are no file of a vault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAVault {
    /// They begin with something else.
    #[error("it is no vault")]
    Magic,
    /// Of another version.
    #[error("it is a vault of version {0}; this program reads 1")]
    Version(u8),
    /// The header is cut short or says nothing that can be understood.
    #[error("its header is damaged")]
    Header,
}

impl Header {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let written = Written {
            format: 1,
            vault: hex(&self.vault),
            generation: self.generation,
            first: self.first,
            wraps: self.wraps.clone(),
        };
        let json = serde_json::to_vec(&written).unwrap_or_default();
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(&u32::try_from(json.len()).unwrap_or(u32::MAX).to_be_bytes());
        bytes.extend_from_slice(&json);
        bytes
    }

    /// The header and how long it is.
    ///
    /// # Errors
    /// There is none.
    pub fn decode(bytes: &[u8]) -> Result<(Self, usize), NotAVault> {
        let (magic, rest) = bytes.split_first_chunk::<8>().ok_or(NotAVault::Magic)?;
        let ([word @ .., version], [known @ .., own]) = (magic, MAGIC);
        if word != known {
            return Err(NotAVault::Magic);
        }
        if version != own {
            return Err(NotAVault::Version(*version));
        }
        let (length, rest) = rest.split_first_chunk::<4>().ok_or(NotAVault::Header)?;
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        let json = rest.get(..length).filter(|_| length <= MOST_HEADER).ok_or(NotAVault::Header)?;
        let written: Written = serde_json::from_slice(json).map_err(|_| NotAVault::Header)?;
        let vault = unhex_array(&written.vault).ok_or(NotAVault::Header)?;
        if written.format != 1 {
            return Err(NotAVault::Header);
        }
        let Written { generation, first, wraps, .. } = written;
        Ok((Self { vault, generation, first, wraps }, 12 + length))
    }
}

/// What is noted on a secret, and shown in lists.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct About {
    /// Words to find it by.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub tags: BTreeSet<String>,
    /// More, by name: `type`, `description`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub notes: BTreeMap<String, String>,
}

/// What a record says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum Entry {
    /// A generation begins.
    Begin,
    /// A version of a secret.
    Put {
        /// Its path.
        path: SecretPath,
        /// From one.
        version: u32,
        /// When it was written.
        at: UnixTime,
        /// The sequence at which it was first written.
        origin: u64,
    },
    /// What is noted on a secret from now on.
    Describe {
        /// Its path.
        path: SecretPath,
        /// All of it.
        about: About,
    },
    /// A secret is gone with all versions.
    Drop {
        /// Its path.
        path: SecretPath,
    },
    /// A document of the vault's own, such as a policy.
    Set {
        /// Its name.
        name: String,
        /// Its content.
        content: serde_json::Value,
    },
    /// A document is gone.
    Unset {
        /// Its name.
        name: String,
    },
}

/// Where the chain stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    /// Of the last record.
    pub(crate) seq: u64,
    /// Of the last record.
    pub(crate) tag: [u8; TAG],
    /// Where the next one begins.
    pub(crate) offset: u64,
}

/// Where a value's ciphertext lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) offset: u64,
    pub(crate) length: u32,
}

/// Which file the chain is in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct File {
    pub(crate) vault: [u8; ID],
    pub(crate) generation: u64,
}

impl File {
    pub(crate) fn of(header: &Header) -> Self {
        Self { vault: header.vault, generation: header.generation }
    }

    /// Before the first record, the header stands for the tag.
    pub(crate) fn start(header: &Header, encoded: &[u8]) -> Position {
        let digest: [u8; 32] = Sha256::digest(encoded).into();
        let mut tag = [0; TAG];
        for (to, from) in tag.iter_mut().zip(digest) {
            *to = from;
        }
        let offset = encoded.len() as u64;
        Position { seq: header.first.wrapping_sub(1), tag, offset }
    }

    fn head_bound(&self, seq: u64, before: &[u8; TAG], value: &[u8]) -> Bound {
        let digest: [u8; 32] = Sha256::digest(value).into();
        Bound::to("sanctum vault head 1")
            .and(&self.vault)
            .number(self.generation)
            .number(seq)
            .and(before)
            .and(&digest)
    }

    /// Appends a record; `value` is its sealed value. Gives where that lies.
    pub(crate) fn append(
        &self,
        (keys, at): (&Keys, &mut Position),
        (entry, value): (&Entry, &[u8]),
        out: &mut Vec<u8>,
    ) -> Result<Place, AppendError> {
        let plain = Zeroizing::new(serde_json::to_vec(entry).map_err(|_| AppendError::TooLarge)?);
        if plain.len() > MOST_HEAD || value.len() > MOST_VALUE + MORE {
            return Err(AppendError::TooLarge);
        }
        let seq = at.seq.wrapping_add(1);
        let head = crypt::seal(keys.head(), &self.head_bound(seq, &at.tag, value), &plain)?;
        let whole = LENGTHS + head.len() + value.len();
        for length in [whole - 4, head.len()] {
            out.extend_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
        }
        out.extend_from_slice(&head);
        out.extend_from_slice(value);
        let offset = at.offset + (LENGTHS + head.len()) as u64;
        *at = Position { seq, tag: crypt::tag(&head), offset: at.offset + whole as u64 };
        Ok(Place { offset, length: u32::try_from(value.len()).unwrap_or(u32::MAX) })
    }

    /// The record at the beginning of `bytes`, which follow `at`.
    pub(crate) fn next(&self, keys: &Keys, at: &Position, bytes: &[u8]) -> Next {
        let Some((whole, head)) = lengths(bytes) else {
            return if bytes.is_empty() { Next::End } else { Next::Incomplete };
        };
        if !(MORE..=MOST_HEAD + MORE).contains(&head) || whole < LENGTHS + head {
            return Next::Foreign;
        }
        if whole > LENGTHS + MOST_HEAD + MORE + MOST_VALUE + MORE {
            return Next::Foreign;
        }
        let Some(record) = bytes.get(LENGTHS..whole) else { return Next::Incomplete };
        let Some((head, value)) = record.split_at_checked(head) else { return Next::Foreign };
        let seq = at.seq.wrapping_add(1);
        let opened = crypt::open(keys.head(), &self.head_bound(seq, &at.tag, value), head);
        let Some(plain) = opened else { return Next::Foreign };
        let Ok(entry) = serde_json::from_slice(&plain) else { return Next::Foreign };
        let place = Place {
            offset: at.offset + (LENGTHS + head.len()) as u64,
            length: u32::try_from(value.len()).unwrap_or(u32::MAX),
        };
        let at = Position { seq, tag: crypt::tag(head), offset: at.offset + whole as u64 };
        Next::Record { entry, place, at }
    }
}

/// How many whole records there are, by their lengths alone.
pub(crate) fn count(mut bytes: &[u8]) -> u64 {
    let mut records = 0;
    while let Some((whole, _)) = lengths(bytes) {
        let Some(rest) = bytes.get(whole.max(LENGTHS)..) else { break };
        (bytes, records) = (rest, records + 1);
    }
    records
}

/// What a value's ciphertext is bound to.
pub(crate) fn value_bound(vault: &[u8; ID], path: &SecretPath, version: u32, origin: u64) -> Bound {
    Bound::to("sanctum vault value 1")
        .and(vault)
        .and(path.as_str().as_bytes())
        .number(u64::from(version))
        .number(origin)
}

/// Bytes of the whole record and of its head.
fn lengths(bytes: &[u8]) -> Option<(usize, usize)> {
    let (whole, rest) = bytes.split_first_chunk::<4>()?;
    let (head, _) = rest.split_first_chunk::<4>()?;
    let number = |bytes: &[u8; 4]| usize::try_from(u32::from_be_bytes(*bytes)).ok();
    Some((number(whole)?.checked_add(4)?, number(head)?))
}

/// Why a record is not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AppendError {
    #[error(transparent)]
    Random(#[from] NotSealed),
    #[error("it is too large")]
    TooLarge,
}

/// What follows in a file.
#[derive(Debug)]
pub(crate) enum Next {
    /// Nothing.
    End,
    /// A record of this chain.
    Record { entry: Entry, place: Place, at: Position },
    /// The beginning of something.
    Incomplete,
    /// Something whole that is not the next record.
    Foreign,
}
