//! From an order and what is known of its names to findings.
//!
//! Every name has its own findings; the worst one counts, so a further name never makes a verdict milder. What is not known has
//! the weight that the owner chose for it, never none by accident.

use super::malicious::Index;
use super::name::normal;
use super::near::{How, near, nearest};
use super::order::{Order, Project, Wanted};
use crate::shell::{Ecosystem, Install};
use sanctum_types::UnixTime;

/// Names of one install that are looked up; a project with more of them has a lock.
pub const MOST_ASKED: usize = 512;
const HOUR: i64 = 3600;
/// A package that has been there for a year is no squat of last night; that its name is near is told, not asked.
const SETTLED: i64 = 365 * 24 * HOUR;

/// How much a finding weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// The agent is told.
    Remark,
    /// A person decides.
    Ask,
    /// It must not run.
    Deny,
}

/// Something about an install, as one sentence without a full stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How much it weighs.
    pub weight: Weight,
    /// The sentence.
    pub text: String,
}

/// What a registry said of a package that is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// When its first version came.
    pub created: Option<UnixTime>,
    /// The version that would be installed.
    pub version: Option<String>,
    /// When that version came.
    pub published: Option<UnixTime>,
    /// The version that was asked for is not there.
    pub no_such_version: bool,
}

/// What is known of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known {
    /// The registry has no such package.
    Absent,
    /// It is there.
    Present(Facts),
    /// Nobody answered in time, or not so that it could be understood.
    Unanswered,
}

/// What an owner chose.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is one key of the configuration")]
pub struct Policy {
    /// Names are looked up.
    pub looks_up: bool,
    /// Younger packages and versions are asked about.
    pub min_age_hours: i64,
    /// For a registry that gives no answer; none lets it pass.
    pub unanswered: Option<Weight>,
    /// npm without `--ignore-scripts` is refused.
    pub npm_required: bool,
    /// The same is remarked.
    pub npm_warned: bool,
    /// Packages whose scripts may run.
    pub npm_spared: Vec<String>,
    /// pip without `--only-binary` is refused.
    pub pip_required: bool,
    /// The same is remarked.
    pub pip_warned: bool,
    /// Packages that may be built from source.
    pub pip_spared: Vec<String>,
    /// Modules that are not looked up.
    pub go_spared: Vec<String>,
    /// Nor those below these.
    pub go_prefixes: Vec<String>,
    /// Taps that are not asked about.
    pub taps: Vec<String>,
    /// Other taps are asked about.
    pub taps_asked: bool,
    /// Formulae from an address or a file are refused.
    pub formula_files_refused: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            looks_up: true,
            min_age_hours: 48,
            unanswered: Some(Weight::Ask),
            npm_required: false,
            npm_warned: true,
            npm_spared: Vec::new(),
            pip_required: false,
            pip_warned: true,
            pip_spared: Vec::new(),
            go_spared: Vec::new(),
            go_prefixes: Vec::new(),
            taps: Vec::new(),
            taps_asked: true,
            formula_files_refused: true,
        }
    }
}

/// The names that a registry is asked about.
#[must_use]
pub fn asked<'o>(order: &'o Order, policy: &Policy) -> Vec<&'o Wanted> {
    let mut asked = to_ask(order, policy);
    asked.truncate(MOST_ASKED);
    asked
}

fn to_ask<'o>(order: &'o Order, policy: &Policy) -> Vec<&'o Wanted> {
    if !policy.looks_up || order.redirected {
        return Vec::new();
    }
    let mut asked: Vec<&Wanted> = order.wanted.iter().filter(|w| !spared(w, policy)).collect();
    asked.sort_by_key(|w| (w.ecosystem, &w.name, &w.version));
    asked.dedup_by_key(|w| (w.ecosystem, &w.name, &w.version));
    asked
}

