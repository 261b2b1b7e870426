//! Expanded rules as `pfctl -nvf` shows them.
//!
//! Text in pf's own words, which parses again to the same rules. Four oddities of pfctl are kept, because a
//! comparison with the real program would otherwise differ: a call of `a/b` shows as `/b`, a fingerprint that no
//! database explains shows as `nomatch`, only the first expansion of an inline anchor shows its braces, and a
//! probability stands between a state and its options.

use std::fmt::Write as _;

use super::names;
use super::parse::NAT_PORTS;
use super::rule::{
    Account, Accounts, Action, Addr, Call, Direction, Entry, Family, Fragments, Host, Icmp, Keep,
    List, Modifiers, Op, Pool, PoolKind, Ports, Refusal, RouteKind, Rule, StateOptions, Table,
};

/// The whole ruleset: what pfctl shows while reading, then the lists in the order in which they are loaded.
pub(super) fn ruleset(preamble: &[String], rules: &[Rule]) -> String {
    let mut out = String::new();
    for line in preamble {
        let _ = writeln!(out, "{line}");
    }
    for list in [List::Scrub, List::Nat, List::Rdr, List::Binat, List::Dummynet, List::Filter] {
        let of_list = rules.iter().filter(|rule| rule.action.list() == list);
        for rule in of_list {
            block(&mut out, rule, 0);
        }
    }
    out
}

fn block(out: &mut String, rule: &Rule, depth: usize) {
    let indent = "  ".repeat(depth);
    let _ = write!(out, "{indent}{}", line(rule));
    match &rule.call {
        Some(Call { body: Some(body), first: true, .. }) => {
            out.push_str(" {\n");
            for inner in body.iter() {
                block(out, inner, depth + 1);
            }
            let _ = writeln!(out, "{indent}}}");
        }
        _ => out.push('\n'),
    }
}

/// One rule on one line, without the body of an inline anchor.
pub(super) fn line(rule: &Rule) -> String {
    let mut out = head(rule);
    route(&mut out, rule);
    if let Some(family) = rule.family {
        let _ = write!(out, " {}", family.keyword());
    }
    match rule.proto.map(|number| (number, names::protocol_name(number))) {
        Some((_, Some(name))) => {
            let _ = write!(out, " proto {name}");
        }
        Some((number, None)) => {
            let _ = write!(out, " proto {number}");
        }
        None => {}
    }
    from_to(&mut out, rule);
    conditions(&mut out, rule);
    state(&mut out, rule);
    tail(&mut out, rule);
    out
}

fn head(rule: &Rule) -> String {
    let mut out = match &rule.call {
        Some(call) => call_name(rule.action, call),
        None => action_name(rule).to_owned(),
    };
    if rule.translate_pass {
        out.push_str(" pass");
    }
    if rule.action == Action::Block {
        out.push_str(&refusal(rule));
    }
    match rule.direction {
        Some(Direction::In) => out.push_str(" in"),
        Some(Direction::Out) => out.push_str(" out"),
        None => {}
    }
    if rule.log.on {
        out.push_str(" log");
        let mut options = Vec::new();
        options.extend(rule.log.all.then(|| "all".to_owned()));
        options.extend(rule.log.user.then(|| "user".to_owned()));
        let interface = rule.log.interface;
        options.extend((interface != 0).then(|| format!("to pflog{interface}")));
        if !options.is_empty() {
            let _ = write!(out, " ({})", options.join(", "));
        }
    }
    if rule.quick {
        out.push_str(" quick");
    }
    if let Some(on) = &rule.on {
        let _ = write!(out, " on {}{}", if on.not { "! " } else { "" }, on.name);
    }
    out
}

fn action_name(rule: &Rule) -> &'static str {
    match rule.action {
        Action::Pass => "pass",
        Action::Block => "block",
        Action::Scrub => "scrub",
        Action::NoScrub => "no scrub",
        Action::Nat => "nat",
        Action::NoNat => "no nat",
        Action::Binat => "binat",
        Action::NoBinat => "no binat",
        Action::Rdr => "rdr",
        Action::NoRdr => "no rdr",
        Action::Dummynet => "dummynet",
    }
}

fn call_name(action: Action, call: &Call) -> String {
    let kind = match action.list() {
        List::Filter => "anchor",
        List::Scrub => "scrub-anchor",
        List::Nat => "nat-anchor",
        List::Rdr => "rdr-anchor",
        List::Binat => "binat-anchor",
        List::Dummynet => "dummynet-anchor",
    };
    if call.name.is_empty() {
        return kind.to_owned();
    }
    // pfctl resolves the path of an inline anchor, and only cuts that of a call before its last slash.
    let path = call.name.trim_end_matches("/*");
    let shown = match (&call.body, call.name.rfind('/')) {
        (Some(_), _) => path.rsplit('/').next().unwrap_or(path),
        (None, Some(slash)) => call.name.get(slash..).unwrap_or(&call.name),
        (None, None) => &call.name,
    };
    format!("{kind} \"{shown}\"")
}

