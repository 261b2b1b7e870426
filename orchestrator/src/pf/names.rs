//! The names pf knows: services, protocols, ICMP types and codes, timeouts, limits.
//!
//! The tables are built in, so that a verdict does not depend on the `/etc/services` and `/etc/protocols` of the
//! machine that judges. Absent on purpose: users and groups, which only the target machine can know.

/// `port/proto/name[/alias]...`, proto being `t`, `u` or `b` (both), as in services(5) of the IANA registry.
const SERVICES: &str = include_str!("services.txt");

/// Protocol number, canonical name and alias, as in protocols(5); `icmp6` is what macOS adds for 58.
const PROTOCOLS: &[(u8, &str, &str)] = &[
    (0, "ip", "IP"),
    (1, "icmp", "ICMP"),
    (2, "igmp", "IGMP"),
    (3, "ggp", "GGP"),
    (4, "ipencap", "IP-ENCAP"),
    (5, "st", "ST"),
    (6, "tcp", "TCP"),
    (8, "egp", "EGP"),
    (9, "igp", "IGP"),
    (12, "pup", "PUP"),
    (17, "udp", "UDP"),
    (20, "hmp", "HMP"),
    (22, "xns-idp", "XNS-IDP"),
    (27, "rdp", "RDP"),
    (29, "iso-tp4", "ISO-TP4"),
    (33, "dccp", "DCCP"),
    (36, "xtp", "XTP"),
    (37, "ddp", "DDP"),
    (41, "ipv6", "IPv6"),
    (43, "ipv6-route", "IPv6-Route"),
    (44, "ipv6-frag", "IPv6-Frag"),
    (46, "rsvp", "RSVP"),
    (47, "gre", "GRE"),
    (50, "esp", "IPSEC-ESP"),
    (51, "ah", "IPSEC-AH"),
    (57, "skip", "SKIP"),
    (58, "ipv6-icmp", "IPv6-ICMP"),
    (58, "icmp6", "ICMP6"),
    (59, "ipv6-nonxt", "IPv6-NoNxt"),
    (60, "ipv6-opts", "IPv6-Opts"),
    (81, "vmtp", "VMTP"),
    (88, "eigrp", "EIGRP"),
    (89, "ospf", "OSPFIGP"),
    (94, "ipip", "IPIP"),
    (97, "etherip", "ETHERIP"),
    (98, "encap", "ENCAP"),
    (103, "pim", "PIM"),
    (108, "ipcomp", "IPCOMP"),
    (112, "vrrp", "VRRP"),
    (112, "carp", "CARP"),
    (115, "l2tp", "L2TP"),
    (124, "isis", "ISIS"),
    (132, "sctp", "SCTP"),
    (136, "udplite", "UDPLite"),
    (240, "pfsync", "PFSYNC"),
];

/// Assigned protocol numbers (IANA).
pub(crate) const ICMP: u8 = 1;
/// TCP.
pub(crate) const TCP: u8 = 6;
/// UDP.
pub(crate) const UDP: u8 = 17;
/// ICMP for IPv6.
pub(crate) const ICMP6: u8 = 58;

const ICMP_TYPES: &[(&str, u8)] = &[
    ("echoreq", 8),
    ("echorep", 0),
    ("unreach", 3),
    ("squench", 4),
    ("redir", 5),
    ("althost", 6),
    ("routeradv", 9),
    ("routersol", 10),
    ("timex", 11),
    ("paramprob", 12),
    ("timereq", 13),
    ("timerep", 14),
    ("inforeq", 15),
    ("inforep", 16),
    ("maskreq", 17),
    ("maskrep", 18),
    ("trace", 30),
    ("dataconv", 31),
    ("mobredir", 32),
    ("ipv6-where", 33),
    ("ipv6-here", 34),
    ("mobregreq", 35),
    ("mobregrep", 36),
    ("skip", 39),
    ("photuris", 40),
];

const ICMP6_TYPES: &[(&str, u8)] = &[
    ("unreach", 1),
    ("toobig", 2),
    ("timex", 3),
    ("paramprob", 4),
    ("echoreq", 128),
    ("echorep", 129),
    ("groupqry", 130),
    ("listqry", 130),
    ("grouprep", 131),
    ("listenrep", 131),
    ("groupterm", 132),
    ("listendone", 132),
    ("routersol", 133),
    ("routeradv", 134),
    ("neighbrsol", 135),
    ("neighbradv", 136),
    ("redir", 137),
    ("routrrenum", 138),
    ("wrureq", 139),
    ("wrurep", 140),
    ("fqdnreq", 139),
    ("fqdnrep", 140),
    ("niqry", 139),
    ("nirep", 140),
    ("mtraceresp", 200),
    ("mtrace", 201),
];

const ICMP_CODES: &[(&str, u8, u8)] = &[
    ("net-unr", 3, 0),
    ("host-unr", 3, 1),
    ("proto-unr", 3, 2),
    ("port-unr", 3, 3),
    ("needfrag", 3, 4),
    ("srcfail", 3, 5),
    ("net-unk", 3, 6),
    ("host-unk", 3, 7),
    ("isolate", 3, 8),
    ("net-prohib", 3, 9),
    ("host-prohib", 3, 10),
    ("net-tos", 3, 11),
    ("host-tos", 3, 12),
    ("filter-prohib", 3, 13),
    ("host-preced", 3, 14),
    ("cutoff-preced", 3, 15),
    ("redir-net", 5, 0),
    ("redir-host", 5, 1),
    ("redir-tos-net", 5, 2),
    ("redir-tos-host", 5, 3),
    ("normal-adv", 9, 0),
    ("common-adv", 9, 16),
    ("transit", 11, 0),
    ("reassemb", 11, 1),
    ("badhead", 12, 0),
    ("optmiss", 12, 1),
    ("badlen", 12, 2),
    ("unknown-ind", 40, 1),
    ("auth-fail", 40, 2),
    ("decrypt-fail", 40, 3),
];

