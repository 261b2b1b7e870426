//! The life of a service: serve, drain at the first signal, end at the second or when the drain takes too long.
//!
//! The frame knows no service; a service knows no signal and no service manager. Deliberately absent: restarts.

use crate::failure::{Exit, Failure};
use crate::output::Out;
use sanctum_host::readiness::{self, Stage};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

/// What stays up. It listens already when it is handed to [`run`].
pub(super) trait Service: Send + Sync + 'static {
    /// Its name.
    fn name(&self) -> &'static str;
    /// Serves until it is drained: returns when everything that was accepted is done.
    fn serve(&self) -> Result<(), Failure>;
    /// Takes nothing new from now on; returns at once.
    fn drain(&self);
    /// Whether it can do its work.
    fn healthy(&self) -> bool;
}

enum Told {
    Signal,
    Ended(Result<(), Failure>),
}

/// What a service is told. It is open before the service listens: who reached it may end it at once.
pub(super) struct Inbox {
    sender: Sender<Told>,
    inbox: Receiver<Told>,
}

impl Inbox {
    /// Signals are kept from now on.
    pub(super) fn open() -> Result<Self, Failure> {
        let (sender, inbox) = channel();
        let told = sender.clone();
        crate::signals::watch(move || told.send(Told::Signal).is_ok())?;
        Ok(Self { sender, inbox })
    }
}

/// Serves in the foreground. `manager` wants to know when the service is ready and when it stops.
pub(super) fn run(
    out: Out,
    Inbox { sender, inbox }: Inbox,
    service: &Arc<impl Service>,
    patience: Duration,
    manager: Option<&str>,
) -> Result<Exit, Failure> {
    let serving = Arc::clone(service);
    start(service.name(), sender, move || serving.serve())?;
    let name = service.name();
    if service.healthy() {
        tell(out, manager, Stage::Ready);
        out.progress(&format!("{name}: ready"));
    } else {
        out.warn(&format!("{name} listens and is not healthy"));
    }
    match inbox.recv() {
        Ok(Told::Ended(done)) => return done.map(|()| Exit::Done),
        Ok(Told::Signal) | Err(_) => {}
    }
    tell(out, manager, Stage::Stopping);
    out.progress(&format!("{name}: draining"));
    service.drain();
    drained(&inbox, name, patience)
}

fn start(
    name: &str,
    sender: Sender<Told>,
    serve: impl FnOnce() -> Result<(), Failure> + Send + 'static,
) -> Result<(), Failure> {
    let last = LastWord(sender);
    let serve = move || {
        // Nobody listens any more: the drain took too long.
        let _ = last.0.send(Told::Ended(serve()));
    };
    std::thread::Builder::new().name(name.to_owned()).spawn(serve)?;
    Ok(())
}

/// Tells also of a service whose thread broke off; after a proper end nobody hears it any more.
struct LastWord(Sender<Told>);

impl Drop for LastWord {
    fn drop(&mut self) {
        let broken = Failure::new(Exit::Bug, "the service broke off");
        let _ = self.0.send(Told::Ended(Err(broken)));
    }
}

fn drained(inbox: &Receiver<Told>, name: &str, patience: Duration) -> Result<Exit, Failure> {
    match inbox.recv_timeout(patience) {
        Ok(Told::Ended(done)) => done.map(|()| Exit::Done),
        Ok(Told::Signal) => {
            Err(Failure::failed(format!("{name} ended at a second signal, before it was drained")))
        }
        Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
            let seconds = patience.as_secs();
            Err(Failure::failed(format!("{name} was not drained within {seconds} s"))
                .hint("a longer drain: --drain-timeout SECONDS"))
        }
    }
}

/// A manager that cannot be told is no reason not to serve.
fn tell(out: Out, manager: Option<&str>, stage: Stage) {
    let Some(socket) = manager else { return };
    if let Err(error) = readiness::tell(socket, stage) {
        out.warn(&format!("cannot tell the service manager: {error}"));
    }
}
