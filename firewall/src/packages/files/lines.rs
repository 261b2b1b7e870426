//! conda's files: an environment in YAML, or one package a line.

use super::Read;
use crate::shell::Ecosystem;

/// `environment.yml`: the list below `dependencies`, and the one below its `pip:`.
pub(super) fn environment(text: &str) -> Read {
    let mut read = Read::default();
    let (mut section, mut pip) = (String::new(), None);
    for line in text.lines() {
        let bare = line.split(" #").next().unwrap_or(line).trim_end();
        let indent = bare.len() - bare.trim_start().len();
        let word = bare.trim();
        if word.is_empty() || word.starts_with('#') {
            continue;
        }
        if indent == 0
            && !word.starts_with('-')
            && let Some((name, _)) = word.split_once(':')
        {
            name.clone_into(&mut section);
            pip = None;
            continue;
        }
        let Some(item) = word.strip_prefix('-') else { continue };
        let item = item.trim().trim_matches(['"', '\'']);
        if pip.is_some_and(|at| indent <= at) {
            pip = None;
        }
        match section.as_str() {
            "dependencies" if item == "pip:" => pip = Some(indent),
            "dependencies" if pip.is_some() => {
                let one = super::requirements::read(item);
                read.names.extend(one.names);
                read.more.extend(one.more);
                read.others.extend(one.others);
                read.steers.extend(one.steers);
            }
            "dependencies" => read.names.push((Ecosystem::Conda, item.to_owned())),
            "channels" if !usual_channel(item) => read.steers.push(format!("the channel {item}")),
            _ => {}
        }
    }
    read
}

/// A list that `conda list --export` or a person wrote.
pub(super) fn conda(text: &str) -> Read {
    let mut read = Read::default();
    for line in text.lines() {
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', '@']) {
            continue;
        }
        if line.contains("://") {
            read.others.push(line.to_owned());
        } else {
            read.names.push((Ecosystem::Conda, line.to_owned()));
        }
    }
    read
}

/// Channels that conda's own documentation and installers name.
pub(in crate::packages) fn usual_channel(name: &str) -> bool {
    [
        "defaults",
        "conda-forge",
        "bioconda",
        "pytorch",
        "nvidia",
        "anaconda",
        "main",
        "r",
        "nodefaults",
    ]
    .contains(&name)
}
