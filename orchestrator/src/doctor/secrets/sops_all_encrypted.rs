//! `secrets/sops-all-encrypted`.

use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use sanctum_types::{CouldNotCheck, Severity};

pub(super) static LINT: Lint = Lint {
    id: "secrets/sops-all-encrypted",
    severity: Severity::Warn,
    on: On::Any,
    title: "no SOPS document that the house reads has values in clear text beside its secrets",
    why: "SOPS does not authenticate the keys of values that stay in clear text: whoever can write the file renames \
          `endpoint_unencrypted` and puts another in its place, and it still opens without a word. What decides where a secret \
          is sent belongs into the instance file, or is encrypted too.",
    fix: Fix::Edit("encrypt the value too (sanctum sops set FILE), or move it out of the document"),
    needs: &[Need::SopsDocuments],
    judge,
    #[cfg(test)]
    good,
    #[cfg(test)]
    bad,
};

fn judge(looked: &Looked) -> Seen {
    let documents = looked.sops_documents()?;
    let mut answer = Answer::of(documents);
    for one in documents {
        match &one.clear {
            Err(cause) => answer
                .unseen
                .push(CouldNotCheck { subject: one.path.to_string(), cause: cause.clone() }),
            Ok(clear) if !clear.is_empty() => {
                answer.add(&one.path, format!("in clear text: {}", clear.join(", ")));
            }
            Ok(_) => {}
        }
    }
    Ok(answer)
}

#[cfg(test)]
fn good() -> Looked {
    crate::doctor::fixture::plain_hub().with_document(None, &[])
}

#[cfg(test)]
fn bad() -> Looked {
    crate::doctor::fixture::plain_hub().with_document(None, &["gateway.endpoint_unencrypted"])
}
