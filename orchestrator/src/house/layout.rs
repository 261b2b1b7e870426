//! Where sanctum's own things live on a machine: one table, so that no renderer spells a path of its own.

use crate::instance::model::Os;
use sanctum_types::Owner;

/// Root-owned prefix that `sanctum self install` fills; never a user's cargo or Homebrew prefix.
pub const PREFIX: &str = "/opt/sanctum";
/// The one-shot binary, as jobs call it.
pub const SANCTUM: &str = "/opt/sanctum/bin/sanctum";
/// The binary of what stays up, as jobs call it.
pub const SANCTUMD: &str = "/opt/sanctum/bin/sanctumd";
/// The approved copy of the instance file: the one that counts at euid 0.
pub const APPROVED_INSTANCE: &str = "/etc/sanctum/instance.yaml";
/// One word: which node of the house this machine is.
pub const NODE_FILE: &str = "/etc/sanctum/node";
/// Files of secrets that are referred to as `file:NAME`; each is its owner's alone.
pub const SECRETS: &str = sanctum_secrets::places::MACHINE;
/// Log files of jobs, one per label.
pub const LOGS: &str = "/var/log/sanctum";
/// Our anchor's rules.
pub const PF_ANCHOR_FILE: &str = "/etc/pf.anchors/sanctum";
/// The main ruleset of pf, which the system owns.
pub const PF_CONF: &str = "/etc/pf.conf";
/// The sshd drop-in: `00-` because the first value of a keyword wins.
pub const SSHD_DROP_IN: &str = "/etc/ssh/sshd_config.d/00-sanctum.conf";
/// LaunchDaemons.
pub const LAUNCH_DAEMONS: &str = "/Library/LaunchDaemons";
/// LaunchAgents for every graphical session; root-owned, unlike those in a home.
pub const LAUNCH_AGENTS: &str = "/Library/LaunchAgents";
/// systemd units of the administrator.
pub const SYSTEMD_UNITS: &str = "/etc/systemd/system";
/// nftables ruleset of the house.
pub const NFT_RULES: &str = "/etc/nftables.d/sanctum.nft";
/// Disk, seed and sockets of the virtual machine.
pub const VM_DIR: &str = "/opt/sanctum/vm";
/// socket_vmnet in its own root-only prefix, as its authors advise.
pub const SOCKET_VMNET: &str = "/opt/socket_vmnet/bin/socket_vmnet";

/// The definition of the job that takes back at boot what nobody confirmed, as launchd and systemd know it.
pub const BOOT_JOBS: [&str; 2] = [
    "/Library/LaunchDaemons/com.sanctum.bootstrap.plist",
    "/etc/systemd/system/sanctum-bootstrap.service",
];

/// Blobs, receipts and keys; only root enters.
#[must_use]
pub const fn store(os: Os) -> &'static str {
    match os {
        Os::Macos => "/var/db/sanctum",
        Os::Linux => "/var/lib/sanctum",
    }
}

/// The journal's second place where the instance names no other; only root enters.
#[must_use]
pub const fn witness(os: Os) -> &'static str {
    match os {
        Os::Macos => "/var/db/sanctum-witness",
        Os::Linux => "/var/lib/sanctum-witness",
    }
}

/// The owner of what belongs to the system.
#[must_use]
pub fn root_owner(os: Os) -> Owner {
    match os {
        Os::Macos => Owner::new("root", "wheel"),
        Os::Linux => Owner::new("root", "root"),
    }
}
