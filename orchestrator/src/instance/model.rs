//! The instance file as types: everything that a house declares, and nothing that is derived from it.
//!
//! Unknown keys are refused everywhere. Meaning (unique ports, known requirements, subnets that do not
//! overlap) is judged in `validate`, with the position of the offending value. `docs/formats/instance.md`
//! is the page for people; `sanctum config schema` prints the same as JSON Schema.

use crate::presence::Agent;
use ipnet::{Ipv4Net, Ipv6Net};
use sanctum_types::{AbsPath, AccountName, IfName, NodeName, ServiceName};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr};

pub use super::probe::{Contract, EndToEnd, JsonClaim, Probe, Scalar};
pub use super::secrets::{Cleartext, SecretEntry};
pub use super::supervision::Supervision;

/// A whole house.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Instance {
    /// Format of this file; always 1.
    pub format: u32,
    /// Who this house is.
    pub instance: Identity,
    /// Accounts of people.
    pub users: Users,
    /// Machines, by name. Exactly one is of type `hub`.
    pub nodes: BTreeMap<NodeName, Node>,
    /// Networks that the machines stand in.
    pub networks: Networks,
    /// The service registry: every port that something of the house listens on.
    #[serde(default)]
    pub services: BTreeMap<ServiceName, Service>,
    /// How machines are reached over SSH.
    #[serde(default)]
    pub ssh: Ssh,
    /// How the packet filter of the hub is attached.
    #[serde(default)]
    pub pf: Pf,
    /// Secrets by name; never their values.
    #[serde(default)]
    pub secrets: BTreeMap<ServiceName, SecretEntry>,
    /// How the stores of secrets are reached, where that does not follow from the machine.
    #[serde(default)]
    pub stores: super::stores::Stores,
    /// Jobs that run by the clock.
    #[serde(default)]
    pub schedules: BTreeMap<ServiceName, Schedule>,
    /// What the house decided about booting.
    #[serde(default)]
    pub boot: super::boot::Boot,
    /// The three guards and the vault's mode.
    #[serde(default)]
    pub guards: Guards,
    /// Coding agents besides the well-known ones: what they start may not loosen anything.
    #[serde(default)]
    pub agents: BTreeMap<ServiceName, Agent>,
    /// Where the journal is witnessed.
    #[serde(default)]
    pub journal: super::journal::Journal,
    /// How services are supervised.
    #[serde(default)]
    pub supervision: Supervision,
    /// How the house tells what is wrong.
    #[serde(default)]
    pub alerts: super::alerts::Alerts,
    /// The vault, which the house has where this is there.
    #[serde(default)]
    pub vault: Option<super::vault::Vault>,
    /// The virtual machine of the hub.
    #[serde(default)]
    pub vm: Option<Vm>,
}

/// Name and place of a house.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// A name for people.
    pub name: String,
    /// A short name for file names.
    pub slug: NodeName,
    /// IANA time zone in which schedules are meant, such as `America/New_York`.
    pub timezone: String,
}

/// Accounts of people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Users {
    /// The owner's account on the hub.
    pub owner: AccountName,
    /// The login account of the guest.
    #[serde(default = "default_guest_user")]
    pub guest: AccountName,
    /// Public keys (authorized_keys lines) that may log in to the guest.
    #[serde(default)]
    pub authorized_keys: Vec<String>,
}

#[expect(clippy::expect_used, reason = "a constant that AccountName accepts; tested")]
fn default_guest_user() -> AccountName {
    AccountName::new("ubuntu").expect("constant")
}

/// What a machine is to the house.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum NodeType {
    /// The Mac Mini that the house stands on.
    Hub,
    /// The Linux virtual machine inside the hub.
    Guest,
    /// A machine elsewhere that serves.
    Satellite,
    /// A laptop or phone that only calls.
    Mobile,
}

/// Operating system of a node.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Os {
    /// macOS: pf and launchd.
    Macos,
    /// Linux: nftables and systemd.
    Linux,
}

/// Processor architecture of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Arch {
    /// Apple silicon and other 64-bit Arm.
    Aarch64,
    /// 64-bit x86, in the spelling of uname(1).
    #[serde(rename = "x86_64")]
    X86_64,
}

