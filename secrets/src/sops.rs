//! SOPS documents, compatible both ways with the original (getsops/sops).
//!
//! [`text`] is the seam: a format knows the leaves of a document in order and replaces single ones in its text; what is
//! above it (cipher, MAC, selectors, data keys) is the same for every format.

pub mod text;
pub mod yaml;
