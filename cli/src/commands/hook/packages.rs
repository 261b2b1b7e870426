//! What a command would install: its names and files, what `sanctumd` knows of them, and the findings about them.
//!
//! A hook opens no network. It asks the account's own service over its socket and waits as long as is configured; no answer has
//! the weight that is configured. Deliberately absent: what a finding is (`sanctum_firewall::packages`).

use super::edge;
use super::rules::Rules;
use crate::packages::wire::Name;
use crate::packages::{ask, records, socket};
use sanctum_firewall::agents::Judgement;
use sanctum_firewall::agents::config::Config;
use sanctum_firewall::packages::{
    Finding, Known, Policy, Project, Safer, Wanted, Weight, asked, judge, order, safer, worst,
};
use sanctum_firewall::shell::{self, Effect, Install, Report, View};
use sanctum_host::clock::{self, Monotonic};
use sanctum_host::files;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// Lock files of large projects have some MiB.
const LIMIT: u64 = 16 << 20;
/// Remarks of one command that the agent is told.
const MOST_REMARKS: usize = 4;

/// The files of the machine, but for those that are credentials.
struct Machine<'a> {
    home: &'a str,
    view: &'a dyn View,
}

impl Project for Machine<'_> {
    fn text(&self, path: &str) -> Option<String> {
        let full = match path.strip_prefix('~') {
            Some(rest) => format!("{}{rest}", self.home),
            None => path.to_owned(),
        };
        let led = self.view.link(&full);
        if !full.starts_with('/')
            || [Some(&full), led.as_ref()].into_iter().flatten().any(|p| self.is_secret(p))
        {
            return None;
        }
        let bytes = files::read_optional(Path::new(&full), LIMIT).ok().flatten()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }
}

impl Machine<'_> {
    /// What must not be read is not read for its names either: they would go to a registry.
    fn is_secret(&self, path: &str) -> bool {
        let context = shell::Context { home: self.home, cwd: "/", project: "/", view: self.view };
        let report = shell::reading(path, &context);
        let read =
            |e: &Effect| matches!(e, Effect::Reads { secrecy: shell::Secrecy::Credential, .. });
        // A project's `.npmrc` is read for the registry that it names, never for what it holds else.
        let steers = path.ends_with("/.npmrc") || path.ends_with("/.yarnrc.yml");
        let own = path.strip_prefix(self.home).is_some_and(|rest| rest == "/.npmrc");
        report.effects.iter().any(read) && (own || !steers)
    }
}

/// What the service said to this process: a command that is judged twice waits once.
pub(super) struct Answers {
    said: RefCell<BTreeMap<Vec<Name>, BTreeMap<Name, Known>>>,
    since: Monotonic,
}

impl Default for Answers {
    fn default() -> Self {
        Self { said: RefCell::default(), since: Monotonic::now() }
    }
}

impl Answers {
    fn of(&self, rules: &Rules, home: &Path, wanted: &[&Wanted]) -> BTreeMap<Name, Known> {
        let names: Vec<Name> = wanted.iter().map(|w| ask::name(w)).collect();
        if let Some(answers) = self.said.borrow().get(&names) {
            return answers.clone();
        }
        let milliseconds =
            rules.config.integer("ai_firewall.package_check_timeout_ms").unwrap_or(3000);
        let patience = Duration::from_millis(u64::try_from(milliseconds).unwrap_or(3000));
        // Of all that this process waits, as its agent does not wait for ever.
        let patience = patience.min(edge::LONGEST_WAIT.saturating_sub(self.since.elapsed()));
        let answers = ask::known(&socket(home), wanted, patience);
        self.said.borrow_mut().insert(names, answers.clone());
        answers
    }
}

/// What an install is looked at with.
pub(super) struct Desk<'a> {
    pub(super) rules: &'a Rules,
    pub(super) home: &'a str,
    pub(super) view: &'a dyn View,
    pub(super) answers: &'a Answers,
}

impl Desk<'_> {
    fn machine(&self) -> Machine<'_> {
        Machine { home: self.home, view: self.view }
    }

    /// What is thought of the installs among these effects.
    pub(super) fn judged(&self, report: &Report) -> Judgement {
        let mut judgement = Judgement::allow();
        for effect in &report.effects {
            if let Effect::Installs(install) = effect {
                judgement = judgement.worse(self.one(install));
            }
        }
        judgement
    }

    fn one(&self, install: &Install) -> Judgement {
        let policy = policy(&self.rules.config);
        let order = order(install, &self.machine());
        let place = Path::new(self.home);
        let answers = self.answers.of(self.rules, place, &asked(&order, &policy));
        let known =
            |wanted: &Wanted| answers.get(&ask::name(wanted)).cloned().unwrap_or(Known::Unanswered);
        let texts = records::texts(Some(place));
        let records = records::indexes(&texts);
        said(&judge((install, &order), &policy, &known, &records, clock::now()))
    }

    /// The option that the one install of this report can be given.
    pub(super) fn safer(&self, report: &Report) -> Option<Safer> {
        let install = shell::only_install(report)?;
        let machine = self.machine();
        safer((install, &order(install, &machine)), &policy(&self.rules.config), &machine)
    }
}

/// One reason, and what the agent shall know beside it.
fn said(findings: &[Finding]) -> Judgement {
    let mut remarks: Vec<&str> = Vec::new();
    for finding in findings.iter().filter(|f| f.weight == Weight::Remark) {
        if !remarks.contains(&finding.text.as_str()) {
            remarks.push(&finding.text);
        }
    }
    remarks.truncate(MOST_REMARKS);
    let context = (!remarks.is_empty()).then(|| format!("{}.", remarks.join(". ")));
    let judgement = match worst(findings) {
        Some(Finding { weight: Weight::Deny, text }) => Judgement::deny(text.clone()),
        Some(Finding { weight: Weight::Ask, text }) => Judgement::ask(text.clone()),
        Some(Finding { weight: Weight::Remark, .. }) | None => Judgement::allow(),
    };
    Judgement { context, ..judgement }
}

fn policy(config: &Config) -> Policy {
    let texts = |key: &str| config.texts(key).to_vec();
    Policy {
        looks_up: config.flag("ai_firewall.check_package_existence"),
        min_age_hours: config.integer("ai_firewall.min_package_age_hours").unwrap_or(48),
        unanswered: match config.word("ai_firewall.registry_unreachable") {
            Some("allow") => None,
            Some("deny") => Some(Weight::Deny),
            _ => Some(Weight::Ask),
        },
        npm_required: config.flag("sentinel.npm.ignore_scripts_required"),
        npm_warned: config.flag("sentinel.npm.ignore_scripts_warning"),
        npm_spared: texts("sentinel.npm.allowlist"),
        pip_required: config.flag("sentinel.pip.require_binary_only"),
        pip_warned: config.flag("sentinel.pip.warn_source_installs"),
        pip_spared: texts("sentinel.pip.allowlist"),
        go_spared: texts("sentinel.go.allowlist"),
        go_prefixes: texts("sentinel.go.trusted_prefixes"),
        taps: texts("sentinel.homebrew.trusted_taps"),
        taps_asked: config.flag("sentinel.homebrew.warn_untrusted_taps"),
        formula_files_refused: config.flag("sentinel.homebrew.block_external_formula_installs"),
    }
}
