//! Operations that began under the lock of a store and may never have ended: their names, in a small file there.
//!
//! Each is named before its start is recorded, and no longer once its end is. Whoever holds the lock and finds another's
//! knows that its process is gone, whatever its number was given to since. What the journal says goes: a name without a
//! start there, or with an end, is nothing, and a list that cannot be understood names nothing. Deliberately absent: who
//! ends them.

use super::STREAM;
use crate::failure::Failure;
use sanctum_host::Store;
use sanctum_host::journal::{Places, StreamName, follow};
use sanctum_types::{AuditEvent, OperationId, Phase};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The store's file.
const FILE: &str = "begun.json";
const FORMAT: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Named {
    format: u32,
    operations: Vec<OperationId>,
}

/// The names that stand in the store.
pub(super) fn named(store: &Store) -> Result<Vec<OperationId>, Failure> {
    let named =
        store.read_file(FILE)?.and_then(|bytes| serde_json::from_slice::<Named>(&bytes).ok());
    let named = named.filter(|named| named.format == FORMAT);
    Ok(named.map(|named| named.operations).unwrap_or_default())
}

/// The starts of those that never ended. The journal is read only where one is named.
pub(super) fn dead(store: &Store) -> Result<BTreeMap<OperationId, AuditEvent>, Failure> {
    let named = named(store)?;
    let places = if named.is_empty() { None } else { Places::look(store, None)? };
    let mut open = BTreeMap::new();
    let Some(places) = places else { return Ok(open) };
    follow::news(&places, &StreamName::new(STREAM)?, None, &mut |entry| match entry
        .event
        .phase
        .clone()
    {
        Phase::Started(id) if named.contains(&id) => {
            open.insert(id, entry.event);
        }
        Phase::Finished(id) => drop(open.remove(&id)),
        Phase::Started(_) | Phase::Single => {}
    })?;
    Ok(open)
}

/// Only these stand there; none is no file.
pub(super) fn name(store: &Store, operations: Vec<OperationId>) -> Result<(), Failure> {
    if operations.is_empty() {
        return Ok(store.remove_file(FILE)?);
    }
    Ok(store.write_file(FILE, &serde_json::to_vec(&Named { format: FORMAT, operations })?)?)
}