fn refusal(rule: &Rule) -> String {
    match rule.refusal {
        Refusal::Drop => " drop".to_owned(),
        Refusal::Return => " return".to_owned(),
        Refusal::Rst { ttl: 0 } => " return-rst".to_owned(),
        Refusal::Rst { ttl } => format!(" return-rst(ttl {ttl})"),
        Refusal::Icmp { v4, v6 } => {
            let name = |code: u8, six: bool| {
                let kind = if six { 1 } else { 3 };
                names::icmp_code_name(kind, code, six)
                    .map_or_else(|| code.to_string(), str::to_owned)
            };
            match rule.family {
                Some(Family::V4) => format!(" return-icmp({})", name(v4, false)),
                Some(Family::V6) => format!(" return-icmp6({})", name(v6, true)),
                None => format!(" return-icmp({}, {})", name(v4, false), name(v6, true)),
            }
        }
    }
}

fn route(out: &mut String, rule: &Rule) {
    let Some(kind) = rule.route else { return };
    let word = match kind {
        RouteKind::Fast => {
            out.push_str(" fastroute");
            return;
        }
        RouteKind::To => "route-to",
        RouteKind::Reply => "reply-to",
        RouteKind::Dup => "dup-to",
    };
    let _ = write!(out, " {word} {}", pool_hosts(&rule.pool, rule.family));
    pool_kind(out, &rule.pool);
}

fn pool_hosts(pool: &Pool, family: Option<Family>) -> String {
    let shown: Vec<String> = pool
        .hosts
        .iter()
        .map(|host| match (&host.interface, &host.addr) {
            (Some(name), Addr::Any) => name.clone(),
            (Some(name), address) => format!("({name} {})", addr(address, family)),
            (None, address) => addr(address, family),
        })
        .collect();
    if shown.len() > 1 { format!("{{ {} }}", shown.join(", ")) } else { shown.concat() }
}

fn pool_kind(out: &mut String, pool: &Pool) {
    match &pool.kind {
        PoolKind::Single => {}
        PoolKind::Bitmask => out.push_str(" bitmask"),
        PoolKind::Random => out.push_str(" random"),
        PoolKind::SourceHash(None) => out.push_str(" source-hash"),
        PoolKind::SourceHash(Some(key)) if key.starts_with("0x") => {
            let _ = write!(out, " source-hash {}", key.to_ascii_lowercase());
        }
        PoolKind::SourceHash(Some(key)) => {
            let _ = write!(out, " source-hash \"{key}\"");
        }
        PoolKind::RoundRobin => out.push_str(" round-robin"),
    }
    if pool.sticky {
        out.push_str(" sticky-address");
    }
}

fn from_to(out: &mut String, rule: &Rule) {
    let open = |host: &Host| {
        !host.not
            && match host.addr {
                Addr::Any => true,
                Addr::Net { ip, prefix } => prefix == 0 && ip.is_unspecified(),
                _ => false,
            }
    };
    let (src, dst) = (&rule.src, &rule.dst);
    let ports = src.ports.is_some() || dst.ports.is_some();
    if open(&src.host) && open(&dst.host) && !ports && rule.os.is_none() {
        out.push_str(" all");
        return;
    }
    let tcp = rule.proto == Some(names::TCP);
    for (word, end) in [("from", src), ("to", dst)] {
        let not = if end.host.not { "! " } else { "" };
        let _ = write!(out, " {word} {not}{}", addr(&end.host.addr, rule.family));
        if let Some(ports) = end.ports {
            let _ = write!(out, " port {}", port(ports, tcp));
        }
        if word == "from" && rule.os.is_some() {
            out.push_str(" os \"nomatch\"");
        }
    }
}

fn port(ports: Ports, tcp: bool) -> String {
    let Ports { op, a, b } = ports;
    let name = names::service_of(a, tcp).filter(|_| matches!(op, Op::Eq | Op::Ne));
    comparison(op, &name.map_or_else(|| a.to_string(), str::to_owned), &b.to_string())
}

fn comparison(op: Op, a: &str, b: &str) -> String {
    match op {
        Op::Eq => format!("= {a}"),
        Op::Ne => format!("!= {a}"),
        Op::Lt => format!("< {a}"),
        Op::Le => format!("<= {a}"),
        Op::Gt => format!("> {a}"),
        Op::Ge => format!(">= {a}"),
        Op::Inside => format!("{a} >< {b}"),
        Op::Outside => format!("{a} <> {b}"),
        Op::Range => format!("{a}:{b}"),
    }
}

