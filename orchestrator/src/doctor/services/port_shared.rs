//! `services/port-shared`.

use crate::doctor::exposure::look::EPHEMERAL;
use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use sanctum_host::sockets::Transport;
use sanctum_types::Severity;
use std::collections::{BTreeMap, BTreeSet};

pub(super) static LINT: Lint = Lint {
    id: "services/port-shared",
    severity: Severity::Error,
    on: On::Any,
    title: "one port is held by one program",
    why: "Two programs can hold one port when one takes every address and the other only some, or both ask to \
          share it: who answers then depends on where a caller comes from, or on chance, and each probe sees \
          only one of them.",
    fix: Fix::Edit("end the program that does not belong there, and retire what starts it"),
    needs: &[Need::Listeners],
    judge,
    #[cfg(test)]
    good,
    #[cfg(test)]
    bad,
};

fn judge(looked: &Looked) -> Seen {
    let listeners = looked.listeners()?;
    let mut ports: BTreeMap<(Transport, u16), BTreeSet<String>> = BTreeMap::new();
    for one in listeners.iter().filter(|one| one.port < EPHEMERAL) {
        let programs = ports.entry((one.transport, one.port)).or_default();
        programs.extend(one.programs().map(str::to_owned));
    }
    let mut answer = Answer::over(ports.len()).beside(listeners);
    for ((transport, port), programs) in ports.iter().filter(|(_, programs)| programs.len() > 1) {
        let programs = programs.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        answer.add(&format!("{transport} {port}"), format!("held by {programs}"));
    }
    Ok(answer)
}

#[cfg(test)]
fn good() -> Looked {
    crate::doctor::fixture::ha("hub")
        .with_listener("tcp 127.0.0.1:8123", "/opt/ha/bin/ha")
        .with_listener("tcp [::1]:8123", "/opt/ha/bin/ha")
}

#[cfg(test)]
fn bad() -> Looked {
    crate::doctor::fixture::ha("hub")
        .with_listener("tcp 127.0.0.1:8123", "/opt/ha/bin/ha")
        .with_listener("tcp 0.0.0.0:8123", "/opt/lima/bin/forwarder")
}
