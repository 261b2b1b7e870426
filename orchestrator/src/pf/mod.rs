//! Apple's pf, read and judged without a Mac: parser, checker, evaluator and proof.
//!
//! The grammar is that of OpenBSD in 2007, from which Apple's pf descends: separate `nat` and `rdr`, no `match`.
//! `check` accepts and refuses what pfctl accepts and refuses, as far as that does not depend on the machine;
//! what it accepts can be printed as pfctl expands it, evaluated packet by packet, and proved against intents.
//! Absent on purpose: any effect. No file is opened and no interface is looked at; such facts come in as values.

mod eval;
mod expand;
mod lex;
mod machine;
mod names;
mod parse;
mod print;
mod prove;
mod rule;
#[cfg(test)]
mod tests;
pub mod verbs;

use sanctum_types::Diagnostic;
use std::collections::BTreeMap;

pub use eval::{Decision, Outcome, Packet, Proto, RuleRef, decide};
pub use machine::Machine;
pub use prove::{Flow, Intent, Mismatch, PortRange, PortSet, ProofSummary, decisions, prove};
pub use rule::{Direction, Family};
use rule::{Rule, Table};

/// A ruleset that pfctl would accept.
#[derive(Clone, Debug)]
pub struct Checked {
    preamble: Vec<String>,
    rules: Vec<Rule>,
    tables: BTreeMap<String, Table>,
    skipped: Vec<String>,
    warnings: Vec<Diagnostic>,
    machine: Machine,
}

/// Checks a ruleset for a machine about which nothing is known. `Err` holds every reason why pfctl would refuse
/// it, in source order, and is never empty.
pub fn check(text: &str) -> Result<Checked, Vec<Diagnostic>> {
    check_for(text, &Machine::unknown())
}

/// Checks a ruleset for a machine whose interfaces are known.
pub fn check_for(text: &str, machine: &Machine) -> Result<Checked, Vec<Diagnostic>> {
    let parsed = parse::parse(text, machine);
    if !parsed.errors.is_empty() {
        return Err(parsed.errors);
    }
    Ok(Checked {
        preamble: parsed.preamble,
        rules: parsed.rules,
        tables: parsed.tables,
        skipped: parsed.skipped,
        warnings: parsed.warnings,
        machine: machine.clone(),
    })
}

impl Checked {
    /// The rules as `pfctl -nvf` would show them: macros, options and tables first, then every expanded rule.
    #[must_use]
    pub fn expanded(&self) -> String {
        print::ruleset(&self.preamble, &self.rules)
    }

    /// How many rules there are once lists are expanded, those of inline anchors counted once.
    #[must_use]
    pub fn rule_count(&self) -> usize {
        fn count(rules: &[Rule]) -> usize {
            let body = |rule: &Rule| {
                let call = rule.call.as_ref().filter(|call| call.first);
                call.and_then(|call| call.body.as_ref()).map_or(0, |body| count(body))
            };
            rules.iter().map(|rule| 1 + body(rule)).sum()
        }
        count(&self.rules)
    }

    /// What pfctl accepts in silence although it is probably not meant: undefined tables, port 0, reversed
    /// ranges, files that this check does not read.
    #[must_use]
    pub fn warnings(&self) -> &[Diagnostic] {
        &self.warnings
    }
}
