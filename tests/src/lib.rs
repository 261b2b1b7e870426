//! Black-box proofs of the binaries against real counterparts.
//!
//! Owns one question: where is the real sshd, nft, netplan … that a test wants as its judge? A counterpart
//! is never replaced by a stand-in: it is there, or the test fails and says how to get it. Only in the first
//! tier (`tests/run --fast`) is such a test skipped, and it says so on the terminal.
//! Deliberately absent: any knowledge of what is under test; the tests are in `tests/it`.

use std::ffi::OsStr;
use std::fmt;
use std::io::Write;
use std::path::PathBuf;

/// Directories of the machine that hold counterparts, after `tests/.tools/bin`.
const MACHINE: [&str; 3] = ["/usr/sbin", "/usr/bin", "/usr/lib/systemd"];

/// Which tests run: set by `tests/run` in `SANCTUM_TIER`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tier {
    /// Units, laws and snapshots: no root, no network, no counterpart.
    First,
    /// Everything. Also what a bare `cargo test` means.
    Second,
}

impl Tier {
    /// The tier of this run; anything but `1` is the second tier, so that a typing mistake skips nothing.
    #[must_use]
    pub fn of_this_run() -> Self {
        #[expect(clippy::disallowed_methods, reason = "tests/run tells the tier by environment")]
        let value = std::env::var_os("SANCTUM_TIER");
        Self::from_value(value.as_deref())
    }

    fn from_value(value: Option<&OsStr>) -> Self {
        if value == Some(OsStr::new("1")) { Self::First } else { Self::Second }
    }
}

/// A counterpart was looked for and not found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// The program's name.
    pub name: String,
}

impl fmt::Display for Missing {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "`{}` is not on this machine: `tests/run --tools` installs the counterparts, \
             `tests/run --fast` runs the tests that need none",
            self.name
        )
    }
}

impl std::error::Error for Missing {}

/// Looks for a counterpart in `SANCTUM_TEST_TOOLS` (else `tests/.tools/bin`), then in the machine's
/// directories of programs. PATH is not asked: what runs must be what `tests/run` reported.
///
/// # Errors
/// [`Missing`] where none of them holds a file of that name.
pub fn find(name: &str) -> Result<PathBuf, Missing> {
    #[expect(clippy::disallowed_methods, reason = "tests/run tells its folder by environment")]
    let told = std::env::var_os("SANCTUM_TEST_TOOLS");
    let own = told.map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(".tools/bin"),
        PathBuf::from,
    );
    // At euid 0 no program is run by a link that lies where others can write, so that the place behind it is named.
    #[expect(clippy::disallowed_methods, reason = "where tests/tools/install made it a link")]
    let own = std::fs::canonicalize(&own).unwrap_or(own);
    std::iter::once(own)
        .chain(MACHINE.iter().map(PathBuf::from))
        .map(|directory| directory.join(name))
        .find(|path| path.is_file())
        .ok_or_else(|| Missing { name: name.to_owned() })
}

/// The counterpart's path, or the end of the test. [`need!`](crate::need) is the usual way to call it.
///
/// # Panics
/// Where the counterpart is missing: a test without its judge has proved nothing.
#[must_use]
pub fn tool(name: &str) -> PathBuf {
    #[expect(clippy::panic, reason = "this crate is test support; a missing judge fails the test")]
    find(name).unwrap_or_else(|missing| panic!("{missing}"))
}

/// Says on the real stderr that a test was skipped, past the capture that libtest puts around `eprintln!`.
pub fn note_skipped(test: &str, why: &str) {
    let line = format!("skipped: {test}: {why}\n");
    // A closed stderr is no reason to fail a test that did not run.
    let _written = std::io::stderr().write_all(line.as_bytes());
}

/// Paths of the named counterparts; ends the test with a `skipped:` line in the first tier, and fails it
/// in the second where one is missing.
///
/// ```
/// fn sshd_accepts_the_drop_in() {
///     let sshd = sanctum_tests::need!("sshd");
///     assert!(sshd.is_absolute());
///     let (nft, ip) = sanctum_tests::need!("nft", "ip");
///     assert!(nft != ip);
/// }
/// sshd_accepts_the_drop_in();
/// ```
#[macro_export]
macro_rules! need {
    ($($name:literal),+ $(,)?) => {{
        if $crate::Tier::of_this_run() == $crate::Tier::First {
            let here = concat!(module_path!(), ":", line!());
            $crate::note_skipped(here, concat!("needs", $(" ", $name),+, ", which the first tier does without"));
            return;
        }
        ($($crate::tool($name)),+)
    }};
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_is_the_first_tier() {
        assert_eq!(Tier::from_value(Some(OsStr::new("1"))), Tier::First);
        for other in [None, Some(""), Some("2"), Some("fast"), Some("11")] {
            assert_eq!(Tier::from_value(other.map(OsStr::new)), Tier::Second, "{other:?}");
        }
    }

    #[test]
    fn a_missing_counterpart_says_how_to_get_it() {
        let missing = find("no-such-counterpart").unwrap_err();
        assert!(missing.to_string().contains("tests/run --tools"), "{missing}");
    }

    #[test]
    #[should_panic(expected = "`no-such-counterpart` is not on this machine")]
    fn a_test_without_its_judge_fails() {
        let _path = tool("no-such-counterpart");
    }

    #[test]
    fn a_directory_is_no_counterpart() {
        assert!(find(".").is_err());
    }
}
