//! `boot/secret-needs-session`.

use crate::doctor::boot::survival::session_secrets;
use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use crate::instance::model::Criticality;
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "boot/secret-needs-session",
    severity: Severity::Error,
    on: On::Macos,
    title: "no service that people need reads a secret that only a login unlocks",
    why: "The bridge that everything went through had its token in the login Keychain. After a reboot the \
          Keychain was locked, the bridge ended at its first line, was started again, and ended again \
          until its owner logged in.",
    fix: Fix::Edit(
        "give it a cache that answers at boot: `keychain://system/`, `age:` or `sops:`, or a declared `file:`",
    ),
    needs: &[Need::Wanted],
    judge,
    #[cfg(test)]
    good,
    #[cfg(test)]
    bad,
};

fn judge(looked: &Looked) -> Seen {
    let jobs = &looked.wanted()?.jobs;
    let mut answer = Answer::over(jobs.len());
    for (name, service) in &looked.ground.instance.services {
        let here = service.enabled && service.node == looked.ground.node;
        if here && service.criticality != Criticality::P2 {
            for secret in session_secrets(looked, service) {
                answer.add(name, format!("`{secret}` resolves only in a login session"));
            }
        }
    }
    Ok(answer)
}

#[cfg(test)]
fn good() -> Looked {
    crate::doctor::fixture::hub(&serde_json::json!({
        "secrets": { "token": { "ref": "age:token.age" } },
        "services": { "bridge": { "node": "hub", "command": ["/opt/x"], "criticality": "P0", "secrets": ["token"] } },
    }))
}

#[cfg(test)]
fn bad() -> Looked {
    crate::doctor::fixture::hub(&serde_json::json!({
        "secrets": { "token": { "ref": "keychain:house/token" } },
        "services": { "bridge": { "node": "hub", "command": ["/opt/x"], "criticality": "P0", "secrets": ["token"] } },
    }))
}
