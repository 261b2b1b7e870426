//! What a registry says of a package: asked of the owner's own clients, kept for a while, told over a socket.
//!
//! `sanctumd --only packages` runs the clients ([`clients`]) and keeps what they said ([`desk`]); a hook asks it ([`ask`]) and opens
//! no network itself. No registry is named here: which one it is, each client knows by the owner's and the system's
//! configuration, and it is run from a directory without files of a project. Deliberately absent: what an answer means
//! (`sanctum_firewall::packages`).

pub mod ask;
pub mod clients;
pub mod desk;
pub mod records;
pub mod wire;

use std::path::{Path, PathBuf};

/// Where the service of an account listens, below its home.
const SOCKET: &str = ".sanctum/state/packages.sock";

/// Where the service of the account with this home listens.
#[must_use]
pub fn socket(home: &Path) -> PathBuf {
    home.join(SOCKET)
}
