//! Shamir's secret sharing as the original has it (HashiCorp Vault's): GF(2^8) with the polynomial of AES.
//!
//! A share is one byte a byte of the secret, and its x coordinate as the last byte. The field's arithmetic is without
//! tables, so its time does not depend on the secret.

use super::cipher::CipherError;
use zeroize::Zeroizing;

/// A share of a secret.
pub type Share = Zeroizing<Vec<u8>>;

/// Why shares are no secret, or a secret cannot be shared so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ShamirError {
    /// A threshold below two, above the number of shares, or more shares than the field has places.
    #[error("a secret cannot be shared so that {threshold} of {shares} open it")]
    Threshold {
        /// How many open it.
        threshold: usize,
        /// How many there are.
        shares: usize,
    },
    /// Shares of different lengths, too few, or two of one place.
    #[error("the shares do not belong together")]
    Mismatch,
    /// The system gave no random bytes.
    #[error(transparent)]
    Random(#[from] CipherError),
}

/// Multiplies in GF(2^8), reduced by x^8 + x^4 + x^3 + x + 1 (FIPS 197).
fn multiply(mut a: u8, mut b: u8) -> u8 {
    let mut product = 0;
    for _ in 0..8 {
        product ^= a & 0_u8.wrapping_sub(b & 1);
        let carry = 0_u8.wrapping_sub(a >> 7);
        a = (a << 1) ^ (0x1b & carry);
        b >>= 1;
    }
    product
}

/// The inverse, a^254; zero for zero.
fn invert(a: u8) -> u8 {
    let mut power = a;
    let mut inverse = 1;
    // 254 is binary 11111110: seven squarings, each multiplied in.
    for _ in 0..7 {
        power = multiply(power, power);
        inverse = multiply(inverse, power);
    }
    inverse
}

/// Shares a secret so that any `threshold` of the shares open it.
pub fn split(secret: &[u8], shares: usize, threshold: usize) -> Result<Vec<Share>, ShamirError> {
    let wrong = ShamirError::Threshold { threshold, shares };
    let places = u8::try_from(shares).map_err(|_| wrong)?;
    if threshold < 2 || threshold > shares {
        return Err(wrong);
    }
    let mut out: Vec<Share> =
        (1..=places).map(|_| Zeroizing::new(Vec::with_capacity(secret.len() + 1))).collect();
    let mut coefficients = Zeroizing::new(vec![0_u8; threshold - 1]);
    for byte in secret {
        sanctum_host::random::fill(&mut coefficients).map_err(|_| CipherError::Random)?;
        for (x, share) in (1..=places).zip(&mut out) {
            // Horner's method, from the highest coefficient down to the secret's byte.
            let y = coefficients.iter().chain([byte]).fold(0, |sum, c| multiply(sum, x) ^ c);
            share.push(y);
        }
    }
    for (x, share) in (1..=places).zip(&mut out) {
        share.push(x);
    }
    Ok(out)
}

/// The secret that the shares are of. With fewer than the threshold the result is another secret, not an error.
pub fn combine(shares: &[Share]) -> Result<Zeroizing<Vec<u8>>, ShamirError> {
    let parts: Vec<(u8, &[u8])> =
        shares.iter().filter_map(|share| share.split_last().map(|(x, ys)| (*x, ys))).collect();
    let length = parts.first().map_or(0, |(_, ys)| ys.len());
    let unlike = parts.iter().enumerate().any(|(at, (x, ys))| {
        *x == 0 || ys.len() != length || parts.iter().take(at).any(|(other, _)| other == x)
    });
    if parts.len() < 2 || parts.len() != shares.len() || length == 0 || unlike {
        return Err(ShamirError::Mismatch);
    }
    let mut secret = Zeroizing::new(vec![0_u8; length]);
    for (x, ys) in &parts {
        // Lagrange's basis at zero.
        let basis = parts
            .iter()
            .filter(|(other, _)| other != x)
            .fold(1, |basis, (other, _)| multiply(basis, multiply(*other, invert(x ^ other))));
        for (byte, y) in secret.iter_mut().zip(*ys) {
            *byte ^= multiply(*y, basis);
        }
    }
    Ok(secret)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_field_is_that_of_aes() {
        assert_eq!(multiply(0x57, 0x83), 0xc1); // FIPS 197, section 4.2
        for a in 1..=u8::MAX {
            assert_eq!(multiply(a, invert(a)), 1);
        }
    }

    proptest! {
        #[test]
        fn any_threshold_of_the_shares_opens_the_secret_and_fewer_do_not(
            secret in proptest::collection::vec(any::<u8>(), 32), shares in 2..7_usize, more in 0..5_usize, skip in 0..7_usize,
        ) {
            let threshold = (2 + more).min(shares);
            let all = split(&secret, shares, threshold).unwrap();
            let chosen: Vec<_> = all.iter().cycle().skip(skip).take(threshold).cloned().collect();
            prop_assert_eq!(&**combine(&chosen).unwrap(), &secret[..]);
            if threshold > 2 {
                prop_assert_ne!(&**combine(&chosen[1..]).unwrap(), &secret[..]);
            }
        }
    }

    #[test]
    fn shares_that_do_not_belong_together_are_refused() {
        let all = split(b"secret", 3, 2).unwrap();
        let twice = [all[0].clone(), all[0].clone()];
        let short = [all[0].clone(), Zeroizing::new(vec![1, 2])];
        for shares in [&all[..1], &twice[..], &short[..], &[]] {
            assert_eq!(combine(shares), Err(ShamirError::Mismatch));
        }
        for (shares, threshold) in [(3, 1), (2, 3), (256, 2), (0, 0)] {
            assert!(split(b"secret", shares, threshold).is_err());
        }
    }
}
