//! Use of paid interfaces that an output tells: tokens by model, as data and without a price.
//!
//! Answers of the known interfaces hold a `usage` beside a `model`; a stream repeats it line by line, of which the
//! last and largest counts. Prices and limits are the matter of budgets.

use super::super::json::{self, Json};
use std::collections::BTreeMap;

/// Tokens of one answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Who is paid, by the names that the numbers have.
    pub provider: &'static str,
    /// The model as the answer calls it; empty where it does not.
    pub model: String,
    /// Tokens that went in, those read from a cache left out.
    pub input: u64,
    /// Tokens that were read from a cache.
    pub cached: u64,
    /// Tokens that were written to a cache.
    pub written: u64,
    /// Tokens that came out.
    pub output: u64,
}

/// As many answers as one output is looked through for.
const MOST: usize = 256;

/// Every use that the text tells.
#[must_use]
pub fn usages(text: &str) -> Vec<Usage> {
    if !text.contains("\"usage") {
        return Vec::new();
    }
    if let Ok(whole) = json::parse(text.trim().as_bytes()) {
        let mut found = Vec::new();
        walk(&Json::from(whole), &mut found);
        return found;
    }
    // By answer: the events of one stream share their id, or at least their model.
    let mut found: BTreeMap<String, Usage> = BTreeMap::new();
    for line in text.lines() {
        let line = line.trim();
        let line = line.strip_prefix("data:").unwrap_or(line).trim();
        if !line.starts_with('{') || !line.contains("\"usage") || found.len() >= MOST {
            continue;
        }
        let Ok(node) = json::parse(line.as_bytes()) else { continue };
        let (json, mut here) = (Json::from(node), Vec::new());
        walk(&json, &mut here);
        let id = json.get("id").and_then(Json::text).unwrap_or_default();
        for usage in here {
            let slot =
                found.entry(format!("{id}\n{}", usage.provider)).or_insert_with(|| usage.clone());
            slot.input = slot.input.max(usage.input);
            slot.cached = slot.cached.max(usage.cached);
            slot.written = slot.written.max(usage.written);
            slot.output = slot.output.max(usage.output);
            if slot.model.is_empty() {
                slot.model = usage.model;
            }
        }
    }
    found.into_values().collect()
}

fn walk(json: &Json, found: &mut Vec<Usage>) {
    if found.len() >= MOST {
        return;
    }
    if let Some(usage) = of(json) {
        found.push(usage);
        return;
    }
    match json {
        Json::List(items) => items.iter().for_each(|item| walk(item, found)),
        Json::Map(members) => members.iter().for_each(|(_, value)| walk(value, found)),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) => {}
    }
}

fn of(json: &Json) -> Option<Usage> {
    let model = |names: &[&str]| {
        names
            .iter()
            .find_map(|name| json.get(name))
            .and_then(Json::text)
            .unwrap_or_default()
            .to_owned()
    };
    if let Some(usage) = json.get("usageMetadata") {
        let number = |name| number(usage, name);
        let (all, cached) = (number("promptTokenCount"), number("cachedContentTokenCount"));
        let output = number("candidatesTokenCount").saturating_add(number("thoughtsTokenCount"));
        return some(Usage {
            provider: "google",
            model: model(&["modelVersion", "model"]),
            input: all.saturating_sub(cached),
            cached,
            written: 0,
            output,
        });
    }
    let usage = json.get("usage")?;
    let number = |name| number(usage, name);
    let inner = |outer: &str, name| usage.get(outer).map_or(0, |inner| self::number(inner, name));
    if usage.get("prompt_tokens").is_some() {
        let cached = inner("prompt_tokens_details", "cached_tokens");
        return some(Usage {
            provider: "openai",
            model: model(&["model"]),
            input: number("prompt_tokens").saturating_sub(cached),
            cached,
            written: 0,
            output: number("completion_tokens"),
        });
    }
    if usage.get("input_tokens_details").is_some() || usage.get("total_tokens").is_some() {
        let cached = inner("input_tokens_details", "cached_tokens");
        return some(Usage {
            provider: "openai",
            model: model(&["model"]),
            input: number("input_tokens").saturating_sub(cached),
            cached,
            written: 0,
            output: number("output_tokens"),
        });
    }
    some(Usage {
        provider: "anthropic",
        model: model(&["model"]),
        input: number("input_tokens"),
        cached: number("cache_read_input_tokens"),
        written: number("cache_creation_input_tokens"),
        output: number("output_tokens"),
    })
}

fn some(usage: Usage) -> Option<Usage> {
    let any = usage.input > 0 || usage.cached > 0 || usage.written > 0 || usage.output > 0;
    any.then_some(usage)
}

fn number(json: &Json, name: &str) -> u64 {
    json.get(name).and_then(Json::integer).and_then(|n| u64::try_from(n).ok()).unwrap_or(0)
}
