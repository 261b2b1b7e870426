//! SOPS documents, compatible both ways with the original (getsops/sops).
//!
//! [`text`] is the seam: a format knows the leaves of a document in order and replaces single ones in its text; what is
//! above it (cipher, MAC, selectors, data keys) is the same for every format.

pub mod cipher;
pub mod config;
pub mod datakey;
pub mod dotenv;
pub mod engine;
pub mod exposure;
pub mod flat;
pub mod format;
pub mod identities;
pub mod ini;
pub mod json;
pub mod metadata;
pub mod node;
pub mod opened;
pub mod person;
pub mod plugin;
pub mod re2;
pub mod recipients;
pub mod selectors;
pub mod shamir;
pub mod text;
pub mod value;
pub mod yaml;

pub use format::Format;
pub use identities::{Identities, Sources};
pub use opened::{Opened, SopsError, encrypt, open};
pub use person::Person;

/// No document of secrets is larger; reading is bounded so that a wrong name does not fill the memory.
pub const LIMIT: u64 = 64 * 1024 * 1024;
