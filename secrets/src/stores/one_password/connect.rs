//! A Connect server (REST interface 1.8) with a bearer token.
//!
//! A change touches one field by a patch: `PUT` would replace the whole item, and with it what somebody else changed
//! meanwhile. The token goes to https or to this machine, and follows no redirect; no proxy of the environment is used.
//! A limit is waited for when it is short. Deliberately absent: certificates of a private authority.

use super::item::{CATEGORY, CONCEALED, Item, Named, Summary, Wanted, parse};
use super::{Carrier, OnePasswordError, to_json};
use sanctum_host::clock;
use sanctum_types::Secret;
use serde_json::{Value as Json, json};
use std::io::Read as _;
use std::time::Duration;
use ureq::http::{Request, Uri};
use zeroize::Zeroizing;

/// As long as an HTTP peer of the house is given.
const PATIENCE: Duration = Duration::from_secs(10);
/// An item is small; a list of thousands of items is below this.
const BODY_LIMIT: u64 = 8 * 1024 * 1024;
/// A longer `Retry-After` is for the caller to decide.
const LONGEST_WAIT: u64 = 5;
/// How often a limit is waited for.
const TRIES: usize = 3;

/// A server and the right to use it.
pub struct Connect {
    base: String,
    token: Secret<String>,
    agent: ureq::Agent,
}

impl Connect {
    /// The server at that address, such as `https://connect.example:8443`.
    ///
    /// # Errors
    /// The token would cross a network in clear text.
    pub fn new(base: &str, token: Secret<String>) -> Result<Self, OnePasswordError> {
        let uri = base.parse::<Uri>().ok();
        let host = uri.as_ref().and_then(Uri::host).unwrap_or_default();
        let here = matches!(host, "localhost" | "127.0.0.1" | "[::1]");
        match uri.as_ref().and_then(Uri::scheme_str) {
            Some("https") if !host.is_empty() => {}
            Some("http") if here => {}
            // What is not an address may be anything, a token too: then it is not repeated.
            Some(_) => return Err(OnePasswordError::ClearText(base.to_owned())),
            None => return Err(OnePasswordError::ClearText("the address".to_owned())),
        }
        let agent = ureq::Agent::config_builder()
            .timeout_global(Some(PATIENCE))
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .user_agent("sanctum")
            .build()
            .into();
        Ok(Self { base: base.trim_end_matches('/').to_owned(), token, agent })
    }

    fn ask(
        &self,
        method: &str,
        path: &str,
        body: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, OnePasswordError> {
        for _ in 1..TRIES {
            match self.ask_once(method, path, body) {
                Err(OnePasswordError::Limited { after: Some(after) }) if after <= LONGEST_WAIT => {
                    clock::sleep(Duration::from_secs(after));
                }
                answer => return answer,
            }
        }
        self.ask_once(method, path, body)
    }

    fn ask_once(
        &self,
        method: &str,
        path: &str,
        body: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, OnePasswordError> {
        let bearer = Zeroizing::new(format!("Bearer {}", self.token.expose()));
        let mut bearer =
            ureq::http::HeaderValue::from_str(&bearer).map_err(|_| OnePasswordError::Token)?;
        bearer.set_sensitive(true);
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}/v1/{path}", self.base))
            .header("authorization", bearer)
            .header("accept", "application/json");
        if !body.is_empty() {
            request = request.header("content-type", "application/json");
        }
        let request = request.body(body).map_err(|_| OnePasswordError::Shape)?;
        let mut response = self.agent.run(request).map_err(|error| transport(&error))?;
        judge(response.status().as_u16(), response.headers().get("retry-after"))?;
        let mut read = Zeroizing::new(Vec::with_capacity(64 * 1024));
        let reader = response.body_mut().as_reader();
        reader
            .take(BODY_LIMIT)
            .read_to_end(&mut read)
            .map_err(|_| OnePasswordError::Transport("it stopped in the middle"))?;
        Ok(read)
    }

    /// `body` without a value in it is wiped all the same.
    fn change(
        &self,
        method: &str,
        path: &str,
        body: &Json,
        value: &str,
    ) -> Result<(), OnePasswordError> {
        let bytes = to_json(body, value)?;
        self.ask(method, path, &bytes).map(drop)
    }
}

fn judge(status: u16, retry: Option<&ureq::http::HeaderValue>) -> Result<(), OnePasswordError> {
    match status {
        200..=299 => Ok(()),
        300..=399 => Err(OnePasswordError::Redirect(status)),
        401 => Err(OnePasswordError::Token),
        403 => Err(OnePasswordError::Access),
        429 => {
            // A date instead of seconds (RFC 9110, section 10.2.3) is for the caller to decide too.
            let after = retry.and_then(|after| after.to_str().ok()?.parse().ok());
            Err(OnePasswordError::Limited { after })
        }
        other => Err(OnePasswordError::Status(other)),
    }
}

/// What kind of silence it is; ureq's own words may hold the address with what somebody put into it.
fn transport(error: &ureq::Error) -> OnePasswordError {
    OnePasswordError::Transport(match error {
        ureq::Error::Timeout(_) => "the time is over",
        ureq::Error::HostNotFound => "its name is not known",
        ureq::Error::ConnectionFailed => "the connection failed",
        ureq::Error::Tls(_) | ureq::Error::Rustls(_) => "its certificate is not accepted",
        ureq::Error::Protocol(_) => "it does not speak HTTP",
        _ => "the connection broke",
    })
}

/// A filter of the interface, as part of a query.
fn filter(key: &str, value: &str) -> String {
    let mut query = String::from("filter=");
    for byte in format!("{key} eq \"{value}\"").bytes() {
        // RFC 3986, section 2.3: these stand for themselves.
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            query.push(char::from(byte));
        } else {
            query.push_str(&format!("%{byte:02X}"));
        }
    }
    query
}

