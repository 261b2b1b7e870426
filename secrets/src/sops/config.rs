//! `.sops.yaml`: which rule says for whom a new file is encrypted, and what of it.
//!
//! The first rule whose `path_regex` is found in the path wins; the path is relative to the directory of the
//! configuration. What sanctum does not know is tolerated, so that a house shares the file with the original.

use super::datakey::{DataKeyError, recipients_group};
use super::metadata::{Group, MasterKey};
use super::re2;
use super::recipients::listed;
use super::selectors::{NAMES, Selector, SelectorError};
use super::text::Node;
use sanctum_host::{HostError, files};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The name that is looked for, upward.
pub const NAME: &str = ".sops.yaml";
/// A second name that the original only warns about.
const WRONG_NAME: &str = ".sops.yml";
/// How far upward the original looks (getsops/sops, config/config.go).
const LEVELS: usize = 100;
/// A configuration is a few pages of text.
const LIMIT: u64 = 1024 * 1024;

/// Why there is no rule for a file.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It cannot be read.
    #[error(transparent)]
    Host(#[from] HostError),
    /// It is not what a configuration is.
    #[error("{path} cannot be read as a configuration of SOPS")]
    Syntax {
        /// The configuration.
        path: String,
        /// What is wrong.
        #[source]
        source: Box<serde_saphyr::Error>,
    },
    /// An expression that cannot be read.
    #[error("`path_regex` of rule {rule} is no regular expression")]
    Expression {
        /// From one.
        rule: usize,
        /// What is wrong.
        #[source]
        source: Box<regex::Error>,
    },
    /// No rule is about the file.
    #[error("no matching creation rules found in {0}")]
    NoRule(String),
    /// The selectors of the rule.
    #[error(transparent)]
    Selector(#[from] SelectorError),
    /// The recipients of the rule.
    #[error(transparent)]
    Keys(#[from] DataKeyError),
}

/// A text with commas, or a list.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Keys {
    Text(String),
    List(Vec<String>),
}

impl Keys {
    fn all(&self) -> Vec<String> {
        match self {
            Self::Text(text) => listed(text),
            Self::List(list) => list.iter().flat_map(|text| listed(text)).collect(),
        }
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
struct File {
    #[serde(default)]
    creation_rules: Vec<Rule>,
    #[serde(default)]
    stores: BTreeMap<String, Store>,
}

#[derive(Clone, Debug, Default, Deserialize)]
struct Store {
    indent: Option<i64>,
}

#[derive(Clone, Debug, Default, Deserialize)]
struct Rule {
    path_regex: Option<String>,
    age: Option<Keys>,
    pgp: Option<Keys>,
    kms: Option<Keys>,
    #[serde(default)]
    key_groups: Vec<KeyGroup>,
    shamir_threshold: Option<usize>,
    unencrypted_suffix: Option<String>,
    encrypted_suffix: Option<String>,
    unencrypted_regex: Option<String>,
    encrypted_regex: Option<String>,
    unencrypted_comment_regex: Option<String>,
    encrypted_comment_regex: Option<String>,
    #[serde(default)]
    mac_only_encrypted: bool,
}

#[derive(Clone, Debug, Default, Deserialize)]
struct KeyGroup {
    #[serde(default)]
    merge: Vec<Self>,
    #[serde(default)]
    age: Vec<String>,
    #[serde(default)]
    pgp: Vec<String>,
    #[serde(default)]
    kms: Vec<KmsEntry>,
}

#[derive(Clone, Debug, Default, Deserialize)]
struct KmsEntry {
    #[serde(default)]
    arn: String,
}

/// A configuration.
#[derive(Clone, Debug)]
pub struct Config {
    path: PathBuf,
    file: File,
}

/// What a rule says.
#[derive(Clone, Debug)]
pub struct CreationRule {
    /// For whom; entries of PGP and cloud keys hold nothing and cannot be made here.
    pub groups: Vec<Group>,
    /// How many groups open the file.
    pub threshold: Option<usize>,
    /// The selectors that are set, by name.
    pub selectors: BTreeMap<&'static str, String>,
    /// Whether the MAC is over encrypted values only.
    pub mac_only_encrypted: bool,
}

impl CreationRule {
    /// The one selector, what the command line says replacing the rule's.
    pub fn selector(
        &self,
        said: &BTreeMap<&'static str, String>,
    ) -> Result<Selector, SelectorError> {
        let all = if said.is_empty() { &self.selectors } else { said };
        Selector::of(|name| all.get(name).cloned())
    }
}

impl Config {
    /// The configuration that is nearest to a file, upward.
    #[must_use]
    pub fn find(file: &Path) -> Option<PathBuf> {
        file.ancestors()
            .skip(1)
            .take(LEVELS)
            .map(|dir| dir.join(NAME))
            .find(|path| files::is_there(path))
    }

    /// A file of the other ending, which is not read: worth a word.
    #[must_use]
    pub fn misnamed(file: &Path) -> Option<PathBuf> {
        file.ancestors()
            .skip(1)
            .take(LEVELS)
            .map(|dir| dir.join(WRONG_NAME))
            .find(|path| files::is_there(path))
    }

    /// Reads one.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let bytes = files::read(path, LIMIT)?;
        Self::parse(path, &String::from_utf8_lossy(&bytes))
    }

    /// The same, of a text.
    pub fn parse(path: &Path, text: &str) -> Result<Self, ConfigError> {
        let file = serde_saphyr::from_str(text).map_err(|source| ConfigError::Syntax {
            path: path.display().to_string(),
            source: Box::new(source),
        })?;
        Ok(Self { path: path.to_path_buf(), file })
    }

    /// The indent that it wants of a format (`yaml`, `json`, `json_binary`).
    #[must_use]
    pub fn indent(&self, store: &str) -> Option<usize> {
        usize::try_from(self.file.stores.get(store)?.indent?).ok()
    }

    /// The rule for a file, by its absolute path.
    pub fn rule(&self, file: &Path) -> Result<CreationRule, ConfigError> {
        let dir = self.path.parent().unwrap_or(Path::new("/"));
        let path = file.strip_prefix(dir).unwrap_or(file).to_string_lossy().into_owned();
        for (at, rule) in self.file.creation_rules.iter().enumerate() {
            let matches = match rule.path_regex.as_deref().filter(|text| !text.is_empty()) {
                None => true,
                Some(text) => re2::compile(text)
                    .map_err(|source| ConfigError::Expression {
                        rule: at + 1,
                        source: Box::new(source),
                    })?
                    .is_match(&path),
            };
            if matches {
                return rule.creation();
            }
        }
        Err(ConfigError::NoRule(self.path.display().to_string()))
    }
}

impl Rule {
    fn creation(&self) -> Result<CreationRule, ConfigError> {
        let all = |keys: &Option<Keys>| keys.as_ref().map(Keys::all).unwrap_or_default();
        let groups = if self.key_groups.is_empty() {
            let group = group(&all(&self.age), &all(&self.pgp), &all(&self.kms))?;
            vec![group]
        } else {
            self.key_groups.iter().map(KeyGroup::group).collect::<Result<_, _>>()?
        };
        let values = [
            &self.unencrypted_suffix,
            &self.encrypted_suffix,
            &self.unencrypted_regex,
            &self.encrypted_regex,
            &self.unencrypted_comment_regex,
            &self.encrypted_comment_regex,
        ];
        let given = NAMES.into_iter().zip(values).filter_map(|(name, value)| {
            let value = value.clone().filter(|value| !value.is_empty())?;
            Some((name, value))
        });
        Ok(CreationRule {
            groups,
            threshold: self.shamir_threshold.filter(|threshold| *threshold != 0),
            selectors: given.collect(),
            mac_only_encrypted: self.mac_only_encrypted,
        })
    }
}

impl KeyGroup {
    fn group(&self) -> Result<Group, DataKeyError> {
        let arns: Vec<_> = self.kms.iter().map(|key| key.arn.clone()).collect();
        let mut keys = Vec::new();
        for merged in &self.merge {
            keys.extend(merged.group()?);
        }
        keys.extend(group(&self.age, &self.pgp, &arns)?);
        let mut seen = std::collections::BTreeSet::new();
        keys.retain(|key| seen.insert((key.kind, key.name())));
        Ok(keys)
    }
}

fn group(age: &[String], pgp: &[String], kms: &[String]) -> Result<Group, DataKeyError> {
    let mut keys = recipients_group(age)?;
    let foreign = |kind, field: &str, name: &String| MasterKey {
        kind,
        entry: Node::Map(vec![(field.to_owned(), Node::text(name))]),
    };
    keys.extend(pgp.iter().map(|name| foreign("pgp", "fp", name)));
    keys.extend(kms.iter().map(|name| foreign("kms", "arn", name)));
    Ok(keys)
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";
    const B: &str = "age1xme4hg8yazvdyfy5a06z0mqnyfv0lu7w3eg8v59ysxu920vwz57scnfmcp";

    fn config(text: &str) -> Config {
        Config::parse(Path::new("/house/.sops.yaml"), text).unwrap()
    }

    #[test]
    fn the_first_rule_that_matches_the_relative_path_wins() {
        let text = format!(
            "future: 1\nstores: {{yaml: {{indent: 2}}, json: {{indent: -1}}}}\ncreation_rules:\n  - path_regex: ^prod/.*\\.yaml$\n    age: >-\n      {A},\n      {B}\n    encrypted_regex: ^pass\n  - age: [{B}]\n    mac_only_encrypted: true\n    some_later_field: x\n"
        );
        let config = config(&text);
        let prod = config.rule(Path::new("/house/prod/a.yaml")).unwrap();
        assert_eq!(prod.groups[0].iter().map(MasterKey::name).collect::<Vec<_>>(), [A, B]);
        assert_eq!(prod.selectors.get("encrypted_regex").map(String::as_str), Some("^pass"));
        let other = config.rule(Path::new("/house/x/prod/a.yaml")).unwrap();
        assert!(other.mac_only_encrypted && other.groups[0].len() == 1);
        assert_eq!((config.indent("yaml"), config.indent("json")), (Some(2), None));
    }

    #[test]
    fn groups_are_read_and_merged() {
        let text = format!(
            "creation_rules:\n  - shamir_threshold: 2\n    key_groups:\n      - age: [{A}]\n        pgp: [85D7]\n      - merge:\n          - age: [{A}]\n          - age: [{A}, {B}]\n"
        );
        let rule = config(&text).rule(Path::new("/house/a")).unwrap();
        let names: Vec<Vec<_>> =
            rule.groups.iter().map(|g| g.iter().map(MasterKey::name).collect()).collect();
        assert_eq!(names, [vec![A, "85D7"], vec![A, B]]);
        assert_eq!(rule.threshold, Some(2));
    }

    #[test]
    fn a_file_without_a_rule_and_a_broken_rule_are_told() {
        let none = config("creation_rules: [{path_regex: ^x$}]").rule(Path::new("/house/a"));
        assert!(matches!(none, Err(ConfigError::NoRule(_))));
        let broken = config("creation_rules: [{path_regex: '('}]").rule(Path::new("/house/a"));
        assert!(matches!(broken, Err(ConfigError::Expression { rule: 1, .. })));
        assert!(Config::parse(Path::new("/a"), "creation_rules: 3").is_err());
    }
}
