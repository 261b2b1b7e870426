//! One question to a service on this machine that speaks HTTP at a Unix socket, such as a container engine.
//!
//! HTTP/1.0, so that the answer ends with the connection; a chunked body is joined all the same, because some engines
//! answer 1.1. Bounded in bytes and time. Deliberately absent: any other address than a socket file, and writing.

use crate::clock::Monotonic;
use rustix::io::{FdFlags, fcntl_setfd, ioctl_fionbio};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketType, connect, socket};
use std::io::{Error, ErrorKind, Read as _, Result, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// The body of the answer to a GET, when it is 200.
///
/// # Errors
/// Nobody answers in time, the answer is too long, or it is not 200.
pub fn get(socket: &Path, target: &str, limit: usize, patience: Duration) -> Result<Vec<u8>> {
    let begun = Monotonic::now();
    let mut stream = open(socket)?;
    stream.set_write_timeout(Some(patience))?;
    let odd = |byte: u8| !byte.is_ascii_graphic();
    if target.bytes().any(odd) {
        return Err(Error::new(ErrorKind::InvalidInput, "no target of HTTP"));
    }
    stream.write_all(format!("GET {target} HTTP/1.0\r\nHost: localhost\r\n\r\n").as_bytes())?;
    let (mut answer, mut buffer) = (Vec::new(), vec![0_u8; 64 * 1024]);
    loop {
        let left = patience.checked_sub(begun.elapsed()).filter(|left| !left.is_zero());
        stream.set_read_timeout(Some(left.ok_or(ErrorKind::TimedOut)?))?;
        match stream.read(&mut buffer) {
            Ok(0) => return body(&answer),
            Ok(count) => answer.extend_from_slice(buffer.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        if answer.len() > limit {
            return Err(Error::other(format!("the answer is longer than {limit} bytes")));
        }
    }
}

/// A connection, or an error at once where nobody takes it: a service that lets its callers wait must not hold them up.
fn open(path: &Path) -> Result<UnixStream> {
    let fd = socket(AddressFamily::UNIX, SocketType::STREAM, None)?;
    fcntl_setfd(&fd, FdFlags::CLOEXEC)?;
    ioctl_fionbio(&fd, true)?;
    connect(&fd, &SocketAddrUnix::new(path)?)?;
    ioctl_fionbio(&fd, false)?;
    Ok(UnixStream::from(fd))
}

/// The body of a whole answer.
///
/// # Errors
/// It is no answer of HTTP, not 200, or its chunks do not add up.
pub fn body(answer: &[u8]) -> Result<Vec<u8>> {
    let strange = || Error::new(ErrorKind::InvalidData, "the answer is not HTTP");
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").ok_or_else(strange)?;
    let (head, rest) = (answer.get(..end), answer.get(end + 4..).unwrap_or_default());
    let head = String::from_utf8_lossy(head.unwrap_or_default());
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.strip_prefix("HTTP/1."));
    let code = status.and_then(|line| line.split(' ').nth(1)).ok_or_else(strange)?;
    if code != "200" {
        return Err(Error::other(format!("the answer is {code}")));
    }
    let chunked = |line: &str| {
        let (name, value) = line.split_once(':').unwrap_or_default();
        name.eq_ignore_ascii_case("transfer-encoding")
            && value.trim().eq_ignore_ascii_case("chunked")
    };
    if lines.any(chunked) { join(rest).ok_or_else(strange) } else { Ok(rest.to_vec()) }
}

fn join(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut joined = Vec::new();
    loop {
        let end = rest.windows(2).position(|two| two == b"\r\n")?;
        let line = std::str::from_utf8(rest.get(..end)?).ok()?;
        let length = usize::from_str_radix(line.split(';').next()?.trim(), 16).ok()?;
        rest = rest.get(end + 2..)?;
        if length == 0 {
            return Some(joined);
        }
        joined.extend_from_slice(rest.get(..length)?);
        rest = rest.get(length..)?.strip_prefix(b"\r\n")?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_read_plain_and_in_chunks() {
        let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        for (answer, expected) in [
            ("HTTP/1.0 200 OK\r\nA: b\r\n\r\n[]".to_owned(), Some("[]")),
            ("HTTP/1.0 404 Not Found\r\n\r\n[]".to_owned(), None),
            ("SSH-2.0-x\r\n\r\n".to_owned(), None),
            (format!("{chunked}3\r\nabc\r\n1;x=y\r\nd\r\n0\r\n\r\n"), Some("abcd")),
            (format!("{chunked}4\r\nabc"), None),
            (format!("{chunked}ffffffffffffffff\r\nabc"), None),
        ] {
            let said = body(answer.as_bytes()).ok();
            assert_eq!(said.as_deref(), expected.map(str::as_bytes), "{answer}");
        }
    }

    #[test]
    fn who_takes_no_connection_holds_nobody_up() {
        use rustix::net::{bind, listen};
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("socket");
        let listener = socket(AddressFamily::UNIX, SocketType::STREAM, None).unwrap();
        bind(&listener, &SocketAddrUnix::new(&path).unwrap()).unwrap();
        listen(&listener, 0).unwrap();
        let begun = Monotonic::now();
        // One waits to be taken, and the next would wait for room to wait in.
        let waiting: Vec<Result<UnixStream>> = (0..4).map(|_| open(&path)).collect();
        assert!(waiting.iter().any(Result::is_err));
        assert!(get(&path, "/x", 24, Duration::from_millis(100)).is_err());
        assert!(begun.elapsed() < Duration::from_secs(5));
    }

    #[test]
    fn a_socket_answers_within_the_bounds() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("socket");
        let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
        let answers = std::thread::spawn(move || {
            for answer in ["HTTP/1.0 200 OK\r\n\r\nhello", "HTTP/1.0 200 OK\r\n\r\nfar too long"] {
                let (mut stream, _) = listener.accept().unwrap();
                // The whole request, or closing would reset the connection.
                let mut asked = [0; 36];
                stream.read_exact(&mut asked).unwrap();
                stream.write_all(answer.as_bytes()).unwrap();
            }
            let (stream, _) = listener.accept().unwrap();
            std::thread::sleep(Duration::from_millis(300));
            drop(stream);
        });
        let ask = |limit| get(&path, "/x", limit, Duration::from_millis(100));
        assert_eq!(ask(24).unwrap(), b"hello");
        assert!(ask(24).is_err());
        assert!(ask(24).is_err(), "silence is an error");
        answers.join().unwrap();
    }
}
