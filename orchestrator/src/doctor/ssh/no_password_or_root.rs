//! `ssh/no-password-or-root`.

use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use crate::doctor::ssh::Caller;
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "ssh/no-password-or-root",
    severity: Severity::Critical,
    on: On::Any,
    title: "nobody logs in with a password, and root not at all",
    why: "Passwords are guessed from everywhere all day, and root's name is known to everybody. One line in \
          one drop-in brings both back for some callers, after an update of the system or of another tool.",
    fix: Fix::Run(
        "sudo /opt/sanctum/bin/sanctum apply --only ssh; what stays then another file says: sudo grep -rinE \
        \"password|root\" /etc/ssh/sshd_config /etc/ssh/sshd_config.d",
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
    let mut answer = Answer::over(callers.len());
    for keyword in KEYWORDS {
        let open = |caller: &&Caller| {
            let said = caller.effective.get(keyword);
            said.is_some_and(|said| said.iter().any(|value| !value.eq_ignore_ascii_case("no")))
        };
        let open: Vec<&Caller> = callers.iter().filter(open).collect();
        if let Some(first) = open.first() {
            let value = first.effective.get(keyword).and_then(|said| said.first());
            let whom = if first.context.is_empty() { "everybody" } else { first.context.as_str() };
            let value = value.map_or("", String::as_str);
            answer.add(
                keyword,
                format!("{value} for {} of {} callers, such as {whom}", open.len(), callers.len()),
            );
        }
    }
    Ok(answer)
}

/// What has to be `no`.
pub(super) const KEYWORDS: [&str; 5] = [
    "passwordauthentication",
    "kbdinteractiveauthentication",
    "permitemptypasswords",
    "permitrootlogin",
    "hostbasedauthentication",
];

#[cfg(test)]
fn good() -> Looked {
    crate::doctor::fixture::plain_hub().with_sshd(&[])
}

#[cfg(test)]
fn bad() -> Looked {
    crate::doctor::fixture::plain_hub().with_sshd(&[("permitrootlogin", "without-password")])
}
