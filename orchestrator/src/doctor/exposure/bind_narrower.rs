//! `exposure/bind-narrower`.

use crate::doctor::exposure::look::on;
use crate::doctor::exposure::reach::Ways;
use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use crate::exposure::Network;
use crate::instance::model::Bind;
use crate::instance::registry::ports_of;
use sanctum_host::sockets;
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "exposure/bind-narrower",
    severity: Severity::Warn,
    on: On::Any,
    title: "a service that is declared for a network listens on it",
    why: "A service that quietly fell back to loopback after a restart is down for everybody whom it was \
          opened for, and every probe on its own machine stays green.",
    fix: Fix::Edit(
        "bind the program to the address of the network that the finding names, or narrow `bind` in the \
        instance file and sanctum apply",
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
    let mut answer = Answer::default().beside(listeners);
    for used in ports_of(&looked.ground.instance, &looked.ground.node) {
        let here: Vec<_> = on(listeners, used.transport, used.port).collect();
        let Some(network) = network(used.bind) else { continue };
        if here.is_empty() {
            continue;
        }
        answer.looked_at += 1;
        let there = |one: &&sockets::Listener| {
            one.address.is_unspecified() || ways.network(one.address) == Some(network)
        };
        if !here.iter().any(there) {
            let at: Vec<String> = here.iter().map(|one| one.at().to_string()).collect();
            let message = format!("declared `{}`, listens on {} only", used.bind, at.join(", "));
            answer.add(used.name, message);
        }
    }
    Ok(answer)
}

const fn network(bind: Bind) -> Option<Network> {
    match bind {
        Bind::Loopback => None,
        Bind::LoopbackVm => Some(Network::Vm),
        Bind::Tailnet => Some(Network::Tailnet),
        Bind::Lan => Some(Network::Lan),
    }
}

#[cfg(test)]
fn good() -> Looked {
    crate::doctor::fixture::near_and_far()
        .with_listener("tcp 192.168.1.10:8123", "/opt/ha/bin/ha")
        .with_listener("tcp 127.0.0.1:8123", "/opt/ha/bin/ha")
}

#[cfg(test)]
fn bad() -> Looked {
    crate::doctor::fixture::near_and_far().with_listener("tcp 127.0.0.1:8123", "/opt/ha/bin/ha")
}
