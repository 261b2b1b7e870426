//! Looks at a service from outside: a port that accepts, a status, the content, the work itself.
//!
//! Each look is blocking, bounded in time and in bytes, and goes to the loopback address only. Invariant: a look
//! that could not be made is `Unknown`, never red. What is told of a body are kinds and lengths, never its text.
//! Deliberately absent: deciding anything, and looking twice, which are the planner's.

mod body;
mod http;
mod tcp;

use crate::instance::model::{Probe, Service, Transport};
use crate::supervise::{Rung, Seen};
use sanctum_host::HostError;
use sanctum_host::command::{self, Program};
use sanctum_types::AbsPath;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

/// What a look came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// With what it was looked.
    pub rung: Rung,
    /// Green, red or unknown.
    pub seen: Seen,
    /// The same in words.
    pub saw: String,
}

/// The ladder's rung of a service: what it declares, else its first TCP port, else that its process lives.
#[must_use]
pub fn rung(service: &Service) -> Rung {
    match &service.probe {
        Some(Probe::Tcp) => Rung::Tcp,
        Some(Probe::Http { .. }) => Rung::Http,
        Some(Probe::Contract(_)) => Rung::Contract,
        Some(Probe::EndToEnd(_)) => Rung::EndToEnd,
        None if tcp_port(service).is_some() => Rung::Tcp,
        None => Rung::Alive,
    }
}

/// The first TCP port of a service.
#[must_use]
pub fn tcp_port(service: &Service) -> Option<u16> {
    let mut ports = service.ports.iter().map(|port| port.get());
    ports.find(|(_, transport)| *transport == Transport::Tcp).map(|(port, _)| port)
}

/// Looks at a service of this machine. `alive` is what is known of its process, where it is ours.
#[must_use]
pub fn look(service: &Service, alive: Option<bool>, limit: Duration) -> Answer {
    let rung = rung(service);
    let (seen, saw) = match (&service.probe, tcp_port(service)) {
        (Some(Probe::EndToEnd(one)), _) => {
            let limit = one.timeout.map_or(limit, |s| Duration::from_secs(u64::from(s.get())));
            end_to_end(&one.command, &one.expect, limit)
        }
        (Some(Probe::Http { path, status, contains }), Some(port)) => {
            let texts: Vec<&str> = contains.as_deref().into_iter().collect();
            http::ask(&addresses(port), path, limit)
                .map_or_else(|failed| failed, |got| body::http(&got, *status, &texts))
        }
        (Some(Probe::Contract(one)), Some(port)) => http::ask(&addresses(port), &one.path, limit)
            .map_or_else(|failed| failed, |got| body::contract(&got, one)),
        (Some(Probe::Tcp) | None, Some(port)) => tcp::knock(&addresses(port), limit),
        (None, None) => match alive {
            Some(true) => (Seen::Green, "its process lives; nothing else was asked".to_owned()),
            Some(false) => (Seen::Red, "its process is gone".to_owned()),
            None => (Seen::Unknown, "it has no port and no probe".to_owned()),
        },
        (Some(_), None) => (Seen::Unknown, "it has no TCP port to ask".to_owned()),
    };
    Answer { rung, seen, saw }
}

/// Whether one of the addresses accepts a connection.
#[must_use]
pub fn accepts(addresses: &[SocketAddr], limit: Duration) -> bool {
    tcp::knock(addresses, limit).0 == Seen::Green
}

/// Where a service of this machine answers: every way to bind includes the loopback address of one family.
fn addresses(port: u16) -> [SocketAddr; 2] {
    [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)]
        .map(|address| SocketAddr::new(address, port))
}

/// Runs a command as it is, without a shell; what it says is compared and never told.
fn end_to_end(words: &[String], expect: &str, limit: Duration) -> (Seen, String) {
    let Some((first, rest)) = words.split_first() else {
        return (Seen::Unknown, "the probe has no command".to_owned());
    };
    let Ok(path) = AbsPath::new(first.as_str()) else {
        return (Seen::Unknown, "the probe's program is not an absolute path".to_owned());
    };
    let args: Vec<&str> = rest.iter().map(String::as_str).collect();
    let options = command::Options { timeout: limit, ..command::Options::default() };
    match command::run(&Program::new(path), &args, options) {
        Ok(output) if !output.status.success() => {
            (Seen::Red, format!("the probe's command ended with {}", ended(&output)))
        }
        Ok(output) if output.text().contains(expect) => {
            (Seen::Green, "the probe's command said what it should".to_owned())
        }
        Ok(output) if output.stdout.is_empty() => {
            (Seen::Red, "the probe's command said nothing".to_owned())
        }
        Ok(output) => {
            let length = output.stdout.len();
            (Seen::Red, format!("the probe's command said {length} bytes, and not what it should"))
        }
        Err(HostError::Timeout { seconds, .. }) => {
            (Seen::Red, format!("the probe's command did not end within {seconds} s"))
        }
        Err(error) => (Seen::Unknown, format!("the probe's command did not run: {error}")),
    }
}

fn ended(output: &command::Output) -> String {
    output.status.code().map_or_else(|| "a signal".to_owned(), |code| format!("exit status {code}"))
}

#[cfg(test)]
mod tests;
