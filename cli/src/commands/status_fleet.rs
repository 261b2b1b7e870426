//! `sanctum status --on` and `--all`: nodes asked over SSH, this machine among them without it.

use super::status::{Page, VERSION, here, painted};
use super::{Context, FOUND};
use crate::args::status::{Reach, Status as Args, Via};
use crate::failure::{Exit, Failure};
use crate::session::{Opened, told_node};
use sanctum_host::{clock, files, passphrase};
use sanctum_orchestrator::fleet::agent::{KeyFile, Keys, unlock};
use sanctum_orchestrator::fleet::known_hosts::KnownHosts;
use sanctum_orchestrator::fleet::openssh::Openssh;
use sanctum_orchestrator::fleet::target::{self, TargetError};
use sanctum_orchestrator::fleet::{Fleet, Limits, NodeReport, Report, Target, Transport, table};
use sanctum_orchestrator::instance::Instance;
use sanctum_types::{AbsPath, NodeName};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// A record of some hundred bytes a host.
const KNOWN_HOSTS_LIMIT: u64 = 4 << 20;
/// The largest key that OpenSSH writes is some 15 KiB.
const KEY_LIMIT: u64 = 64 << 10;
/// What ssh tries by itself and this client can use (ssh_config(5), IdentityFile).
const DEFAULT_KEYS: [&str; 2] = ["id_ed25519", "id_ecdsa"];

/// The nodes that the command line names, and the client that asks them.
pub struct Asker {
    this: Option<NodeName>,
    targets: Vec<Target>,
    lost: Vec<(NodeName, TargetError)>,
    fleet: Option<Fleet>,
}

impl Asker {
    /// Reads the instance, the records and the keys.
    pub fn new(context: &Context, args: &Args) -> Result<Self, Failure> {
        let opened = Opened::read(&context.common, &context.around, context.out)?;
        let this = told_node(&context.common)?;
        let (mut targets, mut lost, mut own) = (Vec::new(), Vec::new(), None);
        for (name, way) in ways(&opened.instance, args)? {
            match way {
                _ if this.as_ref() == Some(&name) => own = Some(name),
                Ok(target) => targets.push(target),
                Err(error) => lost.push((name, error)),
            }
        }
        let ask = || fleet(context, &args.ssh, args.parallel.into(), args.agentless);
        let fleet = if targets.is_empty() { None } else { Some(ask()?) };
        Ok(Self { this: own, targets, lost, fleet })
    }

    /// Asks.
    pub fn look(&self, context: &Context) -> Result<Page, Failure> {
        let mut reports: Vec<NodeReport> =
            self.lost.iter().map(|(name, error)| NodeReport::no_way(name.clone(), error)).collect();
        if let Some(name) = &self.this {
            reports.push(NodeReport::new(name.clone(), None, 0, Ok(here(context)?)));
        }
        if let Some(fleet) = &self.fleet {
            context.out.progress(&format!("asking {} nodes over SSH", self.targets.len()));
            reports.extend(fleet.ask(&self.targets, &mut |_| {})?);
        }
        let report = Report::new(clock::now(), reports);
        let all = report.summary;
        let exit = match all {
            _ if all.hold == all.asked => Exit::Done,
            _ if all.failed == all.asked => Exit::Failed,
            _ => FOUND,
        };
        let lines = painted(table::rows(&report));
        Ok(Page { data: serde_json::to_value(&report)?, lines, exit })
    }
}

type Way = (NodeName, Result<Target, TargetError>);

fn ways(instance: &Instance, args: &Args) -> Result<Vec<Way>, Failure> {
    let jump = args.ssh.jump.as_deref().map(|name| declared(instance, name)).transpose()?;
    if args.all {
        return Ok(target::all(instance, jump.as_ref()));
    }
    let mut names: Vec<NodeName> =
        args.on.iter().map(|name| declared(instance, name)).collect::<Result<_, _>>()?;
    names.sort();
    names.dedup();
    let way = |name: NodeName| {
        let target = target::target(instance, &name, jump.as_ref());
        (name, target)
    };
    Ok(names.into_iter().map(way).collect())
}

