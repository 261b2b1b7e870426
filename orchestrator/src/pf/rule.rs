//! What a ruleset is after expansion: one rule, one combination.
//!
//! Everything the parser accepts ends up in these types; the printer, the evaluator and the proof read nothing
//! else. Absent on purpose: source text, macros and lists, which expansion has consumed.

use std::net::IpAddr;
use std::sync::Arc;

/// Address family of a packet or a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// IPv4 (`inet`).
    V4,
    /// IPv6 (`inet6`).
    V6,
}

impl Family {
    /// The family of an address.
    #[must_use]
    pub fn of(ip: IpAddr) -> Self {
        if ip.is_ipv4() { Self::V4 } else { Self::V6 }
    }

    /// The word pf uses for it.
    #[must_use]
    pub fn keyword(self) -> &'static str {
        match self {
            Self::V4 => "inet",
            Self::V6 => "inet6",
        }
    }
}

/// Direction of a packet on an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    /// Arriving on the interface.
    In,
    /// Leaving by the interface.
    Out,
}

/// What a rule does. An anchor call carries the action of the ruleset it belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Action {
    #[default]
    Pass,
    Block,
    Scrub,
    NoScrub,
    Nat,
    NoNat,
    Binat,
    NoBinat,
    Rdr,
    NoRdr,
    Dummynet,
}

/// The five lists the kernel keeps, and Apple's sixth, in the order in which pfctl loads them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum List {
    Scrub,
    Nat,
    Rdr,
    Binat,
    Dummynet,
    Filter,
}

impl Action {
    pub(crate) fn list(self) -> List {
        match self {
            Self::Pass | Self::Block => List::Filter,
            Self::Scrub | Self::NoScrub => List::Scrub,
            Self::Nat | Self::NoNat => List::Nat,
            Self::Binat | Self::NoBinat => List::Binat,
            Self::Rdr | Self::NoRdr => List::Rdr,
            Self::Dummynet => List::Dummynet,
        }
    }
}

