//! Which leaves of a document are encrypted.
//!
//! At most one selector holds in a document. Suffixes and expressions are tried on every key of the path; expressions
//! on comments are tried on the comments above the value and above the branches that it is in. Expressions are
//! searched, not anchored; their syntax is RE2's, as the original's is.

use super::re2;
use super::text::{Leaf, Step, What};
use regex::Regex;

/// The suffix that leaves a value in clear when a document names no selector.
pub const DEFAULT_SUFFIX: &str = "_unencrypted";

/// The names of the selectors, in the order in which the original writes them.
pub const NAMES: [&str; 6] = [
    "unencrypted_suffix",
    "encrypted_suffix",
    "unencrypted_regex",
    "encrypted_regex",
    "unencrypted_comment_regex",
    "encrypted_comment_regex",
];

/// Why selectors cannot be followed.
#[derive(Debug, thiserror::Error)]
pub enum SelectorError {
    /// The original refuses it too.
    #[error("`{0}` and `{1}` cannot both hold in one document")]
    Several(&'static str, &'static str),
    /// An expression that cannot be read.
    #[error("`{name}` is no regular expression")]
    Expression {
        /// Which selector.
        name: &'static str,
        /// What is wrong with it.
        #[source]
        source: Box<regex::Error>,
    },
}

/// The one selector of a document.
#[derive(Clone, Debug)]
pub enum Selector {
    /// All but keys that end so.
    UnencryptedSuffix(String),
    /// Only keys that end so.
    EncryptedSuffix(String),
    /// All but keys that match.
    UnencryptedRegex(Expression),
    /// Only keys that match.
    EncryptedRegex(Expression),
    /// All but values below a comment that matches, and that comment.
    UnencryptedCommentRegex(Expression),
    /// Only values below a comment that matches, without that comment.
    EncryptedCommentRegex(Expression),
}

/// An expression and how it was written.
#[derive(Clone, Debug)]
pub struct Expression {
    text: String,
    regex: Regex,
}

impl Expression {
    fn is_match(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }
}

impl Selector {
    /// The selector that these settings ask for; empty texts ask for nothing.
    pub fn of(get: impl Fn(&'static str) -> Option<String>) -> Result<Self, SelectorError> {
        let mut given = NAMES
            .into_iter()
            .filter_map(|name| get(name).filter(|text| !text.is_empty()).map(|text| (name, text)));
        let Some((name, text)) = given.next() else {
            return Ok(Self::UnencryptedSuffix(DEFAULT_SUFFIX.to_owned()));
        };
        if let Some((second, _)) = given.next() {
            return Err(SelectorError::Several(name, second));
        }
        let regex = || {
            let regex = re2::compile(&text)
                .map_err(|source| SelectorError::Expression { name, source: Box::new(source) })?;
            Ok(Expression { text: text.clone(), regex })
        };
        Ok(match name {
            "unencrypted_suffix" => Self::UnencryptedSuffix(text),
            "encrypted_suffix" => Self::EncryptedSuffix(text),
            "unencrypted_regex" => Self::UnencryptedRegex(regex()?),
            "encrypted_regex" => Self::EncryptedRegex(regex()?),
            "unencrypted_comment_regex" => Self::UnencryptedCommentRegex(regex()?),
            _ => Self::EncryptedCommentRegex(regex()?),
        })
    }

    /// Its name and its text, as metadata holds them.
    #[must_use]
    pub fn setting(&self) -> (&'static str, &str) {
        match self {
            Self::UnencryptedSuffix(text) => ("unencrypted_suffix", text),
            Self::EncryptedSuffix(text) => ("encrypted_suffix", text),
            Self::UnencryptedRegex(regex) => ("unencrypted_regex", &regex.text),
            Self::EncryptedRegex(regex) => ("encrypted_regex", &regex.text),
            Self::UnencryptedCommentRegex(regex) => ("unencrypted_comment_regex", &regex.text),
            Self::EncryptedCommentRegex(regex) => ("encrypted_comment_regex", &regex.text),
        }
    }

    /// For each leaf of a document, whether it is encrypted.
    #[must_use]
    pub fn choose(&self, leaves: &[Leaf]) -> Vec<bool> {
        let mut above = Above::default();
        leaves
            .iter()
            .map(|leaf| {
                above.arrive(leaf);
                let chosen = self.chooses(leaf, &above);
                above.leave(leaf);
                chosen
            })
            .collect()
    }

    fn chooses(&self, leaf: &Leaf, above: &Above<'_>) -> bool {
        let keys = || {
            leaf.path.iter().filter_map(|step| match step {
                Step::Key(key) => Some(key.as_str()),
                Step::Index(_) => None,
            })
        };
        match self {
            Self::UnencryptedSuffix(suffix) => !keys().any(|key| key.ends_with(suffix.as_str())),
            Self::EncryptedSuffix(suffix) => keys().any(|key| key.ends_with(suffix.as_str())),
            Self::UnencryptedRegex(regex) => !keys().any(|key| regex.is_match(key)),
            Self::EncryptedRegex(regex) => keys().any(|key| regex.is_match(key)),
            Self::UnencryptedCommentRegex(regex) => {
                !above.comments(false).any(|c| regex.is_match(c))
            }
            Self::EncryptedCommentRegex(regex) => {
                // The comment that matches stays in clear itself.
                let itself = matches!(leaf.what, What::Comment(_));
                above.comments(itself).any(|comment| regex.is_match(comment))
            }
        }
    }
}

/// The comments above a leaf: for each branch that it is in, those since the last item of that branch.
#[derive(Default)]
struct Above<'a> {
    /// The branch of the last leaf.
    branch: &'a [Step],
    /// One entry for each prefix of the branch, the root's first.
    levels: Vec<Vec<&'a str>>,
}

