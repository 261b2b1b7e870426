//! The shape of a rule file: what `rules/*.yaml` may say, and what is refused.
//!
//! Read by the build script, which turns the files into tables, and by the tests, which run the examples.
//! The program itself links neither this module nor a YAML reader, so that it starts without parsing.

use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// Every rule file by name and content. The order is the order of the rules; of two rules that see the
/// same secret the earlier one names it, so exact kinds come before generic ones.
pub(crate) const FILES: &[(&str, &str)] = &[
    ("code.yaml", include_str!("../rules/code.yaml")),
    ("cloud.yaml", include_str!("../rules/cloud.yaml")),
    ("azure.yaml", include_str!("../rules/azure.yaml")),
    ("hosting.yaml", include_str!("../rules/hosting.yaml")),
    ("ai.yaml", include_str!("../rules/ai.yaml")),
    ("chat.yaml", include_str!("../rules/chat.yaml")),
    ("mail.yaml", include_str!("../rules/mail.yaml")),
    ("data.yaml", include_str!("../rules/data.yaml")),
    ("monitoring.yaml", include_str!("../rules/monitoring.yaml")),
    ("devtools.yaml", include_str!("../rules/devtools.yaml")),
    ("auth.yaml", include_str!("../rules/auth.yaml")),
    ("commerce.yaml", include_str!("../rules/commerce.yaml")),
    ("finance.yaml", include_str!("../rules/finance.yaml")),
    ("pay.yaml", include_str!("../rules/pay.yaml")),
    ("social.yaml", include_str!("../rules/social.yaml")),
    ("infra.yaml", include_str!("../rules/infra.yaml")),
    ("home.yaml", include_str!("../rules/home.yaml")),
    ("key.yaml", include_str!("../rules/key.yaml")),
    ("form.yaml", include_str!("../rules/form.yaml")),
    ("generic.yaml", include_str!("../rules/generic.yaml")),
];

/// A keyword shorter than this would send nearly every text to the rule's pattern.
const SHORTEST_KEYWORD: usize = 3;

/// One rule as it is written.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RuleText {
    /// Stable name in kebab case; findings, allow-lists and redaction marks use it.
    pub(crate) id: String,
    /// What a person calls it.
    pub(crate) title: String,
    /// Who issues it, in lower case.
    pub(crate) provider: String,
    /// How bad a leak is.
    pub(crate) severity: SeverityText,
    /// Where the form is documented.
    pub(crate) source: String,
    /// Literals, one of which every match contains; compared without regard to ASCII case.
    pub(crate) keywords: Vec<String>,
    /// Regular expression over bytes; a group named `secret` narrows the match to the secret.
    #[serde(default)]
    pub(crate) pattern: String,
    /// What looks in place of a pattern: code for a kind that is a grammar rather than an expression.
    #[serde(default)]
    pub(crate) finder: Option<FinderText>,
    /// Fewest bytes of a secret.
    #[serde(default)]
    pub(crate) min_length: usize,
    /// Whether what follows the public prefix must vary as chance does for its alphabet and length, and be no
    /// placeholder.
    #[serde(default)]
    pub(crate) varied: bool,
    /// A test beyond the pattern, such as a checksum.
    #[serde(default)]
    pub(crate) check: Option<CheckText>,
    /// Values that the provider's own documents use.
    #[serde(default)]
    pub(crate) dummies: Vec<String>,
    /// Whether only guards look for it: a form without the sum or the context that tells a credential from chance.
    #[serde(default)]
    pub(crate) guards_only: bool,
    /// What the provider is asked about one.
    #[serde(default)]
    pub(crate) validate: Option<ValidateText>,
    /// The name of the file that the examples stand in, for kinds that depend on it.
    #[serde(default)]
    #[cfg_attr(not(test), expect(dead_code, reason = "the build script leaves the examples out"))]
    pub(crate) path: Option<String>,
    /// Texts with exactly one secret of this kind.
    pub(crate) positive: Vec<Example>,
    /// Texts in which this rule finds nothing.
    pub(crate) negative: Vec<Example>,
}

