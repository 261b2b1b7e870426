//! The registry: nodes, ports, requirements, doors, secrets, accounts and probes of services.

use super::{Judged, Problem};
use crate::instance::model::{
    Bind, Criticality, EndToEnd, Instance, NodeType, Os, Probe, RunAs, Service, Transport,
};
use crate::instance::registry;
use crate::instance::shape::nearest;
use crate::jobs::{account, own};
use sanctum_types::{NodeName, ServiceName};
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn judge(instance: &Instance, judged: &mut Judged) {
    for (name, service) in &instance.services {
        place(instance, name, service, judged);
        door(instance, name, service, judged);
        requirements(instance, name, service, judged);
        secrets(instance, name, service, judged);
        run_as("services", name, service.run_as.as_ref(), judged);
        if let Some(words) = &service.command {
            command("services", name, words, judged);
        }
        probe(name, service, judged);
    }
    ports(instance, judged);
    if let Err(cycle) = registry::start_order(instance) {
        let first = cycle.first().map_or("", ServiceName::as_str).to_owned();
        judged.refuse(["services", &first, "requires"], Problem::Cycle(cycle));
    }
    labels(instance, judged);
    accounts(instance, judged);
}

pub(super) fn known_node<const N: usize>(
    instance: &Instance,
    path: [&str; N],
    node: &NodeName,
    judged: &mut Judged,
) {
    if !instance.nodes.contains_key(node) {
        let near = nearest(node.as_str(), instance.nodes.keys().map(NodeName::as_str))
            .map(ToOwned::to_owned);
        judged.refuse(path, Problem::UnknownNode { node: node.clone(), near });
    }
}

pub(super) fn mobile<const N: usize>(
    instance: &Instance,
    path: [&str; N],
    (what, node): (&ServiceName, &NodeName),
    judged: &mut Judged,
) {
    if instance.nodes.get(node).is_some_and(|n| n.kind == NodeType::Mobile) {
        judged.refuse(path, Problem::OnMobile { what: what.clone(), node: node.clone() });
    }
}

pub(super) fn run_as(section: &str, what: &ServiceName, run: Option<&RunAs>, judged: &mut Judged) {
    let Some(run) = run else { return };
    let said = run.reason.as_ref().is_some_and(|reason| !reason.trim().is_empty());
    if run.user.as_str() == "root" && !said {
        let problem = Problem::RootWithoutReason { what: what.clone() };
        judged.refuse([section, what.as_str(), "run_as", "user"], problem);
    }
}

/// A supervised program is given by its whole path; a schedule may give arguments of `sanctum` instead.
pub(super) fn command(section: &str, what: &ServiceName, words: &[String], judged: &mut Judged) {
    let path = [section, what.as_str(), "command"];
    let Some(program) = words.first().filter(|word| !word.is_empty()) else {
        judged.refuse(path, Problem::Empty { what: "`command`".to_owned() });
        return;
    };
    let arguments = section == "schedules" && !program.contains('/');
    if !arguments && sanctum_types::AbsPath::new(program.as_str()).is_err() {
        let problem = Problem::RelativeCommand { program: program.escape_debug().to_string() };
        judged.refuse([section, what.as_str(), "command", "0"], problem);
    }
}

fn place(instance: &Instance, name: &ServiceName, service: &Service, judged: &mut Judged) {
    let path = ["services", name.as_str(), "node"];
    known_node(instance, path, &service.node, judged);
    mobile(instance, path, (name, &service.node), judged);
    let mac = registry::os_of(instance, &service.node) == Some(Os::Macos);
    if service.gui && instance.nodes.contains_key(&service.node) && !mac {
        let problem = Problem::GuiOffMac { service: name.clone(), node: service.node.clone() };
        judged.refuse(["services", name.as_str(), "gui"], problem);
    }
    if service.gui && service.criticality == Criticality::P0 {
        let problem = Problem::SessionService { service: name.clone() };
        judged.refuse(["services", name.as_str(), "gui"], problem);
    }
}

