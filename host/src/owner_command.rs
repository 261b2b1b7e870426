//! Commands that the owner configured or typed: an editor, a password store, a program that is to get secrets.
//!
//! They run as he would run them himself: found on his PATH, with his environment, terminal and directory. Values go to
//! them by environment only. At euid 0 the program must be one that only root could have put there.

#![expect(
    clippy::disallowed_methods,
    reason = "this module is where the owner's own commands start"
)]

use crate::accounts::Account;
use crate::{HostError, trust};
use rustix::process::{Pid, Signal, kill_process};
use sanctum_types::{AbsPath, Secret};
use std::io::{IsTerminal as _, Read as _};
use std::os::fd::AsFd;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;
use zeroize::Zeroizing;

/// How much a command may print: identities are a few lines.
const OUTPUT_LIMIT: u64 = 1024 * 1024;

/// Between two looks whether a command has ended: nobody notices a tenth of a second.
const LOOK: Duration = Duration::from_millis(100);

/// How long what a command left behind may hold its pipes open, as for other children (`command.rs`).
const LAST_WORDS: Duration = Duration::from_millis(500);

/// A variable for a child.
pub type Variable = (String, Secret<String>);

/// What a command finds around it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Environment {
    /// The owner's environment and the variables.
    #[default]
    Inherited,
    /// The variables alone.
    Pristine,
}

/// How a command is started.
#[derive(Clone, Copy, Debug, Default)]
pub struct Start<'a> {
    /// Variables for it.
    pub variables: &'a [Variable],
    /// What else is in its environment.
    pub environment: Environment,
    /// Who it runs as, with that account's own group and no other; none for the owner himself.
    pub user: Option<&'a Account>,
}

pub(crate) fn failed(program: &str) -> impl Fn(std::io::Error) -> HostError + use<> {
    let path = program.to_owned();
    move |source| HostError::Io { verb: "run", path: path.clone(), source }
}

/// The program that a word names: as it stands with a separator in it, else on the PATH.
fn find(word: &str) -> Option<PathBuf> {
    if word.contains('/') {
        return Some(PathBuf::from(word));
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|dir| dir.join(word)).find(|file| {
        rustix::fs::access(file, rustix::fs::Access::EXEC_OK).is_ok() && file.is_file()
    })
}

pub(crate) fn command(words: &[String], start: &Start<'_>) -> Result<Command, HostError> {
    let (word, arguments) = words.split_first().ok_or_else(|| {
        failed("nothing")(std::io::Error::new(std::io::ErrorKind::InvalidInput, "no command"))
    })?;
    let program = find(word).ok_or_else(|| {
        failed(word)(std::io::Error::new(std::io::ErrorKind::NotFound, "it is not on the PATH"))
    })?;
    if rustix::process::geteuid().is_root() {
        trusted(&program)?;
    }
    let mut command = Command::new(program);
    command.args(arguments);
    if start.environment == Environment::Pristine {
        command.env_clear();
    }
    command.envs(start.variables.iter().map(|(name, value)| (name, value.expose())));
    if let Some(account) = start.user {
        // Of root's further groups nothing is left (std::os::unix::process::CommandExt::uid).
        command.uid(account.uid).gid(account.gid);
    }
    Ok(command)
}

fn trusted(program: &Path) -> Result<(), HostError> {
    let whole = std::path::absolute(program).map_err(failed(&program.to_string_lossy()))?;
    let untrusted = HostError::Untrusted {
        path: whole.display().to_string(),
        why: "its path is no plain absolute one",
    };
    let path = AbsPath::new(whole.to_string_lossy()).map_err(|_| untrusted)?;
    Ok(trust::check_program(&path)?)
}

/// What a command prints, its standard error and input being the owner's.
pub fn output(words: &[String], variables: &[Variable]) -> Result<Zeroizing<Vec<u8>>, HostError> {
    let name = words.first().cloned().unwrap_or_default();
    let io = failed(&name);
    let mut child = command(words, &Start { variables, ..Start::default() })?
        .stdout(Stdio::piped())
        .spawn()
        .map_err(&io)?;
    let mut bytes = Zeroizing::new(Vec::new());
    if let Some(pipe) = child.stdout.take() {
        pipe.take(OUTPUT_LIMIT).read_to_end(&mut bytes).map_err(&io)?;
    }
    let status = child.wait().map_err(&io)?;
    if !status.success() {
        let status = format!("exit status {}", code(status));
        return Err(HostError::Child { program: name, status, stderr: String::new() });
    }
    Ok(bytes)
}

