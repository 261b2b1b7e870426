//! Lints of launchd: jobs on disk, jobs that are loaded, and what they name.
//!
//! [`look`] makes the observations, [`print`](mod@print) reads what launchctl says, [`file`](mod@file) is one
//! property list; every other file is one lint. Rules of style hold for jobs of the house (`com.sanctum.*`), rules
//! of launchd for every job.

mod absolute_program;
mod account_in_agent;
mod agent_needs_session;
mod aqua_key_in_daemon;
mod bash;
mod bash_four;
mod calendar_minute;
mod cloud_synced_path;
mod disabled_key;
mod empty_environment;
mod environment_in_plist;
mod exit_timeout;
pub mod file;
mod file_as_rendered;
mod interval_with_keep_alive;
mod keep_alive_starts_at_load;
mod label_in_two_places;
mod label_is_file_name;
mod last_exit;
mod loaded_as_written;
mod log_path;
pub mod look;
mod no_conflict_copy;
mod orphaned_job;
mod parsers_agree;
mod plist_owner;
pub mod print;
mod program_there;
mod retired_job;
mod root_program_owner;
mod secret_in_plist;
mod set_aside;
mod strict;
mod throttle_interval;
mod two_jobs_one_port;
mod umask_decimal;
mod versioned_path;
mod wanted_job_enabled;
mod wanted_job_loaded;

pub use file::{Place, PlistFile};
pub use look::{Aside, Named, NamedPath, Overrides, PlistTool};
pub use print::{LastExit, LoadedJob};

use super::Lint;

/// The family.
pub(super) static LINTS: &[&Lint] = &[
    &absolute_program::LINT,
    &account_in_agent::LINT,
    &agent_needs_session::LINT,
    &aqua_key_in_daemon::LINT,
    &bash_four::LINT,
    &calendar_minute::LINT,
    &cloud_synced_path::LINT,
    &disabled_key::LINT,
    &empty_environment::LINT,
    &environment_in_plist::LINT,
    &exit_timeout::LINT,
    &file_as_rendered::LINT,
    &interval_with_keep_alive::LINT,
    &keep_alive_starts_at_load::LINT,
    &label_in_two_places::LINT,
    &label_is_file_name::LINT,
    &last_exit::LINT,
    &loaded_as_written::LINT,
    &log_path::LINT,
    &no_conflict_copy::LINT,
    &orphaned_job::LINT,
    &parsers_agree::LINT,
    &plist_owner::LINT,
    &program_there::LINT,
    &retired_job::LINT,
    &root_program_owner::LINT,
    &secret_in_plist::LINT,
    &set_aside::LINT,
    &throttle_interval::LINT,
    &two_jobs_one_port::LINT,
    &umask_decimal::LINT,
    &versioned_path::LINT,
    &wanted_job_enabled::LINT,
    &wanted_job_loaded::LINT,
];

/// Labels of the house's own jobs begin so.
pub(crate) const OURS: &str = "com.sanctum.";
