//! A house while it is being put together from what was found.
//!
//! Every part is of the format's own types, so that what is written cannot be malformed; `settle` makes the parts
//! fit each other and says what it had to leave out.

use crate::house::Facts;
use crate::instance::model::{Bind, Node, NodeType, PortSpec, RunAs};
use crate::jobs::{account, own};
use ipnet::Ipv4Net;
use sanctum_types::{AccountName, Finding, IfName, NodeName, SecretRef, ServiceName, Severity};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroU16;

/// A service as it was found.
#[derive(Clone, Debug)]
pub(super) struct FoundService {
    pub(super) node: Option<NodeName>,
    pub(super) ports: Vec<u16>,
    pub(super) enabled: bool,
    pub(super) bind: Bind,
    pub(super) command: Option<Vec<String>>,
    pub(super) run_as: Option<RunAs>,
    pub(super) secrets: BTreeSet<ServiceName>,
}

impl Default for FoundService {
    fn default() -> Self {
        Self {
            node: None,
            ports: Vec::new(),
            enabled: true,
            bind: Bind::Loopback,
            command: None,
            run_as: None,
            secrets: BTreeSet::new(),
        }
    }
}

/// A job by the clock as it was found.
#[derive(Clone, Debug)]
pub(super) struct FoundJob {
    pub(super) cron: String,
    pub(super) command: Vec<String>,
    pub(super) run_as: Option<RunAs>,
    pub(super) exit_timeout: Option<u32>,
}

/// A house in the making.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) name: Option<String>,
    pub(super) slug: Option<NodeName>,
    pub(super) timezone: Option<String>,
    pub(super) owner: Option<AccountName>,
    pub(super) guest_user: Option<AccountName>,
    pub(super) nodes: BTreeMap<NodeName, Node>,
    pub(super) lan_ip: Option<Ipv4Addr>,
    pub(super) lan: Option<Ipv4Net>,
    pub(super) vm_host: Option<Ipv4Addr>,
    pub(super) vm_guest: Option<Ipv4Addr>,
    pub(super) vm: Option<Ipv4Net>,
    pub(super) bridge: Option<IfName>,
    pub(super) guest_name: Option<NodeName>,
    pub(super) wants_vm: bool,
    pub(super) wants_tailnet: bool,
    pub(super) tailnet: Option<IfName>,
    pub(super) services: BTreeMap<ServiceName, FoundService>,
    pub(super) jobs: BTreeMap<ServiceName, FoundJob>,
    pub(super) secrets: BTreeMap<ServiceName, (SecretRef, String)>,
    pub(super) ssh_port: Option<NonZeroU16>,
    pub(super) allow_users: BTreeSet<AccountName>,
    pub(super) anchor_ports: BTreeMap<u16, String>,
    pub(super) notes: Vec<Finding>,
}

impl Draft {
    /// Adds a finding.
    pub(super) fn note(
        &mut self,
        severity: Severity,
        kind: &str,
        subject: &str,
        message: impl Into<String>,
    ) {
        self.notes.push(Finding {
            severity,
            kind: kind.to_owned(),
            subject: subject.to_owned(),
            message: message.into(),
            hint: None,
        });
    }

    /// Adds a secret to fill in, and says where it stood in clear text.
    pub(super) fn secret(&mut self, name: &str, subject: &str, kind: &str) -> Option<ServiceName> {
        let name = service_name(name)?;
        let reference = SecretRef::File(name.to_string());
        self.notes.push(Finding {
            severity: Severity::Critical,
            kind: "adopt.cleartext".to_owned(),
            subject: subject.to_owned(),
            message: format!(
                "a secret in clear text: {kind}; the proposal refers to it as `{name}`"
            ),
            hint: Some("rotate it, put the new value into a store, and set its `ref`".to_owned()),
        });
        self.secrets.entry(name.clone()).or_insert_with(|| (reference, subject.to_owned()));
        Some(name)
    }

    /// Makes the parts fit each other.
    pub(super) fn settle(&mut self, facts: Option<&Facts>) {
        self.settle_hub();
        self.settle_networks(facts);
        self.settle_guest();
        self.settle_names();
        self.settle_accounts();
        self.settle_ports();
        self.settle_anchor();
    }

