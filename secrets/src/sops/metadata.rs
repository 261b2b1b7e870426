//! The metadata of a document: who can open its data key, what is encrypted, the MAC.
//!
//! It is kept as the tree that was read, so that what sanctum does not know (PGP, cloud KMS, fields of later versions)
//! stays as it is and where it is. In dotenv and INI every scalar is text; both spellings are read.

use super::selectors::{Selector, SelectorError};
use super::text::{Node, Scalar};
use zeroize::Zeroizing;

/// The version of the original whose documents these are; readers refuse a document without one.
pub const VERSION: &str = "3.11.0";

/// The lists of master keys, in the order in which the original tries and writes them; age is ours.
pub const KINDS: [&str; 7] = ["kms", "gcp_kms", "hckms", "azure_kv", "hc_vault", "age", "pgp"];

/// The original's order of fields (getsops/sops, stores/stores.go), for those that are added.
const ORDER: [&str; 19] = [
    "shamir_threshold",
    "key_groups",
    "kms",
    "gcp_kms",
    "hckms",
    "azure_kv",
    "hc_vault",
    "age",
    "lastmodified",
    "mac",
    "pgp",
    "unencrypted_suffix",
    "encrypted_suffix",
    "unencrypted_regex",
    "encrypted_regex",
    "unencrypted_comment_regex",
    "encrypted_comment_regex",
    "mac_only_encrypted",
    "version",
];

