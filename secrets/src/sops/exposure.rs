//! What an encrypted document shows to anybody who reads it, and what nobody would notice if it were changed.
//!
//! No key is needed to look. Keys of maps are never authenticated for themselves (docs/formats/sops.md), so the paths of
//! values in clear are what a lint tells.

use super::cipher::PREFIX;
use super::format::Format;
use super::metadata::Metadata;
use super::node::spelled;
use super::opened::SopsError;
use super::text::{Leaf, Scalar, What};

/// Why a value is in clear.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// The selector leaves it so, and the MAC is over it: its value cannot be changed unnoticed, its key can.
    Chosen,
    /// The selector leaves it so, and the MAC is over encrypted values only: nothing of it is authenticated.
    Unauthenticated,
    /// It should be encrypted and is not: somebody wrote it in by hand, and the file does not decrypt.
    Forgotten,
}

/// A value in clear.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Exposed {
    /// Where, as the original writes paths.
    pub path: String,
    /// Why.
    pub why: Why,
}

/// The values of an encrypted document that are in clear, in its order; null and empty texts are nothing to read.
pub fn exposed(text: &[u8], format: Format) -> Result<Vec<Exposed>, SopsError> {
    let text = std::str::from_utf8(text).map_err(|_| SopsError::NotUtf8)?;
    let document = format.parse(text)?;
    let metadata = Metadata::read(document.metadata(0)?)?;
    let selector = metadata.selector()?;
    let left = if metadata.mac_only_encrypted() { Why::Unauthenticated } else { Why::Chosen };
    let mut out = Vec::new();
    for number in 0..document.documents() {
        let leaves = document.leaves(number)?;
        for (leaf, encrypted) in leaves.iter().zip(selector.choose(&leaves)) {
            let why = if encrypted { Why::Forgotten } else { left };
            if in_clear(leaf) {
                out.push(Exposed { path: spelled(&leaf.path), why });
            }
        }
    }
    Ok(out)
}

fn in_clear(leaf: &Leaf) -> bool {
    match &leaf.what {
        What::Comment(_) | What::Value(Scalar::Null) => false,
        What::Value(Scalar::Str(text)) => !text.is_empty() && !text.starts_with(PREFIX),
        What::Value(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(more: &str) -> Vec<Exposed> {
        let text = format!(
            "{{\"a\": \"{PREFIX}\", \"b\": {{\"c_unencrypted\": [1, null, \"\"]}}, \"d\": \"word\", \"sops\": {{{more}\"version\": \"3\"}}}}"
        );
        exposed(text.as_bytes(), Format::Json).unwrap()
    }

    #[test]
    fn what_is_in_clear_is_told_with_its_reason_and_without_a_key() {
        let one = |path: &str, why| Exposed { path: path.to_owned(), why };
        let forgotten = one("[\"d\"]", Why::Forgotten);
        let path = "[\"b\"][\"c_unencrypted\"][0]";
        assert_eq!(told(""), [one(path, Why::Chosen), forgotten.clone()]);
        assert_eq!(
            told("\"mac_only_encrypted\": true, "),
            [one(path, Why::Unauthenticated), forgotten]
        );
        assert!(exposed(b"{\"a\": 1}", Format::Json).is_err());
    }
}
