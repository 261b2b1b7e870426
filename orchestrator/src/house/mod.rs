//! From an instance to what one node should look like.
//!
//! [`House`] is the view that every renderer gets: the instance, the node, and the facts that were observed or
//! assumed of that node. A renderer gives [`Artefact`]s back; it reads nothing else and writes nothing.

pub mod compose;
pub mod facts;
pub mod layout;

use crate::instance::Instance;
use crate::instance::model::{Arch, Node, Os};
use sanctum_host::Unit;
use sanctum_types::{AbsPath, AccountName, IfName, Mode, NodeName, Owner};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::net::IpAddr;

/// One node of one house, with what is known of the machine.
#[derive(Clone, Copy, Debug)]
pub struct House<'a> {
    /// The validated instance.
    pub instance: &'a Instance,
    /// Which node.
    pub name: &'a NodeName,
    /// Its declaration.
    pub node: &'a Node,
    /// What is known of the machine.
    pub facts: &'a Facts,
}

/// What is known of a machine: observed where sanctum runs, assumed where it only renders.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// Operating system.
    pub os: Os,
    /// Architecture.
    pub arch: Arch,
    /// Interfaces with their addresses.
    pub interfaces: Vec<Interface>,
    /// The interface of the default route.
    pub default_route: Option<IfName>,
    /// What its ssh can do.
    pub ssh: SshFacts,
    /// IANA zone that the machine's own clock shows, which need not be the house's.
    pub timezone: String,
    /// `sanctumd` verbs and `sanctum` one-shot jobs that the installed binary implements.
    pub implemented: BTreeSet<String>,
    /// Text of the main ruleset of pf (`/etc/pf.conf`), where the machine has one.
    #[serde(default)]
    pub pf_conf: Option<String>,
}

/// One network interface.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interface {
    /// Its name.
    pub name: IfName,
    /// Whether it is up with a carrier.
    pub active: bool,
    /// Its addresses.
    pub addresses: Vec<IpAddr>,
}

/// What `ssh -Q` says on a machine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SshFacts {
    /// `ssh -Q kex`.
    pub kex: BTreeSet<String>,
    /// `ssh -Q cipher`.
    pub ciphers: BTreeSet<String>,
    /// `ssh -Q mac`.
    pub macs: BTreeSet<String>,
    /// `ssh -Q HostKeyAlgorithms`.
    pub host_key_algorithms: BTreeSet<String>,
    /// Options of sshd_config that this server knows, beyond those of OpenSSH 8.5.
    pub options: BTreeSet<String>,
}

/// One rendered file, and what is loaded from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Artefact {
    /// Where it goes.
    pub path: AbsPath,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Its permission bits.
    pub mode: Mode,
    /// Its owner.
    pub owner: Owner,
    /// What is loaded from it, if anything.
    pub unit: Option<Unit>,
    /// Whether a mistake in it can lock the owner out, so that it takes part in commit-confirm.
    pub lockout: bool,
    /// The part of the house it belongs to.
    pub part: Part,
    /// Directories that must exist for it beyond its own parent, such as log directories, with mode and owner.
    pub dirs: Vec<(AbsPath, Mode, Owner)>,
    /// Accounts that must exist for it.
    pub accounts: BTreeSet<AccountName>,
}

/// A part of the house that can be planned by itself (`plan --only ssh`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// The approved instance file.
    Instance,
    /// Packet filter of macOS.
    Pf,
    /// SSH server.
    Ssh,
    /// launchd jobs.
    Launchd,
    /// systemd units.
    Systemd,
    /// nftables.
    Nft,
    /// The virtual machine.
    Vm,
}

impl Artefact {
    /// Whether this is the file of our own pf anchor, and not the main ruleset that refers to it.
    #[must_use]
    pub fn is_anchor(&self) -> bool {
        self.part == Part::Pf && self.path.as_str() == layout::PF_ANCHOR_FILE
    }
}

impl Part {
    /// Every part with the word for it.
    pub const WORDS: [(&'static str, Self); 7] = [
        ("instance", Self::Instance),
        ("pf", Self::Pf),
        ("ssh", Self::Ssh),
        ("launchd", Self::Launchd),
        ("systemd", Self::Systemd),
        ("nft", Self::Nft),
        ("vm", Self::Vm),
    ];

    /// The part of that word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(name, _)| *name == word).map(|(_, part)| *part)
    }
}
