//! `secrets/no-conflict-marker`.

use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "secrets/no-conflict-marker",
    severity: Severity::Error,
    on: On::Any,
    title: "no SOPS document holds the mark of an unfinished merge",
    why: "Two branches of an encrypted file always conflict at `lastmodified` and `mac`. A merge that was committed with its marks \
          made every service that read the file fail at its next start, with an error about YAML and none about git.",
    fix: Fix::Run(
        "git checkout --ours FILE or --theirs FILE, then write the other change again: sanctum sops set FILE",
    ),
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
        if let Some(line) = one.conflict {
            answer.add(&one.path, format!("line {line} is the mark of an unfinished merge"));
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
    crate::doctor::fixture::plain_hub().with_document(Some(7), &[])
}