/// How a block rule answers. Codes are of type 3 (IPv4) and type 1 (IPv6), "unreachable".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Refusal {
    #[default]
    Drop,
    Return,
    Rst {
        ttl: u8,
    },
    Icmp {
        v4: u8,
        v6: u8,
    },
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Log {
    pub(crate) on: bool,
    pub(crate) all: bool,
    pub(crate) user: bool,
    pub(crate) interface: u8,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Interface {
    pub(crate) name: String,
    pub(crate) not: bool,
}

/// `:network`, `:broadcast`, `:peer` and `:0` behind an interface name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Modifiers {
    pub(crate) network: bool,
    pub(crate) broadcast: bool,
    pub(crate) peer: bool,
    pub(crate) no_alias: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Addr {
    #[default]
    Any,
    Net {
        ip: IpAddr,
        prefix: u8,
    },
    /// `(en1)`: whatever addresses the interface has when the packet comes.
    Dynamic {
        name: String,
        modifiers: Modifiers,
        prefix: u8,
    },
    /// `en1` or `self` on a machine whose interfaces are not known here.
    Unresolved {
        name: String,
        modifiers: Modifiers,
        prefix: Option<u8>,
    },
    Table(String),
    NoRoute,
    UrpfFailed,
    RouteLabel(String),
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Host {
    pub(crate) addr: Addr,
    pub(crate) not: bool,
    /// The interface of a scoped address (`fe80::1%en0`).
    pub(crate) scope: Option<String>,
}

impl Host {
    pub(crate) fn new(addr: Addr) -> Self {
        Self { addr, not: false, scope: None }
    }

    /// The family, where the address alone tells it.
    pub(crate) fn family(&self) -> Option<Family> {
        match self.addr {
            Addr::Net { ip, .. } => Some(Family::of(ip)),
            Addr::Any
            | Addr::Dynamic { .. }
            | Addr::Unresolved { .. }
            | Addr::Table(_)
            | Addr::NoRoute
            | Addr::UrpfFailed
            | Addr::RouteLabel(_) => None,
        }
    }
}

/// Comparison operators for ports, users and groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    /// `a >< b`: strictly between.
    Inside,
    /// `a <> b`: strictly outside.
    Outside,
    /// `a:b`: from a to b, both included.
    Range,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ports {
    pub(crate) op: Op,
    pub(crate) a: u16,
    pub(crate) b: u16,
}

impl Ports {
    /// pf_match_port of the kernel: a reversed range matches nothing.
    pub(crate) fn contains(self, port: u16) -> bool {
        let Self { op, a, b } = self;
        match op {
            Op::Eq => port == a,
            Op::Ne => port != a,
            Op::Lt => port < a,
            Op::Le => port <= a,
            Op::Gt => port > a,
            Op::Ge => port >= a,
            Op::Inside => port > a && port < b,
            Op::Outside => port < a || port > b,
            Op::Range => port >= a && port <= b,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Account {
    Id(u32),
    Unknown,
    /// A name that only the machine can turn into a number.
    Name(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Accounts {
    pub(crate) op: Op,
    pub(crate) a: Account,
    pub(crate) b: Account,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Icmp {
    pub(crate) v6: bool,
    pub(crate) kind: u8,
    pub(crate) code: Option<u8>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Endpoint {
    pub(crate) host: Host,
    pub(crate) ports: Option<Ports>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Keep {
    #[default]
    No,
    Normal,
    Modulate,
    Synproxy,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct StateOptions {
    pub(crate) max: u32,
    pub(crate) no_sync: bool,
    pub(crate) source_track: bool,
    pub(crate) source_track_rule: bool,
    pub(crate) max_src_states: u32,
    pub(crate) max_src_conn: u32,
    pub(crate) max_src_conn_rate: Option<(u32, u32)>,
    pub(crate) max_src_nodes: u32,
    pub(crate) overload: Option<Overload>,
    pub(crate) if_bound: bool,
    pub(crate) sloppy: bool,
    /// Indexes into `names::TIMEOUTS`, with seconds; sorted.
    pub(crate) timeouts: Vec<(usize, u32)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Overload {
    pub(crate) table: String,
    pub(crate) flush: bool,
    pub(crate) global: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RouteKind {
    Fast,
    To,
    Reply,
    Dup,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum PoolKind {
    #[default]
    Single,
    Bitmask,
    Random,
    SourceHash(Option<String>),
    RoundRobin,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PoolHost {
    pub(crate) addr: Addr,
    pub(crate) interface: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pool {
    pub(crate) hosts: Vec<PoolHost>,
    pub(crate) kind: PoolKind,
    pub(crate) sticky: bool,
    pub(crate) ports: (u16, u16),
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ScrubOptions {
    pub(crate) no_df: bool,
    pub(crate) random_id: bool,
    pub(crate) min_ttl: u32,
    pub(crate) max_mss: u32,
    pub(crate) reassemble_tcp: bool,
    pub(crate) fragments: Fragments,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Fragments {
    #[default]
    Reassemble,
    Crop,
    DropOverlap,
}

/// A call of an anchor. `body` is there when the rules stand in braces; expansions of one call share it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    /// The name as written; empty for an unnamed inline anchor.
    pub(crate) name: String,
    pub(crate) body: Option<Arc<Vec<Rule>>>,
    /// Only the first expansion of an inline anchor shows the braces: pfctl moves the rules when it prints them.
    pub(crate) first: bool,
}

/// One expanded rule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rule {
    pub(crate) line: usize,
    pub(crate) action: Action,
    pub(crate) refusal: Refusal,
    pub(crate) translate_pass: bool,
    pub(crate) direction: Option<Direction>,
    pub(crate) log: Log,
    pub(crate) quick: bool,
    pub(crate) on: Option<Interface>,
    pub(crate) route: Option<RouteKind>,
    pub(crate) family: Option<Family>,
    pub(crate) proto: Option<u8>,
    pub(crate) src: Endpoint,
    pub(crate) dst: Endpoint,
    pub(crate) os: Option<String>,
    pub(crate) user: Option<Accounts>,
    pub(crate) group: Option<Accounts>,
    pub(crate) flags: (u8, u8),
    pub(crate) icmp: Option<Icmp>,
    pub(crate) tos: u8,
    pub(crate) keep: Keep,
    /// Probability in units of 2^-32; 0 means "always".
    pub(crate) probability: u32,
    pub(crate) state: StateOptions,
    pub(crate) fragment: bool,
    pub(crate) allow_opts: bool,
    pub(crate) scrub: ScrubOptions,
    pub(crate) label: String,
    pub(crate) queue: Option<(String, Option<String>)>,
    pub(crate) tag: String,
    pub(crate) tagged: Option<(bool, String)>,
    pub(crate) rtable: Option<u32>,
    pub(crate) pool: Pool,
    pub(crate) call: Option<Call>,
}

/// One member of a table definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    Host(Host),
    File(String),
}

/// A table as one `table` statement defines it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Table {
    pub(crate) constant: bool,
    pub(crate) persist: bool,
    /// Addresses and files in the order of the definition.
    pub(crate) entries: Vec<Entry>,
    /// Whether the definition says what is in it (braces, even empty ones).
    pub(crate) filled: bool,
    /// Whether a rule adds to it at run time (`overload`).
    pub(crate) overloaded: bool,
}
