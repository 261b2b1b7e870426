//! A file of another node, over SSH: one constant command, everything else on its standard input.
//!
//! The node writes a temporary file beside it, checks that every byte came, keeps owner and mode, and renames. A file
//! that changed since it was read is not replaced. Deliberately absent: what the bytes mean, and making new files.

use crate::fleet::answer::Raw;
use crate::fleet::{Fleet, FleetError, Kind, Target};
use sanctum_rotation::{Failure, Reason};
use sanctum_types::AbsPath;
use zeroize::Zeroizing;

const COMMAND: &str = concat!("/bin/sh -c '", include_str!("../../../templates/node-file.sh"), "'");
/// Answers of the script, for its exit status 0.
const LOOKED: &[u8] = b"may be written\n";
const REPLACED: &[u8] = b"replaced\n";
/// Exit statuses of the script.
const CUT_SHORT: u32 = 74;
const CHANGED: u32 = 75;

/// A file and the way to it.
pub struct NodeFile {
    /// Who speaks SSH.
    pub fleet: Fleet,
    /// The node.
    pub target: Target,
    /// The file.
    pub path: AbsPath,
}

impl NodeFile {
    /// Its bytes.
    pub(super) fn read(&self) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let raw = self.run("read", &[]).map_err(|error| before(&error, Reason::Unreadable))?;
        match raw.exit {
            Some(0) if !raw.too_long => Ok(Zeroizing::new(raw.stdout)),
            // No exit status: the connection ended in the middle.
            None => Err(Failure::Later { reason: Reason::Unreadable, after: None }),
            Some(_) => Err(Failure::Never(Reason::Unreadable)),
        }
    }

    /// Whether it could be replaced.
    pub(super) fn may_write(&self) -> Result<(), Failure> {
        let raw = self.run("look", &[]).map_err(|error| before(&error, Reason::Unwritable))?;
        match raw.exit {
            Some(0) if raw.stdout == LOOKED => Ok(()),
            None => Err(Failure::Later { reason: Reason::Unwritable, after: None }),
            Some(_) => Err(Failure::Never(Reason::Unwritable)),
        }
    }

    /// Replaces the file that was read.
    pub(super) fn replace(&self, was: &[u8], new: &[u8]) -> Result<(), Failure> {
        let head = format!("{}\n{}\n", cksum(was), cksum(new));
        let raw = self.run("replace", &[head.as_bytes(), new]).map_err(|error| {
            // Only what failed before the command was asked for certainly had no effect.
            match before(&error, Reason::Unwritable) {
                failure if is_before(error.kind()) => failure,
                _ => Failure::Unknown(Reason::Unwritable),
            }
        })?;
        match raw.exit {
            Some(0) if raw.stdout == REPLACED => Ok(()),
            Some(CUT_SHORT | CHANGED) => {
                Err(Failure::Later { reason: Reason::Unwritable, after: None })
            }
            Some(1..=127) => Err(Failure::Never(Reason::Unwritable)),
            _ => Err(Failure::Unknown(Reason::Unwritable)),
        }
    }

    fn run(&self, verb: &str, rest: &[&[u8]]) -> Result<Raw, FleetError> {
        let mut input = format!("{verb}\n{}\n", self.path).into_bytes();
        // Room for all of it at once: growing would leave copies behind that nobody wipes.
        input.reserve_exact(rest.iter().map(|part| part.len()).sum());
        rest.iter().for_each(|part| input.extend_from_slice(part));
        self.fleet.run(&self.target, COMMAND, input)
    }
}

/// Whether such a failure comes before a command is asked for.
const fn is_before(kind: Kind) -> bool {
    !matches!(kind, Kind::Timeout | Kind::Unreachable)
}

/// A failure whose effect does not matter, or that had none.
fn before(error: &FleetError, reason: Reason) -> Failure {
    match error.kind() {
        Kind::UnknownHostKey | Kind::ChangedHostKey | Kind::RevokedHostKey => {
            Failure::Never(reason)
        }
        _ => Failure::Later { reason, after: None },
    }
}

/// What `cksum` says (POSIX, "cksum": CRC of ISO 8802-3 over the bytes and their number).
fn cksum(bytes: &[u8]) -> String {
    const POLYNOMIAL: u32 = 0x04c1_1db7;
    let mut length = bytes.len();
    let mut digits = Vec::new();
    while length > 0 {
        digits.push(u8::try_from(length & 0xff).unwrap_or_default());
        length >>= 8;
    }
    let crc = bytes.iter().chain(&digits).fold(0_u32, |crc, byte| {
        (0..8).fold(crc ^ (u32::from(*byte) << 24), |crc, _| {
            if crc & 0x8000_0000 == 0 { crc << 1 } else { (crc << 1) ^ POLYNOMIAL }
        })
    });
    format!("{} {}", !crc, bytes.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_the_program() {
        // `printf abc | cksum`, and of nothing.
        for (bytes, sum) in [(&b"abc"[..], "1219131554 3"), (b"", "4294967295 0")] {
            assert_eq!(cksum(bytes), sum);
        }
        let long: Vec<u8> = (0..=255).cycle().take(70_000).collect();
        assert_eq!(cksum(&long).split(' ').nth(1), Some("70000"));
    }

    #[test]
    fn the_command_is_one_quoted_word() {
        assert_eq!(COMMAND.matches('\'').count(), 2);
    }
}
