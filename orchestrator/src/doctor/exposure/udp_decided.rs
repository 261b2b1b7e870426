//! `exposure/udp-decided`.

use crate::doctor::exposure::look::EPHEMERAL;
use crate::doctor::exposure::reach::Ways;
use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use crate::exposure::Network;
use crate::instance::model::Transport;
use sanctum_host::sockets;
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "exposure/udp-decided",
    severity: Severity::Warn,
    on: On::Any,
    title: "every bound UDP port below the ephemeral range that another machine can reach is in the registry",
    why: "A UDP socket has no handshake and shows up in no TCP sweep; discovery and sync daemons open them by \
          default and answer strangers. Ports from 32768 on are what the kernel lends to clients waiting for \
          an answer (ip(7)), so they are passed over.",
    fix: Fix::Edit(
        "name it under `services` as `{port: NUMBER, transport: udp}`, or stop the program that the finding \
        names",
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
    let udp = |one: &&sockets::Listener| one.transport == sockets::Transport::Udp;
    for one in listeners.iter().filter(udp).filter(|one| one.port < EPHEMERAL) {
        let reachable = ways.network(one.address) != Some(Network::Loopback);
        if reachable && !ways.exposure.declares(Transport::Udp, one.port) {
            answer.add(&one.at(), format!("{one}, and no service of this node has that port"));
        }
    }
    Ok(answer)
}

#[cfg(test)]
fn good() -> Looked {
    use serde_json::json;
    crate::doctor::fixture::hub(&json!({ "services": {
        "dns": { "node": "hub", "ports": [{ "port": 53, "transport": "udp" }], "bind": "lan", "reason": "names" },
    } }))
    .with_listener("udp 0.0.0.0:53", "/opt/dns/bin/dns")
    .with_listener("udp 0.0.0.0:50001", "/usr/libexec/client")
    .with_listener("udp 127.0.0.1:323", "/usr/sbin/clock")
}

#[cfg(test)]
fn bad() -> Looked {
    crate::doctor::fixture::plain_hub().with_listener("udp 0.0.0.0:5353", "/usr/sbin/mdns")
}
