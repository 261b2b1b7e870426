//! A scan's report for people, as JSON, as SARIF; to the terminal or to a file of the owner's.

use super::is_json;
use crate::args::scan::{Format, Scan};
use crate::commands::Context;
use crate::failure::Failure;
use crate::output::{Out, Paint, redacted};
use sanctum_host::files;
use sanctum_scan::validate::Validity;
use sanctum_scan::{Accepted, Finding, Report, sarif};
use sanctum_types::Severity;
use serde_json::{Value, json};
use std::path::Path;

/// So many remarks of what was not scanned are shown without `--verbose`.
const REMARKS: usize = 10;

/// Shows or writes the report.
pub(super) fn report(
    context: &Context,
    args: &Scan,
    report: &Report,
    unrecorded: Option<&str>,
) -> Result<(), Failure> {
    let out = Out { json: is_json(context, args), quiet: context.out.quiet };
    let sarif = args.format == Format::Sarif;
    if let Some(path) = &args.output {
        let bytes = match (sarif, out.json) {
            (true, _) => document(&sarif::log(report, env!("CARGO_PKG_VERSION"))),
            (false, true) => document(&data(report, unrecorded)),
            (false, false) => {
                let line = |(_, line): (Paint, String)| sanctum_firewall::redact(&line).text + "\n";
                lines(args, report).into_iter().map(line).collect()
            }
        };
        files::write_private(path, bytes.as_bytes())?;
        summary(Out { json: false, ..out }, args, report);
        return Ok(());
    }
    if sarif {
        out.raw(&document(&sarif::log(report, env!("CARGO_PKG_VERSION"))));
        return Ok(());
    }
    out.data(&data(report, unrecorded));
    for (paint, line) in lines(args, report) {
        out.line(paint, &line);
    }
    summary(out, args, report);
    if let Some(why) = unrecorded {
        out.line(Paint::Note, &format!("this scan is not in the journal: {why}"));
    }
    Ok(())
}

fn document(value: &Value) -> String {
    format!("{:#}\n", redacted(value))
}

fn data(report: &Report, unrecorded: Option<&str>) -> Value {
    json!({
        "format": 1,
        "findings": report.findings,
        "accepted": report.accepted,
        "not_scanned": report.not_scanned,
        "left_out": report.left_out,
        "counts": report.counts,
        "unrecorded": unrecorded,
    })
}

fn lines(args: &Scan, report: &Report) -> Vec<(Paint, String)> {
    let mut lines = Vec::new();
    for finding in &report.findings {
        lines.extend(of_finding(finding));
    }
    if args.verbose {
        for finding in &report.accepted {
            lines.extend(of_finding(finding));
            let why = match &finding.accepted {
                Some(Accepted::Mark(reason)) => format!("a mark: {reason}"),
                Some(Accepted::Fingerprint(Some(reason))) => format!("its fingerprint: {reason}"),
                Some(Accepted::Fingerprint(None)) | None => "its fingerprint".to_owned(),
            };
            lines.push((Paint::Good, format!("    accepted by {why}")));
        }
    }
    let shown = if args.verbose { report.not_scanned.len() } else { REMARKS };
    for one in report.not_scanned.iter().take(shown) {
        lines.push((Paint::Note, plain(&format!("not scanned: {}: {}", one.subject, one.cause))));
    }
    if let Some(more @ 1..) = report.not_scanned.len().checked_sub(shown) {
        lines.push((Paint::Note, format!("not scanned: {more} more; --verbose shows them")));
    }
    lines
}

fn of_finding(finding: &Finding) -> Vec<(Paint, String)> {
    let paint = if finding.severity >= Severity::Error { Paint::Bad } else { Paint::Note };
    let commit = finding.commit.as_ref().map(|commit| {
        let day = jiff::Timestamp::from_second(commit.authored.0).unwrap_or_default();
        let day = day.to_zoned(jiff::tz::TimeZone::UTC).date();
        format!(" in commit {} of {day}", commit.id.get(..12).unwrap_or(&commit.id))
    });
    let place = format!("{}:{}:{}", finding.path, finding.line, finding.column);
    let layers = match finding.layers.as_slice() {
        [] => String::new(),
        layers => format!(" in {}", layers.join(" in ")),
    };
    let validity = finding.validity.as_ref().map(|validity| {
        let paint = if *validity == Validity::Active { Paint::Bad } else { Paint::Note };
        (paint, plain(&format!("    {validity}")))
    });
    let lines = [
        (
            paint,
            plain(&format!(
                "{place}: {} ({}){layers}{}",
                finding.title,
                finding.rule,
                commit.unwrap_or_default()
            )),
        ),
        (Paint::Plain, plain(&format!("    {}", finding.preview))),
    ];
    lines.into_iter().chain(validity).collect()
}

/// Paths and names are somebody else's: no control character of theirs reaches a terminal.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

fn summary(out: Out, args: &Scan, report: &Report) {
    let counts = report.counts;
    let mut words = format!(
        "{} findings, {} accepted; {} files and pieces, {:.1} MB",
        report.findings.len(),
        report.accepted.len(),
        counts.pieces,
        f64::from(u32::try_from(counts.bytes / 1000).unwrap_or(u32::MAX)) / 1000.0
    );
    if counts.commits > 0 {
        words.push_str(&format!(", {} commits", counts.commits));
    }
    if counts.binary > 0 {
        words.push_str(&format!(", {} binary", counts.binary));
    }
    if !report.not_scanned.is_empty() {
        words.push_str(&format!("; {} not scanned", report.not_scanned.len()));
    }
    if report.left_out > 0 {
        words.push_str(&format!("; {} more left out of the report", report.left_out));
    }
    let strict = args.strict && !report.not_scanned.is_empty();
    let paint = if report.findings.is_empty() && !strict { Paint::Good } else { Paint::Bad };
    out.line(paint, &words);
}

/// What became of a baseline.
pub(super) fn baseline(context: &Context, args: &Scan, (path, added, all): (&Path, usize, usize)) {
    let out = Out { json: is_json(context, args), quiet: context.out.quiet };
    out.line(
        Paint::Good,
        &format!("{}: {added} findings added, {all} entries; rotate what is real", path.display()),
    );
    out.data(&json!({ "format": 1, "baseline": path.display().to_string(), "added": added, "entries": all }));
}
