//! TOML as the tree that JSON has, so that one way of walking reads both.

use crate::agents::json::Json;
use toml::de::{DeTable, DeValue};

/// The tables of a text; none where it is no TOML.
pub(in crate::packages) fn read(text: &str) -> Option<Json> {
    let parsed = DeTable::parse(text).ok()?;
    Some(table(parsed.get_ref(), 0))
}

/// Deeper tables than this name no package.
const DEEPEST: usize = 32;

fn table(table: &DeTable<'_>, depth: usize) -> Json {
    let member = |(name, value): (&toml::Spanned<_>, &toml::Spanned<DeValue<'_>>)| {
        let name: &std::borrow::Cow<'_, str> = name.get_ref();
        (name.to_string(), tree(value.get_ref(), depth + 1))
    };
    Json::Map(table.iter().map(member).collect())
}

fn tree(value: &DeValue<'_>, depth: usize) -> Json {
    if depth > DEEPEST {
        return Json::Null;
    }
    match value {
        DeValue::String(text) => Json::Text(text.to_string()),
        DeValue::Boolean(flag) => Json::Bool(*flag),
        DeValue::Array(items) => {
            Json::List(items.iter().map(|item| tree(item.get_ref(), depth + 1)).collect())
        }
        DeValue::Table(inner) => table(inner, depth),
        other => Json::Number(other.type_str().to_owned()),
    }
}

/// The value at a path of names.
pub(in crate::packages) fn at<'j>(json: &'j Json, path: &[&str]) -> Option<&'j Json> {
    path.iter().try_fold(json, |json, name| json.get(name))
}

/// The members of a table; of anything else none.
pub(in crate::packages) fn members(json: Option<&Json>) -> &[(String, Json)] {
    match json {
        Some(Json::Map(members)) => members,
        _ => &[],
    }
}

/// The items of a list; of anything else none.
pub(in crate::packages) fn items(json: Option<&Json>) -> &[Json] {
    match json {
        Some(Json::List(items)) => items,
        _ => &[],
    }
}
