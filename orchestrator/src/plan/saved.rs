//! Plans on disk: `sanctum plan --out FILE`, then `sanctum apply FILE`.
//!
//! A saved plan is bound by digest to the instance and to everything that was observed (its guards): applying
//! it plans again and refuses when the digest differs. At euid 0 it must carry a MAC under the store's key.

use crate::house::Part;
use crate::plan::step::{FORMAT, Plan};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Why a saved plan is refused.
#[derive(Debug, thiserror::Error)]
pub enum SavedPlanError {
    /// Not JSON of a saved plan.
    #[error("not a saved plan")]
    Syntax(#[source] serde_json::Error),
    /// From a newer sanctum.
    #[error("format {0} is newer than this sanctum understands")]
    Format(u32),
    /// Somebody changed it, or another machine made it.
    #[error("its seal does not fit: it was changed, or made with another store")]
    Seal,
    /// It carries no seal where one is needed.
    #[error("it carries no seal, and at euid 0 only a plan that root saved is applied")]
    Unsealed,
}

/// A plan with its seal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedPlan {
    /// The plan.
    pub plan: Plan,
    /// The parts that it was made for; all of them where none is named.
    #[serde(default)]
    pub parts: BTreeSet<Part>,
    /// Hexadecimal HMAC-SHA-256 of the plan's digest and its parts under the store's key.
    pub seal: Option<String>,
}

impl SavedPlan {
    /// Reads a saved plan; the seal is judged by the caller, who has the key.
    pub fn parse(bytes: &[u8]) -> Result<Self, SavedPlanError> {
        let saved: Self = serde_json::from_slice(bytes).map_err(SavedPlanError::Syntax)?;
        if saved.plan.format > FORMAT {
            return Err(SavedPlanError::Format(saved.plan.format));
        }
        Ok(saved)
    }

    /// What the seal is computed over: the domain keeps it apart from other uses of the key.
    #[must_use]
    pub fn sealed_text(plan: &Plan, parts: &BTreeSet<Part>) -> Vec<u8> {
        format!("sanctum saved plan v1\n{}\n{parts:?}", plan.digest()).into_bytes()
    }
}
