//! The body of a webhook: a handlebars template whose values cannot leave the JSON string that they stand in.
//!
//! Every `{{value}}` is escaped as the inside of a JSON string; the unescaped forms are refused. A template is tried
//! with hostile values before it is accepted, so that one with a value outside of quotes is refused by the loader and
//! not by the night. A misspelt name is an error.

use crate::alerts::text::FIELDS;
use handlebars::{Handlebars, RenderError, Template, TemplateError};
use std::collections::BTreeMap;

/// Why there is no body.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// Not the language of templates.
    #[error("the template cannot be read")]
    Syntax(#[source] Box<TemplateError>),
    /// `{{{x}}}`, `{{&x}}` or a raw block.
    #[error("the template has a value that is not escaped; write it between two braces")]
    Unescaped,
    /// Includes another template.
    #[error("the template includes another one, and there is none")]
    Partial,
    /// A name that no message has, or a helper that does not work.
    #[error("the template cannot be filled")]
    Fill(#[source] Box<RenderError>),
    /// A value outside of a string, or broken JSON around it.
    #[error("the body is not JSON with every value inside a string")]
    NotJson(#[source] serde_json::Error),
    /// Longer than any message.
    #[error("the template is too long")]
    TooLong,
    /// A value was not where it was put.
    #[error("a value left its string")]
    Escaped,
}

/// The preset `force-flow`.
pub const FORCE_FLOW: &str = include_str!("../../../../templates/alerts/force-flow.json.hbs");

/// What a text is between the quotes of a JSON string.
fn inside(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or_default().to_owned()
}

/// The body for these fields.
///
/// # Errors
/// The template is not one that [`accept`] takes.
pub fn fill(template: &str, fields: &BTreeMap<&'static str, String>) -> Result<String, BodyError> {
    refuse_raw(template)?;
    let compiled =
        Template::compile(template).map_err(|source| BodyError::Syntax(Box::new(source)))?;
    let mut registry = Handlebars::new();
    registry.set_strict_mode(true);
    registry.register_escape_fn(inside);
    // Written to the log, a message would be where nobody looks for it.
    registry.unregister_helper("log");
    registry.register_template("body", compiled);
    let body =
        registry.render("body", fields).map_err(|source| BodyError::Fill(Box::new(source)))?;
    serde_json::from_str::<serde_json::Value>(&body).map_err(BodyError::NotJson)?;
    Ok(body)
}

/// Tries a template with values that do what they can to leave their strings.
///
/// # Errors
/// It is not safe with them, or cannot be filled at all.
pub fn accept(template: &str) -> Result<(), BodyError> {
    /// Ends the string, begins a key, and holds what JSON escapes.
    const HOSTILE: &str = "\\\",\"severity\":\"info\",\"x\":\"\n\u{1}";
    let with = |value: fn(&str) -> String| -> Result<serde_json::Value, BodyError> {
        let fields = FIELDS.into_iter().map(|name| (name, value(name))).collect();
        serde_json::from_str(&fill(template, &fields)?).map_err(BodyError::NotJson)
    };
    // A bare number is JSON where a bare name is not, so the shape has to be the same with all three.
    let plain = with(str::to_owned)?;
    let hostile = with(|name| format!("{HOSTILE}{name}"))?;
    let number = with(|_| "7".to_owned())?;
    if same_shape(&plain, &hostile) && same_shape(&plain, &number) {
        return Ok(());
    }
    Err(BodyError::Escaped)
}

/// Whether two documents differ in nothing but the text of their strings.
fn same_shape(a: &serde_json::Value, b: &serde_json::Value) -> bool {
    use serde_json::Value;
    match (a, b) {
        (Value::String(_), Value::String(_)) => true,
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_shape(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter().all(|(key, one)| b.get(key).is_some_and(|two| same_shape(one, two)))
        }
        (a, b) => a == b,
    }
}

/// The spellings that handlebars does not escape: three braces (also of a raw block) and `{{&`.
fn refuse_raw(template: &str) -> Result<(), BodyError> {
    let squeezed: String = template.chars().filter(|c| !c.is_whitespace() && *c != '~').collect();
    if squeezed.contains("{{{") || squeezed.contains("{{&") {
        return Err(BodyError::Unescaped);
    }
    if squeezed.contains("{{>")
        || squeezed.contains("{{#>")
        || squeezed.contains("{{*")
        || squeezed.contains("{{#*")
    {
        return Err(BodyError::Partial);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value;

    #[test]
    fn the_preset_is_accepted() {
        accept(FORCE_FLOW).expect("the preset");
    }

    #[test]
    fn each_way_out_of_a_string_is_refused() {
        for (template, why) in [
            (r#"{"a": "{{{title}}}"}"#, "not escaped"),
            (r#"{"a": "{{&title}}"}"#, "not escaped"),
            (r#"{"a": "{{~{title}~}}"}"#, "not escaped"),
            (r#"{"a": "{{{{raw}}}}x{{{{/raw}}}}"}"#, "not escaped"),
            (r#"{"a": "{{> other}}"}"#, "includes another"),
            (r#"{"a": "{{titel}}"}"#, "cannot be filled"),
            (r#"{"a": {{title}}}"#, "not JSON"),
            (r#"{"a": [{{id}}]}"#, "not JSON"),
            (r#"{"a": "{{title"}"#, "cannot be read"),
            (r#"{"a": "{{title}}""#, "not JSON"),
            ("{{title}}", "not JSON"),
            (r#"{"a": {{#if title}}1{{/if}}}"#, ""),
            (r#"{"{{title}}": 1}"#, "left its string"),
        ] {
            let said = accept(template).map_or_else(|error| error.to_string(), |()| String::new());
            assert!(
                said.contains(why) && (why.is_empty() == said.is_empty()),
                "{template}: {said}"
            );
        }
    }

    proptest! {
        #[test]
        fn a_value_stays_in_its_string(title in any::<String>(), message in any::<String>()) {
            let mut fields: BTreeMap<&'static str, String> =
                FIELDS.into_iter().map(|name| (name, name.to_owned())).collect();
            fields.insert("title", title.clone());
            fields.insert("message", message.clone());
            let body: Value = serde_json::from_str(&fill(FORCE_FLOW, &fields).unwrap()).unwrap();
            prop_assert_eq!(&body["title"], &Value::from(title));
            prop_assert_eq!(&body["message"], &Value::from(message));
            prop_assert_eq!(body.as_object().unwrap().len(), 4);
        }
    }
}
