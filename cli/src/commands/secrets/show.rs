//! `sanctum secrets list` and `diff`: places, what is in each, and whether they agree. By fingerprint, never by value.

use super::house::House;
use crate::args::secrets::Named;
use crate::commands::{Context, FOUND};
use crate::failure::{Exit, Failure};
use crate::output::Paint;
use sanctum_orchestrator::instance::secrets::{consumers, holders};
use sanctum_secrets::house::{Seen, Sight, Standing};
use serde_json::{Value, json};

pub(super) fn list(context: &Context, args: &Named) -> Result<Exit, Failure> {
    let house = House::open(context)?;
    let key = house.key_to_look(context)?;
    let instance = &house.opened.instance;
    // Everything that is declared is listed; only what this node holds is looked at.
    let all: Vec<String> = instance.secrets.keys().map(ToString::to_string).collect();
    let names = if args.names.is_empty() { &all } else { &args.names };
    let mut rows = Vec::new();
    for kept in house.kept(names)? {
        let name = kept.name.clone();
        let on = holders(instance, &name);
        let here = on.contains(&house.node);
        let seen = here.then(|| Seen::of(&house.stores(), kept.clone(), &key));
        let word = seen.as_ref().map_or("elsewhere", |seen| seen.standing().word());
        let on: Vec<&str> = on.iter().map(sanctum_types::NodeName::as_str).collect();
        context
            .out
            .line(paint(seen.as_ref()), &format!("{name:<28} {word:<15} on {}", on.join(", ")));
        for (place, role, sight) in places(&kept, seen.as_ref()) {
            context.out.line(
                Paint::Plain,
                &format!("  {role:<7} {place}  {}", sight.map_or("not looked at", Sight::word)),
            );
        }
        rows.push(row(&house, &kept, seen.as_ref(), &on));
    }
    if rows.is_empty() {
        context.out.line(Paint::Plain, "the instance declares no secrets");
    }
    context.out.data(&json!({ "format": 1, "node": house.node, "secrets": rows }));
    Ok(Exit::Done)
}

fn places<'a>(
    kept: &'a sanctum_secrets::house::Kept,
    seen: Option<&'a Seen>,
) -> Vec<(&'a sanctum_types::SecretRef, &'static str, Option<&'a Sight>)> {
    let sights = seen.map(|seen| seen.places().map(|(_, sight)| sight).collect::<Vec<_>>());
    let role = |n: usize| if n == 0 { "source" } else { "cache" };
    let sight = |n: usize| sights.as_ref().and_then(|all| all.get(n).copied());
    kept.places().enumerate().map(|(n, place)| (place, role(n), sight(n))).collect()
}

fn row(
    house: &House,
    kept: &sanctum_secrets::house::Kept,
    seen: Option<&Seen>,
    on: &[&str],
) -> Value {
    let instance = &house.opened.instance;
    let entry = instance.secrets.get(&kept.name);
    let readers: Vec<&str> =
        consumers(instance, &kept.name).map(sanctum_types::ServiceName::as_str).collect();
    let places: Vec<Value> = places(kept, seen)
        .into_iter()
        .map(|(place, role, sight)| {
            json!({ "ref": place, "role": role, "state": sight.map(Sight::word), "cause": cause(sight) })
        })
        .collect();
    json!({
        "secret": kept.name, "standing": seen.map(|seen| seen.standing().word()), "nodes": on,
        "consumers": readers, "places": places,
        "rotation_max_age_days": entry.and_then(|entry| entry.rotation_max_age_days),
        "cleartext": entry.and_then(|entry| entry.cleartext.as_ref()).map(|clear| &clear.reason),
    })
}

fn cause(sight: Option<&Sight>) -> Option<&str> {
    match sight {
        Some(Sight::Unreachable(cause)) => Some(cause),
        Some(Sight::Present(_) | Sight::Absent) | None => None,
    }
}

fn paint(seen: Option<&Seen>) -> Paint {
    match seen.map(Seen::standing) {
        Some(Standing::Agrees) => Paint::Good,
        Some(Standing::Differs | Standing::Missing | Standing::SourceMissing) => Paint::Bad,
        Some(Standing::Unknown) => Paint::Note,
        None => Paint::Plain,
    }
}

pub(super) fn diff(context: &Context, args: &Named) -> Result<Exit, Failure> {
    let house = House::open(context)?;
    let key = house.key(context)?;
    let all = house.look(house.kept(&args.names)?, &key);
    let (mut differ, mut unknown) = (false, false);
    let mut rows = Vec::new();
    for seen in &all {
        let standing = seen.standing();
        differ |=
            matches!(standing, Standing::Differs | Standing::Missing | Standing::SourceMissing);
        unknown |= standing == Standing::Unknown;
        context.out.line(paint(Some(seen)), &format!("{:<28} {}", seen.kept.name, standing.word()));
        let mut places = Vec::new();
        for (place, sight) in seen.places() {
            let shown = match sight {
                Sight::Present(print) => print.to_string(),
                Sight::Absent => "absent".to_owned(),
                Sight::Unreachable(cause) => format!("unreachable: {cause}"),
            };
            context.out.line(Paint::Plain, &format!("  {place}  {shown}"));
            let print = sight.fingerprint().map(|print| print.to_string());
            places.push(json!({ "ref": place, "state": sight.word(), "fingerprint": print, "cause": cause(Some(sight)) }));
        }
        rows.push(
            json!({ "secret": seen.kept.name, "standing": standing.word(), "places": places }),
        );
    }
    if differ {
        context.out.line(
            Paint::Note,
            &format!("caches follow their source: {}", house.place.command("secrets sync")),
        );
    }
    context.out.data(&json!({ "format": 1, "node": house.node, "secrets": rows }));
    Ok(match (differ, unknown) {
        (true, _) => FOUND,
        (false, true) => Exit::Failed,
        (false, false) => Exit::Done,
    })
}
