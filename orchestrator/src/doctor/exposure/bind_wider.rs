//! `exposure/bind-wider`.

use crate::doctor::exposure::look::on;
use crate::doctor::exposure::reach::{Ways, declared};
use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use crate::instance::model::Bind;
use crate::instance::registry::ports_of;
use sanctum_host::sockets::Listener;
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "exposure/bind-wider",
    severity: Severity::Critical,
    on: On::Any,
    title: "no service listens on a network that its bind policy does not name",
    why: "A filter is one line of defence and a bind is the other. Programs bind to every address by default: \
          in one house anybody on the LAN could post alerts for weeks, and seven services were on all \
          interfaces when somebody first looked.",
    fix: Fix::Edit(
        "bind the program to the address that the finding names, or widen `bind` in the instance file with a \
        reason and sanctum apply",
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
        for one in on(listeners, used.transport, used.port) {
            answer.looked_at += 1;
            if let Some(message) = wider(&ways, used.bind, one) {
                answer.add_with(used.name, message, hint(used.bind, one));
            }
        }
    }
    Ok(answer)
}

/// What is wider than declared. The network at home is the widest there is, so its services may take every address.
fn wider(ways: &Ways, bind: Bind, one: &Listener) -> Option<String> {
    if one.address.is_unspecified() {
        return (bind != Bind::Lan)
            .then(|| format!("{one}: every address, and it is declared `{bind}`"));
    }
    let (transport, port) = (declared(one.transport), one.port);
    match ways.network(one.address) {
        Some(network) if ways.exposure.opens(network, transport, port) => None,
        Some(network) => Some(format!("{one}: on network {network}, and it is declared `{bind}`")),
        None => Some(format!("{one}: on no network of the house, and it is declared `{bind}`")),
    }
}

fn hint(bind: Bind, one: &Listener) -> String {
    let addresses = match bind {
        Bind::Loopback => "127.0.0.1".to_owned(),
        Bind::LoopbackVm => "127.0.0.1 and the gateway address of networks.vm".to_owned(),
        Bind::Tailnet => "127.0.0.1 and this machine's tailnet address".to_owned(),
        Bind::Lan => "127.0.0.1 and this machine's LAN address".to_owned(),
    };
    format!(
        "bind port {} to {addresses}; or widen `bind` in the instance file with a reason and sanctum apply",
        one.port
    )
}

#[cfg(test)]
fn good() -> Looked {
    crate::doctor::fixture::near_and_far()
        .with_listener("tcp 127.0.0.1:4040", "/opt/sanctum/bin/sanctumd")
        .with_listener("tcp 0.0.0.0:8123", "/opt/ha/bin/ha")
}

#[cfg(test)]
fn bad() -> Looked {
    crate::doctor::fixture::near_and_far()
        .with_listener("tcp [::]:4040", "/opt/sanctum/bin/sanctumd")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::exposure::reach::fixture::listener;
    use serde_json::json;

    #[test]
    fn what_is_wider_than_declared() {
        let looked = crate::doctor::fixture::hub(&json!({
            "networks": { "tailnet": { "interface": "utun4", "subnet": "100.64.0.0/10" } },
            "services": {
                "own": { "node": "hub", "ports": [1000] },
                "guests": { "node": "hub", "ports": [2000], "bind": "loopback+vm", "reason": "the guest" },
                "far": { "node": "hub", "ports": [3000], "bind": "tailnet", "reason": "the laptop" },
                "home": { "node": "hub", "ports": [4000], "bind": "lan", "reason": "the family" },
            },
        }));
        let ways = Ways::of(&looked.ground).unwrap();
        for (text, bind, expected) in [
            ("tcp 127.0.0.1:1000", Bind::Loopback, false),
            ("tcp [::1]:1000", Bind::Loopback, false),
            ("tcp 0.0.0.0:1000", Bind::Loopback, true),
            ("tcp [::]:1000", Bind::Loopback, true),
            ("tcp 192.168.1.10:1000", Bind::Loopback, true),
            ("tcp 203.0.113.7:1000", Bind::Loopback, true),
            ("tcp 10.10.10.1:2000", Bind::LoopbackVm, false),
            ("tcp 192.168.1.10:2000", Bind::LoopbackVm, true),
            ("tcp 0.0.0.0:2000", Bind::LoopbackVm, true),
            ("tcp 0.0.0.0:3000", Bind::Tailnet, true),
            ("tcp 10.10.10.1:3000", Bind::Tailnet, true),
            ("tcp 192.168.1.10:4000", Bind::Lan, false),
            ("tcp 0.0.0.0:4000", Bind::Lan, false),
            ("tcp 10.10.10.1:4000", Bind::Lan, true),
        ] {
            let one = listener(text, "/opt/x/bin/x");
            assert_eq!(wider(&ways, bind, &one).is_some(), expected, "{text} {bind}");
        }
    }
}
