//! Random houses for property tests: every one is valid, and together they use every part of the format.
//!
//! A house is drawn as plain numbers and built from them by rules that keep it valid (requirements point backwards,
//! ports are taken once, doors have reasons), so that a failing house shrinks to a small one.

#![expect(clippy::expect_used, reason = "names made from constants; only tests build houses")]

use super::alerts::{Alerts, Below, Channel, Ntfy, QuietHours, TimeOfDay, Via};
use super::boot::{Boot, FileVault};
use super::model::{
    Arch, Auto, Bind, Contract, Criticality, EndToEnd, GuardMode, Guards, Identity, Instance,
    Interfaces, JsonClaim, Lan, Networks, Node, NodeType, Os, Pf, PfAttach, PortSpec, PortWith,
    Probe, Reach, RunAs, Scalar, Schedule, SecretEntry, Service, Ssh, SshProfile, Supervision,
    Tailnet, Transport, Users, Vm, VmNet,
};
use super::registry;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{Strategy, any};
use proptest::sample::{Index, select};
use sanctum_types::{AbsPath, AccountName, IfName, NodeName, SecretRef, ServiceName};
use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::num::NonZeroU16;

const WORDS: [&str; 16] = [
    "vault",
    "proxy",
    "gateway",
    "dashboard",
    "tts",
    "mlx",
    "bridge",
    "backup",
    "metrics",
    "dns",
    "media",
    "photos",
    "search",
    "mail",
    "chat",
    "home-assistant",
];
const ZONES: [&str; 5] =
    ["America/New_York", "Europe/Vienna", "UTC", "Asia/Kathmandu", "Australia/Lord_Howe"];
const CRONS: [&str; 5] = ["0 6 * * *", "15 6 * * *", "*/5 * * * *", "30 2 * * 1-5", "0 0 1 * *"];
const KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGALm1CtoghoaTQ5N4JujEsPjj71zX4MrDwdFPDsqFcD a@b";

/// A random valid house: up to 12 services on up to seven nodes.
pub fn arb_instance() -> impl Strategy<Value = Instance> {
    arb_instance_with(12)
}

/// A random valid house with at most `services` services (16 names are known, then they get numbers).
pub fn arb_instance_with(services: usize) -> impl Strategy<Value = Instance> {
    let shape = (any::<[u8; 8]>(), "[A-Za-zé][A-Za-z0-9 '#:&é-]{0,12}", vec(any::<u16>(), 0..4));
    (shape, vec(raw_service(), 0..=services), vec(raw_schedule(), 0..4)).prop_map(
        |((dice, name, secrets), services, schedules)| {
            let mut house = frame(dice, name);
            house.secrets = secrets.iter().enumerate().map(secret).collect();
            add_services(&mut house, &services);
            add_schedules(&mut house, &schedules);
            house
        },
    )
}

/// The YAML text of a house.
#[must_use]
pub fn yaml_of(instance: &Instance) -> String {
    serde_saphyr::to_string(instance).expect("an instance is a tree of texts, numbers and lists")
}

fn service_name(text: impl Into<String>) -> ServiceName {
    ServiceName::new(text).expect("a service name")
}

fn node_name(text: impl Into<String>) -> NodeName {
    NodeName::new(text).expect("a node name")
}

fn account(text: &str) -> AccountName {
    AccountName::new(text).expect("an account name")
}

fn interface(text: &str) -> IfName {
    IfName::new(text).expect("an interface name")
}

fn pick<T: Copy>(from: &[T], die: impl Into<usize>) -> T {
    let at = die.into().checked_rem(from.len()).unwrap_or(0);
    *from.get(at).expect("a list that is not empty")
}

const GUARDS: [GuardMode; 3] = [GuardMode::Off, GuardMode::Observe, GuardMode::Enforce];

/// Alerts with and without a night, through the desktop or more.
fn alerts(die: u8) -> Alerts {
    let at = |text: &str| TimeOfDay::parse(text).expect("a time of day");
    let mut alerts = Alerts::default();
    if die.is_multiple_of(2) {
        let below = pick(&[Below::Warn, Below::Error, Below::Critical], die);
        alerts.quiet = Some(QuietHours { from: at("22:00"), to: at("08:00"), below });
    }
    if die.is_multiple_of(3) {
        let via = Via::Ntfy(Ntfy {
            url: "https://ntfy.example".to_owned(),
            topic: "house".to_owned(),
            token: None,
        });
        let name = ServiceName::new("phone").expect("a name");
        alerts.channels.insert(0, Channel { name, via });
    }
    alerts
}