fn spared(wanted: &Wanted, policy: &Policy) -> bool {
    match wanted.ecosystem {
        Ecosystem::Go => {
            policy.go_spared.contains(&wanted.name)
                || policy.go_prefixes.iter().any(|p| wanted.name.starts_with(p.as_str()))
        }
        // Taps, and formulae of taps, are no names of the registry.
        Ecosystem::Brew => wanted.name.starts_with("tap:") || wanted.name.contains('/'),
        _ => false,
    }
}

/// Judges an install. `known` answers for every name of [`asked`].
#[must_use]
pub fn judge(
    (install, order): (&Install, &Order),
    policy: &Policy,
    known: &dyn Fn(&Wanted) -> Known,
    records: &[Index<'_>],
    now: UnixTime,
) -> Vec<Finding> {
    let mut findings = order.findings.clone();
    for wanted in order.wanted.iter().chain(&order.locked) {
        let record = records
            .iter()
            .find_map(|r| r.find(wanted.ecosystem, &wanted.name, wanted.version.as_deref()));
        if let Some(id) = record {
            findings.push(deny(format!("{} is recorded as malicious: {id}", titled(wanted))));
        }
    }
    let asked = asked(order, policy);
    for wanted in &asked {
        let known = known(wanted);
        // The version that would come is known now; the records may name it.
        if let Known::Present(Facts { version: Some(version), .. }) = &known
            && let Some(id) =
                records.iter().find_map(|r| r.find(wanted.ecosystem, &wanted.name, Some(version)))
        {
            let title = format!("{} {version}", titled(wanted));
            findings.push(deny(format!("{title} is recorded as malicious: {id}")));
        }
        looked_up(wanted, &known, policy, now, &mut findings);
    }
    if to_ask(order, policy).len() > MOST_ASKED {
        findings.push(deny("Installs more packages at once than are looked up".to_owned()));
    }
    for wanted in order.wanted.iter().filter(|w| !asked.iter().any(|a| a.name == w.name)) {
        if !spared(wanted, policy) {
            resembles(wanted, None, now, &mut findings);
        }
    }
    manners(install, order, policy, &mut findings);
    findings
}

/// The finding that decides; of equals the first.
#[must_use]
pub fn worst(findings: &[Finding]) -> Option<&Finding> {
    findings.iter().rev().max_by_key(|finding| finding.weight)
}

fn deny(text: String) -> Finding {
    Finding { weight: Weight::Deny, text }
}

fn ask(text: String) -> Finding {
    Finding { weight: Weight::Ask, text }
}

fn titled(wanted: &Wanted) -> String {
    let version = wanted.version.as_ref().map_or(String::new(), |v| format!(" {v}"));
    let from = wanted.from.as_ref().map_or(String::new(), |from| format!(", named in {from},"));
    format!("The {} package `{}`{version}{from}", wanted.ecosystem.word(), wanted.name)
}

fn looked_up(
    wanted: &Wanted,
    known: &Known,
    policy: &Policy,
    now: UnixTime,
    findings: &mut Vec<Finding>,
) {
    let title = titled(wanted);
    match known {
        Known::Absent => {
            let near = nearest(wanted.ecosystem, &wanted.name);
            let meant = match near.as_slice() {
                [] => String::new(),
                names => format!("; well known are {}", names.join(", ")),
            };
            let client = wanted.ecosystem.client();
            findings
                .push(deny(format!("{title} is in no registry that {client} uses here{meant}")));
        }
        Known::Unanswered => {
            if let Some(weight) = policy.unanswered {
                let text = format!("{title} could not be looked up: the registry gave no answer");
                findings.push(Finding { weight, text });
            }
            resembles(wanted, None, now, findings);
        }
        Known::Present(facts) => {
            if facts.no_such_version {
                findings.push(deny(format!("{title} is in the registry, but not in that version")));
            }
            young(wanted, facts, policy, now, findings);
            resembles(wanted, facts.created, now, findings);
        }
    }
}

fn young(
    wanted: &Wanted,
    facts: &Facts,
    policy: &Policy,
    now: UnixTime,
    findings: &mut Vec<Finding>,
) {
    let age = |time: Option<UnixTime>| time.map(|t| now.0.saturating_sub(t.0) / HOUR);
    let title = titled(wanted);
    let least = policy.min_age_hours;
    if let Some(hours) = age(facts.created).filter(|hours| *hours < least) {
        findings.push(ask(format!("{title} is new: its first version came {}", ago(hours))));
    } else if let Some(hours) = age(facts.published).filter(|hours| *hours < least) {
        let version = facts.version.as_deref().filter(|_| wanted.version.is_none());
        let version = version.map_or(String::new(), |v| format!(", {v},"));
        findings.push(ask(format!(
            "{title}: the version that would come{version} came {}",
            ago(hours)
        )));
    }
}

fn ago(hours: i64) -> String {
    match hours {
        ..=0 => "less than an hour ago".to_owned(),
        1 => "an hour ago".to_owned(),
        hours => format!("{hours} hours ago"),
    }
}

fn resembles(
    wanted: &Wanted,
    created: Option<UnixTime>,
    now: UnixTime,
    findings: &mut Vec<Finding>,
) {
    let Some(near) = near(wanted.ecosystem, &wanted.name) else { return };
    let how = match near.how {
        How::Separators => "but for its separators",
        How::LooksAlike => "but for characters that look alike",
        How::Slips(1) => "but for one letter",
        How::Slips(_) => "but for two letters",
        How::Order => "in another order",
        How::Added => "with a part that says nothing",
    };
    let settled = created.is_some_and(|c| now.0.saturating_sub(c.0) >= SETTLED);
    let weight = if settled { Weight::Remark } else { Weight::Ask };
    let text = format!("{} has the name of the well known `{}` {how}", titled(wanted), near.name);
    findings.push(Finding { weight, text });
}

/// How the client would install, whatever it is.
fn manners(install: &Install, order: &Order, policy: &Policy, findings: &mut Vec<Finding>) {
    let runs = runs_code(install, order, policy);
    match (install.ecosystem, runs) {
        (Ecosystem::Npm, Some(Weight::Deny)) => findings.push(deny(
            "Installs without `--ignore-scripts`, which is required here".to_owned(),
        )),
        (Ecosystem::Npm, Some(_)) => findings.push(remark(
            "Scripts of the packages will run: `--ignore-scripts` keeps them from it",
        )),
        (Ecosystem::Pypi, Some(Weight::Deny)) => findings.push(deny(
            "Installs without `--only-binary`, which is required here".to_owned(),
        )),
        (Ecosystem::Pypi, Some(_)) => findings.push(remark(
            "Packages without a wheel will run code to be built: `--only-binary :all:` keeps them from it",
        )),
        (Ecosystem::Brew, _) => taps(install, order, policy, findings),
        _ => {}
    }
}

/// How much it weighs that the client would run code of what it installs; none where it would not, or may.
fn runs_code(install: &Install, order: &Order, policy: &Policy) -> Option<Weight> {
    let has = |names: &[&str]| {
        install.flags.iter().any(|f| names.contains(&f.split('=').next().unwrap_or(f)))
    };
    let (off, required, warned, spared) = match install.ecosystem {
        Ecosystem::Npm => {
            let set = |s: &String| s.eq_ignore_ascii_case("npm_config_ignore_scripts=true");
            let off = install.flags.iter().any(|f| f == "--ignore-scripts" || f == "--ignore-scripts=true")
                || install.settings.iter().any(set)
                // These run no scripts of packages unless they are told to.
                || matches!(install.client.as_str(), "deno" | "bun" | "bunx");
            (off, policy.npm_required, policy.npm_warned, &policy.npm_spared)
        }
        Ecosystem::Pypi => {
            let off = has(&["--only-binary", "--no-build", "--dry-run"]);
            (off, policy.pip_required, policy.pip_warned, &policy.pip_spared)
        }
        _ => return None,
    };
    let only = || {
        !order.wanted.is_empty()
            && order.wanted.iter().all(|w| spared.iter().any(|s| normal(w.ecosystem, s) == w.name))
    };
    match (required, warned) {
        _ if off => None,
        (false, false) => None,
        _ if only() => None,
        (true, _) => Some(Weight::Deny),
        (false, true) => Some(Weight::Remark),
    }
}

/// An option that keeps code of packages from running, and what it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Safer {
    /// Its words.
    pub option: &'static [&'static str],
    /// What comes of it, for a person.
    pub so_that: &'static str,
}

