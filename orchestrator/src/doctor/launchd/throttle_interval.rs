//! `launchd/throttle-interval`.

use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "launchd/throttle-interval",
    severity: Severity::Warn,
    on: On::Macos,
    title: "what is kept alive waits some seconds before it starts again",
    why: "A job that cannot bind its address ends at once and is started again: with a hard-coded address \
          that had moved, one job was started 25,545 times. launchd waits 10 seconds by itself; a smaller \
          ThrottleInterval takes that away.",
    fix: Fix::Edit("say ThrottleInterval 10 or more, or leave it out"),
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
    for file in plists.iter().filter(|file| file.keeps_alive()) {
        // launchd's own least time between two starts (launchd.plist(5)).
        if let Some(seconds) = file.number("ThrottleInterval").filter(|seconds| *seconds < 10) {
            answer.add(&file.path, format!("ThrottleInterval is {seconds}"));
        }
    }
    Ok(answer)
}

#[cfg(test)]
fn good() -> Looked {
    crate::doctor::fixture::plain_hub().with_daemon(
        "proxy",
        "<key>KeepAlive</key><true/><key>ThrottleInterval</key><integer>10</integer>",
    )
}

#[cfg(test)]
fn bad() -> Looked {
    crate::doctor::fixture::plain_hub().with_daemon(
        "proxy",
        "<key>KeepAlive</key><true/><key>ThrottleInterval</key><integer>1</integer>",
    )
}
