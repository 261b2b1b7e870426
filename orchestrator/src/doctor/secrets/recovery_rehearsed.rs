//! `secrets/recovery-rehearsed`.

use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use crate::secrets::recovery::REHEARSED_WITHIN_DAYS;
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "secrets/recovery-rehearsed",
    severity: Severity::Warn,
    on: On::Any,
    title: "a recovery bundle was restored within the last 90 days",
    why: "A backup that was never restored is a hope. The passphrase is in nobody's memory, the identity is on the disk that \
          burnt, the bundle is of the house before the last: each was found out on the day it was needed.",
    fix: Fix::Run("sudo /opt/sanctum/bin/sanctum secrets drill BUNDLE --identity FILE"),
    needs: &[Need::Recovery],
    judge,
    #[cfg(test)]
    good,
    #[cfg(test)]
    bad,
};

/// Seconds of a day.
const DAY: i64 = 24 * 3600;

fn judge(looked: &Looked) -> Seen {
    let recovery = looked.recovery()?;
    let mut answer = Answer::over(1);
    if looked.ground.instance.secrets.is_empty() {
        return Ok(answer);
    }
    let subject = "recovery";
    let export = "sudo /opt/sanctum/bin/sanctum secrets export --to RECIPIENT --out FILE";
    match recovery.record.as_ref().map(|record| (record.newest(), record.last_rehearsal())) {
        None | Some((None, _)) => answer.add_with(subject, "there is no recovery bundle", export),
        Some((Some(_), None)) => answer.add(subject, "no recovery bundle was ever rehearsed"),
        Some((Some(_), Some(at))) => {
            let days = (looked.ground.now.0 - at.0) / DAY;
            if days > REHEARSED_WITHIN_DAYS {
                answer.add(subject, format!("the last rehearsal was {days} days ago"));
            }
        }
    }
    Ok(answer)
}

#[cfg(test)]
fn good() -> Looked {
    super::tests::house(&[("file:token", true, Some("a"))]).with_recovery(Some(20), &[])
}

#[cfg(test)]
fn bad() -> Looked {
    super::tests::house(&[("file:token", true, Some("a"))]).with_recovery(Some(91), &[])
}