/// An address in pf's words.
pub(super) fn addr(addr: &Addr, family: Option<Family>) -> String {
    match addr {
        Addr::Any => "any".to_owned(),
        Addr::Net { ip, prefix: 0 } if ip.is_unspecified() => "any".to_owned(),
        Addr::Net { ip, prefix } => {
            let full = if ip.is_ipv4() { 32 } else { 128 };
            if *prefix == full { ip.to_string() } else { format!("{ip}/{prefix}") }
        }
        Addr::Dynamic { name, modifiers, prefix } => {
            let full = if family == Some(Family::V4) { 32 } else { 128 };
            let suffix = if *prefix == full { String::new() } else { format!("/{prefix}") };
            format!("({name}{}){suffix}", modified(*modifiers))
        }
        Addr::Unresolved { name, modifiers, prefix } => {
            let suffix = prefix.map_or_else(String::new, |bits| format!("/{bits}"));
            format!("{name}{}{suffix}", modified(*modifiers))
        }
        Addr::Table(name) => format!("<{name}>"),
        Addr::NoRoute => "no-route".to_owned(),
        Addr::UrpfFailed => "urpf-failed".to_owned(),
        Addr::RouteLabel(label) => format!("route \"{label}\""),
    }
}

fn modified(modifiers: Modifiers) -> String {
    let Modifiers { network, broadcast, peer, no_alias } = modifiers;
    [(network, ":network"), (broadcast, ":broadcast"), (peer, ":peer"), (no_alias, ":0")]
        .into_iter()
        .filter_map(|(set, word)| set.then_some(word))
        .collect()
}

fn conditions(out: &mut String, rule: &Rule) {
    for (word, accounts) in [("user", &rule.user), ("group", &rule.group)] {
        if let Some(Accounts { op, a, b }) = accounts {
            let _ = write!(out, " {word} {}", comparison(*op, &account(a), &account(b)));
        }
    }
    let (flags, mask) = rule.flags;
    let tcp_possible = rule.proto.is_none_or(|proto| proto == names::TCP);
    if flags != 0 || mask != 0 {
        let _ = write!(out, " flags {}/{}", names::flag_letters(flags), names::flag_letters(mask));
    } else if rule.action == Action::Pass
        && tcp_possible
        && !rule.fragment
        && rule.call.is_none()
        && rule.keep != Keep::No
    {
        out.push_str(" flags any");
    }
    if let Some(Icmp { kind, code, .. }) = rule.icmp {
        let v6 = rule.family == Some(Family::V6);
        let word = if v6 { "icmp6-type" } else { "icmp-type" };
        let number = |name: Option<&str>, n: u8| name.map_or_else(|| n.to_string(), str::to_owned);
        let _ = write!(out, " {word} {}", number(names::icmp_type_name(kind, v6), kind));
        if let Some(code) = code {
            let name = names::icmp_code_name(kind, code, v6);
            let _ = write!(out, " code {}", number(name, code));
        }
    }
    if rule.tos != 0 {
        let _ = write!(out, " tos 0x{:02x}", rule.tos);
    }
}

fn account(account: &Account) -> String {
    match account {
        Account::Id(id) => id.to_string(),
        Account::Unknown => "unknown".to_owned(),
        Account::Name(name) => name.clone(),
    }
}

fn state(out: &mut String, rule: &Rule) {
    match rule.keep {
        Keep::No if rule.action == Action::Pass && rule.call.is_none() => out.push_str(" no state"),
        Keep::No => {}
        Keep::Normal => out.push_str(" keep state"),
        Keep::Modulate => out.push_str(" modulate state"),
        Keep::Synproxy => out.push_str(" synproxy state"),
    }
    if rule.probability != 0 {
        let percent = format!("{:.6}", f64::from(rule.probability) * 100.0 / 4_294_967_296.0);
        let percent = percent.trim_end_matches('0').trim_end_matches('.');
        let _ = write!(out, " probability {percent}%");
    }
    let options = state_options(&rule.state);
    if !options.is_empty() {
        let _ = write!(out, " ({})", options.join(", "));
    }
}

