//! Values as the original types, hashes and encrypts them.
//!
//! The bytes of a [`Value`] are both its plaintext and what the MAC is over, so they are always in the one spelling
//! that the original writes (Go's `strconv`). Deliberately absent: how a format writes a value.

use super::text::{Scalar, What};
use std::cmp::Ordering;
use std::fmt;
use zeroize::Zeroizing;

/// The type tag of an encrypted value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Text, or the bytes of a binary file.
    Str,
    /// A whole number.
    Int,
    /// Any other number, and every number of a JSON document.
    Float,
    /// A truth value.
    Bool,
    /// Bytes; read as text.
    Bytes,
    /// A moment.
    Time,
    /// A comment.
    Comment,
}

impl Kind {
    const ALL: [(Self, &'static str); 7] = [
        (Self::Str, "str"),
        (Self::Int, "int"),
        (Self::Float, "float"),
        (Self::Bool, "bool"),
        (Self::Bytes, "bytes"),
        (Self::Time, "time"),
        (Self::Comment, "comment"),
    ];

    /// The word in `type:`.
    #[must_use]
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(kind, _)| *kind == self).map_or("str", |(_, word)| word)
    }

    /// The kind that a word names.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == word).map(|(kind, _)| *kind)
    }
}

/// A value and its type.
#[derive(Clone, PartialEq, Eq)]
pub struct Value {
    /// Its type.
    pub kind: Kind,
    /// Its one spelling.
    pub bytes: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Value({}, ..)", self.kind.word())
    }
}

impl Ord for Value {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.kind, self.bytes.as_slice()).cmp(&(other.kind, other.bytes.as_slice()))
    }
}

impl PartialOrd for Value {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Value {
    /// The value of a leaf; nothing for null, which is neither encrypted nor hashed.
    #[must_use]
    pub fn of(what: &What) -> Option<Self> {
        let (kind, text) = match what {
            What::Comment(text) => (Kind::Comment, text.to_string()),
            What::Value(Scalar::Str(text)) => (Kind::Str, text.to_string()),
            What::Value(Scalar::Time(text)) => (Kind::Time, text.to_string()),
            What::Value(Scalar::Int(number)) => (Kind::Int, number.to_string()),
            What::Value(Scalar::Float(number)) => (Kind::Float, fixed(*number)),
            What::Value(Scalar::Bool(yes)) => (Kind::Bool, truth(*yes).to_owned()),
            What::Value(Scalar::Null) => return None,
        };
        Some(Self { kind, bytes: Zeroizing::new(text.into_bytes()) })
    }

    /// The value that a plaintext of this type spells, in its one spelling.
    #[must_use]
    pub fn spelled(kind: Kind, plaintext: Zeroizing<Vec<u8>>) -> Option<Self> {
        let text = || std::str::from_utf8(&plaintext).ok();
        let bytes = match kind {
            Kind::Str | Kind::Bytes => {
                return Some(Self { kind: Kind::Str, bytes: plaintext });
            }
            Kind::Time | Kind::Comment => return Some(Self { kind, bytes: plaintext }),
            Kind::Int => text()?.parse::<i64>().ok()?.to_string(),
            Kind::Float => fixed(float(text()?)?),
            Kind::Bool => truth(parse_bool(text()?)?).to_owned(),
        };
        Some(Self { kind, bytes: Zeroizing::new(bytes.into_bytes()) })
    }

    /// What a document holds of it. Bytes that are no text are replaced, as the original does when it writes them.
    #[must_use]
    pub fn what(&self) -> What {
        let text = Zeroizing::new(String::from_utf8_lossy(&self.bytes).into_owned());
        let scalar = match self.kind {
            Kind::Comment => return What::Comment(text),
            Kind::Str | Kind::Bytes => Scalar::Str(text),
            Kind::Time => Scalar::Time(text),
            Kind::Int => text.parse().map_or(Scalar::Str(text), Scalar::Int),
            Kind::Float => float(&text).map_or(Scalar::Str(text), Scalar::Float),
            Kind::Bool => Scalar::Bool(text.as_str() == "True"),
        };
        What::Value(scalar)
    }

    /// The original leaves an empty text as it is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }
}

/// Go's `strconv.FormatFloat(number, 'f', -1, 64)`: the shortest digits that read back, never an exponent.
#[must_use]
pub fn fixed(number: f64) -> String {
    if number.is_infinite() {
        return if number > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    number.to_string()
}

/// Reads what [`fixed`] writes, and Go's other spellings of the infinite.
fn float(text: &str) -> Option<f64> {
    text.parse().ok()
}

const fn truth(yes: bool) -> &'static str {
    if yes { "True" } else { "False" }
}

/// The spellings of Go's `strconv.ParseBool`.
fn parse_bool(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_spelled_as_go_spells_them() {
        for (number, text) in [
            (1.0, "1"),
            (0.5, "0.5"),
            (1e21, "1000000000000000000000"),
            (-0.0, "-0"),
            (1e-7, "0.0000001"),
            (f64::INFINITY, "+Inf"),
            (f64::NEG_INFINITY, "-Inf"),
            (f64::NAN, "NaN"),
            (9_007_199_254_740_993.0, "9007199254740992"),
        ] {
            assert_eq!(fixed(number), text);
        }
    }

    #[test]
    fn what_a_value_is_is_not_shown() {
        let value = Value::of(&What::Value(Scalar::Str("hunter2".to_owned().into()))).unwrap();
        assert_eq!(format!("{value:?}"), "Value(str, ..)");
    }

    #[test]
    fn a_plaintext_is_hashed_in_its_one_spelling() {
        for (kind, text, one) in [
            (Kind::Bool, "true", Some("True")),
            (Kind::Bool, "0", Some("False")),
            (Kind::Bool, "yes", None),
            (Kind::Float, "1.0", Some("1")),
            (Kind::Int, "+7", Some("7")),
            (Kind::Int, "1.5", None),
            (Kind::Str, "01", Some("01")),
        ] {
            let value = Value::spelled(kind, Zeroizing::new(text.as_bytes().to_vec()));
            assert_eq!(value.map(|v| v.bytes.to_vec()), one.map(|o| o.as_bytes().to_vec()));
        }
    }
}
