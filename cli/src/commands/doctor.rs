//! `sanctum doctor`: is the house as it should be, here and now? Looks, and changes nothing.
//!
//! Our own readers always run; on the machine itself also what is in force; `--prove` adds the real tools.
//! Exit 3 means that something is wrong; what could not be looked at is shown, and is not wrong by itself.

use super::Context;
use super::prove::Bench;
use crate::args::Doctor;
use crate::failure::{Exit, Failure};
use crate::output::Paint;
use crate::session::{Opened, Session};
use crate::site::{Access, Place};
use sanctum_orchestrator::prove::{self, Proof, Summary, Tools};
use sanctum_types::AbsPath;
use serde_json::json;
use std::collections::BTreeSet;

/// Runs the verb.
pub fn run(context: &Context, args: &Doctor) -> Result<Exit, Failure> {
    let out = context.out;
    let opened = Opened::read(&context.common, &context.around, out)?;
    let session = Session::open(opened, &context.common, &context.around, Access::Look)?;
    let house = session.house()?;
    let artefacts = session.artefacts(&BTreeSet::new())?;
    let mut bench = Bench::new(find_tools(args)?);
    let mut all = prove::readers(&house, &artefacts);
    if args.prove {
        all.extend(prove::tools(&house, &artefacts, &bench.tools));
    }
    if session.site.place == Place::Machine {
        all.extend(prove::machine::live(&house, &artefacts, &bench.tools));
    }
    let summary = prove::summary(&all);
    out.line(Paint::Head, session.site.node.as_str());
    bench.show(out, &all);
    let painted = if summary.failed == 0 { Paint::Good } else { Paint::Bad };
    out.line(painted, &words(summary));
    out.data(&json!({
        "format": 1, "node": session.site.node, "summary": summary,
        "proofs": all.iter().map(Proof::json).collect::<Vec<_>>(),
    }));
    Ok(if summary.failed == 0 { Exit::Done } else { Exit::Differences })
}

fn find_tools(args: &Doctor) -> Result<Tools, Failure> {
    let tools = Tools::find();
    let Some(dir) = &args.tools else { return Ok(tools) };
    let path = AbsPath::new(dir.to_string_lossy())
        .map_err(|error| Failure::new(Exit::Usage, error).hint("name the directory from / on"))?;
    Ok(tools.and_in(&path)?)
}

fn words(summary: Summary) -> String {
    let Summary { passed, failed, could_not_check } = summary;
    format!("{passed} proved, {failed} wrong, {could_not_check} not looked at")
}
