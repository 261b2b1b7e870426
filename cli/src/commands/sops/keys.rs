//! `rotate` and `updatekeys`: who can open a file, and with which data key.

use super::change::same;
use super::encrypt::refuse_foreign;
use super::{Job, code, failed, input_format};
use crate::args::sops::{ChangeRecipients, Rotate, UpdateKeys};
use crate::commands::ask;
use crate::failure::{Exit, Failure};
use crate::output::Paint;
use sanctum_host::clock;
use sanctum_secrets::sops::SopsError;
use sanctum_secrets::sops::datakey::recipients_group;
use sanctum_secrets::sops::metadata::{Group, MasterKey};
use sanctum_secrets::sops::recipients::listed;
use std::collections::BTreeSet;

/// `sanctum sops rotate`.
pub(super) fn rotate(job: &Job<'_>, args: &Rotate) -> Result<Exit, Failure> {
    let format = same(&args.file, &args.way.types)?;
    let mut opened = job.open(Some(&args.file), format, args.ignore_mac)?;
    let groups = changed(opened.metadata().groups(), &args.change)?;
    let threshold = opened.metadata().threshold().map_err(|error| code::of(error.into()))?;
    opened.rotate(&groups, threshold).map_err(code::of)?;
    let text = opened.sealed(clock::now()).map_err(code::of)?;
    job.emit(text.as_bytes(), &args.way.out, Some(&args.file))
}

/// Recipients come into the first group and go from every one, as in the original.
fn changed(mut groups: Vec<Group>, change: &ChangeRecipients) -> Result<Vec<Group>, Failure> {
    let list = |text: &Option<String>| text.as_deref().map(listed).unwrap_or_default();
    let foreign = [
        &change.add_pgp,
        &change.add_kms,
        &change.add_gcp_kms,
        &change.add_hckms,
        &change.add_azure_kv,
        &change.add_hc_vault_transit,
    ];
    refuse_foreign(foreign.iter().any(|named| named.is_some()))?;
    let fresh =
        recipients_group(&list(&change.add_age)).map_err(|error| failed(code::GENERIC, error))?;
    for (kind, gone) in [
        ("age", list(&change.rm_age)),
        ("pgp", list(&change.rm_pgp)),
        ("kms", list(&change.rm_kms)),
        ("gcp_kms", list(&change.rm_gcp_kms)),
        ("hckms", list(&change.rm_hckms)),
        ("azure_kv", list(&change.rm_azure_kv)),
        ("hc_vault", list(&change.rm_hc_vault_transit)),
    ] {
        for group in &mut groups {
            group.retain(|key| key.kind != kind || !gone.contains(&key.name()));
        }
    }
    if let Some(first) = groups.first_mut() {
        for key in fresh {
            if first.iter().all(|known| known.name() != key.name()) {
                first.push(key);
            }
        }
    }
    groups.retain(|group| !group.is_empty());
    Ok(groups)
}

/// `sanctum sops updatekeys`.
pub(super) fn update(job: &Job<'_>, args: &UpdateKeys) -> Result<Exit, Failure> {
    let format = input_format(&args.file, &args.format)?;
    let config =
        job.config(&args.file)?.ok_or_else(|| failed(code::GENERIC, "config file not found"))?;
    let rule = config.rule(&job.absolute(&args.file)).map_err(code::of_config)?;
    let mut opened = job.open(Some(&args.file), format, false)?;
    let old = opened.metadata().groups();
    let threshold =
        opened.metadata().threshold().map_err(|error| code::of(SopsError::from(error)))?;
    let lines = differences(&old, &rule.groups);
    if lines.is_empty() && (rule.threshold.is_none() || rule.threshold == threshold) {
        job.context.out.progress(&format!("{} already up to date", args.file.display()));
        return Ok(Exit::Done);
    }
    job.context.out.line(Paint::Head, "The following changes will be made to the file's groups:");
    for (paint, line) in &lines {
        job.context.out.line(*paint, line);
    }
    ask(job.context, args.yes, "Is this okay?")
        .map_err(|failure| Failure { exit: Exit::Protocol(code::GENERIC), ..failure })?;
    let groups: Vec<Group> = rule.groups.iter().map(|group| kept(group, &old)).collect();
    let threshold = rule.threshold.or(threshold).filter(|_| groups.len() > 1);
    opened.update_keys(&groups, threshold).map_err(code::of)?;
    let text = opened.sealed_as_it_was().map_err(code::of)?;
    job.replace(&args.file, text.as_bytes())
}

/// The keys of a rule, each with the entry that the file has of it.
fn kept(group: &Group, old: &[Group]) -> Group {
    let known = |key: &MasterKey| {
        old.iter().flatten().find(|entry| entry.kind == key.kind && entry.name() == key.name())
    };
    group.iter().map(|key| known(key).unwrap_or(key).clone()).collect()
}

fn differences(old: &[Group], new: &[Group]) -> Vec<(Paint, String)> {
    let names = |group: Option<&Group>| -> BTreeSet<String> {
        group.into_iter().flatten().map(MasterKey::name).collect()
    };
    let mut lines = Vec::new();
    for at in 0..old.len().max(new.len()) {
        let (before, after) = (names(old.get(at)), names(new.get(at)));
        if before == after {
            continue;
        }
        lines.push((Paint::Plain, format!("Group {}", at + 1)));
        lines.extend(before.intersection(&after).map(|name| (Paint::Plain, format!("    {name}"))));
        lines.extend(after.difference(&before).map(|name| (Paint::Good, format!("+++ {name}"))));
        lines.extend(before.difference(&after).map(|name| (Paint::Bad, format!("--- {name}"))));
    }
    lines
}
