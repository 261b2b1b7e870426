//! A private certificate authority, as a rule names it: what a server of the rule's hosts has to show is judged by it alone.
//!
//! Kept are the certificates and nothing else of what was given, so that no key that stood beside them comes along. Deliberately absent: whether a
//! certificate is good, which the TLS library says of each connection.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};

/// One with its successor and some to spare.
const MOST: usize = 8;
/// Of one certificate; roots have one or two KiB.
const LONGEST: usize = 8 * 1024;

/// One or more certificates of authorities.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Authority(Vec<Vec<u8>>);

/// A text that names no authority.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an authority is 1 to 8 certificates in PEM, and no key")]
pub struct BadAuthority;

impl Authority {
    /// SHA-256 of each certificate, as certificate tools print them but for the colons.
    #[must_use]
    pub fn print(&self) -> String {
        let all: Vec<String> = self.0.iter().map(|der| crate::hex(&Sha256::digest(der))).collect();
        all.join(" ")
    }

    /// Trusting it alone.
    pub(crate) fn tls(&self) -> TlsConfig {
        let all = self.0.iter().map(|der| Certificate::from_der(der).to_owned());
        TlsConfig::builder()
            .root_certs(RootCerts::Specific(std::sync::Arc::new(all.collect())))
            .build()
    }
}

/// Whether it is one DER sequence to its end (X.690, 8.1.3), as every certificate is.
fn is_sequence(der: &[u8]) -> bool {
    let Some((&[0x30, first], rest)) = der.split_first_chunk::<2>() else { return false };
    let count = usize::from(first & 0x7f);
    if first < 0x80 {
        return rest.len() == count;
    }
    let Some((digits, rest)) = rest.split_at_checked(count) else { return false };
    let length = digits.iter().try_fold(0_usize, |length, digit| {
        length.checked_mul(256).and_then(|length| length.checked_add(usize::from(*digit)))
    });
    length == Some(rest.len())
}

impl TryFrom<String> for Authority {
    type Error = BadAuthority;

    fn try_from(text: String) -> Result<Self, BadAuthority> {
        let mut all = Vec::new();
        for item in parse_pem(text.as_bytes()) {
            // A key has no business here, and whoever gives one is told.
            let Ok(PemItem::Certificate(one)) = item else { return Err(BadAuthority) };
            if one.der().len() > LONGEST || !is_sequence(one.der()) || all.len() >= MOST {
                return Err(BadAuthority);
            }
            all.push(one.der().to_vec());
        }
        if all.is_empty() { Err(BadAuthority) } else { Ok(Self(all)) }
    }
}

impl From<Authority> for String {
    fn from(authority: Authority) -> Self {
        let mut text = Self::new();
        for der in authority.0 {
            text.push_str("-----BEGIN CERTIFICATE-----\n");
            for (at, letter) in STANDARD.encode(der).chars().enumerate() {
                if at > 0 && at % 64 == 0 {
                    text.push('\n');
                }
                text.push(letter);
            }
            text.push_str("\n-----END CERTIFICATE-----\n");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pem(kind: &str, der: &[u8]) -> String {
        let text = STANDARD.encode(der);
        format!("-----BEGIN {kind}-----\n{text}\n-----END {kind}-----\n")
    }

    fn read(text: &str) -> Result<Authority, BadAuthority> {
        Authority::try_from(text.to_owned())
    }

    #[test]
    fn certificates_are_kept_and_nothing_beside_them() {
        let one = [&[0x30, 0x82, 1, 0][..], &[7; 256]].concat();
        let text = format!(
            "Issuer: somebody\n{}{}",
            pem("CERTIFICATE", &one),
            pem("CERTIFICATE", &[0x30, 1, 5])
        );
        let authority = read(&text).unwrap();
        assert_eq!(authority.0, [one.as_slice(), &[0x30, 1, 5]]);
        let written = String::from(authority.clone());
        assert!(!written.contains("Issuer") && written.lines().all(|line| line.len() <= 64));
        assert_eq!(read(&written), Ok(authority.clone()));
        // sha256sum of the three bytes.
        assert_eq!(authority.print().split(' ').count(), 2);
        let key = ["PRIVATE", " KEY"].concat();
        for bad in [
            String::new(),
            "what".to_owned(),
            pem("CERTIFICATE", &[]),
            pem("CERTIFICATE", &[0x30, 2, 5]),
            pem("CERTIFICATE", &[0x31, 1, 5]),
            pem("CERTIFICATE", &[0x30, 0x82, 1]),
            pem("CERTIFICATE", &[0x30, 0x89, 1, 1, 1, 1, 1, 1, 1, 1, 1]),
            pem(&key, &[0x30, 1, 5]),
            format!("{}{}", pem("CERTIFICATE", &one), pem(&key, &[0x30, 1, 5])),
            pem("CERTIFICATE", &[0x30, 1, 5]).repeat(9),
        ] {
            assert_eq!(read(&bad), Err(BadAuthority), "{bad}");
        }
    }
}