/// Why metadata cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum MetadataError {
    /// There is none.
    #[error("the file has no `sops` metadata: it is not encrypted")]
    NotThere,
    /// It is no map.
    #[error("the `sops` metadata is not a map")]
    NotAMap,
    /// A field that must be there is not, or is empty.
    #[error("the `sops` metadata has no `{0}`")]
    Missing(&'static str),
    /// A field is of another type.
    #[error("`{0}` of the `sops` metadata cannot be read")]
    Field(&'static str),
    /// What is encrypted cannot be told.
    #[error(transparent)]
    Selector(#[from] SelectorError),
}

/// One master key: an entry that holds the data key, or a share of it, wrapped.
#[derive(Clone, Debug, PartialEq)]
pub struct MasterKey {
    /// Which of [`KINDS`].
    pub kind: &'static str,
    /// The entry as it is in the file.
    pub entry: Node,
}

impl MasterKey {
    /// An age entry.
    #[must_use]
    pub fn age(recipient: &str, wrapped: &str) -> Self {
        let entry = Node::Map(vec![
            ("recipient".to_owned(), text(recipient)),
            ("enc".to_owned(), text(wrapped)),
        ]);
        Self { kind: "age", entry }
    }

    /// What people know it by: the recipient, the fingerprint, the resource.
    #[must_use]
    pub fn name(&self) -> String {
        let fields: &[&str] = match self.kind {
            "age" => &["recipient"],
            "pgp" => &["fp"],
            "kms" => &["arn"],
            "gcp_kms" => &["resource_id"],
            "hckms" => &["key_id"],
            "azure_kv" => &["vault_url", "name"],
            _ => &["vault_address", "engine_path", "key_name"],
        };
        let parts: Vec<_> =
            fields.iter().filter_map(|field| string(self.entry.get(field)?)).collect();
        parts.join(" ")
    }

    /// The wrapped data key or share.
    #[must_use]
    pub fn wrapped(&self) -> Option<String> {
        string(self.entry.get("enc")?)
    }
}

/// The keys of which any one opens the group's part.
pub type Group = Vec<MasterKey>;

/// The metadata of a document.
#[derive(Clone, Debug, PartialEq)]
pub struct Metadata {
    fields: Vec<(String, Node)>,
}

impl Metadata {
    /// Of a document that is being encrypted.
    #[must_use]
    pub fn fresh(selector: &Selector, mac_only_encrypted: bool) -> Self {
        let (name, value) = selector.setting();
        let mut metadata = Self { fields: Vec::new() };
        metadata.put(name, text(value));
        if mac_only_encrypted {
            metadata.put("mac_only_encrypted", Node::Scalar(Scalar::Bool(true)));
        }
        metadata.put("version", text(VERSION));
        metadata
    }

    /// What a document holds; a document without a version is refused as the original refuses it.
    pub fn read(node: Option<Node>) -> Result<Self, MetadataError> {
        let fields = match node {
            None | Some(Node::Scalar(Scalar::Null)) => return Err(MetadataError::NotThere),
            Some(Node::Map(fields)) => fields,
            Some(Node::List(_) | Node::Scalar(_)) => return Err(MetadataError::NotAMap),
        };
        let metadata = Self { fields };
        if metadata.string("version").is_none_or(|version| version.is_empty()) {
            return Err(MetadataError::Missing("version"));
        }
        Ok(metadata)
    }

    /// The tree to write.
    #[must_use]
    pub fn node(&self) -> Node {
        Node::Map(self.fields.clone())
    }

    fn get(&self, name: &str) -> Option<&Node> {
        self.fields.iter().find(|(known, _)| known == name).map(|(_, node)| node)
    }

    fn string(&self, name: &str) -> Option<String> {
        string(self.get(name)?)
    }

    fn put(&mut self, name: &'static str, node: Node) {
        if let Some((_, old)) = self.fields.iter_mut().find(|(known, _)| known == name) {
            *old = node;
            return;
        }
        let rank = |name: &str| ORDER.iter().position(|known| *known == name);
        let at = self.fields.iter().position(|(known, _)| rank(known) > rank(name));
        self.fields.insert(at.unwrap_or(self.fields.len()), (name.to_owned(), node));
    }

    /// What is encrypted.
    pub fn selector(&self) -> Result<Selector, MetadataError> {
        Ok(Selector::of(|name| self.string(name))?)
    }

    /// Whether the MAC is over encrypted values only.
    #[must_use]
    pub fn mac_only_encrypted(&self) -> bool {
        match self.get("mac_only_encrypted") {
            Some(Node::Scalar(Scalar::Bool(yes))) => *yes,
            Some(node) => string(node).is_some_and(|text| text == "true"),
            None => false,
        }
    }

    /// When it was last changed, in the words that the MAC is bound to.
    pub fn last_modified(&self) -> Result<String, MetadataError> {
        self.string("lastmodified").ok_or(MetadataError::Missing("lastmodified"))
    }

    /// The encrypted MAC; empty when there is none.
    #[must_use]
    pub fn mac(&self) -> String {
        self.string("mac").unwrap_or_default()
    }

    /// Puts a new MAC and its moment in.
    pub fn set_mac(&mut self, moment: &str, mac: &str) {
        self.put("lastmodified", text(moment));
        self.put("mac", text(mac));
    }

    /// How many groups open the data key; none when the file does not say.
    pub fn threshold(&self) -> Result<Option<usize>, MetadataError> {
        let number = match self.get("shamir_threshold") {
            None | Some(Node::Scalar(Scalar::Null)) => return Ok(None),
            Some(Node::Scalar(Scalar::Int(number))) => usize::try_from(*number).ok(),
            Some(node) => string(node).and_then(|text| text.parse().ok()),
        };
        number.map(|n| (n != 0).then_some(n)).ok_or(MetadataError::Field("shamir_threshold"))
    }

    /// The key groups; the lists of the top level are the only group where they are not empty.
    #[must_use]
    pub fn groups(&self) -> Vec<Group> {
        let flat = group(|kind| self.get(kind));
        if !flat.is_empty() {
            return vec![flat];
        }
        let Some(Node::List(groups)) = self.get("key_groups") else { return Vec::new() };
        groups.iter().map(|node| group(|kind| node.get(kind))).collect()
    }

    /// Replaces the key groups and the threshold.
    pub fn set_groups(&mut self, groups: &[Group], threshold: Option<usize>) {
        let shared = groups.len() > 1;
        self.fields.retain(|(name, _)| match name.as_str() {
            "shamir_threshold" | "key_groups" => shared,
            _ => true,
        });
        for kind in KINDS {
            let keys = if shared { &[] } else { groups.first().map_or(&[][..], Vec::as_slice) };
            let list = list(keys, kind);
            if list.is_empty() {
                self.fields.retain(|(name, old)| {
                    name != kind || !matches!(old, Node::List(l) if !l.is_empty())
                });
            } else {
                self.put(kind, Node::List(list));
            }
        }
        if !shared {
            return;
        }
        if let Some(threshold) = threshold.and_then(|n| i64::try_from(n).ok()) {
            self.put("shamir_threshold", Node::Scalar(Scalar::Int(threshold)));
        }
        let groups = groups.iter().map(|keys| {
            let kinds = KINDS.into_iter().map(|kind| (kind.to_owned(), list(keys, kind)));
            Node::Map(
                kinds
                    .filter(|(_, list)| !list.is_empty())
                    .map(|(kind, list)| (kind, Node::List(list)))
                    .collect(),
            )
        });
        self.put("key_groups", Node::List(groups.collect()));
    }
}

fn list(keys: &[MasterKey], kind: &str) -> Vec<Node> {
    keys.iter().filter(|key| key.kind == kind).map(|key| key.entry.clone()).collect()
}

fn group<'a>(get: impl Fn(&'static str) -> Option<&'a Node>) -> Group {
    let mut keys = Vec::new();
    for kind in KINDS {
        if let Some(Node::List(entries)) = get(kind) {
            keys.extend(entries.iter().map(|entry| MasterKey { kind, entry: entry.clone() }));
        }
    }
    keys
}

fn text(text: &str) -> Node {
    Node::Scalar(Scalar::Str(Zeroizing::new(text.to_owned())))
}

fn string(node: &Node) -> Option<String> {
    match node {
        // YAML resolves an unquoted moment; its text is the same.
        Node::Scalar(Scalar::Str(text) | Scalar::Time(text)) => Some(text.to_string()),
        _ => None,
    }
}
