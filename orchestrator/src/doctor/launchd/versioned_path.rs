//! `launchd/versioned-path`.

use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "launchd/versioned-path",
    severity: Severity::Error,
    on: On::Macos,
    title: "no job names a path that the next upgrade removes",
    why: "A path through a Homebrew Cellar or a version folder is right until the next upgrade. Then the \
          job runs a deleted file, or none; and because macOS grants privacy permissions to a path, it \
          asked for them again every few days.",
    fix: Fix::Edit(
        "name the stable link instead, such as /opt/homebrew/opt/NAME/bin/PROGRAM or the house's own prefix",
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
        for place in file.places().into_iter().filter(|place| is_versioned(place)) {
            answer.add(&file.path, format!("{place} is gone after the next upgrade"));
        }
    }
    Ok(answer)
}

/// `/Cellar/` or `/Caskroom/`, or a folder such as `python@3.12.1` or `1.2.3`.
fn is_versioned(path: &str) -> bool {
    let version = |part: &str| {
        let number = part.rsplit_once('@').map_or(part, |(_, number)| number);
        let number = number.strip_prefix('v').unwrap_or(number);
        number.contains('.')
            && number.split('.').all(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
    };
    // An address such as 10.10.10.1 in a path is no version of three parts or fewer.
    let few = |part: &str| part.matches('.').count() < 3;
    // Homebrew's links, which every upgrade moves; their names may hold the version of a formula.
    let link = ["/opt/homebrew/opt/", "/usr/local/opt/"].iter().any(|dir| path.starts_with(dir));
    path.starts_with('/')
        && !link
        && (["/Cellar/", "/Caskroom/"].iter().any(|place| path.contains(place))
            || path.split('/').any(|part| version(part) && few(part)))
}

#[cfg(test)]
fn good() -> Looked {
    crate::doctor::fixture::plain_hub().with_command(
        "agent",
        &["/opt/homebrew/opt/python@3.12/bin/python3", "/opt/agent/10.10.10.1/main.py"],
    )
}

#[cfg(test)]
fn bad() -> Looked {
    crate::doctor::fixture::plain_hub()
        .with_command("agent", &["/opt/homebrew/Cellar/python@3.12/3.12.4/bin/python3.12"])
}
