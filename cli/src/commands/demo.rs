//! `sanctum demo`: the main job on the example house, in a directory, from nothing to nothing.
//!
//! For every node: render, prove, apply, apply again with no change, roll back byte for byte. It needs no
//! root, no Docker and no Mac, and leaves nothing behind unless `--keep` says where.

use super::apply::act;
use super::prove::Bench;
use super::{Context, plan as plan_verb, prove};
use crate::args::Demo;
use crate::failure::{Exit, Failure};
use crate::output::Paint;
use crate::session::{Opened, Session};
use crate::site::{Access, Place};
use sanctum_host::{Blobs, clock, files, snapshot};
use sanctum_orchestrator::engine::Terms;
use sanctum_orchestrator::instance::model::NodeType;
use sanctum_orchestrator::prove::Tools;
use sanctum_orchestrator::receipt::Kind;
use sanctum_types::NodeName;
use std::collections::BTreeSet;
use std::path::Path;

/// The example house, part of the binary.
const MANOR: &str = include_str!("../../../examples/manor/instance.yaml");

/// Runs the verb.
pub fn run(context: &Context, args: &Demo) -> Result<Exit, Failure> {
    let opened = Opened::from_text("examples/manor/instance.yaml", MANOR.to_owned(), context.out)?;
    let temporary = files::TempDir::new()?;
    let base = args.keep.as_deref().unwrap_or(temporary.path());
    let house = opened.instance.instance.name.clone();
    context.out.line(Paint::Head, &format!("{house}: {} services", opened.instance.services.len()));
    let nodes: Vec<NodeName> = opened
        .instance
        .nodes
        .iter()
        .filter(|(_, node)| node.kind != NodeType::Mobile)
        .map(|(name, _)| name.clone())
        .collect();
    let mut bench = Bench::new(Tools::find());
    let mut data = Vec::new();
    for node in nodes {
        let dir = base.join(node.as_str());
        data.push(one(context, &opened, (&node, &dir), args.keep.is_some(), &mut bench)?);
    }
    context.out.data(&serde_json::json!({ "format": 1, "house": house, "nodes": data }));
    if let Some(dir) = &args.keep {
        context.out.line(Paint::Good, &format!("the house is in {}", dir.display()));
    }
    Ok(Exit::Done)
}

fn one(
    context: &Context,
    opened: &Opened,
    (node, dir): (&NodeName, &Path),
    keep: bool,
    bench: &mut Bench,
) -> Result<serde_json::Value, Failure> {
    let out = context.out;
    files::make_dir(dir)?;
    let before = snapshot::of(dir)?;
    let place = Place::Root(dir.to_path_buf());
    let mut session =
        Session::at(opened.clone(), node.clone(), place, &context.around, Access::Change)?;
    let mut blobs = Blobs::default();
    let artefacts = session.artefacts(&BTreeSet::new())?;
    let want = session.want(artefacts.clone(), &mut blobs)?;
    let first = plan_verb::only(&mut session, &want, &BTreeSet::new(), &mut blobs)?;
    let changes = first.steps.len();
    out.line(Paint::Head, &format!("{node}"));
    let proofs = prove::before(&session, &artefacts, Some(&bench.tools))?;
    bench.show(out, &proofs);
    let terms = Terms::plain(Kind::Apply, clock::now());
    let receipt = act(context, &mut session.site, &first, &blobs, &terms)?.receipt;
    out.line(Paint::Good, &format!("  applied     {} files, {changes} steps", want.files.len()));
    let second = plan_verb::only(&mut session, &want, &BTreeSet::new(), &mut blobs)?;
    if !second.is_empty() {
        return Err(Failure::new(Exit::Bug, format!("{node}: the second plan is not empty")));
    }
    out.line(Paint::Good, "  applied     again: 0 changes");
    if keep {
        return Ok(serde_json::json!({ "node": node, "changes": changes, "kept": dir }));
    }
    session.site.engine().rollback(Some(&receipt.header.id), false, clock::now())?;
    if snapshot::of(dir)? != before {
        return Err(Failure::new(Exit::Bug, format!("{node}: rolling back left a difference")));
    }
    out.line(Paint::Good, "  rolled back byte for byte");
    Ok(serde_json::json!({ "node": node, "changes": changes, "second": 0, "rolled_back": true }))
}
