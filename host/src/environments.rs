//! What processes were started with in their environments, as one look at all of them.
//!
//! They hold secrets more often than not: whoever asks looks for those and shows none. What this account may not see is
//! [`Sight::Denied`]. Deliberately absent: the environment of this process, and changing any.

#[cfg_attr(target_os = "macos", path = "environments/macos.rs")]
#[cfg_attr(not(target_os = "macos"), path = "environments/linux.rs")]
mod look;

use crate::HostError;
use crate::sight::Sight;
use std::collections::BTreeMap;

/// After so many bytes no more of an environment is read: twice what Linux gives one string (MAX_ARG_STRLEN is 128 KiB).
pub const LIMIT: usize = 256 * 1024;

/// Every environment by process: on Linux its variables with a NUL behind each, on macOS what ps writes of arguments and
/// environment in one line. Kernel threads have none.
///
/// # Errors
/// [`HostError`] where processes cannot be listed.
pub fn all() -> Result<BTreeMap<u32, Sight<Vec<u8>>>, HostError> {
    look::all()
}

/// Lines of `ps -axEww -o pid=,command=`.
#[cfg_attr(not(any(test, target_os = "macos")), expect(dead_code, reason = "macOS reads by it"))]
fn parse(said: &[u8]) -> BTreeMap<u32, Sight<Vec<u8>>> {
    let row = |line: &[u8]| {
        let line = line.trim_ascii_start();
        let end = line.iter().position(|byte| !byte.is_ascii_digit())?;
        let pid = std::str::from_utf8(line.get(..end)?).ok()?.parse().ok()?;
        let words = line.get(end..)?.trim_ascii();
        Some((pid, Sight::Seen(words.get(..LIMIT).unwrap_or(words).to_vec())))
    };
    said.split(|byte| *byte == b'\n').filter_map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_ps_are_taken_apart() {
        let rows = parse(b"  12 /bin/x a A=1 B=2 \n  no\n7 y\n");
        assert_eq!(rows[&12], Sight::Seen(b"/bin/x a A=1 B=2".to_vec()));
        assert_eq!((rows.len(), &rows[&7]), (2, &Sight::Seen(b"y".to_vec())));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_own_environment_is_among_them() {
        let all = all().unwrap();
        let own = all[&std::process::id()].seen().unwrap();
        assert!(own.split(|byte| *byte == 0).any(|text| text.starts_with(b"PATH=")));
    }
}
