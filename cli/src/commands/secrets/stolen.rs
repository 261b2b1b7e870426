//! `sanctum secrets stolen`: what a thief holds, in order of danger. It looks at nothing but the instance.

use super::house::House;
use crate::args::secrets::Stolen;
use crate::commands::{Context, FOUND};
use crate::failure::{Exit, Failure};
use crate::output::Paint;
use sanctum_orchestrator::secrets::theft::{AtRest, Held, Step, Taken, theft};
use serde_json::json;

pub(super) fn run(context: &Context, args: &Stolen) -> Result<Exit, Failure> {
    let house = House::open(context)?;
    let instance = &house.opened.instance;
    let node = match &args.thing {
        None => house.node.clone(),
        Some(name) => {
            instance.nodes.keys().find(|node| node.as_str() == name).cloned().ok_or_else(|| {
                Failure::new(Exit::Usage, format!("the instance has no node `{name}`"))
                    .hint("`sanctum config check` lists the nodes")
            })?
        }
    };
    let taken = if args.disk { Taken::Disk } else { Taken::Node };
    let plan = theft(instance, taken, &node);
    let what = if args.disk { "the disk of" } else { "the running node" };
    context.out.line(Paint::Head, &format!("who has {what} `{node}` holds:"));
    if args.disk {
        context.out.line(Paint::Note, match plan.at_rest {
            AtRest::Encrypted => "the disk is declared encrypted: everything waits for a guessed password",
            AtRest::Open => "the disk is declared open: what lies on it is read at once",
            AtRest::Undeclared => "nothing says that the disk is encrypted, so it counts as open (`boot.filevault`)",
        });
    }
    for step in &plan.steps {
        context.out.line(paint(step), &line(step));
        for why in &step.because {
            context.out.line(Paint::Plain, &format!("      {why}"));
        }
        for command in &step.commands {
            context.out.line(Paint::Plain, &format!("      -> {command}"));
        }
    }
    if plan.steps.is_empty() {
        context.out.line(Paint::Good, "nothing of the house");
    }
    context.out.data(&json!(plan));
    Ok(if plan.steps.is_empty() { Exit::Done } else { FOUND })
}

fn line(step: &Step) -> String {
    let held = match step.held {
        Held::AtOnce => "at once",
        Held::ByToken => "with a token that may lie there",
        Held::ByGuessing => "after guessing a password",
    };
    format!("{:>3}. {:<34} danger {:>2}  {held}", step.order, step.thing, step.danger)
}

const fn paint(step: &Step) -> Paint {
    match step.held {
        Held::AtOnce => Paint::Bad,
        Held::ByToken | Held::ByGuessing => Paint::Note,
    }
}
