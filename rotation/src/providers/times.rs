//! Points in time as providers write them.

use sanctum_types::UnixTime;

/// A time of ISO 8601 with an offset.
pub(super) fn parse(text: &str) -> Option<UnixTime> {
    let time: jiff::Timestamp = text.parse().ok()?;
    Some(UnixTime(time.as_second()))
}

/// `20150830T123600Z`, as signatures have it.
pub(super) fn basic(time: UnixTime) -> Option<String> {
    let time = jiff::Timestamp::from_second(time.0).ok()?;
    Some(time.strftime("%Y%m%dT%H%M%SZ").to_string())
}
