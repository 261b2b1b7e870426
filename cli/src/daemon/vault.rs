//! `sanctumd --only vault`: the vault at its socket, with a stream of the journal of its own.
//!
//! It starts sealed unless a key opens it, and where that key cannot be had; a vault that does not open ends it. It serves only the account that runs it and root. Owns where the files are for each place. Deliberately
//! absent: what is answered, which is `sanctum_vault`'s.

pub(crate) mod opener;

use super::frame::Service;
use super::{ANSWERS_WITHIN, Daemon};
use crate::args::Common;
use crate::failure::{Exit, Failure};
use crate::output::{Out, Paint};
use crate::presence::free_of_agents;
use crate::record;
use crate::surroundings::Surroundings;
use opener::KeyPlace;
use sanctum_host::journal::socket::{Gate, SocketError};
use sanctum_host::journal::{Journal, Limits, Places, StreamName};
use sanctum_host::memory::{self, NotLocked};
use sanctum_host::{private_io, tree::Tree};
use sanctum_types::{AbsPath, Action, Actor, AuditEvent, AuditSink, Outcome, Phase, Severity};
use sanctum_vault::client::is_sealed;
use sanctum_vault::place::Home;
use sanctum_vault::serve::{Loopback, LoopbackError, Server, Trusted};
use sanctum_vault::service::Vault;
use sanctum_vault::store::{StoreError, Terms};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Its name.
pub(super) const NAME: &str = "vault";

/// Where the vault of an account is: its home, or the directory that stands for it.
pub(crate) struct At {
    /// The directory that the others are in.
    pub(crate) base: PathBuf,
    /// The files.
    pub(crate) home: Home,
    /// The socket.
    pub(crate) socket: PathBuf,
}

impl At {
    /// Below `root`, or in the home of whoever runs this.
    pub(crate) fn of(
        root: Option<&Path>,
        socket: Option<&Path>,
        around: &Surroundings,
    ) -> Result<Self, Failure> {
        let base = match root {
            Some(dir) => std::path::absolute(dir)?,
            None => around.home().map(Path::to_owned).ok_or_else(|| {
                Failure::new(Exit::Usage, "there is no home directory to keep the vault in")
            })?,
        };
        let home = Home {
            log: AbsPath::new("/.sanctum/vault")?,
            counter: AbsPath::new("/.sanctum/state/vault")?,
        };
        let socket = match socket {
            Some(path) => std::path::absolute(path)?,
            None => base.join(".sanctum/vault.sock"),
        };
        Ok(Self { base, home, socket })
    }

    /// The directory of the house in the home is there, and ours.
    pub(crate) fn furnish(&self) -> Result<(), Failure> {
        let tree = Tree::open(&self.base)?;
        for dir in ["/.sanctum", "/.sanctum/state", "/.sanctum/keys"] {
            tree.furnish(&AbsPath::new(dir)?)?;
        }
        Ok(())
    }
}

/// The vault at its socket.
pub(super) struct VaultService {
    server: Server,
}

impl VaultService {
    /// Opens the journal, unseals where a key is given, and listens.
    pub(super) fn open(args: &Daemon, around: &Surroundings, out: Out) -> Result<Self, Failure> {
        private_io::no_core_dumps()?;
        // Before the first key is read.
        let locked = memory::lock();
        let at = At::of(args.root.as_deref(), args.socket.as_deref(), around)?;
        at.furnish()?;
        let (streams, second) = record::of_owner(&at.base);
        let places = Places::at(&streams, &second)?;
        let journal = Arc::new(Journal::open(places, StreamName::new(NAME)?, Limits::default())?);
        told_of_memory(args, &journal, locked, out)?;
        let vault =
            Arc::new(Vault::new(at.home, at.base, Arc::clone(&journal) as Arc<dyn AuditSink>));
        match KeyPlace::of(args.key_file.as_deref(), args.key_ref.as_deref())? {
            Some(place) => {
                let at = opener::At { root: args.root.as_deref(), around };
                unsealed(&vault, &place, &at, (&journal, out))?;
            }
            None => out.warn("the vault is sealed: sanctum vault unseal"),
        }
        let own = around.euid;
        let heard = Box::new(move |uid| uid == 0 || uid == own);
        let common = Common { root: args.root.clone(), ..Common::default() };
        let trusted: Arc<Trusted> = Arc::new(move |company| free_of_agents(&common, company));
        let loopback = args.listen.map(Loopback::at).transpose().map_err(unbound)?;
        let mut server = Server::open(&at.socket, Gate::default(), vault, heard, Some(trusted))
            .map_err(refused)?;
        if let Some(loopback) = loopback {
            out.progress(&format!("the vault listens at {}", loopback.address()));
            server = server.and_at(loopback);
        }
        Ok(Self { server })
    }
}

impl Service for VaultService {
    fn name(&self) -> &'static str {
        NAME
    }

    fn serve(&self) -> Result<(), Failure> {
        self.server.serve();
        Ok(())
    }

    fn drain(&self) {
        self.server.drain();
    }

    /// It answers also while it is sealed, and says so.
    fn healthy(&self) -> bool {
        true
    }
}

