//! Property lists in readers that share no line with the library that wrote them.
//!
//! Each reader's understanding is compared with ours, value by value: that it ends with 0 is not enough, since
//! plistutil does so on broken input too.

use super::{Looked, Tools, ask, need, obstacle, said, text};
use crate::house::Artefact;
use crate::prove::{Obstacle, Proof, wrong};
use plist::Value;
use sanctum_host::command::Program;
use sanctum_host::files::{TempDir, read, write_new};
use sanctum_types::Finding;
use std::io::Cursor;
use std::path::Path;

/// Reads each argument with plistlib and prints one JSON line for it: the content, or `{"error": ...}`.
const PLISTLIB: &str = "
import json, plistlib, sys
class Once(dict):
    def __setitem__(self, key, value):
        if key in self: raise ValueError('key %r is given twice' % key)
        super().__setitem__(key, value)
for name in sys.argv[1:]:
    try:
        with open(name, 'rb') as file: line = json.dumps({'is': plistlib.load(file, dict_type=Once)})
    except Exception as error:
        line = json.dumps({'error': '%s: %s' % (type(error).__name__, error)})
    print(line)
";
/// Most bytes of a binary property list: ours have a few hundred.
const MOST: u64 = 1024 * 1024;

/// Every reader that this machine has; Apple's own alone where that is.
pub(super) fn all(jobs: &[&Artefact], tools: &Tools) -> Vec<Proof> {
    if jobs.is_empty() {
        return Vec::new();
    }
    let subject = "property lists";
    if let Some(plutil) = &tools.plutil {
        return vec![Proof::from("plutil -lint", subject, by_plutil(jobs, plutil))];
    }
    vec![
        Proof::from("plistlib", subject, by_plistlib(jobs, tools)),
        Proof::from("plistutil", subject, by_plistutil(jobs, tools)),
    ]
}

/// Copies named `0`, `1`, ... in a directory of their own.
fn copies(jobs: &[&Artefact]) -> Result<(TempDir, Vec<String>), Obstacle> {
    let dir = TempDir::new()?;
    let mut names = Vec::new();
    for (number, job) in jobs.iter().enumerate() {
        let path = dir.path().join(number.to_string());
        write_new(&path, &job.bytes)?;
        names.push(text(&path));
    }
    Ok((dir, names))
}

fn ours(job: &Artefact) -> Option<Value> {
    Value::from_reader(Cursor::new(job.bytes.as_slice())).ok()
}

fn differs(job: &Artefact, reader: &str) -> Finding {
    wrong("launchd.differs", job.path.as_str(), format!("{reader} reads something else than we do"))
}

fn unread(job: &Artefact, reader: &str, said: &str) -> Finding {
    wrong("launchd.unreadable", job.path.as_str(), format!("{reader}: {said}"))
}

fn pass(jobs: &[&Artefact]) -> String {
    format!("{} jobs, each read as we read it", jobs.len())
}

fn by_plutil(jobs: &[&Artefact], plutil: &Program) -> Looked {
    let (dir, names) = copies(jobs)?;
    let mut findings = Vec::new();
    for (job, name) in jobs.iter().zip(&names) {
        let output = ask(plutil, &["-lint", "-s", name])?;
        if !output.status.success() {
            let said = said(&output, dir.path()).join("; ");
            findings.push(unread(job, "plutil", &said));
        }
    }
    Ok((findings, format!("{} jobs", jobs.len())))
}

fn by_plistlib(jobs: &[&Artefact], tools: &Tools) -> Looked {
    let python = need(tools.python.as_ref(), "python3", "apt install python3")?;
    let (dir, names) = copies(jobs)?;
    // -I: no module of the working directory, of the user or of PYTHONPATH.
    let args: Vec<&str> =
        ["-I", "-S", "-c", PLISTLIB].into_iter().chain(names.iter().map(String::as_str)).collect();
    let output = ask(python, &args)?;
    let said = output.text();
    let lines: Vec<&str> = said.lines().collect();
    if !output.status.success() || lines.len() != jobs.len() {
        return Err(obstacle(&output, dir.path()));
    }
    let mut findings = Vec::new();
    for (job, line) in jobs.iter().zip(lines) {
        let answer: serde_json::Value = serde_json::from_str(line)
            .map_err(|_| Obstacle::Answer { program: output.program.clone() })?;
        if let Some(error) = answer.get("error").and_then(serde_json::Value::as_str) {
            findings.push(unread(job, "plistlib", error));
        } else if ours(job).and_then(|value| serde_json::to_value(value).ok()).as_ref()
            != answer.get("is")
        {
            findings.push(differs(job, "plistlib"));
        }
    }
    Ok((findings, pass(jobs)))
}

fn by_plistutil(jobs: &[&Artefact], tools: &Tools) -> Looked {
    let plistutil = need(tools.plistutil.as_ref(), "plistutil", "apt install libplist-utils")?;
    let (dir, names) = copies(jobs)?;
    let mut findings = Vec::new();
    for (job, name) in jobs.iter().zip(&names) {
        let binary = format!("{name}.bin");
        // To the same format it copies without reading; to the binary one it must understand.
        let output = ask(plistutil, &["-i", name, "-f", "bin", "-o", &binary])?;
        let complaint = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        let read = match read(Path::new(&binary), MOST) {
            Ok(bytes) if complaint.is_empty() => Value::from_reader(Cursor::new(bytes)).ok(),
            Ok(_) | Err(_) => None,
        };
        match read {
            Some(value) if Some(&value) == ours(job).as_ref() => {}
            Some(_) => findings.push(differs(job, "plistutil")),
            None => {
                let words = said(&output, dir.path()).join("; ");
                let words = if words.is_empty() { "it wrote nothing".to_owned() } else { words };
                findings.push(unread(job, "plistutil", &words));
            }
        }
    }
    Ok((findings, pass(jobs)))
}
