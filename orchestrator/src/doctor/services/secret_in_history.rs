//! `services/secret-in-history`.

use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "services/secret-in-history",
    severity: Severity::Error,
    on: On::Any,
    title: "no history of the owner's shells holds a secret",
    why: "Eight credentials lay in one history for two months, because a password manager takes values as \
          arguments. Histories go into backups and cloud folders, and every program of the owner's can read \
          them.",
    fix: Fix::Edit(
        "rotate the secret, then take the line out of the file with an editor; `setopt HIST_IGNORE_SPACE` and \
        a leading space keep the next one out",
    ),
    needs: &[Need::Histories],
    judge,
    #[cfg(test)]
    good,
    #[cfg(test)]
    bad,
};

fn judge(looked: &Looked) -> Seen {
    let histories = looked.histories()?;
    let mut answer = Answer::of(histories);
    for file in histories {
        for (line, kind) in file.lines.iter().take(SHOWN) {
            answer.add(&format!("{}:{line}", file.path), format!("it holds {kind}"));
        }
        if let more @ 1.. = file.lines.len().saturating_sub(SHOWN) {
            answer.add(&file.path, format!("{more} more lines hold secrets"));
        }
    }
    Ok(answer)
}

/// As many as somebody takes out by hand.
const SHOWN: usize = 20;

#[cfg(test)]
impl Looked {
    fn with_history(mut self, lines: Vec<(usize, String)>) -> Self {
        let path = "/Users/operator/.zsh_history".to_owned();
        let history = crate::doctor::services::History { path, lines };
        self.histories.as_mut().unwrap().all.push(history);
        self
    }
}

#[cfg(test)]
fn good() -> Looked {
    crate::doctor::fixture::plain_hub().with_history(Vec::new())
}

#[cfg(test)]
fn bad() -> Looked {
    let lines = vec![(7, "a GitHub token".to_owned())];
    crate::doctor::fixture::plain_hub().with_history(lines)
}
