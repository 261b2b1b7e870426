//! The socket of a running supervisor: one line asked, one line answered.
//!
//! Its place is taken and given back like the journal's, in a directory that only its owner enters; and whoever gets
//! there all the same is heard only as the supervisor's own account or as root. Bounded in time and length.
//! Deliberately absent: what is asked.

use crate::HostError;
use crate::journal::socket::bound::Bound;
use crate::journal::socket::peer::{self, Peer};
use crate::journal::socket::{Gate, SocketError};
use std::io::{BufRead as _, BufReader, ErrorKind, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// One line of a request or an answer: a report holds some hundred bytes a service.
const LINE_LIMIT: u64 = 4 * 1024 * 1024;
/// Both ends are on this machine and have nothing else to do meanwhile.
const PATIENCE: Duration = Duration::from_secs(2);
/// The supervisor does not wait long for words: its services wait meanwhile.
const SHORT: Duration = Duration::from_millis(200);

fn failed(verb: &'static str, path: &Path, source: std::io::Error) -> HostError {
    HostError::Io { verb, path: path.display().to_string(), source }
}

/// The supervisor's end. The socket goes away with it.
#[derive(Debug)]
pub struct Control(Bound);

impl Control {
    /// Listens at a path.
    ///
    /// # Errors
    /// [`SocketError::Served`] when another supervisor is there; a socket that nobody serves is replaced.
    pub fn open(path: &Path) -> Result<Self, SocketError> {
        Bound::at(path, Gate::default()).map(Self)
    }

    /// The next request, when there is one; what cannot be read is dropped, and so is another account's.
    #[must_use]
    pub fn next(&self) -> Option<Request> {
        let (stream, _) = self.0.listener.accept().ok()?;
        let peer = peer::of(&stream).ok()?;
        if ![0, rustix::process::geteuid().as_raw()].contains(&peer.uid) {
            return None;
        }
        stream.set_nonblocking(false).ok()?;
        stream.set_read_timeout(Some(SHORT)).ok()?;
        stream.set_write_timeout(Some(SHORT)).ok()?;
        let line = line(&stream)?;
        Some(Request { line, peer, stream })
    }
}

/// A line that was asked, and where its answer goes.
#[derive(Debug)]
pub struct Request {
    /// What was asked.
    pub line: String,
    /// By whom, as the system says.
    pub peer: Peer,
    stream: UnixStream,
}

impl Request {
    /// Answers; who asked may be gone.
    pub fn answer(mut self, line: &str) {
        let _ = writeln!(self.stream, "{line}");
    }
}

/// Asks the supervisor; none when no supervisor listens there.
///
/// # Errors
/// Where one listens and does not answer in time.
pub fn ask(path: &Path, question: &str) -> Result<Option<String>, HostError> {
    let mut stream = match UnixStream::connect(path) {
        Ok(stream) => stream,
        Err(error)
            if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) =>
        {
            return Ok(None);
        }
        Err(error) => return Err(failed("ask", path, error)),
    };
    let mut asked = || -> std::io::Result<Option<String>> {
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        writeln!(stream, "{question}")?;
        Ok(line(&stream))
    };
    match asked().map_err(|source| failed("ask", path, source))? {
        Some(answer) => Ok(Some(answer)),
        None => Err(failed("ask", path, ErrorKind::TimedOut.into())),
    }
}

fn line(stream: &UnixStream) -> Option<String> {
    let mut line = String::new();
    BufReader::new(stream).take(LINE_LIMIT).read_line(&mut line).ok()?;
    (!line.is_empty()).then(|| line.trim_end().to_owned())
}
