//! `launchd/disabled-key`.

use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "launchd/disabled-key",
    severity: Severity::Error,
    on: On::Macos,
    title: "no job is switched off by the Disabled key alone",
    why: "`Disabled` in a property list counts only until launchd has an opinion of its own in its \
          override database, and is never read again after that. A fallback that was switched off by the \
          key came back with the next boot and took the port of the service that it stood in for.",
    fix: Fix::Run("sudo launchctl disable system/LABEL, or remove the property list"),
    needs: &[Need::Plists, Need::Overrides],
    judge,
    #[cfg(test)]
    good,
    #[cfg(test)]
    bad,
};

fn judge(looked: &Looked) -> Seen {
    let plists = looked.plists()?;
    let overrides = looked.overrides()?;
    let mut answer = Answer::of(plists);
    for file in plists.iter().filter(|file| file.flag("Disabled") == Some(true)) {
        let told = overrides.of(file.label());
        if !told.contains(&true) {
            let words =
                if told.is_empty() { "launchd was never told" } else { "launchd holds it enabled" };
            answer.add(&file.path, format!("Disabled is true in the file, and {words}"));
        }
    }
    Ok(answer)
}

#[cfg(test)]
fn good() -> Looked {
    crate::doctor::fixture::plain_hub()
        .with_daemon("fallback", "<key>Disabled</key><true/>")
        .with_override("system", "com.sanctum.fallback", true)
}

#[cfg(test)]
fn bad() -> Looked {
    crate::doctor::fixture::plain_hub().with_daemon("fallback", "<key>Disabled</key><true/>")
}
