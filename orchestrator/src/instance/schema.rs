//! The format as JSON Schema, derived from the types: what editors complete from and what unknown keys are judged by.

use super::model::Instance;
use schemars::generate::SchemaSettings;
use serde_json::Value;
use std::sync::OnceLock;

/// The JSON Schema (draft 2020-12) of an instance file.
#[must_use]
pub fn schema() -> Value {
    tree().clone()
}

/// The same, made once for each run.
pub(crate) fn tree() -> &'static Value {
    static TREE: OnceLock<Value> = OnceLock::new();
    TREE.get_or_init(|| {
        let generator = SchemaSettings::draft2020_12().into_generator();
        generator.into_root_schema_for::<Instance>().to_value()
    })
}