/// One machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Node {
    /// What it is to the house.
    #[serde(rename = "type")]
    pub kind: NodeType,
    /// Its operating system; a hub's default is macos, a guest's linux.
    #[serde(default)]
    pub os: Option<Os>,
    /// Its architecture; aarch64 unless said.
    #[serde(default)]
    pub arch: Option<Arch>,
    /// Host name or address to reach it over SSH.
    #[serde(default)]
    pub host: Option<String>,
    /// Its address on the LAN.
    #[serde(default)]
    pub lan_address: Option<Ipv4Addr>,
    /// Its account for SSH; the house's owner or guest user unless said.
    #[serde(default)]
    pub user: Option<AccountName>,
    /// The node that SSH to this one goes through.
    #[serde(default)]
    pub jump: Option<NodeName>,
    /// Interfaces of this node that face its LAN, where they differ from `networks.lan.interface`.
    #[serde(default)]
    pub lan_interfaces: Option<Interfaces>,
}

/// `auto`, or a list of names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Interfaces {
    /// The default route's interface, found when a plan is made.
    Auto(Auto),
    /// One interface.
    One(IfName),
    /// Several interfaces.
    Many(Vec<IfName>),
}

impl Default for Interfaces {
    fn default() -> Self {
        Self::Auto(Auto::Auto)
    }
}

/// The word `auto`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Auto {
    /// Found when a plan is made.
    Auto,
}

/// Networks of the house.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Networks {
    /// The network at home.
    pub lan: Lan,
    /// The host-only network of the guest.
    #[serde(default)]
    pub vm: Option<VmNet>,
    /// The overlay network, where there is one.
    #[serde(default)]
    pub tailnet: Option<Tailnet>,
}

/// The network at home.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Lan {
    /// Interfaces that face it.
    #[serde(default)]
    pub interface: Interfaces,
    /// Its IPv4 subnet.
    pub subnet: Ipv4Net,
    /// Its IPv6 prefix, where it has a fixed one.
    #[serde(default)]
    pub subnet6: Option<Ipv6Net>,
}

/// The host-only network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VmNet {
    /// Its IPv4 subnet, such as 10.10.10.0/24.
    pub subnet: Ipv4Net,
    /// The hub's address in it.
    pub host: Ipv4Addr,
    /// The guest's address in it.
    pub guest: Ipv4Addr,
    /// The hub's address, IPv6, where the network has a prefix.
    #[serde(default)]
    pub host6: Option<Ipv6Addr>,
    /// The bridge that macOS makes for it.
    #[serde(default = "default_bridge")]
    pub bridge: IfName,
}

#[expect(clippy::expect_used, reason = "a constant that IfName accepts; tested")]
fn default_bridge() -> IfName {
    IfName::new("bridge100").expect("constant")
}

/// The overlay network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tailnet {
    /// Its interface, such as `utun4` or `tailscale0`.
    pub interface: IfName,
    /// Its IPv4 range, such as 100.64.0.0/10.
    pub subnet: Ipv4Net,
}

/// Who may reach a service.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub enum Bind {
    /// Only its own machine.
    #[default]
    #[serde(rename = "loopback")]
    Loopback,
    /// Its own machine and the guest.
    #[serde(rename = "loopback+vm")]
    LoopbackVm,
    /// Its own machine and the overlay network.
    #[serde(rename = "tailnet")]
    Tailnet,
    /// Its own machine and the network at home.
    #[serde(rename = "lan")]
    Lan,
}

/// Transport of a port.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// TCP.
    #[default]
    Tcp,
    /// UDP.
    Udp,
}

/// One port: `4040`, or `{port: 53, transport: udp}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum PortSpec {
    /// A TCP port.
    Tcp(std::num::NonZeroU16),
    /// A port with its transport.
    With(PortWith),
}

/// A port with its transport.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(deny_unknown_fields)]
pub struct PortWith {
    /// Number, from 1.
    pub port: std::num::NonZeroU16,
    /// Transport.
    pub transport: Transport,
}

impl PortSpec {
    /// Number and transport.
    #[must_use]
    pub const fn get(self) -> (u16, Transport) {
        match self {
            Self::Tcp(port) => (port.get(), Transport::Tcp),
            Self::With(with) => (with.port.get(), with.transport),
        }
    }
}

/// How much of the house stands on a service.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub enum Criticality {
    /// The house is down without it: its secrets resolve with no login session.
    P0,
    /// Something people use is down without it.
    P1,
    /// Nice to have.
    #[default]
    P2,
}

