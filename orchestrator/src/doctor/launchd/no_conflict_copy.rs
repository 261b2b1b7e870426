//! `launchd/no-conflict-copy`.

use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "launchd/no-conflict-copy",
    severity: Severity::Warn,
    on: On::Macos,
    title: "no property list is a copy that a sync engine or an editor left",
    why: "launchd loads every `.plist` in its directories, whatever it is called. `com.sanctum.proxy \
          2.plist`, left behind by a sync engine, is a second job with the first one's label, and which of \
          the two is loaded at boot is nobody's decision.",
    fix: Fix::Run("compare it with the original, then remove it"),
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
        let name = file.path.file_name();
        let stem = name.strip_suffix(".plist").unwrap_or(name);
        let numbered = stem.rsplit_once(' ').is_some_and(|(_, end)| {
            !end.is_empty()
                && end.trim_matches(['(', ')']).bytes().all(|byte| byte.is_ascii_digit())
        });
        let named = [" copy", ".bak", ".orig", ".old", ".save"];
        let conflicted = stem.contains("conflicted copy");
        if numbered || conflicted || named.iter().any(|end| stem.ends_with(end)) {
            answer.add(&file.path, "launchd loads it like any other");
        }
    }
    Ok(answer)
}

#[cfg(test)]
fn good() -> Looked {
    crate::doctor::fixture::plain_hub().with_daemon("proxy", "").with_daemon("old-lab", "")
}

#[cfg(test)]
fn bad() -> Looked {
    crate::doctor::fixture::plain_hub().with_plist(
        "/Library/LaunchDaemons/com.sanctum.proxy 2.plist",
        "com.sanctum.proxy",
        "",
    )
}
