//! `sanctum config`: the instance file itself.

use super::Context;
use crate::failure::{Exit, Failure};
use crate::output::Paint;
use crate::session::Opened;

/// `sanctum config check`.
pub fn check(context: &Context) -> Result<Exit, Failure> {
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
pub fn schema(context: &Context) -> Result<Exit, Failure> {
    let schema = sanctum_orchestrator::instance::schema();
    context.out.raw(&format!("{schema:#}\n"));
    Ok(Exit::Done)
}
