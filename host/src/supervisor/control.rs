//! The socket of a running supervisor: one line asked, one line answered.
//!
//! It lies in a directory that only its owner enters, which is its whole protection: whoever gets there could as well
//! end the supervisor. Bounded in time and length. Deliberately absent: what is asked.

use crate::HostError;
use std::io::{BufRead as _, BufReader, ErrorKind, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
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
pub struct Control {
    listener: UnixListener,
    path: PathBuf,
}

impl Control {
    /// Listens at a path.
    ///
    /// # Errors
    /// [`HostError::Locked`] when another supervisor answers there; a socket that nobody answers is replaced.
    pub fn open(path: &Path) -> Result<Self, HostError> {
        if UnixStream::connect(path).is_ok() {
            let holder = "a supervisor that runs".to_owned();
            return Err(HostError::Locked { path: path.display().to_string(), holder });
        }
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(failed("replace", path, error));
            }
            _ => {}
        }
        let open = || -> std::io::Result<UnixListener> {
            let listener = UnixListener::bind(path)?;
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
            listener.set_nonblocking(true)?;
            Ok(listener)
        };
        let listener = open().map_err(|source| failed("listen at", path, source))?;
        Ok(Self { listener, path: path.to_owned() })
    }

    /// The next request, when there is one; what cannot be read is dropped.
    #[must_use]
    pub fn next(&self) -> Option<Request> {
        let (stream, _) = self.listener.accept().ok()?;
        stream.set_nonblocking(false).ok()?;
        stream.set_read_timeout(Some(SHORT)).ok()?;
        stream.set_write_timeout(Some(SHORT)).ok()?;
        let line = line(&stream)?;
        Some(Request { line, stream })
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        // What is left is replaced by the next supervisor.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// A line that was asked, and where its answer goes.
#[derive(Debug)]
pub struct Request {
    /// What was asked.
    pub line: String,
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
