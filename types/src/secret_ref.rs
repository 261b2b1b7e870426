//! Where a secret is, never what it is.
//!
//! One spelling for the whole house: `keychain:service/account`, `keychain://system/service/account`,
//! `sops:file#path.to.key`, `file:name`, `op://vault/item/field`, `age:file`. Resolving one comes with the `secrets` floor.

use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;

/// A reference to a secret in one of the stores.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum SecretRef {
    /// A generic password of whoever reads it: login Keychain, Secret Service, or root's own keychain.
    Keychain {
        /// The item's service attribute.
        service: String,
        /// The item's account attribute.
        account: String,
    },
    /// A generic password of the machine, which only root reads: the System keychain of macOS.
    SystemKeychain {
        /// The item's service attribute.
        service: String,
        /// The item's account attribute.
        account: String,
    },
    /// One value of a SOPS document.
    Sops {
        /// The document's path.
        file: String,
        /// The dotted path of the value.
        key: String,
    },
    /// A 0600 file of the house's secrets directory.
    File(String),
    /// A field of a 1Password item.
    OnePassword {
        /// The vault.
        vault: String,
        /// The item.
        item: String,
        /// The field, with its section where there is one.
        field: String,
    },
    /// A file encrypted with age.
    Age(String),
}

impl SecretRef {
    /// Reads one of the spellings.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let whole = |part: &str| !part.is_empty() && !part.chars().any(char::is_control);
        let (scheme, rest) = text.split_once(':')?;
        if !whole(rest) {
            return None;
        }
        match scheme {
            "keychain" => {
                let system = rest.strip_prefix("//system/");
                let (service, account) = system.unwrap_or(rest).split_once('/')?;
                if !whole(service) || !whole(account) {
                    return None;
                }
                let (service, account) = (service.to_owned(), account.to_owned());
                Some(match system {
                    Some(_) => Self::SystemKeychain { service, account },
                    None => Self::Keychain { service, account },
                })
            }
            "sops" => {
                let (file, key) = rest.split_once('#')?;
                (whole(file) && whole(key))
                    .then(|| Self::Sops { file: file.to_owned(), key: key.to_owned() })
            }
            // A name below the secrets directory: no separators, so that it cannot point elsewhere.
            "file" => (!rest.contains('/') && rest != "." && rest != "..")
                .then(|| Self::File(rest.to_owned())),
            "op" => {
                let mut parts = rest.strip_prefix("//")?.splitn(3, '/');
                let (vault, item, field) = (parts.next()?, parts.next()?, parts.next()?);
                (whole(vault) && whole(item) && whole(field)).then(|| Self::OnePassword {
                    vault: vault.to_owned(),
                    item: item.to_owned(),
                    field: field.to_owned(),
                })
            }
            "age" => Some(Self::Age(rest.to_owned())),
            _ => None,
        }
    }

    /// Whether it resolves with no login session and no network, whoever reads it: what a P0 service needs at boot.
    #[must_use]
    pub const fn unattended(&self) -> bool {
        match self {
            Self::File(_) | Self::Age(_) | Self::Sops { .. } | Self::SystemKeychain { .. } => true,
            Self::Keychain { .. } | Self::OnePassword { .. } => false,
        }
    }

    /// Service and account of a keychain's item.
    #[must_use]
    pub fn keychain_item(&self) -> Option<(&str, &str)> {
        match self {
            Self::Keychain { service, account } | Self::SystemKeychain { service, account } => {
                Some((service, account))
            }
            _ => None,
        }
    }
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keychain { service, account } => write!(f, "keychain:{service}/{account}"),
            Self::SystemKeychain { service, account } => {
                write!(f, "keychain://system/{service}/{account}")
            }
            Self::Sops { file, key } => write!(f, "sops:{file}#{key}"),
            Self::File(name) => write!(f, "file:{name}"),
            Self::OnePassword { vault, item, field } => write!(f, "op://{vault}/{item}/{field}"),
            Self::Age(file) => write!(f, "age:{file}"),
        }
    }
}

impl From<SecretRef> for String {
    fn from(reference: SecretRef) -> Self {
        reference.to_string()
    }
}

impl TryFrom<String> for SecretRef {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        // The text is not repeated: somebody may have pasted the secret itself.
        Self::parse(&text).ok_or(
            "not a secret reference; write keychain:service/account, keychain://system/service/account, \
             sops:file#path.to.key, file:name, op://vault/item/field or age:file",
        )
    }
}

impl schemars::JsonSchema for SecretRef {
    fn schema_name() -> Cow<'static, str> {
        Cow::Borrowed("SecretRef")
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string", "pattern": "^(keychain:(//system/)?[^/]+/.+|sops:[^#]+#.+|file:[^/]+|op://[^/]+/[^/]+/.+|age:.+)$",
            "description": "where a secret is: keychain:service/account, keychain://system/service/account, sops:file#path.to.key, file:name, op://vault/item/field or age:file"
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spellings_print_as_they_were_read_and_say_what_answers_at_boot() {
        for (text, unattended) in [
            ("keychain:a/b", false),
            ("keychain:system/b", false),
            ("keychain://system/a/b/c", true),
            ("sops:s.yaml#a.b", true),
            ("file:token", true),
            ("op://v/i/s/f", false),
            ("age:/k.age", true),
        ] {
            let reference = SecretRef::parse(text).expect(text);
            assert_eq!(reference.to_string(), text);
            assert_eq!(reference.unattended(), unattended, "{text}");
        }
        for bad in [
            "",
            "keychain:a",
            "keychain://system/a",
            "keychain://system//b",
            "keychain://login/a/b",
            "sops:a",
            "file:../x",
            "file:..",
            "op:/v/i/f",
            "op://v/i",
            "env:X",
            "hunter2",
        ] {
            assert_eq!(SecretRef::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_refusal_does_not_repeat_the_text() {
        let refusal = SecretRef::try_from("hunter2".to_owned()).unwrap_err();
        assert!(!refusal.contains("hunter2"));
    }
}
