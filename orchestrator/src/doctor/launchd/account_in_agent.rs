//! `launchd/account-in-agent`.

use crate::doctor::launchd::Place;
use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "launchd/account-in-agent",
    severity: Severity::Warn,
    on: On::Macos,
    title: "no agent names an account",
    why: "`UserName` and `GroupName` count in the system's domain only (launchd.plist(5)). In an agent \
          they are ignored: the job that was to run as its own account runs as the owner, with everything \
          that the owner can read.",
    fix: Fix::Edit("make it a daemon, or take UserName and GroupName out"),
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
    for file in plists.iter().filter(|file| file.place != Place::Daemons) {
        for key in ["UserName", "GroupName"] {
            if file.get(key).is_some() {
                answer.add(&file.path, format!("{key} is ignored in an agent"));
            }
        }
    }
    Ok(answer)
}

#[cfg(test)]
fn good() -> Looked {
    crate::doctor::fixture::plain_hub()
        .with_daemon("proxy", "<key>UserName</key><string>_sanctum_proxy</string>")
}

#[cfg(test)]
fn bad() -> Looked {
    crate::doctor::fixture::plain_hub().with_plist(
        "/Library/LaunchAgents/com.sanctum.player.plist",
        "com.sanctum.player",
        "<key>UserName</key><string>_sanctum_player</string>",
    )
}
