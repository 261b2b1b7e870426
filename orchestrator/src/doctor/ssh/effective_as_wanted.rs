//! `ssh/effective-as-wanted`.

use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::unseen;
use crate::doctor::looked::{Looked, Need};
use crate::render::sshd::{Finding, check_effective, expected};
use sanctum_types::Severity;
use std::collections::BTreeMap;

pub(super) static LINT: Lint = Lint {
    id: "ssh/effective-as-wanted",
    severity: Severity::Error,
    on: On::Any,
    title: "sshd does what the house wants, for every caller",
    why: "A drop-in that is right is overruled by one that sorts before it, and by a Match block for some \
          callers only; the file shows neither. So sshd is asked what it does for nobody in particular, for \
          everybody who may log in and for root, from every side of the house.",
    fix: Fix::Run(
        "sudo /opt/sanctum/bin/sanctum apply --only ssh; what stays then another file says: sudo grep -rin \
        KEYWORD /etc/ssh/sshd_config /etc/ssh/sshd_config.d",
    ),
    needs: &[Need::Sshd],
    judge,
    #[cfg(test)]
    good,
    #[cfg(test)]
    bad,
};

fn judge(looked: &Looked) -> Seen {
    let callers = looked.sshd()?;
    let house = looked.house()?;
    let expected = expected(&house).map_err(|error| unseen("what to expect of sshd", &error))?;
    let mut answer = Answer::over(callers.len());
    let mut found: BTreeMap<String, usize> = BTreeMap::new();
    for caller in callers {
        let theirs = check_effective(&expected, &caller.effective);
        for one in theirs.iter().filter(|one| !elsewhere(one)) {
            *found.entry(one.to_string()).or_default() += 1;
        }
    }
    for (message, count) in found {
        answer.add("sshd", format!("{message} ({count} of {} callers)", callers.len()));
    }
    Ok(answer)
}

/// What other lints of this family are about.
fn elsewhere(finding: &Finding) -> bool {
    match finding {
        Finding::ExtraUser { .. } => true,
        Finding::Weaker { keyword, .. } => {
            super::no_password_or_root::KEYWORDS.contains(&keyword.as_str())
        }
        Finding::Missing { .. } | Finding::LockedOut { .. } | Finding::Match { .. } => false,
    }
}

#[cfg(test)]
impl Looked {
    /// With an sshd that does what the house wants, but for these keywords, for two callers.
    pub(crate) fn with_sshd(mut self, but: &[(&str, &str)]) -> Self {
        use crate::doctor::ssh::Caller;
        use crate::render::sshd::{Effective, Want};
        let mut effective = Effective::new();
        for (keyword, want) in expected(&self.house().unwrap()).unwrap() {
            let values = match want {
                Want::Exactly(value) => vec![value],
                Want::AtMost(most) => vec![most.to_string()],
                Want::Within(set) => vec![set.into_iter().collect::<Vec<_>>().join(",")],
                Want::Users(set) => set.into_iter().collect(),
                Want::Unset => continue,
            };
            effective.insert(keyword, values);
        }
        for (keyword, value) in but {
            effective.insert((*keyword).to_owned(), vec![(*value).to_owned()]);
        }
        let caller =
            |context: &str| Caller { context: context.to_owned(), effective: effective.clone() };
        self.sshd = Ok(vec![caller(""), caller("user=root,host=192.0.2.1,addr=192.0.2.1")]);
        self
    }
}

#[cfg(test)]
fn good() -> Looked {
    crate::doctor::fixture::plain_hub().with_sshd(&[])
}

#[cfg(test)]
fn bad() -> Looked {
    crate::doctor::fixture::plain_hub().with_sshd(&[("logingracetime", "120")])
}
