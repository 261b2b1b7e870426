//! `launchd/log-path`.

use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use sanctum_types::Severity;
use std::collections::BTreeSet;

pub(super) static LINT: Lint = Lint {
    id: "launchd/log-path",
    severity: Severity::Warn,
    on: On::Macos,
    title: "every log file of a job can be written where it is",
    why: "launchd opens log files before it starts the program and makes no directory. Where the directory \
          is missing the job runs without a log or does not run, and the one place where the reason would \
          stand is the log.",
    fix: Fix::Run("sudo install -d -o ACCOUNT DIRECTORY; for a job of the house, sanctum apply"),
    needs: &[Need::Plists, Need::Named],
    judge,
    #[cfg(test)]
    good,
    #[cfg(test)]
    bad,
};

fn judge(looked: &Looked) -> Seen {
    let plists = looked.plists()?;
    let named = looked.named()?;
    let mut answer = Answer::of(plists);
    for file in plists {
        let keys = ["StandardOutPath", "StandardErrorPath"];
        let logs: BTreeSet<&str> = keys.iter().filter_map(|key| file.text(key)).collect();
        for log in logs.into_iter().filter(|log| *log != "/dev/null") {
            let Some(at) = named.at(log) else {
                answer.add(&file.path, format!("{log} is not an absolute path"));
                continue;
            };
            let Some(parent) = answer.see(at.parent.clone()) else { continue };
            match (parent, answer.see(at.there.clone()).flatten()) {
                (None, _) => answer.add(&file.path, format!("the directory of {log} is not there")),
                (Some(_), Some(there)) if there.is_dir => {
                    answer.add(&file.path, format!("{log} is a directory"));
                }
                (Some(parent), _) if parent.mode & 0o002 != 0 && parent.mode & 0o1000 == 0 => {
                    answer.add(&file.path, format!("anybody can replace {log}"));
                }
                (Some(_), _) => {}
            }
        }
    }
    Ok(answer)
}

#[cfg(test)]
fn good() -> Looked {
    crate::doctor::fixture::plain_hub()
        .with_daemon(
            "proxy",
            "<key>StandardOutPath</key><string>/var/log/sanctum/proxy.log</string>",
        )
        .with_named("/var/log/sanctum/proxy.log", None, "")
}

#[cfg(test)]
fn bad() -> Looked {
    let mut looked = crate::doctor::fixture::plain_hub()
        .with_daemon(
            "proxy",
            "<key>StandardOutPath</key><string>/var/log/sanctum/proxy.log</string>",
        )
        .with_named("/var/log/sanctum/proxy.log", None, "");
    for at in looked.named.as_mut().unwrap().0.values_mut() {
        at.parent = Ok(None);
    }
    looked
}
