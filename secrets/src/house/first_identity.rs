//! The first age identity of a place, made when the first secret needs one.
//!
//! The directory is the one where the stores look first. Deliberately absent: the encrypted store's, which makes it by
//! itself at its first put.

use crate::resolve::Places;
use sanctum_host::HostError;
use sanctum_types::{AbsPath, SecretRef};

/// Makes an identity where one of these places needs one and there is none; the file, when one was made.
///
/// # Errors
/// It cannot be written.
pub fn ensure<'a>(
    places: &Places,
    needed: impl IntoIterator<Item = &'a SecretRef>,
) -> Result<Option<AbsPath>, HostError> {
    let needs = needed.into_iter().any(|place| matches!(place, SecretRef::Age(_)));
    if needs { places.keys.make_first() } else { Ok(None) }
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

    #[test]
    fn of_many_at_once_one_makes_it_and_all_have_it() {
        let age = SecretRef::Age("a.age".to_owned());
        for _ in 0..8 {
            let dir = tempfile::tempdir().unwrap();
            let places = Places::machine(dir.path()).unwrap();
            let start = std::sync::Barrier::new(4);
            let one = || {
                start.wait();
                let made = ensure(&places, [&age]).unwrap();
                let keys = places.keys.for_sops().unwrap().0;
                (made.is_some(), keys.to_string())
            };
            let all: Vec<(bool, String)> = std::thread::scope(|scope| {
                let running = [(); 4].map(|()| scope.spawn(one));
                running.map(|one| one.join().unwrap()).into_iter().collect()
            });
            assert_eq!(all.iter().filter(|(made, _)| *made).count(), 1);
            assert!(all.iter().all(|(_, keys)| *keys == all[0].1));
        }
    }
}
