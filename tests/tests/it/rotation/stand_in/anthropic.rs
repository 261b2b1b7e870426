//! Stand-in of Anthropic's key administration: listed, switched off, archived; made by nobody but a person.

use serde_json::{Value, json};

use super::{Account, Answer, Key, Request, answer as json_answer, error, iso};

const PAGE: usize = 2;

/// What a person does at the console.
pub(super) fn make(account: &mut Account, name: &str) -> Key {
    let (id, rest) = (account.fresh(20), account.fresh(80));
    let value = format!("{}{rest}", ["sk-ant-", "api03-"].concat());
    account.add(format!("apikey_{id}"), name, value, Value::Null).clone()
}

fn status(key: &Key) -> &'static str {
    match (key.alive, key.enabled) {
        (false, _) => "archived",
        (true, true) => "active",
        (true, false) => "inactive",
    }
}

fn shown(key: &Key) -> Value {
    json!({ "type": "api_key", "id": key.id, "name": key.name, "created_at": iso(key.created),
        "partial_key_hint": key.hint(), "status": status(key), "workspace_id": null })
}

pub(super) fn answer(account: &mut Account, request: &Request) -> Answer {
    if request.headers.get("anthropic-version").map(String::as_str) != Some("2023-06-01") {
        return error(400);
    }
    let key = request.headers.get("x-api-key").cloned().unwrap_or_default();
    if (request.method.as_str(), request.path.as_str()) == ("GET", "/v1/models") {
        return match account.by_value(&key) {
            Some(_) => json_answer(200, &json!({ "data": [] })),
            None => error(401),
        };
    }
    if key != account.management {
        return error(401);
    }
    let Some(path) = request.path.strip_prefix("/v1/organizations/api_keys") else {
        return error(404);
    };
    match (request.method.as_str(), path) {
        ("GET", "") if request.asks_only(&["limit", "after_id", "workspace_id"]) => {
            let after = request.query.get("after_id");
            let from = after.and_then(|id| account.keys.iter().position(|key| key.id == *id));
            let from = from.map_or(0, |at| at + 1);
            let page: Vec<Value> = account.keys.iter().skip(from).take(PAGE).map(shown).collect();
            let last = page.last().map(|key| key["id"].clone());
            let more = from + page.len() < account.keys.len();
            json_answer(
                200,
                &json!({ "data": page, "has_more": more, "first_id": null, "last_id": last }),
            )
        }
        ("POST", path) => {
            let Some(body) = request.object(&["name", "status"]) else { return error(400) };
            let id = path.trim_start_matches('/');
            let Some(key) = account.keys.iter_mut().find(|key| key.id == id) else {
                return error(404);
            };
            match body.get("status").and_then(Value::as_str) {
                Some("active") => key.enabled = true,
                Some("inactive") => key.enabled = false,
                Some("archived") => key.alive = false,
                _ => return error(400),
            }
            json_answer(200, &shown(key))
        }
        _ => error(405),
    }
}
