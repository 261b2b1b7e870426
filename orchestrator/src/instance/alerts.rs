//! The section `alerts`: how often, when and through which channels the house tells what is wrong.
//!
//! Absent on purpose: any value of a token, which a channel names by its entry under `secrets`.

use sanctum_types::ServiceName;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeSet;

/// How the house tells what is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Alerts {
    /// Seconds in which the same thing is not told again, unless it gets worse.
    pub dedup: u32,
    /// How many messages that are not critical go out in any hour; what is beyond waits for a digest.
    pub hourly_cap: u32,
    /// Hours in which only what is bad enough is told.
    pub quiet: Option<QuietHours>,
    /// Seconds after which a channel that carried nothing is tried.
    pub heartbeat: u32,
    /// Channels, the first choice first.
    pub channels: Vec<Channel>,
}

impl Default for Alerts {
    /// Half an hour, ten an hour, a heartbeat a day, and the desktop of the person at the machine.
    fn default() -> Self {
        Self {
            dedup: 1800,
            hourly_cap: 10,
            quiet: None,
            heartbeat: 86_400,
            channels: vec![Channel { name: desktop(), via: Via::Desktop }],
        }
    }
}

#[expect(clippy::expect_used, reason = "a constant that ServiceName accepts; tested")]
fn desktop() -> ServiceName {
    ServiceName::new("desktop").expect("constant")
}

/// Hours of the house's day; they may span midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QuietHours {
    /// When they begin, such as "22:00".
    pub from: TimeOfDay,
    /// When they end, such as "08:00".
    pub to: TimeOfDay,
    /// What is less bad than this waits for the morning; `error` unless said.
    #[serde(default)]
    pub below: Below,
}

/// The least severity that is told in quiet hours.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Below {
    /// Only notes wait.
    Warn,
    /// Notes and warnings wait.
    #[default]
    Error,
    /// Everything that is not critical waits.
    Critical,
}

/// A time of day, `HH:MM`, in the house's zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TimeOfDay(u16);

impl TimeOfDay {
    /// Minutes after midnight.
    #[must_use]
    pub const fn minutes(self) -> u16 {
        self.0
    }

    /// Reads `HH:MM`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let two = |part: &str, least_beyond: u16| {
            let digits = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
            part.parse::<u16>().ok().filter(|number| digits && *number < least_beyond)
        };
        let (hour, minute) = text.split_once(':')?;
        Some(Self(two(hour, 24)? * 60 + two(minute, 60)?))
    }
}

impl TryFrom<String> for TimeOfDay {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("not a time of day; write HH:MM, such as \"22:00\"")
    }
}

impl From<TimeOfDay> for String {
    fn from(time: TimeOfDay) -> Self {
        format!("{:02}:{:02}", time.0 / 60, time.0 % 60)
    }
}

impl JsonSchema for TimeOfDay {
    fn schema_name() -> Cow<'static, str> {
        Cow::Borrowed("TimeOfDay")
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$",
            "description": "a time of day in the house's zone, HH:MM"
        })
    }
}

/// One way to reach a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Channel {
    /// Its name.
    pub name: ServiceName,
    /// Through what.
    pub via: Via,
}

/// What carries a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Via {
    /// The owner's desktop: Notification Centre on macOS, freedesktop.org's service on Linux.
    Desktop,
    /// A topic of an ntfy server.
    Ntfy(Ntfy),
    /// A JSON document posted to an address.
    Webhook(Webhook),
}

/// A topic of an ntfy server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ntfy {
    /// The server, such as `https://ntfy.example`.
    pub url: String,
    /// The topic: letters, digits, `-` and `_`.
    pub topic: String,
    /// Its access token, by the name under `secrets`.
    #[serde(default)]
    pub token: Option<ServiceName>,
}

/// An address that takes JSON documents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// The address, such as `http://127.0.0.1:4077/notify`.
    pub url: String,
    /// What is posted.
    pub body: Form,
    /// A bearer token, by the name under `secrets`.
    #[serde(default)]
    pub token: Option<ServiceName>,
}

/// What a webhook posts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Form {
    /// `source`, `severity`, `title`, `message`, as force-flow takes them; its answer is read.
    ForceFlow,
    /// A handlebars template of a JSON document, every value inside a string.
    Template(String),
}

impl Via {
    /// The name of its token, if it has one.
    #[must_use]
    pub const fn token(&self) -> Option<&ServiceName> {
        match self {
            Self::Desktop => None,
            Self::Ntfy(peer) => peer.token.as_ref(),
            Self::Webhook(peer) => peer.token.as_ref(),
        }
    }

    /// Where it goes, without what could be a password.
    #[must_use]
    pub fn shown(&self) -> String {
        let host = |url: &str| {
            let uri = url.parse::<ureq::http::Uri>().ok();
            uri.and_then(|uri| uri.host().map(str::to_owned)).unwrap_or_default()
        };
        match self {
            Self::Desktop => "the desktop".to_owned(),
            Self::Ntfy(peer) => format!("ntfy at {}", host(&peer.url)),
            Self::Webhook(peer) => format!("webhook at {}", host(&peer.url)),
        }
    }
}

