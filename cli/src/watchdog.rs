//! The other half of commit-confirm: a process of its own that takes an unconfirmed change back.
//!
//! It is started before the first verb and outlives its parent: own session, no terminal, no environment. It
//! sleeps until the deadline and then runs what `sanctum recover` runs, so that there is one way back.

use crate::commands::Context;
use crate::commands::apply::whole;
use crate::failure::{Exit, Failure};
use crate::record::Recorder;
use crate::recovery;
use crate::site::{Place, Site};
use sanctum_host::clock::Monotonic;
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

/// Between two looks at a lock that another run holds.
const NAP: Duration = Duration::from_millis(200);
/// How often taking back is tried again after a failure, with [`RETRY`] between: ten minutes in all.
const TRIES: u32 = 60;
const RETRY: Duration = Duration::from_secs(10);

/// Leaves the session of the parent, waits for the deadline, and takes back what is not confirmed by then. The
/// deadline counts from the end of the apply, so it is asked again once the apply is done.
pub fn watch(
    context: &Context,
    deadline: &str,
    open: impl Fn() -> Result<Site, Failure>,
) -> Result<Exit, Failure> {
    let mut deadline = UnixTime(deadline.parse()?);
    // It fails only for the leader of a group, which no terminal of the parent reaches either.
    let _ = command::leave_session();
    let mut tries = 0;
    loop {
        sleep_until(deadline);
        match take_back(context, &open, clock::now().max(deadline)) {
            Ok(None) => return Ok(Exit::Done),
            Ok(Some(later)) => deadline = later,
            // Nobody hears this process; the receipt stays as it is, and the next try may do better.
            Err(failure) if tries >= TRIES => return Err(failure),
            Err(_) => {
                tries += 1;
                clock::sleep(RETRY);
            }
        }
    }
}

/// Takes back what is due; gives the next deadline where one is still to come. A wall clock that was set back
/// does not count.
fn take_back(
    context: &Context,
    open: &impl Fn() -> Result<Site, Failure>,
    now: UnixTime,
) -> Result<Option<UnixTime>, Failure> {
    let mut site = until_free(open)?;
    let recorder = |site: &Site| {
        Recorder::of_site(site, &context.around)
            .and_then(|recorder| recorder.acting("service:watchdog"))
    };
    recovery::run(context, &mut site, recorder, (None, now), |taken| {
        taken.iter().try_for_each(|back| whole(&back.report))
    })?;
    Ok(site.engine().next_deadline()?)
}

/// By the wall clock or by one that nobody can set, whichever comes first: a clock that is set back must not make
/// the undo late, and a machine that slept has a wall clock that went on.
fn sleep_until(deadline: UnixTime) {
    let begun = Monotonic::now();
    let left = deadline.0.saturating_sub(clock::now().0);
    let Ok(left) = u64::try_from(left) else { return };
    let left = Duration::from_secs(left);
    while begun.elapsed() < left && clock::now() < deadline {
        clock::sleep(left.saturating_sub(begun.elapsed()).min(Duration::from_secs(1)));
    }
}

/// Opens the site however long another run holds the lock: giving up would leave the change in place for good.
fn until_free(open: &impl Fn() -> Result<Site, Failure>) -> Result<Site, Failure> {
    loop {
        match open() {
            Err(failure) if is_locked(&failure) => clock::sleep(NAP),
            other => return other,
        }
    }
}

/// Whether another run holds the lock.
pub fn is_locked(failure: &Failure) -> bool {
    matches!(failure.error.downcast_ref(), Some(HostError::Locked { .. }))
}
