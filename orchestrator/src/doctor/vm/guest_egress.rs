//! `vm/guest-egress`.

use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use crate::instance::model::NodeType;
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "vm/guest-egress",
    severity: Severity::Critical,
    on: On::Any,
    title: "the guest has no route to the internet",
    why: "What was rendered at its birth says nothing about a guest that has lived: a package, an agent with \
          sudo or a second card gives it a route, and on a hub that forwards that is enough. A datagram socket \
          is pointed at an address of the documentation (RFC 5737, RFC 3849), which sends nothing and fails \
          where there is no route.",
    fix: Fix::Edit(
        "on the guest: ip route; take out what added the default route, and run doctor on the hub: --only \
        exposure/forwarding-off",
    ),
    needs: &[Need::Egress],
    judge,
    #[cfg(test)]
    good,
    #[cfg(test)]
    bad,
};

fn judge(looked: &Looked) -> Seen {
    let egress = looked.egress()?;
    let mut answer = Answer::over(usize::from(looked.house()?.node.kind == NodeType::Guest));
    for (family, routed) in [("IPv4", egress.v4), ("IPv6", egress.v6)] {
        if routed {
            answer.add(family, "there is a route to addresses beyond the host-only network");
        }
    }
    Ok(answer)
}

#[cfg(test)]
fn good() -> Looked {
    crate::doctor::fixture::node("den", &serde_json::json!({}))
}

#[cfg(test)]
fn bad() -> Looked {
    use crate::doctor::vm::Egress;
    let looked = crate::doctor::fixture::node("den", &serde_json::json!({}));
    Looked { egress: Ok(Egress { v4: true, v6: false }), ..looked }
}
