//! Signals that would end this process: told one by one to what stays up, or outlived by what has to tidy up behind a
//! child. Nothing here is ever given back to the system's default, which is to end at once.

use crate::failure::Failure;
use tokio::signal::unix::{SignalKind, signal};

/// Listens from now on, in a thread of its own, until `tell` says that nobody wants to know any more.
pub fn watch(mut tell: impl FnMut() -> bool + Send + 'static) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (mut term, mut int) = {
        let _inside = runtime.enter();
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?)
    };
    std::thread::spawn(move || {
        runtime.block_on(async {
            loop {
                tokio::select! {
                    _ = term.recv() => {}
                    _ = int.recv() => {}
                }
                if !tell() {
                    return;
                }
            }
        });
    });
    Ok(())
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
