//! The vault among the jobs of a node: who serves it, where it answers, and whether anything opens it at boot.

use super::{Job, RunsAs};
use crate::instance::vault::NAME;
use sanctum_host::accounts::{self, Account};
use sanctum_types::{AbsPath, CouldNotCheck, chain};

/// Where it answers, below the home of its account, unless it is told another place.
pub const SOCKET: &str = ".sanctum/vault.sock";

/// The vault of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    /// The account that serves it.
    pub account: String,
    /// Where it was told to listen.
    pub socket: Option<AbsPath>,
    /// The file of the key that opens it at boot.
    pub key_file: Option<AbsPath>,
    /// The reference of that key, where it is in a store.
    pub key_ref: Option<String>,
}

impl Served {
    /// That of these jobs, where there is one that is started.
    #[must_use]
    pub fn among(jobs: &[Job]) -> Option<Self> {
        let job = jobs.iter().find(|job| job.name.as_str() == NAME && job.implemented)?;
        // Another program of that name is no vault of ours.
        job.verb.as_ref().filter(|verb| *verb == NAME)?;
        let word = |option: &str| {
            let at = job.command.iter().position(|word| word == option)?;
            job.command.get(at + 1).cloned()
        };
        let said = |option: &str| AbsPath::new(word(option)?).ok();
        let account = match &job.account {
            RunsAs::Root => "root".to_owned(),
            RunsAs::Account(name) | RunsAs::Session(name) => name.to_string(),
        };
        let (socket, key_file) = (said("--socket"), said("--key-file"));
        Some(Self { account, socket, key_file, key_ref: word("--key-ref") })
    }

    /// What opens it at boot, as people read it.
    #[must_use]
    pub fn opened_by(&self) -> Option<String> {
        self.key_ref.clone().or_else(|| self.key_file.as_ref().map(ToString::to_string))
    }

    /// Its account on this machine.
    ///
    /// # Errors
    /// There is none here, or nobody can say.
    pub fn account(&self) -> Result<Account, CouldNotCheck> {
        let unseen = |cause: String| CouldNotCheck { subject: self.account.clone(), cause };
        let found = accounts::by_name(&self.account).map_err(|error| unseen(chain(&error)))?;
        found.ok_or_else(|| unseen("there is no such account on this machine".to_owned()))
    }

    /// Its socket, for an account with that home.
    #[must_use]
    pub fn socket_in(&self, home: &AbsPath) -> Option<AbsPath> {
        self.socket.clone().or_else(|| home.join(SOCKET).ok())
    }
}
