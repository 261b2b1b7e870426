//! The process table of macOS, through ps(1), and the programs through lsof(8).
//!
//! lsof shows other accounts' processes to root alone.

#![expect(clippy::disallowed_methods, reason = "this crate is the one home of effects")]

use super::{ARGV_LIMIT, Argv, FileId, OnDisk, Process, Running, Table, ps};
use crate::HostError;
use crate::command::{Options, Program, run};
use crate::sight::Sight;
use crate::sockets::lsof;
use sanctum_types::UnixTime;
use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt as _;
use std::time::Duration;

/// lsof looks at every open file of the machine; a busy Mac needs some seconds.
const LIMIT: Duration = Duration::from_secs(30);

pub(super) fn table() -> Result<Table, HostError> {
    let rows = rows()?;
    let texts = texts()?;
    let processes =
        rows.into_iter().map(|row| (row.pid, one(row, &texts))).collect::<BTreeMap<_, _>>();
    // ps is setuid root and shows everybody.
    Ok(Table { processes, complete: true })
}

pub(super) fn of(pid: u32) -> Result<Option<Process>, HostError> {
    Ok(table()?.processes.remove(&pid))
}

/// What each process runs, as far as this account may see it.
pub(crate) fn texts() -> Result<BTreeMap<u32, lsof::Text>, HostError> {
    let said = run(&find("lsof")?, &lsof::TEXT_ARGS, options())?;
    // It ends with 1 when some process was not shown, which those that are missing tell by themselves.
    if said.stdout.is_empty() && !said.status.success() && !said.stderr.is_empty() {
        return Err(said.failure());
    }
    Ok(lsof::parse_texts(&said.text()))
}

fn rows() -> Result<Vec<ps::Row>, HostError> {
    let env = BTreeMap::from([("TZ", "UTC0".to_owned())]);
    let said = run(&find("ps")?, &ps::ARGS, Options { env, ..options() })?.success()?;
    Ok(ps::parse(&said.text()))
}

fn options() -> Options {
    Options { timeout: LIMIT, output_limit: 32 * 1024 * 1024, ..Options::default() }
}

fn find(name: &'static str) -> Result<Program, HostError> {
    Program::find(&[name]).ok_or(HostError::Unsupported {
        what: format!("looking at processes without {name}"),
        host: "macOS",
    })
}

fn one(row: ps::Row, texts: &BTreeMap<u32, lsof::Text>) -> Process {
    let program = match texts.get(&row.pid) {
        Some(text) => Sight::Seen(Running {
            path: text.path.clone(),
            file: text.inode.map(|inode| FileId { device: text.device, inode }),
            on_disk: on_disk(&text.path),
        }),
        None if row.pid == 0 => Sight::Absent,
        None => Sight::Denied,
    };
    let first = row.words.first().map_or("", |word| word.rsplit('/').next().unwrap_or_default());
    let name = first.to_owned();
    let argv = if row.words.is_empty() { Sight::Absent } else { Sight::Seen(bounded(row.words)) };
    Process {
        pid: row.pid,
        parent: row.parent,
        uid: row.uid,
        name,
        started: row.started,
        program,
        argv,
        unit: None,
    }
}

fn bounded(words: Vec<String>) -> Argv {
    let mut left = ARGV_LIMIT;
    // The word that goes past the limit stays whole, so that the cut shows.
    let begins = |word: &String| {
        let begins = left > 0;
        left = left.saturating_sub(word.len() + 1);
        begins
    };
    Argv::new(words.into_iter().take_while(begins).collect())
}

fn on_disk(path: &str) -> Sight<OnDisk> {
    let found = Sight::of(std::fs::metadata(path)).unwrap_or(Sight::Absent);
    found.map(|meta| OnDisk {
        file: FileId { device: Some(meta.dev()), inode: meta.ino() },
        modified: UnixTime(meta.mtime()),
    })
}
