//! The observations of exposure: the socket table, networks, forwarding, both packet filters, and calls of our own.
//!
//! A call goes from this machine to its own addresses: it shows what a service binds to, and not what a filter in
//! front of it lets through. Nothing is sent beyond this machine.

use super::reach::{Ways, same};
use crate::doctor::eyes::{Eyes, nothing_runs};
use crate::doctor::looked::{Many, Seen, unseen};
use crate::exposure::{Listener as By, Network};
use crate::instance::model::{Os, Transport};
use crate::pf;
use crate::prove::machine::pf::{Counted, counters, counters_argv};
use sanctum_host::bridges::Bridges;
use sanctum_host::command::{Options, Program, run};
use sanctum_host::files::{TempDir, write_new};
use sanctum_host::interfaces::Interface;
use sanctum_host::live::{argv, parse};
use sanctum_host::sight::Sight;
use sanctum_host::sockets::{self, Listener};
use sanctum_host::{Unit, accounts, bridges as host_bridges, clock, forwarding as host_forwarding};
use sanctum_types::{CouldNotCheck, Secret};
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// The live socket table.
pub type Listeners = Many<Listener>;

/// Whether packets are passed on between networks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Passing {
    /// IPv4.
    pub v4: bool,
    /// IPv6; none on a kernel without it.
    pub v6: Option<bool>,
}

/// The packet filter of a Mac.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PfState {
    /// Whether it is enabled.
    pub enabled: bool,
    /// Our anchor.
    pub anchor: String,
    /// How many rules its file has.
    pub wanted: usize,
    /// Its rules with their counters.
    pub first: Vec<Counted>,
    /// The same a moment later.
    pub second: Vec<Counted>,
}

/// Our table in the kernel of a Linux node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NftState {
    /// What the kernel has, without counters; none where it has no such table.
    pub loaded: Option<String>,
    /// What it would have of our file, printed in the same way.
    pub wanted: String,
}

/// One call to an address that must not answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probed {
    /// Whose port it is.
    pub service: String,
    /// The address that was called.
    pub at: SocketAddr,
    /// The network that the address belongs to; none where no declared network is.
    pub network: Option<Network>,
    /// Whether something answered.
    pub answered: bool,
}

/// What the kernel lends to clients begins here at the earliest: ip_local_port_range of Linux (ip(7)); macOS begins
/// at 49152.
pub(crate) const EPHEMERAL: u16 = 32_768;
/// Time between two readings of pf's counters: something calls a Mac on a LAN every few seconds.
const BETWEEN: Duration = Duration::from_secs(3);
/// A call to one's own address is answered at once or never.
const CALL: Duration = Duration::from_millis(300);
/// Most calls of one look, so that a big registry on a machine with many addresses ends.
const MOST_CALLS: usize = 512;

/// The socket table of this machine.
pub fn listeners(eyes: &Eyes<'_>) -> Seen<Listeners> {
    if !eyes.is_machine() {
        return Err(nothing_runs("listeners"));
    }
    let table = sockets::table().map_err(|error| unseen("listeners", &error))?;
    let hidden = || CouldNotCheck {
        subject: "listeners".to_owned(),
        cause: "only root sees the sockets of other accounts here".to_owned(),
    };
    let unseen = (!table.complete).then(hidden).into_iter().collect();
    Ok(Many { all: table.listeners, unseen })
}

/// The interfaces of this machine.
pub fn interfaces(eyes: &Eyes<'_>) -> Seen<BTreeMap<String, Interface>> {
    if !eyes.is_machine() {
        return Err(nothing_runs("interfaces"));
    }
    sanctum_host::interfaces::interfaces().map_err(|error| unseen("interfaces", &error))
}

/// The bridges of this machine.
pub fn bridges(eyes: &Eyes<'_>) -> Seen<Bridges> {
    if !eyes.is_machine() {
        return Err(nothing_runs("bridges"));
    }
    host_bridges::bridges().map_err(|error| unseen("bridges", &error))
}

/// Whether the kernel passes packets on.
pub fn forwarding(eyes: &Eyes<'_>) -> Seen<Passing> {
    if !eyes.is_machine() {
        return Err(nothing_runs("forwarding"));
    }
    let found = host_forwarding::forwarding().map_err(|error| unseen("forwarding", &error))?;
    let switch = |family: &str, sight| match sight {
        Sight::Seen(on) => Ok(Some(on)),
        Sight::Absent => Ok(None),
        Sight::Denied => Err(CouldNotCheck {
            subject: format!("forwarding of {family}"),
            cause: "this account may not read it".to_owned(),
        }),
    };
    Ok(Passing { v4: switch("IPv4", found.v4)?.unwrap_or(false), v6: switch("IPv6", found.v6)? })
}

