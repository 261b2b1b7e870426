//! npm: `npm view NAME time dist-tags --json`.

use super::{Clients, time};
use sanctum_firewall::packages::{Facts, Known};
use serde_json::Value;

pub(super) fn look_up(clients: &Clients, name: &str, version: Option<&str>) -> Option<Known> {
    let args = ["view", name, "name", "time", "dist-tags", "--json", "--loglevel=silent"];
    let quiet = [("NO_UPDATE_NOTIFIER", "1"), ("npm_config_audit", "false")];
    let output = clients.run(&["npm"], &args, &quiet)?;
    read(&output.stdout, version)
}

/// What npm says; an error that is not "there is none" is no answer.
fn read(stdout: &[u8], version: Option<&str>) -> Option<Known> {
    let said: Value = serde_json::from_slice(stdout).ok()?;
    if let Some(error) = said.get("error") {
        let absent = error.get("code").and_then(Value::as_str) == Some("E404");
        return absent.then_some(Known::Absent);
    }
    said.get("name")?.as_str()?;
    let times = said.get("time").and_then(Value::as_object);
    let at = |version: &str| times?.get(version)?.as_str().and_then(time);
    let of_versions = times
        .into_iter()
        .flatten()
        .filter(|(name, _)| !matches!(name.as_str(), "modified" | "unpublished"))
        .filter_map(|(_, at)| at.as_str().and_then(time));
    let latest = said.get("dist-tags").and_then(|tags| tags.get("latest")).and_then(Value::as_str);
    let chosen = version.or(latest);
    Some(Known::Present(Facts {
        created: of_versions.min(),
        version: chosen.map(str::to_owned),
        published: chosen.and_then(at),
        no_such_version: version.is_some_and(|v| times.is_some_and(|t| !t.contains_key(v))),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use sanctum_types::UnixTime;

    #[test]
    fn what_npm_says_is_read() {
        let said = br#"{"name":"a","time":{"1.0.0":"2024-12-04T23:03:58.786000+00:00","1.1.0":"2026-09-02T13:01:24Z"},"dist-tags":{"latest":"1.1.0"}}"#;
        let Some(Known::Present(facts)) = read(said, None) else { panic!() };
        assert_eq!(facts.version.as_deref(), Some("1.1.0"));
        assert_eq!(facts.created, Some(UnixTime(1_733_353_438)));
        assert_eq!(facts.published, Some(UnixTime(1_788_354_084)));
        let Some(Known::Present(facts)) = read(said, Some("9.9.9")) else { panic!() };
        assert!(facts.no_such_version && facts.published.is_none());
        assert_eq!(read(br#"{"error":{"code":"E404"}}"#, None), Some(Known::Absent));
        for other in [&br#"{"error":{"code":"E401"}}"#[..], b"", b"[]", b"{}"] {
            assert_eq!(read(other, None), None);
        }
    }
}
