//! What is told to read a value anew: a service that is started again, or an address that is posted to.
//!
//! It counts when the service answers its probe afterwards, or the address with 2xx. Deliberately absent: which value
//! it reads, which is in its place before anybody is told.

use crate::instance::model::{Os, Service};
use crate::probe;
use crate::supervise::Seen;
use sanctum_host::clock::{self, Monotonic};
use sanctum_host::command::{self, Options, Program};
use sanctum_rotation::http::{Client, Request, judge};
use sanctum_rotation::{Failure, Reason};
use sanctum_types::{Secret, ServiceName};
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::time::Duration;

/// A service manager that takes longer is stuck.
const KICK: Duration = Duration::from_secs(60);
/// As long as supervision gives a service to turn its probe green (`supervision.settle`).
const SETTLE: Duration = Duration::from_secs(30);
/// Between two looks at a service that starts.
const NAP: Duration = Duration::from_millis(500);

/// Somebody who is told.
pub enum Reloading {
    /// A service of this machine.
    Service {
        /// Its name.
        name: ServiceName,
        /// What the registry says of it.
        service: Box<Service>,
        /// Of which system the machine is.
        os: Os,
    },
    /// An address.
    Http {
        /// The address.
        client: Client,
        /// A bearer token.
        token: Option<Secret<String>>,
    },
}

impl Reloading {
    /// What it does, for a dry run.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Service { name, os, .. } => {
                let (program, words) = manager(name, *os);
                format!("{program} {}, until it answers", words.join(" "))
            }
            Self::Http { client, .. } => format!("POST {}", client.base()),
        }
    }

    /// Tells it, and waits until it works.
    ///
    /// # Errors
    /// It was not told, or does not work.
    pub fn kick(&self) -> Result<(), Failure> {
        match self {
            Self::Service { name, os, .. } => {
                restart(name, *os)?;
                self.look(SETTLE)
            }
            Self::Http { client, token } => {
                let request = Request::new("POST", "");
                let request = match token {
                    Some(token) => request.bearer(token),
                    None => request,
                };
                judge(false, client.send(&request))
                    .map(drop)
                    .map_err(|_| Failure::Later { reason: Reason::NotWorking, after: None })
            }
        }
    }

    /// Whether it could be told, without telling it: it works now, and its address is listened at.
    ///
    /// # Errors
    /// It could not.
    pub fn ready(&self) -> Result<(), Failure> {
        let Self::Http { client, .. } = self else { return self.look(Duration::ZERO) };
        let failed = Failure::Later { reason: Reason::NotWorking, after: None };
        let uri: ureq::http::Uri = client.base().parse().map_err(|_| failed)?;
        let usual = if uri.scheme_str() == Some("https") { 443 } else { 80 };
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
        let all = (host, uri.port_u16().unwrap_or(usual)).to_socket_addrs().map_err(|_| failed)?;
        let all: Vec<SocketAddr> = all.collect();
        if probe::accepts(&all, Duration::from_secs(5)) { Ok(()) } else { Err(failed) }
    }

    /// Whether it works, without being told anything; an address is not asked.
    ///
    /// # Errors
    /// It does not.
    pub fn works(&self) -> Result<(), Failure> {
        self.look(Duration::ZERO)
    }

    fn look(&self, patience: Duration) -> Result<(), Failure> {
        let Self::Service { service, .. } = self else { return Ok(()) };
        let began = Monotonic::now();
        loop {
            match probe::look(service, None, Duration::from_secs(5)).seen {
                // A service without port and probe cannot be asked.
                Seen::Green | Seen::Unknown => return Ok(()),
                Seen::Red | Seen::Foreign(_) if began.elapsed() < patience => clock::sleep(NAP),
                Seen::Red | Seen::Foreign(_) => {
                    return Err(Failure::Later { reason: Reason::NotWorking, after: None });
                }
            }
        }
    }
}

/// What the service manager is told. A reload is not enough: a service gets its values when it is started. On Linux one
/// that does not run stays so, and reads the new value when somebody starts it (systemctl(1), `try-restart`); launchd has
/// no such word, and `-k` ends the one that runs before it starts the job (launchctl(1), `kickstart`).
fn manager(name: &ServiceName, os: Os) -> (&'static str, [String; 3]) {
    match os {
        Os::Macos => (
            "launchctl",
            ["kickstart", "-k", &format!("system/com.sanctum.{name}")].map(str::to_owned),
        ),
        Os::Linux => (
            "systemctl",
            ["try-restart", "--", &format!("sanctum-{name}.service")].map(str::to_owned),
        ),
    }
}

fn restart(name: &ServiceName, os: Os) -> Result<(), Failure> {
    let failed = Failure::Later { reason: Reason::NotWorking, after: None };
    let (program, words) = manager(name, os);
    let program = Program::find(&[program]).ok_or(Failure::Never(Reason::NotWorking))?;
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let options = Options { timeout: KICK, ..Options::default() };
    let output = command::run(&program, &words, options).map_err(|_| failed)?;
    output.success().map(drop).map_err(|_| failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_manager_is_asked_in_its_own_words() {
        let name = ServiceName::new("shelf").unwrap();
        for (os, words) in [
            (Os::Macos, "launchctl kickstart -k system/com.sanctum.shelf"),
            (Os::Linux, "systemctl try-restart -- sanctum-shelf.service"),
        ] {
            let (program, asked) = manager(&name, os);
            assert_eq!(format!("{program} {}", asked.join(" ")), words);
        }
    }
}
