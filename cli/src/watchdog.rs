//! The other half of commit-confirm: a process of its own that takes an unconfirmed change back.
//!
//! It is started before the first verb and outlives its parent: own session, no terminal, no environment. It
//! sleeps until the deadline and then runs what `sanctum recover` runs, so that there is one way back.

use crate::commands::Context;
use crate::failure::Failure;
use crate::site::{Place, Site};
use sanctum_host::command::{self, Program};
use sanctum_host::{HostError, clock};
use sanctum_types::{AbsPath, UnixTime};
use std::time::Duration;

/// Starts it for a deadline.
pub fn start(context: &Context, site: &Site, deadline: UnixTime) -> Result<(), Failure> {
    let Some(exe) = &context.around.exe else {
        return Err(Failure::failed("cannot find this binary to start the watchdog"));
    };
    let mut args = vec![
        "recover".to_owned(),
        "--watch".to_owned(),
        deadline.0.to_string(),
        "--quiet".to_owned(),
    ];
    if let Place::Root(dir) = &site.place {
        let dir = std::path::absolute(dir)?;
        args.extend(["--root".to_owned(), dir.display().to_string()]);
    }
    let program = exe.to_str().map(AbsPath::new).transpose()?;
    let Some(program) = program else {
        return Err(Failure::failed("the path of this binary is not UTF-8"));
    };
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    command::spawn_detached(&Program::new(program), &args)?;
    Ok(())
}

/// Leaves the session of the parent and sleeps until the deadline.
pub fn wait(deadline: &str) -> Result<(), Failure> {
    let deadline: i64 = deadline.parse()?;
    // It fails only for the leader of a group, which no terminal of the parent reaches either.
    let _ = command::leave_session();
    loop {
        let left = deadline.saturating_sub(clock::now().0);
        if left <= 0 {
            return Ok(());
        }
        // Short naps: a clock that is set, and a machine that sleeps, must not make it late by much.
        clock::sleep(Duration::from_secs(u64::try_from(left).unwrap_or(1).min(2)));
    }
}

/// Between two looks at a lock that another run holds.
const LOCK_NAP: Duration = Duration::from_millis(200);

/// Opens the site however long another run holds the lock, be it one that waits for an answer: giving up
/// would leave the change in place for good.
pub fn until_free(open: impl Fn() -> Result<Site, Failure>) -> Result<Site, Failure> {
    loop {
        match open() {
            Err(failure) if is_locked(&failure) => clock::sleep(LOCK_NAP),
            other => return other,
        }
    }
}

fn is_locked(failure: &Failure) -> bool {
    matches!(failure.error.downcast_ref(), Some(HostError::Locked { .. }))
}
