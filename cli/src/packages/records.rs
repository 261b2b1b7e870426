//! The records of malicious packages that hold here: those that are part of the program, and a newer index beside it.

use sanctum_firewall::packages::{Index, SEED};
use sanctum_host::files;
use std::path::{Path, PathBuf};

/// Where an index is kept, below a home.
const OWN: &str = ".sanctum/packages/malicious.txt";
/// Root's, which counts for everybody.
const SYSTEM: &str = "/etc/sanctum/packages/malicious.txt";
/// A quarter of a million records take some 12 MB.
const LIMIT: u64 = 128 << 20;

/// The index of the account with this home.
#[must_use]
pub fn own(home: &Path) -> PathBuf {
    home.join(OWN)
}

/// The texts of all that are there. One that cannot be read counts as absent: the seed holds in any case.
#[must_use]
pub fn texts(home: Option<&Path>) -> Vec<String> {
    let places = home.map(own).into_iter().chain([PathBuf::from(SYSTEM)]);
    places
        .filter_map(|path| files::read_optional(&path, LIMIT).ok().flatten())
        .filter_map(|bytes| String::from_utf8(bytes).ok())
        .collect()
}

/// These texts and the seed, to be searched.
#[must_use]
pub fn indexes(texts: &[String]) -> Vec<Index<'_>> {
    texts.iter().map(|text| Index(text)).chain([Index(SEED)]).collect()
}