    /// The name of the hub; there is one after `settle_hub`.
    pub(super) fn hub(&self) -> Option<NodeName> {
        self.nodes.iter().find(|(_, node)| node.kind == NodeType::Hub).map(|(name, _)| name.clone())
    }

    fn settle_hub(&mut self) {
        let hubs: Vec<NodeName> = self
            .nodes
            .iter()
            .filter(|(_, n)| n.kind == NodeType::Hub)
            .map(|(name, _)| name.clone())
            .collect();
        for extra in hubs.iter().skip(1) {
            if let Some(node) = self.nodes.get_mut(extra) {
                node.kind = NodeType::Satellite;
            }
            let message = "a second hub; it is proposed as a satellite";
            self.note(Severity::Warn, "adopt.hub", &format!("node {extra}"), message);
        }
        if hubs.is_empty()
            && let Some(name) = free_name("hub", &self.nodes)
        {
            self.nodes.insert(name, bare(NodeType::Hub));
            self.note(Severity::Info, "adopt.hub", "nodes", "no hub was declared; one is proposed");
        }
    }

    fn settle_networks(&mut self, facts: Option<&Facts>) {
        let guessed = self.lan_ip.and_then(|ip| Ipv4Net::new(ip, 24).ok());
        let lan = self.lan.or(guessed).map(|net| net.trunc()).filter(|net| net.prefix_len() >= 8);
        if self.lan.is_none() {
            self.note(
                Severity::Warn,
                "adopt.guess",
                "networks.lan.subnet",
                "the LAN's subnet is a guess: check it",
            );
        }
        let lan = lan.unwrap_or(Ipv4Net::new_assert(Ipv4Addr::new(192, 168, 1, 0), 24));
        self.lan = Some(lan);
        let usable =
            |ip: &Ipv4Addr| lan.contains(ip) && *ip != lan.network() && *ip != lan.broadcast();
        if let Some(ip) = self.lan_ip.take_if(|ip| !usable(ip)) {
            self.note(
                Severity::Warn,
                "adopt.network",
                "lan_ip",
                format!("{ip} is no machine's address in {lan}"),
            );
        }
        if let (Some(ip), Some(hub)) = (self.lan_ip, self.hub())
            && let Some(node) = self.nodes.get_mut(&hub)
        {
            node.lan_address = Some(ip);
        }
        let overlay = Ipv4Net::new_assert(Ipv4Addr::new(100, 64, 0, 0), 10);
        let in_overlay = |a: &IpAddr| matches!(a, IpAddr::V4(v4) if overlay.contains(v4));
        self.tailnet = facts
            .filter(|_| !overlaps(lan, overlay))
            .and_then(|f| {
                f.interfaces.iter().find(|i| i.active && i.addresses.iter().any(in_overlay))
            })
            .map(|interface| interface.name.clone());
        if self.wants_tailnet && self.tailnet.is_none() {
            let message = "nodes have overlay addresses, but no overlay interface is up here: declare it by hand";
            self.note(Severity::Warn, "adopt.network", "networks.tailnet", message);
        }
    }

