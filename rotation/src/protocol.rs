//! What the machine says and what it is told: commands, their answers, and how an effect can fail.
//!
//! Everything here is data without values of secrets. Each answer says what the caller *knows*: that something
//! happened, that it certainly did not, or that nobody knows.

use crate::record::{Record, Why};
use crate::words::{ConsumerId, KeyId};
use sanctum_types::UnixTime;
use serde::{Deserialize, Serialize};

/// One of the two values of a rotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Which {
    /// The value that consumers had before.
    Old,
    /// The value that was minted.
    New,
}

/// What a consumer was seen to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Holds {
    /// The value before.
    Old,
    /// The minted value.
    New,
    /// A third value.
    Other,
    /// Nothing.
    Nothing,
}

/// A key in the provider's list.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Listed {
    /// Its id.
    pub id: KeyId,
    /// Its name, where keys have names.
    pub name: Option<String>,
    /// When it was made, where the provider tells.
    pub created: Option<UnixTime>,
}

/// What is to be done. The doc of each says which [`Event`] answers it; [`Event::Failed`] answers each of them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Command {
    /// Make this record durable (temporary file, fsync, rename, fsync of the folder) before the next command. No
    /// answer: a save that fails ends the run.
    Save(Box<Record>),
    /// Tell the owner, through journal and alerts. No answer.
    Tell(Notice),
    /// Ask the provider who we are and what keys there are; change nothing. Answer: [`Event::Ready`].
    Preflight,
    /// Prove that the consumer can be written and read, without changing its value. Answer: [`Event::Holds`].
    Probe(ConsumerId),
    /// Read the value of the source of truth and seal it beside the record. Also the proof that sealing works.
    /// Answer: [`Event::OldStaged`].
    StageOld,
    /// Make a key of this name and keep its value in memory. Answer: [`Event::Minted`].
    Mint {
        /// The name.
        name: String,
    },
    /// Seal the minted value beside the record, durably. Answer: [`Event::Done`].
    StageNew,
    /// Ask the provider with the value itself whether it is valid. Answer: [`Event::Done`].
    Verify(Which),
    /// Write the value to the consumer and read it back. Answer: [`Event::Done`].
    Write {
        /// Where.
        consumer: ConsumerId,
        /// What.
        value: Which,
    },
    /// Read the value back out of the consumer, compare it, and verify it with the provider; reload or kick what
    /// reads it. Answer: [`Event::Done`].
    Confirm {
        /// Where.
        consumer: ConsumerId,
        /// What it has to hold.
        value: Which,
    },
    /// Look what the consumer holds. Answer: [`Event::Holds`].
    Look(ConsumerId),
    /// List all keys, disabled and expired ones too. Answer: [`Event::Keys`].
    List,
    /// When was the key last used? Answer: [`Event::LastUse`].
    LastUse(KeyId),
    /// Switch the key off. Off already is done. Answer: [`Event::Done`].
    Disable(KeyId),
    /// Switch the key on again. Answer: [`Event::Done`].
    Enable(KeyId),
    /// Remove the key for good. Gone already is done. Answer: [`Event::Done`].
    Delete(KeyId),
    /// Remove the sealed values. Gone already is done. Answer: [`Event::Done`].
    Discard,
    /// Nothing is to be done before this time. Answer: [`Event::Tick`]; or end the run and resume later.
    Wait {
        /// When to go on.
        until: UnixTime,
    },
}

impl Command {
    /// Whether an event answers it.
    #[must_use]
    pub const fn has_answer(&self) -> bool {
        !matches!(self, Self::Save(_) | Self::Tell(_))
    }
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// Start, or go on after a crash, a reboot or a wait: always the first event a machine is told.
    Start,
    /// The owner says that what needed a human is mended: try again.
    Retry,
    /// The time of a [`Command::Wait`] has come.
    Tick,
    /// The provider accepts us.
    Ready {
        /// The key that consumers hold now, where the provider knows one.
        old: Option<KeyId>,
        /// Every key there is.
        keys: Vec<Listed>,
    },
    /// What the consumer holds.
    Holds(Holds),
    /// The value before is sealed; `false` when there is none yet.
    OldStaged(bool),
    /// There is a new key, its value is in the caller's memory.
    Minted(KeyId),
    /// Every key there is.
    Keys(Vec<Listed>),
    /// When the key was last used; `None` when never, or when nobody can tell.
    LastUse(Option<UnixTime>),
    /// It is done, and was seen to be done.
    Done,
    /// It is not known to be done.
    Failed(Failure),
}

