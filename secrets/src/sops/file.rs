//! A SOPS file of the disk: opened, changed, replaced as a whole.

use super::format::Format;
use super::identities::Identities;
use super::opened::{self, Mac, Opened, SopsError};
use sanctum_host::files;
use sanctum_types::UnixTime;
use std::path::{Path, PathBuf};

/// No document of secrets is larger; reading is bounded so that a wrong name does not fill the memory.
pub const LIMIT: u64 = 64 * 1024 * 1024;

/// An open file.
#[derive(Debug)]
pub struct OpenFile {
    path: PathBuf,
    opened: Opened,
}

/// Opens a file; its format is told by its name where it is not said.
pub fn open_file(
    path: &Path,
    format: Option<Format>,
    identities: &Identities,
) -> Result<OpenFile, SopsError> {
    let text = files::read(path, LIMIT)?;
    let format = format.unwrap_or_else(|| Format::of_path(path));
    let opened = opened::open_with(&text, format, identities, Mac::Check)?;
    Ok(OpenFile { path: path.to_path_buf(), opened })
}

impl OpenFile {
    /// The document.
    #[must_use]
    pub const fn opened(&self) -> &Opened {
        &self.opened
    }

    /// The document, to change it.
    pub const fn opened_mut(&mut self) -> &mut Opened {
        &mut self.opened
    }

    /// Writes what was changed, durably: after a crash the file is the old one or the new one, whole.
    pub fn save(&mut self, now: UnixTime) -> Result<(), SopsError> {
        let text = self.opened.sealed(now)?;
        Ok(files::replace(&self.path, text.as_bytes())?)
    }
}
