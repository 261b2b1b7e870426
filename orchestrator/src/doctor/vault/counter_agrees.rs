//! `vault/counter-agrees`.

use super::look::Pair;
use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "vault/counter-agrees",
    severity: Severity::Critical,
    on: On::Any,
    title: "the vault's file and its counter have come as far",
    why: "A vault whose file was put back from an old copy has secrets, policies and agents that were taken away since, and refuses \
          to open for that reason: at the next boot, when nobody is there. What is written behind the counter was never acknowledged.",
    fix: Fix::Edit(
        "bring both files back from where they are whole, or a backup: sanctum vault restore FILE",
    ),
    needs: &[Need::VaultPairs],
    judge,
    #[cfg(test)]
    good,
    #[cfg(test)]
    bad,
};

fn judge(looked: &Looked) -> Seen {
    let pairs = looked.vault_pairs()?;
    let mut answer = Answer::of(pairs);
    for Pair { log, reached, counted, in_use } in pairs {
        match (reached, counted) {
            (None, None) => {}
            (None, Some(_)) => answer.add(log, "it is gone, and its counter is there"),
            (Some(_), None) => answer.add(log, "its counter is gone or says nothing"),
            (Some(log_is), Some(count)) if log_is.vault != count.vault => {
                answer.add(log, "its counter is another vault's");
            }
            (Some(log_is), Some(count)) if log_is.seq < count.seq => {
                let missing = count.seq - log_is.seq;
                answer.add(log, format!("{missing} records fewer than were acknowledged"));
            }
            (Some(log_is), Some(count)) if log_is.seq > count.seq && !in_use => answer.add_with(
                log,
                format!("its counter is {} records behind", log_is.seq - count.seq),
                "sanctum vault unseal, which cuts off what was never acknowledged",
            ),
            (Some(_), Some(_)) => {}
        }
    }
    Ok(answer)
}

#[cfg(test)]
fn good() -> Looked {
    super::look::tests::with_pair(|_| {})
}

#[cfg(test)]
fn bad() -> Looked {
    super::look::tests::with_pair(|pair| pair.reached.as_mut().unwrap().seq -= 1)
}

#[cfg(test)]
mod tests {
    use super::super::look::tests::with_pair;
    use super::*;

    #[test]
    fn each_way_to_disagree_is_told_apart_and_one_that_is_served_may_be_ahead() {
        let said = |change: fn(&mut Pair)| {
            let found = judge(&with_pair(change)).unwrap().found;
            found.into_iter().map(|one| one.message).collect::<Vec<_>>().join("; ")
        };
        assert_eq!(said(|_| {}), "");
        assert_eq!(said(|pair| (pair.reached, pair.counted) = (None, None)), "");
        assert_eq!(said(|pair| pair.reached = None), "it is gone, and its counter is there");
        assert_eq!(said(|pair| pair.counted = None), "its counter is gone or says nothing");
        let other = |pair: &mut Pair| pair.counted.as_mut().unwrap().vault = [9; 16];
        assert_eq!(said(other), "its counter is another vault's");
        let back = |pair: &mut Pair| pair.reached.as_mut().unwrap().seq -= 2;
        assert_eq!(said(back), "2 records fewer than were acknowledged");
        let behind = |pair: &mut Pair| pair.counted.as_mut().unwrap().seq -= 3;
        assert_eq!(said(behind), "its counter is 3 records behind");
        assert_eq!(
            said(|pair| {
                pair.counted.as_mut().unwrap().seq -= 1;
                pair.in_use = true;
            }),
            ""
        );
    }
}
