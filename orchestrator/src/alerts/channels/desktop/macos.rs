//! Notification Centre, through osascript. Its exit status is all that macOS says: whether a person sees it depends
//! on what they allowed, which no interface tells.

use super::{Note, Session, argv};
use crate::alerts::channels::Undelivered;
use sanctum_host::command::{self, Options, Program};
use sanctum_types::AbsPath;

pub(super) fn send(session: &Session, note: &Note) -> Result<(), Undelivered> {
    let (program, args) = argv::osascript(session, note);
    let path = AbsPath::new(program)
        .map_err(|_| Undelivered::NoDesktop("the program's path is not absolute"))?;
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    command::run(&Program::new(path), &args, Options::default())?.success()?;
    Ok(())
}
