//! What a vault's two files say without its keys: how far each has come, by what stands in the clear.
//!
//! Nothing of it is authenticated: whoever can write the files can make them say anything here, and only opening the vault tells. It finds
//! what happens by mistake, a file that was put back or lost. Deliberately absent: any value, and any file; bytes come in.

use crate::counter::{CONTENT, SLOT};
use crate::keys::ID;
use crate::log::{Header, NotAVault, count};

/// How far a file has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reached {
    /// Which vault it is of.
    pub vault: [u8; ID],
    /// The number of the last record.
    pub seq: u64,
}

/// The vault's file.
///
/// # Errors
/// It begins as no vault does.
pub fn log(bytes: &[u8]) -> Result<Reached, NotAVault> {
    let (header, length) = Header::decode(bytes)?;
    let records = count(bytes.get(length..).unwrap_or_default());
    Ok(Reached { vault: header.vault, seq: header.first.saturating_add(records).saturating_sub(1) })
}

/// The counter; none where it says nothing.
#[must_use]
pub fn counter(bytes: &[u8]) -> Option<Reached> {
    let slots = bytes.chunks(SLOT).take(2).filter(|slot| slot.iter().any(|byte| *byte != 0));
    let read = slots.filter_map(|slot| {
        let (vault, rest) = slot.get(..CONTENT)?.split_first_chunk::<ID>()?;
        let seq = u64::from_be_bytes(*rest.first_chunk::<8>()?);
        Some(Reached { vault: *vault, seq })
    });
    read.max_by_key(|reached| reached.seq)
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "files of the test's own")]
mod tests {
    use super::*;
    use crate::keys::tests::{CHEAP, passphrase};
    use crate::place::{COUNTER, Home, LOG};
    use crate::store::tests::put;
    use crate::store::{Store, Terms};
    use sanctum_types::AbsPath;
    use std::path::Path;

    fn both(dir: &Path) -> (Vec<u8>, Vec<u8>) {
        let read = |name: &str| std::fs::read(dir.join(name)).unwrap();
        (read(&format!("log/{LOG}")), read(&format!("state/{COUNTER}")))
    }

    #[test]
    fn both_files_of_a_vault_have_come_as_far_and_one_that_was_put_back_has_not() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| AbsPath::new(name).unwrap();
        let home = Home { log: at("/log"), counter: at("/state") };
        let p = passphrase("p");
        let source = home.open(dir.path()).unwrap();
        let store = Store::create(source, std::slice::from_ref(&p), CHEAP).unwrap();
        store.change(put("a", b"x")).unwrap();
        let (old, _) = both(dir.path());
        for value in [b"y", b"z"] {
            store.change(put("a", value)).unwrap();
            let (log_now, counter_now) = both(dir.path());
            assert_eq!(Some(log(&log_now).unwrap()), counter(&counter_now));
        }
        let (log_now, counter_now) = both(dir.path());
        let (was, is) = (log(&old).unwrap(), counter(&counter_now).unwrap());
        assert_eq!((was.vault, was.seq + 2), (is.vault, is.seq));
        // A record that is cut in two is none.
        assert_eq!(log(&log_now[..log_now.len() - 1]).unwrap().seq + 1, is.seq);
        store.compact().unwrap();
        store.change(put("a", b"w")).unwrap();
        let (log_now, counter_now) = both(dir.path());
        assert_eq!(Some(log(&log_now).unwrap()), counter(&counter_now));
        drop(store);
        drop(Store::open(home.open(dir.path()).unwrap(), &p, Terms::default()).unwrap());
        let (log_now, counter_now) = both(dir.path());
        assert_eq!(Some(log(&log_now).unwrap()), counter(&counter_now));
    }

    #[test]
    fn whatever_the_bytes_are_reading_them_ends() {
        assert!(log(b"").is_err() && log(b"SNCTVLT\x02").is_err());
        for bytes in [&b""[..], &[0; 1024], &[0; 88], b"x"] {
            assert_eq!(counter(bytes), None, "{}", bytes.len());
        }
        assert!(counter(&[0xff; 700]).is_some());
    }
}