/// A node that the instance declares.
pub fn declared(instance: &Instance, name: &str) -> Result<NodeName, Failure> {
    let known = || {
        let names: Vec<&str> = instance.nodes.keys().map(NodeName::as_str).collect();
        format!("it declares: {}", names.join(", "))
    };
    let unknown = || TargetError::NoNode(name.escape_debug().to_string());
    instance
        .nodes
        .keys()
        .find(|node| node.as_str() == name)
        .cloned()
        .ok_or_else(|| Failure::new(Exit::Usage, unknown()).hint(known()))
}

/// The client that the command line describes.
pub fn fleet(
    context: &Context,
    reach: &Reach,
    concurrency: usize,
    agentless: bool,
) -> Result<Fleet, Failure> {
    let mut known = KnownHosts::default();
    for path in known_hosts_files(context) {
        if let Some(bytes) = files::read_optional(&path, KNOWN_HOSTS_LIMIT)? {
            known.add(&path.display().to_string(), &String::from_utf8_lossy(&bytes));
        }
    }
    let transport = match reach.transport {
        Via::Own => Transport::Own(keys(context, reach.identity.as_deref())?),
        Via::Openssh => Transport::Openssh(openssh(context, reach.identity.as_deref())?),
    };
    let limits = Limits::within(Duration::from_secs(reach.timeout.into()));
    Ok(Fleet { known, transport, limits, concurrency, agentless, version: VERSION })
}

/// The house's own records, which count first, and the user's.
fn known_hosts_files(context: &Context) -> Vec<PathBuf> {
    let user = context.around.home().into_iter().map(|home| home.join(".ssh/known_hosts"));
    own_known_hosts(context).into_iter().chain(user).collect()
}

/// The house's own records of host keys.
pub fn own_known_hosts(context: &Context) -> Option<PathBuf> {
    Some(context.around.home()?.join(".sanctum/known_hosts"))
}

fn keys(context: &Context, identity: Option<&Path>) -> Result<Keys, Failure> {
    let mut keys = Keys { agent: context.around.agent.clone(), ..Keys::default() };
    if let Some(path) = identity {
        match key_file(path)? {
            KeyFile::Open(key) => {
                keys.agent = None;
                keys.files.push(Arc::new(*key));
            }
            // The agent may hold it open already.
            KeyFile::Locked(key) if keys.agent.is_some() => {
                keys.only.push(key.public_key().clone());
            }
            KeyFile::Locked(key) => {
                let shown = path.display().to_string();
                let question = format!("passphrase of {shown}:");
                let Some(typed) = passphrase::ask(&question)? else {
                    return Err(Failure::refused(format!(
                        "{shown} is encrypted, and there is no terminal"
                    ))
                    .hint(format!("ssh-add {shown}")));
                };
                keys.files.push(Arc::new(unlock(&shown, &key, &typed)?));
            }
        }
        return Ok(keys);
    }
    for path in default_keys(context) {
        // A default key that is locked, of another kind or not there is passed over, as ssh does.
        if let Ok(KeyFile::Open(key)) = key_file(&path) {
            keys.files.push(Arc::new(*key));
        }
    }
    Ok(keys)
}

fn default_keys(context: &Context) -> Vec<PathBuf> {
    let home = context.around.home().into_iter();
    home.flat_map(|home| DEFAULT_KEYS.map(|name| home.join(".ssh").join(name)))
        .filter(|path| files::is_there(path))
        .collect()
}

fn key_file(path: &Path) -> Result<KeyFile, Failure> {
    let bytes = passphrase::read_key(path, KEY_LIMIT)?;
    let text = std::str::from_utf8(&bytes).unwrap_or_default();
    Ok(KeyFile::parse(&path.display().to_string(), text)?)
}

fn openssh(context: &Context, identity: Option<&Path>) -> Result<Openssh, Failure> {
    let known = known_hosts_files(context).into_iter().filter(|path| files::is_there(path));
    let identities = match identity {
        Some(path) => vec![path.to_path_buf()],
        None => default_keys(context),
    };
    let absolute = |path: &PathBuf| -> Result<AbsPath, Failure> {
        let path = std::path::absolute(path)?;
        Ok(AbsPath::new(path.to_string_lossy().into_owned())?)
    };
    Ok(Openssh {
        known_hosts: known.map(|path| absolute(&path)).collect::<Result<_, _>>()?,
        identities: identities.iter().map(absolute).collect::<Result<_, _>>()?,
        agent: context.around.agent.as_ref().map(absolute).transpose()?,
    })
}
