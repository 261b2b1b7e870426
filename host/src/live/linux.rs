//! A Linux machine: nftables, systemd or a plain sshd, shadow's account tools.
//!
//! Every ruleset goes to nft as the bytes that were read, so that what is loaded is what is recorded. The ssh
//! server is told to read its configuration again, never stopped, and only after `sshd -t` has accepted it.

use super::machine::{Load, Machine, account_exists, call, call_with, check_store, poll};
use super::systemd::{self, Systemd};
use super::{argv, parse, preview};
use crate::command::Program;
use crate::tree::Tree;
use crate::{Blobs, Host, HostError, LoadedState, Observed, Op, Scope, Unit};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use sanctum_types::{AbsPath, AccountName, Digest, Mode};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::Duration;

const NFT_SECONDS: u64 = 30;
const SSHD_SECONDS: u64 = 10;
const ACCOUNT_SECONDS: u64 = 30;
/// An ssh server is back with its new configuration within 50 times 100 ms or it is not coming back.
const SSHD_POLL: (u32, Duration) = (50, Duration::from_millis(100));

/// Where OpenSSH writes its pid unless `PidFile` says otherwise; then nothing is waited for.
const PID_FILE: &str = "/run/sshd.pid";

/// A running ssh server, with its pid file as it was when it was looked at.
struct Server {
    pid: Pid,
    process: OwnedFd,
    stamp: Option<(u64, i64, i64)>,
}

impl Server {
    fn subject(&self, sshd: &AbsPath) -> String {
        format!("{sshd} (process {})", self.pid.as_raw_nonzero())
    }
}

/// This Linux machine.
#[derive(Debug)]
pub struct LiveLinux {
    machine: Machine,
}

impl LiveLinux {
    /// The machine's own root directory, with the ledger of what was loaded in that store, which at euid 0 must
    /// lie where only root can write.
    pub fn open(store: &Path) -> Result<Self, HostError> {
        check_store(store)?;
        Ok(Self::with_tree(Tree::open(Path::new("/"))?, store))
    }

    /// Another root directory for the files; programs still act on the machine.
    #[must_use]
    pub fn with_tree(tree: Tree, store: &Path) -> Self {
        Self { machine: Machine::new(tree, store, "Linux") }
    }

    /// One of the system's own programs.
    fn program(&self, name: &str) -> Result<Program, HostError> {
        let missing = || self.machine.unsupported(format_args!("{name}: it is not installed"));
        Program::find(&[name]).ok_or_else(missing)
    }

    /// systemctl, where systemd is process 1.
    fn systemd(&self) -> Result<Option<Systemd>, HostError> {
        // sd_booted(3): this directory exists exactly when systemd is process 1.
        if self.machine.tree.stat(&path("/run/systemd/system")?)?.is_none() {
            return Ok(None);
        }
        /// One line for each of at most a dozen hierarchies.
        const LIMIT: u64 = 64 * 1024;
        let cgroup = crate::files::read(Path::new("/proc/self/cgroup"), LIMIT)?;
        let systemctl = self.program("systemctl")?;
        Ok(Some(Systemd::new(systemctl, &String::from_utf8_lossy(&cgroup))))
    }

    /// As `systemd`, for a unit whose name stands for itself in systemctl's arguments.
    fn systemd_for(&self, unit: &Unit) -> Result<Option<Systemd>, HostError> {
        let systemd = self.systemd()?;
        if systemd.is_some() && !systemd::is_unit(unit) {
            return Err(self.machine.unsupported(unit));
        }
        Ok(systemd)
    }

    fn load(&self, unit: &Unit, from: &AbsPath) -> Result<(), HostError> {
        let (bytes, mut load) = self.machine.definition(from)?;
        match unit {
            Unit::Sshd => self.reload_sshd()?,
            Unit::NftTable { family, name } => {
                load.fingerprint = Some(self.load_table(family, name, from, &bytes)?);
            }
            Unit::SystemdUnit { name } => {
                let systemd = self.systemd_for(unit)?.ok_or(self.machine.unsupported(unit))?;
                systemd.start(name, &self.machine.tree.shown(from), &bytes)?;
            }
            Unit::LaunchdJob { .. } | Unit::PfAnchor { .. } => {
                return Err(self.machine.unsupported(unit));
            }
        }
        self.machine.record(unit, Some(load))
    }

