//! Saved plans on disk: sealed when they are written, judged when they are read.

use crate::failure::Failure;
use sanctum_host::{Store, files};
use sanctum_orchestrator::engine::EngineError;
use sanctum_orchestrator::house::Part;
use sanctum_orchestrator::plan::Plan;
use sanctum_orchestrator::plan::saved::{SavedPlan, SavedPlanError};
use sanctum_types::Digest;
use std::collections::BTreeSet;
use std::path::Path;

/// A saved plan of 200 services has 400 KiB.
const LIMIT: u64 = 16 * 1024 * 1024;
const AGAIN: &str = "plan again: sanctum plan --out FILE";

/// Writes a plan, with a seal where there is a store to seal with.
pub fn write(
    path: &Path,
    plan: &Plan,
    parts: &BTreeSet<Part>,
    store: Option<&Store>,
) -> Result<(), Failure> {
    let seal = match store {
        Some(store) => {
            Some(Digest::from_bytes(store.mac(&SavedPlan::sealed_text(plan, parts))?).to_string())
        }
        None => None,
    };
    let saved = SavedPlan { plan: plan.clone(), parts: parts.clone(), seal };
    Ok(files::write_private(path, &serde_json::to_vec_pretty(&saved)?)?)
}

/// Reads a plan; its seal is judged by [`require_seal`].
pub fn read(path: &Path) -> Result<SavedPlan, Failure> {
    Ok(SavedPlan::parse(&files::read(path, LIMIT)?)?)
}

/// Refuses a plan that this store did not seal.
pub fn require_seal(saved: &SavedPlan, store: Option<&Store>) -> Result<(), Failure> {
    let refused = |error| Failure::refused(error).hint(AGAIN);
    let seal = saved.seal.as_deref().ok_or_else(|| refused(SavedPlanError::Unsealed))?;
    let tag = Digest::parse(seal).ok_or_else(|| refused(SavedPlanError::Seal))?;
    let store = store.ok_or(EngineError::NoStore)?;
    if store.mac_verify(&SavedPlan::sealed_text(&saved.plan, &saved.parts), tag.as_bytes())? {
        return Ok(());
    }
    Err(refused(SavedPlanError::Seal))
}

/// Refuses a plan that is not the one that would be made now.
pub fn require_fresh(saved: &SavedPlan, fresh: &Plan) -> Result<(), Failure> {
    if saved.plan.digest() == fresh.digest() {
        return Ok(());
    }
    let moved: Vec<&str> = fresh
        .steps
        .iter()
        .filter(|step| !saved.plan.steps.contains(step))
        .map(|step| step.id.as_str())
        .collect();
    let what = if moved.is_empty() { "steps are gone".to_owned() } else { moved.join(", ") };
    let error = format!("the plan is stale: the machine or the instance changed since ({what})");
    Err(Failure::refused(error).hint(AGAIN))
}
