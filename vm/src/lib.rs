//! The host-only VM: socket_vmnet, QEMU and cloud-init, rendered from data.
//!
//! Everything here is a pure function of plain structs to arguments or bytes. What a value may hold is checked
//! when a struct is rendered, and documents are serialised, never pasted together. The guest has no route out
//! of its network. Deliberately absent: files, processes, and any knowledge of the instance file.

pub mod guest;
pub mod mac;
pub mod machine;
pub mod network;
mod yaml;

pub use guest::{Account, FIRST_PASSWORD, Guest, GuestFile, Seed};
pub use mac::MacAddress;
pub use machine::{Arch, Machine, Reconnect};
pub use network::Network;

use sanctum_types::AbsPath;
use std::net::Ipv4Addr;

/// Why something of the VM cannot be rendered.
#[derive(Debug, thiserror::Error)]
pub enum VmError {
    /// An address is not one that a machine of the network can have.
    #[error("{address} is not a host address of {host}/{prefix_len}")]
    Address {
        /// The address.
        address: Ipv4Addr,
        /// The hub's address in the network.
        host: Ipv4Addr,
        /// Bits of the network.
        prefix_len: u8,
    },
    /// vmnet wants addresses to lease, and they would include the guest's own.
    #[error(
        "no address is left between the hub's {host} and the guest's {guest} for vmnet to lease"
    )]
    NoLeases {
        /// The hub's address.
        host: Ipv4Addr,
        /// The guest's address.
        guest: Ipv4Addr,
    },
    /// The path of a socket is too long for the kernel.
    #[error("socket path {path} is longer than the 103 bytes of sun_path on macOS")]
    SocketPath {
        /// The path.
        path: AbsPath,
    },
    /// A size that no machine has.
    #[error("a machine of {cpus} processors and {memory_mib} MiB cannot be made")]
    Size {
        /// Processors.
        cpus: u32,
        /// Memory in MiB.
        memory_mib: u32,
    },
    /// A line is not a public key.
    #[error("authorized key {number} is not one `type base64 [comment]` line")]
    Key {
        /// Which one, from 1; its text may be a private key and is not repeated.
        number: usize,
    },
    /// Nobody could log in.
    #[error("the guest has no authorized key: nobody could log in")]
    NoKeys,
    /// A file for the guest is not text.
    #[error("{path} for the guest is not UTF-8 text")]
    NotText {
        /// Its path in the guest.
        path: AbsPath,
    },
    /// A document cannot be serialised.
    #[error("cannot write {document}")]
    Serialise {
        /// Which document.
        document: &'static str,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
}
