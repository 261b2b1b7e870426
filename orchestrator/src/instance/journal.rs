//! The section `journal` of the instance file: where the journal is witnessed.

use sanctum_types::AbsPath;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The journal of this house.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Journal {
    /// A directory on each machine for checkpoints and what verifies the journal, best on another disk or a mount of
    /// another machine; `sanctum-witness` beside the store when it is absent.
    pub second_place: Option<AbsPath>,
}
