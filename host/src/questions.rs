//! One question and one answer over a Unix socket, between programs of one account.
//!
//! The socket is the server's alone (0600), who connects is known by the system's word, and the client believes a server of
//! its own account or root's only. A question ends where its sender closes its half; both are bounded in bytes and time.
//! Deliberately absent: what is asked.

use crate::clock::{self, Monotonic};
use crate::journal::socket::bound::Bound;
use crate::journal::socket::{Gate, SocketError, peer};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::{Errno, FdFlags, fcntl_setfd, ioctl_fionbio};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketType, connect, socket};
use std::io::{Error, ErrorKind, Read as _, Write as _};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Bytes of a question or an answer: 512 names with their facts take some 100 KiB.
pub const MOST_BYTES: u64 = 1 << 20;
/// Questions at a time: an agent waits for one answer before it asks the next.
const MOST_ASKERS: usize = 32;
/// Who does not finish its question, or does not read its answer, is not waited for longer.
const PATIENCE: Duration = Duration::from_secs(2);
/// When the system gives no connection, the next try is made after this.
const BREATH: Duration = Duration::from_millis(50);

/// A socket where questions are answered.
pub struct Desk {
    bound: Mutex<Option<Bound>>,
    wake: UnixStream,
    woken: UnixStream,
    draining: AtomicBool,
    askers: AtomicUsize,
}

impl std::fmt::Debug for Desk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Desk")
    }
}

impl Desk {
    /// Listens at a path that is this account's.
    ///
    /// # Errors
    /// Somebody else serves it, or what is there cannot be trusted.
    pub fn open(path: &Path) -> Result<Self, SocketError> {
        let bound = Bound::at(path, Gate::default())?;
        let pair = |source| SocketError::Io { verb: "wake", path: String::from("itself"), source };
        let (wake, woken) = UnixStream::pair().map_err(pair)?;
        Ok(Self {
            bound: Mutex::new(Some(bound)),
            wake,
            woken,
            draining: AtomicBool::new(false),
            askers: AtomicUsize::new(0),
        })
    }

    /// Answers until it is drained; returns when everybody who asked has an answer.
    pub fn serve(&self, answer: &(dyn Fn(&[u8]) -> Vec<u8> + Sync)) {
        let bound = self.bound.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(bound) = bound else { return };
        std::thread::scope(|scope| {
            while !self.draining.load(Ordering::SeqCst) && self.wait(&bound) {
                match bound.listener.accept() {
                    Ok((stream, _)) if self.askers.load(Ordering::SeqCst) < MOST_ASKERS => {
                        self.askers.fetch_add(1, Ordering::SeqCst);
                        scope.spawn(move || {
                            // Who went away meanwhile needs no answer.
                            let _ = one(stream, answer);
                            self.askers.fetch_sub(1, Ordering::SeqCst);
                        });
                    }
                    Ok(_) => {}
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                    Err(_) => clock::sleep(BREATH),
                }
            }
            drop(bound);
        });
    }

    /// Takes nothing new from now on.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::SeqCst);
        // What is already written wakes as well.
        let _ = (&self.wake).write(&[1]);
    }

    fn wait(&self, bound: &Bound) -> bool {
        let mut both =
            [PollFd::new(&bound.listener, PollFlags::IN), PollFd::new(&self.woken, PollFlags::IN)];
        match poll(&mut both, None) {
            Ok(_) => !self.draining.load(Ordering::SeqCst),
            Err(Errno::INTR) => true,
            Err(_) => {
                clock::sleep(BREATH);
                true
            }
        }
    }
}

fn one(mut stream: UnixStream, answer: &(dyn Fn(&[u8]) -> Vec<u8> + Sync)) -> std::io::Result<()> {
    // On macOS a connection inherits that its listener does not block (accept(2)).
    stream.set_nonblocking(false)?;
    if !known(peer::of(&stream)?.uid) {
        return Ok(());
    }
    let question = whole(&mut stream, &Deadline::after(PATIENCE))?;
    let answer = answer(&question);
    send(&mut stream, &answer, &Deadline::after(PATIENCE))
}

/// One end for all that is waited for.
struct Deadline {
    begun: Monotonic,
    patience: Duration,
}

impl Deadline {
    fn after(patience: Duration) -> Self {
        Self { begun: Monotonic::now(), patience }
    }

    /// What is left of it, never nothing: a socket takes zero for no limit.
    fn left(&self) -> std::io::Result<Duration> {
        let left = self.patience.checked_sub(self.begun.elapsed());
        Ok(left.filter(|left| !left.is_zero()).ok_or(ErrorKind::TimedOut)?)
    }
}