    fn settle_guest(&mut self) {
        let Some(lan) = self.lan.filter(|_| self.wants_vm) else {
            self.vm = None;
            return;
        };
        let overlay = Ipv4Net::new_assert(Ipv4Addr::new(100, 64, 0, 0), 10);
        let beside_overlay = self.tailnet.is_some().then_some(overlay);
        let free = |net: &Ipv4Net| {
            let clash =
                [Some(lan), beside_overlay].into_iter().flatten().any(|o| overlaps(*net, o));
            // A /28 holds the first and the tenth address, which are proposed.
            !clash && net.prefix_len() <= 28
        };
        let guessed = self.vm_guest.and_then(|ip| Ipv4Net::new(ip, 24).ok());
        let spare = [[10, 10, 10], [172, 31, 10], [192, 168, 222]]
            .into_iter()
            .filter_map(|[a, b, c]| Ipv4Net::new(Ipv4Addr::new(a, b, c, 0), 24).ok());
        let found = self.vm.into_iter().chain(guessed).map(|net| net.trunc()).find(free);
        let Some(net) = found.or_else(|| spare.into_iter().find(free)) else {
            self.vm = None;
            return;
        };
        if found.is_none() && (self.vm.is_some() || guessed.is_some()) {
            let message = format!("the host-only network overlaps another; {net} is proposed");
            self.note(Severity::Error, "adopt.network", "networks.vm", message);
        }
        let inside =
            |ip: &Ipv4Addr| net.contains(ip) && *ip != net.network() && *ip != net.broadcast();
        let mut hosts = net.hosts();
        let (first, tenth) = (hosts.next(), hosts.nth(8));
        let host = self.vm_host.filter(inside).or(first);
        let guest = self.vm_guest.filter(|ip| inside(ip) && Some(*ip) != host).or(tenth);
        let host = if host == guest { first } else { host };
        if host != self.vm_host || guest != self.vm_guest {
            let message =
                "addresses of the host-only network were missing or did not fit; check them";
            self.note(Severity::Warn, "adopt.guess", "networks.vm", message);
        }
        (self.vm, self.vm_host, self.vm_guest) = (Some(net), host, guest);
        let wanted = self.guest_name.as_ref().map_or("vm", NodeName::as_str).to_owned();
        let Some(name) = free_name(&wanted, &self.nodes) else { return };
        let node = Node { host: guest.map(|ip| ip.to_string()), ..bare(NodeType::Guest) };
        self.nodes.insert(name.clone(), node);
        self.guest_name = Some(name);
    }

    /// Jobs give way to services, and both to sanctum's own jobs.
    fn settle_names(&mut self) {
        for row in own::table() {
            let name = &row.name;
            let service = own::is_reserved(name) && self.services.remove(name).is_some();
            if self.jobs.remove(name).is_some() || service {
                let message = "sanctum has a job of its own for this; it is not carried over";
                self.note(Severity::Info, "adopt.own-job", name.as_str(), message);
            }
        }
        let twins: Vec<ServiceName> =
            self.jobs.keys().filter(|name| self.services.contains_key(*name)).cloned().collect();
        for twin in twins {
            let Some(job) = self.jobs.remove(&twin) else { continue };
            let other = (2..).filter_map(|n| service_name(&format!("{twin}-job-{n}")));
            if let Some(name) = other
                .into_iter()
                .find(|n| !self.services.contains_key(n) && !self.jobs.contains_key(n))
            {
                self.note(
                    Severity::Info,
                    "adopt.renamed",
                    twin.as_str(),
                    format!("its job by the clock is proposed as `{name}`"),
                );
                self.jobs.insert(name, job);
            }
        }
    }

    /// A long name can shorten to the account of another: the second gives way.
    fn settle_accounts(&mut self) {
        let own = |(name, service): (&ServiceName, &FoundService)| {
            service.run_as.is_none().then(|| (account::own(name), name.clone()))
        };
        let mut taken = BTreeSet::new();
        let accounts: Vec<_> = self.services.iter().filter_map(own).collect();
        for (account, name) in accounts {
            if !taken.insert(account) {
                self.services.remove(&name);
                let message = "shortens to the account of another service; it is not carried over";
                self.note(Severity::Error, "adopt.account", name.as_str(), message);
            }
        }
    }

