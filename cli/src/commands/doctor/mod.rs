//! `sanctum doctor`: is the house as it should be, here and now? Looks, and changes nothing but with `--fix`.
//!
//! A run is told to the journal of the place; one that cannot be told still looks, and says so. Without `--only` our own readers always run beside the lints; on the machine itself also what is in force; `--prove`
//! adds the real tools. Exit 3 means that something is wrong; what could not be looked at is shown and counted, and
//! is not wrong by itself unless `--strict` says so.

mod fix;
mod record;
mod show;
mod told;

use super::Context;
use super::prove::Bench;
use crate::args::Doctor;
use crate::failure::{Exit, Failure};
use crate::output::Paint;
use crate::presence;
use crate::session::{Opened, Session};
use crate::site::{Access, Place};
use sanctum_host::{accounts, clock};
use sanctum_orchestrator::doctor::run::{Run, examine};
use sanctum_orchestrator::doctor::{Eyes, Ground, catalogue};
use sanctum_orchestrator::house::Facts;
use sanctum_orchestrator::instance::Instance;
use sanctum_orchestrator::instance::model::{NodeType, Os};
use sanctum_orchestrator::prove::{self, Proof, Summary, Tools};
use sanctum_types::{AbsPath, NodeName};
use serde_json::json;
use std::collections::BTreeSet;

/// Runs the verb.
pub fn run(context: &Context, args: &Doctor) -> Result<Exit, Failure> {
    let lints = catalogue::choose(&args.only).map_err(|error| {
        let near = error.nearest.map(|near| format!("did you mean `{near}`?"));
        let failure = Failure::new(Exit::Usage, error).hint("`sanctum doctor --list` lists them");
        near.into_iter().fold(failure, Failure::hint)
    })?;
    if args.list {
        show::list(context.out, &lints);
        return Ok(Exit::Done);
    }
    if args.fix && context.out.json {
        return Err(Failure::new(Exit::Usage, "--fix asks a person, and --json is for programs")
            .hint("`sanctum doctor --json` says under `remedies` what --fix would do"));
    }
    if args.record_ssh && context.around.euid != 0 {
        // Refused with the way out here; below, the store would only say that it is root's.
        presence::require(context, "record keys")?;
    }
    let opened = Opened::read(&context.common, &context.around, context.out)?;
    let session = Session::open(opened, &context.common, &context.around, Access::Glance)?;
    let Session { site, opened, facts } = &session;
    let ground = ground(&site.place, &site.node, (&opened.instance, &opened.text), facts);
    let journal = || super::secrets::changes(context);
    let eyes = eyes(&site.place, &ground)?.telling(&journal);
    if args.record_ssh {
        return record::run(context, &eyes);
    }
    let book = told::Book::open(&session.site, &context.around);
    let telling = book.telling()?;
    let looked = examine(&eyes, &lints, telling.as_ref())?;
    let unrecorded = book.close();
    let proofs = proofs(args, &session)?;
    let exit = report(context, args, &session, (&looked, unrecorded.as_deref()), proofs);
    if !args.fix {
        return Ok(exit);
    }
    // The plan is apply's own; it takes the lock and looks again.
    drop(session);
    fix::run(context, args, &looked, exit)
}

/// Where is looked.
pub(crate) fn eyes<'g>(place: &Place, ground: &'g Ground) -> Result<Eyes<'g>, Failure> {
    Ok(match place {
        Place::Machine => Eyes::on_machine(ground),
        Place::Root(dir) => Eyes::below(ground, dir)?,
    })
}

/// What is known before anything is looked at.
pub(crate) fn ground(
    place: &Place,
    node: &NodeName,
    (instance, text): (&Instance, &str),
    facts: &Facts,
) -> Ground {
    let machine = *place == Place::Machine;
    let declared = instance.nodes.get(node);
    let own = declared.and_then(|node| node.user.as_ref());
    let guest = declared.is_some_and(|node| node.kind == NodeType::Guest);
    let usual = if guest { &instance.users.guest } else { &instance.users.owner };
    let owner = own.unwrap_or(usual).as_str();
    let account = machine.then(|| accounts::by_name(owner).ok().flatten()).flatten();
    let homes = if facts.os == Os::Macos { "/Users" } else { "/home" };
    let below = || AbsPath::new(format!("{homes}/{owner}")).ok();
    Ground {
        text: text.to_owned(),
        node: node.clone(),
        facts: facts.clone(),
        owner_uid: account.as_ref().map(|account| account.uid),
        owner_home: match account {
            Some(account) => account.home,
            None => below().filter(|_| !machine),
        },
        now: clock::now(),
        instance: instance.clone(),
    }
}

/// The proofs of the rendered house; none where only some lints were asked for.
fn proofs(args: &Doctor, session: &Session) -> Result<Option<(Bench, Vec<Proof>)>, Failure> {
    if !args.only.is_empty() && !args.prove {
        return Ok(None);
    }
    let house = session.house()?;
    let artefacts = session.artefacts(&BTreeSet::new())?;
    let bench = Bench::new(find_tools(args)?);
    let mut all = prove::readers(&house, &artefacts);
    if args.prove {
        all.extend(prove::tools(&house, &artefacts, &bench.tools));
    }
    if session.site.place == Place::Machine {
        all.extend(prove::machine::live(&house, &artefacts, &bench.tools));
    }
    Ok(Some((bench, all)))
}

fn report(
    context: &Context,
    args: &Doctor,
    session: &Session,
    (run, unrecorded): (&Run, Option<&str>),
    proofs: Option<(Bench, Vec<Proof>)>,
) -> Exit {
    let out = context.out;
    out.line(Paint::Head, session.site.node.as_str());
    let (bench, proved) = proofs.unzip();
    let proved = proved.unwrap_or_default();
    let summary = prove::summary(&proved);
    if let Some(mut bench) = bench {
        bench.show(out, &proved);
        let painted = if summary.failed == 0 { Paint::Good } else { Paint::Bad };
        out.line(painted, &words(summary));
    }
    let counts = run.report.counts();
    show::report(out, run);
    out.data(&json!({
        "format": 1, "node": session.site.node, "summary": summary,
        "proofs": proved.iter().map(Proof::json).collect::<Vec<_>>(),
        "lints": show::data(run),
        "recorded": unrecorded.is_none(), "unrecorded": unrecorded,
    }));
    if let Some(why) = unrecorded {
        out.line(Paint::Note, &format!("this run is not in the journal: {why}"));
    }
    let unseen = counts.could_not_look > 0 || run.report.is_partly_unseen();
    let wrong = summary.failed > 0 || counts.violated > 0;
    if wrong || (args.strict && unseen) { Exit::Differences } else { Exit::Done }
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
