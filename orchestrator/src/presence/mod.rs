//! Who may loosen: whether a person is there, judged from what was seen of the process that asks.
//!
//! Coding agents run under the owner's own account, so a user id tells nobody apart. Loosening asks for a person:
//! root through sudo, on the terminal that the process really has, with nothing registered as an agent among its
//! ancestors, and then for the owner's password or finger once more. Nothing here looks at a machine; what could
//! not be looked at counts against the one who asks.

mod agents;

pub use agents::{Agent, BUILT_IN, Register};

/// One ancestor of the process that asks, nearest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ancestor {
    /// Its process id.
    pub pid: u32,
    /// The path or the name of its program.
    pub program: String,
    /// The first words of its command line, as far as they can be seen.
    pub words: Vec<String>,
}

/// Which terminal standard input is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Terminal {
    /// The one that controls this session.
    Ours,
    /// Another one, such as one that was opened by its name.
    Foreign,
}

/// Who sits there, if anybody does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Person {
    /// The account that called sudo, or that logged in.
    Account {
        /// User id, never 0.
        uid: u32,
        /// Its name.
        name: String,
    },
    /// Somebody who logged in as root, such as on the console.
    Root,
}

/// What was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// Effective user id.
    pub euid: u32,
    /// Who is behind it.
    pub person: Person,
    /// The terminal; none when standard input is no terminal.
    pub terminal: Option<Terminal>,
    /// All ancestors, or none when they could not be looked at.
    pub ancestors: Option<Vec<Ancestor>>,
}

/// What is still needed from somebody who may be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// sudo must ask this account once more, whatever it remembers.
    Sudo {
        /// User id.
        uid: u32,
        /// Name.
        name: String,
    },
    /// Who logged in as root was asked then.
    Nothing,
}

/// Why nobody is there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Absent {
    /// Not root: sudo has not asked anybody.
    #[error("this needs the owner in person, through sudo")]
    NotRoot,
    /// Standard input is a pipe, a file or nothing.
    #[error("this needs the owner in person, and standard input is no terminal")]
    NoTerminal,
    /// A terminal, but not the one of this session.
    #[error("this needs the owner in person, and standard input is not this session's terminal")]
    ForeignTerminal,
    /// A registered agent started it.
    #[error("the agent `{agent}` (process {pid}) started this, and agents may not loosen")]
    Agent {
        /// The agent's registered name.
        agent: String,
        /// Its process.
        pid: u32,
    },
    /// sudo started it, and the account that called sudo was taken out of the environment.
    #[error("sudo started this, and which account called it is hidden")]
    HiddenCaller,
    /// Who started it could not be seen.
    #[error("cannot see which processes started this, so it may have been an agent")]
    Unseen,
}

/// Judges what was seen; fails closed.
pub fn judge(seen: &Evidence, agents: &Register) -> Result<Ask, Absent> {
    let ancestors = seen.ancestors.as_ref().ok_or(Absent::Unseen)?;
    // First, so that an agent is told that it is one, whatever else is missing.
    if let Some((agent, pid)) = agents.first_of(ancestors) {
        return Err(Absent::Agent { agent, pid });
    }
    if seen.euid != 0 {
        return Err(Absent::NotRoot);
    }
    match seen.terminal {
        None => return Err(Absent::NoTerminal),
        Some(Terminal::Foreign) => return Err(Absent::ForeignTerminal),
        // Whether it listens to this process group is not asked: sudo starts a command whose output is piped in the
        // background of the terminal that it makes, and brings it forward when it reads.
        Some(Terminal::Ours) => {}
    }
    match &seen.person {
        Person::Account { uid, name } => Ok(Ask::Sudo { uid: *uid, name: name.clone() }),
        Person::Root if ancestors.iter().any(becomes_root) => Err(Absent::HiddenCaller),
        Person::Root => Ok(Ask::Nothing),
    }
}

/// Programs that make somebody root who did not log in as root; su(1) asks for root's own password and is none.
fn becomes_root(ancestor: &Ancestor) -> bool {
    matches!(ancestor.program.rsplit('/').next(), Some("sudo" | "doas" | "pkexec"))
}

#[cfg(test)]
mod tests;