/// One service of the registry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// The machine it runs on.
    pub node: NodeName,
    /// Ports it listens on.
    #[serde(default)]
    pub ports: Vec<PortSpec>,
    /// Who may reach it.
    #[serde(default)]
    pub bind: Bind,
    /// Why it is reachable from beyond its own machine; mandatory for anything wider than loopback.
    #[serde(default)]
    pub reason: Option<String>,
    /// Services that must run first.
    #[serde(default)]
    pub requires: Vec<ServiceName>,
    /// How much stands on it.
    #[serde(default)]
    pub criticality: Criticality,
    /// The command that sanctum supervises; none when something else starts it.
    #[serde(default)]
    pub command: Option<Vec<String>>,
    /// Its account; `_sanctum_<name>` unless said.
    #[serde(default)]
    pub run_as: Option<RunAs>,
    /// It needs the owner's graphical session: an Agent instead of a Daemon.
    #[serde(default)]
    pub gui: bool,
    /// Secrets that it reads, by their names under `secrets`.
    #[serde(default)]
    pub secrets: Vec<ServiceName>,
    /// How its health is seen.
    #[serde(default)]
    pub probe: Option<Probe>,
    /// Whether it is rendered and planned at all.
    #[serde(default = "yes")]
    pub enabled: bool,
}

impl Service {
    /// A service of that machine of which nothing else is said.
    #[must_use]
    pub const fn on(node: NodeName) -> Self {
        Self {
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
}

const fn yes() -> bool {
    true
}

/// The account that a service runs as.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RunAs {
    /// The account.
    pub user: AccountName,
    /// Why it is not the service's own; mandatory for `root`.
    #[serde(default)]
    pub reason: Option<String>,
}

/// SSH policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Ssh {
    /// Accounts that may log in besides each node's own user.
    pub allow_users: Vec<AccountName>,
    /// Profile of nodes that name none below; `post-quantum` on guests and `compatible` elsewhere unless said.
    pub profiles: BTreeMap<NodeName, SshProfile>,
    /// Port of the server on every node.
    pub port: std::num::NonZeroU16,
    /// From where it may be reached.
    pub reachable_from: Vec<Reach>,
}

impl Default for Ssh {
    fn default() -> Self {
        Self {
            allow_users: Vec::new(),
            profiles: BTreeMap::new(),
            port: std::num::NonZeroU16::MIN.saturating_add(21),
            reachable_from: vec![Reach::Lan, Reach::Tailnet, Reach::Vm],
        }
    }
}

/// A network from which something is reached.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Reach {
    /// The network at home.
    Lan,
    /// The overlay network.
    Tailnet,
    /// The host-only network.
    Vm,
}

/// A named set of SSH algorithms.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum SshProfile {
    /// Only key exchanges that resist a quantum computer.
    PostQuantum,
    /// Post-quantum first, curve25519 for clients that have nothing better.
    Compatible,
}

/// How pf meets our anchor.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Pf {
    /// Where the anchor is attached.
    pub attach: PfAttach,
}

/// Where the anchor is attached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum PfAttach {
    /// Below `com.apple/`, which the stock main ruleset evaluates.
    #[default]
    #[serde(rename = "com.apple")]
    ComApple,
    /// By one marked line in `/etc/pf.conf`.
    #[serde(rename = "main")]
    Main,
}

/// A job that runs by the clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// The machine it runs on.
    pub node: NodeName,
    /// Five cron fields in the house's time zone, such as `0 6 * * *`.
    pub cron: String,
    /// Arguments of `sanctum`, or an absolute command.
    pub command: Vec<String>,
    /// Its account; the house's `_sanctum` unless said.
    #[serde(default)]
    pub run_as: Option<RunAs>,
    /// Seconds it is given to end after SIGTERM (launchd's ExitTimeOut).
    #[serde(default)]
    pub exit_timeout: Option<u32>,
}

/// Modes of the guards.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Guards {
    /// Watches start-up files, credential files and the network.
    pub sentinel: GuardMode,
    /// Hooks of coding agents.
    pub firewall: GuardMode,
    /// Scrubbing of personal data on its way to a provider.
    pub proxy: GuardMode,
}

/// What a guard does with what it finds.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum GuardMode {
    /// Not running.
    Off,
    /// Records what it would have done.
    Observe,
    /// Acts.
    #[default]
    Enforce,
}

/// The virtual machine of the hub.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Vm {
    /// Processors.
    pub cpus: u32,
    /// Memory in MiB.
    pub memory_mib: u32,
    /// Its disk image on the hub (qcow2).
    pub disk: AbsPath,
}

impl std::fmt::Display for Bind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Loopback => "loopback",
            Self::LoopbackVm => "loopback+vm",
            Self::Tailnet => "tailnet",
            Self::Lan => "lan",
        })
    }
}

impl std::fmt::Display for Transport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        })
    }
}
