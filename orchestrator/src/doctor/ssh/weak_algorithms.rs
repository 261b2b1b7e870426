//! `ssh/weak-algorithms`.

use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use sanctum_types::Severity;
use std::collections::BTreeSet;

pub(super) static LINT: Lint = Lint {
    id: "ssh/weak-algorithms",
    severity: Severity::Error,
    on: On::Any,
    title: "sshd offers nothing that is broken or on its way out",
    why: "SHA-1 signatures, CBC ciphers, MD5 and group 1 stay in some builds for old clients, and one line \
          that begins with `+` brings them back without a word in any log. A client in the middle chooses the \
          weakest that both ends take.",
    fix: Fix::Run(
        "sudo /opt/sanctum/bin/sanctum apply --only ssh; what stays then another file adds: sudo grep -rinE \
        \"algorithms|ciphers|macs\" /etc/ssh/sshd_config /etc/ssh/sshd_config.d",
    ),
    needs: &[Need::Sshd],
    judge,
    #[cfg(test)]
    good,
    #[cfg(test)]
    bad,
};

fn judge(looked: &Looked) -> Seen {
    let callers = looked.sshd()?;
    let mut answer = Answer::over(callers.len());
    let mut weak: BTreeSet<(&str, &str)> = BTreeSet::new();
    for caller in callers {
        for keyword in LISTS {
            let lists = caller.effective.get(keyword).into_iter().flatten();
            weak.extend(
                lists
                    .flat_map(|list| list.split(','))
                    .filter(|name| is_weak(name))
                    .map(|name| (keyword, name)),
            );
        }
    }
    for (keyword, name) in weak {
        answer.add(name, format!("offered among {keyword}"));
    }
    Ok(answer)
}

const LISTS: [&str; 5] =
    ["kexalgorithms", "ciphers", "macs", "hostkeyalgorithms", "pubkeyacceptedalgorithms"];

/// What OpenSSH itself has taken out of its defaults for being weak (release notes of 6.7, 7.0, 7.2, 8.2 and 8.8).
fn is_weak(name: &str) -> bool {
    let name = name.split('@').next().unwrap_or_default();
    let sha1 = matches!(
        name,
        "diffie-hellman-group1-sha1"
            | "diffie-hellman-group14-sha1"
            | "diffie-hellman-group-exchange-sha1"
            | "ssh-rsa"
            | "ssh-rsa-cert-v01"
            | "ssh-dss"
            | "ssh-dss-cert-v01"
            | "hmac-sha1"
            | "hmac-sha1-96"
            | "hmac-sha1-etm"
            | "hmac-sha1-96-etm"
    );
    sha1 || name.ends_with("-cbc")
        || ["arcfour", "hmac-md5", "hmac-ripemd", "umac-64"]
            .iter()
            .any(|weak| name.starts_with(weak))
}

#[cfg(test)]
fn good() -> Looked {
    crate::doctor::fixture::plain_hub().with_sshd(&[])
}

#[cfg(test)]
fn bad() -> Looked {
    crate::doctor::fixture::plain_hub()
        .with_sshd(&[("macs", "hmac-sha2-256-etm@openssh.com,hmac-sha1-etm@openssh.com")])
}

#[cfg(test)]
mod tests {
    use super::is_weak;

    #[test]
    fn what_is_weak() {
        for (name, expected) in [
            ("ssh-rsa", true),
            ("rsa-sha2-256", false),
            ("ssh-rsa-cert-v01@openssh.com", true),
            ("rsa-sha2-512-cert-v01@openssh.com", false),
            ("aes128-cbc", true),
            ("aes128-ctr", false),
            ("umac-64-etm@openssh.com", true),
            ("umac-128-etm@openssh.com", false),
            ("hmac-sha1-etm@openssh.com", true),
            ("hmac-sha2-256", false),
            ("diffie-hellman-group14-sha1", true),
            ("diffie-hellman-group14-sha256", false),
            ("sntrup761x25519-sha512@openssh.com", false),
        ] {
            assert_eq!(is_weak(name), expected, "{name}");
        }
    }
}
