//! What a rendered job takes from the file system: programs that it starts, logs and directories that it writes.
//!
//! Read from the file as launchd or systemd will read it, never from what it was rendered of. Deliberately absent:
//! any judgement, and what a program opens by itself.

use crate::house::{Artefact, Part};
use crate::prove::readers::unit::{Line, lines, programs};
use plist::{Dictionary, Value};
use std::io::Cursor;

/// One thing that a job takes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::prove) struct Taken {
    /// What for.
    pub(in crate::prove) what: What,
    /// As the file has it.
    pub(in crate::prove) path: String,
    /// The account that the job runs as; none for root.
    pub(in crate::prove) account: Option<String>,
}

/// What a path is taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::prove) enum What {
    /// It is started.
    Program,
    /// The system opens it for the job's output.
    Log,
    /// The job starts or writes in it.
    Dir,
    /// systemd makes it, or gives it to the job's account at every start.
    Given,
}

/// Everything that the job of this file takes; nothing of a file that cannot be read, which its reader refuses.
pub(super) fn by(artefact: &Artefact) -> Vec<Taken> {
    let (account, paths) = match artefact.part {
        Part::Systemd => of_unit(&String::from_utf8_lossy(&artefact.bytes)),
        _ => Value::from_reader(Cursor::new(artefact.bytes.as_slice()))
            .ok()
            .and_then(Value::into_dictionary)
            .map(|dict| of_plist(&dict))
            .unwrap_or_default(),
    };
    let account = account.filter(|name| name != "root");
    let taken = |(what, path)| Taken { what, path, account: account.clone() };
    paths.into_iter().map(taken).collect()
}

/// The account that a job names, and the paths that it takes.
type Read = (Option<String>, Vec<(What, String)>);

fn of_plist(dict: &Dictionary) -> Read {
    let text = |key: &str| Some(dict.get(key)?.as_string()?.to_owned());
    let first = || Some(dict.get("ProgramArguments")?.as_array()?.first()?.as_string()?.to_owned());
    let program = text("Program").or_else(first).map(|path| (What::Program, path));
    let named = [
        ("StandardOutPath", What::Log),
        ("StandardErrorPath", What::Log),
        ("WorkingDirectory", What::Dir),
    ];
    let named = named.into_iter().filter_map(|(key, what)| Some((what, text(key)?)));
    (text("UserName"), program.into_iter().chain(named).collect())
}

fn of_unit(text: &str) -> Read {
    let started = programs(text).into_iter().map(|path| (What::Program, path.to_owned()));
    let lines: Vec<Line<'_>> =
        lines(text).into_iter().filter(|line| line.section == "Service").collect();
    let written =
        lines.iter().flat_map(|line| written(line.key, line.value.unwrap_or_default()).into_iter());
    let user = lines.iter().rev().find(|line| line.key == "User").and_then(|line| line.value);
    (user.map(str::to_owned), started.chain(written).collect())
}

/// systemd.exec(5): "Paths", "Sandboxing" and "Logging and standard input/output".
fn written(key: &str, value: &str) -> Vec<(What, String)> {
    let below = |root: &str| {
        let names = value.split_whitespace();
        // What stands behind a colon is another name for the same directory.
        let name = |word: &str| word.split(':').next().unwrap_or_default().to_owned();
        names.map(|word| (What::Given, format!("{root}/{}", name(word)))).collect()
    };
    match key {
        "StandardOutput" | "StandardError" => {
            let file = ["file:", "append:", "truncate:"]
                .into_iter()
                .find_map(|how| value.strip_prefix(how));
            file.map(|path| (What::Log, path.to_owned())).into_iter().collect()
        }
        "WorkingDirectory" if !value.is_empty() => {
            vec![(What::Dir, value.trim_start_matches('-').to_owned())]
        }
        "LogsDirectory" => below("/var/log"),
        "StateDirectory" => below("/var/lib"),
        "CacheDirectory" => below("/var/cache"),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests;