/// A request of the provider's that changes nothing and that only a valid credential can make.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ValidateText {
    /// Where it is documented.
    pub(crate) source: String,
    /// Its address; `{secret}` in the path only where the provider has credentials in its paths.
    pub(crate) url: String,
    #[serde(default)]
    pub(crate) method: MethodText,
    /// Names in lowercase, and templates.
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    /// A JSON body that holds nothing of the credential.
    #[serde(default)]
    pub(crate) body: String,
    /// Beginnings of the credentials that it is about; all where there is none.
    #[serde(default)]
    pub(crate) begins: Vec<String>,
    /// What says that it is valid.
    pub(crate) active: SaysText,
    /// What says that it is not; nothing where others than the one who is asked issue the form too.
    #[serde(default)]
    pub(crate) inactive: SaysText,
}

/// The methods of requests that only read.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum MethodText {
    #[default]
    Get,
    /// Where the provider documents it so.
    Post,
}

/// How an answer says something.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SaysText {
    /// One of these statuses.
    pub(crate) status: Vec<u16>,
    /// Where there are any: one of these in the body, written without white space.
    #[serde(default)]
    pub(crate) says: Vec<String>,
}

impl ValidateText {
    /// Host, and path with query.
    pub(crate) fn host_and_path(&self) -> Option<(&str, &str)> {
        let rest = self.url.strip_prefix("https://")?;
        let at = rest.find('/')?;
        let named = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '.' || c == '-';
        rest.split_at_checked(at).filter(|(host, _)| host.contains('.') && host.chars().all(named))
    }
}

/// The severities that a leak can have.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum SeverityText {
    /// Worth a look.
    Warn,
    /// Limited reach.
    Error,
    /// Act now.
    Critical,
}

/// The tests that a rule can ask for.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum CheckText {
    /// The last six characters are the CRC-32 of those between prefix and them, in base 62.
    Crc32Base62,
    /// `_` and the CRC-32 of everything before it, in six digits of base 62.
    Crc32Base62Whole,
    /// The CRC-32 of everything before it, in seven digits of base 36.
    Crc32Base36Whole,
    /// `_` and the CRC-32 of everything before it, in eight hexadecimal digits, low byte first.
    Crc32HexWhole,
    /// BIP 173 checksum.
    Bech32,
    /// The first part decodes to a JSON header that names an algorithm.
    Jwt,
    /// What follows the first `-` is base64 of a macaroon.
    Macaroon,
    /// The first part is base64 of a decimal id.
    Snowflake,
    /// A letter and a digit stand in it.
    Mixed,
    /// The value is no placeholder.
    NotPlaceholder,
}

/// The grammars that code reads.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum FinderText {
    /// A name that stands for a secret, a sign, a value.
    Assignment,
    /// The password in front of a URL's host.
    UrlPassword,
    /// An option of a program, or a phrase of SQL, whose value is a password.
    CommandPassword,
    /// Credentials of HTTP's `Basic` and `Bearer` schemes.
    AuthScheme,
    /// A private key in PEM, OpenPGP or PuTTY armour.
    ArmouredKey,
    /// A line of a file that is known to hold credentials by its name.
    CredentialFile,
}

/// The parts of an example; joined they are its text.
///
/// A text is stored in parts so that no file of the repository holds a token in one piece. `⟦` and `⟧` set
/// off the secret; without them the whole text is the secret.
#[derive(Clone, Debug, Deserialize)]
#[serde(transparent)]
pub(crate) struct Example(pub(crate) Vec<String>);

/// What is wrong with a rule file.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FormatError {
    /// Not YAML, an unknown field, or a field that is missing.
    #[error("cannot read rule file {file}")]
    Parse {
        /// Its name.
        file: &'static str,
        /// What the reader says.
        #[source]
        source: Box<serde_saphyr::Error>,
    },
    /// Two rules share an id.
    #[error("{file}: two rules are called {id}")]
    Twice {
        /// The file of the second one.
        file: &'static str,
        /// The shared id.
        id: String,
    },
    /// A rule lacks something or says something that no rule may say.
    #[error("{file}: rule {id} has {fault}")]
    Rule {
        /// The file.
        file: &'static str,
        /// The rule.
        id: String,
        /// What is wrong with it.
        fault: &'static str,
    },
}

