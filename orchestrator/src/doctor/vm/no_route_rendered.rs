//! `vm/no-route-rendered`.

use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use crate::house::Part;
use crate::prove::judge_network;
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "vm/no-route-rendered",
    severity: Severity::Critical,
    on: On::Any,
    title: "the guest is born with one static address and no way out",
    why: "A guest that runs agents reaches what it may reach over its hub, through a proxy that counts and \
          scrubs. A default route, a lease or a router's advertisement in its first network configuration is a \
          way around all of it.",
    fix: Fix::Run(
        "this version makes it so: apply nothing of it, and go back with sudo sanctum self rollback",
    ),
    needs: &[Need::Wanted],
    judge,
    #[cfg(test)]
    good,
    #[cfg(test)]
    bad,
};

fn judge(looked: &Looked) -> Seen {
    let wanted = looked.wanted()?;
    let mut answer = Answer::default();
    for file in wanted.artefacts.iter().filter(|artefact| artefact.part == Part::Vm) {
        let Some(wrong) = judge_network(file) else { continue };
        answer.looked_at += 1;
        for finding in wrong {
            answer.add(&file.path, finding.message);
        }
    }
    Ok(answer)
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
