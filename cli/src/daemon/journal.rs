//! `sanctumd --only journal`: the journal's socket, and its stream `service`.
//!
//! Owns where the stream and the socket are for each account that may run it, and which accounts append as whom.
//! Deliberately absent: the frame of the socket (`sanctum_host::journal::socket`).

use super::Daemon;
use super::frame::Service;
use super::speak_for::Rounds;
use crate::failure::{Exit, Failure};
use crate::record;
use crate::site::{HERE, Place};
use crate::surroundings::Surroundings;
use sanctum_host::accounts;
use sanctum_host::journal::socket::{Gate, Server, SocketError};
use sanctum_host::journal::{Durability, Journal, Limits, Places, StreamName};
use sanctum_host::{RootHost, Store};
use sanctum_orchestrator::house::layout;
use sanctum_orchestrator::jobs::account;
use sanctum_types::{
    AccountName, Action, Actor, AuditEvent, Outcome, Phase, ServiceName, Severity,
};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Its name.
pub(super) const NAME: &str = "journal";
/// What several services append to.
pub(super) const STREAM: &str = "service";
const ACTOR: &str = "service:journal";

/// Whose journal it is, by the account that serves.
enum Home {
    /// A directory that stands for a machine.
    Root(PathBuf),
    /// Root's store.
    Machine,
    /// A service account's state directory.
    Account(PathBuf),
    /// The owner's.
    Owner(PathBuf),
}

impl Home {
    fn of(args: &Daemon, around: &Surroundings) -> Result<Self, Failure> {
        if let Some(dir) = &args.root {
            return Ok(Self::Root(std::path::absolute(dir)?));
        }
        if around.euid == 0 {
            return Ok(Self::Machine);
        }
        let own = accounts::by_uid(around.euid)?.and_then(|own| AccountName::new(own.name).ok());
        if own.is_some_and(|own| account::is_made(&own)) {
            let dir = account::state_dir(HERE, &ServiceName::new(NAME)?)?;
            return Ok(Self::Account(PathBuf::from(dir.as_str())));
        }
        let home = around.home().map(Path::to_owned).ok_or_else(|| {
            Failure::new(Exit::Usage, "there is no home directory to keep the journal in")
        })?;
        Ok(Self::Owner(home))
    }

    fn socket(&self) -> PathBuf {
        match self {
            Self::Root(dir) => socket_below(dir),
            Self::Machine | Self::Account(_) => socket_below(Path::new("/")),
            Self::Owner(home) => home.join(".sanctum/state/journal.sock"),
        }
    }

    fn places(&self) -> Result<Places, Failure> {
        Ok(match self {
            Self::Root(dir) => {
                let store = RootHost::open(dir, layout::root_owner(HERE))?.store()?;
                Places::of(&store, None)?
            }
            Self::Machine => {
                let store = Store::open(Path::new(layout::store(HERE)))?;
                let second = record::second_place(&Place::Machine, &store)?;
                Places::of(&store, second.as_deref())?
            }
            Self::Account(dir) => Places::at(&dir.join("journal"), &dir.join("witness"))?,
            Self::Owner(home) => {
                let (streams, second) = record::of_owner(home);
                Places::at(&streams, &second)?
            }
        })
    }

    /// As the command line of `sanctum audit` names it.
    fn place(&self) -> Place {
        match self {
            Self::Root(dir) => Place::Root(dir.clone()),
            Self::Machine | Self::Account(_) | Self::Owner(_) => Place::Machine,
        }
    }
}

/// Where the journal of a machine listens.
pub(super) fn socket_below(root: &Path) -> PathBuf {
    let run = layout::journal_run(HERE).trim_start_matches('/');
    root.join(run).join(layout::JOURNAL_SOCKET)
}

/// Where the socket is.
pub(super) fn place(args: &Daemon, around: &Surroundings) -> Result<PathBuf, Failure> {
    match &args.socket {
        Some(path) => Ok(std::path::absolute(path)?),
        None => Ok(Home::of(args, around)?.socket()),
    }
}

/// The journal at its socket.
pub(super) struct JournalService {
    journal: Arc<Journal>,
    server: Server,
    rounds: Rounds,
}

