//! From a reference to its value: the one way that every part of the house goes.
//!
//! [`Places`] says where this machine or this person keeps things; which store a reference belongs to follows from its
//! kind alone. A value is resolved at the moment of use and kept by nobody here. Deliberately absent: the environment,
//! which is read by `cli` and handed in, and any fallback from one store to another.

use crate::stores::{Reading, StoreError, Value};
use sanctum_types::{Secret, SecretRef};

pub use crate::places::Places;

/// A token is a line of text; longer ones do not fit an HTTP header (8 KiB in common servers).
const LONGEST_LINE: usize = 4096;

/// Why a reference has no value.
#[derive(Debug, thiserror::Error)]
pub enum ResolveError {
    /// The store answered: it is not there.
    #[error("`{reference}` is not in {store}")]
    Absent {
        /// The reference, which is no secret.
        reference: SecretRef,
        /// Which store.
        store: String,
    },
    /// Nobody knows.
    #[error("cannot resolve `{reference}`")]
    Unreachable {
        /// The reference.
        reference: SecretRef,
        /// Why.
        #[source]
        source: Box<StoreError>,
    },
    /// The value is not one line of text, which the caller needs.
    #[error("the value of `{reference}` is not one line of visible ASCII")]
    Shape {
        /// The reference.
        reference: SecretRef,
    },
}

impl ResolveError {
    /// What a person can do about it.
    #[must_use]
    pub fn way_out(&self) -> Option<String> {
        match self {
            Self::Absent { .. } => Some("put it there: sanctum secrets set NAME".to_owned()),
            Self::Unreachable { source, .. } => source.way_out(),
            Self::Shape { .. } => None,
        }
    }
}

/// The value of a reference, from the store that its kind names.
///
/// # Errors
/// It is not there, or nobody knows.
pub fn resolve(reference: &SecretRef, places: &Places) -> Result<Value, ResolveError> {
    let unreachable = |source| ResolveError::Unreachable {
        reference: reference.clone(),
        source: Box::new(source),
    };
    let store = places.store(reference).map_err(unreachable)?;
    match store.get(reference) {
        Reading::Present(value) => Ok(value),
        Reading::Absent => {
            Err(ResolveError::Absent { reference: reference.clone(), store: store.name() })
        }
        Reading::Unreachable(source) => Err(unreachable(source)),
    }
}

/// The value of a reference that must be one line of visible ASCII, as tokens and keys are; space at its end is not
/// part of it.
///
/// # Errors
/// As [`resolve`], and when it is something else.
pub fn resolve_line(
    reference: &SecretRef,
    places: &Places,
) -> Result<Secret<String>, ResolveError> {
    let value = resolve(reference, places)?;
    let text = std::str::from_utf8(value.expose()).map(str::trim_end).unwrap_or_default();
    let fits = (1..=LONGEST_LINE).contains(&text.len());
    if !fits || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(ResolveError::Shape { reference: reference.clone() });
    }
    Ok(Secret::new(text.to_owned()))
}
