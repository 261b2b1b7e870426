//! `sanctum packages`: the index of malicious packages made anew, and what is thought of a name.
//!
//! Records come from files of the owner's; nothing is fetched. The index is replaced as a whole, or stays what it was.

use super::{Context, FOUND};
use crate::args::packages::Packages;
use crate::failure::{Exit, Failure};
use crate::output::Paint;
use crate::packages::{ask, records, socket};
use crate::record::{self, Deed, Recorder};
use sanctum_firewall::packages::{
    self as verdicts, Finding, Known, MAX_RECORD, Policy, Project, Record, Wanted, Weight,
};
use sanctum_firewall::shell::{Ecosystem, Install};
use sanctum_host::{clock, files, look};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Records of one refresh: the largest collection has a quarter of a million, and may grow.
const MOST_FILES: usize = 2_000_000;
/// Directories below one another.
const DEEPEST: usize = 12;
const RECORD: u64 = MAX_RECORD as u64;
/// Who types a name waits longer than a hook.
const PATIENCE: Duration = Duration::from_secs(25);

/// Runs the verb.
pub fn run(context: &Context, verb: &Packages) -> Result<Exit, Failure> {
    match verb {
        Packages::Refresh { from } => refresh(context, from),
        Packages::Check { ecosystem, names } => check(context, ecosystem, names),
    }
}

fn home(context: &Context) -> Result<PathBuf, Failure> {
    let home = context.around.home().map(Path::to_owned);
    home.ok_or_else(|| Failure::new(Exit::Usage, "there is no home directory to keep an index in"))
}

#[derive(Default)]
struct Seen {
    records: Vec<Record>,
    files: usize,
    unread: usize,
}

fn refresh(context: &Context, from: &Path) -> Result<Exit, Failure> {
    let place = records::own(&home(context)?);
    let mut seen = Seen::default();
    if look::at(from)?.is_none() {
        return Err(Failure::failed(format!("there is nothing at {}", from.display())));
    }
    walk(from, 0, &mut seen)?;
    if seen.records.is_empty() {
        return Err(Failure::refused(format!(
            "no record of a malicious package is in {}",
            from.display()
        ))
        .hint("records are JSON files in the form of OSV, with ids that begin with MAL-"));
    }
    let count = seen.records.len();
    let text = verdicts::compact(seen.records);
    let deed = Deed::new("packages.refresh", "malicious").with("records", count.to_string());
    record::during(context, Recorder::of_account(&context.around), &deed, |_| {
        if let Some(dir) = place.parent() {
            files::make_dir(dir)?;
        }
        Ok(files::replace(&place, text.as_bytes())?)
    })?;
    let Seen { files, unread, .. } = seen;
    context.out.data(&serde_json::json!({
        "format": 1, "index": place, "records": count, "files": files, "unread": unread,
    }));
    let words = format!("{count} records of {files} files; {unread} were no records");
    context.out.line(Paint::Good, &format!("{}: {words}", place.display()));
    Ok(Exit::Done)
}

fn walk(path: &Path, depth: usize, seen: &mut Seen) -> Result<(), Failure> {
    if depth > DEEPEST || seen.files >= MOST_FILES {
        return Err(Failure::refused(format!("too much is below {}", path.display())));
    }
    if let Some(names) = look::list(path)? {
        for name in names {
            walk(&path.join(name), depth + 1, seen)?;
        }
        return Ok(());
    }
    if path.extension().is_none_or(|end| end != "json") {
        return Ok(());
    }
    seen.files += 1;
    let read = files::read(path, RECORD).ok();
    match read.and_then(|bytes| verdicts::record(&bytes).ok()) {
        Some(records) => seen.records.extend(records),
        None => seen.unread += 1,
    }
    Ok(())
}

/// A name that is asked about by itself belongs to no project.
struct NoFiles;

impl Project for NoFiles {
    fn text(&self, _: &str) -> Option<String> {
        None
    }
}

fn check(context: &Context, ecosystem: &str, names: &[String]) -> Result<Exit, Failure> {
    let home = home(context)?;
    let ecosystem = Ecosystem::named(ecosystem).ok_or_else(|| {
        let all: Vec<&str> = Ecosystem::ALL.iter().map(|e| e.word()).collect();
        Failure::new(Exit::Usage, format!("there is no ecosystem `{ecosystem}`"))
            .hint(format!("one of {}", all.join(", ")))
    })?;
    let install = Install {
        ecosystem,
        client: ecosystem.client().to_owned(),
        packages: names.to_vec(),
        others: Vec::new(),
        requirements: Vec::new(),
        directory: String::new(),
        flags: Vec::new(),
        settings: Vec::new(),
    };
    let policy = Policy { npm_warned: false, pip_warned: false, ..Policy::default() };
    let order = verdicts::order(&install, &NoFiles);
    let wanted = verdicts::asked(&order, &policy);
    let answers = ask::known(&socket(&home), &wanted, PATIENCE);
    let known = |w: &Wanted| answers.get(&ask::name(w)).cloned().unwrap_or(Known::Unanswered);
    let texts = records::texts(Some(&home));
    let records = records::indexes(&texts);
    let found = verdicts::judge((&install, &order), &policy, &known, &records, clock::now());
    told(context, &found);
    let worst = verdicts::worst(&found).map(|finding| finding.weight);
    Ok(if worst >= Some(Weight::Ask) { FOUND } else { Exit::Done })
}

fn told(context: &Context, found: &[Finding]) {
    let word = |weight: Weight| match weight {
        Weight::Deny => "deny",
        Weight::Ask => "ask",
        Weight::Remark => "remark",
    };
    let rows: Vec<_> = found
        .iter()
        .map(|f| serde_json::json!({ "weight": word(f.weight), "text": f.text }))
        .collect();
    context.out.data(&serde_json::json!({ "format": 1, "findings": rows }));
    for finding in found {
        let paint = if finding.weight >= Weight::Ask { Paint::Bad } else { Paint::Plain };
        context.out.line(paint, &format!("{}: {}", word(finding.weight), finding.text));
    }
    if found.is_empty() {
        context.out.line(Paint::Good, "nothing against them");
    }
}
