//! The values of channel tokens, read at the moment of use and never kept.
//!
//! Only `file:` references resolve so far: a file of the house's secrets directory that nobody but its owner can
//! read. The others need a login session or a later floor and are refused by type. A value is in no error here.

use crate::house::layout;
use sanctum_host::HostError;
use sanctum_host::tree::Tree;
use sanctum_types::{AbsPath, Secret, SecretRef};
use std::path::Path;

/// A token is a line of text; longer files are something else.
const LONGEST: usize = 4096;

/// Why a token is not at hand.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// A store that this version does not open without a person.
    #[error("`{reference}` cannot be resolved unattended yet")]
    Attended {
        /// The reference, which is no secret.
        reference: SecretRef,
    },
    /// The file cannot be reached, or its path must not be trusted.
    #[error("cannot read the token of `{reference}`")]
    Read {
        /// The reference.
        reference: SecretRef,
        /// Why.
        #[source]
        source: Box<HostError>,
    },
    /// There is no such file.
    #[error("there is no {path}")]
    Missing {
        /// Where it should be.
        path: String,
    },
    /// Others can read it.
    #[error("{path} has mode {mode:o}; others could read the token")]
    Open {
        /// The file.
        path: String,
        /// Its mode.
        mode: u32,
    },
    /// What is in it cannot be sent as a token.
    #[error("{path} does not hold one line of visible ASCII")]
    Shape {
        /// The file.
        path: String,
    },
}

/// Where tokens are found: the file system, or a directory that stands for it.
#[derive(Clone, Debug)]
pub struct Tokens {
    root: std::path::PathBuf,
}

impl Tokens {
    /// Tokens of a machine whose `/` is that directory.
    #[must_use]
    pub fn below(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// The value of a reference.
    ///
    /// # Errors
    /// It cannot be resolved unattended, or its file is not one that only its owner reads.
    pub fn resolve(&self, reference: &SecretRef) -> Result<Secret<String>, TokenError> {
        let SecretRef::File(name) = reference else {
            return Err(TokenError::Attended { reference: reference.clone() });
        };
        let read = |source: HostError| TokenError::Read {
            reference: reference.clone(),
            source: Box::new(source),
        };
        let path = AbsPath::new(format!("{}/{name}", layout::SECRETS)).map_err(|_| {
            TokenError::Missing { path: format!("{}/{}", layout::SECRETS, name.escape_debug()) }
        })?;
        // The tree refuses links, and at euid 0 a file that another account owns.
        let tree = Tree::open(&self.root).map_err(read)?;
        let shown = tree.shown(&path);
        let Some((entry, bytes)) = tree.read(&path).map_err(read)? else {
            return Err(TokenError::Missing { path: shown });
        };
        let bytes = Secret::new(bytes);
        let mode = entry.mode.bits();
        if mode & 0o077 != 0 {
            return Err(TokenError::Open { path: shown, mode });
        }
        let text = std::str::from_utf8(bytes.expose()).map(str::trim_end).unwrap_or_default();
        let fits = (1..=LONGEST).contains(&text.len());
        if !fits || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(TokenError::Shape { path: shown });
        }
        Ok(Secret::new(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "fixtures in the test's own folder")]

    use super::*;
    use std::fs;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    struct Bed(tempfile::TempDir);

    impl Bed {
        fn new() -> Self {
            let bed = Self(tempfile::tempdir().unwrap());
            fs::create_dir_all(bed.path("")).unwrap();
            bed
        }

        fn path(&self, name: &str) -> std::path::PathBuf {
            self.0.path().join(layout::SECRETS.trim_start_matches('/')).join(name)
        }

        fn put(&self, name: &str, text: &[u8], mode: u32) {
            fs::write(self.path(name), text).unwrap();
            fs::set_permissions(self.path(name), fs::Permissions::from_mode(mode)).unwrap();
        }

        fn resolve(&self, reference: &str) -> Result<String, String> {
            let reference = SecretRef::parse(reference).unwrap();
            let found = Tokens::below(self.0.path()).resolve(&reference);
            found
                .map(|secret| secret.expose().clone())
                .map_err(|error| sanctum_types::chain(&error))
        }
    }

    #[test]
    fn only_a_private_file_of_one_line_is_a_token() {
        let bed = Bed::new();
        bed.put("good", b"tk_example\n", 0o600);
        bed.put("open", b"tk_example\n", 0o644);
        bed.put("group", b"tk_example\n", 0o640);
        bed.put("two", b"tk_example\nmore\n", 0o600);
        bed.put("empty", b"\n", 0o600);
        bed.put("binary", b"\xff\xfe", 0o600);
        bed.put("long", &[b'x'; LONGEST + 1], 0o600);
        symlink(bed.path("good"), bed.path("link")).unwrap();
        assert_eq!(bed.resolve("file:good").as_deref(), Ok("tk_example"));
        for (reference, why) in [
            ("file:open", "has mode 644"),
            ("file:group", "has mode 640"),
            ("file:two", "one line of visible ASCII"),
            ("file:empty", "one line of visible ASCII"),
            ("file:binary", "one line of visible ASCII"),
            ("file:long", "one line of visible ASCII"),
            ("file:link", "cannot read the token"),
            ("file:none", "there is no"),
            ("keychain:a/b", "cannot be resolved unattended yet"),
            ("sops:a#b", "cannot be resolved unattended yet"),
            ("op://v/i/f", "cannot be resolved unattended yet"),
            ("age:/k", "cannot be resolved unattended yet"),
        ] {
            let said = bed.resolve(reference).expect_err(reference);
            assert!(said.contains(why) && !said.contains("tk_example"), "{reference}: {said}");
        }
    }
}
