//! `boot/mount-at-boot`.

use crate::doctor::boot::survival::mounts;
use crate::doctor::launchd::Place;
use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "boot/mount-at-boot",
    severity: Severity::Warn,
    on: On::Macos,
    title: "no daemon stands on a volume that is mounted at login",
    why: "macOS mounts external disks, images and network shares when somebody logs in. A daemon that is \
          started at boot finds an empty folder there, or makes one, and writes its state where the volume \
          will later hide it.",
    fix: Fix::Edit(
        "keep its program and state on the system's disk, or make it an agent and say so in the registry",
    ),
    needs: &[Need::Wanted, Need::Plists],
    judge,
    #[cfg(test)]
    good,
    #[cfg(test)]
    bad,
};

fn judge(looked: &Looked) -> Seen {
    let plists = looked.plists()?;
    let mut answer = Answer::of(plists);
    answer.looked_at += looked.wanted()?.jobs.len();
    for job in &looked.wanted()?.jobs {
        for path in mounts(looked.os(), &job.command) {
            answer.add(&job.label, format!("it uses {path}"));
        }
    }
    for file in plists.iter().filter(|file| file.place == Place::Daemons) {
        let places: Vec<String> = file.places().into_iter().map(str::to_owned).collect();
        for path in mounts(looked.os(), &places) {
            answer.add(&file.path, format!("it uses {path}"));
        }
    }
    Ok(answer)
}

#[cfg(test)]
fn good() -> Looked {
    crate::doctor::fixture::plain_hub()
}

#[cfg(test)]
fn bad() -> Looked {
    crate::doctor::fixture::plain_hub()
        .with_daemon("media", "<key>WorkingDirectory</key><string>/Volumes/Disk/media</string>")
}
