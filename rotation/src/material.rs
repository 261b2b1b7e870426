//! What is sealed: a value and the id of its key, as bytes for the house's recipients.
//!
//! The caller seals [`Material::to_bytes`] with age and opens it again; this module neither encrypts nor writes.

use crate::words::KeyId;
use sanctum_types::Secret;
use zeroize::Zeroizing;

/// The first line of the sealed bytes: what they are, and their format.
const HEADER: &str = "sanctum rotation value 1";

/// A value and whose it is.
#[derive(Clone, Debug)]
pub struct Material {
    /// The key's id; consumers of pairs (AWS) get it too. `None` for a value that came without one.
    pub key: Option<KeyId>,
    /// The value.
    pub value: Secret<String>,
}

/// The bytes are no sealed value of this format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no sealed value of a rotation")]
pub struct NotMaterial;

impl Material {
    /// Header, key id (may be empty) and value, separated by newlines; the value is the rest and may have any.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let key = self.key.as_ref().map_or("", KeyId::as_str);
        let value = self.value.expose();
        // Room for all of it at once: growing would leave copies behind that nobody wipes.
        let mut bytes =
            Zeroizing::new(Vec::with_capacity(HEADER.len() + key.len() + value.len() + 2));
        for part in [HEADER, "\n", key, "\n", value] {
            bytes.extend_from_slice(part.as_bytes());
        }
        bytes
    }

    /// Reads what [`Material::to_bytes`] wrote.
    ///
    /// # Errors
    /// The bytes are something else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, NotMaterial> {
        let text = std::str::from_utf8(bytes).map_err(|_| NotMaterial)?;
        let mut parts = text.splitn(3, '\n');
        let (Some(HEADER), Some(key), Some(value)) = (parts.next(), parts.next(), parts.next())
        else {
            return Err(NotMaterial);
        };
        let key =
            if key.is_empty() { None } else { Some(KeyId::new(key).map_err(|_| NotMaterial)?) };
        Ok(Self { key, value: Secret::new(value.to_owned()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn material_reads_back(key in proptest::option::of("[!-~]{1,40}"), value in "\\PC{0,40}|(a\n){1,3}") {
            let key = key.map(|key| KeyId::new(key).unwrap());
            let bytes = Material { key: key.clone(), value: Secret::new(value.clone()) }.to_bytes();
            let read = Material::from_bytes(&bytes).unwrap();
            prop_assert_eq!(read.key, key);
            prop_assert_eq!(read.value.expose(), &value);
        }
    }

    #[test]
    fn other_bytes_are_refused() {
        for bad in [
            &b""[..],
            b"x\ny\nz",
            b"sanctum rotation value 1\nkey",
            b"sanctum rotation value 1\na b\nv",
            b"\xff",
        ] {
            assert!(Material::from_bytes(bad).is_err());
        }
    }
}
