//! What follows from an instance for its secrets: what a thief holds, which keys there are, what is known of recovery.
//!
//! Everything is pure, over the instance and what was observed; no value is ever seen here. Deliberately absent: the
//! stores themselves, which are `sanctum_secrets`.

pub mod keys;
pub mod recovery;
pub mod theft;

use crate::house::layout;
use crate::instance::Instance;
use sanctum_secrets::resolve::Places;
use sanctum_types::AbsPath;
use std::path::Path;

/// Where the services of a machine find the secrets of its house; relative references start beside the approved instance.
#[must_use]
pub fn places(root: &Path, instance: &Instance) -> Option<Places> {
    let mut places = Places::machine(root)?;
    places.base = AbsPath::new(layout::APPROVED_INSTANCE).ok()?.parent()?;
    instance.stores.furnish(&mut places);
    Some(places)
}