fn door(instance: &Instance, name: &ServiceName, service: &Service, judged: &mut Judged) {
    let path = ["services", name.as_str(), "bind"];
    let said = service.reason.as_ref().is_some_and(|reason| !reason.trim().is_empty());
    if service.bind != Bind::Loopback && !said {
        judged.refuse(path, Problem::NoReason { service: name.clone(), bind: service.bind });
    }
    let missing = match service.bind {
        Bind::LoopbackVm if instance.networks.vm.is_none() => Some("vm"),
        Bind::Tailnet if instance.networks.tailnet.is_none() => Some("tailnet"),
        _ => None,
    };
    if let Some(network) = missing {
        let problem =
            Problem::BindWithoutNetwork { service: name.clone(), bind: service.bind, network };
        judged.refuse(path, problem);
    }
    let kind = instance.nodes.get(&service.node).map(|node| node.kind);
    if service.bind == Bind::LoopbackVm && kind == Some(NodeType::Satellite) {
        let problem = Problem::BindOutsideVm { service: name.clone(), node: service.node.clone() };
        judged.refuse(path, problem);
    }
}

fn requirements(instance: &Instance, name: &ServiceName, service: &Service, judged: &mut Judged) {
    let mut seen = BTreeSet::new();
    for (n, other) in service.requires.iter().enumerate() {
        let index = n.to_string();
        let path = ["services", name.as_str(), "requires", &index];
        if !seen.insert(other) {
            judged.refuse(path, Problem::Twice { item: other.to_string() });
        }
        let Some(required) = instance.services.get(other) else {
            let known = instance.services.keys().map(ServiceName::as_str);
            let near = nearest(other.as_str(), known).map(ToOwned::to_owned);
            let problem =
                Problem::UnknownService { service: name.clone(), missing: other.clone(), near };
            judged.refuse(path, problem);
            continue;
        };
        let (service_name, other) = (name.clone(), other.clone());
        if service.enabled && !required.enabled {
            judged.warn(path, Problem::DisabledRequirement { service: service_name, other });
        } else if required.criticality > service.criticality {
            judged.warn(path, Problem::WeakRequirement { service: service_name, other });
        }
    }
}

fn secrets(instance: &Instance, name: &ServiceName, service: &Service, judged: &mut Judged) {
    let mut seen = BTreeSet::new();
    for (n, secret) in service.secrets.iter().enumerate() {
        let index = n.to_string();
        let path = ["services", name.as_str(), "secrets", &index];
        if !seen.insert(secret) {
            judged.refuse(path, Problem::Twice { item: secret.to_string() });
        }
        known_secret(instance, path, secret, judged);
        let Some(entry) = instance.secrets.get(secret) else { continue };
        if service.criticality == Criticality::P0 && entry.at_boot().is_none() {
            let problem = Problem::SessionSecret { service: name.clone(), secret: secret.clone() };
            judged.refuse(path, problem);
        }
    }
}

fn probe(name: &ServiceName, service: &Service, judged: &mut Judged) {
    let Some(probe) = &service.probe else { return };
    if let Probe::EndToEnd(EndToEnd { command, expect, .. }) = probe {
        return end_to_end(name, command, expect, judged);
    }
    let tcp = service.ports.first().is_some_and(|port| port.get().1 == Transport::Tcp);
    if !tcp {
        let problem = Problem::ProbeWithoutPort { service: name.clone(), what: "tcp" };
        judged.refuse_key(["services", name.as_str(), "probe"], problem);
    }
    let (rung, path, status) = match probe {
        Probe::Http { path, status, .. } => ("http", path, *status),
        Probe::Contract(contract) => ("contract", &contract.path, contract.status),
        Probe::Tcp | Probe::EndToEnd(_) => return,
    };
    if !path.starts_with('/') {
        let problem = Problem::ProbePath { path: path.escape_debug().to_string() };
        judged.refuse(["services", name.as_str(), "probe", rung, "path"], problem);
    }
    // RFC 9110, 15: a status code is in the range of 100 to 599.
    if !(100..=599).contains(&status) {
        let problem = Problem::ProbeStatus { status };
        judged.refuse(["services", name.as_str(), "probe", rung, "status"], problem);
    }
    let Probe::Contract(contract) = probe else { return };
    for (n, claim) in contract.json.iter().enumerate() {
        // RFC 6901, 3: a pointer is empty or starts with `/`.
        if !claim.pointer.is_empty() && !claim.pointer.starts_with('/') {
            let problem = Problem::ProbePath { path: claim.pointer.escape_debug().to_string() };
            let index = n.to_string();
            let at = ["services", name.as_str(), "probe", rung, "json", &index, "pointer"];
            judged.refuse(at, problem);
        }
    }
}

