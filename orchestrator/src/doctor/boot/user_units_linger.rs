//! `boot/user-units-linger`.

#[cfg(test)]
use crate::doctor::boot::UserUnits;
use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "boot/user-units-linger",
    severity: Severity::Error,
    on: On::Linux,
    title: "who has services of their own keeps them without a session",
    why: "Units of a user end with the user's last session and begin with the first, unless the user \
          lingers. Services of a guest's login account were there whenever somebody looked, because \
          looking was a session.",
    fix: Fix::Run("sudo loginctl enable-linger USER"),
    needs: &[Need::Linger],
    judge,
    #[cfg(test)]
    good,
    #[cfg(test)]
    bad,
};

fn judge(looked: &Looked) -> Seen {
    let users = looked.linger()?;
    let mut answer = Answer::of(users);
    for user in users.iter().filter(|user| !user.lingers && !user.units.is_empty()) {
        answer.add(&user.name, format!("it does not linger, and wants {}", user.units.join(", ")));
    }
    Ok(answer)
}

#[cfg(test)]
fn good() -> Looked {
    let mut looked = crate::doctor::fixture::plain_barn();
    let units = vec!["agent.service".to_owned()];
    let user = UserUnits { name: "ubuntu".to_owned(), lingers: true, units };
    looked.linger.as_mut().unwrap().all.push(user);
    looked
}

#[cfg(test)]
fn bad() -> Looked {
    let mut looked = crate::doctor::fixture::plain_barn();
    let units = vec!["agent.service".to_owned()];
    let user = UserUnits { name: "ubuntu".to_owned(), lingers: false, units };
    looked.linger.as_mut().unwrap().all.push(user);
    looked
}
