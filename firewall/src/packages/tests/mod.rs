//! What installs are held to: spellings, files, near names, records, laws.

mod laws;
mod reading;
mod spellings;
mod verdicts;

use super::{Order, Project, order};
use crate::shell::{Context, Effect, Install, NoView, read as read_command};
use std::collections::BTreeMap;

/// Files by their shown path.
pub(super) struct Files(BTreeMap<String, String>);

impl Files {
    pub(super) fn of(files: &[(&str, &str)]) -> Self {
        Self(files.iter().map(|(p, t)| (format!("~/project/{p}"), (*t).to_owned())).collect())
    }
}

impl Project for Files {
    fn text(&self, path: &str) -> Option<String> {
        self.0.get(path).cloned()
    }
}

pub(super) fn installs(command: &str) -> Vec<Install> {
    let context = Context {
        home: "/home/dev",
        cwd: "/home/dev/project",
        project: "/home/dev/project",
        view: &NoView,
    };
    let effects = read_command(command, &context).effects;
    effects
        .into_iter()
        .filter_map(|e| if let Effect::Installs(install) = e { Some(install) } else { None })
        .collect()
}

pub(super) fn ordered(command: &str, files: &[(&str, &str)]) -> Order {
    let files = Files::of(files);
    let mut whole = Order::default();
    for install in installs(command) {
        let one = order(&install, &files);
        whole.wanted.extend(one.wanted);
        whole.locked.extend(one.locked);
        whole.findings.extend(one.findings);
        whole.redirected |= one.redirected;
    }
    whole
}

/// `ecosystem:name@version` of all that is wanted.
pub(super) fn names(order: &Order) -> Vec<String> {
    order
        .wanted
        .iter()
        .map(|w| {
            let version = w.version.as_ref().map_or(String::new(), |v| format!("@{v}"));
            format!("{}:{}{version}", w.ecosystem.word(), w.name)
        })
        .collect()
}