const ICMP6_CODES: &[(&str, u8, u8)] = &[
    ("admin-unr", 1, 1),
    ("noroute-unr", 1, 0),
    ("notnbr-unr", 1, 2),
    ("beyond-unr", 1, 2),
    ("addr-unr", 1, 3),
    ("port-unr", 1, 4),
    ("transit", 3, 0),
    ("reassemb", 3, 1),
    ("badhead", 4, 0),
    ("nxthdr", 4, 1),
    ("redironlink", 137, 0),
    ("redirrouter", 137, 1),
];

/// The timeouts in the kernel's order, which is also the order in which a rule shows them.
pub(crate) const TIMEOUTS: &[&str] = &[
    "tcp.first",
    "tcp.opening",
    "tcp.established",
    "tcp.closing",
    "tcp.finwait",
    "tcp.closed",
    "udp.first",
    "udp.single",
    "udp.multiple",
    "icmp.first",
    "icmp.error",
    "other.first",
    "other.single",
    "other.multiple",
    "frag",
    "interval",
    "adaptive.start",
    "adaptive.end",
    "src.track",
    "tcp.tsdiff",
];

/// Memory pools that `set limit` names; `app-states` is Apple's.
pub(crate) const LIMITS: &[&str] =
    &["states", "app-states", "src-nodes", "frags", "tables", "table-entries"];

/// Presets of `set optimization`.
pub(crate) const OPTIMIZATIONS: &[&str] =
    &["normal", "satellite", "high-latency", "conservative", "aggressive"];

/// The eight TCP flags, lowest bit first.
const TCP_FLAGS: &str = "FSRPAUEW";

struct Service<'t> {
    port: u16,
    proto: &'t str,
    names: std::str::Split<'t, char>,
}

fn services() -> impl Iterator<Item = Service<'static>> {
    SERVICES.split_ascii_whitespace().filter_map(|entry| {
        let mut parts = entry.split('/');
        let port = parts.next()?.parse().ok()?;
        let proto = parts.next()?;
        Some(Service { port, proto, names: parts })
    })
}

/// The port of a service name: tcp first, then udp, as pfctl asks.
pub(crate) fn port_of(name: &str) -> Option<u16> {
    let find = |protos: [&str; 2]| {
        services()
            .find(|s| protos.contains(&s.proto) && s.names.clone().any(|n| n == name))
            .map(|s| s.port)
    };
    find(["t", "b"]).or_else(|| find(["u", "b"]))
}

/// The service name of a port, for printing.
pub(crate) fn service_of(port: u16, tcp: bool) -> Option<&'static str> {
    let wanted = if tcp { "t" } else { "u" };
    services()
        .find(|s| s.port == port && (s.proto == wanted || s.proto == "b"))
        .and_then(|s| s.names.clone().next())
}

/// The number of a protocol name or alias.
pub(crate) fn protocol_of(name: &str) -> Option<u8> {
    PROTOCOLS.iter().find(|(_, n, alias)| *n == name || *alias == name).map(|(n, _, _)| *n)
}

/// The canonical name of a protocol number.
pub(crate) fn protocol_name(number: u8) -> Option<&'static str> {
    PROTOCOLS.iter().find(|(n, _, _)| *n == number).map(|(_, name, _)| *name)
}

/// The number of an ICMP type name.
pub(crate) fn icmp_type_of(name: &str, v6: bool) -> Option<u8> {
    let table = if v6 { ICMP6_TYPES } else { ICMP_TYPES };
    table.iter().find(|(n, _)| *n == name).map(|(_, t)| *t)
}

/// The name of an ICMP type number.
pub(crate) fn icmp_type_name(number: u8, v6: bool) -> Option<&'static str> {
    let table = if v6 { ICMP6_TYPES } else { ICMP_TYPES };
    table.iter().find(|(_, t)| *t == number).map(|(n, _)| *n)
}

/// The number of an ICMP code name below a type.
pub(crate) fn icmp_code_of(kind: u8, name: &str, v6: bool) -> Option<u8> {
    let table = if v6 { ICMP6_CODES } else { ICMP_CODES };
    table.iter().find(|(n, t, _)| *n == name && *t == kind).map(|(_, _, c)| *c)
}

/// The name of an ICMP code number below a type.
pub(crate) fn icmp_code_name(kind: u8, code: u8, v6: bool) -> Option<&'static str> {
    let table = if v6 { ICMP6_CODES } else { ICMP_CODES };
    table.iter().find(|(_, t, c)| *t == kind && *c == code).map(|(n, _, _)| *n)
}

/// The bits of a flag string such as `SA`; an empty string means all eight.
pub(crate) fn flags_of(text: &str) -> Option<u8> {
    let mut bits = 0u8;
    for letter in text.chars() {
        bits |= 1 << TCP_FLAGS.find(letter)?;
    }
    Some(if bits == 0 { u8::MAX } else { bits })
}

/// The letters of flag bits.
pub(crate) fn flag_letters(bits: u8) -> String {
    TCP_FLAGS.chars().enumerate().filter(|(i, _)| bits & (1 << i) != 0).map(|(_, c)| c).collect()
}
