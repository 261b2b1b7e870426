//! `launchd/aqua-key-in-daemon`.

use crate::doctor::launchd::Place;
use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "launchd/aqua-key-in-daemon",
    severity: Severity::Error,
    on: On::Macos,
    title: "no daemon is limited to a session type",
    why: "`LimitLoadToSessionType` names a graphical session, and a daemon has none. launchd answers the \
          bootstrap with error 5 and no word about the key. A job that was promoted from agent to daemon \
          kept the key, and was absent for a whole night.",
    fix: Fix::Edit(
        "take LimitLoadToSessionType out of the property list, then sudo launchctl bootstrap system FILE",
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
    for file in plists.iter().filter(|file| file.place == Place::Daemons) {
        if file.get("LimitLoadToSessionType").is_some() {
            answer
                .add(&file.path, "LimitLoadToSessionType in a daemon: it does not load (error 5)");
        }
    }
    Ok(answer)
}

#[cfg(test)]
fn good() -> Looked {
    crate::doctor::fixture::plain_hub()
        .with_command("proxy", &["/opt/sanctum/bin/sanctumd"])
        .with_plist(
            "/Library/LaunchAgents/com.sanctum.player.plist",
            "com.sanctum.player",
            "<key>LimitLoadToSessionType</key><string>Aqua</string>",
        )
}

#[cfg(test)]
fn bad() -> Looked {
    crate::doctor::fixture::plain_hub()
        .with_daemon("proxy", "<key>LimitLoadToSessionType</key><string>Aqua</string>")
}
