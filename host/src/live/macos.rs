//! A Mac: launchd, pf, and Open Directory through dscl.
//!
//! Owns the traps: bootout returns before the job is gone and may end its caller, bootstrap answers error 5 for almost everything,
//! pf is enabled by a counted reference whose token is kept, and no call ever touches a ruleset but our
//! anchor's. Deliberately absent: the main ruleset, and stopping pf for everybody.

use super::argv::Record;
use super::machine::{Load, Machine, account_exists, call, check_store, poll};
use super::{argv, parse};
use crate::command::Program;
use crate::tree::Tree;
use crate::{Blobs, Host, HostError, LoadedState, Observed, Op, Scope, Unit};
use sanctum_types::{AbsPath, AccountName, Digest, JobLabel};
use std::path::Path;
use std::time::Duration;

/// launchctl, pfctl and dscl answer at once or are stuck behind a daemon.
const SECONDS: u64 = 30;
/// A job may take its ExitTimeOut, 20 s by default (launchd.plist(5)), to go: 300 times 100 ms.
const BOOTOUT_POLL: (u32, Duration) = (300, Duration::from_millis(100));
/// Error 5 right after a bootout passes by itself; five times 500 ms.
const BOOTSTRAP_POLL: (u32, Duration) = (4, Duration::from_millis(500));
/// opendirectoryd shows a new record a moment later: 50 times 100 ms.
const ACCOUNT_POLL: (u32, Duration) = (50, Duration::from_millis(100));
/// Where Apple puts role accounts (sysadminctl(8), -roleAccount).
const ROLE_IDS: std::ops::RangeInclusive<u32> = 200..=400;
const TOKEN: &str = "pf.token";
/// The three directories that macOS itself links into /private.
const FIRMLINKS: [&str; 3] = ["/etc", "/var", "/tmp"];

/// The programs of a Mac that this host runs.
#[derive(Clone, Debug)]
pub struct Programs {
    /// `/bin/launchctl`.
    pub launchctl: Program,
    /// `/sbin/pfctl`.
    pub pfctl: Program,
    /// `/usr/bin/dscl`.
    pub dscl: Program,
    /// `/usr/sbin/sshd`.
    pub sshd: Program,
}

/// This Mac.
#[derive(Debug)]
pub struct LiveMac {
    machine: Machine,
    programs: Programs,
}

