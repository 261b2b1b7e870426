//! `launchd/secret-in-plist`.

use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use crate::jobs::secret::{Firewall, SecretJudge as _, kinds};
use plist::Value;
use sanctum_types::Severity;
use std::collections::BTreeSet;

pub(super) static LINT: Lint = Lint {
    id: "launchd/secret-in-plist",
    severity: Severity::Critical,
    on: On::Macos,
    title: "no property list holds a secret",
    why: "Every user of a Mac can read /Library/LaunchDaemons, and `launchctl print` and `ps` show \
          arguments and environments to all. Provider keys stood in EnvironmentVariables because a \
          template was filled with them, and every agent that could list a directory had them.",
    fix: Fix::Edit(
        "rotate the secret, declare it under `secrets` by reference, and take it out of the property list",
    ),
    needs: &[Need::Plists],
    judge,
    #[cfg(test)]
    good,
    #[cfg(test)]
    bad,
};

fn judge(looked: &Looked) -> Seen {
    let plists = looked.plists()?;
    let mut answer = Answer::of(plists);
    for file in plists {
        let Ok(dict) = &file.read else {
            // What no reader understands may still be read by a person.
            for found in sanctum_firewall::find(&file.bytes) {
                answer.add(&file.path, format!("it holds {}", found.rule.title));
            }
            continue;
        };
        let mut found = BTreeSet::new();
        dict.iter().for_each(|(key, value)| search(key, value, &mut found));
        for (key, title) in found {
            answer.add(&file.path, format!("{title} under {key}"));
        }
    }
    Ok(answer)
}

/// The kinds of secret below a key; words of an array are judged like arguments.
fn search(key: &str, value: &Value, found: &mut BTreeSet<(String, String)>) {
    match value {
        Value::String(text) => {
            found.extend(Firewall.kind_of(text, Some(key)).map(|kind| (key.to_owned(), kind)));
        }
        Value::Dictionary(dict) => dict.iter().for_each(|(key, value)| search(key, value, found)),
        Value::Array(all) => {
            let words: Vec<String> =
                all.iter().filter_map(Value::as_string).map(str::to_owned).collect();
            found.extend(kinds(&words, &Firewall).map(|(_, kind)| (key.to_owned(), kind)));
            let others = all.iter().filter(|one| one.as_string().is_none());
            others.for_each(|one| search(key, one, found));
        }
        _ => {}
    }
}

#[cfg(test)]
fn good() -> Looked {
    crate::doctor::fixture::plain_hub().with_daemon(
        "proxy",
        "<key>EnvironmentVariables</key><dict><key>LANG</key><string>C</string></dict>",
    )
}

#[cfg(test)]
fn bad() -> Looked {
    // In two halves, so that no scanner takes this file for a leak.
    let token = ["ghp_", "OZsOy0AG9b8DR3p1qGU5XWwqsOJKoy", "07ECmi"].concat();
    let body = format!(
        "<key>EnvironmentVariables</key><dict><key>GH</key><string>{token}</string></dict>"
    );
    crate::doctor::fixture::plain_hub().with_daemon("proxy", &body)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What stands behind an option is judged by its name, and a word with `=` in its middle also as a whole.
    #[test]
    fn arguments_are_judged_like_those_of_jobs() {
        let password = ["Xq7", "vR2kLm9TzWp4s"].concat();
        for (words, expected) in [
            (vec!["/opt/x".to_owned(), format!("postgres://me:{password}@db/x?tls=on")], 1),
            (vec!["/opt/x".to_owned(), "--token".to_owned(), password.clone()], 1),
            (vec!["/opt/x".to_owned(), format!("--token={password}")], 1),
            (vec!["/opt/x".to_owned(), "--token=prompt".to_owned()], 0),
        ] {
            let all = Value::Array(words.into_iter().map(Value::String).collect());
            let mut found = BTreeSet::new();
            search("ProgramArguments", &all, &mut found);
            assert_eq!(found.len(), expected, "{all:?}");
        }
    }
}
