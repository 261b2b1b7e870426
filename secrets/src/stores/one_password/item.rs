//! Items as `op item get --format json` prints them and Connect returns them (developer.1password.com, "item JSON").
//!
//! What is not modelled is kept and written back. Whatever the bytes are, reading them never panics. A reference's field
//! is a label or an id, with a section in front where there are several.

use super::OnePasswordError;
use crate::stores::spelled;
use sanctum_types::SecretRef;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use zeroize::Zeroizing;

/// The kind of field whose value is not shown (item template keys).
pub(super) const CONCEALED: &str = "CONCEALED";
/// The category of what we make.
pub(super) const CATEGORY: &str = "API_CREDENTIAL";

/// A vault.
#[derive(Clone, Debug, Deserialize)]
pub struct Named {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
}

/// An item in a list, without fields.
#[derive(Clone, Debug, Deserialize)]
pub struct Summary {
    /// Its id.
    pub id: String,
    /// Its name; it need not be the only one.
    pub title: String,
}

/// An item with its fields.
#[derive(Debug, Serialize, Deserialize)]
pub struct Item {
    /// Its id.
    pub id: String,
    /// Its name.
    pub title: String,
    /// Such as `API_CREDENTIAL`.
    pub category: String,
    /// In order.
    #[serde(default)]
    pub fields: Vec<Field>,
    /// Everything else, as it came.
    #[serde(flatten)]
    pub rest: Map<String, Json>,
}

/// A field of an item.
#[derive(Serialize, Deserialize)]
pub struct Field {
    /// Its id, unique in the item.
    pub id: String,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub section: Option<Section>,
    /// What it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Zeroizing<String>>,
    /// Everything else, as it came.
    #[serde(flatten)]
    pub rest: Map<String, Json>,
}

impl std::fmt::Debug for Field {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Field")
            .field("id", &self.id)
            .field("label", &self.label)
            .finish_non_exhaustive()
    }
}

/// A section.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Section {
    /// Its id, unique in the item.
    pub id: String,
    /// Its name; Connect leaves it out in fields.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
}

/// The field that a reference asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted<'a> {
    /// Label or id of its section.
    pub section: Option<&'a str>,
    /// Its label or id.
    pub field: &'a str,
}

impl<'a> Wanted<'a> {
    /// `field` or `section/field`.
    #[must_use]
    pub fn parse(text: &'a str) -> Self {
        match text.rsplit_once('/') {
            Some((section, field)) => Self { section: Some(section), field },
            None => Self { section: None, field: text },
        }
    }
}

impl Item {
    /// The one field that a reference asks for; none when the item lacks it.
    ///
    /// # Errors
    /// Several fit.
    pub fn field(&self, wanted: &Wanted<'_>) -> Result<Option<&Field>, OnePasswordError> {
        let fits: Vec<&Field> = self
            .fields
            .iter()
            .filter(|field| {
                field.id == wanted.field || field.label.as_deref() == Some(wanted.field)
            })
            .filter(|field| wanted.section.is_none_or(|section| self.is_in(field, section)))
            .collect();
        match fits.as_slice() {
            [] => Ok(None),
            [one] => Ok(Some(*one)),
            more => Err(OnePasswordError::Ambiguous { what: "fields", count: more.len() }),
        }
    }

    /// Whether nothing but that field has a value.
    #[must_use]
    pub fn holds_only(&self, id: &str) -> bool {
        let has_value =
            |field: &&Field| field.value.as_ref().is_some_and(|value| !value.is_empty());
        let files =
            self.rest.get("files").and_then(Json::as_array).is_some_and(|files| !files.is_empty());
        !files && self.fields.iter().filter(has_value).all(|field| field.id == id)
    }

