//! The story of every journal that this caller may look at.

use crate::commands::{Context, journals};
use crate::failure::Failure;
use crate::site::Place;
use sanctum_host::journal::may_run;
use sanctum_host::journal::merge::{Story, Unread};
use sanctum_host::journal::scan::Line;
use std::path::Path;

/// Reads and verifies all of them.
pub(in crate::commands) fn gather(
    context: &Context,
    second: Option<&Path>,
    keep: &dyn Fn(&Line<'_>) -> bool,
) -> Result<Story, Failure> {
    let mut story = Story::default();
    let may_run = may_run()?;
    let mut all = Vec::new();
    let place = Place::of(&context.common);
    for (what, places) in journals::all(&place, context.around.home(), second)? {
        match places {
            Ok(Some(places)) => {
                story.add(&places, keep, &may_run);
                all.push(places);
            }
            Ok(None) => {}
            Err(error) => story.unread.push(Unread { what, error }),
        }
    }
    for places in &all {
        story.hold(places);
    }
    story.settle();
    Ok(story)
}
