//! From text to a syntax tree: brush-parser behind a guard.
//!
//! The parser recurses and backtracks and its number readers panic on overflow, so [`guard`] looks at every text first and
//! refuses what would cost stack or time; words come back as raw text and are read by `expand`, which counts its own steps.
//! Nothing else in `shell` sees raw text.

mod guard;

pub(super) use guard::{MAX_TEXT, clean};

use super::effect::Reason;
pub(super) use brush_parser::ast;
use brush_parser::{Parser, ParserOptions};

/// Parses a whole text.
pub(super) fn program(text: &str) -> Result<ast::Program, Reason> {
    guard::check(text)?;
    let options = ParserOptions {
        // The word reader does both itself; the grammar needs neither.
        tilde_expansion_at_word_start: false,
        tilde_expansion_after_colon: false,
        ..ParserOptions::default()
    };
    let mut parser = Parser::new(text.as_bytes(), &options);
    parser.parse_program().map_err(|_| Reason::Syntax)
}