/// All of it, however slowly the other end reads.
fn send(stream: &mut UnixStream, mut bytes: &[u8], until: &Deadline) -> std::io::Result<()> {
    while !bytes.is_empty() {
        stream.set_write_timeout(Some(until.left()?))?;
        match stream.write(bytes) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(count) => bytes = bytes.get(count..).unwrap_or_default(),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Our own account's programs, and root's.
fn known(uid: u32) -> bool {
    uid == 0 || uid == rustix::process::geteuid().as_raw()
}

/// All until the other end closes its half.
fn whole(stream: &mut UnixStream, until: &Deadline) -> std::io::Result<Vec<u8>> {
    let (mut bytes, mut buffer) = (Vec::new(), vec![0_u8; 16 * 1024]);
    loop {
        stream.set_read_timeout(Some(until.left()?))?;
        match stream.read(&mut buffer) {
            Ok(0) => return Ok(bytes),
            Ok(count) => bytes.extend_from_slice(buffer.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        if u64::try_from(bytes.len()).is_ok_and(|length| length > MOST_BYTES) {
            return Err(Error::other("longer than what is read"));
        }
    }
}

/// Asks whoever answers at a path, and waits so long for all of it together.
///
/// # Errors
/// Nobody answers there in time, or somebody of another account does.
pub fn ask(path: &Path, question: &[u8], patience: Duration) -> std::io::Result<Vec<u8>> {
    let until = Deadline::after(patience);
    let fd = socket(AddressFamily::UNIX, SocketType::STREAM, None)?;
    fcntl_setfd(&fd, FdFlags::CLOEXEC)?;
    // A service that lets its callers wait in line must not hold them up.
    ioctl_fionbio(&fd, true)?;
    connect(&fd, &SocketAddrUnix::new(path)?)?;
    ioctl_fionbio(&fd, false)?;
    let mut stream = UnixStream::from(fd);
    if !known(peer::of(&stream)?.uid) {
        return Err(Error::new(ErrorKind::PermissionDenied, "another account answers there"));
    }
    send(&mut stream, question, &until)?;
    stream.shutdown(Shutdown::Write)?;
    whole(&mut stream, &until)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_has_its_answer_and_a_drained_desk_none() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("run/desk.sock");
        let desk = Desk::open(&path).unwrap();
        assert!(matches!(Desk::open(&path), Err(SocketError::Served { .. })));
        let patience = Duration::from_secs(5);
        std::thread::scope(|scope| {
            scope.spawn(|| desk.serve(&|q| q.iter().rev().copied().collect()));
            assert_eq!(ask(&path, b"abc", patience).unwrap(), b"cba");
            assert_eq!(ask(&path, b"", patience).unwrap(), b"");
            let long = vec![b'x'; usize::try_from(MOST_BYTES).unwrap() + 1];
            assert!(ask(&path, &long, patience).map_or(true, |answer| answer.is_empty()));
            desk.drain();
        });
        assert!(ask(&path, b"abc", patience).is_err());
        assert!(!crate::files::is_there(&path));
    }

    #[test]
    fn nobody_but_its_account_reaches_a_desk() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("run/desk.sock");
        let _desk = Desk::open(&path).unwrap();
        let mode = |path: &Path| {
            rustix::fs::Mode::from_raw_mode(rustix::fs::lstat(path).unwrap().st_mode).as_raw_mode()
        };
        assert_eq!((mode(&path) & 0o777, mode(path.parent().unwrap()) & 0o777), (0o600, 0o700));
    }

    #[test]
    fn who_waits_too_long_has_no_answer() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("run/desk.sock");
        let desk = Desk::open(&path).unwrap();
        let (over, heard) = std::sync::mpsc::channel::<()>();
        let heard = Mutex::new(heard);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                desk.serve(&|_| {
                    // It answers when its asker has given up, and not before.
                    let _ = heard.lock().unwrap().recv();
                    b"late".to_vec()
                });
            });
            assert!(ask(&path, b"abc", Duration::from_millis(50)).is_err());
            over.send(()).unwrap();
            desk.drain();
        });
    }

    #[test]
    fn sending_and_waiting_have_one_end() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("slow.sock");
        let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
        let patience = Duration::from_secs(1);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let (mut stream, _) = listener.accept().unwrap();
                let begun = Monotonic::now();
                // More than a socket holds: the asker goes on sending until somebody reads.
                clock::sleep(patience / 2);
                let _ = whole(&mut stream, &Deadline::after(patience * 20));
                // Later than the asker's end, which began before this one connected.
                clock::sleep(patience.saturating_sub(begun.elapsed()) + patience / 10);
                let _ = stream.write_all(b"late");
            });
            let long = vec![b'x'; 1 << 20];
            assert!(ask(&path, &long, patience).is_err());
        });
    }
}
