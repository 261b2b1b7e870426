//! Stand-in of Cloudflare's API tokens: policies, rolls that kill the old value, states, the envelope.

use serde_json::{Value, json};

use super::{Account, Answer, Key, Request, answer as json_answer, iso};

pub(super) fn make(account: &mut Account, name: &str, extra: Value) -> Key {
    let (id, value) = (account.fresh(32), account.fresh(40));
    let policies = json!([{ "id": "p1", "effect": "allow", "resources": { "com.cloudflare.api.user": "*" },
        "permission_groups": [{ "id": "g1", "name": "DNS Write" }] }]);
    let extra = if extra.is_null() { policies } else { extra };
    account.add(id, name, value, extra).clone()
}

fn shown(key: &Key) -> Value {
    json!({ "id": key.id, "name": key.name, "status": if key.enabled { "active" } else { "disabled" },
        "issued_on": iso(key.created), "last_used_on": key.last_used.map(iso), "policies": key.extra })
}

fn envelope(result: &Value) -> Answer {
    json_answer(200, &json!({ "success": true, "errors": [], "messages": [], "result": result }))
}

fn refused(status: u16) -> Answer {
    json_answer(
        status,
        &json!({ "success": false, "errors": [{ "code": 1000 }], "messages": [], "result": null }),
    )
}

pub(super) fn answer(account: &mut Account, request: &Request) -> Answer {
    let Some(path) = request.path.strip_prefix("/client/v4/user/tokens") else {
        return refused(404);
    };
    let is_management = request.bearer() == account.management;
    if (request.method.as_str(), path) == ("GET", "/verify") {
        if is_management {
            return envelope(&json!({ "id": "management", "status": "active" }));
        }
        let Some(key) = account.by_value(request.bearer()) else { return refused(401) };
        return envelope(&json!({ "id": key.id, "status": "active" }));
    }
    if !is_management {
        return refused(403);
    }
    match (request.method.as_str(), path) {
        ("GET", "") if request.asks_only(&["page", "per_page"]) => {
            let number =
                |name: &str| request.query.get(name).and_then(|text| text.parse::<usize>().ok());
            let (Some(page), Some(size)) = (number("page"), number("per_page")) else {
                return refused(400);
            };
            let keys = account.alive();
            let tokens: Vec<Value> =
                keys.into_iter().skip((page - 1) * size).take(size).map(shown).collect();
            envelope(&json!(tokens))
        }
        ("POST", "") => {
            let Some(body) = request.object(&["name", "policies", "condition"]) else {
                return refused(400);
            };
            let (Some(name), Some(policies)) = (body["name"].as_str(), body.get("policies")) else {
                return refused(400);
            };
            if policies.as_array().is_none_or(Vec::is_empty) {
                return refused(400);
            }
            let key = make(account, name, policies.clone());
            let mut token = shown(&key);
            token["value"] = json!(key.value);
            envelope(&token)
        }
        ("PUT", path) if path.ends_with("/value") => {
            let id = path.trim_start_matches('/').trim_end_matches("/value").to_owned();
            let value = account.fresh(40);
            let Some(key) = account.live(&id) else { return refused(404) };
            key.value.clone_from(&value);
            envelope(&json!(value))
        }
        (method, path) => one(account, request, method, path.trim_start_matches('/')),
    }
}

fn one(account: &mut Account, request: &Request, method: &str, id: &str) -> Answer {
    let Some(key) = account.live(id) else { return refused(404) };
    match method {
        "GET" => envelope(&shown(key)),
        "PUT" => {
            let fields = ["name", "policies", "condition", "status"];
            let Some(body) = request.object(&fields) else { return refused(400) };
            if body.get("policies").and_then(Value::as_array).is_none_or(Vec::is_empty) {
                return refused(400);
            }
            match body.get("status").and_then(Value::as_str) {
                Some("active") => key.enabled = true,
                Some("disabled") => key.enabled = false,
                _ => return refused(400),
            }
            envelope(&shown(key))
        }
        "DELETE" => {
            key.alive = false;
            envelope(&json!({ "id": id }))
        }
        _ => refused(405),
    }
}
