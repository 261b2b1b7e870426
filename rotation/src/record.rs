//! The record of one rotation: what is on disk before each effect, and all that a later run knows.
//!
//! Format 1 is JSON (docs/formats/rotation.md). It holds names, ids, times and marks and never a value: the types
//! have no place for one. What is decoded is checked, so that a damaged record is refused and not half believed.

use crate::plan::Plan;
use crate::protocol::Reason;
use crate::words::{ConsumerId, KeyId, RotationId};
use sanctum_types::UnixTime;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The format that is written.
pub const FORMAT: u32 = 1;
/// A record of a hundred consumers and a thousand known keys is below this.
pub const LONGEST: usize = 1024 * 1024;

/// Why bytes are not a record.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// More bytes than a record has.
    #[error("a record of a rotation is at most {LONGEST} bytes")]
    TooLong,
    /// Not JSON of this shape.
    #[error("this is no record of a rotation")]
    Syntax(#[source] serde_json::Error),
    /// Written by a later version.
    #[error("the record has format {0}, this version reads format {FORMAT}")]
    Format(u32),
    /// It contradicts itself.
    #[error("the record contradicts itself: {0}")]
    Contradiction(&'static str),
}

/// Where a rotation stands. Every stage but the last two can be resumed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "at", deny_unknown_fields)]
pub enum Stage {
    /// Nothing was asked of the provider. Next: seal the value before.
    Intent,
    /// The last attempt was, or is about to be, asked for.
    Minting,
    /// The last attempt may have made a key whose value is lost. Next: wait, list, delete, mint anew.
    Settling,
    /// The new value is sealed. Next: verify it.
    Minted,
    /// Consumers get the new value.
    Propagating,
    /// Every consumer was confirmed; both keys are valid. Next: wait for the old one to fall silent.
    Overlap {
        /// When the last consumer was confirmed.
        since: UnixTime,
    },
    /// The old key was, or is about to be, switched off.
    Disabling,
    /// The old key is off and every consumer still works.
    Disabled {
        /// Since when.
        since: UnixTime,
    },
    /// The old key was, or is about to be, removed.
    Revoking,
    /// Last look for keys of lost answers; a roll is verified once no request can repeat it.
    Sweeping,
    /// Nothing is left but to remove the sealed values.
    Closing,
    /// Consumers get the value before back.
    Restoring,
    /// No consumer holds the new key; it is removed.
    Discarding,
    /// Over: every consumer has the new key, the old one is gone.
    Done,
    /// Over: every consumer has what it had, the new key is gone or never was.
    Failed,
}

/// One try to mint.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Attempt {
    /// The name it was asked under.
    pub name: String,
    /// When it was asked for.
    pub asked: UnixTime,
    /// The key's id, once known.
    pub key: Option<KeyId>,
    /// Whether what it made was removed.
    pub gone: bool,
}

/// How far a consumer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mark {
    /// Nothing was written.
    Untouched,
    /// The new value was, or is about to be, written.
    Writing,
    /// It holds the new value and works with it.
    Confirmed,
    /// The value before was, or is about to be, written back.
    Restoring,
    /// It holds the value before.
    Restored,
}

/// A consumer of the plan and its mark.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Consumer {
    /// Which.
    pub id: ConsumerId,
    /// How far.
    pub mark: Mark,
}

