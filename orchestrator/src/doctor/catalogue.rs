//! Every lint there is, choosing among them, and the page that lists them.

use super::lint::Lint;
use super::looked::Need;
use super::{alerts, boot, exposure, hooks, jobs, launchd, secrets, services, ssh, vault, vm};
use crate::instance::model::Os;
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// The families, in the order in which they are shown. A family adds its slice here.
static FAMILIES: &[(&str, &[&Lint])] = &[
    ("launchd", launchd::LINTS),
    ("jobs", jobs::LINTS),
    ("boot", boot::LINTS),
    ("exposure", exposure::LINTS),
    ("ssh", ssh::LINTS),
    ("vm", vm::LINTS),
    ("services", services::LINTS),
    ("alerts", alerts::LINTS),
    ("secrets", secrets::LINTS),
    ("hooks", hooks::LINTS),
    ("vault", vault::LINTS),
];

/// A word that is neither a lint nor a family.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{word}` is neither a lint nor a family of lints")]
pub struct Unknown {
    /// The word.
    pub word: String,
    /// The nearest that there is.
    pub nearest: Option<&'static str>,
}

/// Every lint.
#[must_use]
pub fn all() -> Vec<&'static Lint> {
    FAMILIES.iter().flat_map(|(_, lints)| lints.iter().copied()).collect()
}

/// The names of the families.
pub fn families() -> impl Iterator<Item = &'static str> {
    FAMILIES.iter().map(|(family, _)| *family)
}

/// The lints that the words name, each a family or an id; all of them where there are no words.
pub fn choose(words: &[String]) -> Result<Vec<&'static Lint>, Unknown> {
    let all = all();
    let is = |lint: &Lint, word: &str| lint.id == word || lint.family() == word;
    if let Some(word) = words.iter().find(|word| !all.iter().any(|lint| is(lint, word))) {
        let known = all.iter().map(|lint| lint.id).chain(families());
        let near = known.map(|known| (strsim::jaro_winkler(known, word), known));
        let nearest = near.max_by(|a, b| a.0.total_cmp(&b.0));
        // Below that the two have hardly a letter in common.
        let nearest = nearest.filter(|(likeness, _)| *likeness > 0.7).map(|(_, known)| known);
        return Err(Unknown { word: word.clone(), nearest });
    }
    let chosen = |lint: &&Lint| words.is_empty() || words.iter().any(|word| is(lint, word));
    Ok(all.into_iter().filter(chosen).collect())
}

/// What is too much for a look every few minutes: calls to other addresses, a program for each file of the house, and the
/// whole journal. Of ages the daily job tells (`secrets age --notify`), once a secret and day.
const HEAVY: [Need; 4] = [Need::Probes, Need::Verified, Need::PlistTool, Need::Ages];

/// Lints that may be asked again and again.
#[must_use]
pub fn light() -> Vec<&'static Lint> {
    all().into_iter().filter(|lint| !lint.needs.iter().any(|need| HEAVY.contains(need))).collect()
}

/// What has to be looked at for those of these lints that mean something on a node of that system.
#[must_use]
pub fn needs(lints: &[&'static Lint], os: Os) -> BTreeSet<Need> {
    let here = lints.iter().filter(|lint| lint.on.suits(os));
    here.flat_map(|lint| lint.needs.iter().copied()).collect()
}

/// The page of the documents: lints with their reasons and what to do.
#[must_use]
pub fn page(lints: &[&'static Lint]) -> String {
    let mut page = String::from(
        "# Lints\n\nWhat `sanctum doctor` looks at. It is what `sanctum doctor --list` prints; a test compares it, and\n`UPDATE_EXPECT=1 cargo test -p sanctum-orchestrator --lib doctor` writes it.\n\n\
         Each lint holds, is violated, or could not be looked at. `--only` takes an id or a family. A file of the \
         house that is not as it is rendered is put right by `sanctum apply`, whatever stands under Fix.\n",
    );
    let mut family = "";
    for lint in lints {
        if lint.family() != family {
            family = lint.family();
            let _ = write!(page, "\n## {family}\n");
        }
        let Lint { id, title, why, .. } = lint;
        let severity = format!("{:?}", lint.severity).to_lowercase();
        let (on, fix) = (lint.on.word(), lint.fix.text());
        let _ = write!(
            page,
            "\n### `{id}`\n\nHolds when {title} ({severity}; {on}).\n\n{why}\n\nFix: {fix}\n"
        );
    }
    page
}
