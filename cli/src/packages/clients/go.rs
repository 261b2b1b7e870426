//! go: `go list -m -json MODULE@VERSION`. A package may lie below its module, so that parents are asked in turn.

use super::{Clients, says, time};
use sanctum_firewall::packages::{Facts, Known};
use serde_json::Value;

/// Folders above a package that are asked; deeper ones are in no module that is known.
const MOST_PARENTS: usize = 4;
const ABSENT: [&str; 7] = [
    // The number alone: the words after it are the proxy's own.
    ": 404 ",
    ": 410 ",
    "no matching versions",
    "unknown revision",
    "repository not found",
    "unrecognized import path",
    "not found: module",
];

pub(super) fn look_up(clients: &Clients, name: &str, version: Option<&str>) -> Option<Known> {
    let mut module = name;
    for _ in 0..MOST_PARENTS {
        match one(clients, module, version.unwrap_or("latest"))? {
            Known::Absent => {}
            known => return Some(known),
        }
        match module.rsplit_once('/') {
            Some((parent, _)) if parent.contains('/') || parent.contains('.') => module = parent,
            _ => break,
        }
    }
    match version {
        None => Some(Known::Absent),
        // A version that there is not is something else than a module that there is not.
        Some(_) => match look_up(clients, name, None)? {
            Known::Present(facts) => {
                Some(Known::Present(Facts { no_such_version: true, published: None, ..facts }))
            }
            known => Some(known),
        },
    }
}

fn one(clients: &Clients, module: &str, version: &str) -> Option<Known> {
    let wanted = format!("{module}@{version}");
    let env = [("GO111MODULE", "on"), ("GOTOOLCHAIN", "local"), ("GOWORK", "off")];
    let output = clients.run(&["go"], &["list", "-mod=mod", "-m", "-json", &wanted], &env)?;
    if !output.status.success() {
        return says(&output, &ABSENT).then_some(Known::Absent);
    }
    read(&output.stdout)
}

/// Go says when this version came, and of the first one nothing.
fn read(stdout: &[u8]) -> Option<Known> {
    let said: Value = serde_json::from_slice(stdout).ok()?;
    said.get("Path")?.as_str()?;
    let text = |key: &str| said.get(key).and_then(Value::as_str);
    Some(Known::Present(Facts {
        created: None,
        version: text("Version").map(str::to_owned),
        published: text("Time").and_then(time),
        no_such_version: false,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_go_says_is_read() {
        let said = br#"{"Path":"a.example/b","Version":"v1.2.3","Time":"2024-01-01T00:00:00Z"}"#;
        let Some(Known::Present(facts)) = read(said) else { panic!() };
        assert_eq!(facts.version.as_deref(), Some("v1.2.3"));
        assert!(facts.published.is_some() && facts.created.is_none());
        assert_eq!(read(b"{}"), None);
    }
}
