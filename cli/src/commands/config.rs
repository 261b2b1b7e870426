//! `sanctum config`: what the firewall is configured with, and the instance file itself.

mod edit;
mod firewall;

pub(in crate::commands) use firewall::without_effect;

use super::Context;
use crate::args::config::{Config, ConfigArgs};
use crate::failure::{Exit, Failure};
use crate::output::Paint;
use crate::session::Opened;

/// Runs the verb.
pub fn run(context: &Context, args: &ConfigArgs) -> Result<Exit, Failure> {
    match (args.verb.as_deref(), &args.explain) {
        (Some(Config::Check), _) => check(context),
        (Some(Config::Schema), _) => schema(context),
        (None, Some(key)) => firewall::explain(context, key),
        (None, None) if args.recommended => firewall::recommended(context),
        (None, None) if args.edit => edit::run(context),
        (None, None) => firewall::show(context),
    }
}

/// `sanctum config check`.
fn check(context: &Context) -> Result<Exit, Failure> {
    let opened = Opened::read(&context.common, &context.around, context.out)?;
    let house = &opened.instance;
    context.out.data(&serde_json::json!({
        "format": 1, "path": opened.path, "digest": opened.digest, "house": house.instance.name,
        "nodes": house.nodes.keys().collect::<Vec<_>>(), "services": house.services.len(),
    }));
    let nodes: Vec<&str> = house.nodes.keys().map(sanctum_types::NodeName::as_str).collect();
    context.out.line(
        Paint::Good,
        &format!("{}: a house of {} services", opened.path, house.services.len()),
    );
    context.out.line(Paint::Plain, &format!("nodes: {}", nodes.join(", ")));
    Ok(Exit::Done)
}

/// `sanctum config schema`.
fn schema(context: &Context) -> Result<Exit, Failure> {
    let schema = sanctum_orchestrator::instance::schema();
    context.out.raw(&format!("{schema:#}\n"));
    Ok(Exit::Done)
}
