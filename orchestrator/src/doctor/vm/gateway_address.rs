//! `vm/gateway-address`.

use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use sanctum_types::Severity;
use std::net::IpAddr;

pub(super) static LINT: Lint = Lint {
    id: "vm/gateway-address",
    severity: Severity::Error,
    on: On::Any,
    title: "the declared bridge is up with the declared gateway address",
    why: "The bridge is the root of everything that guest and hub say to each other: one house lost 26 \
          services to a bridge that was not there, while its watchdog stayed green for two hours.",
    fix: Fix::Run(
        "sudo launchctl kickstart -k system/com.sanctum.vmnet; then sudo /opt/sanctum/bin/sanctum status",
    ),
    needs: &[Need::Interfaces],
    judge,
    #[cfg(test)]
    good,
    #[cfg(test)]
    bad,
};

fn judge(looked: &Looked) -> Seen {
    let live = looked.interfaces()?;
    let Some(net) = super::of_hub(looked)? else { return Ok(Answer::default()) };
    let mut answer = Answer::over(1);
    let Some(bridge) = live.get(net.bridge.as_str()) else {
        answer.add(&net.bridge, "there is no such interface");
        return Ok(answer);
    };
    if !bridge.up {
        answer.add(&net.bridge, "it is down");
    }
    let v4 = bridge.addresses.iter().filter(|address| address.ip.is_ipv4());
    let has: Vec<String> = v4.map(|address| format!("{}/{}", address.ip, address.prefix)).collect();
    let wanted = format!("{}/{}", net.host, net.subnet.prefix_len());
    if !has.contains(&wanted) {
        let has = if has.is_empty() { "no address".to_owned() } else { has.join(", ") };
        answer.add(&net.bridge, format!("it has {has}, and {wanted} is declared"));
    }
    let elsewhere = live.iter().filter(|(name, one)| {
        *name != net.bridge.as_str()
            && one.addresses.iter().any(|address| address.ip == IpAddr::V4(net.host))
    });
    for (name, _) in elsewhere {
        answer.add(name, format!("it has {}, the gateway's address, too", net.host));
    }
    Ok(answer)
}

#[cfg(test)]
fn good() -> Looked {
    crate::doctor::fixture::plain_hub().with_bridge("bridge100", "10.10.10.1/24")
}

#[cfg(test)]
fn bad() -> Looked {
    crate::doctor::fixture::plain_hub().with_bridge("bridge100", "192.168.64.1/24")
}
