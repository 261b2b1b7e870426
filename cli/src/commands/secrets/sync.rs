//! `sanctum secrets sync`: caches rebuilt from their sources, as one plan that is shown first.

use super::house::House;
use crate::args::secrets::Sync;
use crate::commands::{Context, FOUND, ask};
use crate::failure::{Exit, Failure};
use crate::output::Paint;
use crate::record::{self, Deed};
use sanctum_secrets::house::first_identity;
use sanctum_secrets::house::sync::{Plan, Step, SyncRefused, plan};
use serde_json::{Value, json};

pub(super) fn run(context: &Context, args: &Sync) -> Result<Exit, Failure> {
    let house = House::open(context)?;
    let key = house.key(context)?;
    let seen = house.look(house.kept(&args.names)?, &key);
    let Plan { steps } = plan(&seen).map_err(|refused| refusal(&house, refused))?;
    for step in &steps {
        let before = step.before.map_or_else(|| "absent".to_owned(), |print| print.to_string());
        let words =
            format!("{}: {} <- {}  {before} -> {}", step.secret, step.to, step.from, step.after);
        context.out.line(Paint::Note, &words);
    }
    let report = |done: usize| {
        let rows: Vec<Value> = steps.iter().map(row).collect();
        context.out.data(&json!({ "format": 1, "node": house.node, "steps": rows, "done": done }));
    };
    if steps.is_empty() {
        context.out.line(Paint::Good, &format!("{} secrets agree, nothing to do", seen.len()));
        report(0);
        return Ok(Exit::Done);
    }
    if args.dry_run {
        report(0);
        return Ok(FOUND);
    }
    ask(context, args.yes, &format!("Rebuild {} caches?", steps.len()))?;
    let deed = Deed::new("secrets.sync", house.node.as_str()).with("steps", steps.len());
    record::during(context, house.recorder(context), &deed, |notes| {
        let places = steps.iter().map(|step| &step.to);
        if let Some(path) = first_identity::ensure(&house.places, places)? {
            notes.insert("identity".to_owned(), path.to_string());
        }
        for (done, step) in steps.iter().enumerate() {
            notes.insert("done".to_owned(), done.to_string());
            context.out.progress(&format!("{} -> {}", step.secret, step.to));
            step.take(&house.stores(), &key).map_err(|error| {
                Failure::failed(error).hint(format!(
                    "{done} of {} caches are rebuilt and right; the next run does the rest: {}",
                    steps.len(),
                    house.place.command("secrets sync")
                ))
            })?;
        }
        notes.insert("done".to_owned(), steps.len().to_string());
        Ok(())
    })?;
    context.out.line(Paint::Good, &format!("{} caches rebuilt and read back", steps.len()));
    report(steps.len());
    Ok(Exit::Done)
}

fn row(step: &Step) -> Value {
    json!({
        "secret": step.secret, "from": step.from, "to": step.to,
        "before": step.before.map(|print| print.to_string()), "after": step.after.to_string(),
    })
}

fn refusal(house: &House, refused: SyncRefused) -> Failure {
    let hints: Vec<String> = match &refused {
        SyncRefused::Unreachable(away) => away
            .iter()
            .map(|away| format!("{} of `{}`: {}", away.place, away.secret, away.cause))
            .collect(),
        SyncRefused::SourceMissing(names) => names
            .iter()
            .map(|name| {
                format!(
                    "say which value counts: {}",
                    house.place.command(&format!("secrets set {name}"))
                )
            })
            .collect(),
        SyncRefused::Shared { .. } => {
            vec!["give each secret places of its own in the instance file".to_owned()]
        }
    };
    hints.into_iter().fold(Failure::refused(refused), Failure::hint)
}
