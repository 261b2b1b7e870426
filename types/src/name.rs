//! Names that end up in rendered files: each accepts only what its consumer accepts unquoted.
//!
//! A value of one of these types can be interpolated into pf rules, plists, unit files and YAML without
//! quoting, because no character that any of them treats specially can be part of it.

use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// Why a name was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// The text is empty.
    #[error("a {kind} must not be empty")]
    Empty {
        /// Which name.
        kind: &'static str,
    },
    /// The text is longer than its consumer allows.
    #[error("`{text}` is longer than the {max} characters of a {kind}")]
    TooLong {
        /// Which name.
        kind: &'static str,
        /// What was given.
        text: String,
        /// The limit in bytes.
        max: usize,
    },
    /// A character is not allowed where it stands.
    #[error("`{text}` is not a {kind}: {rule}")]
    Shape {
        /// Which name.
        kind: &'static str,
        /// What was given.
        text: String,
        /// The rule in words.
        rule: &'static str,
    },
}

struct Rule {
    kind: &'static str,
    max: usize,
    words: &'static str,
    pattern: &'static str,
    first: fn(char) -> bool,
    rest: fn(char) -> bool,
}

fn check(text: &str, rule: &Rule) -> Result<(), NameError> {
    let kind = rule.kind;
    let mut chars = text.chars();
    let Some(first) = chars.next() else { return Err(NameError::Empty { kind }) };
    if text.len() > rule.max {
        return Err(NameError::TooLong { kind, text: text.to_owned(), max: rule.max });
    }
    if !(rule.first)(first) || !chars.all(rule.rest) {
        return Err(NameError::Shape { kind, text: text.to_owned(), rule: rule.words });
    }
    Ok(())
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $rule:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Checks the text against the rule of this name.
            pub fn new(text: impl Into<String>) -> Result<Self, NameError> {
                const RULE: Rule = $rule;
                let text = text.into();
                check(&text, &RULE).map(|()| Self(text))
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = NameError;
            fn try_from(text: String) -> Result<Self, NameError> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                Cow::Borrowed(stringify!($name))
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                const RULE: Rule = $rule;
                schemars::json_schema!({
                    "type": "string", "minLength": 1, "maxLength": RULE.max, "pattern": RULE.pattern,
                    "description": RULE.words
                })
            }
        }
    };
}

fn lower(c: char) -> bool {
    c.is_ascii_lowercase()
}
fn lower_digit(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit()
}
fn slug_rest(c: char) -> bool {
    lower_digit(c) || c == '-' || c == '_'
}

name!(
    /// A service of the registry. 40 bytes leave room for `sanctum:` and a suffix in a pf label (63 bytes, pfvar.h).
    ServiceName,
    Rule {
        kind: "service name",
        max: 40,
        words: "lowercase letters, digits, `-` and `_`, starting with a letter",
        pattern: "^[a-z][a-z0-9_-]*$",
        first: lower,
        rest: slug_rest,
    }
);
name!(
    /// A node of the house; also its host name label (RFC 1123: 63 bytes).
    NodeName,
    Rule {
        kind: "node name",
        max: 63,
        words: "lowercase letters, digits and `-`, starting with a letter or digit",
        pattern: "^[a-z0-9][a-z0-9-]*$",
        first: lower_digit,
        rest: |c| lower_digit(c) || c == '-',
    }
);
name!(
    /// A user or group account (useradd(8): 32 bytes; macOS service accounts start with `_`).
    AccountName,
    Rule {
        kind: "account name",
        max: 31,
        words: "lowercase letters, digits, `-`, `_` and `.`, starting with a letter or `_`",
        pattern: "^[a-z_][a-z0-9_.-]*$",
        first: |c| lower(c) || c == '_',
        rest: |c| slug_rest(c) || c == '.',
    }
);
name!(
    /// A network interface (IFNAMSIZ is 16 with its NUL: 15 bytes).
    IfName,
    Rule {
        kind: "interface name",
        max: 15,
        words: "letters, digits, `.`, `_` and `-`, starting with a letter",
        pattern: "^[A-Za-z][A-Za-z0-9._-]*$",
        first: |c| c.is_ascii_alphabetic(),
        rest: |c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'),
    }
);
name!(
    /// A launchd label in reverse domain notation, such as `com.sanctum.vmnet`.
    JobLabel,
    Rule {
        kind: "job label",
        max: 120,
        words: "letters, digits, `.`, `-` and `_`, starting with a letter",
        pattern: "^[A-Za-z][A-Za-z0-9._-]*$",
        first: |c| c.is_ascii_alphabetic(),
        rest: |c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'),
    }
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_take_only_what_needs_no_quoting() {
        for good in ["gateway", "tts-2", "a_b"] {
            assert!(ServiceName::new(good).is_ok(), "{good}");
        }
        for bad in ["", "Gateway", "1st", "a b", "a\"b", "a\nb", "a.b", "é", &"a".repeat(41)] {
            assert!(ServiceName::new(bad).is_err(), "{bad}");
        }
        assert!(IfName::new("bridge100").is_ok() && IfName::new("a".repeat(16)).is_err());
        assert!(AccountName::new("_sanctum_proxy").is_ok() && AccountName::new("-x").is_err());
        assert!(NodeName::new("hub-1").is_ok() && NodeName::new("hub_1").is_err());
    }
}
