//! The system's random bytes, the one source of them.

use crate::HostError;

/// Fills the bytes.
///
/// # Errors
/// [`HostError::Io`] when the system has none to give.
pub fn fill(bytes: &mut [u8]) -> Result<(), HostError> {
    getrandom::fill(bytes).map_err(|error| HostError::Io {
        verb: "read",
        path: "the system's random bytes".to_owned(),
        source: std::io::Error::other(error),
    })
}
