//! `vm/one-bridge`.

use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use sanctum_types::Severity;
use std::net::IpAddr;

pub(super) static LINT: Lint = Lint {
    id: "vm/one-bridge",
    severity: Severity::Error,
    on: On::Any,
    title: "exactly one bridge stands in the host-only network",
    why: "Each program that asks vmnet for a network may get a bridge of its own: in one house the guest came \
          up on bridge102 beside a bridge100 that everything else was configured for, and half of all tests \
          failed without a word of why.",
    fix: Fix::Edit(
        "stop what made the other bridge (another virtual machine, or internet sharing), then restart the \
        network: sudo launchctl kickstart -k system/com.sanctum.vmnet",
    ),
    needs: &[Need::Interfaces, Need::Bridges],
    judge,
    #[cfg(test)]
    good,
    #[cfg(test)]
    bad,
};

fn judge(looked: &Looked) -> Seen {
    let live = looked.interfaces()?;
    let bridges = looked.bridges()?;
    let Some(net) = super::of_hub(looked)? else { return Ok(Answer::default()) };
    let inside = |name: &String| {
        live.get(name).is_some_and(|one| {
            one.addresses.iter().any(|address| match address.ip {
                IpAddr::V4(v4) => net.subnet.contains(&v4),
                IpAddr::V6(_) => false,
            })
        })
    };
    let mut answer = Answer::over(bridges.len().max(1));
    let here: Vec<&String> = bridges.keys().filter(|name| inside(name)).collect();
    match here.as_slice() {
        [] => answer.add(&net.bridge, format!("no bridge has an address in {}", net.subnet)),
        [_] => {}
        more => {
            let names = more.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", ");
            answer.add(&net.bridge, format!("{names} all have addresses in {}", net.subnet));
        }
    }
    // vmnet numbers its bridges from 100 on; a second one is a second network for guests.
    let numbered = |name: &&String| name.strip_prefix("bridge").is_some_and(|rest| rest.len() >= 3);
    for other in bridges.keys().filter(numbered).filter(|name| !inside(name)) {
        answer.add(other, "another network of vmnet, which the house does not declare");
    }
    Ok(answer)
}

#[cfg(test)]
impl Looked {
    /// With a bridge that is up.
    pub(crate) fn with_bridge(mut self, name: &str, address: &str) -> Self {
        let member = [format!("vmenet{}", name.len())].into();
        self.bridges.as_mut().unwrap().insert(name.to_owned(), member);
        self.with_interface(name, address)
    }
}

#[cfg(test)]
fn good() -> Looked {
    crate::doctor::fixture::plain_hub()
        .with_bridge("bridge0", "169.254.1.1/16")
        .with_bridge("bridge100", "10.10.10.1/24")
}

#[cfg(test)]
fn bad() -> Looked {
    crate::doctor::fixture::plain_hub()
        .with_bridge("bridge100", "10.10.10.1/24")
        .with_bridge("bridge102", "192.168.106.1/24")
}