/// Why a rotation stands still, failed or is queued.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case", tag = "what", deny_unknown_fields)]
pub enum Why {
    /// The kind destroys the old key and the instance does not say so.
    #[error("this kind destroys the old key at once, and the instance does not declare that")]
    NotDeclared,
    /// The plan has no consumer, or one twice.
    #[error("there are no consumers, or one of them twice")]
    Consumers,
    /// The provider does not accept us.
    #[error("the provider's preflight failed: {reason}")]
    Preflight {
        /// Why.
        reason: Reason,
    },
    /// A consumer cannot be written.
    #[error("{consumer} is not ready: {reason}")]
    Consumer {
        /// Which.
        consumer: ConsumerId,
        /// Why.
        reason: Reason,
    },
    /// A key of our name is there already.
    #[error("a key of the new name is there already")]
    NameTaken,
    /// The values cannot be sealed.
    #[error("a value could not be sealed: {reason}")]
    Staging {
        /// Why.
        reason: Reason,
    },
    /// The provider made no key.
    #[error("no key was minted: {reason}")]
    Mint {
        /// Why.
        reason: Reason,
    },
    /// Every allowed attempt was lost; what they made is gone.
    #[error("every attempt to mint a key was lost")]
    MintLost,
    /// A key may have been made, and this kind has no list to find it in.
    #[error("a key named `{name}` may have been minted, and nobody can look")]
    MayLive {
        /// Its name.
        name: String,
    },
    /// The provider gave a key that was there before.
    #[error("the provider gave a key that was there before")]
    NotNew,
    /// Keys of lost attempts could not be looked for, or not removed.
    #[error("keys of lost attempts could not be removed: {reason}")]
    Orphans {
        /// Why.
        reason: Reason,
    },
    /// The new key does not work.
    #[error("the new key does not work: {reason}")]
    Verify {
        /// Why.
        reason: Reason,
    },
    /// A consumer did not take the new value.
    #[error("{consumer} did not take the new value: {reason}")]
    Propagate {
        /// Which.
        consumer: ConsumerId,
        /// Why.
        reason: Reason,
    },
    /// A consumer did not take the value before; both keys stay valid.
    #[error("{consumer} did not take the old value back: {reason}")]
    Restore {
        /// Which.
        consumer: ConsumerId,
        /// Why.
        reason: Reason,
    },
    /// Consumers cannot be restored: the old key is not valid, or there is none.
    #[error("the old key is no way back: {reason}")]
    NoWayBack {
        /// Why.
        reason: Reason,
    },
    /// A consumer holds a third value.
    #[error("{consumer} holds neither the old nor the new value")]
    Foreign {
        /// Which.
        consumer: ConsumerId,
    },
    /// A consumer stopped working when the old key was switched off; the old key is on again.
    #[error("{consumer} does not work without the old key: {reason}")]
    NeedsOld {
        /// Which.
        consumer: ConsumerId,
        /// Why.
        reason: Reason,
    },
    /// The old key could not be switched off, or not on again.
    #[error("the old key could not be switched off or on: {reason}")]
    Switch {
        /// Why.
        reason: Reason,
    },
    /// The old key could not be removed.
    #[error("the old key could not be revoked: {reason}")]
    Revoke {
        /// Why.
        reason: Reason,
    },
    /// The sealed values could not be removed.
    #[error("the sealed values could not be removed: {reason}")]
    Discard {
        /// Why.
        reason: Reason,
    },
}

impl Why {
    /// What the owner does about it; each sentence ends with what he runs next.
    #[must_use]
    pub const fn what_to_do(&self) -> &'static str {
        match self {
            Self::NotDeclared => {
                "say `destructive: {reason: ...}` in the secret's rotation, then rotate again"
            }
            Self::Consumers => "name each consumer of the secret once, then rotate again",
            Self::Preflight { reason: Reason::PlainKey } => {
                "store a management key where the instance expects one, then rotate again"
            }
            Self::Preflight { reason: Reason::NotTheProvider } => {
                "look what answers at the provider's address (a captive portal, a proxy), then rotate again"
            }
            Self::Preflight { reason: Reason::NoSuchKey } => {
                "name the current key's id in the instance, then rotate again"
            }
            Self::Preflight { reason: Reason::NoRoom } => {
                "remove a key that nobody uses at the provider, then rotate again"
            }
            Self::Preflight { .. } => "mend the access to the provider, then rotate again",
            Self::Consumer { reason, .. } => reason.way_to_consumer(),
            Self::NameTaken => "rotate again: the next rotation has another name",
            Self::Staging { .. } => {
                "make room and check the recipients of the house, then rotate again"
            }
            Self::Mint { .. } | Self::Verify { .. } => {
                "look at the provider's console, then try again"
            }
            Self::MintLost => "mend the connection to the provider, then try again",
            Self::MayLive { .. } => "look for that key at the provider, remove it, then say retry",
            Self::NotNew => {
                "look at the provider's console which keys are there and make another one, then say retry"
            }
            Self::Orphans { .. } => {
                "mend the access to the provider, or remove those keys there, then say retry"
            }
            Self::Propagate { .. } => "mend the consumer, then try again",
            Self::NoWayBack { .. } => "mend the consumer: it gets the new value when you say retry",
            Self::Restore { .. } => {
                "mend the consumer: it gets the old value when you say retry; both keys are valid"
            }
            Self::Foreign { .. } => {
                "look who changed the consumer and give it one of the two values, then say retry"
            }
            Self::NeedsOld { .. } => {
                "find what still reads the old value there, then say retry; the old key is on again"
            }
            Self::Switch { .. } | Self::Revoke { .. } => {
                "mend the access to the provider, or remove the old key there; it is tried again by itself"
            }
            Self::Discard { .. } => {
                "make the folder of rotations writable; it is tried again by itself or when you say retry"
            }
        }
    }
}

impl Reason {
    /// What makes a consumer readable and writable that was not.
    const fn way_to_consumer(self) -> &'static str {
        match self {
            Self::NoSession => {
                "use a store that needs no session for unattended rotation, or rotate from a terminal"
            }
            Self::VaultSealed => "unseal the vault (sanctum vault unseal), then rotate again",
            Self::VaultAway => "start the vault (sanctumd --only vault), then rotate again",
            Self::VaultDenies => {
                "register the rotation's agent (sanctum vault agent register) and give it `store` and \
                 `retrieve` there (sanctum vault policy set), then rotate again"
            }
            _ => "make the consumer readable and writable, then rotate again",
        }
    }
}

