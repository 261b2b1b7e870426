//! `groups add` and `groups delete`: more than one group opens a file only together.
//!
//! The data key is shared anew, and values, moment and MAC stay. Where the original writes a file that nobody opens any
//! more (no recipient in a group, no group left, a share that could not be wrapped), this refuses and writes nothing.

use super::encrypt::refuse_foreign;
use super::{Job, code, failed, formats};
use crate::args::sops::{GroupsAdd, GroupsDelete, GroupsFile, GroupsVerb, Output, Types};
use crate::failure::{Exit, Failure};
use sanctum_secrets::sops::SopsError;
use sanctum_secrets::sops::datakey::recipients_group;
use sanctum_secrets::sops::metadata::Group;
use sanctum_secrets::sops::opened::Opened;
use sanctum_secrets::sops::recipients::listed;
use std::path::Path;

/// `sanctum sops groups`.
pub(super) fn run(job: &Job<'_>, verb: &GroupsVerb) -> Result<Exit, Failure> {
    match verb {
        GroupsVerb::Add(args) => add(job, args),
        GroupsVerb::Delete(args) => delete(job, args),
    }
}

fn add(job: &Job<'_>, args: &GroupsAdd) -> Result<Exit, Failure> {
    refuse_foreign(args.foreign.is_any())?;
    let recipients: Vec<String> = args.age.iter().flat_map(|text| listed(text)).collect();
    if recipients.is_empty() {
        return Err(failed(code::GENERIC, "a group without a recipient could never be opened")
            .hint("say --age age1…"));
    }
    let group = recipients_group(&recipients).map_err(|error| failed(code::GENERIC, error))?;
    let (file, opened) = open(job, &args.subject)?;
    let mut groups = opened.metadata().groups();
    groups.push(group);
    save(job, &args.subject, file, opened, &groups)
}

fn delete(job: &Job<'_>, args: &GroupsDelete) -> Result<Exit, Failure> {
    let index: usize = args
        .index
        .as_deref()
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| failed(code::GENERIC, "which group is said by its number, from 0"))?;
    let (file, opened) = open(job, &args.subject)?;
    let mut groups = opened.metadata().groups();
    if index >= groups.len() {
        let text = format!("there is no group {index}: the file has {}, from 0", groups.len());
        return Err(failed(code::GENERIC, text));
    }
    groups.remove(index);
    if groups.is_empty() {
        return Err(failed(code::GENERIC, "without its last group nobody could open the file"));
    }
    save(job, &args.subject, file, opened, &groups)
}

fn open<'a>(job: &Job<'_>, subject: &'a GroupsFile) -> Result<(&'a Path, Opened), Failure> {
    // Here the original has one code for a file that is not named, not there, or not to be read.
    let none = || failed(code::INPUT, "no file was named").hint("name it with --file");
    let file = subject.file.as_deref().ok_or_else(none)?;
    let format = formats(Some(file), &Types::default())?.input;
    let opened = job.open(Some(file), format, true).map_err(|failure| match failure.exit {
        Exit::Protocol(code::NO_FILE) => Failure { exit: Exit::Protocol(code::INPUT), ..failure },
        Exit::Protocol(_) => Failure { exit: Exit::Protocol(code::GENERIC), ..failure },
        _ => failure,
    })?;
    Ok((file, opened))
}

fn save(
    job: &Job<'_>,
    subject: &GroupsFile,
    file: &Path,
    mut opened: Opened,
    groups: &[Group],
) -> Result<Exit, Failure> {
    let known = opened.metadata().threshold().map_err(|error| code::of(SopsError::from(error)))?;
    let said = subject.shamir_secret_sharing_threshold.filter(|number| *number != 0);
    let threshold = said.or(known);
    if let Some(needed) = threshold.filter(|needed| *needed > groups.len()) {
        let text = format!("{needed} groups open the file, and it would have {}", groups.len());
        return Err(failed(code::GENERIC, text)
            .hint("say --shamir-secret-sharing-threshold with how many are to open it"));
    }
    // Said in the file from now on, as by the original: all of them, when nobody said otherwise.
    let threshold = threshold.or(Some(groups.len())).filter(|_| groups.len() > 1);
    opened.update_keys(groups, threshold).map_err(code::of)?;
    let text = opened.sealed_as_it_was().map_err(code::of)?;
    let out = Output { in_place: subject.in_place, output: None };
    job.emit(text.as_bytes(), &out, Some(file))
}