impl Carrier for Connect {
    fn name(&self) -> String {
        format!("the 1Password Connect server {}", self.base)
    }

    fn vaults(&self) -> Result<Vec<Named>, OnePasswordError> {
        parse(&self.ask("GET", "vaults", b"")?)
    }

    fn items(&self, vault: &str, title: Option<&str>) -> Result<Vec<Summary>, OnePasswordError> {
        let query = title.map(|title| format!("?{}", filter("title", title))).unwrap_or_default();
        parse(&self.ask("GET", &format!("vaults/{vault}/items{query}"), b"")?)
    }

    fn item(&self, vault: &str, id: &str) -> Result<Item, OnePasswordError> {
        parse(&self.ask("GET", &format!("vaults/{vault}/items/{id}"), b"")?)
    }

    fn set(
        &self,
        vault: &str,
        item: &Item,
        new: &Wanted<'_>,
        value: &str,
    ) -> Result<(), OnePasswordError> {
        let patch = if let Some(field) = item.field(new)? {
            json!([{ "op": "add", "path": format!("/fields/{}/value", field.id), "value": value }])
        } else {
            let mut field = json!({ "type": CONCEALED, "label": new.field, "value": value });
            if let Some(wanted) = new.section {
                let section = item.section(wanted).ok_or(OnePasswordError::Section)?;
                if let Some(field) = field.as_object_mut() {
                    field.insert("section".to_owned(), json!({ "id": section.id }));
                }
            }
            json!([{ "op": "add", "path": "/fields", "value": field }])
        };
        let patch = Wiped(patch);
        self.change("PATCH", &format!("vaults/{vault}/items/{}", item.id), &patch.0, value)
    }

    fn create(
        &self,
        vault: &str,
        title: &str,
        new: &Wanted<'_>,
        value: &str,
    ) -> Result<(), OnePasswordError> {
        let item = Wiped(json!({
            "vault": { "id": vault },
            "title": title,
            "category": CATEGORY,
            "fields": [{ "type": CONCEALED, "label": new.field, "value": value }],
        }));
        self.change("POST", &format!("vaults/{vault}/items"), &item.0, value)
    }

    fn unset(&self, vault: &str, item: &Item, field: &str) -> Result<(), OnePasswordError> {
        let patch = json!([{ "op": "remove", "path": format!("/fields/{field}") }]);
        self.change("PATCH", &format!("vaults/{vault}/items/{}", item.id), &patch, "")
    }

    fn delete(&self, vault: &str, id: &str) -> Result<(), OnePasswordError> {
        self.ask("DELETE", &format!("vaults/{vault}/items/{id}"), b"").map(drop)
    }
}

/// A JSON tree whose texts are wiped when it is dropped.
struct Wiped(Json);

impl Drop for Wiped {
    fn drop(&mut self) {
        wipe(&mut self.0);
    }
}

fn wipe(tree: &mut Json) {
    match tree {
        Json::String(text) => zeroize::Zeroize::zeroize(text),
        Json::Array(all) => all.iter_mut().for_each(wipe),
        Json::Object(all) => all.values_mut().for_each(wipe),
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}