/// An empty expectation would be met by a program that does nothing.
fn end_to_end(name: &ServiceName, command: &[String], expect: &str, judged: &mut Judged) {
    let at = |key| ["services", name.as_str(), "probe", "end-to-end", key];
    let program = command.first().map(String::as_str).unwrap_or_default();
    if program.is_empty() {
        judged.refuse(at("command"), Problem::Empty { what: "`command`".to_owned() });
    } else if sanctum_types::AbsPath::new(program).is_err() {
        let problem = Problem::RelativeCommand { program: program.escape_debug().to_string() };
        judged.refuse(["services", name.as_str(), "probe", "end-to-end", "command", "0"], problem);
    }
    if expect.trim().is_empty() {
        judged.refuse(at("expect"), Problem::Empty { what: "`expect`".to_owned() });
    }
}

fn ports(instance: &Instance, judged: &mut Judged) {
    let ssh = (instance.ssh.port.get(), Transport::Tcp);
    let mut taken: BTreeMap<(&NodeName, u16, Transport), &ServiceName> = BTreeMap::new();
    for (name, service) in instance.services.iter().filter(|(_, service)| service.enabled) {
        for (n, spec) in service.ports.iter().enumerate() {
            let index = n.to_string();
            let path = ["services", name.as_str(), "ports", &index];
            let (port, transport) = spec.get();
            let node = service.node.clone();
            if (port, transport) == ssh {
                judged.refuse(path, Problem::SshPort { port, node });
                continue;
            }
            match taken.insert((&service.node, port, transport), name) {
                None => {}
                Some(other) if other == name => {
                    judged.refuse(path, Problem::Twice { item: format!("{port}/{transport}") });
                }
                Some(other) => {
                    let other = other.clone();
                    judged.refuse(path, Problem::PortTaken { port, transport, node, other });
                }
            }
        }
    }
}

/// Services, schedules and sanctum's own jobs share the labels `com.sanctum.<name>`.
fn labels(instance: &Instance, judged: &mut Judged) {
    let sections = [
        ("services", instance.services.keys().collect::<Vec<_>>()),
        ("schedules", instance.schedules.keys().collect()),
    ];
    for (section, names) in sections {
        for name in names {
            let schedule = section == "schedules";
            let own = own::is_reserved(name) || (schedule && own::row(name).is_some());
            let twin = schedule && instance.services.contains_key(name);
            let other = twin
                .then(|| format!("service `{name}`"))
                .or_else(|| own.then(|| "a job of sanctum itself".to_owned()));
            if let Some(other) = other {
                let label = registry::job_label(name).to_string();
                judged.refuse_key([section, name.as_str()], Problem::LabelTaken { label, other });
            }
        }
    }
}

fn accounts(instance: &Instance, judged: &mut Judged) {
    let mut taken = BTreeMap::new();
    let unnamed = |service: &Service| service.run_as.is_none();
    for name in instance.services.iter().filter(|(_, s)| unnamed(s)).map(|(name, _)| name) {
        let account = account::own(name);
        if let Some(other) = taken.insert(account.clone(), name) {
            let problem = Problem::AccountTaken { account, other: other.clone() };
            judged.refuse_key(["services", name.as_str()], problem);
        }
    }
}

/// Refuses a secret that is not declared.
pub(super) fn known_secret<const N: usize>(
    instance: &Instance,
    path: [&str; N],
    secret: &ServiceName,
    judged: &mut Judged,
) {
    if !instance.secrets.contains_key(secret) {
        let known = instance.secrets.keys().map(ServiceName::as_str);
        let near = nearest(secret.as_str(), known).map(ToOwned::to_owned);
        judged.refuse(path, Problem::UnknownSecret { secret: secret.clone(), near });
    }
}
