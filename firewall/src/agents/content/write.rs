//! Writing: protected paths, secrets that come into files, Dockerfiles.

use super::super::paths::{self, Grade, Place, Use};
use super::super::request::{Change, FileChange, Judgement};
use super::{Policy, docker};

/// Changes these files.
pub(super) fn judge(changes: &[FileChange], place: &Place, policy: &Policy<'_>) -> Judgement {
    let mut judgement = Judgement::allow();
    for change in changes {
        judgement = judgement.worse(one(change, place, policy));
    }
    judgement
}

fn one(change: &FileChange, place: &Place, policy: &Policy<'_>) -> Judgement {
    let verb = match change.how {
        Change::Delete => "Deletes",
        Change::Move => "Moves",
        Change::Whole | Change::Edit => "Writes",
    };
    let mut judgement = match paths::meet(&change.path, place, Use::Write) {
        Some(met) => {
            let reason = format!("{verb} {}: {}", met.what, met.shown);
            match met.grade {
                Grade::Deny => Judgement::deny(reason),
                Grade::Ask => Judgement::ask(reason),
            }
        }
        None => Judgement::allow(),
    };
    for text in &change.added {
        if let Some((title, line)) = credential(text, &change.path, &change.removed, policy) {
            let reason =
                format!("Writes a secret ({title}) into {}, line {line} of the text", change.path);
            // Files of environment secrets are where they belong; still nobody should have shown it to the agent.
            let belongs = paths::meet(&change.path, place, Use::Read).is_some();
            let judged = if belongs { Judgement::ask(reason) } else { Judgement::deny(reason) };
            judgement = judgement.worse(judged);
        }
        if docker::is_dockerfile(&change.path) {
            judgement = judgement.worse(docker::judge(text, &policy.docker));
        }
    }
    judgement
}

/// The first secret of a text that is neither a dummy nor in the text that it replaces: its title and line.
pub(super) fn credential(
    text: &str,
    path: &str,
    replaced: &[String],
    policy: &Policy<'_>,
) -> Option<(&'static str, usize)> {
    let name = Some(path).filter(|path| !path.is_empty());
    let mut all = crate::Engine::guarding().find_in(text.as_bytes(), name);
    // A report takes a word in an address in code for one that shows a form. What is about to be written is nobody's form yet.
    if has_userinfo(text) {
        let anywhere = crate::Engine::guarding().find_in(text.as_bytes(), None);
        all.extend(anywhere.into_iter().filter(|found| found.rule.id == "url-password"));
    }
    all.into_iter().find_map(|found| {
        let secret = text.get(found.range.clone()).unwrap_or_default();
        let old = !secret.is_empty() && replaced.iter().any(|text| text.contains(secret));
        (!old && !(policy.is_dummy)(secret)).then_some((found.rule.title, found.line))
    })
}

/// Whether an address names somebody in front of its host.
fn has_userinfo(text: &str) -> bool {
    text.match_indices("://").any(|(at, mark)| {
        let rest = text.get(at + mark.len()..).unwrap_or_default();
        rest.split(|c: char| c.is_whitespace() || matches!(c, '/' | '"' | '\'' | '`'))
            .next()
            .is_some_and(|authority| authority.contains('@') && authority.contains(':'))
    })
}
