//! `sanctum ssh`: the house's own records of host keys.
//!
//! A key gets on record in one of three ways: its fingerprint was compared, it came over a channel that the owner
//! trusts, or the node proved it over a connection that its recorded key secures. Never because it was seen.

use super::status_fleet::{declared, fleet, own_known_hosts};
use super::{Context, ask};
use crate::args::ssh::{Repin, Ssh, Trust};
use crate::args::status::{Reach, Via};
use crate::failure::{Exit, Failure};
use crate::output::Paint;
use crate::record::{self, Deed, Recorder};
use crate::session::Opened;
use sanctum_host::files;
use sanctum_orchestrator::fleet::known_hosts::{HostPort, PublicKey, Verdict, fingerprint, pin};
use sanctum_orchestrator::fleet::{Fleet, Target, openssh, target};
use std::io::Read as _;
use std::path::Path;

/// Some dozen keys.
const KEYS_LIMIT: u64 = 64 << 10;
/// A record of some hundred bytes a host.
const KNOWN_HOSTS_LIMIT: u64 = 4 << 20;

/// Runs the verb.
pub fn run(context: &Context, verb: &Ssh) -> Result<Exit, Failure> {
    if context.around.euid == 0 && context.around.sudo_uid.is_some() {
        return Err(Failure::refused("host keys are the owner's records, not root's")
            .hint("say it again without sudo"));
    }
    match verb {
        Ssh::Trust(args) => trust(context, args),
        Ssh::Repin(args) => repin(context, args),
    }
}

fn prepared(context: &Context, node: &str, reach: &Reach) -> Result<(Fleet, Target), Failure> {
    let opened = Opened::read(&context.common, &context.around, context.out)?;
    let instance = &opened.instance;
    let node = declared(instance, node)?;
    let jump = reach.jump.as_deref().map(|name| declared(instance, name)).transpose()?;
    let target = target::target(instance, &node, jump.as_ref())?;
    Ok((fleet(context, reach, 1, true)?, target))
}

fn trust(context: &Context, args: &Trust) -> Result<Exit, Failure> {
    let (fleet, target) = prepared(context, &args.name, &args.ssh)?;
    let host = at(&target)?;
    let keys = match &args.key {
        Some(path) => given(path)?,
        None => vec![shown(&fleet, &target, args.ssh.transport)?],
    };
    for key in &keys {
        let said = fingerprint(key);
        context.out.progress(&format!("{host} {} {said}", key.algorithm()));
        match fleet.known.judge(&host, key) {
            Verdict::Revoked { at } => {
                return Err(Failure::refused(format!("{at} revokes the key {said}")));
            }
            Verdict::Changed { recorded } if !args.replace => {
                return Err(changed(&args.name, &said, &recorded));
            }
            Verdict::Known | Verdict::Unknown | Verdict::Changed { .. } => {}
        }
        compare(context, args, &host, &said)?;
    }
    put_on_record(context, "ssh.trust", &host, &keys)
}

/// The owner's word on a fingerprint, unless the key itself came over a channel that the owner trusts.
fn compare(context: &Context, args: &Trust, host: &HostPort, said: &str) -> Result<(), Failure> {
    match &args.fingerprint {
        _ if args.key.is_some() => Ok(()),
        Some(wanted) if wanted.trim() == said => Ok(()),
        Some(wanted) => {
            let wanted = wanted.escape_debug();
            Err(Failure::refused(format!("{host} shows {said}, not {wanted}"))
                .hint("somebody may be answering in its place: look at the key on the node itself"))
        }
        None => {
            let question = format!(
                "{host} shows {said}. Does `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` on the node say the same?"
            );
            ask(context, false, &question).map_err(|failure| {
                failure.hint(format!("sanctum ssh trust {} --fingerprint SHA256:…", args.name))
            })
        }
    }
}

