//! The end of a process that does not come to one.
//!
//! By a timer's signal, which costs two calls of the system: a thread that waits costs a short process a tenth of its time. Deliberately absent: words. What
//! runs in a signal's handler can end the process and little more (signal-safety(7)), so its exit code is all that it says.

use nix::unistd::alarm;
use signal_hook::consts::SIGALRM;
use signal_hook::flag;
use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// In so many seconds, at least one, this process ends with that code, whatever it does then. Children are not bound by it.
///
/// # Errors
/// The system takes no handler.
pub fn end_after(seconds: u32, code: u8) -> io::Result<()> {
    let always = Arc::new(AtomicBool::new(true));
    flag::register_conditional_shutdown(SIGALRM, i32::from(code), always)?;
    alarm::set(seconds.max(1));
    Ok(())
}