fn state_options(state: &StateOptions) -> Vec<String> {
    let mut all = Vec::new();
    let count = |name: &str, n: u32| (n != 0).then(|| format!("{name} {n}"));
    all.extend(count("max", state.max));
    all.extend(state.no_sync.then(|| "no-sync".to_owned()));
    if state.source_track {
        let scope = if state.source_track_rule { "rule" } else { "global" };
        all.push(format!("source-track {scope}"));
    }
    all.extend(count("max-src-states", state.max_src_states));
    all.extend(count("max-src-conn", state.max_src_conn));
    if let Some((limit, seconds)) = state.max_src_conn_rate {
        all.push(format!("max-src-conn-rate {limit}/{seconds}"));
    }
    all.extend(count("max-src-nodes", state.max_src_nodes));
    if let Some(overload) = &state.overload {
        let flush = if overload.flush { " flush" } else { "" };
        let global = if overload.global { " global" } else { "" };
        all.push(format!("overload <{}>{flush}{global}", overload.table));
    }
    all.extend(state.if_bound.then(|| "if-bound".to_owned()));
    all.extend(state.sloppy.then(|| "sloppy".to_owned()));
    for (index, seconds) in &state.timeouts {
        if let Some(name) = names::TIMEOUTS.get(*index) {
            all.push(format!("{name} {seconds}"));
        }
    }
    all
}

fn tail(out: &mut String, rule: &Rule) {
    let scrub = &rule.scrub;
    for (set, word) in
        [(rule.fragment, " fragment"), (scrub.no_df, " no-df"), (scrub.random_id, " random-id")]
    {
        if set {
            out.push_str(word);
        }
    }
    for (word, value) in [("min-ttl", scrub.min_ttl), ("max-mss", scrub.max_mss)] {
        if value != 0 {
            let _ = write!(out, " {word} {value}");
        }
    }
    if rule.allow_opts {
        out.push_str(" allow-opts");
    }
    if rule.action == Action::Scrub && rule.call.is_none() {
        if scrub.reassemble_tcp {
            out.push_str(" reassemble tcp");
        }
        out.push_str(match scrub.fragments {
            Fragments::Reassemble => " fragment reassemble",
            Fragments::Crop => " fragment crop",
            Fragments::DropOverlap => " fragment drop-ovl",
        });
    }
    if !rule.label.is_empty() {
        let _ = write!(out, " label \"{}\"", rule.label);
    }
    match &rule.queue {
        Some((name, Some(second))) => {
            let _ = write!(out, " queue({name}, {second})");
        }
        Some((name, None)) => {
            let _ = write!(out, " queue {name}");
        }
        None => {}
    }
    if !rule.tag.is_empty() {
        let _ = write!(out, " tag {}", rule.tag);
    }
    if let Some((not, name)) = rule.tagged.as_ref().filter(|(_, name)| !name.is_empty()) {
        let _ = write!(out, "{} tagged {name}", if *not { " !" } else { "" });
    }
    if let Some(table) = rule.rtable {
        let _ = write!(out, " rtable {table}");
    }
    if rule.call.is_none() && matches!(rule.action, Action::Nat | Action::Rdr | Action::Binat) {
        target(out, rule);
    }
}

fn target(out: &mut String, rule: &Rule) {
    let (low, high) = rule.pool.ports;
    let _ = write!(out, " -> {}", pool_hosts(&rule.pool, rule.family));
    match rule.action {
        Action::Nat if rule.pool.ports != NAT_PORTS && rule.pool.ports != (0, 0) => {
            let range = if low == high { String::new() } else { format!(":{high}") };
            let _ = write!(out, " port {low}{range}");
        }
        Action::Rdr if low != 0 => {
            let range = if high == 0 || high == low { String::new() } else { format!(":{high}") };
            let _ = write!(out, " port {low}{range}");
        }
        _ => {}
    }
    pool_kind(out, &rule.pool);
    if rule.action == Action::Nat && rule.pool.ports == (0, 0) {
        out.push_str(" static-port");
    }
}

/// A table definition, as pfctl shows it while it reads.
pub(super) fn table(name: &str, table: &Table) -> String {
    let mut out = format!("table <{name}>");
    if table.constant {
        out.push_str(" const");
    }
    if table.persist {
        out.push_str(" persist");
    }
    let mut braces = false;
    for entry in &table.entries {
        match entry {
            Entry::File(file) => {
                out.push_str(if std::mem::take(&mut braces) { " }" } else { "" });
                let _ = write!(out, " file \"{file}\"");
            }
            Entry::Host(host) => {
                out.push_str(if std::mem::replace(&mut braces, true) { "" } else { " {" });
                let not = if host.not { "!" } else { "" };
                let _ = write!(out, " {not}{}", addr(&host.addr, host.family()));
            }
        }
    }
    if braces {
        out.push_str(" }");
    } else if table.filled && table.entries.is_empty() {
        out.push_str(" { }");
    }
    out
}
