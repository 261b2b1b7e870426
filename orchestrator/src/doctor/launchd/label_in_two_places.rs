//! `launchd/label-in-two-places`.

#[cfg(test)]
use crate::doctor::launchd::LoadedJob;
use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use sanctum_types::Severity;
use std::collections::BTreeMap;

pub(super) static LINT: Lint = Lint {
    id: "launchd/label-in-two-places",
    severity: Severity::Error,
    on: On::Macos,
    title: "every label is in one file and one domain",
    why: "One label as a daemon and as an agent is two jobs that start the same program: whoever is first \
          gets the port, the other restarts for ever, and `launchctl print` shows the one that nobody is \
          looking for. A stale copy answered on a port for a day.",
    fix: Fix::Run(
        "sudo launchctl bootout DOMAIN/LABEL for the one that is wrong, then remove its property list",
    ),
    needs: &[Need::Plists, Need::Loaded],
    judge,
    #[cfg(test)]
    good,
    #[cfg(test)]
    bad,
};

fn judge(looked: &Looked) -> Seen {
    let plists = looked.plists()?;
    let mut answer = Answer::of(plists);
    let mut files: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for file in plists {
        files.entry(file.label()).or_default().push(file.path.as_str());
    }
    for (label, paths) in files.iter().filter(|(_, paths)| paths.len() > 1) {
        answer.add(*label, format!("it is in {}", paths.join(" and ")));
    }
    let Some(loaded) = answer.many(looked.loaded()) else { return Ok(answer) };
    let mut domains: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for job in loaded {
        domains.entry(&job.label).or_default().push(&job.domain);
    }
    for (label, domains) in domains.iter().filter(|(_, domains)| domains.len() > 1) {
        answer.add(*label, format!("it is loaded in {}", domains.join(" and ")));
    }
    Ok(answer)
}

#[cfg(test)]
fn good() -> Looked {
    crate::doctor::fixture::plain_hub()
        .with_command("proxy", &["/opt/sanctum/bin/sanctumd"])
        .with_loaded(LoadedJob {
            domain: "system".to_owned(),
            label: "com.sanctum.proxy".to_owned(),
            ..LoadedJob::default()
        })
}

#[cfg(test)]
fn bad() -> Looked {
    crate::doctor::fixture::plain_hub()
        .with_command("proxy", &["/opt/sanctum/bin/sanctumd"])
        .with_plist(
            "/Users/operator/Library/LaunchAgents/com.sanctum.proxy.plist",
            "com.sanctum.proxy",
            "",
        )
}