    fn unload(&self, unit: &Unit) -> Result<(), HostError> {
        match unit {
            // Without a server there is none to tell; with one its remaining files must be sound.
            Unit::Sshd if self.program("sshd").is_err() => {}
            Unit::Sshd => self.reload_sshd()?,
            Unit::NftTable { family, name } => self.delete_table(family, name)?,
            Unit::SystemdUnit { name } => {
                // Without systemd nothing was started.
                if let Some(systemd) = self.systemd_for(unit)? {
                    systemd.stop(name)?;
                }
            }
            Unit::LaunchdJob { .. } | Unit::PfAnchor { .. } => {
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
            // The server reads whatever is on disk when it starts, so the ledger is all there is to say.
            Unit::Sshd => Ok(load.map(|load| load.state.clone())),
            Unit::NftTable { family, name } => {
                Ok(self.show_table(family, name)?.map(|shown| Machine::claim(load, Some(shown))))
            }
            Unit::SystemdUnit { name } => {
                let systemd = self.systemd_for(unit)?;
                systemd.map_or(Ok(None), |systemd| systemd.observe(name, load))
            }
            Unit::LaunchdJob { .. } | Unit::PfAnchor { .. } => Err(self.machine.unsupported(unit)),
        }
    }

    fn reload_sshd(&self) -> Result<(), HostError> {
        let sshd = self.program("sshd")?;
        // The packages' units make this directory when the server starts; `sshd -t` insists on it also without.
        let privsep = path("/run/sshd")?;
        if self.machine.tree.stat(&path("/run")?)?.is_some()
            && self.machine.tree.stat(&privsep)?.is_none()
        {
            self.machine.tree.make_dir(&privsep, Mode::OPEN_DIR, None)?;
        }
        call(&sshd, &argv::sshd_check(), SSHD_SECONDS)?.success()?;
        match self.systemd()? {
            Some(systemd) => self.reload_ssh_unit(&systemd, sshd.path()),
            None => self.hang_up(sshd.path()),
        }
    }

    /// Debian calls the unit `ssh`, others `sshd`; one that is not active reads its files when it starts.
    fn reload_ssh_unit(&self, systemd: &Systemd, sshd: &AbsPath) -> Result<(), HostError> {
        for name in argv::SSH_UNITS {
            if !systemd.is_active(name)? {
                continue;
            }
            // Another server's pid file is not this unit's to write again.
            let main = systemd.main_pid(name)?;
            let server = self.server(sshd)?.filter(|server| Some(server.pid) == main);
            systemd.reload(name)?;
            // For systemd a reload is over once the signal is sent.
            if let Some(server) = server {
                self.await_new(&server, sshd)?;
            }
            if !systemd.is_active(name)? {
                return Err(HostError::ReadBack { subject: name.to_owned() });
            }
            // The two names are one unit where both exist (Alias=).
            return Ok(());
        }
        Ok(())
    }

    /// SIGHUP to the server of the pid file.
    fn hang_up(&self, sshd: &AbsPath) -> Result<(), HostError> {
        let Some(server) = self.server(sshd)? else { return Ok(()) };
        pidfd_send_signal(&server.process, Signal::HUP).map_err(|errno| HostError::Io {
            verb: "signal",
            path: server.subject(sshd),
            source: errno.into(),
        })?;
        self.await_new(&server, sshd)
    }

    /// The server of the pid file, where that process runs one.
    fn server(&self, sshd: &AbsPath) -> Result<Option<Server>, HostError> {
        let pid_file = path(PID_FILE)?;
        let Some((_, text)) = self.machine.tree.read(&pid_file)? else { return Ok(None) };
        let pid = String::from_utf8_lossy(&text).trim().parse().ok().and_then(Pid::from_raw);
        let Some(pid) = pid else { return Ok(None) };
        // The descriptor pins the process, so that the check and the signal mean the same one.
        let Ok(process) = pidfd_open(pid, PidfdFlags::empty()) else { return Ok(None) };
        let stamp = self.machine.tree.stamp(&pid_file)?;
        Ok(runs(pid, sshd).then_some(Server { pid, process, stamp }))
    }

    /// Waits for a server that was told. It executes itself anew and then writes its pid file again, which is how
    /// we know that it took the new configuration.
    fn await_new(&self, server: &Server, sshd: &AbsPath) -> Result<(), HostError> {
        let pid_file = path(PID_FILE)?;
        let back = poll(SSHD_POLL.0, SSHD_POLL.1, || {
            let now = self.machine.tree.stamp(&pid_file)?;
            Ok(now.is_some() && now != server.stamp && runs(server.pid, sshd))
        })?;
        if back {
            return Ok(());
        }
        Err(HostError::ReadBack { subject: server.subject(sshd) })
    }

    fn load_table(
        &self,
        family: &str,
        name: &str,
        from: &AbsPath,
        bytes: &[u8],
    ) -> Result<Digest, HostError> {
        if !parse::replaces_table(&String::from_utf8_lossy(bytes), family, name) {
            return Err(HostError::Damaged {
                path: self.machine.tree.shown(from),
                detail: format!(
                    "it must `delete table {family} {name}` before it defines it, and touch no other"
                ),
            });
        }
        let nft = self.nft(family, name)?;
        call_with(&nft, &argv::nft_check(), NFT_SECONDS, Some(bytes))?.success()?;
        call_with(&nft, &argv::nft_load(), NFT_SECONDS, Some(bytes))?.success()?;
        let subject = || HostError::ReadBack { subject: format!("table {family} {name}") };
        self.show_table(family, name)?.ok_or_else(subject)
    }

    fn delete_table(&self, family: &str, name: &str) -> Result<(), HostError> {
        if self.show_table(family, name)?.is_none() {
            return Ok(());
        }
        let nft = self.nft(family, name)?;
        call(&nft, &argv::nft_delete(family, name), NFT_SECONDS)?.success()?;
        if self.show_table(family, name)?.is_some() {
            return Err(HostError::ReadBack { subject: format!("table {family} {name}") });
        }
        Ok(())
    }

    /// Digest of how the kernel shows the table; none when it has no such table.
    fn show_table(&self, family: &str, name: &str) -> Result<Option<Digest>, HostError> {
        let nft = self.nft(family, name)?;
        let tables = call(&nft, &argv::nft_tables(), NFT_SECONDS)?.success()?.text();
        if !parse::has_table(&tables, family, name) {
            return Ok(None);
        }
        let shown = call(&nft, &argv::nft_list(family, name), NFT_SECONDS)?.success()?;
        Ok(Some(Blobs::digest(&shown.stdout)))
    }

    /// nft, when the table's name is one that its language reads as a single word.
    fn nft(&self, family: &str, name: &str) -> Result<Program, HostError> {
        if !["inet", "ip", "ip6"].contains(&family) || !parse::is_identifier(name) {
            return Err(self.machine.unsupported(format_args!("the table {family} {name}")));
        }
        self.program("nft")
    }

    /// One of the three verbs about paths. systemd reads its units again as soon as one of their files changed,
    /// also of a unit that no verb names, like the service of a timer.
    fn ensure_path(&self, op: &Op, at: &AbsPath, blobs: &Blobs) -> Result<(), HostError> {
        self.machine.ensure_path(op, blobs)?;
        match self.systemd()?.filter(|_| preview::is_systemd_unit(at)) {
            Some(systemd) => systemd.read_again(),
            None => Ok(()),
        }
    }

    fn add_account(&self, name: &AccountName) -> Result<(), HostError> {
        self.machine.own_account(name)?;
        if crate::accounts::group_id(name.as_str())?.is_none() {
            let groupadd = self.program("groupadd")?;
            call(&groupadd, &argv::groupadd(name), ACCOUNT_SECONDS)?.success()?;
        }
        if crate::accounts::by_name(name.as_str())?.is_none() {
            let useradd = self.program("useradd")?;
            call(&useradd, &argv::useradd(name), ACCOUNT_SECONDS)?.success()?;
        }
        if account_exists(name)? {
            return Ok(());
        }
        Err(HostError::ReadBack { subject: format!("account {name}") })
    }

    fn remove_account(&self, name: &AccountName) -> Result<(), HostError> {
        self.machine.own_account(name)?;
        if crate::accounts::by_name(name.as_str())?.is_some() {
            let userdel = self.program("userdel")?;
            call(&userdel, &argv::delete_account(name), ACCOUNT_SECONDS)?.success()?;
        }
        // userdel takes the group along only where login.defs says so.
        if crate::accounts::group_id(name.as_str())?.is_some() {
            let groupdel = self.program("groupdel")?;
            call(&groupdel, &argv::delete_account(name), ACCOUNT_SECONDS)?.success()?;
        }
        let left = crate::accounts::by_name(name.as_str())?.is_some()
            || crate::accounts::group_id(name.as_str())?.is_some();
        if left {
            return Err(HostError::ReadBack { subject: format!("account {name}") });
        }
        Ok(())
    }
}

impl Host for LiveLinux {
    fn observe(&self, scope: &Scope, blobs: &mut Blobs) -> Result<Observed, HostError> {
        let mut seen = Observed::default();
        for path in &scope.paths {
            self.machine.observe_path(path, blobs, &mut seen)?;
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
        match op {
            Op::Dir { .. } => self.machine.ensure_path(op, blobs),
            Op::File { path, .. } | Op::Absent { path } => self.ensure_path(op, path, blobs),
            Op::Loaded { unit, from } => self.load(unit, from),
            Op::Unloaded { unit } => self.unload(unit),
            Op::Account { name } => self.add_account(name),
            Op::NoAccount { name } => self.remove_account(name),
        }
    }
}

/// Whether the process executes that program, also when its file was replaced by an upgrade since.
fn runs(pid: Pid, program: &AbsPath) -> bool {
    let link = format!("/proc/{}/exe", pid.as_raw_nonzero());
    let Ok(exe) = rustix::fs::readlink(link, Vec::new()) else { return false };
    let exe = exe.to_string_lossy();
    exe.trim_end_matches(" (deleted)") == program.as_str()
}

fn path(text: &'static str) -> Result<AbsPath, HostError> {
    AbsPath::new(text)
        .map_err(|error| HostError::Damaged { path: text.to_owned(), detail: error.to_string() })
}
