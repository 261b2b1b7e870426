//! `launchd/root-program-owner`.

use crate::doctor::eyes::unowned;
use crate::doctor::launchd::Place;
use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
#[cfg(test)]
use crate::doctor::{eyes::There, fixture};
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "launchd/root-program-owner",
    severity: Severity::Critical,
    on: On::Macos,
    title: "what launchd runs as root, only root can replace",
    why: "A daemon without UserName is root. When its program lies in a prefix that the owner's account \
          can write, such as a Homebrew or cargo folder, every program of the owner's is one rename away \
          from root, and an agent is such a program.",
    fix: Fix::Run(
        "sudo sanctum self install for the house's own; for others, install below a folder of root's",
    ),
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
    for file in plists.iter().filter(|file| file.place == Place::Daemons) {
        if file.text("UserName").is_some_and(|user| user != "root") {
            continue;
        }
        for word in file.command().into_iter().filter(|word| word.starts_with('/')) {
            let Some(at) = named.at(word) else { continue };
            for (what, seen) in [("it", &at.there), ("its directory", &at.parent)] {
                let Some(Some(there)) = answer.see(seen.clone()) else { continue };
                match there.uid {
                    None => answer.unseen.push(unowned("owners of programs")),
                    Some(0) if there.mode & 0o022 == 0 || there.mode & 0o1000 != 0 => {}
                    Some(0) => {
                        answer.add(&file.path, format!("{word}: {what} can be written by others"));
                    }
                    Some(uid) => {
                        answer.add(&file.path, format!("{word}: {what} belongs to user {uid}"));
                    }
                }
            }
        }
    }
    Ok(answer)
}

#[cfg(test)]
fn good() -> Looked {
    crate::doctor::fixture::plain_hub()
        .with_command("pf", &["/opt/sanctum/bin/sanctum", "pf", "load"])
        .with_named("/opt/sanctum/bin/sanctum", Some(fixture::file(0o755)), "")
}

#[cfg(test)]
fn bad() -> Looked {
    let theirs = There { uid: Some(501), ..fixture::file(0o755) };
    crate::doctor::fixture::plain_hub().with_command("pf", &["/opt/homebrew/bin/tool"]).with_named(
        "/opt/homebrew/bin/tool",
        Some(theirs),
        "",
    )
}
