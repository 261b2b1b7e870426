//! `launchd/plist-owner`.

use crate::doctor::eyes::unowned;
use crate::doctor::launchd::Place;
use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "launchd/plist-owner",
    severity: Severity::Critical,
    on: On::Macos,
    title: "only root can change what the system starts as root",
    why: "Whoever can write a property list of a daemon is root after the next boot. launchd refuses files \
          that others can write, so the job is absent; it does not refuse one that belongs to the owner's \
          account, under which every agent runs.",
    fix: Fix::Run("sudo chown root:wheel FILE; sudo chmod 644 FILE"),
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
        if file.mode & 0o022 != 0 {
            answer.add(&file.path, format!("mode {:04o}: group or others can write it", file.mode));
        }
        match (file.place, file.uid) {
            (Place::OwnersAgents, _) | (_, Some(0)) => {}
            (_, Some(uid)) => answer.add(&file.path, format!("it belongs to user {uid}")),
            (_, None) => answer.unseen.push(unowned("owners of property lists")),
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
    let mut looked = crate::doctor::fixture::plain_hub().with_daemon("proxy", "");
    looked.plists.as_mut().unwrap().all.first_mut().unwrap().uid = Some(501);
    looked
}
