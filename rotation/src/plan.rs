//! What a rotation is asked to do: the kind's nature, the consumers in order, and how patient to be.
//!
//! A plan is copied into the record when the rotation begins, so that a run that is resumed does what was begun
//! although the instance file may say something else by now.

use crate::words::{ConsumerId, KindName, RotationId};
use sanctum_types::ServiceName;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// What becomes of the old key when a new one is minted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OldKey {
    /// Both are valid until the old one is revoked.
    Lives,
    /// The old one is gone at once: there is no overlap and no way back.
    DiesAtMint,
}

/// How a key is found whose mint had no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Finds {
    /// Keys have names; ours is used by nobody else.
    ByName,
    /// Keys have no names: what was not there before, and is not older than the rotation, is ours.
    ByDifference,
    /// There is no list. After a lost answer a human has to look.
    Never,
}

/// How the provider lets keys be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NameStyle {
    /// `sanctum:<secret>:<rotation>`.
    Plain,
    /// `sanctum-` and 32 hexadecimal digits of the plain name's SHA-256, for providers with short names.
    Short,
}

/// What a kind of provider can do; the kind's module says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Nature {
    /// Whether old and new are valid side by side.
    pub old: OldKey,
    /// How orphans are found.
    pub finds: Finds,
    /// How keys are called.
    pub names: NameStyle,
    /// Whether a human makes the key: a mint whose answer was lost is then asked for again.
    pub by_hand: bool,
    /// Whether a key can be switched off and on again.
    pub disables: bool,
    /// Whether the provider tells when a key was last used.
    pub tells_last_use: bool,
}

/// How patient to be. Times are seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Policy {
    /// How often one step is tried before a human is needed.
    pub tries: u32,
    /// How many keys may be minted in one rotation, lost ones included.
    pub mints: u32,
    /// The first pause between tries; each further one doubles.
    pub pause: u32,
    /// The longest pause between tries.
    pub longest_pause: u32,
    /// How long a request without an answer may still take effect.
    pub settle: u32,
    /// How long the old key must have been silent before it is disabled.
    pub quiet: u32,
    /// After this long it is disabled although it is still used, or nobody can tell.
    pub limit: u32,
    /// How long a disabled key is kept before it is revoked.
    pub soak: u32,
}

const DAY: u32 = 24 * 60 * 60;

impl Default for Policy {
    /// Five tries from 2 s to 5 min; three mints; a minute to settle (the longest request timeout here is 30 s);
    /// a quiet day, a limit of a week, a day switched off: a weekly job that still holds the old key is heard of.
    fn default() -> Self {
        Self {
            tries: 5,
            mints: 3,
            pause: 2,
            longest_pause: 300,
            settle: 60,
            quiet: DAY,
            limit: 7 * DAY,
            soak: DAY,
        }
    }
}

/// What one rotation is to do.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Plan {
    /// Which secret of the house.
    pub secret: ServiceName,
    /// Which kind of provider.
    pub kind: KindName,
    /// What the kind can do.
    pub nature: Nature,
    /// Whether the instance says that this rotation may destroy the old key before the new one is in place. Only
    /// read for [`OldKey::DiesAtMint`].
    pub destructive: bool,
    /// Who gets the value, the source of truth first.
    pub consumers: Vec<ConsumerId>,
    /// How patient to be.
    pub policy: Policy,
}

impl Plan {
    /// The name that only this try of this rotation uses.
    #[must_use]
    pub fn key_name(&self, rotation: RotationId, attempt: usize) -> String {
        let mut plain = format!("{}{rotation}", self.name_prefix());
        if attempt > 0 {
            plain.push_str(&format!(".{attempt}"));
        }
        match self.nature.names {
            NameStyle::Plain => plain,
            NameStyle::Short => {
                let digest = Sha256::digest(plain.as_bytes());
                let mut short = String::from("sanctum-");
                for byte in digest.iter().take(16) {
                    short.push_str(&format!("{byte:02x}"));
                }
                short
            }
        }
    }

    /// What the plain names of all rotations of this secret begin with.
    #[must_use]
    pub fn name_prefix(&self) -> String {
        format!("sanctum:{}:", self.secret)
    }
}
