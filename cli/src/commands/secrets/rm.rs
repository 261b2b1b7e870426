//! `sanctum secrets rm`: a secret out of its caches and then its source, so that what was cut off is still whole.

use super::house::{House, kept};
use super::set::reachable;
use crate::args::secrets::Rm;
use crate::commands::{Context, ask};
use crate::failure::{Exit, Failure};
use crate::output::Paint;
use crate::record::{self, Deed};
use sanctum_orchestrator::instance::secrets::consumers;
use sanctum_secrets::house::{Seen, Sight};
use sanctum_secrets::stores::Store as _;
use serde_json::json;

pub(super) fn run(context: &Context, args: &Rm) -> Result<Exit, Failure> {
    let house = House::open(context)?;
    let (name, entry) = house.entry(&args.name)?;
    let key = house.key_to_look(context)?;
    let seen = reachable(&house, Seen::of(&house.stores(), kept(&name, entry), &key))?;
    let there: Vec<_> = seen
        .places()
        .filter(|(_, sight)| **sight != Sight::Absent)
        .map(|(place, _)| place)
        .collect();
    for service in consumers(&house.opened.instance, &name) {
        context.out.warn(&format!("service `{service}` reads `{name}`"));
    }
    for place in &there {
        context.out.line(Paint::Bad, &format!("- {place}"));
    }
    if there.is_empty() {
        context.out.line(Paint::Good, &format!("`{name}` is nowhere already"));
        context.out.data(&json!({ "format": 1, "secret": name, "removed": [] }));
        return Ok(Exit::Done);
    }
    ask(context, args.yes, &format!("Take `{name}` out of {} places for good?", there.len()))?;
    let deed = Deed::new("secrets.rm", name.as_str()).with("places", there.len());
    record::during(context, house.recorder(context), &deed, |_| {
        for place in there.iter().rev() {
            house.stores().remove(place)?;
        }
        Ok(())
    })?;
    context.out.line(Paint::Good, &format!("`{name}` is gone from {} places", there.len()));
    context.out.data(&json!({ "format": 1, "secret": name, "removed": there }));
    Ok(Exit::Done)
}
