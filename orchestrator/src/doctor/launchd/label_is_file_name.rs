//! `launchd/label-is-file-name`.

use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "launchd/label-is-file-name",
    severity: Severity::Warn,
    on: On::Macos,
    title: "every property list is named after its label",
    why: "`launchctl` wants a label, a directory shows a file name, and a watchdog that takes the one for \
          the other reports a running job as missing and starts it a second time. Whoever removes a job by \
          its file name leaves the loaded one behind.",
    fix: Fix::Run(
        "sudo launchctl bootout system/LABEL; rename the file to LABEL.plist; sudo launchctl bootstrap system FILE",
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
    for file in plists.iter().filter(|file| file.read.is_ok()) {
        match file.text("Label") {
            None => answer.add(&file.path, "it has no label, and does not load"),
            Some(label) if file.path.file_name() != format!("{label}.plist") => {
                answer.add(&file.path, format!("its label is {label}"));
            }
            Some(_) => {}
        }
    }
    Ok(answer)
}

#[cfg(test)]
fn good() -> Looked {
    crate::doctor::fixture::plain_hub().with_daemon("proxy", "")
}

#[cfg(test)]
fn bad() -> Looked {
    crate::doctor::fixture::plain_hub().with_plist(
        "/Library/LaunchDaemons/proxy.plist",
        "com.sanctum.proxy",
        "",
    )
}