/// What an install that would run code of packages can be given, where that is only remarked and nobody said how it should be.
#[must_use]
pub fn safer(
    (install, order): (&Install, &Order),
    policy: &Policy,
    project: &dyn Project,
) -> Option<Safer> {
    let remarked = runs_code(install, order, policy) == Some(Weight::Remark);
    let says = |words: &[&str]| {
        let mut all = install.flags.iter().chain(&install.settings);
        all.any(|said| {
            words.iter().any(|w| said.to_ascii_lowercase().replace('_', "-").contains(w))
        })
    };
    // An option is for all packages at once: one whose code may run would be broken by it.
    let spared = order.wanted.iter().chain(&order.locked).any(|w| {
        let list = match w.ecosystem {
            Ecosystem::Npm => &policy.npm_spared,
            _ => &policy.pip_spared,
        };
        list.iter().any(|s| normal(w.ecosystem, s) == w.name)
    });
    match (install.ecosystem, install.client.as_str()) {
        _ if !remarked || spared => None,
        (Ecosystem::Npm, client) => {
            let takes = matches!(client, "npm" | "pnpm")
                || client == "yarn" && is_classic(&install.directory, project);
            let silent = !says(&["ignore-scripts", "allow-build", "allow-all-builds"]);
            (takes && silent).then_some(Safer {
                option: &["--ignore-scripts"],
                so_that: "no script of the packages runs",
            })
        }
        // What is named by a path or an address is built all the same.
        (Ecosystem::Pypi, _) => {
            (install.others.is_empty() && !says(&["no-binary"])).then_some(Safer {
                option: &["--only-binary", ":all:"],
                so_that: "a package without a wheel is refused, not built",
            })
        }
        _ => None,
    }
}

