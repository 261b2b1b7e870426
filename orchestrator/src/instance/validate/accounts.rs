//! People: who logs in, with which public keys. Root never does.

use super::{Judged, KeyFault, Problem};
use crate::instance::model::Instance;
use sanctum_types::AccountName;
use std::collections::BTreeSet;

pub(super) fn judge(instance: &Instance, judged: &mut Judged) {
    let root = |name: &AccountName| name.as_str() == "root";
    if root(&instance.users.owner) {
        judged.refuse(["users", "owner"], Problem::RootLogin { role: "the owner" });
    }
    if root(&instance.users.guest) {
        judged.refuse(["users", "guest"], Problem::RootLogin { role: "the guest's login" });
    }
    for (name, node) in &instance.nodes {
        if node.user.as_ref().is_some_and(root) {
            judged.refuse(
                ["nodes", name.as_str(), "user"],
                Problem::RootLogin { role: "a node's login" },
            );
        }
    }
    let mut seen = BTreeSet::new();
    for (n, user) in instance.ssh.allow_users.iter().enumerate() {
        let index = n.to_string();
        if root(user) {
            judged.refuse(
                ["ssh", "allow_users", &index],
                Problem::RootLogin { role: "an SSH login" },
            );
        }
        if !seen.insert(user) {
            judged
                .refuse(["ssh", "allow_users", &index], Problem::Twice { item: user.to_string() });
        }
    }
    for (n, line) in instance.users.authorized_keys.iter().enumerate() {
        if let Err(fault) = key_line(line) {
            judged.refuse(
                ["users", "authorized_keys", &n.to_string()],
                Problem::AuthorizedKey { fault },
            );
        }
    }
    for name in instance.ssh.profiles.keys() {
        super::services::known_node(instance, ["ssh", "profiles", name.as_str()], name, judged);
    }
}

/// Whether this is a line of authorized_keys.
pub(crate) fn is_public_key(line: &str) -> bool {
    key_line(line).is_ok()
}

/// A line of authorized_keys: options may stand before the type, a comment after the key (sshd(8)).
fn key_line(line: &str) -> Result<(), KeyFault> {
    if line.contains("PRIVATE KEY") {
        return Err(KeyFault::Private);
    }
    if line.chars().any(char::is_control) {
        return Err(KeyFault::Base64);
    }
    let mut words = line.split(' ').filter(|word| !word.is_empty());
    let kind = words.by_ref().find(|word| is_key_type(word)).ok_or(KeyFault::Type)?;
    let blob = words.next().and_then(base64).ok_or(KeyFault::Base64)?;
    // RFC 4253, 6.6: the blob starts with its own type as a string with a 32-bit length.
    let inner = blob.split_first_chunk::<4>().and_then(|(length, rest)| {
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        rest.get(..length)
    });
    if inner == Some(kind.as_bytes()) { Ok(()) } else { Err(KeyFault::Mismatch) }
}

fn is_key_type(word: &str) -> bool {
    // ssh-keygen(1) -t; certificates and DSA are not meant for this list.
    matches!(
        word,
        "ssh-ed25519"
            | "ssh-rsa"
            | "ecdsa-sha2-nistp256"
            | "ecdsa-sha2-nistp384"
            | "ecdsa-sha2-nistp521"
            | "sk-ssh-ed25519@openssh.com"
            | "sk-ecdsa-sha2-nistp256@openssh.com"
    )
}

/// Standard base64 with padding (RFC 4648, 4).
fn base64(text: &str) -> Option<Vec<u8>> {
    let digits = text.trim_end_matches('=');
    if !text.len().is_multiple_of(4) || text.len() - digits.len() > 2 || text.is_empty() {
        return None;
    }
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut held) = (0u32, 0u32);
    for c in digits.bytes() {
        let value = match c {
            b'A'..=b'Z' => c - b'A',
            b'a'..=b'z' => c - b'a' + 26,
            b'0'..=b'9' => c - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = (bits << 6 | u32::from(value)) & 0xff_ffff;
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push(u8::try_from(bits >> held & 0xff).ok()?);
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_line_has_a_type_and_a_key_of_that_type() {
        const KEY: &str = "AAAAC3NzaC1lZDI1NTE5AAAAIGh0v2lVb1mC2O5tVd1xMJmT1nX0yqv1Zb3u8m0kq3aB";
        for good in [
            format!("ssh-ed25519 {KEY}"),
            format!("ssh-ed25519 {KEY} owner@laptop"),
            format!("restrict,from=\"10.0.0.0/8\" ssh-ed25519 {KEY} c"),
        ] {
            assert_eq!(key_line(&good), Ok(()), "{good}");
        }
        for (bad, fault) in [
            (KEY.to_owned(), KeyFault::Type),
            ("ssh-ed25519".to_owned(), KeyFault::Base64),
            ("ssh-ed25519 AAAA*".to_owned(), KeyFault::Base64),
            ("ssh-ed25519 AAA".to_owned(), KeyFault::Base64),
            (format!("ssh-rsa {KEY}"), KeyFault::Mismatch),
            (format!("ssh-ed25519 {KEY}\nssh-rsa x"), KeyFault::Base64),
            ("-----BEGIN OPENSSH PRIVATE KEY-----".to_owned(), KeyFault::Private),
        ] {
            assert_eq!(key_line(&bad), Err(fault), "{bad}");
        }
    }
}