impl LiveMac {
    /// The Mac's own root directory, with the ledger of what was loaded in that store, which at euid 0 must
    /// lie where only root can write.
    pub fn open(store: &Path) -> Result<Self, HostError> {
        check_store(store)?;
        let at = |path: &'static str| {
            AbsPath::new(path).map(Program::new).map_err(|error| HostError::Damaged {
                path: path.to_owned(),
                detail: error.to_string(),
            })
        };
        let programs = Programs {
            launchctl: at("/bin/launchctl")?,
            pfctl: at("/sbin/pfctl")?,
            dscl: at("/usr/bin/dscl")?,
            sshd: at("/usr/sbin/sshd")?,
        };
        Ok(Self::with(Tree::open(Path::new("/"))?, store, programs))
    }

    /// Another root directory for the files and other programs: stand-ins, where there is no Mac.
    #[must_use]
    pub fn with(tree: Tree, store: &Path, programs: Programs) -> Self {
        Self { machine: Machine::new(tree, store, "macOS"), programs }
    }

    fn load(&self, unit: &Unit, from: &AbsPath) -> Result<(), HostError> {
        let real = physical(from)?;
        let (_, mut load) = self.machine.definition(&real)?;
        load.state.from = Some(from.clone());
        match unit {
            Unit::LaunchdJob { label } => self.bootstrap(label, &real)?,
            Unit::PfAnchor { name } => load.fingerprint = Some(self.load_anchor(name, &real)?),
            Unit::Sshd => self.check_sshd()?,
            Unit::SystemdUnit { .. } | Unit::NftTable { .. } => {
                return Err(self.machine.unsupported(unit));
            }
        }
        self.machine.record(unit, Some(load))
    }

    fn unload(&self, unit: &Unit) -> Result<(), HostError> {
        match unit {
            Unit::LaunchdJob { label } => self.bootout(label)?,
            Unit::PfAnchor { name } => self.flush_anchor(unit, name)?,
            Unit::Sshd => self.check_sshd()?,
            Unit::SystemdUnit { .. } | Unit::NftTable { .. } => {
                return Err(self.machine.unsupported(unit));
            }
        }
        self.machine.record(unit, None)
    }

    fn observe_unit(
        &self,
        unit: &Unit,
        load: Option<&Load>,
    ) -> Result<Option<LoadedState>, HostError> {
        match unit {
            // Socket-activated: each connection starts a server that reads what is on disk.
            Unit::Sshd => Ok(load.map(|load| load.state.clone())),
            Unit::LaunchdJob { label } => {
                let Some(shown) = self.print(label)? else { return Ok(None) };
                // Unloaded as far as it can be: launchd forgets it with this process's boot.
                if load.is_none() && runs_us(&shown) {
                    return Ok(None);
                }
                let loaded_from = load.and_then(|load| load.state.from.as_ref());
                let from = loaded_from.map(physical).transpose()?;
                let ours = from.is_some_and(|from| {
                    parse::launchd_path(&shown) == Some(self.machine.tree.shown(&from).as_str())
                });
                Ok(Some(Machine::claim(load.filter(|_| ours), None)))
            }
            Unit::PfAnchor { name } => {
                let rules = self.rules(name)?;
                if rules.is_empty() {
                    return Ok(None);
                }
                // Rules in a pf that is switched off protect nothing, so their definition is not claimed.
                let on = self.pf_enabled()?;
                Ok(Some(Machine::claim(load.filter(|_| on), Some(Blobs::digest(&rules)))))
            }
            Unit::SystemdUnit { .. } | Unit::NftTable { .. } => Err(self.machine.unsupported(unit)),
        }
    }

    fn check_sshd(&self) -> Result<(), HostError> {
        call(&self.programs.sshd, &argv::sshd_check(), SECONDS)?.success().map(drop)
    }

    /// What launchd says of a job; none when it does not know it.
    fn print(&self, label: &JobLabel) -> Result<Option<String>, HostError> {
        let said = call(&self.programs.launchctl, &argv::launchctl_print(label), SECONDS)?;
        // Exit 113 is "could not find service"; any other failure is not an answer.
        match said.status.code() {
            Some(0) => Ok(Some(said.text())),
            Some(113) => Ok(None),
            _ => Err(said.failure()),
        }
    }

    fn bootout(&self, label: &JobLabel) -> Result<(), HostError> {
        match self.print(label)? {
            Some(shown) if !runs_us(&shown) => {}
            // A bootout would end the very process that takes a change back; without its property list the job
            // is gone after the next boot.
            Some(_) | None => return Ok(()),
        }
        // Its status is no answer: 36 (in progress) is common, and the job may have ended by itself.
        let said = call(&self.programs.launchctl, &argv::launchctl_bootout(label), SECONDS)?;
        if poll(BOOTOUT_POLL.0, BOOTOUT_POLL.1, || Ok(self.print(label)?.is_none()))? {
            return Ok(());
        }
        said.success()?;
        Err(HostError::ReadBack { subject: format!("launchd job {label}") })
    }

    fn bootstrap(&self, label: &JobLabel, plist: &AbsPath) -> Result<(), HostError> {
        let launchctl = &self.programs.launchctl;
        call(launchctl, &argv::launchctl_enable(label), SECONDS)?.success()?;
        // What runs us is a job of boot, and launchd reads its new property list at the next one.
        if self.print(label)?.is_some_and(|shown| runs_us(&shown)) {
            return Ok(());
        }
        self.bootout(label)?;
        let file = self.machine.tree.shown(plist);
        let mut last = None;
        let loaded = poll(BOOTSTRAP_POLL.0, BOOTSTRAP_POLL.1, || {
            last = Some(call(launchctl, &argv::launchctl_bootstrap(&file), SECONDS)?);
            Ok(self.print(label)?.is_some())
        })?;
        let shown = self.print(label)?.unwrap_or_default();
        if loaded && parse::launchd_path(&shown) == Some(file.as_str()) {
            return Ok(());
        }
        match last.filter(|said| !said.status.success()) {
            Some(said) => Err(said.failure()),
            None => Err(HostError::ReadBack { subject: format!("launchd job {label}") }),
        }
    }

    fn load_anchor(&self, name: &str, from: &AbsPath) -> Result<Digest, HostError> {
        self.check_anchor_name(name)?;
        let (pfctl, file) = (&self.programs.pfctl, self.machine.tree.shown(from));
        call(pfctl, &argv::pfctl_check(name, &file), SECONDS)?.success()?;
        call(pfctl, &argv::pfctl_load(name, &file), SECONDS)?.success()?;
        let rules = self.rules(name)?;
        if rules.is_empty() {
            return Err(HostError::ReadBack { subject: format!("pf anchor {name}") });
        }
        self.take_reference()?;
        Ok(Blobs::digest(&rules))
    }

    fn flush_anchor(&self, unit: &Unit, name: &str) -> Result<(), HostError> {
        self.check_anchor_name(name)?;
        if !self.rules(name)?.is_empty() {
            call(&self.programs.pfctl, &argv::pfctl_flush(name), SECONDS)?.success()?;
            if !self.rules(name)?.is_empty() {
                return Err(HostError::ReadBack { subject: format!("pf anchor {name}") });
            }
        }
        let is_anchor = |other: &Unit| matches!(other, Unit::PfAnchor { .. }) && other != unit;
        if self.machine.loads()?.keys().any(is_anchor) {
            return Ok(());
        }
        self.give_reference_back()
    }

    /// The filter rules of the anchor; empty also when there is no such anchor.
    fn rules(&self, name: &str) -> Result<Vec<u8>, HostError> {
        self.check_anchor_name(name)?;
        Ok(call(&self.programs.pfctl, &argv::pfctl_rules(name), SECONDS)?.success()?.stdout)
    }

    fn pf_enabled(&self) -> Result<bool, HostError> {
        let said = call(&self.programs.pfctl, &argv::pfctl_status(), SECONDS)?.success()?;
        Ok(parse::pf_enabled(&said.text()))
    }

    /// Our token, when pf still knows it: tokens end with a reboot and with anybody's `pfctl -d`.
    fn reference(&self) -> Result<Option<u64>, HostError> {
        let Some(bytes) = self.machine.store()?.read_file(TOKEN)? else { return Ok(None) };
        let Ok(token) = String::from_utf8_lossy(&bytes).trim().parse() else { return Ok(None) };
        let held = call(&self.programs.pfctl, &argv::pfctl_references(), SECONDS)?.success()?;
        Ok(parse::holds_reference(&held.text(), token).then_some(token))
    }

    fn take_reference(&self) -> Result<(), HostError> {
        if self.reference()?.is_none() {
            let said = call(&self.programs.pfctl, &argv::pfctl_enable(), SECONDS)?.success()?;
            // The token is printed beside the remarks, on either stream.
            let text = said.text() + &String::from_utf8_lossy(&said.stderr);
            let token = parse::pf_token(&text)
                .ok_or_else(|| HostError::ReadBack { subject: "the token of pf".to_owned() })?;
            self.machine.store()?.write_file(TOKEN, format!("{token}\n").as_bytes())?;
        }
        if self.pf_enabled()? {
            return Ok(());
        }
        Err(HostError::ReadBack { subject: "pf's enabled state".to_owned() })
    }

    fn give_reference_back(&self) -> Result<(), HostError> {
        if let Some(token) = self.reference()? {
            call(&self.programs.pfctl, &argv::pfctl_release(token), SECONDS)?.success()?;
        }
        self.machine.store()?.remove_file(TOKEN)
    }

    fn check_anchor_name(&self, name: &str) -> Result<(), HostError> {
        if name.split('/').all(parse::is_identifier) {
            return Ok(());
        }
        Err(self.machine.unsupported(format_args!("the pf anchor {name:?}")))
    }

    fn add_account(&self, name: &AccountName) -> Result<(), HostError> {
        self.machine.own_account(name)?;
        if account_exists(name)? {
            return Ok(());
        }
        let dscl = &self.programs.dscl;
        let mut taken = std::collections::BTreeSet::new();
        for kind in [Record::User, Record::Group] {
            let said = call(dscl, &argv::dscl_list(kind), SECONDS)?.success()?;
            taken.extend(parse::dscl_numbers(&said.text()));
        }
        let id =
            ROLE_IDS.into_iter().find(|id| !taken.contains(&i64::from(*id))).ok_or_else(|| {
                self.machine.unsupported("one more role account: 200 to 400 are taken")
            })?;
        for argv in argv::dscl_create(name, id) {
            call(dscl, &argv, SECONDS)?.success()?;
        }
        if poll(ACCOUNT_POLL.0, ACCOUNT_POLL.1, || account_exists(name))? {
            return Ok(());
        }
        Err(HostError::ReadBack { subject: format!("account {name}") })
    }

    fn remove_account(&self, name: &AccountName) -> Result<(), HostError> {
        self.machine.own_account(name)?;
        let there = |kind| -> Result<bool, HostError> {
            match kind {
                Record::User => Ok(crate::accounts::by_name(name.as_str())?.is_some()),
                Record::Group => Ok(crate::accounts::group_id(name.as_str())?.is_some()),
            }
        };
        for kind in [Record::User, Record::Group] {
            if !there(kind)? {
                continue;
            }
            call(&self.programs.dscl, &argv::dscl_delete(kind, name), SECONDS)?.success()?;
            if !poll(ACCOUNT_POLL.0, ACCOUNT_POLL.1, || Ok(!there(kind)?))? {
                return Err(HostError::ReadBack { subject: format!("account {name}") });
            }
        }
        Ok(())
    }
}

