//! SIGTERM and SIGINT, told one by one: the first drains what stays up, the second does not wait any more. Where somebody
//! at a terminal is waited for, its end is told too.

use crate::failure::Failure;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Listens from now on, in a thread of its own, until `tell` says that nobody wants to know any more.
pub fn watch(tell: impl FnMut() -> bool + Send + 'static) -> Result<(), Failure> {
    listen(false, tell)
}

/// As [`watch`], and hears SIGHUP: a closed window or a lost connection ends what was waited for at that terminal.
pub fn watch_terminal(tell: impl FnMut() -> bool + Send + 'static) -> Result<(), Failure> {
    listen(true, tell)
}

fn listen(hangup: bool, mut tell: impl FnMut() -> bool + Send + 'static) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (mut term, mut int, mut hup) = {
        let _inside = runtime.enter();
        let hup = hangup.then(|| signal(SignalKind::hangup())).transpose()?;
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?, hup)
    };
    std::thread::spawn(move || {
        runtime.block_on(async {
            loop {
                tokio::select! {
                    _ = term.recv() => {}
                    _ = int.recv() => {}
                    () = heard(&mut hup) => {}
                }
                if !tell() {
                    return;
                }
            }
        });
    });
    Ok(())
}

/// Never, where nobody listens.
async fn heard(signal: &mut Option<Signal>) {
    match signal {
        Some(signal) => drop(signal.recv().await),
        None => std::future::pending().await,
    }
}
