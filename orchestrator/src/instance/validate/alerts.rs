//! Alerts: channels that can be reached as they are written, with tokens that do not cross a network in clear text.

use super::services::known_secret;
use super::{Judged, Problem};
use crate::alerts::channels::template;
use crate::instance::alerts::{Channel, Form, Via};
use crate::instance::model::Instance;
use std::collections::BTreeSet;
use std::net::IpAddr;
use ureq::http::Uri;

/// What is wrong with a channel.
#[derive(Debug, thiserror::Error)]
pub enum AlertFault {
    /// Nobody would be told.
    #[error("there is no channel, so nobody would be told")]
    NoChannel,
    /// Not an address of a web server.
    #[error("not an http or https address without a user name")]
    Url,
    /// A query or fragment, which the server's root has not.
    #[error("ntfy takes messages at the server's address alone, without `?` or `#`")]
    NtfyUrl,
    /// Anybody on the way could read the token.
    #[error("the token would cross the network in clear text")]
    ClearToken,
    /// Not a topic.
    #[error("a topic is 1 to 64 letters, digits, `-` and `_`")]
    Topic,
    /// Quiet for a whole day, or never.
    #[error("quiet hours begin and end at the same time")]
    NoHours,
    /// The template of a webhook.
    #[error("{}", sanctum_types::chain(.0))]
    Template(template::BodyError),
}

impl AlertFault {
    /// What to do about it, where that is known.
    pub(super) fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NoChannel => Some("leave `channels` out for the owner's desktop"),
            Self::ClearToken => Some("write https, or an address of this machine"),
            Self::Url => Some("such as `https://ntfy.example`; a token is named under `token`"),
            Self::NoHours => Some("leave `quiet` out for none"),
            Self::Template(_) => {
                Some("{\"text\": \"{{title}}\"}; the fields are in docs/formats/alerts.md")
            }
            Self::Topic | Self::NtfyUrl => None,
        }
    }
}

/// The shortest heartbeat and dedup window that are not a flood: a minute and a quarter of an hour.
const LEAST_DEDUP: u32 = 60;
const LEAST_HEARTBEAT: u32 = 900;
/// Longer texts are no template of a message.
const LONGEST_TEMPLATE: usize = 16 * 1024;

pub(super) fn judge(instance: &Instance, judged: &mut Judged) {
    let alerts = &instance.alerts;
    for (key, given, least) in [
        ("dedup", alerts.dedup, LEAST_DEDUP),
        ("hourly_cap", alerts.hourly_cap, 1),
        ("heartbeat", alerts.heartbeat, LEAST_HEARTBEAT),
    ] {
        if given < least {
            judged.refuse(["alerts", key], Problem::TooSmall { what: format!("`{key}`"), least });
        }
    }
    if alerts.quiet.is_some_and(|quiet| quiet.from == quiet.to) {
        judged.refuse(["alerts", "quiet", "to"], AlertFault::NoHours.into());
    }
    if alerts.channels.is_empty() {
        judged.refuse(["alerts", "channels"], AlertFault::NoChannel.into());
    }
    let mut names = BTreeSet::new();
    for (number, one) in alerts.channels.iter().enumerate() {
        let at = number.to_string();
        if !names.insert(&one.name) {
            let item = one.name.to_string();
            judged.refuse(["alerts", "channels", &at, "name"], Problem::Twice { item });
        }
        channel(instance, &at, one, judged);
    }
}

fn channel(instance: &Instance, at: &str, one: &Channel, judged: &mut Judged) {
    let path = |kind: &'static str, key: &'static str| -> [String; 6] {
        ["alerts", "channels", at, "via", kind, key].map(str::to_owned)
    };
    let mut refuse = |path: [String; 6], fault: AlertFault| {
        judged.refuse(path.each_ref().map(String::as_str), fault.into());
    };
    let kind = match &one.via {
        Via::Desktop => return,
        Via::Ntfy(peer) => {
            if let Some(fault) = url(&peer.url, peer.token.is_some()) {
                refuse(path("ntfy", "url"), fault);
            } else if peer.url.contains(['?', '#']) {
                refuse(path("ntfy", "url"), AlertFault::NtfyUrl);
            }
            let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
            if !(1..=64).contains(&peer.topic.len()) || !peer.topic.chars().all(plain) {
                refuse(path("ntfy", "topic"), AlertFault::Topic);
            }
            "ntfy"
        }
        Via::Webhook(peer) => {
            if let Some(fault) = url(&peer.url, peer.token.is_some()) {
                refuse(path("webhook", "url"), fault);
            }
            if let Form::Template(text) = &peer.body {
                let accepted = if text.len() > LONGEST_TEMPLATE {
                    Err(template::BodyError::TooLong)
                } else {
                    template::accept(text)
                };
                if let Err(error) = accepted {
                    refuse(path("webhook", "body"), AlertFault::Template(error));
                }
            }
            "webhook"
        }
    };
    if let Some(token) = one.via.token() {
        let at = path(kind, "token");
        known_secret(instance, at.each_ref().map(String::as_str), token, judged);
    }
}

/// What is wrong with an address, for a request with or without a token.
fn url(text: &str, token: bool) -> Option<AlertFault> {
    let Ok(uri) = text.parse::<Uri>() else { return Some(AlertFault::Url) };
    let clear = match uri.scheme_str() {
        Some("https") => false,
        Some("http") => true,
        _ => return Some(AlertFault::Url),
    };
    let whole = uri.authority().is_some_and(|authority| !authority.as_str().contains('@'));
    let host = uri.host().unwrap_or_default();
    if !whole || host.is_empty() || !text.is_ascii() {
        return Some(AlertFault::Url);
    }
    (clear && token && !is_here(host)).then_some(AlertFault::ClearToken)
}

/// Whether a host of an address is this machine.
fn is_here(host: &str) -> bool {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    bare.parse::<IpAddr>().map_or(host == "localhost", |address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_tokens() {
        for (text, token, fault) in [
            ("https://ntfy.example", true, None),
            ("http://127.0.0.1:4077/notify", true, None),
            ("http://[::1]:4077/notify", true, None),
            ("http://localhost/", true, None),
            ("http://192.0.2.1/", false, None),
            ("http://192.0.2.1/", true, Some("in clear text")),
            ("http://127.0.0.1.example/", true, Some("in clear text")),
            ("ftp://ntfy.example", false, Some("not an http")),
            ("ntfy.example", false, Some("not an http")),
            ("/notify", false, Some("not an http")),
            ("", false, Some("not an http")),
            ("https://user@ntfy.example", false, Some("not an http")),
            ("https://", false, Some("not an http")),
            ("https://a b", false, Some("not an http")),
        ] {
            let said = url(text, token).map(|fault| fault.to_string());
            let fits = match fault {
                None => said.is_none(),
                Some(part) => said.as_ref().is_some_and(|said| said.contains(part)),
            };
            assert!(fits, "{text}: {said:?}");
        }
    }
}
