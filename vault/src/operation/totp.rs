//! One-time codes by the clock (RFC 6238), from a credential that is a base32 text or an `otpauth://totp/` address.
//!
//! The time is the vault's own: who could choose it would have tomorrow's codes today.

use super::{Work, unfit};
use crate::wire::WireError;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha1::Sha1;
use sha2::{Sha256, Sha512};
use zeroize::Zeroizing;

struct Seed {
    key: Zeroizing<Vec<u8>>,
    algorithm: String,
    digits: u32,
    period: u64,
}

/// The code of now, and for how long it is good.
pub(super) fn totp(work: &Work<'_>) -> Result<Value, WireError> {
    let text = std::str::from_utf8(work.value).map_err(|_| unfit("the credential is no text"))?;
    let seed = Seed::read(text.trim()).ok_or_else(|| {
        unfit("the credential is neither base32 nor an otpauth://totp/ address of 6 to 8 digits")
    })?;
    let now = u64::try_from(work.at.0).map_err(|_| unfit("the clock is before 1970"))?;
    let code = seed.code(now / seed.period).ok_or_else(|| unfit("the credential is no key"))?;
    Ok(json!({
        "code": *code, "period": seed.period, "valid_for": seed.period - now % seed.period,
    }))
}

impl Seed {
    fn read(text: &str) -> Option<Self> {
        let mut seed = Self {
            key: Zeroizing::new(Vec::new()),
            algorithm: "SHA1".to_owned(),
            digits: 6,
            period: 30,
        };
        let Some(rest) = text.strip_prefix("otpauth://totp/") else {
            seed.key = base32(text)?;
            return Some(seed);
        };
        for pair in rest.split_once('?')?.1.split('&') {
            match pair.split_once('=')? {
                ("secret", value) => seed.key = base32(value)?,
                ("algorithm", value) => seed.algorithm = value.to_ascii_uppercase(),
                ("digits", value) => seed.digits = value.parse().ok()?,
                ("period", value) => seed.period = value.parse().ok()?,
                _ => {}
            }
        }
        let fits = (6..=8).contains(&seed.digits) && (1..=3600).contains(&seed.period);
        (fits && !seed.key.is_empty()).then_some(seed)
    }

    fn code(&self, counter: u64) -> Option<Zeroizing<String>> {
        let moving = counter.to_be_bytes();
        macro_rules! mac {
            ($hash:ty) => {{
                let mut mac = Hmac::<$hash>::new_from_slice(&self.key).ok()?;
                mac.update(&moving);
                mac.finalize().into_bytes().to_vec()
            }};
        }
        let mac = Zeroizing::new(match self.algorithm.as_str() {
            "SHA1" => mac!(Sha1),
            "SHA256" => mac!(Sha256),
            "SHA512" => mac!(Sha512),
            _ => return None,
        });
        // RFC 4226, section 5.3: the last nibble says where the number stands.
        let at = usize::from(mac.last()? & 15);
        let number = u32::from_be_bytes(mac.get(at..at + 4)?.try_into().ok()?) & 0x7fff_ffff;
        let width = usize::try_from(self.digits).ok()?;
        Some(Zeroizing::new(format!("{:0width$}", number % 10_u32.pow(self.digits))))
    }
}

/// RFC 4648, section 6, as people copy it: in any case, with blanks and hyphens, with or without its padding.
fn base32(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let (mut bytes, mut held, mut bits) = (Zeroizing::new(Vec::new()), 0_u32, 0_u32);
    let digits = text
        .trim_end_matches("%3D")
        .trim_end_matches('=')
        .bytes()
        .filter(|byte| !b" -".contains(byte));
    for digit in digits {
        let five = match digit.to_ascii_uppercase() {
            letter @ b'A'..=b'Z' => letter - b'A',
            number @ b'2'..=b'7' => number - b'2' + 26,
            _ => return None,
        };
        held = held << 5 | u32::from(five);
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(held >> bits & 0xff).ok()?);
            held &= (1 << bits) - 1;
        }
    }
    (!bytes.is_empty()).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sanctum_types::UnixTime;
    use serde_json::Map;

    fn code(value: &str, at: i64) -> Option<String> {
        let params = Map::new();
        let work = Work {
            path: "a",
            version: 1,
            value: value.as_bytes(),
            params: &params,
            at: UnixTime(at),
            publics: &crate::operation::Publics::default(),
        };
        Some(totp(&work).ok()?["code"].as_str()?.to_owned())
    }

    /// RFC 4648's own digits.
    fn encoded(key: &str) -> String {
        let bits: String = key.bytes().map(|byte| format!("{byte:08b}")).collect();
        let digit = |five: &[u8]| {
            let text = format!("{:0<5}", std::str::from_utf8(five).unwrap());
            let number = usize::from_str_radix(&text, 2).unwrap();
            char::from(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[number])
        };
        bits.as_bytes().chunks(5).map(digit).collect()
    }

    #[test]
    fn codes_are_those_of_the_standard() {
        // RFC 6238, appendix B.
        let keys = [
            ("SHA1", "12345678901234567890".to_owned()),
            ("SHA256", "12345678901234567890123456789012".to_owned()),
            ("SHA512", "1234567890".repeat(6) + "1234"),
        ];
        for (at, codes) in [
            (59, ["94287082", "46119246", "90693936"]),
            (1_111_111_109, ["07081804", "68084774", "25091201"]),
            (1_111_111_111, ["14050471", "67062674", "99943326"]),
            (1_234_567_890, ["89005924", "91819424", "93441116"]),
            (2_000_000_000, ["69279037", "90698825", "38618901"]),
            (20_000_000_000, ["65353130", "77737706", "47863826"]),
        ] {
            for ((algorithm, key), expected) in keys.iter().zip(codes) {
                let address = format!(
                    "otpauth://totp/x?secret={}&algorithm={algorithm}&digits=8&issuer=y",
                    encoded(key)
                );
                assert_eq!(code(&address, at).as_deref(), Some(expected), "{algorithm} {at}");
            }
        }
        let written = encoded("12345678901234567890");
        assert_eq!(code(&written, 59).as_deref(), Some("287082"));
        assert_eq!(code(&format!(" {}== ", written.to_lowercase()), 59).as_deref(), Some("287082"));
        for bad in ["", "1", "A", "otpauth://totp/x", "otpauth://totp/x?secret=GEZA&digits=9"] {
            assert_eq!(code(bad, 59), None, "{bad}");
        }
        for bad in ["algorithm=MD5", "period=0", "period=x", "period=3601", "digits=5", "digits=9"]
        {
            assert_eq!(code(&format!("otpauth://totp/x?secret=GEZA&{bad}"), 59), None, "{bad}");
        }
    }
}