fn networks(net: u8, lan: u8) -> Networks {
    let (with_vm, with_tailnet) = (!net.is_multiple_of(3), net.is_multiple_of(2));
    let vm_net = with_vm.then(|| VmNet {
        subnet: format!("10.10.{net}.0/24").parse().expect("subnet"),
        host: Ipv4Addr::new(10, 10, net, 1),
        guest: Ipv4Addr::new(10, 10, net, 10),
        host6: (net % 5 == 1).then(|| "fd10::1".parse().expect("address")),
        bridge: interface("bridge100"),
    });
    let lan_net = Lan {
        interface: match lan % 3 {
            0 => Interfaces::Auto(Auto::Auto),
            1 => Interfaces::One(interface("en1")),
            _ => Interfaces::Many(vec![interface("en0"), interface("en1")]),
        },
        subnet: format!("192.168.{lan}.0/24").parse().expect("subnet"),
        subnet6: lan.is_multiple_of(2).then(|| "fd00:1::/64".parse().expect("prefix")),
    };
    let tailnet = with_tailnet.then(|| Tailnet {
        interface: interface("utun4"),
        subnet: "100.64.0.0/10".parse().expect("subnet"),
    });
    Networks { lan: lan_net, vm: vm_net, tailnet }
}

/// A house without services: the dice decide which nodes and networks there are.
fn frame(dice: [u8; 8], name: String) -> Instance {
    let [zone, lan, net, sats, mobiles, ssh, guards, misc] = dice;
    let with_vm = net % 3 != 0;
    Instance {
        format: 1,
        instance: Identity {
            name,
            slug: node_name("house"),
            timezone: pick(&ZONES, zone).to_owned(),
        },
        users: Users {
            owner: account("operator"),
            guest: account(pick(&["ubuntu", "agent"], misc)),
            authorized_keys: vec![
                KEY.to_owned();
                usize::from(misc % 2 == 1 || with_vm && misc % 3 == 0)
            ],
        },
        nodes: nodes(lan, (sats % 4, mobiles % 2), with_vm),
        networks: networks(net, lan),
        services: BTreeMap::new(),
        vault: None,
        ssh: ssh_policy(ssh),
        pf: Pf { attach: pick(&[PfAttach::ComApple, PfAttach::Main], misc) },
        secrets: BTreeMap::new(),
        stores: super::stores::Stores::default(),
        schedules: BTreeMap::new(),
        agents: BTreeMap::new(),
        boot: Boot {
            filevault: pick(&[None, Some(FileVault::On), Some(FileVault::Off)], guards),
            reason: (misc % 2 == 0).then(|| "decided".to_owned()),
            ups: (misc % 3 == 0).then_some(misc % 2 == 0),
        },
        guards: Guards {
            sentinel: pick(&GUARDS, guards),
            firewall: pick(&GUARDS, guards / 3),
            proxy: pick(&GUARDS, guards / 9),
        },
        journal: super::journal::Journal {
            second_place: misc
                .is_multiple_of(2)
                .then(|| AbsPath::new("/mnt/witness").expect("path")),
        },
        supervision: supervision(misc),
        alerts: alerts(misc),
        vm: (with_vm && misc % 3 == 0).then(|| Vm {
            cpus: u32::from(misc % 8) + 1,
            memory_mib: 512 + u32::from(misc),
            disk: AbsPath::new("/opt/sanctum/vm/disk.qcow2").expect("path"),
        }),
    }
}

fn supervision(die: u8) -> Supervision {
    let mut rules = Supervision::default();
    if die.is_multiple_of(3) {
        rules.budget.restarts = u32::from(die % 7);
        rules.settle = rules.settle.saturating_add(u32::from(die));
    }
    rules
}

