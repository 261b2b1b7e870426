//! `sanctumd --only packages`: what registries say of packages, for the hooks of this account's agents.
//!
//! It runs as the account whose clients it asks, with that account's configuration, and listens where only that account can
//! connect. Deliberately absent: how a client is asked (`crate::packages::clients`), and what an answer means.

use super::Daemon;
use super::frame::Service;
use crate::failure::{Exit, Failure};
use crate::output::{Out, Paint};
use crate::packages::clients::Clients;
use crate::packages::desk::{Desk, THREADS};
use crate::packages::{ask, socket};
use crate::surroundings::{self, Surroundings};
use sanctum_host::questions;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Its name.
pub(super) const NAME: &str = "packages";

/// The desk at its socket.
pub(super) struct PackagesService {
    desk: Desk,
    socket: questions::Desk,
}

impl PackagesService {
    /// Listens; the clients are found when they are asked.
    pub(super) fn open(args: &Daemon, around: &Surroundings) -> Result<Self, Failure> {
        let home = home(around)?;
        let place = place(args, &home)?;
        let clients = Clients::new(&home, &surroundings::inherited());
        let desk = Desk::new(Box::new(move |name| clients.look_up(name)));
        let socket = questions::Desk::open(&place)
            .map_err(|error| Failure::refused(error).hint(format!("sanctumd --health {NAME}")))?;
        Ok(Self { desk, socket })
    }
}

impl Service for PackagesService {
    fn name(&self) -> &'static str {
        NAME
    }

    fn serve(&self) -> Result<(), Failure> {
        std::thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| self.desk.work());
            }
            self.socket.serve(&|question| self.desk.answer(question));
            self.desk.end();
        });
        Ok(())
    }

    fn drain(&self) {
        self.socket.drain();
        self.desk.end();
    }

    fn healthy(&self) -> bool {
        true
    }
}

fn home(around: &Surroundings) -> Result<PathBuf, Failure> {
    around.home().map(Path::to_owned).ok_or_else(|| {
        Failure::new(Exit::Usage, "there is no home directory whose clients could be asked")
    })
}

fn place(args: &Daemon, home: &Path) -> Result<PathBuf, Failure> {
    match &args.socket {
        Some(path) => Ok(std::path::absolute(path)?),
        None => Ok(socket(home)),
    }
}

/// Asks the running service for nothing, which it answers at once.
pub(super) fn health(out: Out, args: &Daemon) -> Result<Exit, Failure> {
    let place = place(args, &home(&Surroundings::read(None))?)?;
    let answer = ask::ask(&place, Vec::new(), Duration::from_secs(5)).ok_or_else(|| {
        Failure::failed(format!("nobody answers at {}", place.display()))
            .hint(format!("sanctumd --only {NAME} serves it"))
    })?;
    out.data(&serde_json::json!({
        "format": 1, "service": NAME, "health": { "healthy": true, "kept": answer.kept },
    }));
    out.line(Paint::Good, &format!("{NAME}: healthy; {} names kept", answer.kept));
    Ok(Exit::Done)
}
