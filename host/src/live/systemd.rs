//! Units of systemd: enabled, started, stopped and looked at, also while systemd waits for this very process.
//!
//! A oneshot unit is one of boot: it is enabled and never started here, because what it does at boot (to take the
//! store's lock, for one) is what an apply is doing now. A process that is itself a job on its way up waits for
//! no other start, which may be ordered after it, and no process stops the unit that it runs in. Deliberately
//! absent: what the units say.

use super::machine::{Load, Machine, call};
use super::{argv, parse};
use crate::command::Program;
use crate::{HostError, LoadedState, Unit};
use rustix::process::Pid;

/// A unit's start may take as long as systemd lets it (DefaultTimeoutStartSec, 90 s) and a little more.
const SECONDS: u64 = 100;
const SHOW_SECONDS: u64 = 10;

/// systemctl of a machine whose process 1 is systemd.
pub(super) struct Systemd {
    systemctl: Program,
    /// The service that this process runs in, where it is one.
    own: Option<String>,
}

impl Systemd {
    /// `cgroup` is the text of /proc/self/cgroup.
    pub(super) fn new(systemctl: Program, cgroup: &str) -> Self {
        Self { systemctl, own: parse::own_service(cgroup).map(str::to_owned) }
    }

    fn act(&self, argv: &[String]) -> Result<(), HostError> {
        call(&self.systemctl, argv, SECONDS)?.success().map(drop)
    }

    fn show(&self, name: &str) -> Result<String, HostError> {
        Ok(call(&self.systemctl, &argv::systemctl_show(name), SHOW_SECONDS)?.success()?.text())
    }

    /// Reads all unit files again.
    pub(super) fn read_again(&self) -> Result<(), HostError> {
        self.act(&argv::systemctl_daemon_reload())
    }

    /// Whether the unit is active: not on its way, not failed.
    pub(super) fn is_active(&self, name: &str) -> Result<bool, HostError> {
        Ok(parse::properties(&self.show(name)?).get("ActiveState") == Some(&"active"))
    }

    /// The process that a running service consists of; none where nothing runs.
    pub(super) fn main_pid(&self, name: &str) -> Result<Option<Pid>, HostError> {
        let said = self.show(name)?;
        let pid = parse::properties(&said).get("MainPID").and_then(|text| text.parse().ok());
        Ok(pid.and_then(Pid::from_raw))
    }

    /// Lets an active unit read its configuration again.
    pub(super) fn reload(&self, name: &str) -> Result<(), HostError> {
        self.act(&argv::systemctl_unit("reload", name))
    }

    /// Makes the unit that the file defines start at every boot, and unless it is one of boot, run now.
    pub(super) fn start(&self, name: &str, file: &str, definition: &[u8]) -> Result<(), HostError> {
        self.read_again()?;
        self.act(&argv::systemctl_enable(name))?;
        let of_boot = parse::is_oneshot(&String::from_utf8_lossy(definition));
        // A start that is ordered after this process could only be waited for by both, for ever.
        let waits = !self.is_on_its_way_up()?;
        if !of_boot && self.own.as_deref() != Some(name) {
            // A restart, because a start leaves a running unit with its old definition.
            let restart = match waits {
                true => argv::systemctl_unit("restart", name),
                false => argv::systemctl_restart_later(name),
            };
            self.act(&restart)?;
        }
        let said = self.show(name)?;
        let shown = parse::properties(&said);
        let enabled = shown.get("UnitFileState") == Some(&"enabled");
        let current = shown.get("NeedDaemonReload") == Some(&"no");
        let runs = !waits || unit_state(&said, None).is_some();
        if enabled && current && runs && shown.get("FragmentPath") == Some(&file) {
            return Ok(());
        }
        Err(HostError::ReadBack { subject: format!("systemd:{name}") })
    }

    /// Whether systemd is still waiting for the service that this process runs in to have started.
    fn is_on_its_way_up(&self) -> Result<bool, HostError> {
        let Some(own) = &self.own else { return Ok(false) };
        Ok(parse::properties(&self.show(own)?).get("ActiveState") == Some(&"activating"))
    }

