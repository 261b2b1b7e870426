//! The first age identity of a place, made when the first secret needs one.
//!
//! Only where there is none at all; one that is there and cannot be used is an error of whoever loads it. The directory is
//! the one where the stores look first.

use crate::identity::{IdentityError, fresh};
use crate::resolve::Places;
use sanctum_host::HostError;
use sanctum_host::tree::Tree;
use sanctum_types::{AbsPath, Mode, SecretRef};

/// Makes an identity where one of these places needs one and there is none; the file, when one was made.
///
/// # Errors
/// It cannot be written.
pub fn ensure<'a>(
    places: &Places,
    needed: impl IntoIterator<Item = &'a SecretRef>,
) -> Result<Option<AbsPath>, HostError> {
    let needs = needed.into_iter().any(|place| matches!(place, SecretRef::Age(_)));
    let missing = || matches!(places.keys.load(), Err(IdentityError::Missing { .. }));
    let Some(path) = places.keys.identities.first().filter(|_| needs && missing()) else {
        return Ok(None);
    };
    // With a passphrase somebody else decides how it is kept.
    if places.keys.passphrase.is_some() {
        return Ok(None);
    }
    let tree = Tree::open(&places.keys.root)?;
    if let Some(up) = path.parent() {
        tree.furnish(&up)?;
    }
    let (text, _) = fresh();
    tree.write(path, text.as_bytes(), Mode::PRIVATE, None)?;
    Ok(Some(path.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_made_where_it_is_needed_and_there_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let places = Places::machine(dir.path()).unwrap();
        let (file, age) = (SecretRef::File("a".to_owned()), SecretRef::Age("a.age".to_owned()));
        assert_eq!(ensure(&places, [&file]).unwrap(), None);
        let made = ensure(&places, [&file, &age]).unwrap().unwrap();
        assert_eq!(made.as_str(), "/etc/sanctum/identity");
        let keys = places.keys.load().unwrap().len();
        assert_eq!((keys, ensure(&places, [&age]).unwrap()), (1, None));
    }
}
