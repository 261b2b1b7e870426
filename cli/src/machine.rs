//! The machine that this process runs on: its facts, its host, where its store is, and who may change it.

use crate::failure::{Exit, Failure};
use crate::site::HERE;
use crate::surroundings::Surroundings;
use sanctum_host::command::Program;
use sanctum_host::ssh_query::{self, SshVersion};
use sanctum_host::ssh_session::Connection;
use sanctum_host::{clock, files, interfaces, ssh_session, trust};
use sanctum_orchestrator::house::{Facts, Interface, SshFacts, layout};
use sanctum_orchestrator::instance::model::{Arch, Node, Os};
use sanctum_orchestrator::instance::registry::node_os;
use sanctum_types::{AbsPath, IfName};
use std::collections::BTreeSet;
use std::path::Path;

/// What is known of this machine as a node of the house.
pub fn facts(node: &Node) -> Result<Facts, Failure> {
    if node_os(node) != HERE {
        let error = "this node has another operating system than this machine";
        return Err(Failure::new(Exit::Usage, error)
            .hint("render it below a directory: sanctum apply --root DIR --node NAME")
            .hint("or say which node this machine is: --node NAME"));
    }
    observe()
}

/// Refuses a change of this machine by anybody but root, and by a binary that others could replace.
pub fn may_change(around: &Surroundings) -> Result<(), Failure> {
    let verb = around.verb.as_deref().unwrap_or_default();
    let installed = format!("{} {verb}", layout::SANCTUM);
    let installed = installed.trim_end();
    if around.euid != 0 {
        return Err(
            Failure::refused("changing this machine needs root").hint(format!("sudo {installed}"))
        );
    }
    let exe = around.exe.as_deref().and_then(Path::to_str).and_then(|path| AbsPath::new(path).ok());
    let Some(exe) = exe else {
        return Err(Failure::refused("cannot tell where this binary is"));
    };
    trust::check_program(&exe).map_err(|error| {
        Failure::refused(error)
            .hint(format!("install it where only root can write: sudo {exe} self install"))
            .hint(format!("then run sudo {installed}"))
    })
}

/// What is known of this machine.
pub fn observe() -> Result<Facts, Failure> {
    let seen = interfaces::interfaces()?;
    let interfaces = seen
        .iter()
        .filter(|(_, one)| !one.loopback)
        .filter_map(|(name, one)| {
            Some(Interface {
                name: IfName::new(name.as_str()).ok()?,
                active: one.up && one.running,
                addresses: one.addresses.iter().map(|address| address.ip).collect(),
            })
        })
        .collect();
    let default_route = interfaces::default_route()?.and_then(|name| IfName::new(name).ok());
    Ok(Facts {
        os: HERE,
        arch: if cfg!(target_arch = "x86_64") { Arch::X86_64 } else { Arch::Aarch64 },
        interfaces,
        default_route,
        ssh: ssh()?,
        timezone: clock::zone_name().unwrap_or_else(|| "UTC".to_owned()),
        implemented: BTreeSet::new(),
        pf_conf: pf_conf()?,
    })
}

/// The main ruleset of pf. What is not UTF-8 counts as absent: a line could not be added to it as text.
fn pf_conf() -> Result<Option<String>, Failure> {
    /// pfctl sets no bound; the stock file is about one KiB.
    const LIMIT: u64 = 1 << 20;
    if HERE != Os::Macos {
        return Ok(None);
    }
    let bytes = files::read_optional(Path::new(layout::PF_CONF), LIMIT)?;
    Ok(bytes.and_then(|bytes| String::from_utf8(bytes).ok()))
}

fn ssh() -> Result<SshFacts, Failure> {
    let Some(ssh) = Program::find(&["ssh"]) else { return Ok(SshFacts::default()) };
    let lists = ssh_query::algorithms(&ssh)?;
    let server =
        Program::find(&["sshd"]).map(|sshd| ssh_query::version(&sshd)).transpose()?.flatten();
    Ok(SshFacts {
        kex: lists.kex,
        ciphers: lists.ciphers,
        macs: lists.macs,
        host_key_algorithms: lists.host_keys,
        options: server.map(options).unwrap_or_default(),
    })
}

/// Options by the release that brought them (OpenSSH release notes).
fn options(version: SshVersion) -> BTreeSet<String> {
    let table = [
        (SshVersion { major: 8, minor: 5 }, "PerSourceMaxStartups"),
        (SshVersion { major: 9, minor: 8 }, "PerSourcePenalties"),
    ];
    table
        .iter()
        .filter(|(since, _)| version >= *since)
        .map(|(_, option)| (*option).to_owned())
        .collect()
}

/// The SSH connection that this process was started over, where there is one.
pub fn ssh_session() -> Result<Option<Connection>, Failure> {
    Ok(ssh_session::current()?)
}
