//! Receipts on disk: `receipts/<id>/plan.json`, written once, and `progress.jsonl`, which only grows.
//!
//! A receipt exists once its `plan.json` is there, which is the last step of making one. A progress line exists
//! once its newline does: a last line without one was torn by a crash, is not shown, and is cut off by the
//! next append.

use super::{Store, at, damaged};
use crate::HostError;
use crate::tree::Tree;
use sanctum_types::{AbsPath, Mode};
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};

const DIR: &str = "/receipts";
const PLAN: &str = "plan.json";
const PROGRESS: &str = "progress.jsonl";

/// The progress of one receipt, open for appending.
#[derive(Debug)]
pub struct ReceiptLog {
    file: File,
    shown: String,
}

impl ReceiptLog {
    /// Adds one line and returns once it is durable.
    pub fn append(&mut self, line: &str) -> Result<(), HostError> {
        if line.contains('\n') {
            return Err(damaged(self.shown.clone(), "one line without a line break"));
        }
        let whole = self.whole_lines()?;
        let write = |file: &mut File| {
            file.set_len(whole)?;
            file.seek(SeekFrom::Start(whole))?;
            file.write_all(format!("{line}\n").as_bytes())?;
            file.sync_data()
        };
        write(&mut self.file).map_err(|source| self.failed("append to", source))
    }

    /// The length up to and with the last newline.
    fn whole_lines(&mut self) -> Result<u64, HostError> {
        // Progress lines are short; a torn one is found within a few of these.
        const BLOCK: u64 = 4096;
        let mut end = self.file.seek(SeekFrom::End(0)).map_err(|e| self.failed("read", e))?;
        while end > 0 {
            let start = end.saturating_sub(BLOCK);
            let mut block = Vec::new();
            self.file
                .seek(SeekFrom::Start(start))
                .and_then(|_| (&self.file).take(end - start).read_to_end(&mut block))
                .map_err(|source| self.failed("read", source))?;
            if let Some(found) = block.iter().rposition(|byte| *byte == b'\n') {
                return Ok(start + found as u64 + 1);
            }
            end = start;
        }
        Ok(0)
    }

    fn failed(&self, verb: &'static str, source: std::io::Error) -> HostError {
        HostError::Io { verb, path: self.shown.clone(), source }
    }
}

impl Store {
    /// Makes a receipt with that header; an id that has one already is refused.
    pub fn create_receipt(&self, id: &str, header: &[u8]) -> Result<ReceiptLog, HostError> {
        let dir = at(DIR, id)?;
        let plan = at(dir.as_str(), PLAN)?;
        if self.tree.stat(&plan)?.is_some() {
            return Err(HostError::Io {
                verb: "create",
                path: self.tree.shown(&plan),
                source: std::io::ErrorKind::AlreadyExists.into(),
            });
        }
        clear(&self.tree, &dir)?;
        self.tree.make_dir(&dir, Mode::PRIVATE_DIR, None)?;
        let log = self.log(&dir)?;
        self.tree.write(&plan, header, Mode::PRIVATE, None)?;
        Ok(log)
    }

    /// Opens the progress of a receipt that exists.
    pub fn open_receipt(&self, id: &str) -> Result<ReceiptLog, HostError> {
        let dir = at(DIR, id)?;
        let plan = at(dir.as_str(), PLAN)?;
        if self.tree.stat(&plan)?.is_none() {
            return Err(self.absent(&plan));
        }
        self.log(&dir)
    }

    /// The ids of all receipts, sorted.
    pub fn receipts(&self) -> Result<Vec<String>, HostError> {
        let mut ids = Vec::new();
        for id in self
            .tree
            .list(&AbsPath::new(DIR).map_err(|error| not_a_path(&error))?)?
            .unwrap_or_default()
        {
            // A name that we never give is somebody else's business.
            let Ok(dir) = at(DIR, &id) else { continue };
            if self.tree.stat(&at(dir.as_str(), PLAN)?)?.is_some() {
                ids.push(id);
            }
        }
        Ok(ids)
    }

    /// The header and the whole lines of progress.
    pub fn read_receipt(&self, id: &str) -> Result<(Vec<u8>, Vec<String>), HostError> {
        let dir = at(DIR, id)?;
        let plan = at(dir.as_str(), PLAN)?;
        let (_, header) = self.tree.read(&plan)?.ok_or_else(|| self.absent(&plan))?;
        let progress = at(dir.as_str(), PROGRESS)?;
        let bytes = self.tree.read(&progress)?.map(|(_, bytes)| bytes).unwrap_or_default();
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let text = std::str::from_utf8(bytes.get(..whole).unwrap_or_default())
            .map_err(|_| damaged(self.tree.shown(&progress), "a progress line is not UTF-8"))?;
        Ok((header, text.lines().map(str::to_owned).collect()))
    }

    fn log(&self, dir: &AbsPath) -> Result<ReceiptLog, HostError> {
        let path = at(dir.as_str(), PROGRESS)?;
        Ok(ReceiptLog { file: self.tree.open_private(&path)?, shown: self.tree.shown(&path) })
    }

    fn absent(&self, path: &AbsPath) -> HostError {
        HostError::Io {
            verb: "read",
            path: self.tree.shown(path),
            source: std::io::ErrorKind::NotFound.into(),
        }
    }
}

/// Removes what a killed run left of receipts that never came to exist; only under the lock.
pub(super) fn clear_halves(tree: &Tree) -> Result<(), HostError> {
    for id in
        tree.list(&AbsPath::new(DIR).map_err(|error| not_a_path(&error))?)?.unwrap_or_default()
    {
        let Ok(dir) = at(DIR, &id) else { continue };
        if tree.stat(&at(dir.as_str(), PLAN)?)?.is_none() {
            clear(tree, &dir)?;
        }
    }
    Ok(())
}

fn clear(tree: &Tree, dir: &AbsPath) -> Result<(), HostError> {
    for name in tree.list(dir)?.unwrap_or_default() {
        tree.remove(&dir.join(&name).map_err(|error| not_a_path(&error))?)?;
    }
    tree.remove(dir)
}

fn not_a_path(error: &sanctum_types::PathError) -> HostError {
    damaged(DIR.to_owned(), &error.to_string())
}
