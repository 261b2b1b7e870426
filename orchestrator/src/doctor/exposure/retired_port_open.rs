//! `exposure/retired-port-open`.

use crate::doctor::exposure::look::on;
use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use crate::instance::registry::ports_of;
use sanctum_types::Severity;
use std::collections::BTreeSet;

pub(super) static LINT: Lint = Lint {
    id: "exposure/retired-port-open",
    severity: Severity::Error,
    on: On::Any,
    title: "nothing listens on a port whose service is switched off",
    why: "A service that was switched off and runs on is a service that nobody updates or watches: one retired \
          machine came back by itself for 19 days because what started it had not been retired with it.",
    fix: Fix::Edit(
        "end the program that the finding names and retire what starts it, or set `enabled: true` in the \
        instance file",
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
    let ground = &looked.ground;
    let mut answer = Answer::of(listeners);
    let taken: BTreeSet<_> =
        ports_of(&ground.instance, &ground.node).map(|used| (used.transport, used.port)).collect();
    let off = ground
        .instance
        .services
        .iter()
        .filter(|(_, service)| !service.enabled && service.node == ground.node);
    for (name, service) in off {
        for port in service
            .ports
            .iter()
            .map(|spec| spec.get())
            .filter(|(port, transport)| !taken.contains(&(*transport, *port)))
        {
            for one in on(listeners, port.1, port.0) {
                answer.add(name, format!("switched off, and {one} listens"));
            }
        }
    }
    Ok(answer)
}

#[cfg(test)]
fn good() -> Looked {
    use serde_json::json;
    crate::doctor::fixture::hub(&json!({ "services": {
        "old": { "node": "hub", "ports": [8900, 4040], "enabled": false },
        "proxy": { "node": "hub", "ports": [4040] },
    } }))
    .with_listener("tcp 127.0.0.1:4040", "/opt/sanctum/bin/sanctumd")
}

#[cfg(test)]
fn bad() -> Looked {
    use serde_json::json;
    crate::doctor::fixture::hub(&json!({ "services": {
        "old": { "node": "hub", "ports": [8900], "enabled": false },
    } }))
    .with_listener("tcp 127.0.0.1:8900", "/opt/old/bin/old")
}
