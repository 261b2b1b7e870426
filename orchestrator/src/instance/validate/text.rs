//! Free texts: what ends up in comments, command lines and files must stay on its line.

use super::{Judged, Problem};
use crate::instance::model::{Instance, Probe};

pub(super) fn judge(instance: &Instance, judged: &mut Judged) {
    let name = &instance.instance.name;
    one_line(["instance", "name"], name, judged);
    if name.trim().is_empty() {
        judged.refuse(["instance", "name"], Problem::Empty { what: "`name`".to_owned() });
    }
    for (name, node) in &instance.nodes {
        if let Some(host) = node.host.as_ref().filter(|host| !is_host(host)) {
            judged.refuse(
                ["nodes", name.as_str(), "host"],
                Problem::Host { host: host.escape_debug().to_string() },
            );
        }
    }
    for (name, service) in &instance.services {
        let name = name.as_str();
        if let Some(reason) = &service.reason {
            one_line(["services", name, "reason"], reason, judged);
        }
        for (n, word) in service.command.iter().flatten().enumerate() {
            one_line(["services", name, "command", &n.to_string()], word, judged);
        }
        if let Some(reason) = service.run_as.as_ref().and_then(|run| run.reason.as_ref()) {
            one_line(["services", name, "run_as", "reason"], reason, judged);
        }
        if let Some(asked) = &service.probe {
            probe(name, asked, judged);
        }
    }
    for (name, schedule) in &instance.schedules {
        let name = name.as_str();
        for (n, word) in schedule.command.iter().enumerate() {
            one_line(["schedules", name, "command", &n.to_string()], word, judged);
        }
        if let Some(reason) = schedule.run_as.as_ref().and_then(|run| run.reason.as_ref()) {
            one_line(["schedules", name, "run_as", "reason"], reason, judged);
        }
    }
    for (name, secret) in &instance.secrets {
        let Some(cleartext) = &secret.cleartext else { continue };
        let path = ["secrets", name.as_str(), "cleartext", "reason"];
        one_line(path, &cleartext.reason, judged);
        if cleartext.reason.trim().is_empty() {
            judged.refuse(path, Problem::Empty { what: "`reason`".to_owned() });
        }
    }
}

/// Texts of a probe go into requests and into what is told about it.
fn probe(name: &str, probe: &Probe, judged: &mut Judged) {
    match probe {
        Probe::Tcp => {}
        Probe::Http { path, contains, .. } => {
            one_line(["services", name, "probe", "http", "path"], path, judged);
            if let Some(contains) = contains {
                one_line(["services", name, "probe", "http", "contains"], contains, judged);
            }
        }
        Probe::Contract(contract) => {
            one_line(["services", name, "probe", "contract", "path"], &contract.path, judged);
            for (n, claim) in contract.json.iter().enumerate() {
                let n = n.to_string();
                let at = ["services", name, "probe", "contract", "json", &n, "pointer"];
                one_line(at, &claim.pointer, judged);
            }
        }
        Probe::EndToEnd(one) => {
            for (n, word) in one.command.iter().enumerate() {
                let n = n.to_string();
                one_line(["services", name, "probe", "end-to-end", "command", &n], word, judged);
            }
        }
    }
}

fn one_line<const N: usize>(path: [&str; N], text: &str, judged: &mut Judged) {
    // U+2028 and U+2029 end a line for many readers and are no control characters.
    if text.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')) {
        let what = path.iter().rev().find(|step| step.parse::<usize>().is_err()).unwrap_or(&"");
        judged.refuse(path, Problem::ControlCharacter { what: format!("`{what}`") });
    }
}

/// A host name (RFC 1123, with `_` as some resolvers allow) or an address; never an option of ssh.
pub(crate) fn is_host(host: &str) -> bool {
    // 253 octets is the longest name that DNS carries (RFC 1035, 2.3.4).
    let name = |part: &str| {
        let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
        edge(part.chars().next())
            && edge(part.chars().next_back())
            && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
    };
    host.parse::<std::net::IpAddr>().is_ok()
        || (host.len() <= 253 && host.strip_suffix('.').unwrap_or(host).split('.').all(name))
}
