//! A report as SARIF 2.1.0, which code hosts and editors read.
//!
//! Accepted findings are results with a suppression, what was not scanned is a notification of the run. Deliberately
//! absent: anything of a secret; `partialFingerprints` hold the baseline's.

use crate::finding::{Accepted, Finding, Report, Source};
use sanctum_types::Severity;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The schema that the document follows.
const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// The report as a SARIF log of one run.
#[must_use]
pub fn log(report: &Report, version: &str) -> Value {
    let all = || report.findings.iter().chain(&report.accepted);
    let rules: BTreeMap<&str, &Finding> = all().map(|finding| (finding.rule, finding)).collect();
    let rules: Vec<Value> = rules
        .values()
        .map(|finding| {
            json!({
                "id": finding.rule,
                "shortDescription": { "text": finding.title },
                "defaultConfiguration": { "level": level(finding.severity) },
            })
        })
        .collect();
    let remarks: Vec<Value> = report
        .not_scanned
        .iter()
        .map(|one| json!({ "level": "warning", "message": { "text": format!("not scanned: {}: {}", one.subject, one.cause) } }))
        .collect();
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "sanctum", "version": version, "rules": rules } },
            "invocations": [{ "executionSuccessful": true, "toolExecutionNotifications": remarks }],
            "columnKind": "unicodeCodePoints",
            "results": all().map(result).collect::<Vec<_>>(),
        }],
    })
}

fn result(finding: &Finding) -> Value {
    let mut result = json!({
        "ruleId": finding.rule,
        "level": level(finding.severity),
        "message": { "text": format!("{}: {}", finding.title, finding.preview) },
        "locations": [location(finding)],
    });
    let mut add = |key: &str, value: Value| {
        if let Some(all) = result.as_object_mut() {
            all.insert(key.to_owned(), value);
        }
    };
    if let Some(fingerprint) = &finding.fingerprint {
        add("partialFingerprints", json!({ "sanctum/v1": fingerprint }));
    }
    let mut properties = serde_json::Map::new();
    if let Some(commit) = &finding.commit {
        properties.insert("commit".to_owned(), json!(commit.id));
        properties.insert("authored".to_owned(), json!(commit.authored));
    }
    if !finding.layers.is_empty() {
        properties.insert("layers".to_owned(), json!(finding.layers));
    }
    if let Some(validity) = &finding.validity {
        properties.insert("validity".to_owned(), json!(validity));
    }
    if !properties.is_empty() {
        add("properties", Value::Object(properties));
    }
    if let Some(accepted) = &finding.accepted {
        let (kind, reason) = match accepted {
            Accepted::Mark(reason) => ("inSource", Some(reason)),
            Accepted::Fingerprint(reason) => ("external", reason.as_ref()),
        };
        add(
            "suppressions",
            match reason {
                Some(reason) => json!([{ "kind": kind, "justification": reason }]),
                None => json!([{ "kind": kind }]),
            },
        );
    }
    result
}

fn location(finding: &Finding) -> Value {
    let region = json!({
        "startLine": finding.line,
        "startColumn": finding.column,
        "endLine": finding.end_line,
        "endColumn": finding.end_column,
    });
    match finding.source {
        Source::File
        | Source::History
        | Source::Staged
        | Source::Remote
        | Source::Shell
        | Source::Plist => json!({
            "physicalLocation": { "artifactLocation": { "uri": uri(&finding.path) }, "region": region },
        }),
        Source::Message | Source::Arguments | Source::Environment | Source::Container => json!({
            "logicalLocations": [{ "fullyQualifiedName": finding.path, "kind": finding.source.as_str() }],
        }),
    }
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "note",
        Severity::Warn => "warning",
        Severity::Error | Severity::Critical => "error",
    }
}

/// A path as a URI reference: what RFC 3986 does not let stand in one is percent-encoded.
fn uri(path: &str) -> String {
    use std::fmt::Write as _;
    let mut uri = String::with_capacity(path.len());
    if path.starts_with('/') {
        uri.push_str("file://");
    }
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/!$&'()*+,;=@".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_references() {
        for (path, expected) in [
            ("a b/c#d.txt", "a%20b/c%23d.txt"),
            ("/etc/x:y", "file:///etc/x%3Ay"),
            ("x.zip!in/side", "x.zip!in/side"),
            ("\u{e4}%", "%C3%A4%25"),
        ] {
            assert_eq!(uri(path), expected);
        }
    }
}
