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

    proptest! {
        #[test]
        fn reads_back_as_json(text in any::<String>()) {
            let document = write("test", &[&text]).unwrap();
            prop_assert_eq!(serde_json::from_str::<Vec<String>>(&document).unwrap(), [text]);
        }
    }
}