impl Host for LiveMac {
    fn observe(&self, scope: &Scope, blobs: &mut Blobs) -> Result<Observed, HostError> {
        let mut seen = Observed::default();
        for path in &scope.paths {
            let mut one = Observed::default();
            self.machine.observe_path(&physical(path)?, blobs, &mut one)?;
            seen.files.extend(one.files.into_values().map(|state| (path.clone(), state)));
            seen.dirs.extend(one.dirs.into_values().map(|state| (path.clone(), state)));
        }
        let loads = self.machine.loads()?;
        for unit in &scope.units {
            if let Some(state) = self.observe_unit(unit, loads.get(unit))? {
                seen.loaded.insert(unit.clone(), state);
            }
        }
        for name in &scope.accounts {
            if account_exists(name)? {
                seen.accounts.insert(name.clone());
            }
        }
        Ok(seen)
    }

    fn ensure(&mut self, op: &Op, blobs: &Blobs) -> Result<(), HostError> {
        let path_op = |op: Op| self.machine.ensure_path(&op, blobs);
        match op {
            Op::Dir { path, state } => {
                path_op(Op::Dir { path: physical(path)?, state: state.clone() })
            }
            Op::File { path, state } => {
                path_op(Op::File { path: physical(path)?, state: state.clone() })
            }
            Op::Absent { path } => path_op(Op::Absent { path: physical(path)? }),
            Op::Loaded { unit, from } => self.load(unit, from),
            Op::Unloaded { unit } => self.unload(unit),
            Op::Account { name } => self.add_account(name),
            Op::NoAccount { name } => self.remove_account(name),
        }
    }
}

