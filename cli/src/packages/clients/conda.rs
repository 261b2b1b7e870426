//! conda: `conda search --json NAME`, or mamba's in its place.

use super::{Clients, greatest};
use sanctum_firewall::packages::{Facts, Known};
use sanctum_types::UnixTime;
use serde_json::Value;

pub(super) fn look_up(clients: &Clients, name: &str, version: Option<&str>) -> Option<Known> {
    let output = clients.run(&["conda", "mamba"], &["search", "--json", name], &[])?;
    read(&output.stdout, name, version)
}

fn read(stdout: &[u8], name: &str, version: Option<&str>) -> Option<Known> {
    let said: Value = serde_json::from_slice(stdout).ok()?;
    if said.get("error").is_some() || said.get("exception_name").is_some() {
        let absent =
            said.get("exception_name").and_then(Value::as_str) == Some("PackagesNotFoundError");
        return absent.then_some(Known::Absent);
    }
    let builds = said.get(name)?.as_array().filter(|builds| !builds.is_empty())?;
    let of = |build: &Value| build.get("version").and_then(Value::as_str).map(str::to_owned);
    let versions: Vec<String> = builds.iter().filter_map(of).collect();
    let chosen = version
        .map(str::to_owned)
        .or_else(|| greatest(versions.iter().map(String::as_str)).map(str::to_owned));
    // Channels keep milliseconds; those before 2017 have none.
    let at = |build: &Value| Some(UnixTime(build.get("timestamp")?.as_i64()? / 1000));
    let all = builds.iter().map(at).collect::<Option<Vec<_>>>();
    let published = builds.iter().filter(|b| of(b) == chosen).filter_map(at).min();
    Some(Known::Present(Facts {
        created: all.and_then(|times| times.into_iter().min()),
        published,
        no_such_version: version.is_some_and(|v| {
            !versions.iter().any(|have| have == v || have.starts_with(&format!("{v}.")))
        }),
        version: chosen,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_conda_says_is_read() {
        let said = br#"{"a":[{"version":"1.0","timestamp":1500000000000},{"version":"1.10","timestamp":1700000000000}]}"#;
        let Some(Known::Present(facts)) = read(said, "a", None) else { panic!() };
        assert_eq!(facts.version.as_deref(), Some("1.10"));
        assert_eq!(facts.created, Some(UnixTime(1_500_000_000)));
        assert_eq!(facts.published, Some(UnixTime(1_700_000_000)));
        let absent = br#"{"error":"x","exception_name":"PackagesNotFoundError"}"#;
        assert_eq!(read(absent, "a", None), Some(Known::Absent));
        assert_eq!(read(br#"{"error":"x","exception_name":"CondaHTTPError"}"#, "a", None), None);
    }
}
