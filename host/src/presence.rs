//! What can be seen of the person behind a process: its terminal, its login, and sudo's word.
//!
//! Deliberately absent: any judgement; `sanctum_orchestrator::presence` judges. Environment variables are not
//! asked here: anybody can set them.

use crate::HostError;
use crate::accounts::{self, Account};
use crate::command::Program;
use rustix::termios;
use std::io::IsTerminal as _;

/// Whether standard input is the terminal that controls this session; none when it is no terminal.
#[must_use]
pub fn terminal() -> Option<bool> {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        return None;
    }
    // tcgetsid(3) answers only for the controlling terminal of the calling process.
    let session = termios::tcgetsid(&stdin).ok();
    Some(session.is_some() && session == rustix::process::getsid(None).ok())
}

/// The account that logged in to this session, where the kernel keeps it; root's own login is no account.
///
/// Linux keeps it in `/proc/self/loginuid` (`pam_loginuid(8)`); it cannot be changed back by a process that only
/// became root. macOS keeps none that can be read without its audit library: sudo's word is all there is.
#[must_use]
pub fn login() -> Option<Account> {
    /// What the kernel shows when nobody logged in: `(uid_t) -1`.
    const UNSET: u32 = u32::MAX;
    let text =
        crate::files::read_optional(std::path::Path::new("/proc/self/loginuid"), 16).ok()??;
    let uid: u32 = String::from_utf8(text).ok()?.trim().parse().ok()?;
    if uid == 0 || uid == UNSET {
        return None;
    }
    accounts::by_uid(uid).ok()?
}

/// How sudo answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// It asked, and the answer was right.
    Proved,
    /// It asked, and the answer was wrong, or nobody answered.
    NotProved,
    /// It asks this account for nothing, so it cannot tell a person from a program.
    AsksNothing,
    /// There is no sudo here.
    NoSudo,
}

/// Whether the account has no password that could be asked for; none where that cannot be seen, as on macOS.
///
/// shadow(5): the second field is empty, or begins with a sign that no hash has.
#[must_use]
pub fn has_no_password(name: &str) -> Option<bool> {
    /// Some hundred bytes an account.
    const LIMIT: u64 = 1024 * 1024;
    let bytes = crate::files::read_optional(std::path::Path::new("/etc/shadow"), LIMIT).ok()??;
    let text = String::from_utf8_lossy(&bytes);
    let mut fields = text.lines().map(|line| line.split(':'));
    let mut line = fields.find_map(|mut line| (line.next() == Some(name)).then_some(line))?;
    let field = line.next()?;
    Some(field.is_empty() || field.starts_with(['!', '*']))
}

/// Lets sudo ask the account once more on this terminal, whatever it remembers: its password, or Touch ID where
/// `pam_tid` is set up. sudo(8): `-k` with `-v` ignores cached credentials.
pub fn ask_again(uid: u32) -> Result<Asked, HostError> {
    let Some(sudo) = Program::find(&["sudo"]) else { return Ok(Asked::NoSudo) };
    let path = sudo.path().as_str();
    let who = format!("#{uid}");
    // The outer sudo, called by root, only becomes the account; the inner one asks it.
    let outer = ["-n", "-u", &who, "--", path];
    let silent = crate::command::run(
        &sudo,
        &[&outer[..], &["-k", "-n", "-v"]].concat(),
        crate::command::Options::default(),
    )?;
    if silent.status.success() {
        return Ok(Asked::AsksNothing);
    }
    let proved = crate::command::on_terminal(&sudo, &[&outer[..], &["-k", "-v"]].concat())?;
    Ok(if proved { Asked::Proved } else { Asked::NotProved })
}