/// Runs a command on the owner's terminal to its end; its exit status, as a shell reports it.
pub fn status(words: &[String], start: &Start<'_>) -> Result<u8, HostError> {
    let name = words.first().cloned().unwrap_or_default();
    let ended = command(words, start)?.status().map_err(failed(&name))?;
    Ok(code(ended))
}

/// As [`status`], for a command that leaves this session: whatever is heard goes on to it as SIGTERM, since the terminal
/// cannot reach it. Nor is it given the terminal as a stream, from which it could read what is typed there later: it reads
/// the end of file, and what it says comes through a pipe.
pub fn status_relayed(
    words: &[String],
    start: &Start<'_>,
    heard: &Receiver<()>,
) -> Result<u8, HostError> {
    let io = failed(&words.first().cloned().unwrap_or_default());
    let mut command = command(words, start)?;
    if std::io::stdin().is_terminal() {
        command.stdin(Stdio::null());
    }
    let (out, err) = (std::io::stdout(), std::io::stderr());
    if out.is_terminal() {
        command.stdout(Stdio::piped());
    }
    if err.is_terminal() {
        command.stderr(Stdio::piped());
    }
    let mut child = command.spawn().map_err(&io)?;
    let (relaying, all_said) = channel();
    relay(child.stdout.take(), &out, &relaying).map_err(&io)?;
    relay(child.stderr.take(), &err, &relaying).map_err(&io)?;
    drop(relaying);
    loop {
        if let Some(ended) = child.try_wait().map_err(&io)? {
            // The relays end with it, unless something that it started holds the pipes open.
            let _ = all_said.recv_timeout(LAST_WORDS);
            return Ok(code(ended));
        }
        if heard.recv_timeout(LOOK).is_ok() {
            // One that has ended is seen at the next look.
            let _ = kill_process(Pid::from_child(&child), Signal::TERM);
        }
    }
}

/// Copies what comes through a pipe, without holding any of it back; `relaying` goes when all is said.
fn relay(
    pipe: Option<impl std::io::Read + Send + 'static>,
    to: &impl AsFd,
    relaying: &Sender<()>,
) -> std::io::Result<()> {
    let Some(mut pipe) = pipe else { return Ok(()) };
    let mut to = std::fs::File::from(to.as_fd().try_clone_to_owned()?);
    let relaying = relaying.clone();
    std::thread::spawn(move || {
        // A terminal that is gone hears nothing more, and SIGHUP has told of that.
        let _ = std::io::copy(&mut pipe, &mut to);
        drop(relaying);
    });
    Ok(())
}

/// Starts a command and leaves it alone: without a terminal, and with nothing on its standard input and outputs.
pub fn background(words: &[String], start: &Start<'_>) -> Result<(), HostError> {
    let name = words.first().cloned().unwrap_or_default();
    let mut command = command(words, start)?;
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    command.spawn().map(drop).map_err(failed(&name))
}

/// Becomes the command; comes back only when it cannot be started.
pub fn become_it(words: &[String], start: &Start<'_>) -> HostError {
    let name = words.first().cloned().unwrap_or_default();
    match command(words, start) {
        Ok(mut command) => failed(&name)(command.exec()),
        Err(error) => error,
    }
}

/// A shell reports 128 and the number of the signal.
fn code(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn variables_reach_the_child_and_its_status_comes_back() {
        let variable = ("TOLD".to_owned(), Secret::new("value".to_owned()));
        let printed = output(&words(&["sh", "-c", "printf %s \"$TOLD\""]), &[variable]);
        assert_eq!(&**printed.expect("runs"), b"value");
        let pristine = Start { environment: Environment::Pristine, ..Start::default() };
        for (script, expected) in [("exit 7", 7), ("kill -9 $$", 137)] {
            let command = words(&["/bin/sh", "-c", script]);
            assert_eq!(status(&command, &pristine).expect("runs"), expected);
        }
        let (told, heard) = std::sync::mpsc::channel();
        let start = Start::default();
        let quick = status_relayed(&words(&["sh", "-c", "exit 7"]), &start, &heard);
        assert_eq!(quick.expect("runs"), 7);
        told.send(()).expect("heard");
        let ended = status_relayed(&words(&["sleep", "600"]), &start, &heard);
        assert_eq!(ended.expect("runs"), 143);
        assert!(output(&words(&["sh", "-c", "exit 1"]), &[]).is_err());
        assert!(output(&words(&["no-such-program-here"]), &[]).is_err());
        assert!(output(&[], &[]).is_err());
    }
}
