//! `sysctl net.inet.ip.forwarding` and its IPv6 sibling (inet(4), inet6(4)).

use super::{Forwarding, parse_switch};
use crate::HostError;
use crate::command::{Options, Program, run};
use crate::sight::Sight;

pub(super) fn forwarding() -> Result<Forwarding, HostError> {
    Ok(Forwarding {
        v4: switch("net.inet.ip.forwarding")?,
        v6: switch("net.inet6.ip6.forwarding")?,
    })
}

fn switch(name: &str) -> Result<Sight<bool>, HostError> {
    let sysctl = Program::find(&["sysctl"]).ok_or(HostError::Unsupported {
        what: "reading forwarding without sysctl".to_owned(),
        host: "macOS",
    })?;
    let said = run(&sysctl, &["-n", name], Options::default())?.success()?;
    parse_switch(&said.text()).map(Sight::Seen).ok_or_else(|| HostError::Damaged {
        path: name.to_owned(),
        detail: "expected a number".to_owned(),
    })
}
