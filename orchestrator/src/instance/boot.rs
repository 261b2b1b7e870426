//! What a house decided about booting: the section `boot` of an instance file.
//!
//! Each is a choice with two good answers, so sanctum makes none of them; `sanctum doctor` says what follows from the
//! one that was made, and that none was made.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the Macs of the house boot.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Boot {
    /// Whether their disks are encrypted by FileVault.
    pub filevault: Option<FileVault>,
    /// Why so.
    pub reason: Option<String>,
    /// Whether a UPS keeps them running.
    pub ups: Option<bool>,
}

/// Whether the disk is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FileVault {
    /// A stolen disk yields nothing, and after a power cut nothing starts until somebody unlocks it.
    On,
    /// The house comes back alone, and a stolen disk yields what is not encrypted by itself.
    Off,
}

impl Boot {
    /// The reason, where one is given.
    #[must_use]
    pub fn why(&self) -> Option<&str> {
        self.reason.as_deref().map(str::trim).filter(|reason| !reason.is_empty())
    }
}
