//! `services/secret-file-mode`.

use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "services/secret-file-mode",
    severity: Severity::Critical,
    on: On::Any,
    title: "every `file:` secret is there, and its owner's alone",
    why: "A file is the one place from which a service gets its secret with no login and no network, so it is \
          what a boot stands on; and a file that others read is a secret of everybody's.",
    fix: Fix::Run(
        "sudo chmod 600 FILE; where it is not there, put it back from where the secret is kept",
    ),
    needs: &[Need::SecretFiles],
    judge,
    #[cfg(test)]
    good,
    #[cfg(test)]
    bad,
};

fn judge(looked: &Looked) -> Seen {
    let files = looked.secret_files()?;
    let mut answer = Answer::default();
    for file in files {
        let path = &file.path;
        match answer.see(file.there.clone()) {
            None => {}
            Some(None) => answer.add_with(
                path,
                format!("secret `{}` is not there", file.name),
                format!(
                    "put it there with mode 600, or change `ref` of `{}` in the instance file",
                    file.name
                ),
            ),
            Some(Some(there)) if !there.is_file => answer.add(path, "it is not a regular file"),
            Some(Some(there)) if there.mode & 0o077 != 0 => answer.add_with(
                path,
                format!("mode {:04o}: others than its owner may use it", there.mode),
                format!("sudo chmod 600 {path}"),
            ),
            Some(Some(_)) => {}
        }
    }
    Ok(answer)
}

#[cfg(test)]
impl Looked {
    fn with_secret_file(mut self, mode: u32) -> Self {
        self.secret_files.as_mut().unwrap().push(crate::doctor::services::SecretFile {
            name: "gateway".to_owned(),
            path: sanctum_types::AbsPath::new("/etc/sanctum/secrets/gateway").unwrap(),
            there: Ok(Some(crate::doctor::fixture::file(mode))),
        });
        self
    }
}

#[cfg(test)]
fn good() -> Looked {
    crate::doctor::fixture::plain_hub().with_secret_file(0o600)
}

#[cfg(test)]
fn bad() -> Looked {
    crate::doctor::fixture::plain_hub().with_secret_file(0o644)
}
