//! `exposure/negative-probe`.

use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "exposure/negative-probe",
    severity: Severity::Critical,
    on: On::Any,
    title: "a call to a port on an address that it is closed to is not taken",
    why: "A table of sockets says what programs asked for; a call says what a caller gets, forwarders and \
          containers included. This machine calls its own addresses, so what a filter in front of it stops is \
          not part of the answer.",
    fix: Fix::Edit(
        "find who listens with `sanctum doctor --only exposure/bind-wider`, and bind it to the address that \
        its service declares",
    ),
    needs: &[Need::Probes],
    judge,
    #[cfg(test)]
    good,
    #[cfg(test)]
    bad,
};

fn judge(looked: &Looked) -> Seen {
    let probes = looked.probes()?;
    let mut answer = Answer::of(probes);
    for probe in probes.iter().filter(|probe| probe.answered) {
        let whose = match probe.network {
            Some(network) => format!("an address of network {network}"),
            None => "an address of no network of the house".to_owned(),
        };
        answer.add(&probe.service, format!("{} answers, {whose}, which it is closed to", probe.at));
    }
    Ok(answer)
}

#[cfg(test)]
impl Looked {
    fn with_probe(mut self, answered: bool) -> Self {
        self.probes.as_mut().unwrap().all.push(crate::doctor::exposure::Probed {
            service: "proxy".to_owned(),
            at: "192.168.1.10:4040".parse().unwrap(),
            network: Some(crate::exposure::Network::Lan),
            answered,
        });
        self
    }
}

#[cfg(test)]
fn good() -> Looked {
    crate::doctor::fixture::plain_hub().with_probe(false)
}

#[cfg(test)]
fn bad() -> Looked {
    crate::doctor::fixture::plain_hub().with_probe(true)
}
