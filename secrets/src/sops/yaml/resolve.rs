//! What a scalar is: the rules of go-yaml v3, which the original's MAC is computed over.
//!
//! They are neither YAML 1.1 (`yes` is text) nor 1.2 (`017` is fifteen, `1_000` a thousand, a date a moment). Deliberately absent: anything
//! about where the scalar stands.

use zeroize::Zeroizing;

use super::moment;
use crate::sops::text::Scalar;

/// Why a scalar is refused, in the words of [`crate::sops::text::TextError::Unsupported`].
pub(super) type Refusal = &'static str;

/// The original: "Cannot walk value, unknown type: uint64".
const TOO_LARGE: Refusal =
    "a whole number above 9223372036854775807, which the original cannot encrypt";
/// The original: "cannot decode !!str `..` as a !!int".
const MISTAGGED: Refusal = "a value that is not what its tag says";
const NOT_BASE64: Refusal = "a !!binary value that is not base64 of text";

/// Resolves `value` under its short tag (`!!int`, `!mine`), or none.
///
/// A quoted or block scalar (`plain` false) is text unless a tag says otherwise.
///
/// # Errors
/// A tag that the value contradicts, and whole numbers that only fit without a sign.
pub(super) fn scalar(tag: Option<&str>, plain: bool, value: &str) -> Result<Scalar, Refusal> {
    match tag.filter(|tag| *tag != "!") {
        None if plain => untagged(value),
        None | Some("!!str") => Ok(text(value)),
        Some("!!binary") => binary(value),
        Some(tag @ ("!!int" | "!!float" | "!!bool" | "!!null" | "!!timestamp")) => {
            tagged(tag, value)
        }
        // Any other tag leaves the text as it is.
        Some(_) => Ok(text(value)),
    }
}

/// Whether a plain scalar of these letters would be read as text.
pub(super) fn is_text(value: &str) -> bool {
    match value.bytes().next() {
        // Nothing else begins a number or a moment.
        Some(b'0'..=b'9' | b'.' | b'+' | b'-') => matches!(untagged(value), Ok(Scalar::Str(_))),
        _ => word(value).is_none(),
    }
}

fn text(value: &str) -> Scalar {
    Scalar::Str(Zeroizing::new(value.to_owned()))
}

fn binary(value: &str) -> Result<Scalar, Refusal> {
    use base64::Engine as _;
    let unbroken: Zeroizing<String> =
        Zeroizing::new(value.chars().filter(|c| !matches!(c, '\r' | '\n')).collect());
    let bytes = base64::engine::general_purpose::STANDARD
        .decode(unbroken.as_bytes())
        .map_err(|_| NOT_BASE64)?;
    String::from_utf8(bytes).map(|text| Scalar::Str(Zeroizing::new(text))).map_err(|_| NOT_BASE64)
}

fn tagged(tag: &str, value: &str) -> Result<Scalar, Refusal> {
    // Only no tag and its own tag make a moment; under `!!int` a date is not even tried.
    let found = if tag == "!!timestamp" { untagged(value)? } else { number_or_word(value)? };
    match (tag, found) {
        ("!!int", found @ Scalar::Int(_))
        | ("!!float", found @ Scalar::Float(_))
        | ("!!bool", found @ Scalar::Bool(_))
        | ("!!null", found @ Scalar::Null)
        | ("!!timestamp", found @ Scalar::Time(_)) => Ok(found),
        ("!!float", Scalar::Int(whole)) => Ok(Scalar::Float(widened(whole))),
        _ => Err(MISTAGGED),
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "go-yaml converts the same way: to the nearest double"
)]
fn widened(whole: i64) -> f64 {
    whole as f64
}

fn untagged(value: &str) -> Result<Scalar, Refusal> {
    match moment::rfc3339(value) {
        Some(moment) => Ok(Scalar::Time(Zeroizing::new(moment))),
        None => number_or_word(value),
    }
}

