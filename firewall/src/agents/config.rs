//! `.sanctum/config.toml`: every documented key, read with its place, merged by key over three layers.
//!
//! Root's floor stands over the user's file, and that over the project's. The user may choose as they like above the floor; a
//! project can only tighten what the user has, for a checkout brings its own file. What would loosen is left out and told.
//! A file that cannot be read counts as empty, so that the defaults and the floor hold.

mod explain;
mod merge;
mod parse;
mod table;
mod value;

pub use explain::{explain, page, recommended};
pub use merge::{Config, Loosened, Setting, merge};
pub use parse::{Finding, Grade, Layered, Placed, nearest, parse};
pub use table::{KEYS, Key, Preset, Tighter, key};
pub use value::{Kind, Row, Value, ValueError};

/// Whose file a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layer {
    /// Nobody's: the default.
    Default,
    /// Root's, below which nobody goes.
    Floor,
    /// The user's own.
    User,
    /// The project's.
    Project,
}

impl Layer {
    /// What a person calls it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Floor => "floor",
            Self::User => "user",
            Self::Project => "project",
        }
    }
}

#[cfg(test)]
mod tests;
