//! Stand-in of OpenAI's administration of service accounts: an account and its one key come and go together.

use serde_json::{Value, json};

use super::{Account, Answer, Key, Request, answer as json_answer, error};

const PAGE: usize = 2;

pub(super) fn make(account: &mut Account, name: &str) -> Key {
    let (id, rest) = (account.fresh(12), account.fresh(60));
    let value = format!("{}{rest}", ["sk-", "svcacct-"].concat());
    account.add(format!("svc_acct_{id}"), name, value, Value::Null).clone()
}

pub(super) fn answer(account: &mut Account, request: &Request) -> Answer {
    if (request.method.as_str(), request.path.as_str()) == ("GET", "/v1/models") {
        let Some(_) = account.by_value(request.bearer()) else { return error(401) };
        return json_answer(200, &json!({ "object": "list", "data": [] }));
    }
    let Some(path) = request.path.strip_prefix("/v1/organization/projects/proj_house/") else {
        return error(404);
    };
    if request.bearer() != account.management {
        // A plain key is known, and may not do this.
        let status = if account.by_value(request.bearer()).is_some() { 403 } else { 401 };
        return error(status);
    }
    match (request.method.as_str(), path) {
        ("GET", "service_accounts") => list(account, request, |key| {
            json!({ "object": "organization.project.service_account", "id": key.id, "name": key.name,
                "role": "member", "created_at": key.created })
        }),
        ("GET", "api_keys") => list(account, request, |key| {
            json!({ "object": "organization.project.api_key", "id": format!("key_{}", key.id),
                "redacted_value": key.hint(), "name": key.name, "created_at": key.created,
                "last_used_at": key.last_used,
                "owner": { "type": "service_account", "service_account": { "id": key.id, "name": key.name } } })
        }),
        ("POST", "service_accounts") => {
            let fields = ["name", "create_service_account_only", "expires_in_seconds"];
            let Some(body) = request.object(&fields) else { return error(400) };
            let Some(name) = body.get("name").and_then(Value::as_str) else { return error(400) };
            let key = make(account, name);
            json_answer(
                200,
                &json!({ "object": "organization.project.service_account", "id": key.id,
                "name": key.name, "role": "member", "created_at": key.created,
                "api_key": { "object": "organization.project.service_account.api_key",
                    "id": format!("key_{}", key.id), "name": "Secret Key", "created_at": key.created,
                    "value": key.value } }),
            )
        }
        ("DELETE", path) => {
            let Some(id) = path.strip_prefix("service_accounts/") else { return error(404) };
            let Some(key) = account.live(id) else { return error(404) };
            key.alive = false;
            json_answer(
                200,
                &json!({ "object": "organization.project.service_account.deleted", "id": id,
                "deleted": true }),
            )
        }
        _ => error(405),
    }
}

fn list(account: &Account, request: &Request, shown: impl Fn(&Key) -> Value) -> Answer {
    if !request.asks_only(&["limit", "after"]) {
        return error(400);
    }
    let keys = account.alive();
    let after = request.query.get("after").map(|after| {
        keys.iter().position(|key| key.id == *after || format!("key_{}", key.id) == *after)
    });
    let from = match after {
        None => 0,
        Some(Some(at)) => at + 1,
        Some(None) => return error(400),
    };
    let page: Vec<Value> = keys.iter().skip(from).take(PAGE).map(|key| shown(key)).collect();
    let last = page.last().map(|key| key["id"].clone());
    let more = from + page.len() < keys.len();
    json_answer(
        200,
        &json!({ "object": "list", "data": page, "first_id": null, "last_id": last, "has_more": more }),
    )
}
