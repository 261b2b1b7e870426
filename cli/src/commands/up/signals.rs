//! SIGTERM and SIGINT as messages: the first drains, the second does not wait any more.

use super::crew::Message;
use crate::failure::Failure;
use std::sync::mpsc::Sender;
use tokio::signal::unix::{SignalKind, signal};

/// Listens from now on, in a thread of its own.
pub(super) fn watch(sender: Sender<Message>) -> Result<(), Failure> {
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
                // Nobody listens any more: the supervisor is at its end.
                if sender.send(Message::Signal).is_err() {
                    return;
                }
            }
        });
    });
    Ok(())
}
