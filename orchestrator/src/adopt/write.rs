//! The proposal's text: the draft in the format's own words, with a comment wherever something has to be filled in.

use super::draft::{Draft, FoundService, port_spec};
use crate::instance::init::quoted;
use crate::instance::model::{Bind, Node, NodeType, RunAs};
use sanctum_types::{AccountName, NodeName, ServiceName};
use std::fmt::Write as _;

/// The text of the instance file that is proposed.
pub(super) fn text(draft: &Draft) -> String {
    let mut out = "# Proposed by `sanctum adopt` from a house that already runs; nothing was changed yet.\n\
                   # Read it beside the findings that were printed: what has no place here is listed there.\n\
                   format: 1\n"
        .to_owned();
    identity(draft, &mut out);
    nodes(draft, &mut out);
    networks(draft, &mut out);
    services(draft, &mut out);
    ssh(draft, &mut out);
    secrets(draft, &mut out);
    schedules(draft, &mut out);
    out.push_str(GUARDS);
    out
}

/// A house that already runs is first watched: what a guard would have blocked is counted before it may block.
const GUARDS: &str = "
# Guards of a house that already runs only tell what they would have blocked (`sanctum guard` counts it). When that is
# what you want: sanctum guard enforce NAME
guards:
  sentinel: observe
  firewall: observe
  proxy: observe
";

fn or_set(given: Option<&str>, instead: &str) -> String {
    given.map_or_else(|| format!("{}   # set this: it was not found", quoted(instead)), quoted)
}

fn identity(draft: &Draft, out: &mut String) {
    let zone = or_set(draft.timezone.as_deref(), "UTC");
    let slug = or_set(draft.slug.as_ref().map(NodeName::as_str), "home");
    let name = or_set(draft.name.as_deref(), "Home");
    let owner = or_set(draft.owner.as_ref().map(AccountName::as_str), "operator");
    let _ = write!(
        out,
        "\ninstance:\n  name: {name}\n  slug: {slug}\n  timezone: {zone}\n\nusers:\n  owner: {owner}\n"
    );
    if let Some(guest) = &draft.guest_user {
        let _ = writeln!(out, "  guest: {}", quoted(guest.as_str()));
    }
}

fn nodes(draft: &Draft, out: &mut String) {
    out.push_str("\nnodes:\n");
    for (name, node) in &draft.nodes {
        let _ = writeln!(out, "  {}:\n    type: {}", quoted(name.as_str()), kind(node));
        if let Some(host) = &node.host {
            let _ = writeln!(out, "    host: {}", quoted(host));
        }
        if let Some(address) = &node.lan_address {
            let _ = writeln!(out, "    lan_address: {address}");
        }
        if let Some(user) = &node.user {
            let _ = writeln!(out, "    user: {}", quoted(user.as_str()));
        }
    }
}

const fn kind(node: &Node) -> &'static str {
    match node.kind {
        NodeType::Hub => "hub",
        NodeType::Guest => "guest",
        NodeType::Satellite => "satellite",
        NodeType::Mobile => "mobile",
    }
}

fn networks(draft: &Draft, out: &mut String) {
    out.push_str("\nnetworks:\n  lan:\n    interface: auto   # the default route's interface when a plan is made\n");
    if let Some(lan) = draft.lan {
        let _ = writeln!(out, "    subnet: {lan}");
    }
    if let (true, Some(net), Some(host), Some(guest)) =
        (draft.wants_vm, draft.vm, draft.vm_host, draft.vm_guest)
    {
        let _ = writeln!(out, "  vm:\n    subnet: {net}\n    host: {host}\n    guest: {guest}");
        if let Some(bridge) = &draft.bridge {
            let _ = writeln!(out, "    bridge: {}", quoted(bridge.as_str()));
        }
    }
    if let Some(name) = &draft.tailnet {
        let _ = writeln!(
            out,
            "  tailnet:\n    interface: {}\n    subnet: 100.64.0.0/10",
            quoted(name.as_str())
        );
    }
}

fn services(draft: &Draft, out: &mut String) {
    if draft.services.is_empty() {
        return;
    }
    out.push_str("\n# `bind` is loopback unless the running house said otherwise; wider needs a `reason`.\nservices:\n");
    for (name, service) in &draft.services {
        let _ = writeln!(out, "  {}:", quoted(name.as_str()));
        one_service(service, out);
    }
}

fn one_service(service: &FoundService, out: &mut String) {
    if let Some(node) = &service.node {
        let _ = writeln!(out, "    node: {}", quoted(node.as_str()));
    }
    let ports: Vec<String> = service
        .ports
        .iter()
        .filter_map(|p| port_spec(*p))
        .map(|spec| spec.get().0.to_string())
        .collect();
    if !ports.is_empty() {
        let _ = writeln!(out, "    ports: [{}]", ports.join(", "));
    }
    if service.bind == Bind::LoopbackVm {
        out.push_str("    bind: loopback+vm\n    reason: its job was told an address of the host-only network\n");
    }
    if !service.enabled {
        out.push_str("    enabled: false\n");
    }
    if let Some(command) = &service.command {
        let _ = writeln!(out, "    command: {}", list(command));
    }
    run_as(service.run_as.as_ref(), out);
    if !service.secrets.is_empty() {
        let names: Vec<&str> = service.secrets.iter().map(ServiceName::as_str).collect();
        let _ = writeln!(out, "    secrets: {}", list(&names));
    }
}

fn list<S: AsRef<str>>(words: &[S]) -> String {
    format!("[{}]", words.iter().map(|word| quoted(word.as_ref())).collect::<Vec<_>>().join(", "))
}

fn run_as(run: Option<&RunAs>, out: &mut String) {
    let Some(run) = run else { return };
    let _ = writeln!(out, "    run_as:\n      user: {}", quoted(run.user.as_str()));
    if let Some(reason) = &run.reason {
        let _ = writeln!(out, "      reason: {}", quoted(reason));
    }
}

fn ssh(draft: &Draft, out: &mut String) {
    if draft.ssh_port.is_none() && draft.allow_users.is_empty() {
        return;
    }
    out.push_str("\nssh:\n");
    if let Some(port) = draft.ssh_port {
        let _ = writeln!(out, "  port: {port}");
    }
    if !draft.allow_users.is_empty() {
        let names: Vec<&str> = draft.allow_users.iter().map(AccountName::as_str).collect();
        let _ = writeln!(out, "  allow_users: {}", list(&names));
    }
}

fn secrets(draft: &Draft, out: &mut String) {
    if draft.secrets.is_empty() {
        return;
    }
    out.push_str("\n# Found in clear text: rotate each, put the new value into a store and say where.\nsecrets:\n");
    for (name, (reference, _)) in &draft.secrets {
        let _ = writeln!(
            out,
            "  {}:\n    ref: {}   # fill this in",
            quoted(name.as_str()),
            quoted(&reference.to_string())
        );
    }
}

fn schedules(draft: &Draft, out: &mut String) {
    let Some(hub) = draft.hub().filter(|_| !draft.jobs.is_empty()) else { return };
    out.push_str("\nschedules:\n");
    for (name, job) in &draft.jobs {
        let (node, cron, command) = (quoted(hub.as_str()), quoted(&job.cron), list(&job.command));
        let _ = writeln!(
            out,
            "  {}:\n    node: {node}\n    cron: {cron}\n    command: {command}",
            quoted(name.as_str())
        );
        run_as(job.run_as.as_ref(), out);
        if let Some(seconds) = job.exit_timeout {
            let _ = writeln!(out, "    exit_timeout: {seconds}");
        }
    }
}
