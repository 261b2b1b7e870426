//! A system whose `mlockall` does nothing, such as macOS, which encrypts its swap instead.

use super::NotLocked;

/// Refuses.
///
/// # Errors
/// Always.
pub const fn lock() -> Result<(), NotLocked> {
    Err(NotLocked::Nowhere)
}

/// Never.
#[must_use]
pub const fn is_locked() -> bool {
    false
}
