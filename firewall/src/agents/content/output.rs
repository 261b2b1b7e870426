//! What a tool gave: secrets in it are covered, and what cargo built is remarked.
//!
//! Only where something is found does an output go back: hooks run beside one another on the same output, and the last one to
//! change it wins.

use super::super::json::Json;
use super::super::request::{Judgement, Request, Tool};
use super::Policy;
use super::cargo;
use std::collections::BTreeMap;

pub(super) fn judge(request: &Request, policy: &Policy<'_>) -> Judgement {
    let Some(result) = &request.result else { return Judgement::allow() };
    let mut judgement = Judgement::allow();
    let mut remarks: Vec<String> = Vec::new();
    if policy.redact {
        let (covered, kinds) = redact_output(&result.output, policy.is_dummy);
        if !kinds.is_empty() {
            let kinds: Vec<String> =
                kinds.into_iter().map(|(title, count)| format!("{title} ({count})")).collect();
            remarks.push(format!("covered secrets in the output: {}", kinds.join(", ")));
            judgement.updated_output = Some(covered);
        }
    }
    if matches!(request.tool, Tool::Command { .. }) {
        let mut texts = Vec::new();
        result.output.texts(&mut |text| texts.push(text));
        remarks.extend(cargo::remark(&texts, &policy.cargo));
    }
    if !remarks.is_empty() {
        judgement.context = Some(format!("sanctum: {}", remarks.join("; ")));
    }
    judgement
}

/// The output with every secret covered, and how many of each kind there were. The shape stays: only texts change.
#[must_use]
pub fn redact_output(
    output: &Json,
    is_dummy: &dyn Fn(&str) -> bool,
) -> (Json, BTreeMap<&'static str, usize>) {
    let mut kinds = BTreeMap::new();
    let covered = output.with_texts(&mut |text| {
        let redacted = crate::Engine::guarding().redact(text);
        let real = redacted
            .found
            .iter()
            .filter(|found| !text.get(found.range.clone()).is_some_and(is_dummy));
        let titles: Vec<&'static str> = real.map(|found| found.rule.title).collect();
        if titles.is_empty() {
            return text.to_owned();
        }
        titles.into_iter().for_each(|title| *kinds.entry(title).or_insert(0) += 1);
        redacted.text
    });
    (covered, kinds)
}