/// pf and our anchor in it.
pub fn pf(eyes: &Eyes<'_>) -> Seen<PfState> {
    if eyes.ground.facts.os != Os::Macos {
        return Ok(PfState::default());
    }
    let wanted = eyes.wanted()?;
    let file = wanted.artefacts.iter().find(|artefact| artefact.is_anchor());
    let (text, anchor) = match file.map(|file| (file, &file.unit)) {
        Some((file, Some(Unit::PfAnchor { name }))) => {
            (String::from_utf8_lossy(&file.bytes).into_owned(), name.clone())
        }
        _ => (String::new(), String::new()),
    };
    let status = says(eyes, "pf", "pfctl", &argv::pfctl_status())?;
    let read = || {
        let said = says(eyes, "the counters of our pf anchor", "pfctl", &counters_argv(&anchor))?;
        Ok::<_, CouldNotCheck>(counters(&said))
    };
    let first = read()?;
    clock::sleep(BETWEEN);
    Ok(PfState {
        enabled: parse::pf_enabled(&status),
        wanted: pf::check(&text).map_or(0, |checked| checked.rule_count()),
        anchor: anchor.clone(),
        first,
        second: read()?,
    })
}

fn says(eyes: &Eyes<'_>, subject: &str, program: &str, args: &[String]) -> Seen<String> {
    need_root(subject)?;
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    eyes.says(subject, program, &args)
}

/// Root alone may ask.
pub(crate) fn need_root(subject: &str) -> Seen<()> {
    if accounts::effective_uid() == 0 {
        return Ok(());
    }
    Err(CouldNotCheck { subject: subject.to_owned(), cause: "only root may ask".to_owned() })
}

const TABLE: &str = "table inet sanctum";

/// Our nftables table as it is and as it should be.
pub fn nft(eyes: &Eyes<'_>) -> Seen<NftState> {
    if eyes.ground.facts.os != Os::Linux {
        return Ok(NftState::default());
    }
    let wanted = eyes.wanted()?;
    let is_table = |unit: &Option<Unit>| matches!(unit, Some(Unit::NftTable { .. }));
    let Some(file) = wanted.artefacts.iter().find(|artefact| is_table(&artefact.unit)) else {
        return Ok(NftState::default());
    };
    if !eyes.is_machine() {
        return Err(nothing_runs(TABLE));
    }
    need_root(TABLE)?;
    let output = eyes.ask(TABLE, "nft", &["-s", "list", "table", "inet", "sanctum"])?;
    let loaded = match output.status.success() {
        true => Some(output.text()),
        false if String::from_utf8_lossy(&output.stderr).contains("No such file") => None,
        false => return Err(unseen(TABLE, &output.failure())),
    };
    Ok(NftState { loaded, wanted: printed(&file.bytes)? })
}

/// What nft prints of a ruleset that it has loaded, asked in a network namespace of its own.
fn printed(ruleset: &[u8]) -> Seen<String> {
    let failed = |error: &dyn std::error::Error| unseen("the wanted nftables ruleset", error);
    let not_here = || CouldNotCheck {
        subject: "the wanted nftables ruleset".to_owned(),
        cause: "nft or unshare is not on this machine".to_owned(),
    };
    let (unshare, nft) =
        Program::find(&["unshare"]).zip(Program::find(&["nft"])).ok_or_else(not_here)?;
    let dir = TempDir::new().map_err(|error| failed(&error))?;
    let file = dir.path().join("wanted.nft");
    write_new(&file, ruleset).map_err(|error| failed(&error))?;
    // A list in the same file would be answered before the rules are in.
    let script = format!("include \"{}\"\nlist {TABLE}\n", file.display());
    let stdin = Some(Secret::new(script.into_bytes()));
    let options = Options { stdin, ..Options::default() };
    let args = ["--net", nft.path().as_str(), "-s", "-i"];
    let said = run(&unshare, &args, options).map_err(|error| failed(&error))?;
    let said = said.success().map_err(|error| failed(&error))?;
    match said.text() {
        text if text.contains(TABLE) => Ok(text),
        _ => Err(failed(&said.failure())),
    }
}

