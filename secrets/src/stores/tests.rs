//! The laws of every store that keeps files, on a machine whose `/` is the test's own folder.
#![expect(clippy::disallowed_methods, reason = "fixtures in the test's own folder")]

mod age_file;
mod embedded;
mod file;
mod law;
mod sops_file;

use super::{Reading, Store, Value};
use crate::identity::{Keys, fresh};
use crate::places::Places;
use sanctum_types::{AbsPath, SecretRef, chain};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// A machine of the test's own.
struct Bed {
    dir: tempfile::TempDir,
    places: Places,
}

impl Bed {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let places = Places::machine(dir.path()).unwrap();
        Self { dir, places }
    }

    /// With the house's identity made.
    fn with_identity() -> Self {
        let bed = Self::new();
        let (text, _) = fresh();
        bed.write("/etc/sanctum/identity", text.as_bytes(), 0o600);
        bed
    }

    fn keys(&self) -> Keys {
        self.places.keys.clone()
    }

    fn path(&self, path: &str) -> PathBuf {
        self.dir.path().join(path.trim_start_matches('/'))
    }

    fn write(&self, path: &str, bytes: &[u8], mode: u32) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn store(&self, text: &str) -> Box<dyn Store> {
        self.places.store(&reference(text)).unwrap()
    }
}

pub(super) fn reference(text: &str) -> SecretRef {
    SecretRef::parse(text).unwrap_or_else(|| panic!("{text} is a reference"))
}

pub(super) fn value(bytes: &[u8]) -> Value {
    Value::new(bytes.to_vec())
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// `present`, `absent`, or the words of why nobody knows.
pub(super) fn said(reading: Reading) -> String {
    match reading.known() {
        Ok(Some(value)) => format!("present {}", String::from_utf8_lossy(value.expose())),
        Ok(None) => "absent".to_owned(),
        Err(error) => chain(&error),
    }
}

fn abs(path: &str) -> AbsPath {
    AbsPath::new(path).unwrap()
}