/// How an effect failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Failure {
    /// It certainly did not happen and may go better later.
    Later {
        /// What hindered it.
        reason: Reason,
        /// How many seconds the other side asked to wait (`Retry-After`).
        after: Option<u32>,
    },
    /// It certainly did not happen and will not without a change.
    Never(Reason),
    /// Nobody knows whether it happened.
    Unknown(Reason),
}

impl Failure {
    /// What hindered it.
    #[must_use]
    pub const fn reason(self) -> Reason {
        match self {
            Self::Later { reason, .. } | Self::Never(reason) | Self::Unknown(reason) => reason,
        }
    }
}

/// Why an effect failed, in words that hold nothing from outside.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    thiserror::Error,
)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// 401.
    #[error("the key is not accepted")]
    Unauthorized,
    /// 403.
    #[error("the key may not do that")]
    Forbidden,
    /// The management key is a plain key.
    #[error("the management key is a plain key, which cannot make keys")]
    PlainKey,
    /// 404.
    #[error("it does not exist")]
    NotFound,
    /// Another 4xx.
    #[error("the provider refuses the request")]
    Refused,
    /// 429.
    #[error("the provider limits the rate")]
    RateLimited,
    /// 5xx.
    #[error("the provider has trouble")]
    ServerTrouble,
    /// An answer that is not the provider's: HTML of a captive portal or of a proxy, or broken JSON.
    #[error("the answer is not the provider's")]
    NotTheProvider,
    /// No connection was made.
    #[error("the provider cannot be reached")]
    Unreachable,
    /// The connection broke, or the time was over.
    #[error("there was no answer")]
    NoAnswer,
    /// There are as many keys as the provider allows.
    #[error("there is no room for another key")]
    NoRoom,
    /// The current value belongs to no key of the list, or to several.
    #[error("the current value belongs to no single key of the provider's list")]
    NoSuchKey,
    /// A human has to be there.
    #[error("a person has to do this")]
    ByHand,
    /// A value that does not look like one of this kind.
    #[error("the value has not the shape of such a key")]
    Shape,
    /// The consumer cannot be read.
    #[error("the consumer cannot be read")]
    Unreadable,
    /// The consumer cannot be written.
    #[error("the consumer cannot be written")]
    Unwritable,
    /// The store of the consumer needs a login session.
    #[error("the consumer needs a session of its owner")]
    NoSession,
    /// The consumer reads back another value than was written.
    #[error("the consumer reads back another value")]
    ReadBack,
    /// What reads the value does not work with it.
    #[error("the value does not work through the consumer")]
    NotWorking,
    /// The vault has no keys in its memory.
    #[error("the vault is sealed")]
    VaultSealed,
    /// Nobody serves the vault at its socket.
    #[error("the vault is not served")]
    VaultAway,
    /// The agent of the rotation is not believed, or no policy lets it write there and read back.
    #[error("the vault does not let the rotation's agent store and retrieve there")]
    VaultDenies,
    /// The sealed values cannot be written or opened.
    #[error("the sealed value cannot be written or opened")]
    Sealed,
    /// The owner's own script failed.
    #[error("the command of this kind failed")]
    Script,
    /// The provider's settings in the instance contradict themselves.
    #[error("the settings of this kind do not fit")]
    Settings,
}

/// What the owner is told.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Notice {
    /// The rotation stands until a human does something.
    NeedsHuman(Why),
    /// The rotation is over; every consumer has the old value, the new key is gone or never was.
    GaveUp(Why),
    /// Disabling or revoking the old key, or the last sweep, fails; it stays queued. Told at most once a day.
    Queued(Why),
    /// The limit passed while the old key was still used, or nobody could tell: it is disabled now.
    StillUsed(KeyId),
    /// Keys at the provider that are named as rotations of this secret name them, and are not the current one.
    Strays(Vec<KeyId>),
}
