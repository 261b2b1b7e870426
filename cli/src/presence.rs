//! Asks for the owner in person before a verb loosens something.
//!
//! It is called before the store's lock is taken, so that nothing waits for an answer with the lock in its hand.
//! Below `--root` nobody is asked: a directory is a sandbox. `--yes`, variables and pipes are no answer.

use crate::commands::Context;
use crate::failure::Failure;
use crate::session::Opened;
use crate::site::Place;
use sanctum_host::presence::{self as seen, Asked};
use sanctum_host::{accounts, files, processes};
use sanctum_orchestrator::house::layout;
use sanctum_orchestrator::jobs::vm::FIRST_PASSWORD;
use sanctum_orchestrator::presence::{
    Absent, Ancestor, Ask, Evidence, Person, Register, Terminal, judge,
};
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

/// The agents that the approved instance registers, and the well-known ones; a file that cannot be read adds none.
fn register(context: &Context) -> Register {
    let quiet = crate::output::Out { json: true, quiet: true };
    let registered = Opened::read_approved(&context.common, quiet)
        .map_or_else(|_| BTreeMap::new(), |opened| opened.instance.agents);
    Register::new(&registered)
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
