//! `exposure/pf-enabled`.

use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "exposure/pf-enabled",
    severity: Severity::Critical,
    on: On::Macos,
    title: "pf is enabled",
    why: "A ruleset that is loaded into a filter which is switched off stops nothing, and every file looks \
          right. macOS updates and other tools switch it off, and after a boot it is off until somebody asks \
          for it.",
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
    if !pf.enabled {
        answer.add("pf", "pf is disabled: no rule of anybody's is asked");
    }
    Ok(answer)
}

#[cfg(test)]
impl Looked {
    /// With a packet filter whose anchor of two rules was asked so often.
    pub(crate) fn with_pf(mut self, enabled: bool, first: &[u64], second: &[u64]) -> Self {
        use crate::prove::machine::pf::Counted;
        let counted = |counts: &[u64]| {
            let rule = "block drop in quick on en0 all".to_owned();
            counts.iter().map(|n| Counted { rule: rule.clone(), evaluations: *n }).collect()
        };
        self.pf = Ok(crate::doctor::exposure::PfState {
            enabled,
            anchor: "com.apple/sanctum".to_owned(),
            wanted: 2,
            first: counted(first),
            second: counted(second),
        });
        self
    }
}

#[cfg(test)]
fn good() -> Looked {
    crate::doctor::fixture::plain_hub().with_pf(true, &[3, 3], &[4, 3])
}

#[cfg(test)]
fn bad() -> Looked {
    crate::doctor::fixture::plain_hub().with_pf(false, &[3, 3], &[4, 3])
}
