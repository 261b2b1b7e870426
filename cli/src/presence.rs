//! Asks for the owner in person before a verb loosens something.
//!
//! It is called before the store's lock is taken, so that nothing waits for an answer with the lock in its hand.
//! Below `--root` nobody is asked: a directory is a sandbox. `--yes`, variables and pipes are no answer.

use crate::args::Common;
use crate::commands::Context;
use crate::failure::Failure;
use crate::session::Opened;
use crate::site::Place;
use sanctum_host::presence::{self as seen, Asked};
use sanctum_host::{HostError, accounts, files, processes};
use sanctum_orchestrator::house::layout;
use sanctum_orchestrator::instance;
use sanctum_orchestrator::jobs::vm::FIRST_PASSWORD;
use sanctum_orchestrator::presence::{
    Absent, Agent, Ancestor, Ask, Evidence, Person, Register, Terminal, judge,
};
use sanctum_types::ServiceName;
use sanctum_vault::session::Absent as NotOwner;
use std::collections::BTreeMap;
use std::path::Path;

/// How the presence of a person was proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// A directory root is a sandbox.
    Sandbox,
    /// sudo asked, and the answer was right.
    Sudo,
    /// Root's own login on a terminal.
    RootLogin,
}

/// Refuses unless a person is there. `what` completes "to ...", such as `confirm a change`.
pub fn require(context: &Context, what: &str) -> Result<Proof, Failure> {
    if Place::of(&context.common) != Place::Machine {
        return Ok(Proof::Sandbox);
    }
    let ask = judge(&evidence(context), &register(context))
        .map_err(|absent| refusal(&absent, context.around.verb.as_deref().unwrap_or_default()))?;
    let Ask::Sudo { uid, name } = ask else { return Ok(Proof::RootLogin) };
    context.out.remarks(&format!("To {what}, sudo asks {name} once more.\n"));
    match seen::ask_again(uid)? {
        Asked::Proved => Ok(Proof::Sudo),
        Asked::NotProved => {
            let failure = Failure::refused("sudo's question was not answered; nothing was done");
            Err(if seen::has_no_password(&name) == Some(true) {
                failure.hint(format!("{name} has no password to answer with: sudo passwd {name}"))
            } else {
                failure
            })
        }
        Asked::AsksNothing => Err(Failure::refused(format!(
            "sudo asks {name} for nothing, so it cannot tell a person from a program"
        ))
        .hint(format!("give {name} a password: sudo passwd {name}"))
        .hint(format!("let sudo -v always ask: `Defaults:{name} verifypw=always` with sudo visudo"))
        .hint("or log in as root on the machine's own console")),
        Asked::NoSudo => Err(Failure::refused("there is no sudo here to ask the owner with")
            .hint("log in as root on the machine's own console")),
    }
}

fn evidence(context: &Context) -> Evidence {
    // sudo's own word first; a shell that sudo started may have dropped it, and the kernel has not.
    let caller = context.around.sudo_uid.as_deref().and_then(|uid| uid.parse::<u32>().ok());
    let account = match caller {
        Some(uid) => accounts::by_uid(uid).ok().flatten(),
        None => seen::login(),
    };
    let person = account
        .filter(|account| account.uid != 0)
        .map_or(Person::Root, |account| Person::Account { uid: account.uid, name: account.name });
    let ancestors = processes::ancestors().ok();
    let ancestors = ancestors.map(|all| all.into_iter().map(ancestor).collect());
    Evidence {
        euid: context.around.euid,
        person,
        terminal: seen::terminal()
            .map(|ours| if ours { Terminal::Ours } else { Terminal::Foreign }),
        ancestors,
    }
}

/// An empty word names nothing, and must not stand in the place of one that does.
fn ancestor(seen: processes::Process) -> Ancestor {
    let words = seen.argv.seen().map(processes::Argv::words).unwrap_or_default();
    Ancestor {
        pid: seen.pid,
        words: words.iter().filter(|word| !word.is_empty()).cloned().collect(),
        program: seen.program.seen().map_or(seen.name, |running| running.path.clone()),
    }
}

