//! Stand-in of Tailscale's keys: an OAuth client gets a token, keys have descriptions of fifty plain characters.

use serde_json::{Value, json};

use super::{Account, Answer, Key, Request, answer as json_answer, error, iso};

pub(super) fn make(account: &mut Account, name: &str) -> Key {
    let (id, rest) = (account.fresh(12), account.fresh(32));
    let id = format!("k{id}CNTRL");
    let value = format!("{}{id}-{rest}", ["tskey-", "auth-"].concat());
    account.add(id, name, value, Value::Null).clone()
}

fn shown(key: &Key) -> Value {
    json!({ "id": key.id, "keyType": "auth", "description": key.name, "created": iso(key.created),
        "expires": iso(key.created + 90 * 86_400), "invalid": false })
}

pub(super) fn answer(account: &mut Account, request: &Request) -> Answer {
    let Some(path) = request.path.strip_prefix("/api/v2") else { return error(404) };
    let token = format!("token-of-{}", account.management.len());
    if (request.method.as_str(), path) == ("POST", "/oauth/token") {
        let wanted = format!("client_id=kMANAGER&client_secret={}", account.management);
        return if request.body == wanted.as_bytes() {
            json_answer(
                200,
                &json!({ "access_token": token, "token_type": "Bearer", "expires_in": 3600 }),
            )
        } else {
            error(401)
        };
    }
    if request.bearer() != token && request.bearer() != account.management {
        return error(401);
    }
    match (request.method.as_str(), path) {
        ("GET", "/tailnet/-/keys") if request.asks_only(&["all"]) => {
            let keys: Vec<Value> = account.alive().into_iter().map(shown).collect();
            json_answer(200, &json!({ "keys": keys }))
        }
        ("POST", "/tailnet/-/keys") => {
            let fields = ["capabilities", "expirySeconds", "description"];
            let Some(body) = request.object(&fields) else { return error(400) };
            let name = body.get("description").and_then(Value::as_str).unwrap_or_default();
            let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == ' ');
            let tags = body["capabilities"]["devices"]["create"]["tags"].as_array();
            let seconds = body.get("expirySeconds").and_then(Value::as_u64).unwrap_or(0);
            if name.len() > 50 || !plain || tags.is_none_or(Vec::is_empty) || seconds > 90 * 86_400
            {
                return error(400);
            }
            let key = make(account, name);
            let mut answer = shown(&key);
            answer["key"] = json!(key.value);
            json_answer(200, &answer)
        }
        (method, path) => {
            let Some(id) = path.strip_prefix("/tailnet/-/keys/") else { return error(404) };
            let Some(key) = account.live(id) else { return error(404) };
            match method {
                "GET" => json_answer(200, &shown(key)),
                "DELETE" => {
                    key.alive = false;
                    json_answer(200, &Value::Null)
                }
                _ => error(405),
            }
        }
    }
}
