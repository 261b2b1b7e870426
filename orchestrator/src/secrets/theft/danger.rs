//! How dangerous a secret in other hands is: what stands on it, from where it can be used, and where it is worth money.

use crate::instance::model::{Bind, Criticality, Instance};
use sanctum_types::ServiceName;

/// The highest danger.
pub(super) const MOST: u8 = 10;

/// From 0 to 10, and why.
pub(super) fn of_secret(
    instance: &Instance,
    name: &ServiceName,
    consumers: &[ServiceName],
) -> (u8, Vec<String>) {
    let mut danger = 1_u8;
    let mut because = Vec::new();
    let mut add = |more: u8, why: String| {
        danger = danger.saturating_add(more);
        because.push(why);
    };
    let services = consumers.iter().filter_map(|one| Some((one, instance.services.get(one)?)));
    let most = services.clone().min_by_key(|(_, service)| service.criticality);
    match most.map(|(one, service)| (one, service.criticality)) {
        Some((one, Criticality::P0)) => {
            add(4, format!("the house stands on `{one}`, which reads it"));
        }
        Some((one, Criticality::P1)) => add(2, format!("people use `{one}`, which reads it")),
        Some((one, Criticality::P2)) => add(1, format!("`{one}` reads it")),
        None => {}
    }
    if let Some((one, _)) = services.clone().find(|(_, service)| service.bind != Bind::Loopback) {
        add(2, format!("`{one}` can be reached from beyond its machine"));
    }
    // A key of a provider on the internet works from anywhere and is billed.
    let provider =
        |rule: &&sanctum_firewall::Rule| name.as_str().split('-').any(|word| word == rule.provider);
    if let Some(rule) = sanctum_firewall::RULES.iter().find(provider) {
        add(3, format!("a key of {} works from anywhere", rule.provider));
    }
    // What opens a vault opens what is in it.
    if consumers.iter().any(|one| one.as_str() == "vault") {
        add(MOST, "it opens the vault, and everything in it".to_owned());
    }
    (danger.min(MOST), because)
}
