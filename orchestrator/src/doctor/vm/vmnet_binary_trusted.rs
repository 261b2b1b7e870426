//! `vm/vmnet-binary-trusted`.

use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use crate::house::layout;
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "vm/vmnet-binary-trusted",
    severity: Severity::Critical,
    on: On::Macos,
    title: "only root could have put socket_vmnet where it is",
    why: "socket_vmnet runs as root because vmnet gives networks to nobody else. Its usual home, a prefix of \
          Homebrew, belongs to a person: whoever is that person replaces the file and is root at the next \
          boot.",
    fix: Fix::Edit(
        "put it below /opt/socket_vmnet, owned by root:wheel and writable by nobody else with every directory \
        above it",
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
    let found = programs.0.iter().find(|(path, _)| path.as_str() == layout::SOCKET_VMNET);
    if let Some((path, program)) = found {
        match (answer.see(program.there.clone()), answer.see(program.untrusted.clone())) {
            (Some(None), _) => {
                answer.add(path, "it is not there, and the host-only network needs it");
            }
            (Some(Some(_)), Some(Some(why))) => answer.add(path, why),
            (Some(Some(_)) | None, _) => {}
        }
    }
    Ok(answer)
}

#[cfg(test)]
fn good() -> Looked {
    crate::doctor::fixture::plain_hub().with_program(layout::SOCKET_VMNET, None)
}

#[cfg(test)]
fn bad() -> Looked {
    let why = Some("/opt/socket_vmnet cannot be trusted: group or others can write it");
    crate::doctor::fixture::plain_hub().with_program(layout::SOCKET_VMNET, why)
}
