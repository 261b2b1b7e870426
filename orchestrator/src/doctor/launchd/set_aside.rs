//! `launchd/set-aside`.

#[cfg(test)]
use crate::doctor::launchd::Aside;
use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "launchd/set-aside",
    severity: Severity::Warn,
    on: On::Macos,
    title: "no property list of the house is set aside under another name",
    why: "Renaming a property list switches a job off until somebody forgets. A main service was \
          unsupervised for three days after such an experiment; whoever looks for jobs by their files does \
          not see it, and whoever looks at launchd sees the old job.",
    fix: Fix::Run("rename it back and bootstrap it, or remove it"),
    needs: &[Need::Aside],
    judge,
    #[cfg(test)]
    good,
    #[cfg(test)]
    bad,
};

fn judge(looked: &Looked) -> Seen {
    let aside = looked.aside()?;
    let mut answer = Answer::over(aside.looked_at);
    for path in &aside.paths {
        answer.add(path, "a property list under a name that launchd does not load");
    }
    Ok(answer)
}

#[cfg(test)]
fn good() -> Looked {
    let mut looked = crate::doctor::fixture::plain_hub();
    looked.aside = Ok(Aside { looked_at: 3, paths: Vec::new() });
    looked
}

#[cfg(test)]
fn bad() -> Looked {
    let mut looked = crate::doctor::fixture::plain_hub();
    let path = "/Library/LaunchDaemons/com.sanctum.proxy.plist.off";
    let paths = vec![sanctum_types::AbsPath::new(path).unwrap()];
    looked.aside = Ok(Aside { looked_at: 3, paths });
    looked
}