impl JournalService {
    /// Opens the stream and listens.
    pub(super) fn open(args: &Daemon, around: &Surroundings) -> Result<Self, Failure> {
        let home = Home::of(args, around)?;
        let path = place(args, around)?;
        // Accounts of services are in the group of the journal's own account: who is heard is decided for each.
        let shared = matches!(home, Home::Account(_)).then(accounts::effective_gid);
        let group = args.group.as_deref().map(group).transpose()?.or(shared);
        let owner = args.owner.as_deref().map(owner).transpose()?;
        let stream = StreamName::new(STREAM)?;
        let journal = Arc::new(Journal::open(home.places()?, stream, Limits::default())?);
        let own = around.euid;
        let who = move |uid| actor(uid, own, owner);
        let gate = Gate { group };
        let server =
            Server::open(&path, gate, Arc::clone(&journal), Actor::new(ACTOR)?, Box::new(who))
                .map_err(refused)?;
        let every = Duration::from_secs(args.checkpoint_every);
        let rounds = Rounds::new(home.place(), around.home().map(Path::to_owned), every);
        let this = Self { journal, server, rounds };
        this.tell("service.start")?;
        Ok(this)
    }

    fn tell(&self, action: &str) -> Result<(), Failure> {
        let event = AuditEvent {
            actor: Actor::new(ACTOR)?,
            action: Action::new(action)?,
            subject: NAME.to_owned(),
            phase: Phase::Single,
            outcome: Outcome::Ok,
            severity: Severity::Info,
            details: BTreeMap::from([("version".to_owned(), env!("CARGO_PKG_VERSION").to_owned())]),
        };
        self.journal.append(&event, Durability::Synced)?;
        Ok(())
    }
}

impl Service for JournalService {
    fn name(&self) -> &'static str {
        NAME
    }

    fn serve(&self) -> Result<(), Failure> {
        let served = std::thread::scope(|scope| {
            scope.spawn(|| self.rounds.walk(&self.journal));
            let served = self.server.serve();
            self.rounds.end();
            served
        });
        served.map_err(|error| {
            Failure::failed(error).hint("what was recorded is whole: sanctum audit verify")
        })?;
        self.tell("service.stop")?;
        Ok(self.journal.seal()?)
    }

    fn drain(&self) {
        self.server.drain();
    }

    fn healthy(&self) -> bool {
        self.server.health().healthy
    }
}

fn refused(error: SocketError) -> Failure {
    match error {
        SocketError::Io { .. } | SocketError::Stopped { .. } => Failure::failed(error),
        SocketError::Served { .. } => {
            Failure::refused(error).hint(format!("sanctumd --health {NAME}"))
        }
        SocketError::TooLong { .. } | SocketError::Untrusted { .. } => {
            Failure::refused(error).hint("another place: --socket PATH")
        }
    }
}

fn group(name: &str) -> Result<u32, Failure> {
    accounts::group_id(name)?
        .ok_or_else(|| Failure::new(Exit::Usage, format!("there is no group `{name}`")))
}

fn owner(name: &str) -> Result<u32, Failure> {
    accounts::by_name(name)?
        .map(|account| account.uid)
        .ok_or_else(|| Failure::new(Exit::Usage, format!("there is no account `{name}`")))
}

/// As whom an account appends: root, who serves, the owner, and the accounts that sanctum makes; nobody else.
fn actor(uid: u32, own: u32, owner: Option<u32>) -> Option<Actor> {
    let account = accounts::by_uid(uid).ok().flatten();
    let name = account.and_then(|account| AccountName::new(account.name).ok());
    named(uid, name.filter(account::is_made).as_ref(), [Some(0), Some(own), owner])
}

/// A service account is its service; the account of scheduled jobs is all of them, and nobody knows which.
fn named(uid: u32, made: Option<&AccountName>, known: [Option<u32>; 3]) -> Option<Actor> {
    let word = match made {
        Some(name) => match name.as_str().strip_prefix("_sanctum_") {
            Some(service) => format!("service:{service}"),
            None => format!("job:{name}"),
        },
        None if known.contains(&Some(uid)) => format!("uid:{uid}"),
        None => return None,
    };
    Actor::new(word).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_appends_as_itself_or_not_at_all() {
        let as_whom = |uid, made: Option<&str>| {
            let made = made.map(|name| AccountName::new(name).unwrap());
            named(uid, made.as_ref(), [Some(0), Some(7), None]).map(String::from)
        };
        for (uid, made, actor) in [
            (0, None, Some("uid:0")),
            (7, None, Some("uid:7")),
            (8, None, None),
            (9, Some("_sanctum_proxy"), Some("service:proxy")),
            (7, Some("_sanctum_vault"), Some("service:vault")),
            (9, Some("_sanctum"), Some("job:_sanctum")),
        ] {
            assert_eq!(as_whom(uid, made).as_deref(), actor, "{uid} {made:?}");
        }
    }
}
