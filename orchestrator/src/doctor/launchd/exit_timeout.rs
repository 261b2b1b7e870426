//! `launchd/exit-timeout`.

use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "launchd/exit-timeout",
    severity: Severity::Warn,
    on: On::Macos,
    title: "every job of the house says how long it may take to end",
    why: "Without ExitTimeOut a job gets SIGKILL 20 seconds after SIGTERM by launchd.plist(5), and 5 \
          seconds after it on the releases whose `launchctl print` was published. A job that was writing \
          its state in several places was cut off in the middle of them, and woke up with half of each.",
    fix: Fix::Edit(
        "add ExitTimeOut with the seconds that its longest write takes; then bootout and bootstrap the job",
    ),
    needs: &[Need::Plists],
    judge,
    #[cfg(test)]
    good,
    #[cfg(test)]
    bad,
};

fn judge(looked: &Looked) -> Seen {
    let plists = looked.plists()?;
    let mut answer = Answer::of(plists);
    for file in plists.iter().filter(|file| file.is_ours() && file.read.is_ok()) {
        // 0 means for ever (launchd.plist(5)).
        if file.number("ExitTimeOut").is_none() {
            answer.add(&file.path, "no ExitTimeOut: it is killed a few seconds after SIGTERM");
        }
    }
    Ok(answer)
}

#[cfg(test)]
fn good() -> Looked {
    crate::doctor::fixture::plain_hub()
        .with_daemon("proxy", "<key>ExitTimeOut</key><integer>30</integer>")
}

#[cfg(test)]
fn bad() -> Looked {
    crate::doctor::fixture::plain_hub().with_daemon("proxy", "<key>RunAtLoad</key><true/>")
}