    fn settle_ports(&mut self) {
        let hub = self.hub();
        let ssh = self.ssh_port.map_or(22, NonZeroU16::get);
        let mut taken: BTreeMap<(Option<NodeName>, u16), ServiceName> = BTreeMap::new();
        let mut odd = Vec::new();
        for (name, service) in &mut self.services {
            service.node = service.node.take().or_else(|| hub.clone());
            service.ports.sort_unstable();
            service.ports.dedup();
            if service.enabled && service.ports.contains(&ssh) {
                service.enabled = false;
                odd.push((
                    name.clone(),
                    format!("port {ssh} is that of the SSH server; proposed as not enabled"),
                ));
            }
            let clash = service
                .ports
                .iter()
                .find_map(|p| taken.get(&(service.node.clone(), *p)).map(|o| (*p, o)));
            if let (true, Some((port, other))) = (service.enabled, clash) {
                service.enabled = false;
                odd.push((
                    name.clone(),
                    format!("port {port} is also that of `{other}`; proposed as not enabled"),
                ));
            }
            if service.enabled {
                taken.extend(
                    service.ports.iter().map(|p| ((service.node.clone(), *p), name.clone())),
                );
            }
        }
        for (name, message) in odd {
            self.note(Severity::Error, "adopt.port", name.as_str(), message);
        }
        for service in self.services.values_mut().filter(|s| self.vm.is_none() || s.node != hub) {
            service.bind = Bind::Loopback;
        }
        let closed =
            self.services.iter().filter(|(_, s)| s.bind == Bind::Loopback && !s.ports.is_empty());
        let names: Vec<&str> = closed.map(|(name, _)| name.as_str()).collect();
        if !names.is_empty() {
            let message = format!(
                "the older schema does not say who reaches {}: loopback until you say otherwise",
                names.join(", ")
            );
            self.note(Severity::Warn, "adopt.bind", "services", message);
        }
    }

    fn settle_anchor(&mut self) {
        let known: BTreeSet<u16> =
            self.services.values().flat_map(|s| s.ports.iter().copied()).collect();
        let strangers: Vec<(u16, String)> = self
            .anchor_ports
            .iter()
            .filter(|(port, _)| !known.contains(*port))
            .map(|(p, s)| (*p, s.clone()))
            .collect();
        for (port, subject) in strangers {
            let message = format!("port {port} is filtered there and no service declares it");
            self.note(Severity::Warn, "adopt.pf", &subject, message);
        }
    }
}

/// A TCP port of the format; 0 is none.
pub(super) fn port_spec(port: u16) -> Option<PortSpec> {
    NonZeroU16::new(port).map(PortSpec::Tcp)
}

/// A service's name in our spelling: lowercase with dashes, and the names that the older schema had two of.
pub(super) fn service_name(old: &str) -> Option<ServiceName> {
    let lower = old.to_lowercase();
    let known = match lower.as_str() {
        "openclaw_gateway" => "gateway",
        "firewalla" | "firewalla_bridge" | "firewalla-bridge" => "firewall-bridge",
        "xtts" | "xtts_server" | "qwen3_tts" | "qwen3-tts" => "tts",
        "mlx_server" | "council_mlx" | "mlx-server" => "mlx",
        "cloudflare" | "cloudflare_tunnel" => "cloudflare-tunnel",
        other => other,
    };
    let words = known.split(|c: char| !c.is_ascii_lowercase() && !c.is_ascii_digit());
    let dashed = words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-");
    // 40 bytes are what a service name may have; a name that starts with a digit gets a letter.
    let whole = if dashed.starts_with(|c: char| c.is_ascii_digit()) {
        format!("s{dashed}")
    } else {
        dashed
    };
    ServiceName::new(whole.chars().take(40).collect::<String>()).ok()
}

/// A node's name in our spelling.
pub(super) fn node_name(old: &str) -> Option<NodeName> {
    let lower = old.to_lowercase();
    let words = lower.split(|c: char| !c.is_ascii_lowercase() && !c.is_ascii_digit());
    let dashed = words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-");
    NodeName::new(dashed.chars().take(63).collect::<String>()).ok()
}

/// A node of which only the type is known.
pub(super) fn bare(kind: NodeType) -> Node {
    Node {
        kind,
        os: None,
        arch: None,
        host: None,
        lan_address: None,
        user: None,
        jump: None,
        lan_interfaces: None,
    }
}

fn free_name(wanted: &str, taken: &BTreeMap<NodeName, Node>) -> Option<NodeName> {
    let first = NodeName::new(wanted).ok();
    let more = (2..100).filter_map(|n| NodeName::new(format!("{wanted}-{n}")).ok());
    first.into_iter().chain(more).find(|name| !taken.contains_key(name))
}

fn overlaps(a: Ipv4Net, b: Ipv4Net) -> bool {
    a.contains(&b.network()) || b.contains(&a.network())
}
