//! One variable in a file of variables: read by the reader that imports such files, replaced on its own line.
//!
//! Every other byte stays. A variable that is not there is added at the end; one that is there twice is refused,
//! because shells and libraries disagree about which counts. Deliberately absent: files.

use sanctum_secrets::house::envfile::{self, EnvError};
use zeroize::Zeroizing;

/// Why the variable cannot be read or replaced.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnvTextError {
    /// Not such a file.
    #[error("it is no file of variables")]
    Syntax(#[source] EnvError),
    /// Not UTF-8.
    #[error("it is no text")]
    NotText,
    /// The variable is there twice, or over several lines.
    #[error("the variable is there twice, or over several lines")]
    Twice,
    /// A value that no line of such a file can hold.
    #[error("the value cannot stand in such a file")]
    Value,
}

/// The value of the variable.
///
/// # Errors
/// The file cannot be understood.
pub fn get(file: &[u8], variable: &str) -> Result<Option<Zeroizing<String>>, EnvTextError> {
    let text = std::str::from_utf8(file).map_err(|_| EnvTextError::NotText)?;
    let all = envfile::parse(text).map_err(EnvTextError::Syntax)?;
    let found = all.into_iter().find(|one| one.name == variable);
    Ok(found.map(|mut one| Zeroizing::new(std::mem::take(&mut *one.value))))
}

/// The file with another value there.
///
/// # Errors
/// The file cannot be understood, or the value cannot stand in it.
pub fn set(file: &[u8], variable: &str, value: &str) -> Result<Zeroizing<Vec<u8>>, EnvTextError> {
    get(file, variable)?;
    let text = std::str::from_utf8(file).map_err(|_| EnvTextError::NotText)?;
    let mine = |line: &&str| name(line) == Some(variable);
    if text.split_inclusive('\n').filter(mine).count() > 1 {
        return Err(EnvTextError::Twice);
    }
    let quote = quote(value)?;
    let mut new = Zeroizing::new(Vec::with_capacity(text.len() + variable.len() + value.len() + 8));
    let mut put =
        |parts: &[&str]| parts.iter().for_each(|part| new.extend_from_slice(part.as_bytes()));
    let mut done = false;
    for line in text.split_inclusive('\n') {
        if mine(&line) {
            let (before, _) = line.split_once('=').unwrap_or((line, ""));
            put(&[before, "=", quote, value, quote, "\n"]);
            done = true;
        } else {
            put(&[line]);
        }
    }
    if !done {
        let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
        put(&[end, variable, "=", quote, value, quote, "\n"]);
    }
    // Also the proof that the line was the whole of it: a value over several lines would leave its rest behind.
    match get(&new, variable) {
        Ok(Some(back)) if *back == value => Ok(new),
        _ => Err(EnvTextError::Twice),
    }
}

/// The variable that a line sets, going by its beginning.
fn name(line: &str) -> Option<&str> {
    let (before, _) = line.split_once('=')?;
    let before = before.trim();
    Some(before.strip_prefix("export").map_or(before, str::trim_start))
}

/// What a value stands in: nothing where every reader takes it as it is, else single quotes.
fn quote(value: &str) -> Result<&'static str, EnvTextError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:+@%,=".contains(&byte);
    if !value.is_empty() && value.bytes().all(plain) {
        return Ok("");
    }
    if value.is_empty() || value.contains(['\'', '\n', '\r', '\0']) {
        return Err(EnvTextError::Value);
    }
    Ok("'")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_line_is_replaced_or_added() {
        for (before, value, after) in [
            ("A=1\nKEY=old\n# KEY=x\nB=2\n", "new", "A=1\nKEY=new\n# KEY=x\nB=2\n"),
            ("export KEY='old one' # why\nB=2", "n#w", "export KEY='n#w'\nB=2"),
            ("A=1", "new", "A=1\nKEY=new\n"),
            ("", "new", "KEY=new\n"),
            ("KEY=\"o\\nld\"\n", "a$b", "KEY='a$b'\n"),
        ] {
            let new = set(before.as_bytes(), "KEY", value).unwrap();
            assert_eq!(std::str::from_utf8(&new).unwrap(), after);
        }
    }

    #[test]
    fn what_is_not_clear_is_refused() {
        for (before, value, why) in [
            ("KEY=1\nKEY=2\n", "new", EnvTextError::Twice),
            ("KEY=\"a\nb\"\n", "new", EnvTextError::Twice),
            ("A=1\n", "it's", EnvTextError::Value),
            ("A=1\n", "a\nb", EnvTextError::Value),
        ] {
            assert_eq!(set(before.as_bytes(), "KEY", value).err(), Some(why), "{before}");
        }
        assert!(matches!(set(b"what is this\n", "KEY", "v"), Err(EnvTextError::Syntax(_))));
        assert_eq!(get(b"\xff", "KEY"), Err(EnvTextError::NotText));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]
        #[test]
        fn what_was_set_is_read_and_the_others_stay(others in prop::collection::btree_map("[A-D]{1,3}", "[a-z0-9 ]{0,9}", 0..4), value in "[ -&(-~é]{1,20}") {
            let text: String = others.iter().map(|(name, value)| format!("{name}='{value}'\n")).collect();
            let new = set(text.as_bytes(), "KEY", &value).unwrap();
            prop_assert_eq!(&*get(&new, "KEY").unwrap().unwrap(), &value);
            for (name, value) in &others {
                prop_assert_eq!(&*get(&new, name).unwrap().unwrap(), value);
            }
        }
    }
}