/// All rules of all files in order.
///
/// # Errors
/// The first file that does not parse, or the first rule that is refused.
pub(crate) fn read_rules() -> Result<Vec<RuleText>, FormatError> {
    let mut rules = Vec::new();
    let mut ids = BTreeSet::new();
    for (file, text) in FILES.iter().copied() {
        for rule in parse_rules(file, text)? {
            if !ids.insert(rule.id.clone()) {
                return Err(FormatError::Twice { file, id: rule.id });
            }
            rules.push(rule);
        }
    }
    Ok(rules)
}

/// The rules of one file.
///
/// # Errors
/// When the file does not parse or a rule is refused.
pub(crate) fn parse_rules(file: &'static str, text: &str) -> Result<Vec<RuleText>, FormatError> {
    let rules: Vec<RuleText> = serde_saphyr::from_str(text)
        .map_err(|source| FormatError::Parse { file, source: Box::new(source) })?;
    for rule in &rules {
        if let Some(fault) = fault_of(rule) {
            return Err(FormatError::Rule { file, id: rule.id.clone(), fault });
        }
    }
    Ok(rules)
}

fn fault_of(rule: &RuleText) -> Option<&'static str> {
    let kebab = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if rule.id.is_empty() || !rule.id.chars().all(kebab) {
        return Some("an id that is not kebab case");
    }
    if rule.keywords.is_empty() {
        return Some("no keyword");
    }
    if rule.keywords.iter().any(|keyword| keyword.len() < SHORTEST_KEYWORD) {
        return Some("a keyword of fewer than three bytes");
    }
    if rule.positive.is_empty() || rule.negative.is_empty() {
        return Some("no positive or no negative example");
    }
    if rule.positive.iter().any(|example| example.0.len() < 2) {
        return Some("a positive example in one piece");
    }
    if rule.pattern.is_empty() == rule.finder.is_none() {
        return Some("both a pattern and a finder, or neither");
    }
    let Some(validate) = &rule.validate else { return None };
    if rule.finder.is_some() {
        return Some("a request for a kind that no provider issues");
    }
    fault_of_request(validate)
}

fn fault_of_request(validate: &ValidateText) -> Option<&'static str> {
    const SECRET: &str = "{secret}";
    let Some((_, path)) = validate.host_and_path() else {
        return Some("a request whose address is no host of https with a path");
    };
    let in_headers: usize =
        validate.headers.values().map(|text| text.matches(SECRET).count()).sum();
    if path.matches(SECRET).count() + in_headers != 1 || validate.body.contains(SECRET) {
        return Some("a request that holds the secret elsewhere than once in a header or the path");
    }
    if !validate.source.starts_with("https://") || validate.begins.iter().any(String::is_empty) {
        return Some("a request without its page, or about what begins with nothing");
    }
    let lower = |name: &String| name.chars().all(|c| c.is_ascii_lowercase() || c == '-');
    if !validate.headers.keys().all(lower) {
        return Some("a header that is not written in lowercase");
    }
    if !validate.body.is_empty() && matches!(validate.method, MethodText::Get) {
        return Some("a body of a request that has none");
    }
    let (active, inactive) = (&validate.active, &validate.inactive);
    if active.status.is_empty() || !active.status.iter().all(|status| (200..300).contains(status)) {
        return Some("no status, or no success, for what is valid");
    }
    let refusal =
        |status: &u16| (400..500).contains(status) && *status != 429 || !inactive.says.is_empty();
    if !inactive.status.iter().all(refusal) {
        return Some("a status for what is not valid that is no refusal");
    }
    let shared = active.status.iter().any(|status| inactive.status.contains(status));
    if shared && (active.says.is_empty() || inactive.says.is_empty()) {
        return Some("a status that says both");
    }
    let dense = |text: &String| !text.is_empty() && !text.contains(char::is_whitespace);
    if !active.says.iter().chain(&inactive.says).all(dense) {
        return Some("a text of an answer with white space in it");
    }
    None
}
