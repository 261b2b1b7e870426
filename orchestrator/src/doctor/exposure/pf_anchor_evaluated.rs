//! `exposure/pf-anchor-evaluated`.

use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use crate::prove::machine::pf::Counted;
use sanctum_types::CouldNotCheck;
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "exposure/pf-anchor-evaluated",
    severity: Severity::Critical,
    on: On::Macos,
    title: "packets are held against our pf anchor",
    why: "An anchor that the main ruleset does not reference, or that stands behind somebody's `quick`, is \
          loaded and never asked. Presence says nothing; only its counters do, so they are read twice, and \
          counters that stand still prove neither that it works nor that it does not.",
    fix: Fix::Edit(
        "call any port of this Mac from the LAN and look again; if it stays so, set `pf.attach: main` in the \
        instance file and sanctum apply --only pf",
    ),
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
    let most = |rules: &[Counted]| rules.iter().map(|rule| rule.evaluations).max().unwrap_or(0);
    match (most(&pf.first), most(&pf.second)) {
        (0, 0) => answer.add(&pf.anchor, "no packet was ever held against it"),
        (first, second) if first == second => {
            answer.looked_at = 0;
            answer.unseen.push(CouldNotCheck {
                subject: pf.anchor.clone(),
                cause: format!(
                    "asked {second} times in all and not between two readings: no packet came by"
                ),
            });
        }
        // Counters that went down were loaded anew in between, and asked since where they are not 0.
        (_, 0) => answer.add(&pf.anchor, "loaded a moment ago, and not asked since"),
        _ => {}
    }
    Ok(answer)
}

#[cfg(test)]
fn good() -> Looked {
    crate::doctor::fixture::plain_hub().with_pf(true, &[3, 3], &[4, 3])
}

#[cfg(test)]
fn bad() -> Looked {
    crate::doctor::fixture::plain_hub().with_pf(true, &[0, 0], &[0, 0])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::report::{Outcome, Verdict};

    #[test]
    fn counters_that_stand_still_prove_nothing() {
        let of = |first: &[u64], second: &[u64]| {
            let looked = crate::doctor::fixture::plain_hub();
            Verdict::of(&LINT, &looked.with_pf(true, first, second)).outcome
        };
        assert_eq!(of(&[7, 0], &[7, 0]), Outcome::CouldNotLook);
        assert_eq!(of(&[7, 0], &[8, 0]), Outcome::Holds(1));
        assert_eq!(of(&[7, 0], &[1, 0]), Outcome::Holds(1));
        assert!(matches!(of(&[7, 0], &[0, 0]), Outcome::Violated(_)));
        assert!(matches!(of(&[], &[]), Outcome::Violated(_)));
    }
}
