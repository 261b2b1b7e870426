//! SIGTERM and SIGINT, told one by one: the first drains what stays up, the second does not wait any more.

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
