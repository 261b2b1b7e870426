//! `launchd/interval-with-keep-alive`.

use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "launchd/interval-with-keep-alive",
    severity: Severity::Warn,
    on: On::Macos,
    title: "what runs by the clock is not kept alive as well",
    why: "KeepAlive starts a job again as soon as it ends, so a StartInterval or a calendar beside it \
          never decides anything: the job that was to run once an hour runs every ten seconds, and its \
          quota was gone by noon.",
    fix: Fix::Edit("keep the clock and take KeepAlive out, or the other way round"),
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
    for file in plists.iter().filter(|file| file.is_timed()) {
        // KeepAlive after a failure only is a retry, and meant.
        if file.flag("KeepAlive") == Some(true) {
            answer.add(&file.path, "KeepAlive is true beside a clock, which then decides nothing");
        }
        if file.number("StartInterval").is_some_and(|seconds| seconds <= 0) {
            answer.add(&file.path, "StartInterval is not a number of seconds above 0");
        }
    }
    Ok(answer)
}

#[cfg(test)]
fn good() -> Looked {
    crate::doctor::fixture::plain_hub()
        .with_daemon("scan", "<key>StartInterval</key><integer>3600</integer><key>KeepAlive</key><dict><key>SuccessfulExit</key><false/></dict>")
}

#[cfg(test)]
fn bad() -> Looked {
    crate::doctor::fixture::plain_hub().with_daemon(
        "scan",
        "<key>StartInterval</key><integer>3600</integer><key>KeepAlive</key><true/>",
    )
}
