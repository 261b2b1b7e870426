//! Which algorithms a profile asks for, and which of them a host has.
//!
//! Invariant: the order is the profile's, the names are the host's, no list is empty. The lists are those that
//! ssh-audit 3.9 rates without a warning (key exchange of `compatible` aside); ECDSA, SHA-1, CBC and
//! MACs without encrypt-then-mac are in none of them.

use super::{SshdError, profile, word};
use crate::house::House;
use crate::instance::model::SshProfile;
use std::collections::BTreeSet;

/// ML-KEM came with OpenSSH 9.9; sntrup761 with 8.5, under its own name only later.
const POST_QUANTUM: [&str; 3] =
    ["mlkem768x25519-sha256", "sntrup761x25519-sha512", "sntrup761x25519-sha512@openssh.com"];
const CURVE25519: [&str; 2] = ["curve25519-sha256", "curve25519-sha256@libssh.org"];
const CIPHERS: [&str; 5] =
    ["aes256-gcm@openssh.com", "aes128-gcm@openssh.com", "aes256-ctr", "aes192-ctr", "aes128-ctr"];
const MACS: [&str; 3] =
    ["hmac-sha2-512-etm@openssh.com", "hmac-sha2-256-etm@openssh.com", "umac-128-etm@openssh.com"];
const HOST_KEYS: [&str; 8] = [
    "ssh-ed25519",
    "ssh-ed25519-cert-v01@openssh.com",
    "sk-ssh-ed25519@openssh.com",
    "sk-ssh-ed25519-cert-v01@openssh.com",
    "rsa-sha2-512",
    "rsa-sha2-512-cert-v01@openssh.com",
    "rsa-sha2-256",
    "rsa-sha2-256-cert-v01@openssh.com",
];

/// The lists of one drop-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Algorithms {
    /// `KexAlgorithms`.
    pub kex: Vec<&'static str>,
    /// `Ciphers`.
    pub ciphers: Vec<&'static str>,
    /// `MACs`.
    pub macs: Vec<&'static str>,
    /// `HostKeyAlgorithms`.
    pub host_key_algorithms: Vec<&'static str>,
}

impl Algorithms {
    /// What the node's profile asks for and its `ssh -Q` names.
    ///
    /// # Errors
    /// [`SshdError::NoPostQuantum`] and [`SshdError::NoneOf`] where that is nothing.
    pub fn of(house: &House<'_>) -> Result<Self, SshdError> {
        let has = &house.facts.ssh;
        let profile = profile(house);
        let some = |list, wanted: &[&'static str], has| {
            let found = known(wanted, has);
            let missing =
                || SshdError::NoneOf { node: house.name.clone(), list, profile: word(profile) };
            if found.is_empty() { Err(missing()) } else { Ok(found) }
        };
        let post_quantum = known(&POST_QUANTUM, &has.kex);
        let kex = match profile {
            SshProfile::PostQuantum if post_quantum.is_empty() => {
                return Err(SshdError::NoPostQuantum { node: house.name.clone() });
            }
            SshProfile::PostQuantum => post_quantum,
            SshProfile::Compatible => {
                some("KexAlgorithms", &[&POST_QUANTUM[..], &CURVE25519].concat(), &has.kex)?
            }
        };
        Ok(Self {
            kex,
            ciphers: some("Ciphers", &CIPHERS, &has.ciphers)?,
            macs: some("MACs", &MACS, &has.macs)?,
            host_key_algorithms: some("HostKeyAlgorithms", &HOST_KEYS, &has.host_key_algorithms)?,
        })
    }
}

fn known(wanted: &[&'static str], has: &BTreeSet<String>) -> Vec<&'static str> {
    wanted.iter().copied().filter(|name| has.contains(*name)).collect()
}