/// What of `new` makes the house tell less, or tell others, than `old` did: subject and change.
#[must_use]
pub fn loosened(old: &Alerts, new: &Alerts) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    let mut note =
        |subject: &str, change: String| found.push((format!("alerts.{subject}"), change));
    if new.dedup > old.dedup {
        note(
            "dedup",
            format!("the same thing stays untold for {} s, before for {} s", new.dedup, old.dedup),
        );
    }
    if new.hourly_cap < old.hourly_cap {
        note("hourly_cap", format!("lowered from {} to {}", old.hourly_cap, new.hourly_cap));
    }
    if new.heartbeat > old.heartbeat {
        note(
            "heartbeat",
            format!(
                "a dead channel stays unknown for {} s, before for {} s",
                new.heartbeat, old.heartbeat
            ),
        );
    }
    if let Some(quiet) = new.quiet {
        let before = old.quiet.map_or_else(BTreeSet::new, QuietHours::minutes);
        if !quiet.minutes().is_subset(&before) {
            note("quiet", "more hours are quiet".to_owned());
        }
        if old.quiet.is_some_and(|old| quiet.below > old.below) {
            note("quiet.below", "more waits for the morning".to_owned());
        }
    }
    let names = |alerts: &Alerts| -> Vec<ServiceName> {
        alerts.channels.iter().map(|one| one.name.clone()).collect()
    };
    for gone in old.channels.iter().filter(|one| !names(new).contains(&one.name)) {
        note("channels", format!("{} tells nobody any more", gone.name));
    }
    for channel in new.channels.iter().filter(|channel| !old.channels.contains(channel)) {
        note("channels", format!("{} tells {}", channel.name, channel.via.shown()));
    }
    let known = |from: &Alerts, other: &Alerts| -> Vec<ServiceName> {
        names(from).into_iter().filter(|name| names(other).contains(name)).collect()
    };
    if known(old, new) != known(new, old) {
        note("channels", "are asked in another order".to_owned());
    }
    found
}

impl QuietHours {
    fn minutes(self) -> BTreeSet<u16> {
        let (from, to) = (self.from.minutes(), self.to.minutes());
        let all = 0..24 * 60;
        if from <= to {
            (from..to).collect()
        } else {
            all.filter(|minute| *minute >= from || *minute < to).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Alerts {
        serde_saphyr::from_str(text).expect(text)
    }

    const WHOLE: &str = r#"
quiet: {from: "22:00", to: "08:00"}
channels:
  - {name: phone, via: {ntfy: {url: "https://ntfy.example", topic: manor, token: ntfy}}}
  - {name: flow, via: {webhook: {url: "http://127.0.0.1:4077/notify", body: force-flow}}}
  - {name: own, via: {webhook: {url: "https://hook.example/x", body: {template: '{"text": "{{title}}"}'}}}}
  - {name: desk, via: desktop}
"#;

    #[test]
    fn every_spelling_is_read_and_nothing_means_the_desktop() {
        let alerts = read(WHOLE);
        assert_eq!(alerts.channels.len(), 4);
        assert_eq!((alerts.dedup, alerts.hourly_cap, alerts.heartbeat), (1800, 10, 86_400));
        assert_eq!(alerts.quiet.map(|quiet| quiet.below), Some(Below::Error));
        assert_eq!(read("{}"), Alerts::default());
        assert!(serde_saphyr::from_str::<Alerts>("{channel: []}").is_err());
    }

    #[test]
    fn times_of_day_have_one_spelling() {
        for (text, minutes) in [("00:00", Some(0)), ("08:30", Some(510)), ("23:59", Some(1439))] {
            assert_eq!(TimeOfDay::parse(text).map(TimeOfDay::minutes), minutes, "{text}");
            assert_eq!(String::from(TimeOfDay::parse(text).expect(text)), text);
        }
        for bad in ["", "8:30", "24:00", "08:60", "+8:30", "08:3", "08:30:00", "0830"] {
            assert_eq!(TimeOfDay::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn each_way_to_tell_less_is_named_and_telling_more_is_not() {
        let old = read(WHOLE);
        type Change = fn(&mut Alerts);
        let table: [(Change, &str); 10] = [
            (
                |a| a.dedup += 1,
                "alerts.dedup: the same thing stays untold for 1801 s, before for 1800 s",
            ),
            (|a| a.hourly_cap = 9, "alerts.hourly_cap: lowered from 10 to 9"),
            (
                |a| a.heartbeat += 1,
                "alerts.heartbeat: a dead channel stays unknown for 86401 s, before for 86400 s",
            ),
            (
                |a| a.quiet.iter_mut().for_each(|q| q.to = TimeOfDay(481)),
                "alerts.quiet: more hours are quiet",
            ),
            (
                |a| a.quiet.iter_mut().for_each(|q| q.below = Below::Critical),
                "alerts.quiet.below: more waits for the morning",
            ),
            (|a| a.channels.truncate(3), "alerts.channels: desk tells nobody any more"),
            (|a| a.channels[1].via = Via::Desktop, "alerts.channels: flow tells the desktop"),
            (|a| a.channels.swap(0, 3), "alerts.channels: are asked in another order"),
            (|a| (a.dedup, a.hourly_cap, a.heartbeat, a.quiet) = (60, 20, 3600, None), ""),
            (
                |a| {
                    a.quiet
                        .iter_mut()
                        .for_each(|q| (q.from, q.below) = (TimeOfDay(1380), Below::Warn));
                },
                "",
            ),
        ];
        for (change, expected) in table {
            let mut new = old.clone();
            change(&mut new);
            let found = loosened(&old, &new);
            let lines: Vec<String> = found.into_iter().map(|(a, b)| format!("{a}: {b}")).collect();
            assert_eq!(lines.join("\n"), expected);
        }
    }
}