fn changed(node: &str, said: &str, recorded: &[(String, String)]) -> Failure {
    let old: Vec<String> = recorded.iter().map(|(at, key)| format!("{key} ({at})")).collect();
    let old = old.join(", ");
    Failure::refused(format!(
        "THE HOST KEY OF {node} HAS CHANGED: it shows {said}, recorded is {old}"
    ))
    .hint(format!(
        "if the node was made anew, and you compared: sanctum ssh trust {node} --replace"
    ))
}

fn at(target: &Target) -> Result<HostPort, Failure> {
    let end = target.route.last();
    end.map(|end| end.at.clone()).ok_or_else(|| Failure::new(Exit::Bug, "a way without an end"))
}

fn shown(fleet: &Fleet, target: &Target, via: Via) -> Result<PublicKey, Failure> {
    match via {
        Via::Own => Ok(fleet.look(target)?.1),
        Via::Openssh if target.route.len() > 1 => {
            Err(Failure::refused("the system's ssh-keyscan goes through no jump host")
                .hint("take the key over a channel that you trust: --key FILE"))
        }
        Via::Openssh => Ok(openssh::scan(&at(target)?, fleet.limits)?),
    }
}

/// Public keys, one a line.
fn given(path: &Path) -> Result<Vec<PublicKey>, Failure> {
    let bytes = if path == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin().take(KEYS_LIMIT).read_to_end(&mut bytes)?;
        bytes
    } else {
        files::read(path, KEYS_LIMIT)?
    };
    let text = String::from_utf8_lossy(&bytes);
    let lines =
        text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let keys: Vec<PublicKey> = lines.map(PublicKey::from_openssh).collect::<Result<_, _>>()?;
    if keys.is_empty() {
        return Err(Failure::failed(format!("{} holds no public key", path.display())));
    }
    Ok(keys)
}

fn repin(context: &Context, args: &Repin) -> Result<Exit, Failure> {
    let (fleet, target) = prepared(context, &args.name, &args.ssh)?;
    if args.ssh.transport == Via::Openssh {
        return Err(Failure::new(
            Exit::Usage,
            "only sanctum's own transport asks a node to prove its keys",
        ));
    }
    let (host, keys) = fleet.proven(&target).map_err(|error| {
        let hint = error.hint(&args.name);
        let failure = Failure::failed(error);
        hint.into_iter().fold(failure, Failure::hint)
    })?;
    if keys.is_empty() {
        return Err(Failure::failed(format!("{host} announces no host keys")).hint(format!(
            "take them over a channel that you trust: sanctum ssh trust {} --key FILE",
            args.name
        )));
    }
    put_on_record(context, "ssh.repin", &host, &keys)
}

/// Puts exactly these keys of a host on record, and in the journal before that.
fn put_on_record(
    context: &Context,
    action: &str,
    host: &HostPort,
    keys: &[PublicKey],
) -> Result<Exit, Failure> {
    let Some(path) = own_known_hosts(context) else {
        return Err(Failure::new(Exit::Usage, "there is no home directory to keep records in"));
    };
    let before = files::read_optional(&path, KNOWN_HOSTS_LIMIT)?.unwrap_or_default();
    let before = String::from_utf8_lossy(&before);
    let after = pin(&before, host, keys);
    let changes = before != after;
    let all: Vec<String> = keys.iter().map(fingerprint).collect();
    if changes {
        let recorder = Recorder::of_account(&context.around);
        let host = host.to_string();
        let deed = Deed::new(action, &host).with("keys", all.join(" "));
        record::during(context, recorder, &deed, |_| {
            if let Some(dir) = path.parent() {
                files::make_dir(dir)?;
            }
            Ok(files::write_private(&path, after.as_bytes())?)
        })?;
    }
    context.out.data(&serde_json::json!({
        "format": 1, "host": host.to_string(), "keys": all, "changed": changes, "file": path,
    }));
    let done = if changes { "recorded" } else { "on record already" };
    for (key, said) in keys.iter().zip(&all) {
        context.out.line(Paint::Good, &format!("{host} {} {said}: {done}", key.algorithm()));
    }
    Ok(Exit::Done)
}