/// Whether a job that was printed is the one that this process, or the one that started it, runs as.
///
/// `XPC_SERVICE_NAME` would say it too, but anybody can set a variable.
fn runs_us(shown: &str) -> bool {
    let parent =
        rustix::process::getppid().and_then(|pid| u32::try_from(pid.as_raw_nonzero().get()).ok());
    let pid = parse::launchd_pid(shown);
    pid.is_some() && (pid == Some(std::process::id()) || pid == parent)
}

/// The path below /private of what macOS shows as /etc, /var and /tmp; the tree itself follows no link.
fn physical(path: &AbsPath) -> Result<AbsPath, HostError> {
    let linked = FIRMLINKS.iter().any(|link| {
        path.as_str()
            .strip_prefix(link)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    });
    if !linked {
        return Ok(path.clone());
    }
    AbsPath::new(format!("/private{path}"))
        .map_err(|error| HostError::Damaged { path: path.to_string(), detail: error.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_of_the_system_are_rewritten_and_nothing_else_is() {
        for (path, expected) in [
            ("/etc/pf.anchors/sanctum", "/private/etc/pf.anchors/sanctum"),
            ("/var/log", "/private/var/log"),
            ("/tmp", "/private/tmp"),
            ("/etcetera/x", "/etcetera/x"),
            ("/private/etc/x", "/private/etc/x"),
            ("/Library/LaunchDaemons/com.x.plist", "/Library/LaunchDaemons/com.x.plist"),
        ] {
            assert_eq!(physical(&AbsPath::new(path).unwrap()).unwrap().as_str(), expected);
        }
    }
}
