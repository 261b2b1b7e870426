//! The real binary as root on a Linux machine of its own: installed, asked for consent, locked out, healed.
//!
//! Each scene runs in private mount, network and process namespaces with fresh /etc, /opt, /home, /run,
//! /var/lib and /var/log, with the real sshd on loopback and the real nft. No systemd runs in there, so the
//! plans are of the parts that need none: the SSH server, nftables and the instance file.

mod approval;
mod bed;
mod boot;
mod confirm;
mod crash;
mod doctor;
mod foreign;
mod hooks;
mod install;
mod job;
mod presence;
mod race;
mod rotation;
mod runbook;
mod saved;
mod scan;
mod secrets;
mod vault;
