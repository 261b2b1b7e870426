//! `boot/comes-back-without-login`.

use crate::doctor::boot::survival::survivors;
use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use crate::instance::model::Criticality;
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "boot/comes-back-without-login",
    severity: Severity::Error,
    on: On::Any,
    title: "what the house or its people need comes back when nobody logs in",
    why: "A Mac came back from a power cut to its login window and stayed there: the file that automatic \
          login needs was gone, and everything important was an agent, read the login Keychain, or stood \
          on something that did. 94 jobs were absent until somebody came home.",
    fix: Fix::Edit(
        "see `sanctum doctor --only boot`: make it a daemon, move its secret to age or SOPS, or lower its criticality",
    ),
    needs: &[Need::Wanted, Need::Overrides, Need::Units],
    judge,
    #[cfg(test)]
    good,
    #[cfg(test)]
    bad,
};

fn judge(looked: &Looked) -> Seen {
    let all = survivors(looked)?;
    let mut answer = Answer::over(all.len());
    // Each is about one system, and empty on the other.
    answer.part(looked.overrides());
    answer.many(looked.units());
    for one in all.iter().filter(|one| one.criticality != Criticality::P2) {
        if one.comes_back == Some(false) {
            let because: Vec<String> = one.because.iter().map(ToString::to_string).collect();
            answer.add(&one.name, format!("{:?}: {}", one.criticality, because.join("; ")));
        }
    }
    Ok(answer)
}

#[cfg(test)]
fn good() -> Looked {
    crate::doctor::fixture::hub(
        &serde_json::json!({ "services": { "bridge": { "node": "hub", "command": ["/opt/x/bridge"], "criticality": "P0" } } }),
    )
}

#[cfg(test)]
fn bad() -> Looked {
    crate::doctor::fixture::hub(&serde_json::json!({ "services": {
        "bridge": { "node": "hub", "command": ["/opt/x/bridge"], "criticality": "P0", "requires": ["store"] },
        "store": { "node": "hub", "command": ["/opt/homebrew/bin/docker", "start", "-a", "store"] },
    } }))
}
