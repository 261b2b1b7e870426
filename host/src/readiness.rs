//! Tells the service manager that started us how far we are (sd_notify(3)): one datagram, one word.
//!
//! Deliberately absent: reading the environment, which says where to.

#[cfg_attr(target_os = "linux", path = "readiness/linux.rs")]
#[cfg_attr(target_os = "macos", path = "readiness/macos.rs")]
mod address;

use std::os::unix::net::UnixDatagram;

/// What is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// It serves.
    Ready,
    /// It takes nothing new.
    Stopping,
}

/// Tells it to the socket of that name: an absolute path, or `@` and a name that is on no disk.
pub fn tell(socket: &str, stage: Stage) -> std::io::Result<()> {
    let word: &[u8] = match stage {
        Stage::Ready => b"READY=1",
        Stage::Stopping => b"STOPPING=1",
    };
    let end = UnixDatagram::unbound()?;
    // Nobody waits for a manager that does not read.
    end.set_nonblocking(true)?;
    end.send_to_addr(word, &address::of(socket)?).map(|_| ())
}
