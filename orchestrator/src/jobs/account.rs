//! Names of service accounts and of what belongs to them: logs and state.

use super::{Job, JobError, RunsAs, path};
use crate::house::layout;
use crate::instance::model::Os;
use sanctum_types::{AbsPath, AccountName, Mode, Owner, ServiceName, UnixTime};
use std::collections::BTreeSet;

/// Account of scheduled jobs that name none, and the beginning of every other.
const HOUSE: &str = "_sanctum";

/// Longest account name, as [`AccountName`] has it.
const MAX: usize = 31;

/// `_sanctum_<name>`; a name that would be too long is cut and told apart by a hash of the whole.
#[must_use]
pub fn own(service: &ServiceName) -> AccountName {
    let full = format!("{HOUSE}_{service}");
    let text = if full.len() <= MAX {
        full
    } else {
        // Eight digits and a `_` behind what is left; the names are ASCII, so every cut is between characters.
        let kept: String = full.chars().take(MAX - 9).collect();
        format!("{kept}_{:08x}", fnv1a(service.as_str().as_bytes()))
    };
    account(text)
}

/// The account of scheduled jobs that name none.
#[must_use]
pub fn house() -> AccountName {
    account(HOUSE.to_owned())
}

#[expect(
    clippy::expect_used,
    reason = "a fixed prefix and characters of a service name, cut to length, are an account name; tested"
)]
fn account(text: String) -> AccountName {
    AccountName::new(text).expect("an account name")
}

/// FNV-1a of 32 bits: tells names apart, and is not meant to resist anybody.
fn fnv1a(bytes: &[u8]) -> u32 {
    const OFFSET_BASIS: u32 = 0x811c_9dc5;
    const PRIME: u32 = 0x0100_0193;
    bytes.iter().fold(OFFSET_BASIS, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(PRIME))
}

/// Whether sanctum makes this account, rather than finding it.
#[must_use]
pub fn is_made(account: &AccountName) -> bool {
    let name = account.as_str();
    name == HOUSE || name.starts_with("_sanctum_")
}

/// A directory with mode and owner.
pub type Dir = (AbsPath, Mode, Owner);

/// The log directory of a job: its own, because launchd opens log files as the job's account.
pub fn log_dir(job: &ServiceName) -> Result<AbsPath, JobError> {
    path(job, format!("{}/{job}", layout::LOGS))
}

/// The directory that a job keeps its state in; root's store holds root's.
pub fn state_dir(os: Os, job: &ServiceName) -> Result<AbsPath, JobError> {
    path(job, format!("{}-{job}", layout::store(os)))
}

/// In the directory of a job's state.
pub const LAST_RUN: &str = "last-run";

/// The file of the moment that a job served last: one line with a Unix time.
pub fn last_run_file(os: Os, job: &ServiceName) -> Result<AbsPath, JobError> {
    path(job, format!("{}/{LAST_RUN}", state_dir(os, job)?))
}

/// A file of one line with one number is not longer.
pub const LAST_RUN_LIMIT: u64 = 64;

/// What such a file says; none when that is no time.
#[must_use]
pub fn read_last_run(bytes: &[u8]) -> Option<UnixTime> {
    std::str::from_utf8(bytes).ok()?.trim().parse().ok().map(UnixTime)
}

/// Accounts that are made for a job: its own, and the one whose group it is in beside.
#[must_use]
pub fn made(job: &Job) -> BTreeSet<AccountName> {
    let own = match &job.account {
        RunsAs::Account(account) if is_made(account) => Some(account.clone()),
        RunsAs::Root | RunsAs::Account(_) | RunsAs::Session(_) => None,
    };
    own.into_iter().chain(job.group.clone()).collect()
}

/// Directories that must exist before a job starts, outermost first.
pub fn dirs(os: Os, job: &Job) -> Result<Vec<Dir>, JobError> {
    let (name, runs_as) = (&job.name, &job.account);
    /// The owner and its group, which may be an administrator's, read the logs.
    const LOG_DIR: Mode = Mode::from_bits(0o750);
    let owner = owner(os, runs_as);
    let logs = path(name, layout::LOGS.to_owned())?;
    let mut dirs = vec![
        (logs, Mode::OPEN_DIR, layout::root_owner(os)),
        (log_dir(name)?, LOG_DIR, owner.clone()),
    ];
    if matches!(runs_as, RunsAs::Account(_)) {
        dirs.push((state_dir(os, name)?, Mode::PRIVATE_DIR, owner.clone()));
    }
    if job.runtime_dir {
        // Open to look into, so that others reach the socket; only its account puts anything there.
        dirs.push((path(name, layout::journal_run(os).to_owned())?, Mode::OPEN_DIR, owner));
    }
    Ok(dirs)
}

/// Owner of what belongs to a job.
fn owner(os: Os, runs_as: &RunsAs) -> Owner {
    match runs_as {
        RunsAs::Root => layout::root_owner(os),
        RunsAs::Account(account) | RunsAs::Session(account) => {
            // People's accounts on macOS share the group `staff`; service accounts have one of their own.
            let person = os == Os::Macos && !is_made(account);
            let group = if person { "staff" } else { account.as_str() };
            Owner::new(account.as_str(), group)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names() {
        let name = |text: &str| own(&ServiceName::new(text).unwrap()).to_string();
        assert_eq!(house().as_str(), HOUSE);
        assert_eq!(name("proxy"), "_sanctum_proxy");
        assert_eq!(name("presidio-anonymizer"), "_sanctum_presidio-anonymizer");
        assert_eq!(name("a-service-with-a-rather-long-name"), "_sanctum_a-service-wit_a1ee12c3");
    }

    proptest! {
        #[test]
        fn are_short_and_differ(names in proptest::collection::btree_set("(one-beginning-of-)?[a-z][a-z0-9_-]{0,22}", 2..20)) {
            let made: BTreeSet<_> =
                names.iter().map(|name| own(&ServiceName::new(name.clone()).unwrap())).collect();
            prop_assert_eq!(made.len(), names.len());
        }
    }
}
