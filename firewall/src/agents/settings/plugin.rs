//! OpenCode's plugin: one file of JavaScript that asks `sanctum hook` before and after every tool.

use super::super::json::Json;
use super::{Edited, SettingsError, Status, Undo};
use sanctum_types::AbsPath;

/// The text, with a place for the program.
const TEMPLATE: &str = include_str!("../../../agents/opencode.js");
/// Stands in the template where the program's path goes, as a string of JavaScript.
const PROGRAM: &str = "\"@PROGRAM@\"";
/// The first line, by which the file is known.
const HEAD: &str = "// sanctum: asks before and after every tool.";

/// The plugin that asks this program.
#[must_use]
pub fn plugin(program: &AbsPath) -> String {
    // Every string of JSON is one of JavaScript.
    TEMPLATE.replace(PROGRAM, &Json::from(program.as_str()).to_string())
}

pub(super) fn is_ours(text: &str) -> bool {
    text.starts_with(HEAD)
}

pub(super) fn install(text: Option<&str>, program: &AbsPath) -> Result<Edited, SettingsError> {
    let foreign = text.is_some_and(|text| !text.trim().is_empty() && !is_ours(text));
    if foreign {
        return Err(SettingsError::ForeignPlugin);
    }
    let after = Some(plugin(program));
    Ok(Edited { text: after.clone(), undo: Undo { before: text.map(str::to_owned), after } })
}

pub(super) fn status(text: &str, program: &AbsPath) -> Status {
    if !is_ours(text) {
        return Status::Absent;
    }
    if text == plugin(program) {
        return Status::Installed;
    }
    Status::Tampered(vec!["the plugin is not as it was installed".to_owned()])
}
