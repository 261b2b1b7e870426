//! The built-in rules as a table of constants, made from `rules/*.yaml` at build time.
//!
//! A rule is text until its first keyword is seen: nothing here compiles an expression.

use crate::check::Check;
use crate::finder::Finder;
use crate::validation::{Says, Validation};
use sanctum_types::Severity;

/// One kind of credential.
#[derive(Debug)]
pub struct Rule {
    /// Stable name in kebab case, such as `github-pat`.
    pub id: &'static str,
    /// What a person calls it.
    pub title: &'static str,
    /// Who issues it, in lower case.
    pub provider: &'static str,
    /// How bad a leak is.
    pub severity: Severity,
    /// Where the form is documented.
    pub source: &'static str,
    /// Literals, one of which every match contains, in any ASCII case.
    pub keywords: &'static [&'static str],
    pub(crate) pattern: &'static str,
    pub(crate) finder: Option<Finder>,
    /// Most bytes of a match in front of its keyword; none where every match begins with a keyword.
    pub(crate) before: Option<usize>,
    /// Most bytes from the start of its keyword to the end of a match.
    pub(crate) after: usize,
    pub(crate) min_length: usize,
    pub(crate) varied: bool,
    pub(crate) check: Option<Check>,
    pub(crate) dummies: &'static [&'static str],
    /// Whether only [`crate::Engine::guarding`] looks for it.
    pub guards_only: bool,
    /// What its provider is asked about one, where it has a request that only reads.
    pub validate: Option<&'static Validation>,
}

impl Rule {
    /// Whether the pattern narrows its match to a group, so that the secret has no public prefix.
    pub(crate) fn has_group(&self) -> bool {
        self.finder.is_some() || self.pattern.contains("(?<secret>")
    }

    /// The public prefix that a secret begins with: its longest keyword there, or nothing.
    pub(crate) fn prefix_len(&self, secret: &[u8]) -> usize {
        let begins = |keyword: &&&str| {
            secret
                .get(..keyword.len())
                .is_some_and(|head| head.eq_ignore_ascii_case(keyword.as_bytes()))
        };
        self.keywords.iter().filter(begins).map(|keyword| keyword.len()).max().unwrap_or(0)
    }
}

/// Every built-in rule, exact kinds before generic ones.
pub static RULES: &[Rule] = include!(concat!(env!("OUT_DIR"), "/rules.rs"));
