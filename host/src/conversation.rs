//! A program of the owner that is talked to over its standard input and output, such as a plugin of age.
//!
//! It is found and trusted as every command of his is, and it can make nobody wait: each answer and each listening has a
//! time limit, and the program is killed when the conversation ends, however it ends. What it says on standard error is
//! not heard.

#![expect(clippy::disallowed_methods, reason = "this crate is the one home of effects")]

use crate::{HostError, owner_command};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::os::fd::AsFd;
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// The longest line that is read: a line of a stanza has 64 characters of body, or arguments of some hundred.
const LONGEST: u64 = 64 * 1024;

/// What a pipe that is ready to be written takes at once, everywhere (`_POSIX_PIPE_BUF`, limits.h(0P)).
const ONE_BITE: usize = 512;

/// A running program.
pub struct Conversation {
    name: String,
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<Patient>,
}

/// Standard output of the program, with the end of waiting for it.
struct Patient {
    pipe: ChildStdout,
    patience: Duration,
    until: Instant,
}

impl Read for Patient {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if !ready(&self.pipe, PollFlags::IN, self.until)? {
            let silent = format!("it said nothing for {} seconds", self.patience.as_secs());
            return Err(std::io::Error::new(std::io::ErrorKind::TimedOut, silent));
        }
        self.pipe.read(buffer)
    }
}

/// Whether the pipe is ready for that, or broken, before it is too late.
fn ready(pipe: &impl AsFd, what: PollFlags, until: Instant) -> std::io::Result<bool> {
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let left = Timespec::try_from(left).map_err(std::io::Error::other)?;
        match poll(&mut [PollFd::new(pipe, what)], Some(&left)) {
            Ok(count) => return Ok(count > 0),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

impl Conversation {
    /// Starts a program, found on the PATH, and waits so long for each thing that it says.
    ///
    /// # Errors
    /// It is not there, cannot be started, or at euid 0 is not root's alone.
    pub fn start(words: &[String], patience: Duration) -> Result<Self, HostError> {
        let name = words.first().cloned().unwrap_or_default();
        let io = owner_command::failed(&name);
        let mut child = owner_command::command(words, &owner_command::Start::default())?
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(&io)?;
        let (Some(input), Some(pipe)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(io(std::io::Error::other("it has no pipes")));
        };
        let output = BufReader::new(Patient { pipe, patience, until: Instant::now() });
        Ok(Self { name, child, input: Some(input), output })
    }

    /// Says something.
    ///
    /// # Errors
    /// It does not listen, or not any more.
    pub fn say(&mut self, bytes: &[u8]) -> Result<(), HostError> {
        let patience = self.output.get_ref().patience;
        let until = Instant::now() + patience;
        let say = |input: &mut ChildStdin| {
            for bite in bytes.chunks(ONE_BITE) {
                if !ready(input, PollFlags::OUT, until)? {
                    let deaf = format!("it did not listen for {} seconds", patience.as_secs());
                    return Err(std::io::Error::new(std::io::ErrorKind::TimedOut, deaf));
                }
                input.write_all(bite)?;
            }
            Ok(())
        };
        let ended = || std::io::Error::from(std::io::ErrorKind::BrokenPipe);
        self.input
            .as_mut()
            .ok_or_else(ended)
            .and_then(say)
            .map_err(owner_command::failed(&self.name))
    }

    /// Hears a line, without its end.
    ///
    /// # Errors
    /// It said nothing in time, went away, or said a line that is too long or no text.
    pub fn hear(&mut self) -> Result<Zeroizing<String>, HostError> {
        let io = owner_command::failed(&self.name);
        let patient = self.output.get_mut();
        patient.until = Instant::now() + patient.patience;
        // Long enough for every line of a key: growth would leave copies behind.
        let mut line = Zeroizing::new(String::with_capacity(4096));
        (&mut self.output).take(LONGEST).read_line(&mut line).map_err(&io)?;
        if line.pop() != Some('\n') {
            return Err(io(std::io::Error::new(
                std::io::ErrorKind::UnexpectedEof,
                "it ended in the middle of the conversation",
            )));
        }
        Ok(line)
    }
}

impl Drop for Conversation {
    fn drop(&mut self) {
        drop(self.input.take());
        // One that has ended already cannot be killed, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(script: &str, patience: Duration) -> Conversation {
        let words = ["sh", "-c", script].map(str::to_owned);
        Conversation::start(&words, patience).unwrap()
    }

    #[test]
    fn what_is_said_is_heard_line_by_line() {
        let mut cat = start("cat", Duration::from_secs(10));
        cat.say(b"one\n\ntwo\n").unwrap();
        let heard: Vec<_> = (0..3).map(|_| cat.hear().unwrap().to_string()).collect();
        assert_eq!(heard, ["one", "", "two"]);
    }

    #[test]
    fn nobody_waits_for_a_program_that_is_silent_or_gone() {
        let begun = Instant::now();
        let silent = start("exec sleep 600", Duration::from_millis(50)).hear().unwrap_err();
        assert!(sanctum_types::chain(&silent).contains("it said nothing"), "{silent:?}");
        let deaf = start("exec sleep 600", Duration::from_millis(50)).say(&[b'x'; 200_000]);
        let deaf = deaf.unwrap_err();
        assert!(sanctum_types::chain(&deaf).contains("it did not listen"), "{deaf:?}");
        let gone = start("printf half", Duration::from_secs(10)).hear().unwrap_err();
        assert!(sanctum_types::chain(&gone).contains("middle"), "{gone:?}");
        assert!(begun.elapsed() < Duration::from_secs(9));
        assert!(Conversation::start(&["no-such-plugin".to_owned()], Duration::ZERO).is_err());
    }
}