fn node(kind: NodeType) -> Node {
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

fn nodes(lan: u8, (sats, mobiles): (u8, u8), with_vm: bool) -> BTreeMap<NodeName, Node> {
    let at = |host| Some(Ipv4Addr::new(192, 168, lan, host));
    let mut nodes = BTreeMap::new();
    let arch = lan.is_multiple_of(5).then_some(Arch::X86_64);
    nodes.insert(node_name("hub"), Node { lan_address: at(10), arch, ..node(NodeType::Hub) });
    if with_vm {
        let host = Some("10.10.10.10".to_owned());
        nodes.insert(node_name("guest"), Node { host, ..node(NodeType::Guest) });
    }
    for n in 0..sats {
        let made = Node {
            os: Some(if n == 2 { Os::Macos } else { Os::Linux }),
            host: Some(format!("sat-{n}.example")),
            lan_address: (n == 0).then(|| at(20)).flatten(),
            user: (n == 1).then(|| account("keeper")),
            jump: None,
            lan_interfaces: (n != 0).then(|| Interfaces::One(interface("eth0"))),
            ..node(NodeType::Satellite)
        };
        nodes.insert(node_name(format!("sat-{n}")), made);
    }
    for n in 0..mobiles {
        nodes.insert(node_name(format!("phone-{n}")), node(NodeType::Mobile));
    }
    nodes
}

fn ssh_policy(die: u8) -> Ssh {
    let profile = pick(&[SshProfile::PostQuantum, SshProfile::Compatible], die / 2);
    let reach = [Reach::Lan, Reach::Tailnet, Reach::Vm];
    Ssh {
        allow_users: ["family", "_sanctum-ops"]
            .iter()
            .take(usize::from(die % 3))
            .map(|u| account(u))
            .collect(),
        profiles: die.is_multiple_of(2).then(|| (node_name("hub"), profile)).into_iter().collect(),
        port: NonZeroU16::new(pick(&[22, 22, 2222], die / 4)).expect("a port"),
        reachable_from: reach.into_iter().take(usize::from(die % 4)).collect(),
    }
}

/// Even secrets resolve at boot, odd ones need a session.
fn secret((n, die): (usize, &u16)) -> (ServiceName, SecretEntry) {
    let at_boot =
        ["file:token", "age:/var/db/k.age", "sops:/etc/s.yaml#a.b", "keychain://system/svc/acct"];
    let in_session = ["keychain:svc/acct", "op://House/Item: one/token"];
    let text = if n % 2 == 0 { pick(&at_boot, *die) } else { pick(&in_session, *die) };
    let reference = SecretRef::parse(text).expect("a reference");
    let days = (die % 3 == 0).then_some(u32::from(*die) + 1);
    let entry = SecretEntry { rotation_max_age_days: days, ..SecretEntry::at(reference) };
    (service_name(format!("secret-{n}")), entry)
}

#[derive(Clone, Debug)]
struct RawService {
    node: Index,
    ports: Vec<(u16, bool)>,
    bind: u8,
    requires: Vec<Index>,
    secrets: Vec<Index>,
    reason: Option<String>,
    criticality: u8,
    dice: [u8; 4],
}

fn raw_service() -> impl Strategy<Value = RawService> {
    let ports = vec(
        (select(vec![1, 53, 80, 443, 1977, 4040, 8123, 9999, 40_000, 65_535]), any::<bool>()),
        0..4,
    );
    let links = (vec(any::<Index>(), 0..3), vec(any::<Index>(), 0..2));
    let reason = option::of("[a-z\"'#:\\\\é][a-z \"'#:\\\\é]{0,10}");
    (any::<Index>(), ports, any::<u8>(), links, reason, any::<u8>(), any::<[u8; 4]>()).prop_map(
        |(node, ports, bind, (requires, secrets), reason, criticality, dice)| RawService {
            node,
            ports,
            bind,
            requires,
            secrets,
            reason,
            criticality,
            dice,
        },
    )
}

fn serving(house: &Instance) -> Vec<NodeName> {
    let serves = |node: &Node| node.kind != NodeType::Mobile;
    house.nodes.iter().filter(|(_, node)| serves(node)).map(|(name, _)| name.clone()).collect()
}

fn add_services(house: &mut Instance, raws: &[RawService]) {
    let nodes = serving(house);
    let mut taken = BTreeSet::new();
    let mut made: Vec<ServiceName> = Vec::new();
    for (n, raw) in raws.iter().enumerate() {
        let name = service_name(match WORDS.get(n) {
            Some(word) => (*word).to_owned(),
            None => format!("service-{n}"),
        });
        let node = raw.node.get(&nodes).clone();
        let enabled = raw.dice[0] % 8 != 0;
        let mut ports = Vec::new();
        for (port, udp) in &raw.ports {
            let transport = if *udp { Transport::Udp } else { Transport::Tcp };
            let free = !enabled || taken.insert((node.clone(), *port, transport));
            let fresh = !ports.iter().any(|spec: &PortSpec| spec.get() == (*port, transport));
            if free && fresh {
                ports.push(port_spec(*port, transport, raw.dice[1]));
            }
        }
        let service = service(house, raw, &made, Service { enabled, ports, ..bare(node) });
        house.services.insert(name.clone(), service);
        made.push(name);
    }
}

fn port_spec(port: u16, transport: Transport, die: u8) -> PortSpec {
    let port = NonZeroU16::new(port).expect("ports are drawn from 1");
    if transport == Transport::Tcp && die.is_multiple_of(2) {
        return PortSpec::Tcp(port);
    }
    PortSpec::With(PortWith { port, transport })
}

fn bare(node: NodeName) -> Service {
    Service {
        node,
        ports: Vec::new(),
        bind: Bind::Loopback,
        reason: None,
        requires: Vec::new(),
        criticality: Criticality::P2,
        command: None,
        run_as: None,
        gui: false,
        secrets: Vec::new(),
        probe: None,
        enabled: true,
    }
}

/// Fills in what follows from the house: only doors, secrets and sessions that this service may have.
fn service(house: &Instance, raw: &RawService, made: &[ServiceName], start: Service) -> Service {
    let [_, _, command, probe] = raw.dice;
    let criticality = pick(&[Criticality::P0, Criticality::P1, Criticality::P2], raw.criticality);
    let on_mac = registry::os_of(house, &start.node) == Some(Os::Macos);
    let bind = door(house, &start.node, raw.bind);
    let reason = raw.reason.clone().filter(|reason| !reason.trim().is_empty());
    let tcp_first = start.ports.first().is_some_and(|port| port.get().1 == Transport::Tcp);
    let names: Vec<&ServiceName> = house
        .secrets
        .iter()
        .filter(|(_, entry)| criticality != Criticality::P0 || entry.at_boot().is_some())
        .map(|(name, _)| name)
        .collect();
    let chosen = |from: &[&ServiceName], by: &[Index]| -> Vec<ServiceName> {
        let picked = by.iter().filter(|_| !from.is_empty()).map(|index| (*index.get(from)).clone());
        picked.collect::<BTreeSet<_>>().into_iter().collect()
    };
    Service {
        bind,
        reason: reason.or_else(|| (bind != Bind::Loopback).then(|| "people need it".to_owned())),
        requires: chosen(&made.iter().collect::<Vec<_>>(), &raw.requires),
        criticality,
        command: match command % 3 {
            0 => None,
            1 => Some(vec![
                "/opt/sanctum/bin/sanctumd".to_owned(),
                "--only".to_owned(),
                "x y".to_owned(),
            ]),
            _ => Some(vec!["/usr/local/bin/serve".to_owned()]),
        },
        run_as: match command % 7 {
            0 => {
                Some(RunAs { user: account("root"), reason: Some("reads raw sockets".to_owned()) })
            }
            1 => Some(RunAs { user: account("operator"), reason: None }),
            _ => None,
        },
        gui: on_mac && criticality != Criticality::P0 && command % 5 == 0,
        secrets: chosen(&names, &raw.secrets),
        probe: health(probe, tcp_first),
        ..start
    }
}

fn health(die: u8, tcp_first: bool) -> Option<Probe> {
    match die % 5 {
        3 => Some(Probe::EndToEnd(EndToEnd {
            command: vec!["/usr/local/bin/ask".to_owned(), "--once".to_owned()],
            expect: "pong".to_owned(),
            timeout: None,
        })),
        _ if !tcp_first => None,
        4 => Some(Probe::Contract(Contract {
            path: "/v1/status".to_owned(),
            status: 200,
            contains: vec!["ready".to_owned()],
            json: vec![JsonClaim {
                pointer: "/models/0/id".to_owned(),
                equals: Some(Scalar::Text("small".to_owned())),
                contains: None,
            }],
        })),
        0 => Some(Probe::Tcp),
        1 => Some(Probe::Http { path: "/health".to_owned(), status: 200, contains: None }),
        _ => Some(Probe::Http {
            path: "/".to_owned(),
            status: 401,
            contains: Some("no: #".to_owned()),
        }),
    }
}

fn door(house: &Instance, node: &NodeName, die: u8) -> Bind {
    let mut doors = vec![Bind::Loopback, Bind::Lan];
    let kind = house.nodes.get(node).map(|node| node.kind);
    if house.networks.vm.is_some() && matches!(kind, Some(NodeType::Hub | NodeType::Guest)) {
        doors.push(Bind::LoopbackVm);
    }
    if house.networks.tailnet.is_some() {
        doors.push(Bind::Tailnet);
    }
    pick(&doors, die)
}

fn raw_schedule() -> impl Strategy<Value = (Index, u8, Option<u32>)> {
    (any::<Index>(), any::<u8>(), option::of(1u32..600))
}

fn add_schedules(house: &mut Instance, raws: &[(Index, u8, Option<u32>)]) {
    let nodes = serving(house);
    for (n, (node, die, exit_timeout)) in raws.iter().enumerate() {
        let own = vec!["secret".to_owned(), "scan".to_owned()];
        let foreign = vec!["/usr/bin/true".to_owned(), "-x".to_owned()];
        let schedule = Schedule {
            node: node.get(&nodes).clone(),
            cron: pick(&CRONS, *die).to_owned(),
            command: if die % 2 == 0 { own } else { foreign },
            run_as: (die % 5 == 0).then(|| RunAs { user: account("operator"), reason: None }),
            exit_timeout: *exit_timeout,
        };
        house.schedules.insert(service_name(format!("job-{n}")), schedule);
    }
}
