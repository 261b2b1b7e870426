//! The client's end: a sink that answers once the journal's service has recorded the event.
//!
//! Connecting, writing and waiting share one deadline; when it passes, the event counts as not recorded. One connection
//! is kept and made again when the service was away. Deliberately absent: a queue of what could not be sent, because
//! what is not recorded must not happen.

use super::peer::new_socket;
use super::talk::SILENCE;
use super::wire::{Answer, BadLength, Decoder, Health, Refusal, Request};
use crate::clock::Monotonic;
use crate::journal::Head;
use nix::sys::socket::{UnixAddr, connect, setsockopt, sockopt::SendTimeout};
use nix::sys::time::{TimeVal, TimeValLike as _};
use sanctum_types::{AuditEvent, AuditSink, NotRecorded};
use std::io::{Error, ErrorKind, Read as _, Write as _};
use std::os::fd::AsRawFd as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// A connection that was silent for half of what the service bears is not used again.
const STALE: Duration = Duration::from_secs(SILENCE.as_secs() / 2);

/// Why the journal's service did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// It cannot be reached, or did not answer in time.
    #[error("cannot {verb} the journal at {path}")]
    Unreached {
        /// What was tried, as an infinitive.
        verb: &'static str,
        /// The socket.
        path: String,
        /// The system's answer.
        #[source]
        source: Error,
    },
    /// It refused.
    #[error("the journal refused: {0}")]
    Refused(Refusal),
    /// The request does not fit into a frame.
    #[error("the request does not fit into a frame")]
    TooLong(#[from] BadLength),
    /// What came back is no answer to what was asked.
    #[error("what answers at {path} is not the journal")]
    Strange {
        /// The socket.
        path: String,
    },
}

/// A sink at the journal's socket.
#[derive(Debug)]
pub struct JournalClient {
    path: PathBuf,
    patience: Duration,
    kept: Mutex<Option<(UnixStream, Monotonic)>>,
}

impl JournalClient {
    /// One that gives each record that much time; it connects when there is something to record.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>, patience: Duration) -> Self {
        Self { path: path.into(), patience, kept: Mutex::new(None) }
    }

    /// Records an event; gives its number in the service's stream.
    pub fn append(&self, event: &AuditEvent) -> Result<u64, ClientError> {
        self.ask(&Request::append(event)?)
    }

    /// Has it recorded how far another stream has come: root's word counts, and the account's own that serves.
    pub fn vouch(&self, head: &Head) -> Result<u64, ClientError> {
        self.ask(&Request::vouch(head)?)
    }

    fn ask(&self, frame: &[u8]) -> Result<u64, ClientError> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let line = Line { path: &self.path, begun: Monotonic::now(), patience: self.patience };
        let usable = kept.take().filter(|(_, since)| since.elapsed() < STALE);
        let stream = match usable.map(|(stream, _)| stream) {
            // A frame that could not be written whole was not recorded, so that it can be sent again.
            Some(stream) if line.send(&stream, frame).is_ok() => stream,
            _ => line.dial(frame)?,
        };
        match line.answer(&stream)? {
            Answer::Recorded { seq, .. } => {
                *kept = Some((stream, Monotonic::now()));
                Ok(seq)
            }
            Answer::Refused { error } => Err(ClientError::Refused(error)),
            Answer::Health { .. } => Err(line.strange()),
        }
    }
}

impl AuditSink for JournalClient {
    fn record(&self, event: &AuditEvent) -> Result<(), NotRecorded> {
        self.append(event).map(|_| ()).map_err(|source| NotRecorded {
            action: event.action.clone(),
            source: Box::new(source),
        })
    }
}

/// Asks the service at a socket how it is.
pub fn health(path: &Path, patience: Duration) -> Result<Health, ClientError> {
    let line = Line { path, begun: Monotonic::now(), patience };
    let stream = line.dial(&Request::health()?)?;
    match line.answer(&stream)? {
        Answer::Health { health } => Ok(health),
        Answer::Refused { error } => Err(ClientError::Refused(error)),
        Answer::Recorded { .. } => Err(line.strange()),
    }
}

/// One exchange and its deadline.
struct Line<'a> {
    path: &'a Path,
    begun: Monotonic,
    patience: Duration,
}

impl Line<'_> {
    fn left(&self) -> std::io::Result<Duration> {
        let left = self.patience.saturating_sub(self.begun.elapsed());
        if left.is_zero() { Err(ErrorKind::TimedOut.into()) } else { Ok(left) }
    }

    fn unreached(&self, verb: &'static str, source: Error) -> ClientError {
        ClientError::Unreached { verb, path: self.path.display().to_string(), source }
    }

    fn strange(&self) -> ClientError {
        ClientError::Strange { path: self.path.display().to_string() }
    }

    /// Connects and sends.
    fn dial(&self, frame: &[u8]) -> Result<UnixStream, ClientError> {
        let stream = self.connected().map_err(|source| self.unreached("connect to", source))?;
        // A service that refuses answers before it is asked and closes.
        match self.send(&stream, frame) {
            Ok(()) => Ok(stream),
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(stream),
            Err(error) => Err(self.unreached("ask", error)),
        }
    }

    /// The time to send bounds connecting as well: with a full queue that would wait (unix(7)).
    fn connected(&self) -> std::io::Result<UnixStream> {
        let socket = new_socket()?;
        let left = self.left()?;
        // Zero would be no bound at all (socket(7)).
        let bound =
            TimeVal::microseconds(i64::try_from(left.as_micros()).unwrap_or(i64::MAX).max(1));
        setsockopt(&socket, SendTimeout, &bound)?;
        connect(socket.as_raw_fd(), &UnixAddr::new(self.path)?)?;
        Ok(UnixStream::from(socket))
    }

    fn send(&self, mut stream: &UnixStream, frame: &[u8]) -> std::io::Result<()> {
        stream.set_write_timeout(Some(self.left()?))?;
        stream.write_all(frame)
    }

    fn answer(&self, stream: &UnixStream) -> Result<Answer, ClientError> {
        let frame = self.frame(stream).map_err(|source| self.unreached("hear", source))?;
        Answer::read(&frame).ok_or_else(|| self.strange())
    }

    fn frame(&self, mut stream: &UnixStream) -> std::io::Result<Vec<u8>> {
        let mut decoder = Decoder::default();
        let mut portion = [0; 1024];
        loop {
            if let Some(frame) = decoder.next_frame().map_err(Error::other)? {
                return Ok(frame);
            }
            stream.set_read_timeout(Some(self.left()?))?;
            match stream.read(&mut portion) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(read) => decoder.push(portion.get(..read).unwrap_or_default()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}
