//! Keeping the memory of this process out of the swap.
//!
//! All of it is locked or nothing: a lock that memory may grow out of would end the process at some later allocation. So it is locked where the
//! system sets no limit to it, page by page as they are touched, and what the system says afterwards counts. Deliberately absent: core dumps, which
//! [`crate::private_io`] switches off.

#[cfg_attr(target_os = "linux", path = "memory/linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "memory/nowhere.rs")]
mod system;

pub use system::{is_locked, lock};

/// Why it is not locked.
#[derive(Debug, thiserror::Error)]
pub enum NotLocked {
    /// Memory may grow beyond what may be locked.
    #[error(
        "at most {kib} KiB of its memory may be locked (RLIMIT_MEMLOCK), and it may grow beyond that"
    )]
    Limited {
        /// The limit.
        kib: u64,
    },
    /// The system refuses.
    #[error("the system does not lock its memory")]
    Refused {
        /// Its answer.
        #[source]
        source: std::io::Error,
    },
    /// It said that it did.
    #[error("the system locked its memory and shows it unlocked")]
    ReadBack,
    /// It never does.
    #[error("this system locks no process as a whole")]
    Nowhere,
}
