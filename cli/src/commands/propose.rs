//! `sanctum init` and `sanctum adopt`: proposals. Neither changes the machine; init writes one new file.

use super::Context;
use crate::args::Init;
use crate::failure::{Exit, Failure};
use crate::output::Paint;
use crate::{commands, machine};
use sanctum_host::{accounts, files};
use sanctum_orchestrator::adopt::{self, Found, FoundPlist, FoundText};
use sanctum_orchestrator::house::layout;
use sanctum_orchestrator::instance::BuiltinRules;
use sanctum_orchestrator::instance::init::{Answers, propose};
use sanctum_types::AccountName;
use std::path::{Path, PathBuf};

/// No configuration file of an older house is larger.
const LIMIT: u64 = 4 * 1024 * 1024;

/// `sanctum init`.
pub fn init(context: &Context, args: &Init) -> Result<Exit, Failure> {
    let out = context.out;
    let path = context.common.instance.clone().or_else(|| context.around.default_instance());
    let Some(path) = path else {
        return Err(Failure::new(Exit::Usage, "there is no home directory to write to")
            .hint("name a file with --instance FILE, or say --print"));
    };
    if !args.print && files::is_there(&path) {
        return Err(Failure::refused(format!("{} is there already", path.display()))
            .hint("change that file, or look at a fresh proposal with `sanctum init --print`"));
    }
    let home = context.around.home().map(Path::to_owned);
    let answers = Answers {
        name: Some(args.name.clone()),
        timezone: args.timezone.clone(),
        owner: owner(context)?,
        authorized_keys: home.map(|home| public_keys(&home)).unwrap_or_default(),
        guest: true,
        lan_subnet: None,
    };
    let text = propose(&machine::observe()?, &answers);
    if args.print {
        out.raw(&text);
        return Ok(Exit::Done);
    }
    files::write_new(&path, text.as_bytes())?;
    out.data(&serde_json::json!({ "format": 1, "written": path }));
    out.line(Paint::Good, &format!("wrote {}", path.display()));
    out.line(Paint::Plain, "next: read it, then `sanctum plan`");
    Ok(Exit::Done)
}

fn owner(context: &Context) -> Result<AccountName, Failure> {
    let sudo = context.around.sudo_uid.as_deref();
    let account = accounts::invoking(context.around.euid, sudo)?;
    Ok(AccountName::new(account.name)?)
}

/// Public keys of the owner: what may log in to the guest.
fn public_keys(home: &Path) -> Vec<String> {
    let dir = home.join(".ssh");
    let names = files::list(&dir).unwrap_or_default();
    let keys = names.iter().filter(|name| name.ends_with(".pub"));
    keys.filter_map(|name| files::read(&dir.join(name), LIMIT).ok())
        .filter_map(|bytes| String::from_utf8(bytes).ok())
        .filter_map(|text| text.lines().next().map(|line| line.trim().to_owned()))
        .collect()
}

/// `sanctum adopt`.
pub fn adopt(context: &Context) -> Result<Exit, Failure> {
    let out = context.out;
    let found = find(context)?;
    let proposal = adopt::adopt(&found, &BuiltinRules);
    out.data(&serde_json::json!({
        "format": 1, "instance_yaml": proposal.instance_yaml, "notes": proposal.notes,
    }));
    if !out.json {
        out.raw(&proposal.instance_yaml);
    }
    for note in &proposal.notes {
        let hint = note.hint.as_ref().map(|hint| format!(" ({hint})")).unwrap_or_default();
        out.warn(&format!("{}: {}{hint}", note.subject, note.message));
    }
    out.progress("nothing was changed; save what is above as the instance file when it is right");
    Ok(if proposal.notes.is_empty() { Exit::Done } else { commands::FOUND })
}

/// Reads a house that already runs, below `--root` where one is named.
fn find(context: &Context) -> Result<Found, Failure> {
    let root = context.common.root.clone().unwrap_or_else(|| PathBuf::from("/"));
    let below = |path: &str| root.join(path.trim_start_matches('/'));
    let instance = match (&context.common.instance, context.around.default_instance()) {
        (Some(path), _) => Some(path.clone()),
        (None, path) => path,
    };
    let node_id = instance.as_ref().map(|path| path.with_file_name(".node_id"));
    let mut plists = Vec::new();
    let home_agents = context.around.home().map(|home| home.join("Library/LaunchAgents"));
    let dirs =
        [Some(below(layout::LAUNCH_DAEMONS)), Some(below(layout::LAUNCH_AGENTS)), home_agents];
    for dir in dirs.into_iter().flatten() {
        for name in files::list(&dir)?.iter().filter(|name| name.starts_with("com.sanctum.")) {
            let path = dir.join(name);
            let bytes = files::read(&path, LIMIT)?;
            plists.push(FoundPlist { path: path.display().to_string(), bytes });
        }
    }
    Ok(Found {
        instance: instance.map(|path| text(&path)).transpose()?.flatten(),
        node_id: node_id.map(|path| text(&path)).transpose()?.flatten(),
        plists,
        anchors: texts(&below("/etc/pf.anchors"), |name| name.contains("sanctum"))?,
        drop_ins: texts(&below("/etc/ssh/sshd_config.d"), |_| true)?,
        facts: if context.common.root.is_none() { Some(machine::observe()?) } else { None },
    })
}

fn text(path: &Path) -> Result<Option<FoundText>, Failure> {
    let Some(bytes) = files::read_optional(path, LIMIT)? else { return Ok(None) };
    let text = String::from_utf8_lossy(&bytes).into_owned();
    Ok(Some(FoundText { path: path.display().to_string(), text }))
}

fn texts(dir: &Path, wanted: fn(&str) -> bool) -> Result<Vec<FoundText>, Failure> {
    let names = files::list(dir)?;
    let found: Result<Vec<_>, _> =
        names.iter().filter(|name| wanted(name)).map(|name| text(&dir.join(name))).collect();
    Ok(found?.into_iter().flatten().collect())
}
