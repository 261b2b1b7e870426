//! `exposure/listener-decided`.

use crate::doctor::exposure::reach::Ways;
use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use crate::exposure::Network;
use crate::instance::model::Transport;
use sanctum_host::sockets;
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "exposure/listener-decided",
    severity: Severity::Error,
    on: On::Any,
    title: "every TCP listener that another machine can reach is in the registry",
    why: "What nobody declared nobody watches, and nobody filters on purpose: in one house 5 of 38 listeners \
          were unknown to every probe, and one of them was the way in. Listeners on loopback are passed over; \
          reaching them takes an account here.",
    fix: Fix::Edit(
        "name it under `services` in the instance file with its node, port and bind, or stop the program that \
        the finding names",
    ),
    needs: &[Need::Listeners],
    judge,
    #[cfg(test)]
    good,
    #[cfg(test)]
    bad,
};

fn judge(looked: &Looked) -> Seen {
    let listeners = looked.listeners()?;
    let ways = Ways::of(&looked.ground)?;
    let mut answer = Answer::of(listeners);
    for one in listeners.iter().filter(|one| one.transport == sockets::Transport::Tcp) {
        let reachable = ways.network(one.address) != Some(Network::Loopback);
        if reachable && !ways.exposure.declares(Transport::Tcp, one.port) {
            answer.add(&one.at(), format!("{one}, and no service of this node has that port"));
        }
    }
    Ok(answer)
}

#[cfg(test)]
fn good() -> Looked {
    crate::doctor::fixture::near_and_far()
        .with_listener("tcp 127.0.0.1:4040", "/opt/sanctum/bin/sanctumd")
        .with_listener("tcp [::1]:9999", "/usr/local/bin/editor")
        .with_listener("tcp 0.0.0.0:22", "/usr/sbin/sshd")
}

#[cfg(test)]
fn bad() -> Looked {
    crate::doctor::fixture::near_and_far()
        .with_listener("tcp 0.0.0.0:9999", "/usr/local/bin/editor")
}