/// A stop until a human says [`crate::Event::Retry`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Halt {
    /// Why.
    pub why: Why,
    /// Since when.
    pub since: UnixTime,
}

/// All that a later run knows of a rotation.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Record {
    /// Always [`FORMAT`].
    pub format: u32,
    /// Which rotation.
    pub rotation: RotationId,
    /// What it is to do.
    pub plan: Plan,
    /// When it began.
    pub begun: UnixTime,
    /// Where it stands.
    pub stage: Stage,
    /// The key that consumers held when it began.
    pub old: Option<KeyId>,
    /// Whether the value before is sealed.
    pub old_staged: bool,
    /// Every other key that was there when it began: none of them is ever touched.
    pub known: BTreeSet<KeyId>,
    /// Every try to mint, in order.
    pub attempts: Vec<Attempt>,
    /// The minted key whose value is sealed.
    pub adopted: Option<KeyId>,
    /// The consumers in the order of the plan.
    pub consumers: Vec<Consumer>,
    /// When a consumer was last written.
    pub written: Option<UnixTime>,
    /// How often the next step failed already.
    pub tries: u32,
    /// Before this nothing is done.
    pub not_before: Option<UnixTime>,
    /// Why the rotation is being undone, or was.
    pub cause: Option<Why>,
    /// Why a human is needed.
    pub halted: Option<Halt>,
    /// When the owner was last told that something is queued.
    pub told: Option<UnixTime>,
}

impl Record {
    /// The bytes for the disk: pretty JSON, because the owner may have to read it.
    ///
    /// # Errors
    /// None that the types allow; serde's interface has one.
    pub fn encode(&self) -> Result<Vec<u8>, RecordError> {
        let mut bytes = serde_json::to_vec_pretty(self).map_err(RecordError::Syntax)?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// Reads what [`Record::encode`] wrote.
    ///
    /// # Errors
    /// The bytes are too many, of another format or shape, or contradict themselves.
    pub fn decode(bytes: &[u8]) -> Result<Self, RecordError> {
        #[derive(Deserialize)]
        struct Header {
            format: u32,
        }
        if bytes.len() > LONGEST {
            return Err(RecordError::TooLong);
        }
        let header: Header = serde_json::from_slice(bytes).map_err(RecordError::Syntax)?;
        if header.format != FORMAT {
            return Err(RecordError::Format(header.format));
        }
        let record: Self = serde_json::from_slice(bytes).map_err(RecordError::Syntax)?;
        record.check().map_err(RecordError::Contradiction)?;
        Ok(record)
    }

    /// Whether nothing more is to be done for it.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        matches!(self.stage, Stage::Done | Stage::Failed)
    }

    fn check(&self) -> Result<(), &'static str> {
        let planned = self.plan.consumers.iter();
        if !planned.eq(self.consumers.iter().map(|consumer| &consumer.id)) {
            return Err("its consumers are not those of its plan");
        }
        if self.plan.consumers.iter().collect::<BTreeSet<_>>().len() != self.consumers.len() {
            return Err("a consumer is named twice");
        }
        for (index, attempt) in self.attempts.iter().enumerate() {
            if attempt.name != self.plan.key_name(self.rotation, index) {
                return Err("the name of an attempt is not the rotation's");
            }
        }
        let made =
            |key: &KeyId| self.attempts.iter().any(|attempt| attempt.key.as_ref() == Some(key));
        if self.adopted.as_ref().is_some_and(|key| !made(key)) {
            return Err("the new key is of none of its attempts");
        }
        if self.old.as_ref().is_some_and(|old| self.known.contains(old)) {
            return Err("the old key is one that must not be touched");
        }
        let replaced = self.plan.nature.old == crate::plan::OldKey::DiesAtMint;
        let theirs = |key: &KeyId| self.known.contains(key) || self.old.as_ref() == Some(key);
        if !replaced && self.attempts.iter().filter_map(|a| a.key.as_ref()).any(theirs) {
            return Err("a new key is one that was there before");
        }
        let needs_key = matches!(
            self.stage,
            Stage::Minted
                | Stage::Propagating
                | Stage::Overlap { .. }
                | Stage::Disabling
                | Stage::Disabled { .. }
                | Stage::Revoking
                | Stage::Sweeping
                | Stage::Closing
                | Stage::Done
        );
        if needs_key && self.adopted.is_none() {
            return Err("there is no new key at this stage");
        }
        let retires =
            matches!(self.stage, Stage::Disabling | Stage::Disabled { .. } | Stage::Revoking);
        if retires && self.old.is_none() {
            return Err("there is no old key to retire");
        }
        let settled = matches!(
            self.stage,
            Stage::Overlap { .. } | Stage::Sweeping | Stage::Closing | Stage::Done
        ) || retires;
        if settled && self.consumers.iter().any(|consumer| consumer.mark != Mark::Confirmed) {
            return Err("a consumer is not confirmed at this stage");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