/// Unseals it by that key. One that cannot be had, or opens nothing, leaves the vault sealed for its owner: a keyring is locked until somebody logs
/// in, and a service that ends is nobody whom he could tell the passphrase. What keeps the vault itself from opening ends the service.
fn unsealed(
    vault: &Vault,
    place: &KeyPlace<'_>,
    at: &opener::At<'_>,
    (journal, out): (&Journal, Out),
) -> Result<(), Failure> {
    let told = |outcome, severity, why: Option<String>| -> Result<(), Failure> {
        let details = [("by", Some(place.to_string())), ("why", why)];
        let details = details.into_iter().filter_map(|(name, text)| Some((name.to_owned(), text?)));
        let event = AuditEvent {
            actor: Actor::new("service:vault")?,
            action: Action::new("vault.unseal")?,
            subject: "vault".to_owned(),
            phase: Phase::Single,
            outcome,
            severity,
            details: details.collect(),
        };
        Ok(journal.record(&event)?)
    };
    let opened = match place.opener(at) {
        Ok(opener) => match vault.unseal(&opener, Terms::default()) {
            Ok(opened) => Ok(opened),
            Err(StoreError::WrongKey) => Err(Failure::refused(StoreError::WrongKey)),
            Err(error) => return Err(closed(error)),
        },
        Err(failure) => Err(failure),
    };
    match opened {
        Ok(opened) => {
            if opened.torn > 0 {
                let torn = opened.torn;
                out.warn(&format!("{torn} bytes that were never acknowledged are cut off"));
            }
            told(Outcome::Ok, Severity::Info, None)
        }
        Err(failure) => {
            let why = failure.text();
            out.warn(&format!(
                "{place} does not open the vault, and it is sealed: {why}; sanctum vault unseal"
            ));
            told(Outcome::Failed, Severity::Warn, Some(why))
        }
    }
}

/// The journal has how the memory stands at each start; where it is not locked, it is said what to do.
fn told_of_memory(
    args: &Daemon,
    journal: &Journal,
    locked: Result<(), NotLocked>,
    out: Out,
) -> Result<(), Failure> {
    let (outcome, severity) = match (&locked, args.require_locked_memory) {
        (Ok(()), _) => (Outcome::Ok, Severity::Info),
        (Err(_), true) => (Outcome::Refused, Severity::Warn),
        (Err(_), false) => (Outcome::Failed, Severity::Warn),
    };
    let why = locked.as_ref().err().map(|error| ("why".to_owned(), error.to_string()));
    let event = AuditEvent {
        actor: Actor::new("service:vault")?,
        action: Action::new("vault.memory")?,
        subject: "memory of the vault".to_owned(),
        phase: Phase::Single,
        outcome,
        severity,
        details: why.into_iter().collect(),
    };
    journal.record(&event)?;
    let Err(error) = locked else { return Ok(()) };
    let hint = match error {
        NotLocked::Limited { .. } => {
            "LimitMEMLOCK=infinity in its unit, `ulimit -l unlimited`, or CAP_IPC_LOCK"
        }
        _ => "encrypt the swap, or do without",
    };
    if args.require_locked_memory {
        return Err(Failure::refused(error).hint(hint));
    }
    out.warn(&format!("memory is not locked: {error}; {hint}"));
    Ok(())
}

/// Asks the running service whether it is sealed. It is healthy either way: an owner may want it so.
pub(super) fn health(out: Out, args: &Daemon) -> Result<Exit, Failure> {
    let around = Surroundings::read(None);
    let at = At::of(args.root.as_deref(), args.socket.as_deref(), &around)?;
    let sealed = is_sealed(&at.socket, ANSWERS_WITHIN).map_err(|error| {
        Failure::failed(error).hint(format!("sanctumd --only {NAME} serves it"))
    })?;
    out.data(&serde_json::json!({
        "format": 1, "service": NAME, "health": { "healthy": true, "sealed": sealed },
    }));
    let word = if sealed { "sealed: sanctum vault unseal" } else { "open" };
    out.line(Paint::Good, &format!("{NAME}: healthy; {word}"));
    Ok(Exit::Done)
}

/// A vault that does not open, with the way out.
pub(crate) fn closed(error: StoreError) -> Failure {
    let hint = match &error {
        StoreError::Format(_) => "make one first: sanctum vault init",
        StoreError::WrongKey => "another passphrase, or the key file that `init` wrote",
        StoreError::PutBack { .. } | StoreError::NoCounter | StoreError::Damaged { .. } => {
            "bring both files back from where they are whole, or a backup"
        }
        StoreError::Files(_) => "one process has a vault: sanctum vault status",
        _ => "sanctum audit --last 1h",
    };
    Failure::refused(error).hint(hint)
}

fn unbound(error: LoopbackError) -> Failure {
    match error {
        LoopbackError::Elsewhere { .. } => {
            Failure::new(Exit::Usage, error).hint("--listen 127.0.0.1:8200")
        }
        LoopbackError::Io { .. } => Failure::failed(error),
    }
}

fn refused(error: SocketError) -> Failure {
    match error {
        SocketError::Io { .. } | SocketError::Stopped { .. } => Failure::failed(error),
        SocketError::Served { .. } => Failure::refused(error).hint("sanctum vault status"),
        SocketError::TooLong { .. } | SocketError::Untrusted { .. } => {
            Failure::refused(error).hint("another place: --socket PATH")
        }
    }
}
