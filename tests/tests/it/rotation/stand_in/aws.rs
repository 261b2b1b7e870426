//! Stand-in of IAM's access keys and of STS: two keys a user, no names, XML, every request's signature checked.

use sanctum_rotation::http::{Request as Signed, Text};
use sanctum_rotation::providers::sigv4::{Credentials, Scope, sign};
use sanctum_types::{Secret, UnixTime};
use serde_json::Value;

use super::{Account, Answer, Key, Request, decode, iso};

const MANAGER: &str = "AKIDMANAGER";
const USER: &str = "house";

pub(super) fn make(account: &mut Account) -> Key {
    let (id, value) = (account.fresh(16).to_ascii_uppercase(), account.fresh(40));
    account.add(format!("AKID{id}"), "", value, Value::Null).clone()
}

fn xml(status: u16, body: &str) -> Answer {
    (status, "text/xml", format!("<?xml version=\"1.0\"?>\n{body}"))
}

fn refused(status: u16, code: &str) -> Answer {
    let error =
        format!("<Error><Type>Sender</Type><Code>{code}</Code><Message>refused</Message></Error>");
    xml(status, &format!("<ErrorResponse>{error}<RequestId>0</RequestId></ErrorResponse>"))
}

fn success(action: &str, result: &str) -> Answer {
    let result = format!("<{action}Result>{result}</{action}Result>");
    xml(200, &format!("<{action}Response>{result}<ResponseMetadata/></{action}Response>"))
}

/// The request is signed again with the key that it names, and compared.
fn is_signed(account: &mut Account, request: &Request, id: &str, service: &str) -> bool {
    let secret = if id == MANAGER {
        Some(account.management.clone())
    } else {
        let found = account.keys.iter().find(|key| key.is_valid() && key.id == id);
        found.map(|key| key.value.clone())
    };
    let (Some(secret), Some(date), Some(host)) =
        (secret, request.headers.get("x-amz-date"), request.headers.get("host"))
    else {
        return false;
    };
    // A clock may be five minutes off (AWS General Reference, "Signing requests").
    let basic = |at: &i64| super::iso(*at).replace(['-', ':'], "") == *date;
    let Some(now) = (account.now - 300..account.now + 300).find(basic).map(UnixTime) else {
        return false;
    };
    let kind = request.headers.get("content-type").cloned().unwrap_or_default();
    let mut copy = Signed::new("POST", "/").body(&kind, request.body.clone());
    let key = Credentials { id: id.to_owned(), secret: Secret::new(secret), session: None };
    copy = sign(copy, &key, Scope { region: "us-east-1", service, host }, now).expect("a time");
    let mut expected =
        copy.headers.iter().filter(|(name, _)| matches!(*name, "authorization" | "x-amz-date"));
    expected.all(|(name, value)| {
        let Text::Plain(value) = value else { return false };
        request.headers.get(*name) == Some(value) && !date.is_empty()
    })
}

pub(super) fn answer(account: &mut Account, request: &Request) -> Answer {
    if (request.method.as_str(), request.path.as_str()) != ("POST", "/") {
        return refused(404, "InvalidAction");
    }
    let body = String::from_utf8_lossy(&request.body).into_owned();
    let fields: Vec<(&str, String)> = body
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (name, decode(value)))
        .collect();
    let field = |wanted: &str| {
        fields
            .iter()
            .find(|(name, _)| *name == wanted)
            .map(|(_, value)| value.clone())
            .unwrap_or_default()
    };
    let allowed = ["Action", "Version", "UserName", "AccessKeyId", "Status"];
    if fields.iter().any(|(name, _)| !allowed.contains(name)) {
        return refused(400, "ValidationError");
    }
    let action = field("Action");
    let service = if action == "GetCallerIdentity" { "sts" } else { "iam" };
    let version = if service == "sts" { "2011-06-15" } else { "2010-05-08" };
    if field("Version") != version {
        return refused(400, "InvalidAction");
    }
    let authorization = request.headers.get("authorization").cloned().unwrap_or_default();
    let id = authorization.split("Credential=").nth(1).and_then(|rest| rest.split('/').next());
    let id = id.unwrap_or_default().to_owned();
    if !is_signed(account, request, &id, service) {
        return refused(403, "InvalidClientTokenId");
    }
    // "Changes that I make are not always immediately visible" (IAM User Guide, Troubleshooting).
    if let Some(key) = account.live(&id)
        && let Some(left) = key.extra.as_u64().filter(|left| *left > 0)
    {
        key.extra = (left - 1).into();
        return refused(403, "InvalidClientTokenId");
    }
    if service == "sts" {
        let now = account.now;
        account
            .keys
            .iter_mut()
            .filter(|key| key.id == id)
            .for_each(|key| key.last_used = Some(now));
        return success(&action, "<Arn>arn:aws:iam::000000000000:user/house</Arn>");
    }
    if id != MANAGER {
        return refused(403, "AccessDenied");
    }
    if action != "GetAccessKeyLastUsed" && field("UserName") != USER {
        return refused(404, "NoSuchEntity");
    }
    manage(account, &action, &field("AccessKeyId"), &field("Status"))
}

fn manage(account: &mut Account, action: &str, id: &str, status: &str) -> Answer {
    match action {
        "ListAccessKeys" => {
            let members: String = account.alive().into_iter().map(|key| {
                let status = if key.enabled { "Active" } else { "Inactive" };
                format!(
                    "<member><UserName>{USER}</UserName><AccessKeyId>{}</AccessKeyId><Status>{status}</Status><CreateDate>{}</CreateDate></member>",
                    key.id, iso(key.created)
                )
            }).collect();
            let list = format!(
                "<AccessKeyMetadata>{members}</AccessKeyMetadata><IsTruncated>false</IsTruncated>"
            );
            return success(action, &list);
        }
        "CreateAccessKey" => {
            if account.alive().len() >= 2 {
                return refused(409, "LimitExceeded");
            }
            let refusals = account.unknown_at_first;
            let key = make(account);
            account.live(&key.id).expect("just made").extra = refusals.into();
            return success(
                action,
                &format!(
                    "<AccessKey><UserName>{USER}</UserName><AccessKeyId>{}</AccessKeyId><Status>Active</Status><SecretAccessKey>{}</SecretAccessKey></AccessKey>",
                    key.id, key.value
                ),
            );
        }
        _ => {}
    }
    let Some(key) = account.live(id) else { return refused(404, "NoSuchEntity") };
    match (action, status) {
        ("UpdateAccessKey", "Active" | "Inactive") => key.enabled = status == "Active",
        ("DeleteAccessKey", "") => key.alive = false,
        ("GetAccessKeyLastUsed", "") => {
            let date = key.last_used.map(|at| format!("<LastUsedDate>{}</LastUsedDate>", iso(at)));
            let used = format!(
                "<AccessKeyLastUsed>{}<Region>N/A</Region></AccessKeyLastUsed>",
                date.unwrap_or_default()
            );
            return success(action, &used);
        }
        _ => return refused(400, "InvalidAction"),
    }
    success(action, "")
}
