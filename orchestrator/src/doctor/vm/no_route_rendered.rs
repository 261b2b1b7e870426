//! `vm/no-route-rendered`.

use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use crate::house::{Artefact, Part};
use sanctum_types::Severity;
use serde_json::Value;

pub(super) static LINT: Lint = Lint {
    id: "vm/no-route-rendered",
    severity: Severity::Critical,
    on: On::Any,
    title: "the guest is born with one static address and no way out",
    why: "A guest that runs agents reaches what it may reach over its hub, through a proxy that counts and \
          scrubs. A default route, a lease or a router's advertisement in its first network configuration is a \
          way around all of it.",
    fix: Fix::Apply,
    needs: &[Need::Wanted],
    judge,
    #[cfg(test)]
    good,
    #[cfg(test)]
    bad,
};

fn judge(looked: &Looked) -> Seen {
    let wanted = looked.wanted.as_ref().map_err(Clone::clone)?;
    let mut answer = Answer::default();
    let network = |artefact: &&Artefact| {
        artefact.part == Part::Vm && artefact.path.file_name() == "network-config"
    };
    for file in wanted.artefacts.iter().filter(network) {
        answer.looked_at += 1;
        match serde_saphyr::from_str::<Value>(&String::from_utf8_lossy(&file.bytes)) {
            Ok(config) => {
                for message in ways_out(&config) {
                    answer.add(&file.path, message);
                }
            }
            Err(_) => answer.add(&file.path, "it cannot be read"),
        }
    }
    Ok(answer)
}

/// Keys of netplan that give a way out, wherever they stand (netplan-yaml(5)).
fn ways_out(config: &Value) -> Vec<String> {
    let mut found = Vec::new();
    match config {
        Value::Object(map) => {
            for (key, value) in map {
                let on = match key.as_str() {
                    "dhcp4" | "dhcp6" | "accept-ra" => value != &Value::Bool(false),
                    "gateway4" | "gateway6" | "routes" | "nameservers" => true,
                    _ => false,
                };
                if on {
                    found.push(format!("`{key}` is a way out"));
                }
                found.extend(ways_out(value));
            }
        }
        Value::Array(all) => found.extend(all.iter().flat_map(ways_out)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    found
}

#[cfg(test)]
fn good() -> Looked {
    crate::doctor::fixture::hub(
        &serde_json::json!({ "vm": { "cpus": 2, "memory_mib": 2048, "disk": "/opt/sanctum/vm/disk.qcow2" }, "users": { "authorized_keys": ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f laptop"] } }),
    )
}

#[cfg(test)]
fn bad() -> Looked {
    let mut looked = good();
    for file in &mut looked.wanted.as_mut().unwrap().artefacts {
        if file.path.file_name() == "network-config" {
            file.bytes = b"version: 2\nethernets:\n  hostonly:\n    dhcp4: true\n".to_vec();
        }
    }
    looked
}

#[cfg(test)]
mod tests {
    use super::ways_out;
    use serde_json::json;

    #[test]
    fn every_way_out_is_seen() {
        for (ethernet, expected) in [
            (
                json!({ "dhcp4": false, "dhcp6": false, "accept-ra": false, "addresses": ["10.0.0.2/24"] }),
                0,
            ),
            (json!({ "dhcp4": true }), 1),
            (json!({ "dhcp4": "yes" }), 1),
            (json!({ "gateway4": "10.0.0.1" }), 1),
            (json!({ "routes": [{ "to": "default", "via": "10.0.0.1" }] }), 1),
            (json!({ "accept-ra": true, "nameservers": {} }), 2),
        ] {
            let config = json!({ "version": 2, "ethernets": { "a": ethernet } });
            assert_eq!(ways_out(&config).len(), expected, "{config}");
        }
    }
}
