//! Asks a virtual machine to power off through QEMU's control socket (QMP), and waits until it has.
//!
//! The guest gets the power button's event, as a person would press it; only when it does not listen in time is it
//! ended. Bounded in time and in what is read.

use crate::HostError;
use crate::clock::Monotonic;
use std::io::{BufRead as _, BufReader, ErrorKind, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// How a guest went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Off {
    /// No machine runs at the socket.
    NotRunning,
    /// It powered off.
    Asked,
    /// It did not listen, and was ended.
    Forced,
}

/// Between two reads, so that a silent machine does not hold us past the limit.
const READ: Duration = Duration::from_millis(200);
/// How long QEMU may take to go after `quit`.
const QUIT: Duration = Duration::from_secs(10);
/// QMP sends one JSON object a line; its longest events are far shorter.
const LINE_LIMIT: u64 = 64 * 1024;

/// Powers the machine off.
///
/// # Errors
/// Where something listens at the socket that does not speak QMP.
pub fn power_off(socket: &Path, limit: Duration) -> Result<Off, HostError> {
    let failed = |source| HostError::Io {
        verb: "power off the machine at",
        path: socket.display().to_string(),
        source,
    };
    let stream = match UnixStream::connect(socket) {
        Ok(stream) => stream,
        Err(error)
            if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) =>
        {
            return Ok(Off::NotRunning);
        }
        Err(error) => return Err(failed(error)),
    };
    stream.set_read_timeout(Some(READ)).map_err(failed)?;
    stream.set_write_timeout(Some(limit.max(READ))).map_err(failed)?;
    let mut lines = BufReader::new(stream);
    // QEMU greets first; `qmp_capabilities` ends the negotiation (QEMU's qmp-spec).
    let greeting = await_line(&mut lines, limit, |line| line.contains("\"QMP\""));
    if !matches!(greeting, Line::Found) {
        return Err(failed(std::io::Error::other("it does not greet as QMP does")));
    }
    for command in ["qmp_capabilities", "system_powerdown"] {
        say(&mut lines, command).map_err(failed)?;
    }
    if matches!(await_line(&mut lines, limit, |_| false), Line::Closed) {
        return Ok(Off::Asked);
    }
    // A machine that is just going closes the socket before it hears this.
    let _ = say(&mut lines, "quit");
    match await_line(&mut lines, QUIT, |_| false) {
        Line::Closed => Ok(Off::Forced),
        Line::Found | Line::Late => Err(failed(ErrorKind::TimedOut.into())),
    }
}

fn say(stream: &mut BufReader<UnixStream>, command: &str) -> std::io::Result<()> {
    writeln!(stream.get_mut(), "{{\"execute\":\"{command}\"}}")
}

enum Line {
    Found,
    Closed,
    Late,
}

fn await_line(
    lines: &mut BufReader<UnixStream>,
    limit: Duration,
    is: impl Fn(&str) -> bool,
) -> Line {
    let start = Monotonic::now();
    let mut text = Vec::new();
    while start.elapsed() < limit {
        match lines.by_ref().take(LINE_LIMIT).read_until(b'\n', &mut text) {
            Ok(0) => return Line::Closed,
            Ok(_) if is(&String::from_utf8_lossy(&text)) => return Line::Found,
            Ok(_) => text.clear(),
            // Half a line is kept for the next read.
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return Line::Closed,
        }
    }
    Line::Late
}
