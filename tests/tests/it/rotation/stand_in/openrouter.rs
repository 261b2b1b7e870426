//! Stand-in of OpenRouter's key management: pages of two, names, limits, `disabled`, last uses.

use serde_json::{Value, json};

use super::{Account, Answer, Key, Request, answer as json_answer, error, iso};

const PAGE: usize = 2;
const FIELDS: [&str; 5] = ["name", "limit", "limit_reset", "include_byok_in_limit", "workspace_id"];

pub(super) fn make(account: &mut Account, name: &str, extra: Value) -> Key {
    let (id, rest) = (account.fresh(64), account.fresh(64));
    let extra =
        if extra.is_null() { json!({ "limit": 20, "limit_reset": "monthly" }) } else { extra };
    account.add(id, name, format!("{}{rest}", ["sk-or-", "v1-"].concat()), extra).clone()
}

fn shown(key: &Key) -> Value {
    let mut shown = json!({
        "hash": key.id, "name": key.name, "label": key.hint(), "disabled": !key.enabled,
        "limit": null, "limit_reset": null, "include_byok_in_limit": false, "usage": 0,
        "created_at": iso(key.created), "updated_at": null,
        "last_used_at": key.last_used.map(iso), "expires_at": null,
    });
    for (field, value) in key.extra.as_object().into_iter().flatten() {
        shown[field] = value.clone();
    }
    shown
}

pub(super) fn answer(account: &mut Account, request: &Request) -> Answer {
    let Some(path) = request.path.strip_prefix("/api/v1") else { return error(404) };
    let is_management = request.bearer() == account.management;
    if path == "/key" && request.method == "GET" {
        if is_management {
            return json_answer(
                200,
                &json!({ "data": { "label": "management", "is_management_key": true } }),
            );
        }
        let Some(key) = account.by_value(request.bearer()) else { return error(401) };
        let label = key.hint();
        return json_answer(
            200,
            &json!({ "data": { "label": label, "is_management_key": false, "usage": 0 } }),
        );
    }
    if !is_management {
        return error(401);
    }
    match (request.method.as_str(), path) {
        ("GET", "/keys") => list(account, request),
        ("POST", "/keys") => {
            let Some(body) = request.object(&FIELDS) else { return error(400) };
            let Some(name) = body.get("name").and_then(Value::as_str) else { return error(400) };
            let mut extra = Value::Object(body.clone());
            extra.as_object_mut().expect("an object").remove("name");
            let key = make(account, name, extra);
            json_answer(201, &json!({ "data": shown(&key), "key": key.value }))
        }
        (method, path) => {
            let Some(id) = path.strip_prefix("/keys/") else { return error(404) };
            let Some(key) = account.live(id) else { return error(404) };
            match method {
                "GET" => json_answer(200, &json!({ "data": shown(key) })),
                "PATCH" => {
                    let Some(body) = request.object(&["name", "disabled"]) else {
                        return error(400);
                    };
                    if let Some(disabled) = body.get("disabled").and_then(Value::as_bool) {
                        key.enabled = !disabled;
                    }
                    json_answer(200, &json!({ "data": shown(key) }))
                }
                "DELETE" => {
                    key.alive = false;
                    json_answer(200, &json!({ "deleted": true }))
                }
                _ => error(405),
            }
        }
    }
}

fn list(account: &Account, request: &Request) -> Answer {
    if !request.asks_only(&["offset", "include_disabled", "include_expired", "workspace_id"]) {
        return error(400);
    }
    let offset = request.query.get("offset").map_or(Some(0), |text| text.parse().ok());
    let Some(offset) = offset else { return error(400) };
    let all = request.query.get("include_disabled").map(String::as_str) == Some("true");
    let keys = account.alive().into_iter().filter(|key| all || key.enabled);
    let page: Vec<Value> = keys.skip(offset).take(PAGE).map(shown).collect();
    json_answer(200, &json!({ "data": page }))
}
