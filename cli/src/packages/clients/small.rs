//! gem and brew, which say little: that a package is there, and gem when its newest version came.

use super::{Clients, says, time};
use sanctum_firewall::packages::{Facts, Known};
use serde_json::Value;

pub(super) fn gem(clients: &Clients, name: &str, version: Option<&str>) -> Option<Known> {
    // No `--` before the name: gem takes what follows one for arguments of a build, and lists everything.
    let pattern = ["list", "--remote", "--exact", "--all", "--no-prerelease", name];
    let output = clients.run(&["gem"], &pattern, &[])?.success().ok()?;
    let Some(versions) = versions(&output.text(), name) else { return Some(Known::Absent) };
    let newest = versions.first().cloned();
    let chosen = version.map(str::to_owned).or(newest);
    let dated = chosen.as_deref().and_then(|chosen| {
        let args = ["specification", "--remote", name, "--version", chosen, "date"];
        let output = clients.run(&["gem"], &args, &[])?.success().ok()?;
        date(&output.text())
    });
    Some(Known::Present(Facts {
        created: None,
        no_such_version: version.is_some_and(|v| !versions.iter().any(|have| have == v)),
        version: chosen,
        published: dated,
    }))
}

/// `name (2.0, 1.0 ruby java)`.
fn versions(text: &str, name: &str) -> Option<Vec<String>> {
    let line = text.lines().find(|l| l.split(" (").next() == Some(name))?;
    let inside = line.split_once('(')?.1.trim_end_matches(')');
    let first = |v: &str| v.split_whitespace().next().map(str::to_owned);
    Some(inside.split(',').filter_map(first).collect())
}

/// `--- 2024-01-01 00:00:00.000000000 Z`.
fn date(text: &str) -> Option<sanctum_types::UnixTime> {
    let mut words = text.trim().trim_start_matches("---").split_whitespace();
    let (day, hour) = (words.next()?, words.next()?);
    time(&format!("{day}T{hour}Z"))
}

pub(super) fn brew(clients: &Clients, name: &str) -> Option<Known> {
    let quiet = [("HOMEBREW_NO_AUTO_UPDATE", "1"), ("HOMEBREW_NO_ANALYTICS", "1")];
    let output = clients.run(&["brew"], &["info", "--json=v2", name], &quiet)?;
    if !output.status.success() {
        return says(
            &output,
            &["no available formula", "no available cask", "no formulae or casks found"],
        )
        .then_some(Known::Absent);
    }
    let said: Value = serde_json::from_slice(&output.stdout).ok()?;
    let any = |key: &str| said.get(key)?.as_array()?.first().cloned();
    let first = any("formulae").or_else(|| any("casks"))?;
    let stable =
        first.get("versions").and_then(|v| v.get("stable")).or_else(|| first.get("version"));
    let version = stable.and_then(Value::as_str).map(str::to_owned);
    Some(Known::Present(Facts { version, ..Facts::default() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_gem_says_is_read() {
        let text = "\n*** REMOTE GEMS ***\n\nrails (8.0.1, 7.2.0 ruby)\n";
        assert_eq!(versions(text, "rails").unwrap(), ["8.0.1", "7.2.0"]);
        assert_eq!(versions(text, "rail"), None);
        assert!(date("--- 2024-01-01 00:00:00.000000000 Z\n").is_some());
        assert!(date("nothing").is_none());
    }
}