/// Calls each port of the registry on each of this machine's addresses that it is closed to.
pub fn probes(eyes: &Eyes<'_>) -> Seen<Many<Probed>> {
    if !eyes.is_machine() {
        return Err(nothing_runs("calls to closed ports"));
    }
    let ways = Ways::of(eyes.ground)?;
    let live = interfaces(eyes)?;
    let all =
        closed(&ways, live.values().flat_map(|interface| interface.addresses.iter().map(|a| a.ip)));
    if all.len() > MOST_CALLS {
        return Err(CouldNotCheck {
            subject: "calls to closed ports".to_owned(),
            cause: format!("{} calls would be needed, {MOST_CALLS} are made at most", all.len()),
        });
    }
    Ok(Many::collect(at_once(&all, |mut probe| {
        probe.answered = answers(probe.at).map_err(|error| unseen(&probe.at, &error))?;
        Ok(probe)
    })))
}

/// The calls that must all fail.
pub(crate) fn closed(
    ways: &Ways,
    addresses: impl Iterator<Item = std::net::IpAddr>,
) -> Vec<Probed> {
    // An address of one link means nothing without its interface.
    let of_link = |ip: &std::net::IpAddr| match ip {
        std::net::IpAddr::V6(v6) => v6.is_unicast_link_local(),
        std::net::IpAddr::V4(_) => false,
    };
    let mut addresses: Vec<_> = addresses.filter(|ip| !ip.is_loopback() && !of_link(ip)).collect();
    addresses.sort();
    addresses.dedup();
    let tcp = || ways.exposure.iter().filter(|(transport, ..)| *transport == Transport::Tcp);
    let mut all = Vec::new();
    for ip in addresses {
        let network = ways.network(ip);
        for (transport, port, exposed) in tcp() {
            let By::Service(name) = &exposed.by else { continue };
            let open = network.is_some_and(|net| ways.exposure.opens(net, transport, port));
            if !open {
                let at = SocketAddr::new(ip, port);
                all.push(Probed { service: name.to_string(), at, network, answered: false });
            }
        }
    }
    all
}

/// Sixteen at a time: each waits for the same short time.
fn at_once(all: &[Probed], call: impl Fn(Probed) -> Seen<Probed> + Sync) -> Vec<Seen<Probed>> {
    const AT_ONCE: usize = 16;
    let mut found = Vec::with_capacity(all.len());
    for some in all.chunks(AT_ONCE) {
        std::thread::scope(|scope| {
            let calls: Vec<_> = some.iter().map(|one| scope.spawn(|| call(one.clone()))).collect();
            for call in calls {
                match call.join() {
                    Ok(one) => found.push(one),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
        });
    }
    found
}

/// Whether a TCP connection is taken.
fn answers(at: SocketAddr) -> std::io::Result<bool> {
    match TcpStream::connect_timeout(&at, CALL) {
        Ok(_) => Ok(true),
        Err(error) => match error.kind() {
            ErrorKind::ConnectionRefused
            | ErrorKind::ConnectionReset
            | ErrorKind::TimedOut
            | ErrorKind::WouldBlock
            | ErrorKind::HostUnreachable
            | ErrorKind::NetworkUnreachable
            // What a filter of this machine answers to its own calls.
            | ErrorKind::PermissionDenied => Ok(false),
            _ => Err(error),
        },
    }
}

/// The listeners of one declared port.
pub(crate) fn on(
    listeners: &Listeners,
    transport: Transport,
    port: u16,
) -> impl Iterator<Item = &Listener> {
    listeners.iter().filter(move |one| same(one.transport, transport) && one.port == port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_and_what_is_not() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let at = listener.local_addr().unwrap();
        assert!(answers(at).unwrap());
        drop(listener);
        assert!(!answers(at).unwrap());
    }

    #[test]
    fn every_port_is_called_where_it_is_closed_and_nowhere_else() {
        let looked = crate::doctor::fixture::hub(&serde_json::json!({ "services": {
            "proxy": { "node": "hub", "ports": [4040] },
            "ha": { "node": "hub", "ports": [8123], "bind": "lan", "reason": "the family" },
            "dns": { "node": "hub", "ports": [{ "port": 53, "transport": "udp" }] },
        } }));
        let ways = Ways::of(&looked.ground).unwrap();
        let addresses = ["127.0.0.1", "192.168.1.10", "10.10.10.1", "203.0.113.9", "fe80::1"]
            .map(|ip| ip.parse().unwrap());
        let called: Vec<String> = closed(&ways, addresses.into_iter())
            .iter()
            .map(|one| format!("{} {}", one.service, one.at))
            .collect();
        assert_eq!(
            called,
            [
                "proxy 10.10.10.1:4040",
                "ha 10.10.10.1:8123",
                "proxy 192.168.1.10:4040",
                "proxy 203.0.113.9:4040",
                "ha 203.0.113.9:8123",
            ]
        );
    }
}
