//! What can be wrong with the meaning of an instance: one variant for each rule, with its words and its hint.
//!
//! A problem knows the path of keys that it is about; the position comes from the text it was read from.

use super::alerts::AlertFault;
use super::rotation::RotationFault;
use crate::instance::model::{Bind, Transport};
use crate::instance::tree::{End, Node};
use crate::jobs::cron::CronError;
use ipnet::{IpNet, Ipv4Net};
use sanctum_types::{AccountName, Diagnostic, NodeName, SecretRef, ServiceName};
use std::net::IpAddr;

/// Something wrong, and the path of keys and indices that it is about.
#[derive(Debug)]
pub struct Located {
    /// Keys and indices from the root.
    pub path: Vec<String>,
    /// Which end of the entry.
    pub end: End,
    /// What is wrong.
    pub problem: Problem,
}

impl Located {
    /// The remark with its place in the file.
    pub(crate) fn diagnostic(&self, tree: &Node) -> Diagnostic {
        let (line, col) = tree.locate(&self.path, self.end);
        let remark = Diagnostic::new(line, col, self.problem.to_string());
        match self.problem.hint() {
            Some(hint) => remark.with_hint(hint),
            None => remark,
        }
    }
}

/// One broken rule.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// The file says another format than 1.
    #[error("format {0} is not known; this sanctum reads format 1")]
    Format(u32),
    /// A text holds a line break or another control character, which would break out of a rendered line.
    #[error("{what} holds a control character")]
    ControlCharacter {
        /// Which text.
        what: String,
    },
    /// A text that must say something is empty.
    #[error("{what} is empty")]
    Empty {
        /// Which text.
        what: String,
    },
    /// A number that must be at least 1 is 0.
    #[error("{what} must be at least {least}")]
    TooSmall {
        /// Which number.
        what: String,
        /// The least that makes sense.
        least: u32,
    },
    /// A list names the same thing twice.
    #[error("`{item}` is listed twice")]
    Twice {
        /// What.
        item: String,
    },
    /// Not an IANA zone.
    #[error("`{zone}` is not a time zone of the IANA database")]
    TimeZone {
        /// As written.
        zone: String,
        /// A zone that is spelt much the same.
        near: Option<String>,
    },
    /// No node, or more than one, is of type `hub`.
    #[error("exactly one node must be of type `hub`; there are {count}")]
    Hubs {
        /// How many there are.
        count: usize,
    },
    /// There is one guest address, so one guest.
    #[error("`{second}` is a second guest beside `{first}`; `networks.vm` has one guest address")]
    SecondGuest {
        /// The first by name.
        first: NodeName,
        /// The other.
        second: NodeName,
    },
    /// A guest without a network to stand in.
    #[error("guest `{node}` has no network: `networks.vm` is not declared")]
    GuestWithoutNetwork {
        /// The guest.
        node: NodeName,
    },
    /// A virtual machine without network, guest node, or anybody who could log in to it.
    #[error("`vm` is declared without {what}")]
    VmWithout {
        /// What it needs.
        what: &'static str,
    },
    /// A host that ssh would take for an option or that is no host name.
    #[error("`{host}` is neither a host name nor an address")]
    Host {
        /// As written.
        host: String,
    },
    /// A list of interfaces without an interface.
    #[error("the list of interfaces is empty")]
    NoInterfaces,
    /// Bits beyond the prefix are set.
    #[error("{given} is an address, not a subnet")]
    HostBits {
        /// As written.
        given: IpNet,
    },
    /// Two networks share addresses.
    #[error("subnet {net} of `{name}` overlaps {other_net} of `{other}`")]
    Overlap {
        /// One network.
        name: &'static str,
        /// Its subnet.
        net: IpNet,
        /// The other network.
        other: &'static str,
        /// Its subnet.
        other_net: IpNet,
    },
    /// An address that is not in its network.
    #[error("{address} is outside {subnet}, the subnet of `{network}`")]
    Outside {
        /// The address.
        address: IpAddr,
        /// The subnet.
        subnet: Ipv4Net,
        /// The network's name.
        network: &'static str,
    },
    /// The first or last address of a subnet.
    #[error("{address} is the {kind} address of {subnet}")]
    Reserved {
        /// The address.
        address: IpAddr,
        /// `network` or `broadcast`.
        kind: &'static str,
        /// The subnet.
        subnet: Ipv4Net,
    },
    /// Two machines with one address.
    #[error("{address} is already the address of {other}")]
    AddressTaken {
        /// The address.
        address: IpAddr,
        /// Who has it.
        other: String,
    },
    /// An IPv6 address that no machine of a host-only network can have.
    #[error("{address} cannot be the hub's address in the host-only network: it is {kind}")]
    BadAddress6 {
        /// The address.
        address: IpAddr,
        /// What is wrong with it.
        kind: &'static str,
    },
    /// A node that is not declared.
    #[error("node `{node}` is not declared")]
    UnknownNode {
        /// As written.
        node: NodeName,
        /// A declared node that is spelt much the same.
        near: Option<String>,
    },
    /// A way over SSH that does not arrive.
    #[error("the jumps to `{node}` lead back to it")]
    JumpCircle {
        /// Where they lead.
        node: NodeName,
    },
    /// A machine that only calls runs nothing.
    #[error("`{what}` cannot run on `{node}`: a mobile node only calls")]
    OnMobile {
        /// The service or schedule.
        what: ServiceName,
        /// The node.
        node: NodeName,
    },
    /// Two enabled services want one port of one node.
    #[error("{port}/{transport} of node `{node}` is already taken by service `{other}`")]
    PortTaken {
        /// The port.
        port: u16,
        /// Its transport.
        transport: Transport,
        /// The node.
        node: NodeName,
        /// Who has it.
        other: ServiceName,
    },
    /// The registry says of the vault what its section says.
    #[error("`{key}` of the service `vault` is not what the section `vault` makes it")]
    VaultEntry {
        /// Which key.
        key: &'static str,
    },
    /// The vault's account is one that has no home to keep it in.
    #[error("the vault is kept in the home of its account, and `{account}` has none")]
    VaultAccount {
        /// The account.
        account: AccountName,
    },
    /// What opens the vault at boot is where only somebody's session reaches.
    #[error("`{reference}` needs the session of its account: at a boot the vault stays sealed")]
    VaultSession {
        /// The reference.
        reference: SecretRef,
    },
    /// A service wants the port of the SSH server.
    #[error("{port}/tcp of node `{node}` is the port of the SSH server")]
    SshPort {
        /// The port.
        port: u16,
        /// The node.
        node: NodeName,
    },
    /// A requirement that is not declared.
    #[error("service `{service}` requires `{missing}`, which is not declared")]
    UnknownService {
        /// Who requires it.
        service: ServiceName,
        /// As written.
        missing: ServiceName,
        /// A declared service that is spelt much the same.
        near: Option<String>,
    },
    /// Services that wait for each other.
    #[error("services require each other in a circle: {}", circle(.0))]
    Cycle(Vec<ServiceName>),
    /// Reachable from beyond its machine, and nobody knows why.
    #[error("service `{service}` binds `{bind}` without a reason")]
    NoReason {
        /// The service.
        service: ServiceName,
        /// Its policy.
        bind: Bind,
    },
    /// A policy that names a network the house does not have.
    #[error("service `{service}` binds `{bind}`, but `networks.{network}` is not declared")]
    BindWithoutNetwork {
        /// The service.
        service: ServiceName,
        /// Its policy.
        bind: Bind,
        /// The network.
        network: &'static str,
    },
    /// The host-only network has only the hub and the guest.
    #[error(
        "service `{service}` binds `loopback+vm` on `{node}`, which is not in the host-only network"
    )]
    BindOutsideVm {
        /// The service.
        service: ServiceName,
        /// Its node.
        node: NodeName,
    },
    /// A secret that is not declared.
    #[error("secret `{secret}` is not declared")]
    UnknownSecret {
        /// As written.
        secret: ServiceName,
        /// A declared secret that is spelt much the same.
        near: Option<String>,
    },
    /// The house would not come up by itself after a power cut.
    #[error("P0 service `{service}` needs secret `{secret}`, which only a login session can read")]
    SessionSecret {
        /// The service.
        service: ServiceName,
        /// The secret.
        secret: ServiceName,
    },
    /// A cache in the place of another secret would overwrite it.
    #[error("`{place}` is a place of `{other}` too, and a cache is overwritten by its source")]
    PlaceTaken {
        /// The place.
        place: String,
        /// The other secret, or this one again.
        other: ServiceName,
    },
    /// Not somebody to encrypt for. The text is not repeated: it may be an identity.
    #[error("this is neither an age recipient nor an SSH public key")]
    Recipient,
    /// A store cannot be opened with what is in it.
    #[error("the token that opens 1Password cannot be in 1Password")]
    TokenInside,
    /// A token would go over the network in clear text.
    #[error("a Connect server is reached by https, or on this machine")]
    ConnectAddress,
    /// Two ways to one store.
    #[error("`connect` and `op` are two ways to 1Password; one counts")]
    TwoWays,
    /// A reason for something that is not so.
    #[error("no place of `{0}` is in clear text")]
    NothingInClear(ServiceName),
    /// The same, for a service that needs a graphical session.
    #[error("P0 service `{service}` needs a graphical session, which a restart does not bring")]
    SessionService {
        /// The service.
        service: ServiceName,
    },
    /// Root without a word why.
    #[error("`{what}` runs as root without a reason")]
    RootWithoutReason {
        /// The service or schedule.
        what: ServiceName,
    },
    /// Root is not somebody's login.
    #[error("root cannot be {role}")]
    RootLogin {
        /// As what.
        role: &'static str,
    },
    /// A program that a search path would decide about.
    #[error("`{program}` is not an absolute path")]
    RelativeCommand {
        /// As written.
        program: String,
    },
    /// A health probe with nothing to ask.
    #[error("service `{service}` has a probe and no {what} port")]
    ProbeWithoutPort {
        /// The service.
        service: ServiceName,
        /// `tcp`, as probes speak TCP.
        what: &'static str,
    },
    /// A path that HTTP does not send.
    #[error("path `{path}` does not start with `/`")]
    ProbePath {
        /// As written.
        path: String,
    },
    /// No HTTP status.
    #[error("{status} is not an HTTP status")]
    ProbeStatus {
        /// As written.
        status: u16,
    },
    /// Agents exist on macOS only.
    #[error("service `{service}` asks for a graphical session on `{node}`, which is not a Mac")]
    GuiOffMac {
        /// The service.
        service: ServiceName,
        /// Its node.
        node: NodeName,
    },
    /// Another thing of the house has this job label.
    #[error("job label `{label}` is already that of {other}")]
    LabelTaken {
        /// The label.
        label: String,
        /// Whose it is.
        other: String,
    },
    /// A name that another, longer one shortens to.
    #[error("account `{account}` is already that of service `{other}`")]
    AccountTaken {
        /// The account.
        account: AccountName,
        /// Whose it is.
        other: ServiceName,
    },
    /// A cron text that cannot be read, or that never comes.
    #[error(transparent)]
    Cron(#[from] CronError),
    /// A channel of alerts that could not work, or would give its token away.
    #[error(transparent)]
    Alert(#[from] AlertFault),
    /// A rotation that could not be done as it is written.
    #[error(transparent)]
    Rotation(#[from] RotationFault),
    /// Not a line of authorized_keys.
    #[error("not a line of authorized_keys: {fault}")]
    AuthorizedKey {
        /// What is wrong with it.
        fault: KeyFault,
    },
    /// Allowed: another SSH port in a house with a Mac, where launchd holds the port and not sshd.
    #[error("`{node}` is a Mac: launchd listens for ssh there, on port 22 and not on {port}")]
    SshPortOfMac {
        /// The port.
        port: u16,
        /// The first Mac by name.
        node: NodeName,
    },
    /// Allowed: a network of public addresses at home.
    #[error("{net} of `{name}` is not a private range")]
    PublicSubnet {
        /// The network.
        name: &'static str,
        /// Its subnet.
        net: Ipv4Net,
    },
    /// Allowed: something important stands on something that is not.
    #[error("service `{service}` requires `{other}`, on which less stands")]
    WeakRequirement {
        /// The service.
        service: ServiceName,
        /// What it requires.
        other: ServiceName,
    },
    /// Allowed: a requirement that is switched off.
    #[error("service `{service}` requires `{other}`, which is not enabled")]
    DisabledRequirement {
        /// The service.
        service: ServiceName,
        /// What it requires.
        other: ServiceName,
    },
}

/// What is wrong with a line of authorized_keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyFault {
    /// No type.
    #[error("no key type such as ssh-ed25519")]
    Type,
    /// No key.
    #[error("the key is not base64")]
    Base64,
    /// A key of another type than the line says.
    #[error("the key is of another type than the line says")]
    Mismatch,
    /// The other half.
    #[error("this is a private key")]
    Private,
}

fn circle(names: &[ServiceName]) -> String {
    let turn = names.iter().chain(names.first());
    turn.map(ServiceName::as_str).collect::<Vec<_>>().join(" -> ")
}

impl Problem {
    /// What to do about it, where that is known.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let fixed = |text: &str| Some(text.to_owned());
        match self {
            Self::Format(_) => fixed("write `format: 1`"),
            Self::TimeZone { near, .. }
            | Self::UnknownNode { near, .. }
            | Self::UnknownService { near, .. }
            | Self::UnknownSecret { near, .. } => {
                near.as_ref().map(|near| format!("did you mean `{near}`?"))
            }
            Self::Hubs { count: 0 } => fixed("give the Mac Mini `type: hub`"),
            Self::Hubs { .. } => fixed("a machine elsewhere that serves is a `satellite`"),
            Self::GuestWithoutNetwork { .. } => fixed(
                "networks: {vm: {subnet: 10.10.10.0/24, host: 10.10.10.1, guest: 10.10.10.10}}",
            ),
            Self::HostBits { given } => Some(format!("did you mean `{}`?", given.trunc())),
            Self::PortTaken { .. } => fixed("give one of them another port, or `enabled: false`"),
            Self::VaultEntry { .. } => {
                fixed("leave it out there; `vault: {socket, tcp, unseal}` says how it is started")
            }
            Self::VaultAccount { .. } => {
                fixed("leave `run_as` out: it is the account's that logs in to the node")
            }
            Self::VaultSession { .. } => fixed(
                "keep it as age:FILE, sops:FILE#KEY or file:NAME, or unseal it yourself after a boot: sanctum vault unseal",
            ),
            Self::SshPort { .. } => fixed("give the service another port, or set `ssh.port`"),
            Self::SshPortOfMac { .. } => {
                fixed("keep 22: sanctum does not change launchd's ssh.plist")
            }
            Self::NoReason { .. } => {
                fixed("say in `reason` who needs to reach it, or bind `loopback`")
            }
            Self::SessionSecret { .. } => fixed(
                "give it a reference or a cache that resolves at boot: file:, age:, sops: or keychain://system/",
            ),
            Self::PlaceTaken { .. } => fixed("give each cache a place of its own"),
            Self::Recipient => fixed("age1..., or the line of an SSH public key"),
            Self::TokenInside => fixed("put it into file:, age:, sops: or keychain:"),
            Self::NothingInClear(_) => fixed("take `cleartext` away"),
            Self::SessionService { .. } => fixed("make it P1, or let it run without `gui`"),
            Self::RootWithoutReason { .. } => {
                fixed("say in `run_as.reason` why, or name another account")
            }
            Self::RelativeCommand { .. } => {
                fixed("write the whole path, such as /opt/sanctum/bin/sanctumd")
            }
            Self::Rotation(fault) => fault.hint().map(str::to_owned),
            Self::Alert(fault) => fault.hint().map(str::to_owned),
            Self::Cron(CronError::Never { .. }) => fixed("name a day that one of its months has"),
            Self::Cron(_) => fixed("minute hour day month weekday, such as `0 6 * * *`"),
            Self::AuthorizedKey { fault: KeyFault::Private } => {
                fixed("rotate it: it was in a file that is not secret; here belongs the .pub line")
            }
            Self::AuthorizedKey { .. } => fixed("a line of a .pub file: type, key, comment"),
            Self::DisabledRequirement { .. } => fixed("enable it, or take it out of `requires`"),
            Self::WeakRequirement { .. } => fixed("raise the criticality of what is required"),
            _ => None,
        }
    }
}
