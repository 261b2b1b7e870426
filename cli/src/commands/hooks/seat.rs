//! One settings file that hooks go into: the person's own, or root's.
//!
//! Replaced as a whole and only while it still is what was read. Root's is written by root alone, for a program and below
//! directories that only root can change. Deliberately absent: what a hook looks like.

use super::receipt;
use crate::commands::Context;
use crate::failure::{Exit, Failure};
use crate::record::Recorder;
use crate::site::{HERE, Place};
use sanctum_firewall::agents::Agent;
use sanctum_firewall::agents::settings::{self, Edited, Os, Scope, SettingsError, Status};
use sanctum_host::{files, hook_file, trust};
use sanctum_orchestrator::house::layout;
use sanctum_orchestrator::instance::model;
use sanctum_types::AbsPath;
use std::path::{Path, PathBuf};

/// Bytes of settings; those of people are some KiB, with long lists of permissions some hundred.
const LIMIT: u64 = 8 << 20;

/// A settings file.
pub(super) struct Seat {
    pub(super) agent: Agent,
    pub(super) scope: Scope,
    pub(super) place: Place,
    pub(super) path: PathBuf,
    pub(super) text: Option<String>,
    pub(super) program: AbsPath,
}

impl Seat {
    /// The file of this account.
    pub(super) fn own(context: &Context, agent: Agent) -> Result<Self, Failure> {
        let home = context.around.home().ok_or_else(|| {
            Failure::new(Exit::Usage, "there is no home directory with settings of an agent")
        })?;
        let below = settings::settings_path(agent, Scope::User, os())
            .ok_or_else(|| Failure::failed(SettingsError::NoSettings(agent.name())))?;
        let path = home.join(below);
        let text = read(&path)?;
        let program = program(context)?;
        Ok(Self { agent, scope: Scope::User, place: Place::Machine, path, text, program })
    }

    /// Root's file on this machine, or below a directory that stands for one; none where the vendor names no such file.
    pub(super) fn managed(context: &Context, agent: Agent) -> Result<Option<Self>, Failure> {
        let Some(path) = settings::settings_path(agent, Scope::Managed, os()) else {
            return Ok(None);
        };
        let place = Place::of(&context.common);
        let path = match &place {
            Place::Machine => PathBuf::from(path),
            Place::Root(dir) => dir.join(path.trim_start_matches('/')),
        };
        let text = read(&path)?;
        let program = AbsPath::new(layout::SANCTUM)?;
        Ok(Some(Self { agent, scope: Scope::Managed, place, path, text, program }))
    }

    pub(super) fn shown(&self) -> String {
        self.path.display().to_string()
    }

    pub(super) fn failed(&self, error: SettingsError) -> Failure {
        Failure::refused(error).hint(format!("look at {}", self.shown()))
    }

    pub(super) fn status(&self) -> Result<Status, Failure> {
        settings::status(self.agent, self.text.as_deref(), &self.program)
            .map_err(|error| self.failed(error))
    }

    /// Whether this account may write the file, and what it would name can be trusted.
    pub(super) fn may_change(&self, context: &Context) -> Result<(), Failure> {
        if self.scope == Scope::User {
            return super::own_home(context);
        }
        if self.place != Place::Machine {
            return Ok(());
        }
        let verb = context.around.verb.as_deref().unwrap_or("hooks");
        if context.around.euid != 0 {
            return Err(Failure::refused("these are root's settings, which only root writes")
                .hint(self.place.command(verb)));
        }
        trust::check_program(&self.program).map_err(|error| {
            Failure::refused(error).hint(format!(
                "first: sudo sanctum self install, then: {}",
                self.place.command(verb)
            ))
        })?;
        let there = self.path.ancestors().skip(1).find(|dir| files::is_there(dir));
        let there = there.and_then(Path::to_str).and_then(|dir| AbsPath::new(dir).ok());
        there.map_or(Ok(()), |dir| trust::check_root_owned(&dir).map_err(Failure::refused))
    }

    /// Where what is changed is recorded.
    pub(super) fn recorder(&self, context: &Context) -> Result<Recorder, Failure> {
        match self.scope {
            Scope::User => Recorder::of_account(&context.around),
            Scope::Managed => Recorder::of_place(&self.place, &context.around),
        }
    }

    /// Makes the file what it is to be.
    pub(super) fn write(&self, edited: &Edited) -> Result<(), Failure> {
        // Somebody may have saved it since it was read; what they wrote is not overwritten unseen.
        if read(&self.path)? != self.text {
            return Err(Failure::refused(format!("{} changed meanwhile", self.shown()))
                .hint("say it again"));
        }
        match (&edited.text, self.scope) {
            (Some(text), Scope::User) => {
                if let Some(dir) = self.path.parent() {
                    files::make_dir(dir)?;
                }
                Ok(files::replace(&self.path, text.as_bytes())?)
            }
            (Some(text), Scope::Managed) => Ok(files::publish(&self.path, text.as_bytes())?),
            (None, _) => Ok(hook_file::remove(&self.path)?),
        }
    }

    /// Whether hooks of ours were put in here once.
    pub(super) fn was_installed(&self, context: &Context) -> bool {
        matches!(receipt::read(context, self), Ok(Some(known)) if known.file == self.shown())
    }
}

/// The program as hooks name it: by the place that stays when a new version is installed.
fn program(context: &Context) -> Result<AbsPath, Failure> {
    let unknown = || Failure::failed("this program does not know its own path");
    let exe = context.around.exe.as_deref().and_then(Path::to_str).ok_or_else(unknown)?;
    let versions = format!("{}/versions/", layout::PREFIX);
    let stays = if exe.starts_with(&versions) { layout::SANCTUM } else { exe };
    AbsPath::new(stays).map_err(|_| unknown())
}

pub(super) const fn os() -> Os {
    match HERE {
        model::Os::Macos => Os::Mac,
        model::Os::Linux => Os::Linux,
    }
}

pub(super) fn read(path: &Path) -> Result<Option<String>, Failure> {
    let Some(bytes) = files::read_optional(path, LIMIT)? else { return Ok(None) };
    let text = String::from_utf8(bytes);
    text.map(Some).map_err(|_| Failure::refused(format!("{} is not UTF-8", path.display())))
}
