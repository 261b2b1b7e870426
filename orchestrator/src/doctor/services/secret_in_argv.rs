//! `services/secret-in-argv`.

use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use crate::jobs::secret::{Firewall, kinds};
use sanctum_host::sight::Sight;
use sanctum_types::CouldNotCheck;
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "services/secret-in-argv",
    severity: Severity::Critical,
    on: On::Any,
    title: "no process shows a secret in its arguments",
    why: "Every account of a machine reads everybody's arguments, and so do crash reports and monitors. The \
          kind of what was found is named and where it stands, never the value.",
    fix: Fix::Edit(
        "rotate the secret, and give it to the program by a file or by `secrets` of its service",
    ),
    needs: &[Need::Processes],
    judge,
    #[cfg(test)]
    good,
    #[cfg(test)]
    bad,
};

fn judge(looked: &Looked) -> Seen {
    let processes = looked.processes()?;
    let mut answer = Answer::of(processes);
    for one in processes {
        let words = match &one.argv {
            Sight::Seen(argv) => argv.words(),
            Sight::Absent => continue,
            Sight::Denied => {
                answer.unseen.push(CouldNotCheck {
                    subject: format!("arguments of {} ({})", one.name, one.pid),
                    cause: "this account may not see them".to_owned(),
                });
                continue;
            }
        };
        for (number, kind) in kinds(words, &Firewall) {
            answer.add(
                &format!("process {} ({})", one.pid, one.name),
                format!("argument {number} is {kind}"),
            );
        }
    }
    Ok(answer)
}

#[cfg(test)]
fn good() -> Looked {
    let looked = crate::doctor::fixture::plain_hub();
    looked.with_running("ha", "/opt/ha/bin/ha", 7, 7)
}

#[cfg(test)]
fn bad() -> Looked {
    use sanctum_host::processes::Argv;
    let mut looked = good();
    let token = format!("ghp_{}", "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8");
    let words = vec!["/opt/ha/bin/ha".to_owned(), format!("--token={token}")];
    looked.processes.as_mut().unwrap().all[0].argv = Sight::Seen(Argv::new(words));
    looked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_to_give_an_argument_and_what_is_none() {
        let key = format!("AKIA{}", "Q3EGRTY7MNBVCXZP");
        let token = format!("ghp_{}", "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8");
        for (words, expected) in [
            (vec!["x".to_owned(), key.clone()], vec![1]),
            (vec!["x".to_owned(), format!("--token={token}")], vec![1]),
            (vec!["x".to_owned(), "--token".to_owned(), token.clone()], vec![2]),
            (
                vec!["sshd: operator [priv]".to_owned(), "--port".to_owned(), "8123".to_owned()],
                vec![],
            ),
            (
                vec![
                    "x".to_owned(),
                    "--token-file".to_owned(),
                    "/etc/sanctum/secrets/ha".to_owned(),
                ],
                vec![],
            ),
        ] {
            let numbers: Vec<usize> = kinds(&words, &Firewall).map(|(number, _)| number).collect();
            assert_eq!(numbers, expected, "{}", words.len());
        }
    }
}
