//! `launchd/cloud-synced-path`.

use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "launchd/cloud-synced-path",
    severity: Severity::Error,
    on: On::Macos,
    title: "no job reads, runs or writes anything that a cloud keeps or privacy controls guard",
    why: "A file in Documents, Desktop or a cloud folder may be there by name only: the sync engine \
          offloads its content and still shows it as executable. A weekly audit ran such a script and was \
          empty for four weeks; a repository in a folder with two engines rotted every night. Privacy \
          controls deny those places to daemons besides, without a word.",
    fix: Fix::Edit(
        "move it below the house's own prefix (/opt/sanctum) or another folder that nothing syncs, and name that",
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
    for file in plists {
        for place in file.places() {
            if let Some(cloud) = PLACES.iter().find(|cloud| format!("{place}/").contains(*cloud)) {
                answer.add(&file.path, format!("{place} is below {}", cloud.trim_matches('/')));
            }
        }
    }
    Ok(answer)
}

/// What sync engines and privacy controls (Files and Folders) know as theirs.
const PLACES: [&str; 9] = [
    "/Documents/",
    "/Desktop/",
    "/Downloads/",
    "/Library/CloudStorage/",
    "/Mobile Documents/",
    "/iCloud Drive/",
    "/OneDrive/",
    "/Dropbox/",
    "/Google Drive/",
];

#[cfg(test)]
fn good() -> Looked {
    crate::doctor::fixture::plain_hub().with_command("audit", &["/bin/bash", "/opt/house/audit.sh"])
}

#[cfg(test)]
fn bad() -> Looked {
    crate::doctor::fixture::plain_hub()
        .with_command("audit", &["/bin/bash", "/Users/operator/Documents/scripts/audit.sh"])
}
