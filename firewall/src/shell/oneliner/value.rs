//! What an expression of an inline program is known to be.

use super::super::value::{Taint, Text, Value, concat, either, known, taint, unknown};

/// Alternatives of a text, the items of a list, or the name of something that can be called.
#[derive(Debug, Clone)]
pub(super) struct Val {
    pub(super) text: Value,
    pub(super) items: Option<Vec<Val>>,
    pub(super) callee: Option<String>,
}

impl Val {
    pub(super) fn known(s: &str) -> Self {
        Self { text: known(s), items: None, callee: None }
    }

    pub(super) fn unknown() -> Self {
        Self { text: unknown(), items: None, callee: None }
    }

    pub(super) fn of(text: Value) -> Self {
        Self { text, items: None, callee: None }
    }

    pub(super) fn tainted(taint: Taint) -> Self {
        Self::of(vec![Text::tainted(taint)])
    }

    pub(super) fn callee(name: &str) -> Self {
        Self { callee: Some(name.to_owned()), ..Self::unknown() }
    }

    pub(super) fn list(items: Vec<Self>) -> Self {
        let mut all = Taint::default();
        for item in &items {
            all.add(&item.taint());
        }
        Self { text: vec![Text::tainted(all)], items: Some(items), callee: None }
    }

    pub(super) fn taint(&self) -> Taint {
        taint(&self.text)
    }

    pub(super) fn plus(&self, other: &Self) -> Self {
        if let (Some(a), Some(b)) = (&self.items, &other.items) {
            return Self::list(a.iter().chain(b).cloned().collect());
        }
        Self::of(concat(&self.text, &other.text))
    }

    /// The items as words of a command.
    pub(super) fn words(&self) -> Option<Vec<Text>> {
        let items = self.items.as_ref()?;
        Some(items.iter().map(|i| i.text.first().cloned().unwrap_or_default()).collect())
    }

    /// Any of the items.
    pub(super) fn any(&self) -> Self {
        match &self.items {
            Some(items) => Self::of(
                items.iter().map(|i| i.text.clone()).reduce(either).unwrap_or_else(unknown),
            ),
            None => Self::of(vec![Text::tainted(self.taint())]),
        }
    }

    pub(super) fn single(&self) -> Option<&str> {
        super::super::value::single(&self.text)
    }
}
