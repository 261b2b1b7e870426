//! Documents that are JSON and YAML 1.1 at once, so that no value can leave its quotes.

use crate::VmError;
use serde::Serialize;
use std::fmt::Write;

/// Serialises as JSON that a YAML 1.1 reader reads the same.
pub(crate) fn write<T: Serialize>(document: &'static str, value: &T) -> Result<String, VmError> {
    let json = serde_json::to_string_pretty(value)
        .map_err(|source| VmError::Serialise { document, source })?;
    Ok(escape(&json) + "\n")
}

/// JSON leaves characters raw that YAML folds as line breaks or does not allow; they occur in strings only.
fn escape(json: &str) -> String {
    json.chars().fold(String::with_capacity(json.len()), |mut text, c| {
        let raw = !matches!(u32::from(c), 0x7f..=0xa0 | 0x2028 | 0x2029 | 0xfeff | 0xfffe | 0xffff);
        match raw {
            true => text.push(c),
            // Writing to a String cannot fail.
            false => drop(write!(text, "\\u{:04x}", u32::from(c))),
        }
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Any character, and those that a writer of JSON or YAML trips over more often than not.
    fn odd() -> impl Strategy<Value = String> {
        let special = "\0\t\n\r\"\\\u{7f}\u{80}\u{85}\u{a0}\u{2028}\u{2029}\u{feff}\u{fffe}\u{ffff}😀#:-{}[],&*!|>%@`";
        let special = special.chars().collect::<Vec<_>>();
        let one = prop_oneof![any::<char>(), proptest::sample::select(special)];
        proptest::collection::vec(one, 0..16).prop_map(|chars| chars.into_iter().collect())
    }

    /// YAML 1.1, production c-printable, without the line breaks that JSON does not know.
    fn plain_in_yaml(c: char) -> bool {
        matches!(c, '\n' | ' '..='~' | '\u{a1}'..='\u{2027}' | '\u{202a}'..='\u{d7ff}'
            | '\u{e000}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}' | '\u{10000}'..)
    }

    proptest! {
        #[test]
        fn reads_back_as_json_and_holds_nothing_that_yaml_reads_otherwise(text in odd()) {
            let document = write("test", &[&text]).unwrap();
            prop_assert!(document.chars().all(plain_in_yaml), "{:?}", document);
            prop_assert_eq!(serde_json::from_str::<Vec<String>>(&document).unwrap(), [text]);
        }
    }
}