fn number_or_word(value: &str) -> Result<Scalar, Refusal> {
    if let Some(word) = word(value) {
        return Ok(word);
    }
    match value.bytes().next() {
        Some(b'.') => Ok(pointed(value).map_or_else(|| text(value), Scalar::Float)),
        Some(b'0'..=b'9' | b'+' | b'-') => number(value),
        _ => Ok(text(value)),
    }
}

fn word(value: &str) -> Option<Scalar> {
    Some(match value {
        "" | "~" | "null" | "Null" | "NULL" => Scalar::Null,
        "true" | "True" | "TRUE" => Scalar::Bool(true),
        "false" | "False" | "FALSE" => Scalar::Bool(false),
        ".nan" | ".NaN" | ".NAN" => Scalar::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Scalar::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Scalar::Float(f64::NEG_INFINITY),
        _ => return None,
    })
}

fn number(value: &str) -> Result<Scalar, Refusal> {
    let digits: Zeroizing<String> = Zeroizing::new(value.chars().filter(|c| *c != '_').collect());
    match whole(&digits) {
        Some(Whole::Signed(number)) => return Ok(Scalar::Int(number)),
        Some(Whole::Unsigned) => return Err(TOO_LARGE),
        None => {}
    }
    Ok(decimal(&digits).map_or_else(|| text(value), Scalar::Float))
}

enum Whole {
    Signed(i64),
    /// Above `i64::MAX`, within `u64`.
    Unsigned,
}

/// Go's `ParseInt` and `ParseUint` in base 0: `0x`, `0o`, `0b` in either case, and a bare leading zero for octal.
fn whole(digits: &str) -> Option<Whole> {
    let (negative, signed, magnitude) = match (digits.strip_prefix('-'), digits.strip_prefix('+')) {
        (Some(rest), _) => (true, true, rest),
        (None, Some(rest)) => (false, true, rest),
        (None, None) => (false, false, digits),
    };
    let (radix, figures) = match magnitude.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, magnitude.get(2..)?),
        [b'0', b'o' | b'O', ..] => (8, magnitude.get(2..)?),
        [b'0', b'b' | b'B', ..] => (2, magnitude.get(2..)?),
        [b'0', _, ..] => (8, magnitude.get(1..)?),
        _ => (10, magnitude),
    };
    // `from_str_radix` takes a sign of its own, which would allow `0x-1`.
    if figures.is_empty() || !figures.bytes().all(|figure| char::from(figure).is_digit(radix)) {
        return None;
    }
    let size = u64::from_str_radix(figures, radix).ok()?;
    if negative {
        return 0_i64.checked_sub_unsigned(size).map(Whole::Signed);
    }
    match i64::try_from(size) {
        Ok(number) => Some(Whole::Signed(number)),
        // `ParseUint` takes no sign, so `+18446744073709551615` goes on to be a float.
        Err(_) if signed => None,
        Err(_) => Some(Whole::Unsigned),
    }
}

/// go-yaml gives what begins with a point straight to Go, which takes an underscore between two digits only.
fn pointed(value: &str) -> Option<f64> {
    let parted = |triple: &[u8]| matches!(triple, [before, b'_', after] if !before.is_ascii_digit() || !after.is_ascii_digit());
    if value.ends_with('_') || value.as_bytes().windows(3).any(parted) {
        return None;
    }
    decimal(&value.replace('_', ""))
}

/// A float by go-yaml's expression: `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`, finite.
fn decimal(digits: &str) -> Option<f64> {
    let unsigned = digits.strip_prefix(['-', '+']).unwrap_or(digits);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let figures = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let mantissa_is_good = match mantissa.split_once('.') {
        Some(("", fraction)) => figures(fraction),
        Some((whole, fraction)) => figures(whole) && (fraction.is_empty() || figures(fraction)),
        None => figures(mantissa),
    };
    let exponent_is_good = exponent
        .is_none_or(|exponent| figures(exponent.strip_prefix(['-', '+']).unwrap_or(exponent)));
    if !mantissa_is_good || !exponent_is_good {
        return None;
    }
    // Go reports a range error where Rust gives infinity, and the scalar stays text.
    digits.parse::<f64>().ok().filter(|number| number.is_finite())
}