    /// Keeps the unit from starting at boot and, unless this process runs in it, stops it.
    pub(super) fn stop(&self, name: &str) -> Result<(), HostError> {
        let own = self.own.as_deref() == Some(name);
        let said = self.show(name)?;
        let shown = parse::properties(&said);
        let has_file = shown.get("LoadState") != Some(&"not-found");
        match (has_file, own) {
            (true, false) => self.act(&argv::systemctl_disable(name))?,
            (true, true) => self.act(&argv::systemctl_disable_only(name))?,
            // It may still run without its file, which `disable` would refuse.
            (false, false) if is_running(&said) => self.act(&argv::systemctl_unit("stop", name))?,
            (false, _) => return Ok(()),
        }
        let said = self.show(name)?;
        let left = if own { is_enabled(&said) } else { unit_state(&said, None).is_some() };
        if left {
            return Err(HostError::ReadBack { subject: format!("systemd:{name}") });
        }
        Ok(())
    }

    /// What the unit runs, or will run at boot where it is one of boot.
    pub(super) fn observe(
        &self,
        name: &str,
        load: Option<&Load>,
    ) -> Result<Option<LoadedState>, HostError> {
        let said = self.show(name)?;
        // What this process runs in cannot be stopped by it; that it starts no more is all there is to see.
        if self.own.as_deref() == Some(name) && !is_enabled(&said) {
            return Ok(None);
        }
        let Some(state) = unit_state(&said, load) else { return Ok(None) };
        // A timer starts the service of its name, of which systemd must have read the file too.
        if let Some(stem) = name.strip_suffix(".timer")
            && parse::properties(&self.show(&format!("{stem}.service"))?).get("NeedDaemonReload")
                == Some(&"yes")
        {
            return Ok(unit_state(&said, None));
        }
        Ok(Some(state))
    }
}

/// Whether a name can stand in systemctl's arguments; globs cannot.
pub(super) fn is_unit(unit: &Unit) -> bool {
    matches!(unit, Unit::SystemdUnit { name } if parse::is_identifier(name))
}

fn is_running(said: &str) -> bool {
    let state = parse::properties(said).get("ActiveState").copied();
    matches!(state, Some("active" | "activating" | "reloading"))
}

fn is_enabled(said: &str) -> bool {
    parse::properties(said).get("UnitFileState") == Some(&"enabled")
}

/// A unit that is active or on its way runs, and one of boot counts as running when it is enabled; which
/// definition is known only while systemd has read the file.
fn unit_state(said: &str, load: Option<&Load>) -> Option<LoadedState> {
    let shown = parse::properties(said);
    let of_boot = shown.get("Type") == Some(&"oneshot");
    let stands = if of_boot { is_enabled(said) } else { is_running(said) };
    let current = shown.get("NeedDaemonReload") == Some(&"no");
    stands.then(|| Machine::claim(load.filter(|_| current), None))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Blobs;
    use sanctum_types::AbsPath;

    #[test]
    fn only_a_unit_that_stands_with_its_file_read_claims_a_definition() {
        let from = AbsPath::new("/etc/systemd/system/a.service").unwrap();
        let state = LoadedState { from: Some(from), blob: Some(Blobs::digest(b"x")) };
        let load = Load { state: state.clone(), fingerprint: None };
        let unknown = LoadedState { from: None, blob: None };
        for (said, expected) in [
            ("ActiveState=active\nNeedDaemonReload=no", Some(state.clone())),
            ("ActiveState=activating\nNeedDaemonReload=no", Some(state.clone())),
            ("ActiveState=active\nNeedDaemonReload=yes", Some(unknown.clone())),
            ("ActiveState=failed\nNeedDaemonReload=no", None),
            ("", None),
            (
                "Type=oneshot\nActiveState=inactive\nUnitFileState=enabled\nNeedDaemonReload=no",
                Some(state),
            ),
            ("Type=oneshot\nActiveState=active\nUnitFileState=disabled\nNeedDaemonReload=no", None),
            ("Type=oneshot\nUnitFileState=enabled\nNeedDaemonReload=yes", Some(unknown)),
        ] {
            assert_eq!(unit_state(said, Some(&load)), expected, "{said}");
        }
    }
}