    /// References to the fields that have a value: by the names that people gave where these find the field, else by id.
    #[must_use]
    pub fn references(&self, vault: &str) -> Vec<SecretRef> {
        let one = |field: &Field| {
            field.value.as_ref().filter(|value| !value.is_empty())?;
            let label = field.label.as_ref().unwrap_or(&field.id);
            let section = field.section.as_ref().and_then(|section| self.label_of(section));
            let named =
                section.map_or_else(|| label.clone(), |section| format!("{section}/{label}"));
            let title = if is_askable(&self.title) { &self.title } else { &self.id };
            [(title, &named), (title, &field.id), (&self.id, &named), (&self.id, &field.id)]
                .into_iter()
                .find_map(|(item, name)| self.reference_to(field, (vault, item, name)))
        };
        self.fields.iter().filter_map(one).collect()
    }

    fn reference_to(&self, field: &Field, parts: (&str, &str, &str)) -> Option<SecretRef> {
        let (vault, item, name) = parts;
        let found = self.field(&Wanted::parse(name)).ok().flatten()?;
        let (vault, item) = (vault.to_owned(), item.to_owned());
        let reference = SecretRef::OnePassword { vault, item, field: name.to_owned() };
        if found.id == field.id { spelled(reference) } else { None }
    }

    /// The section of that label or id.
    #[must_use]
    pub fn section(&self, wanted: &str) -> Option<Section> {
        self.sections()
            .into_iter()
            .find(|section| section.id == wanted || section.label.as_deref() == Some(wanted))
    }

    fn sections(&self) -> Vec<Section> {
        let listed = self.rest.get("sections").cloned().unwrap_or_default();
        serde_json::from_value(listed).unwrap_or_default()
    }

    fn label_of(&self, section: &Section) -> Option<String> {
        let listed = || self.sections().into_iter().find(|one| one.id == section.id)?.label;
        section.label.clone().or_else(listed)
    }

    fn is_in(&self, field: &Field, wanted: &str) -> bool {
        let Some(section) = &field.section else { return false };
        section.id == wanted || self.label_of(section).as_deref() == Some(wanted)
    }
}

/// Whether a name can become part of a filter or an argument: a quote would end the one, a dash begin an option.
#[must_use]
pub fn is_askable(name: &str) -> bool {
    !name.starts_with('-') && !name.contains(['"', '\\'])
}

/// Whether it looks like an id: 26 letters and digits (developer.1password.com, "unique identifiers").
#[must_use]
pub fn is_id(text: &str) -> bool {
    text.len() == 26 && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

/// Reads what a server or program gave, whatever it is.
///
/// # Errors
/// It is not the documented JSON; the text is not repeated.
pub fn parse<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T, OnePasswordError> {
    serde_json::from_slice(bytes).map_err(|_| OnePasswordError::Shape)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_listed_reference_finds_its_field() {
        let text = r#"{"id":"cccccccccccccccccccccccccc","title":"a/b \"c\"","category":"X","sections":[{"id":"s1","label":"Live"}],
            "fields":[{"id":"f1","label":"token","value":"1","section":{"id":"s1"}},
                      {"id":"f2","label":"token","value":"2"},
                      {"id":"f3","label":"a/b","value":"3"},
                      {"id":"f4","label":"f5","value":"4"},{"id":"f5","label":"none"},{"id":"f6","value":"6"}]}"#;
        let item: Item = parse(text.as_bytes()).unwrap();
        let listed: Vec<String> =
            item.references("House").iter().map(ToString::to_string).collect();
        let id = "op://House/cccccccccccccccccccccccccc";
        assert_eq!(
            listed,
            ["Live/token", "f2", "f3", "f4", "f6"].map(|name| format!("{id}/{name}"))
        );
        for (reference, wanted) in item.references("House").iter().zip(["1", "2", "3", "4", "6"]) {
            let SecretRef::OnePassword { field, .. } = reference else { panic!("{reference}") };
            let found = item.field(&Wanted::parse(field)).unwrap().unwrap();
            assert_eq!(found.value.as_ref().unwrap().as_str(), wanted);
            assert!(!format!("{found:?}").contains(&format!("\"{wanted}\"")));
        }
    }

    #[test]
    fn what_is_no_item_is_refused_without_a_word_of_it() {
        for text in ["", "hunter2", "<html>hunter2", "{\"id\":\"hunter2\"}", "[]", "{\"id\":1}"] {
            let error = parse::<Item>(text.as_bytes()).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{text}");
        }
    }
}
