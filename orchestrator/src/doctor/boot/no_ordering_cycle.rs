//! `boot/no-ordering-cycle`.

use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "boot/no-ordering-cycle",
    severity: Severity::Error,
    on: On::Linux,
    title: "no unit waits for itself",
    why: "A guest's services were missing after some reboots and not after others. Their units were \
          ordered after the target that wanted them; systemd breaks such a circle by leaving one job of it \
          out, and which one it leaves out is not always the same.",
    fix: Fix::Run(
        "systemd-analyze verify UNIT, then take out the After= or Requires= that closes the circle",
    ),
    needs: &[Need::Verified],
    judge,
    #[cfg(test)]
    good,
    #[cfg(test)]
    bad,
};

fn judge(looked: &Looked) -> Seen {
    let verified = looked.verified()?;
    let mut answer = Answer::of(verified);
    for (unit, said) in verified {
        for line in said.iter().filter(|line| line.contains("ordering cycle")) {
            answer.add(unit, line.clone());
        }
    }
    Ok(answer)
}

#[cfg(test)]
fn good() -> Looked {
    let mut looked = crate::doctor::fixture::plain_barn();
    looked.verified.as_mut().unwrap().all.push(("sanctum-scan.service".to_owned(), Vec::new()));
    looked
}

#[cfg(test)]
fn bad() -> Looked {
    let mut looked = crate::doctor::fixture::plain_barn();
    let said = vec!["Found ordering cycle on sanctum-scan.service/start".to_owned()];
    looked.verified.as_mut().unwrap().all.push(("sanctum-scan.service".to_owned(), said));
    looked
}