impl<'a> Above<'a> {
    fn arrive(&mut self, leaf: &'a Leaf) {
        let branch = match leaf.what {
            What::Comment(_) => &leaf.path[..],
            What::Value(_) => leaf.path.split_last().map_or(&leaf.path[..], |(_, branch)| branch),
        };
        let common = self.branch.iter().zip(branch).take_while(|(old, new)| old == new).count();
        if self.branch.len() > common {
            // An item of this level has ended, and all below it.
            self.levels.truncate(common + 1);
            if let Some(level) = self.levels.get_mut(common) {
                level.clear();
            }
        }
        self.levels.resize_with(branch.len() + 1, Vec::new);
        self.branch = branch;
        if let (What::Comment(text), Some(level)) = (&leaf.what, self.levels.last_mut()) {
            level.push(text);
        }
    }

    fn leave(&mut self, leaf: &Leaf) {
        if let (What::Value(_), Some(level)) = (&leaf.what, self.levels.last_mut()) {
            level.clear();
        }
    }

    fn comments(&self, without_last: bool) -> impl Iterator<Item = &'a str> {
        let all: usize = self.levels.iter().map(Vec::len).sum();
        let count = all.saturating_sub(usize::from(without_last));
        self.levels.iter().flatten().copied().take(count)
    }
}

#[cfg(test)]
mod tests {
    use super::super::text::Scalar;
    use super::*;
    use zeroize::Zeroizing;

    fn leaf(text: &str) -> Leaf {
        let (path, comment) = text.split_once('#').map_or((text, None), |(p, c)| (p, Some(c)));
        let steps = path.split('.').filter(|step| !step.is_empty());
        let path = steps
            .map(|step| step.parse().map_or_else(|_| Step::Key(step.to_owned()), Step::Index))
            .collect();
        let what = comment
            .map_or(What::Value(Scalar::Null), |c| What::Comment(Zeroizing::new(c.to_owned())));
        Leaf { path, what }
    }

    fn chosen(name: &'static str, text: &str, leaves: &[&str]) -> String {
        let selector = Selector::of(|asked| (asked == name).then(|| text.to_owned())).unwrap();
        let leaves: Vec<_> = leaves.iter().map(|text| leaf(text)).collect();
        selector.choose(&leaves).iter().map(|yes| if *yes { 'e' } else { '-' }).collect()
    }

    #[test]
    fn keys_choose_and_children_follow() {
        for (name, text, leaves, expected) in [
            ("", "", &["a", "b_unencrypted", "b_unencrypted.c", "l_unencrypted.0"][..], "e---"),
            ("encrypted_suffix", "_e", &["a", "b_e", "b_e.0.c"], "-ee"),
            ("unencrypted_regex", "^pub", &["public", "republic", "a.pub"], "-e-"),
            ("encrypted_regex", "word", &["password", "a.word.b", "b"], "ee-"),
        ] {
            assert_eq!(chosen(name, text, leaves), expected, "{name}");
        }
    }

    #[test]
    fn comments_choose_what_is_below_them_until_the_next_item() {
        let document =
            ["#enc", "a", "b", "m#enc", "m.x.y", "m.x.z", "m.w", "l.0", "l#enc", "l.1", "l.2"];
        assert_eq!(chosen("encrypted_comment_regex", "enc", &document), "-e--ee---e-");
        assert_eq!(chosen("unencrypted_comment_regex", "enc", &document), "--e---ee--e");
        let two = ["#enc", "#second", "a"];
        assert_eq!(chosen("encrypted_comment_regex", "enc", &two), "-ee");
    }

    #[test]
    fn two_selectors_are_refused() {
        assert!(Selector::of(|_| Some("x".to_owned())).is_err());
        assert!(Selector::of(|name| (name == "encrypted_regex").then(|| "(".to_owned())).is_err());
    }
}
