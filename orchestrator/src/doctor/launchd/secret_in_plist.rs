//! `launchd/secret-in-plist`.

use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
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

/// The kinds of secret below a key; `--token x` and `--token=x` are judged by the name of the option.
fn search(key: &str, value: &Value, found: &mut BTreeSet<(String, &'static str)>) {
    match value {
        Value::String(text) => judge_text(key, key, text, found),
        Value::Dictionary(dict) => dict.iter().for_each(|(key, value)| search(key, value, found)),
        Value::Array(all) => {
            let mut before = "";
            for one in all {
                let Value::String(text) = one else {
                    search(key, one, found);
                    continue;
                };
                let (name, text) = text.split_once('=').unwrap_or((before, text));
                judge_text(key, name.trim_start_matches('-'), text, found);
                before = if text.starts_with('-') { text } else { "" };
            }
        }
        _ => {}
    }
}

fn judge_text(key: &str, name: &str, text: &str, found: &mut BTreeSet<(String, &'static str)>) {
    let hint = Some(name).filter(|name| !name.is_empty());
    if let Some(secret) = sanctum_firewall::find_cleartext(text, hint) {
        found.insert((key.to_owned(), secret.rule.title));
    }
}

#[cfg(test)]
fn good() -> Looked {
    crate::doctor::fixture::hub(&serde_json::json!({})).with_daemon(
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
    crate::doctor::fixture::hub(&serde_json::json!({})).with_daemon("proxy", &body)
}
