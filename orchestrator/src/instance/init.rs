//! `sanctum init`: from what was seen of a machine and what its owner said to a commented instance file.
//!
//! The proposal always loads: an answer that would not is left out with a comment that says so, and never repeated,
//! since somebody may have pasted the wrong thing. Nothing is written here.

use super::coverage::uncovered_interfaces;
use super::load::load;
use super::model::{Arch, Os};
use super::validate::{is_public_key, is_time_zone};
use super::{NoCheck, registry};
use crate::house::Facts;
use ipnet::Ipv4Net;
use sanctum_types::{AccountName, IfName};
use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr};

/// What the owner said, or what their account says of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answers {
    /// A name for the house.
    pub name: Option<String>,
    /// IANA zone of the house; the machine's own unless said.
    pub timezone: Option<String>,
    /// The owner's account.
    pub owner: AccountName,
    /// Public keys that may log in to the guest.
    pub authorized_keys: Vec<String>,
    /// Whether the hub has a Linux virtual machine.
    pub guest: bool,
    /// The LAN's subnet; a /24 around the machine's address unless said.
    pub lan_subnet: Option<Ipv4Net>,
}

/// What the file says, after every answer was checked.
struct Plan {
    name: String,
    slug: String,
    zone: (String, &'static str),
    owner: (String, &'static str),
    keys: Vec<String>,
    keys_left_out: usize,
    os: Os,
    arch: Arch,
    interface: (String, &'static str),
    lan: (Ipv4Net, &'static str),
    address: Option<Ipv4Addr>,
    vm: Option<Ipv4Net>,
    tailnet: Option<IfName>,
}

/// The text of an instance file for this machine.
#[must_use]
pub fn propose(facts: &Facts, answers: &Answers) -> String {
    let plan = plan(facts, answers);
    let mut text = head(&plan);
    text.push_str(&networks(&plan));
    text.push_str(&services(plan.vm.is_some()));
    text.push_str(&SCHEDULES.replace("OWNER", &quoted(&plan.owner.0)));
    text.push_str(ALERTS);
    text.push_str(GUARDS);
    text.push_str(WATCH);
    let remarks = uncovered(&text, facts);
    text + &remarks
}

fn plan(facts: &Facts, answers: &Answers) -> Plan {
    let said = answers
        .name
        .as_deref()
        .map(|name| name.chars().filter(|c| printable(*c)).collect::<String>());
    let name = said.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty());
    let name = name.unwrap_or_else(|| "Home".to_owned());
    let lan_if = lan_interface(facts);
    let address = lan_if.as_ref().and_then(|name| address_of(facts, name));
    let lan = lan(answers.lan_subnet, address);
    let tailnet = tailnet(facts).filter(|_| !overlap(lan.0, OVERLAY));
    let (valid, odd): (Vec<&String>, Vec<&String>) =
        answers.authorized_keys.iter().partition(|line| is_public_key(line));
    let edge = |a: &Ipv4Addr| *a == lan.0.network() || *a == lan.0.broadcast();
    Plan {
        slug: slug(&name),
        name,
        zone: zone(answers.timezone.as_deref(), &facts.timezone),
        owner: if answers.owner.as_str() == "root" {
            ("operator".to_owned(), "   # set this: root is not a login of the house")
        } else {
            (answers.owner.to_string(), "")
        },
        keys: valid.into_iter().cloned().collect(),
        keys_left_out: odd.len(),
        os: facts.os,
        arch: facts.arch,
        interface: match (&facts.default_route, &lan_if) {
            (None, Some(name)) => {
                (name.to_string(), "   # there was no default route, so `auto` would name none")
            }
            _ => ("auto".to_owned(), "   # the default route's interface when a plan is made"),
        },
        lan,
        address: address.filter(|a| lan.0.contains(a) && !edge(a)),
        vm: answers.guest.then(|| vm_subnet(lan.0)).flatten(),
        tailnet,
    }
}

fn printable(c: char) -> bool {
    !c.is_control() && !matches!(c, '\u{2028}' | '\u{2029}')
}

fn slug(name: &str) -> String {
    // A node name's rule; what is no letter or digit becomes a dash.
    // Thirty letters are enough for a file name.
    let lower = name.to_lowercase();
    let words = lower.split(|c: char| !c.is_ascii_lowercase() && !c.is_ascii_digit());
    let dashed = words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-");
    let short: String = dashed.chars().take(30).collect();
    let slug = short.trim_matches('-');
    if slug.is_empty() { "home".to_owned() } else { slug.to_owned() }
}

fn zone(said: Option<&str>, machine: &str) -> (String, &'static str) {
    match said.into_iter().chain([machine]).find(|zone| is_time_zone(zone)) {
        Some(zone) => (zone.to_owned(), ""),
        None => ("UTC".to_owned(), "   # set this: no IANA time zone was found"),
    }
}

/// The default route's interface, or the first active one with an address of its own.
fn lan_interface(facts: &Facts) -> Option<IfName> {
    facts.default_route.clone().or_else(|| {
        let lan = |a: &IpAddr| matches!(a, IpAddr::V4(v4) if v4.is_private());
        let found = facts.interfaces.iter().find(|i| i.active && i.addresses.iter().any(lan));
        found.map(|interface| interface.name.clone())
    })
}

fn address_of(facts: &Facts, name: &IfName) -> Option<Ipv4Addr> {
    let interface = facts.interfaces.iter().find(|interface| interface.name == *name)?;
    interface.addresses.iter().find_map(|address| match address {
        IpAddr::V4(v4) if !v4.is_loopback() && !v4.is_unspecified() => Some(*v4),
        _ => None,
    })
}

fn lan(said: Option<Ipv4Net>, address: Option<Ipv4Addr>) -> (Ipv4Net, &'static str) {
    // A LAN wider than a /8 leaves no room for the host-only network beside it.
    if let Some(net) = said.filter(|net| net.prefix_len() >= 8) {
        return (net.trunc(), "");
    }
    let guess = address.and_then(|a| Ipv4Net::new(a, 24).ok()).map(|net| net.trunc());
    match guess {
        Some(net) => (net, "   # check this: guessed from the machine's address"),
        None => (HOME, "   # set this: the machine has no address there yet"),
    }
}

/// What most home routers give out.
const HOME: Ipv4Net = Ipv4Net::new_assert(Ipv4Addr::new(192, 168, 1, 0), 24);
/// Shared address space (RFC 6598), which overlay networks take their addresses from.
const OVERLAY: Ipv4Net = Ipv4Net::new_assert(Ipv4Addr::new(100, 64, 0, 0), 10);

fn overlap(a: Ipv4Net, b: Ipv4Net) -> bool {
    a.contains(&b.network()) || b.contains(&a.network())
}

/// One of each private range (RFC 1918): a LAN of a /8 or smaller leaves at least two of them free.
fn vm_subnet(lan: Ipv4Net) -> Option<Ipv4Net> {
    [Ipv4Addr::new(10, 10, 10, 0), Ipv4Addr::new(172, 31, 10, 0), Ipv4Addr::new(192, 168, 222, 0)]
        .into_iter()
        .filter_map(|start| Ipv4Net::new(start, 24).ok())
        .find(|net| !overlap(*net, lan))
}

fn tailnet(facts: &Facts) -> Option<IfName> {
    let overlay = |a: &IpAddr| matches!(a, IpAddr::V4(v4) if OVERLAY.contains(v4));
    let found = facts.interfaces.iter().find(|i| i.active && i.addresses.iter().any(overlay));
    found
        .map(|interface| interface.name.clone())
        .filter(|name| facts.default_route.as_ref() != Some(name))
}

/// A text as YAML: a plain word where it cannot be read as anything else, else between double quotes.
pub(crate) fn quoted(text: &str) -> String {
    let other = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"];
    let letter = text.chars().next().is_some_and(|c| c.is_ascii_lowercase());
    let rest = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
    if letter && text.chars().all(rest) && !other.contains(&text) {
        return text.to_owned();
    }
    // JSON's escapes are YAML's as well.
    serde_json::Value::from(text).to_string()
}

fn head(plan: &Plan) -> String {
    let mut text = format!(
        "# The one source of truth of this house, proposed by `sanctum init`; read it through before `sanctum plan`.\n\
         # Secrets stand here by reference only. docs/formats/instance.md explains every key.\n\
         format: 1\n\n\
         instance:\n  name: {}\n  slug: {}\n  timezone: {}{}\n\n\
         users:\n  owner: {}{}\n",
        quoted(&plan.name),
        quoted(&plan.slug),
        plan.zone.0,
        plan.zone.1,
        quoted(&plan.owner.0),
        plan.owner.1
    );
    if plan.keys_left_out > 0 {
        let _ = writeln!(
            text,
            "  # {} line(s) were no public keys and were left out",
            plan.keys_left_out
        );
    }
    if !plan.keys.is_empty() {
        text.push_str("  authorized_keys:   # public halves that may log in to the guest\n");
    }
    for key in &plan.keys {
        let _ = writeln!(text, "    - {}", quoted(key));
    }
    text.push_str("\nnodes:\n  hub:\n    type: hub\n");
    if plan.os == Os::Linux {
        text.push_str("    os: linux\n");
    }
    if plan.arch == Arch::X86_64 {
        text.push_str("    arch: x86_64\n");
    }
    if let Some(address) = plan.address {
        let _ = writeln!(text, "    lan_address: {address}");
    }
    if plan.vm.is_some() {
        text.push_str("  vm: {type: guest}   # the Linux virtual machine inside the hub\n");
    }
    text
}

fn networks(plan: &Plan) -> String {
    let mut text = format!(
        "\nnetworks:\n  lan:\n    interface: {}{}\n    subnet: {}{}\n",
        quoted(&plan.interface.0),
        plan.interface.1,
        plan.lan.0,
        plan.lan.1
    );
    if let Some(vm) = plan.vm {
        // The hub takes the first address of its host-only network, the guest the tenth.
        let mut hosts = vm.hosts();
        if let (Some(host), Some(guest)) = (hosts.next(), hosts.nth(8)) {
            let _ = writeln!(
                text,
                "  vm:   # host-only\n    subnet: {vm}\n    host: {host}\n    guest: {guest}"
            );
        }
    }
    if let Some(name) = &plan.tailnet {
        let _ = writeln!(
            text,
            "  tailnet:\n    interface: {}\n    subnet: {OVERLAY}",
            quoted(name.as_str())
        );
    }
    text
}

fn services(guest: bool) -> String {
    let door = if guest {
        "    bind: loopback+vm\n    reason: the guest reaches model providers only through it\n"
    } else {
        ""
    };
    format!(
        "\n# Every port that something of the house listens on; the packet filter is generated from this table.\n\
         # `bind`: loopback (the default), loopback+vm, tailnet or lan; wider than loopback needs a `reason`.\n\
         services:\n\
         \x20 vault:\n    node: hub\n    ports: [8200]\n    criticality: P0\n    \
         command: [/opt/sanctum/bin/sanctumd, --only, vault]\n    probe: tcp\n\
         \x20 sentinel:\n    node: hub\n    criticality: P0\n    \
         command: [/opt/sanctum/bin/sanctumd, --only, sentinel]\n    \
         run_as: {{user: root, reason: reads start-up and credential files of every account}}\n\
         \x20 presidio-anonymizer: {{node: hub, ports: [5001], criticality: P0, probe: tcp}}\n\
         \x20 presidio-analyzer: {{node: hub, ports: [5002], criticality: P0, probe: tcp}}\n\
         \x20 proxy:\n    node: hub\n    ports: [4040]\n{door}    \
         requires: [vault, presidio-analyzer, presidio-anonymizer]\n    criticality: P0\n    \
         command: [/opt/sanctum/bin/sanctumd, --only, proxy]\n    probe: tcp\n\
         \x20 dashboard:\n    node: hub\n    ports: [1111]\n    requires: [vault]\n    criticality: P1\n    \
         command: [/opt/sanctum/bin/sanctumd, --only, dashboard]\n    probe: tcp\n\
         \x20 # Keeps what registries say of packages that agents would install; runs as you, with your own clients.\n\
         \x20 # packages: {{node: hub}}\n"
    )
}

const SCHEDULES: &str = "
# Five cron fields, wall clock in the house's zone.
schedules:
  secret-rotation-scan: {node: hub, cron: \"0 6 * * *\", command: [scan, --all], run_as: {user: OWNER}}
  secret-age-check: {node: hub, cron: \"15 6 * * *\", command: [secrets, age, --notify],
    run_as: {user: root, reason: reads root's journal}}
  # Rotates what is due and needs nobody; a secret says how under `rotation` (docs/formats/instance.md).
  secret-rotation: {node: hub, cron: \"30 6 * * *\", command: [rotate, --due], exit_timeout: 600,
    run_as: {user: root, reason: writes the machine's own stores}}

# How the Mac boots is yours to decide; `sanctum doctor --only boot` says what follows. Encrypted, the house stays down after
# a power cut until somebody unlocks it at the machine; open, it comes back alone and a stolen disk can be read.
# boot: {filevault: on, reason: why, ups: false}
";

const ALERTS: &str = "
# Who is told what is wrong, the first choice first. A phone: {name: phone, via: {ntfy: {url: ..., topic: ...}}}
alerts:
  quiet: {from: \"22:00\", to: \"08:00\"}   # what is less bad than an error waits for the morning
  # dedup: 1800        # seconds in which the same thing is told once
  # hourly_cap: 10     # a critical one is never held back
  # heartbeat: 86400   # seconds after which a channel that said nothing is tried
  channels:
    - {name: desktop, via: desktop}
";

const GUARDS: &str = "
# What the guards do with what they find: enforce, or observe (they only tell what they would have blocked).
guards:
  sentinel: enforce
  firewall: enforce
  proxy: enforce
";

/// Sections whose defaults are good; a test holds the comments to them.
const WATCH: &str = "
# How services are supervised, in seconds; these are the defaults (docs/formats/supervision.md).
# supervision:
#   budget: {restarts: 3, window: 1800}    # more than these, and a service is in quarantine until you release it
#   backoff: {first: 2, max: 300}          # the wait before a restart, doubled each time
#   breaker: {causes: 4, window: 600}      # more distinct causes than these stop a mass heal
#   cadence: {P0: 30, P1: 60, P2: 300}     # how often a service is looked at
#   confirm: 3                             # between a failed look and the second one that confirms it
#   settle: 30                             # a started service turns its probe green in this time
#   probe_timeout: 5
#   stop: 30                               # from SIGTERM to SIGKILL

# Where the journal is witnessed: a directory on another disk, so that who empties this one is found out
# (docs/formats/journal.md). Without it a folder beside the store is used.
# journal:
#   second_place: /srv/witness/sanctum
";

/// A comment for every active interface that the proposal does not cover.
fn uncovered(text: &str, facts: &Facts) -> String {
    let Ok(loaded) = load(text, "proposal", &NoCheck) else { return String::new() };
    let Some((hub, _)) = registry::hub(&loaded.instance) else { return String::new() };
    let open = uncovered_interfaces(&loaded.instance, hub, facts);
    open.iter().fold(String::new(), |mut out, interface| {
        let _ = write!(
            out,
            "\n# {} is active and no network above covers it: name it under networks.lan.interface if it faces people.",
            interface.interface
        );
        out
    }) + if open.is_empty() { "" } else { "\n" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::house::{Interface, SshFacts};
    use expect_test::expect;
    use proptest::collection::vec;
    use proptest::option;
    use proptest::prelude::*;

    fn facts(interfaces: Vec<Interface>, default_route: Option<IfName>, timezone: &str) -> Facts {
        Facts {
            os: Os::Macos,
            arch: Arch::Aarch64,
            interfaces,
            default_route,
            ssh: SshFacts::default(),
            timezone: timezone.to_owned(),
            implemented: std::collections::BTreeSet::new(),
            pf_conf: None,
        }
    }

    fn seen(name: &str, addresses: &[&str]) -> Interface {
        let addresses = addresses.iter().map(|a| a.parse().expect("address")).collect();
        Interface { name: IfName::new(name).expect("name"), active: true, addresses }
    }

    fn said() -> Answers {
        Answers {
            name: Some("Lake house: \"1\"".to_owned()),
            timezone: None,
            owner: AccountName::new("operator").expect("account"),
            authorized_keys: vec!["hunter2".to_owned()],
            guest: true,
            lan_subnet: None,
        }
    }

    #[test]
    fn a_proposal_says_what_was_seen_and_what_was_guessed() {
        let facts = facts(
            vec![
                seen("lo0", &["127.0.0.1"]),
                seen("en1", &["192.168.7.20"]),
                seen("en5", &["169.254.1.1"]),
                seen("utun3", &["100.101.102.103"]),
            ],
            IfName::new("en1").ok(),
            "Europe/Vienna",
        );
        let text = propose(&facts, &said());
        let (top, _) = text.split_once("\n# Every port").expect("services follow");
        expect![[r##"
            # The one source of truth of this house, proposed by `sanctum init`; read it through before `sanctum plan`.
            # Secrets stand here by reference only. docs/formats/instance.md explains every key.
            format: 1

            instance:
              name: "Lake house: \"1\""
              slug: lake-house-1
              timezone: Europe/Vienna

            users:
              owner: operator
              # 1 line(s) were no public keys and were left out

            nodes:
              hub:
                type: hub
                lan_address: 192.168.7.20
              vm: {type: guest}   # the Linux virtual machine inside the hub

            networks:
              lan:
                interface: auto   # the default route's interface when a plan is made
                subnet: 192.168.7.0/24   # check this: guessed from the machine's address
              vm:   # host-only
                subnet: 10.10.10.0/24
                host: 10.10.10.1
                guest: 10.10.10.10
              tailnet:
                interface: utun3
                subnet: 100.64.0.0/10
        "##]].assert_eq(top);
        assert!(
            text.ends_with("people.\n")
                && text.contains("# en5 is active")
                && !text.contains("hunter2")
        );
    }

    /// The sections that stand in comments load once the signs are taken away, and say what holds without them.
    #[test]
    fn what_is_commented_out_is_what_holds() {
        let text = propose(&facts(vec![], None, "UTC"), &said());
        let key = |line: &str| {
            let word = line.split(':').next().unwrap_or_default();
            line.contains(':')
                && !word.is_empty()
                && word.chars().all(|c| c.is_ascii_lowercase() || c == '_')
        };
        let signs = |line: &str| match line.trim_start().strip_prefix("# ") {
            Some(rest) if rest.starts_with("  ") || key(rest) => line.replacen("# ", "", 1),
            _ => line.to_owned(),
        };
        let open: String = text.lines().map(|line| signs(line) + "\n").collect();
        let read = |text: &str| load(text, "proposal", &NoCheck).expect("it loads").instance;
        let (plain, open) = (read(&text), read(&open));
        assert_eq!(open.supervision, crate::instance::supervision::Supervision::default());
        assert_eq!((&open.supervision, &open.alerts), (&plain.supervision, &plain.alerts));
        assert!(plain.journal.second_place.is_none() && open.journal.second_place.is_some());
        assert!(plain.boot.filevault.is_none() && open.boot.filevault.is_some());
        for title in ["supervision", "journal", "alerts", "boot"] {
            assert!(text.contains(&format!("{title}:")), "{title}");
        }
        // A default that the comment does not name would still be equal: each key is there.
        let all = serde_json::to_value(&plain.supervision).expect("a value");
        for name in all.as_object().expect("a map").keys() {
            assert!(text.contains(&format!("#   {name}: ")), "{name}");
        }
    }

    /// Mostly addresses that collide with what is proposed.
    fn arb_address() -> impl Strategy<Value = IpAddr> {
        let near = [
            "10.10.10.0",
            "10.10.10.255",
            "10.10.10.7",
            "192.168.1.20",
            "172.31.10.1",
            "100.64.0.9",
            "127.0.0.1",
            "0.0.0.0",
            "169.254.3.3",
            "fe80::1",
        ];
        let near = prop::sample::select(near.to_vec()).prop_map(|a| a.parse().expect("address"));
        prop_oneof![3 => near, 1 => any::<IpAddr>()]
    }

    fn arb_subnet() -> impl Strategy<Value = Ipv4Net> {
        let near = [
            "10.0.0.0/8",
            "10.10.10.0/24",
            "10.10.10.9/32",
            "172.16.0.0/12",
            "192.168.0.0/16",
            "100.64.0.0/10",
            "0.0.0.0/0",
            "100.64.0.0/31",
        ];
        let near = prop::sample::select(near.to_vec()).prop_map(|a| a.parse().expect("subnet"));
        let far =
            (any::<Ipv4Addr>(), 0u8..=32).prop_map(|(a, p)| Ipv4Net::new(a, p).expect("prefix"));
        prop_oneof![near, far]
    }

    fn arb_interface() -> impl Strategy<Value = Interface> {
        ("[a-z]{2}[0-9]{1,2}", any::<bool>(), vec(arb_address(), 0..3)).prop_map(
            |(name, active, addresses)| Interface {
                name: IfName::new(name).expect("name"),
                active,
                addresses,
            },
        )
    }

    fn arb_answers() -> impl Strategy<Value = Answers> {
        let net = arb_subnet();
        let name = option::of("\\PC{0,20}|[ -~\\n]{0,60}");
        let zone = option::of(prop_oneof!["[A-Za-z/ #:]{0,12}", Just("Asia/Tokyo".to_owned())]);
        let owner = prop_oneof![Just("root"), Just("no"), Just("null"), Just("a.b-c")];
        (name, zone, owner, vec("\\PC{0,20}", 0..3), any::<bool>(), option::of(net)).prop_map(
            |(name, timezone, owner, authorized_keys, guest, lan_subnet)| Answers {
                name,
                timezone,
                owner: AccountName::new(owner).expect("account"),
                authorized_keys,
                guest,
                lan_subnet,
            },
        )
    }

    proptest! {
        #[test]
        fn whatever_was_seen_and_said_the_proposal_loads(
            interfaces in vec(arb_interface(), 0..5),
            route in any::<Option<prop::sample::Index>>(),
            zone in prop_oneof!["[A-Za-z/]{0,12}", Just("America/New_York".to_owned())],
            answers in arb_answers(),
        ) {
            let route = route.filter(|_| !interfaces.is_empty()).map(|i| i.get(&interfaces).name.clone());
            let text = propose(&facts(interfaces, route, &zone), &answers);
            match load(&text, "proposal", &NoCheck) {
                Ok(loaded) => prop_assert_eq!(loaded.instance.networks.vm.is_some(), answers.guest),
                Err(rejected) => prop_assert!(false, "{}\n{}", rejected, text),
            }
        }
    }
}