/// The first generation of yarn knows the option; the later ones end at it with a mistake.
fn is_classic(directory: &str, project: &dyn Project) -> bool {
    let text = |name: &str| project.text(&format!("{directory}/{name}")).unwrap_or_default();
    let manifest = text("package.json");
    let names_another = manifest.contains("\"yarn@") && !manifest.contains("\"yarn@1.");
    text("yarn.lock").contains("# yarn lockfile v1")
        && !names_another
        && project.text(&format!("{directory}/.yarnrc.yml")).is_none()
}

fn remark(text: &str) -> Finding {
    Finding { weight: Weight::Remark, text: text.to_owned() }
}

fn taps(install: &Install, order: &Order, policy: &Policy, findings: &mut Vec<Finding>) {
    for wanted in &order.wanted {
        let tap = wanted.name.strip_prefix("tap:").or_else(|| {
            let cut = wanted.name.rfind('/')?;
            wanted.name.get(..cut)
        });
        let Some(tap) = tap.filter(|_| policy.taps_asked) else { continue };
        if !policy.taps.iter().any(|trusted| trusted.eq_ignore_ascii_case(tap)) {
            findings.push(ask(format!("The tap `{tap}` is not one of those that are trusted")));
        }
    }
    let file = |o: &&String| !o.starts_with("tap:");
    if policy.formula_files_refused && install.others.iter().any(|o| file(&o)) {
        findings.push(deny("Installs a formula from an address or a file".to_owned()));
    }
}