/// Refuses where an agent is among these processes, or where it cannot be told which agents there are.
pub fn free_of_agents(common: &Common, company: &[processes::Process]) -> Result<(), NotOwner> {
    let company: Vec<Ancestor> = company.iter().cloned().map(ancestor).collect();
    let register = register_of(common).map_err(|_| NotOwner::Unread)?;
    register.first_of(&company).map_or(Ok(()), |_| Err(NotOwner::Agent))
}

/// The agents that the approved instance registers, and the well-known ones.
///
/// A file that cannot be read adds none here: the owner has to be able to approve another, and is asked by sudo as well.
fn register(context: &Context) -> Register {
    register_of(&context.common).unwrap_or_else(|_| Register::new(&BTreeMap::new()))
}

fn register_of(common: &Common) -> Result<Register, Failure> {
    let quiet = crate::output::Out { json: true, quiet: true };
    let limit = u64::try_from(instance::MAX_BYTES).unwrap_or(u64::MAX);
    let there = match &common.instance {
        Some(_) => Ok(true),
        None => files::read_optional(Path::new(layout::APPROVED_INSTANCE), limit)
            .map(|bytes| bytes.is_some()),
    };
    registered(there, || Ok(Opened::read_approved(common, quiet)?.instance.agents))
}

/// Only a house that has no approved file registers nobody: what is there and cannot be read may name the very agent that asks.
fn registered(
    there: Result<bool, HostError>,
    read: impl FnOnce() -> Result<BTreeMap<ServiceName, Agent>, Failure>,
) -> Result<Register, Failure> {
    let agents = if there? { read()? } else { BTreeMap::new() };
    Ok(Register::new(&agents))
}

fn refusal(absent: &Absent, verb: &str) -> Failure {
    let sudo = format!("sudo {} {verb}", layout::SANCTUM);
    let failure = Failure::refused(absent.clone());
    match absent {
        Absent::NotRoot => {
            let failure = failure.hint(format!("on a terminal: {sudo}"));
            // Only root sees whether there is a password, so this is said for as long as the program is there.
            if files::is_there(Path::new(FIRST_PASSWORD)) {
                failure.hint(format!(
                    "sudo asks for this account's password; give it its first one with: sudo {FIRST_PASSWORD}"
                ))
            } else {
                failure
            }
        }
        Absent::NoTerminal => failure.hint(format!("over SSH with a terminal: ssh -t HOST {sudo}")),
        Absent::ForeignTerminal => failure.hint(format!("in your own terminal: {sudo}")),
        Absent::HiddenCaller => failure.hint(format!("call it directly: {sudo}")),
        Absent::Agent { .. } => failure.hint("do it yourself, in a terminal of your own"),
        Absent::Unseen => failure.hint("do it in a terminal of your own, or on the console"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_house_without_an_approved_file_registers_nobody() {
        let ours = || -> Result<_, Failure> {
            let agent = Agent { programs: vec!["helper".to_owned()] };
            Ok(BTreeMap::from([(ServiceName::new("helper")?, agent)]))
        };
        let named = |register: Register, program: &str| {
            let one = Ancestor { pid: 7, program: program.to_owned(), words: Vec::new() };
            register.first_of(&[one]).map(|(name, _)| name)
        };
        let unread = || Err(Failure::failed("cannot be read"));
        assert_eq!(named(registered(Ok(true), ours).unwrap(), "helper").unwrap(), "helper");
        assert_eq!(named(registered(Ok(false), unread).unwrap(), "claude").unwrap(), "claude");
        assert_eq!(named(registered(Ok(false), ours).unwrap(), "helper"), None);
        assert!(registered(Ok(true), unread).is_err());
        let denied = HostError::Io {
            verb: "read",
            path: layout::APPROVED_INSTANCE.to_owned(),
            source: std::io::ErrorKind::PermissionDenied.into(),
        };
        assert!(registered(Err(denied), ours).is_err());
    }

    #[test]
    fn who_cannot_be_told_from_an_agent_is_none_of_the_owners() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::io::Write::write_all(&mut file.as_file(), b"agents: [").unwrap();
        let common = Common { instance: Some(file.path().to_owned()), ..Common::default() };
        assert_eq!(free_of_agents(&common, &[]), Err(NotOwner::Unread));
    }
}
