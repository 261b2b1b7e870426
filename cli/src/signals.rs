//! Signals that would end this process: told one by one to what stays up (and the end of a terminal to what waits there),
//! or outlived by what has to tidy up behind a child. Nothing here is ever given back to the system's default, which is
//! to end at once.

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

/// From now on this process does not end before its child does: whoever presses Ctrl-C or closes the terminal reaches
/// the child, which inherits none of this, and what was laid down for the child is taken away behind it.
pub fn outlive() -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let _inside = runtime.enter();
    // A signal that is listened for once stays so for the rest of the process (tokio::signal::unix), with or without listener.
    let kinds = [
        SignalKind::interrupt(),
        SignalKind::terminate(),
        SignalKind::hangup(),
        SignalKind::quit(),
    ];
    kinds.into_iter().try_for_each(|kind| signal(kind).map(drop))?;
    Ok(())
}
