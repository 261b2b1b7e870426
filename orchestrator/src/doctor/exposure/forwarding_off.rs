//! `exposure/forwarding-off`.

use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "exposure/forwarding-off",
    severity: Severity::Error,
    on: On::Any,
    title: "the kernel passes no packets on between networks",
    why: "A host-only network is one only while its host does not route: with forwarding on, a guest that sets \
          a default route for itself reaches the internet, and the LAN reaches the guest. VPN and container \
          software turns it on.",
    fix: Fix::Run(
        "macOS: sudo sysctl -w net.inet.ip.forwarding=0 net.inet6.ip6.forwarding=0; Linux: sudo sysctl -w \
        net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0",
    ),
    needs: &[Need::Forwarding],
    judge,
    #[cfg(test)]
    good,
    #[cfg(test)]
    bad,
};

fn judge(looked: &Looked) -> Seen {
    let passing = looked.forwarding()?;
    let mut answer = Answer::over(1 + usize::from(passing.v6.is_some()));
    for (family, on) in [("IPv4", passing.v4), ("IPv6", passing.v6.unwrap_or(false))] {
        if on {
            answer.add(family, "the kernel passes packets on between this machine's networks");
        }
    }
    Ok(answer)
}

#[cfg(test)]
fn good() -> Looked {
    crate::doctor::fixture::plain_hub()
}

#[cfg(test)]
fn bad() -> Looked {
    use crate::doctor::exposure::Passing;
    let looked = crate::doctor::fixture::plain_barn();
    Looked { forwarding: Ok(Passing { v4: false, v6: Some(true) }), ..looked }
}
