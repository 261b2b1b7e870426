//! What this machine's OpenSSH can do, asked of the programs themselves.
//!
//! Versions do not tell which algorithms a build has (Debian carries names of 9.9 in its 9.2), so `ssh -Q` is
//! asked for each list. Deliberately absent: the choice among them.

use crate::HostError;
use crate::command::{Options, Program, run};
use std::collections::BTreeSet;

/// Names of algorithms, exactly as `ssh -Q` prints them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Algorithms {
    /// Key exchange.
    pub kex: BTreeSet<String>,
    /// Ciphers.
    pub ciphers: BTreeSet<String>,
    /// Message authentication codes.
    pub macs: BTreeSet<String>,
    /// Host key signatures.
    pub host_keys: BTreeSet<String>,
}

/// Major and minor number of an OpenSSH release; the portable patch level means nothing to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SshVersion {
    /// 9 of 9.2p1.
    pub major: u32,
    /// 2 of 9.2p1.
    pub minor: u32,
}

/// Asks `ssh -Q` for the four lists.
pub fn algorithms(ssh: &Program) -> Result<Algorithms, HostError> {
    let ask = |what| {
        let said = run(ssh, &["-Q", what], Options::default())?.success()?;
        let names: BTreeSet<String> = said
            .text()
            .lines()
            .map(|line| line.trim().to_owned())
            .filter(|l| !l.is_empty())
            .collect();
        if names.is_empty() {
            return Err(said.failure());
        }
        Ok(names)
    };
    Ok(Algorithms {
        kex: ask("kex")?,
        ciphers: ask("cipher")?,
        macs: ask("mac")?,
        host_keys: ask("HostKeyAlgorithms")?,
    })
}

/// The release of a server or client; none when it does not name itself as OpenSSH.
///
/// A server before 9.4 does not know `-V` and names itself in its usage message, with a failing status.
pub fn version(ssh_or_sshd: &Program) -> Result<Option<SshVersion>, HostError> {
    let said = run(ssh_or_sshd, &["-V"], Options::default())?;
    let text = said.text() + &String::from_utf8_lossy(&said.stderr);
    Ok(parse_version(&text))
}

/// Finds `OpenSSH_9.2p1` in what a program says of itself.
#[must_use]
pub fn parse_version(text: &str) -> Option<SshVersion> {
    let (_, rest) = text.split_once("OpenSSH_")?;
    let (major, rest) = rest.split_once('.')?;
    let minor: String = rest.chars().take_while(char::is_ascii_digit).collect();
    Some(SshVersion { major: major.parse().ok()?, minor: minor.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions() {
        for (text, expected) in [
            ("OpenSSH_9.2p1 Debian-2+deb12u10, OpenSSL 3.0.17", Some((9, 2))),
            ("unknown option -- V\nOpenSSH_10.0p2, LibreSSL 3.3.6\nusage: sshd", Some((10, 0))),
            ("OpenSSH_for_Windows", None),
            ("dropbear 2022", None),
        ] {
            let found = parse_version(text).map(|version| (version.major, version.minor));
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn this_machines_openssh_answers() {
        let (Some(ssh), Some(sshd)) = (Program::find(&["ssh"]), Program::find(&["sshd"])) else {
            println!("skipped: OpenSSH is not installed");
            return;
        };
        let offered = algorithms(&ssh).unwrap();
        assert!(offered.kex.contains("curve25519-sha256"));
        assert!(offered.ciphers.contains("aes256-gcm@openssh.com"));
        assert!(offered.macs.contains("hmac-sha2-256-etm@openssh.com"));
        assert!(offered.host_keys.contains("ssh-ed25519"));
        assert!(version(&sshd).unwrap() >= Some(SshVersion { major: 8, minor: 0 }));
        assert!(algorithms(&Program::find(&["true"]).unwrap()).is_err());
    }
}
