//! `services/command-missing`.

use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use crate::house::layout;
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "services/command-missing",
    severity: Severity::Critical,
    on: On::Any,
    title: "the program of every job is there and can be run",
    why: "A job whose program is gone fails at the next start and not before: a healer did nothing for 13 days \
          because the link that it was started through had been deleted, and wrote 148,181 errors that nobody \
          read.",
    fix: Fix::Edit(
        "install the program that the finding names, or take its service or schedule out of the instance file \
        and sanctum apply",
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
        let hint = path.as_str().starts_with(layout::PREFIX).then_some("sudo sanctum self install");
        let message = match answer.see(program.there.clone()) {
            None => continue,
            Some(None) => "it is not there".to_owned(),
            Some(Some(there)) if !there.is_file => "it is not a file".to_owned(),
            Some(Some(there)) if there.mode & 0o111 == 0 => {
                format!("mode {:04o}: nobody may run it", there.mode)
            }
            Some(Some(_)) => continue,
        };
        match hint {
            Some(hint) => answer.add_with(path, message, hint),
            None => answer.add(path, message),
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
    let mut looked = good();
    for program in looked.programs.as_mut().unwrap().0.values_mut() {
        program.there = Ok(None);
    }
    looked
}
