//! From a template to a root-owned artefact.
//!
//! Filling is strict, so that a missing variable is an error, and without HTML escaping, so that what a
//! validated newtype holds is what the file holds. Deliberately absent: any text of a file.

use crate::house::layout::root_owner;
use crate::house::{Artefact, House, Part};
use handlebars::{Handlebars, no_escape};
use sanctum_host::Unit;
use sanctum_types::{AbsPath, Mode};
use serde::Serialize;
use std::collections::BTreeSet;

/// Why a template could not be filled: a mistake in the template or in what its renderer offers.
#[derive(Debug, thiserror::Error)]
#[error("cannot fill template {name}")]
pub struct TemplateError {
    /// File name of the template.
    pub name: &'static str,
    /// What handlebars says, with line and column.
    #[source]
    pub source: Box<handlebars::RenderError>,
}

/// Fills the template with the variables.
pub(crate) fn fill(
    name: &'static str,
    template: &str,
    variables: &impl Serialize,
) -> Result<String, TemplateError> {
    let mut registry = Handlebars::new();
    registry.set_strict_mode(true);
    registry.register_escape_fn(no_escape);
    registry
        .render_template(template, variables)
        .map_err(|source| TemplateError { name, source: Box::new(source) })
}

/// A file of root's that can lock the owner out, with what is loaded from it, if anything.
pub(super) fn lockout_file(
    house: &House<'_>,
    path: &'static str,
    text: String,
    (part, unit): (Part, Option<Unit>),
) -> Artefact {
    #[expect(clippy::expect_used, reason = "paths of the layout are constants; rendered in tests")]
    let path = AbsPath::new(path).expect("constant");
    Artefact {
        path,
        bytes: text.into_bytes(),
        mode: Mode::PUBLIC,
        owner: root_owner(house.facts.os),
        unit,
        lockout: true,
        part,
        dirs: Vec::new(),
        accounts: BTreeSet::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_variable_is_an_error_and_nothing_is_escaped() {
        let variables = serde_json::json!({ "a": "<&\"'>" });
        assert_eq!(fill("t", "{{a}}", &variables).unwrap(), "<&\"'>");
        assert!(fill("t", "{{b}}", &variables).is_err());
    }
}
