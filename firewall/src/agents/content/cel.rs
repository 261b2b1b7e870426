//! Rules in CEL over a call: `tool_name`, `paths`, `payload_size`.
//!
//! A rule that is too long, nests too deep, loops more than twice, does not compile, fails or gives no boolean is an error, and the
//! caller denies. The bounds are on the text: the language has no clock to stop it by. Deliberately absent: the crate's default parser,
//! which is ANTLR's. Its tables cost the start of every verb half a millisecond once they are linked in, so nothing here may reach
//! `cel::Program` (docs/decisions/0009); a test holds the two parsers against each other.

use super::mcp::Action;
use cel::parser::{Expression, PrattParser};
use cel::{Context, Value};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CelRule {
    /// The expression.
    pub expression: String,
    /// What holds where it is true.
    pub action: Action,
    /// Whether a tool that it holds for is one no more that no rule names.
    pub settles: bool,
}

/// What an expression is evaluated over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The tool as the agent calls it.
    pub tool_name: String,
    /// The paths that its arguments name.
    pub paths: Vec<String>,
    /// Bytes of its arguments as JSON.
    pub payload_size: i64,
}

/// Why a rule could not be decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CelError {
    /// Longer than [`MOST_BYTES`].
    #[error("the expression is longer than 1,024 bytes")]
    Long,
    /// Deeper than [`MOST_DEPTH`], or with more conditionals than [`MOST_CONDITIONALS`].
    #[error("the expression nests too deep")]
    Deep,
    /// More loops than [`MOST_LOOPS`] or sums than [`MOST_SUMS`].
    #[error("the expression could take too long")]
    Costly,
    /// It does not compile.
    #[error("the expression does not compile")]
    Compile,
    /// It failed while it was evaluated, as with a variable that there is not.
    #[error("the expression cannot be evaluated")]
    Evaluate,
    /// Its value is no boolean.
    #[error("the value of the expression is no boolean")]
    NotBoolean,
}

/// A rule of a person is a line or two.
const MOST_BYTES: usize = 1024;
/// Brackets within brackets: the parser calls itself some ten times for each.
const MOST_DEPTH: usize = 24;
/// `a ? b : c` nests without brackets.
const MOST_CONDITIONALS: usize = 8;
/// Loops can nest: over 128 paths two are 16,384 rounds.
const MOST_LOOPS: usize = 2;
/// Each can double a text or a list.
const MOST_SUMS: usize = 4;
/// Nodes of the tree once loops are spelt out: no rule of [`MOST_BYTES`] has more.
const MOST_NODES: usize = 2048;

impl CelRule {
    /// Whether the expression is one that can be evaluated.
    pub fn check(&self) -> Result<(), CelError> {
        compile(&self.expression).map(drop)
    }

    /// Whether the expression is true of these facts.
    pub fn holds(&self, facts: &Facts) -> Result<bool, CelError> {
        let parsed = compile(&self.expression)?;
        // The interpreter is not ours: what it trips over counts as an expression that failed.
        let value = catch_unwind(AssertUnwindSafe(|| evaluate(&parsed, facts)));
        match value.unwrap_or(Err(CelError::Evaluate))? {
            Value::Bool(holds) => Ok(holds),
            _ => Err(CelError::NotBoolean),
        }
    }
}

fn compile(expression: &str) -> Result<Expression, CelError> {
    bounded(expression)?;
    let parser = PrattParser::new().max_expression_node_count(MOST_NODES).error_recovery_limit(1);
    let parsed = catch_unwind(AssertUnwindSafe(|| parser.parse(expression)));
    parsed.ok().and_then(Result::ok).ok_or(CelError::Compile)
}

fn evaluate(expression: &Expression, facts: &Facts) -> Result<Value, CelError> {
    let mut context = Context::default();
    context.add_variable_from_value("tool_name", facts.tool_name.clone());
    context.add_variable_from_value("paths", facts.paths.clone());
    context.add_variable_from_value("payload_size", facts.payload_size);
    Value::resolve(expression, &context).map_err(|_| CelError::Evaluate)
}

/// Counted over the bare text: what stands in a string counts too, which only refuses more.
fn bounded(expression: &str) -> Result<(), CelError> {
    if expression.len() > MOST_BYTES {
        return Err(CelError::Long);
    }
    let (mut depth, mut deepest) = (0_usize, 0_usize);
    for byte in expression.bytes() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    let count = |wanted: char| expression.chars().filter(|c| *c == wanted).count();
    // A sign before a sign nests in the parser as well.
    let signs = expression.contains("!!!!") || expression.contains("----");
    if deepest > MOST_DEPTH || count('?') > MOST_CONDITIONALS || signs {
        return Err(CelError::Deep);
    }
    // The grammar knows no sign of the other kind after a sign, which this parser would read.
    let close: String = expression.chars().filter(|c| !c.is_whitespace()).collect();
    if close.contains("!-") || close.contains("-!") {
        return Err(CelError::Compile);
    }
    let words = expression.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let loops = words.filter(|word| {
        matches!(
            *word,
            "all"
                | "exists"
                | "exists_one"
                | "existsOne"
                | "map"
                | "filter"
                | "transformList"
                | "transformMap"
        )
    });
    if loops.count() > MOST_LOOPS || count('+') > MOST_SUMS {
        return Err(CelError::Costly);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
