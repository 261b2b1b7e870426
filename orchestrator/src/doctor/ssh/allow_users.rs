//! `ssh/allow-users`.

use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use crate::render::sshd::allowed_users;
use sanctum_types::Severity;
use std::collections::BTreeSet;

pub(super) static LINT: Lint = Lint {
    id: "ssh/allow-users",
    severity: Severity::Critical,
    on: On::Any,
    title: "only accounts of the house may log in",
    why: "AllowUsers collects over all files instead of being overruled: an account in any other drop-in, or \
          in one that an update brought, may log in, and our own file looks right.",
    fix: Fix::Run(
        "sudo grep -rin allowusers /etc/ssh/sshd_config /etc/ssh/sshd_config.d; take the account out, or add \
        it to ssh.allow_users of the instance file and sanctum apply --only ssh",
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
    let wanted: BTreeSet<String> =
        allowed_users(&looked.house()?).iter().map(ToString::to_string).collect();
    let mut answer = Answer::over(callers.len());
    let mut extra = BTreeSet::new();
    for caller in callers {
        let said = caller.effective.get("allowusers");
        if said.is_none() {
            answer.add("AllowUsers", format!("every account may log in ({})", caller.context));
            break;
        }
        let words = said.into_iter().flatten().flat_map(|line| line.split_whitespace());
        extra.extend(words.filter(|word| !wanted.contains(*word)).map(str::to_owned));
    }
    for user in extra {
        answer.add(&user, "may log in, which the house does not allow");
    }
    Ok(answer)
}

#[cfg(test)]
fn good() -> Looked {
    crate::doctor::fixture::plain_hub().with_sshd(&[])
}

#[cfg(test)]
fn bad() -> Looked {
    crate::doctor::fixture::plain_hub().with_sshd(&[("allowusers", "operator guestbook")])
}
