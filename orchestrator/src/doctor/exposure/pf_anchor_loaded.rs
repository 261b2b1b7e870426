//! `exposure/pf-anchor-loaded`.

use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "exposure/pf-anchor-loaded",
    severity: Severity::Critical,
    on: On::Macos,
    title: "our pf anchor holds the rules of its file",
    why: "pfctl takes a file with a missing anchor with a warning and ends with 0, and a system update puts \
          its own main ruleset back; what is in force is what the kernel lists and not what stands in a file.",
    fix: Fix::Run("sudo /opt/sanctum/bin/sanctum pf load"),
    needs: &[Need::Pf],
    judge,
    #[cfg(test)]
    good,
    #[cfg(test)]
    bad,
};

fn judge(looked: &Looked) -> Seen {
    let pf = looked.pf()?;
    let mut answer = Answer::over(1);
    let loaded = pf.second.len();
    if loaded != pf.wanted {
        answer.add(&pf.anchor, format!("{loaded} rules are loaded, its file has {}", pf.wanted));
    }
    Ok(answer)
}

#[cfg(test)]
fn good() -> Looked {
    crate::doctor::fixture::plain_hub().with_pf(true, &[3, 3], &[4, 3])
}

#[cfg(test)]
fn bad() -> Looked {
    crate::doctor::fixture::plain_hub().with_pf(true, &[], &[])
}
