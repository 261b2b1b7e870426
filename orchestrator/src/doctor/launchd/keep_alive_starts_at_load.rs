//! `launchd/keep-alive-starts-at-load`.

use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "launchd/keep-alive-starts-at-load",
    severity: Severity::Warn,
    on: On::Macos,
    title: "what is kept alive also says that it runs at load",
    why: "KeepAlive starts a job the moment it is loaded, whatever RunAtLoad says. A property list with \
          KeepAlive and without RunAtLoad, or with RunAtLoad false, reads like a job that waits to be \
          asked, and it is one that takes its port at every boot.",
    fix: Fix::Edit("say RunAtLoad true, or take KeepAlive out; then bootout and bootstrap the job"),
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
    for file in plists {
        let always = file.flag("KeepAlive") == Some(true);
        if always && file.flag("RunAtLoad") != Some(true) {
            answer.add(&file.path, "KeepAlive starts it at load although RunAtLoad is not true");
        }
    }
    Ok(answer)
}

#[cfg(test)]
fn good() -> Looked {
    crate::doctor::fixture::plain_hub()
        .with_daemon("proxy", "<key>KeepAlive</key><true/><key>RunAtLoad</key><true/>")
}

#[cfg(test)]
fn bad() -> Looked {
    crate::doctor::fixture::plain_hub().with_daemon("proxy", "<key>KeepAlive</key><true/>")
}
