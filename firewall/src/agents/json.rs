//! JSON with positions: what agents send, and the settings that people keep.
//!
//! Two readings share one grammar. What an agent sends is read strictly, and a name that occurs twice is refused, for two
//! readers could take different ones. Settings may hold comments and trailing commas, as editors allow. Every text is
//! read in bounds of size, depth and count, and nothing here panics. Numbers stay text, so that they are written as they came.

mod read;
mod write;

pub use read::{JsonError, MAX_BYTES, Mistake, parse, parse_settings};
pub use write::Layout;
pub(crate) use write::{break_line, quote};

use std::ops::Range;

/// A value and the bytes that it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its bytes in the text, without blanks around it.
    pub span: Range<usize>,
    /// What it is.
    pub value: Value,
}

/// What a [`Node`] is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// `null`, `true`, `false`, a number or a string.
    Scalar(Json),
    /// `[…]`.
    List(Vec<Node>),
    /// `{…}`, in the order of the text.
    Map(Vec<Member>),
}

/// One name and value of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The name, unescaped.
    pub name: String,
    /// The bytes of the name with its quotes.
    pub name_span: Range<usize>,
    /// The value.
    pub node: Node,
}

/// A value without positions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Json {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number as it is written.
    Number(String),
    /// A string, unescaped.
    Text(String),
    /// An array.
    List(Vec<Json>),
    /// An object, in order.
    Map(Vec<(String, Json)>),
}

impl From<Node> for Json {
    fn from(node: Node) -> Self {
        match node.value {
            Value::Scalar(scalar) => scalar,
            Value::List(items) => Self::List(items.into_iter().map(Self::from).collect()),
            Value::Map(members) => Self::Map(
                members.into_iter().map(|member| (member.name, Self::from(member.node))).collect(),
            ),
        }
    }
}

impl From<&str> for Json {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl Node {
    /// The member of this name; of settings that hold it twice the last one, as `JSON.parse` takes it.
    #[must_use]
    pub fn member(&self, name: &str) -> Option<&Member> {
        self.members()?.iter().rev().find(|member| member.name == name)
    }

    /// The value of the member of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Self> {
        self.member(name).map(|member| &member.node)
    }

    /// The members of an object.
    #[must_use]
    pub fn members(&self) -> Option<&[Member]> {
        match &self.value {
            Value::Map(members) => Some(members),
            Value::Scalar(_) | Value::List(_) => None,
        }
    }

    /// The items of an array.
    #[must_use]
    pub fn items(&self) -> Option<&[Self]> {
        match &self.value {
            Value::List(items) => Some(items),
            Value::Scalar(_) | Value::Map(_) => None,
        }
    }

    /// The text of a string.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar(Json::Text(text)) => Some(text),
            Value::Scalar(_) | Value::List(_) | Value::Map(_) => None,
        }
    }

    /// Whether it is this boolean.
    #[must_use]
    pub fn is(&self, wanted: bool) -> bool {
        self.value == Value::Scalar(Json::Bool(wanted))
    }
}

impl Json {
    /// An object of these members.
    #[must_use]
    pub fn map<const N: usize>(members: [(&str, Self); N]) -> Self {
        Self::Map(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }

    /// The value of the member of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Self> {
        let Self::Map(members) = self else { return None };
        members.iter().find(|(each, _)| each == name).map(|(_, value)| value)
    }

    /// Puts a member into an object, in place of one of the same name; anything else stays what it is.
    pub fn set(&mut self, name: &str, value: Self) {
        let Self::Map(members) = self else { return };
        if let Some((_, old)) = members.iter_mut().find(|(each, _)| each == name) {
            *old = value;
        } else {
            members.push((name.to_owned(), value));
        }
    }

    /// The text of a string.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// A whole number that fits.
    #[must_use]
    pub fn integer(&self) -> Option<i64> {
        if let Self::Number(text) = self { text.parse().ok() } else { None }
    }

    /// Calls `see` with every string in it, names of members too, in order.
    pub fn texts<'a>(&'a self, see: &mut dyn FnMut(&'a str)) {
        match self {
            Self::Text(text) => see(text),
            Self::List(items) => items.iter().for_each(|item| item.texts(see)),
            Self::Map(members) => members.iter().for_each(|(name, value)| {
                see(name);
                value.texts(see);
            }),
            Self::Null | Self::Bool(_) | Self::Number(_) => {}
        }
    }

    /// The same with every string value replaced by what `change` gives for it; names stay.
    #[must_use]
    pub fn with_texts(&self, change: &mut dyn FnMut(&str) -> String) -> Self {
        match self {
            Self::Text(text) => Self::Text(change(text)),
            Self::List(items) => {
                Self::List(items.iter().map(|item| item.with_texts(change)).collect())
            }
            Self::Map(members) => Self::Map(
                members
                    .iter()
                    .map(|(name, value)| (name.clone(), value.with_texts(change)))
                    .collect(),
            ),
            Self::Null | Self::Bool(_) | Self::Number(_) => self.clone(),
        }
    }
}

#[cfg(test)]
mod tests;
