//! `services/program-writable`.

use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use crate::house::layout;
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "services/program-writable",
    severity: Severity::Critical,
    on: On::Any,
    title: "only root could have put the programs of jobs where they are",
    why: "What a job runs as root, or as an account with secrets, is what the next start runs; a person, or an \
          agent under a person's account, who can write it or a directory above it is that account from then \
          on.",
    fix: Fix::Run(
        "sudo chown root PATH; sudo chmod go-w PATH, for the program and every directory above it; a prefix \
        of Homebrew or cargo can not be made safe so: install the program elsewhere",
    ),
    needs: &[Need::Programs],
    judge,
    #[cfg(test)]
    good,
    #[cfg(test)]
    bad,
};

fn judge(looked: &Looked) -> Seen {
    let programs = looked.programs()?;
    let mut answer = Answer::default();
    for (path, program) in &programs.0 {
        let there = !matches!(program.there, Ok(None));
        if let Some(Some(why)) = answer.see(program.untrusted.clone()).filter(|_| there) {
            match path.as_str().starts_with(layout::PREFIX) {
                true => answer.add_with(path, why, "sudo sanctum self install"),
                false => answer.add(path, why),
            }
        }
    }
    Ok(answer)
}

#[cfg(test)]
fn good() -> Looked {
    crate::doctor::fixture::plain_hub().with_program("/opt/ha/bin/ha", None)
}

#[cfg(test)]
fn bad() -> Looked {
    let why = Some("/opt/ha cannot be trusted: group or others can write it");
    crate::doctor::fixture::plain_hub().with_program("/opt/ha/bin/ha", why)
}
