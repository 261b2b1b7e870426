//! The one way back from a dead process, for `recover`, the watchdog, and whoever is about to change a node.
//!
//! Takes back what was left half-done or was not confirmed, ends what the journal says was begun and never ended, and
//! makes the checkpoint that a dead process could not make any more.
//! It is done even where it cannot be recorded. Deliberately absent: who may ask, and what is printed.

use crate::commands::Context;
use crate::failure::Failure;
use crate::record::{self, Deed, Recorder};
use crate::site::Site;
use sanctum_orchestrator::engine::TakenBack;
use sanctum_types::UnixTime;

/// Recovers a node whose store this process has locked, with the name of this boot where what an earlier one left
/// unconfirmed is lost too. `told` hears what was taken back, and says whether that is the whole.
pub fn run(
    context: &Context,
    site: &mut Site,
    recorder: impl FnOnce(&Site) -> Result<Recorder, Failure>,
    (boot, now): (Option<&str>, UnixTime),
    told: impl FnOnce(&[TakenBack]) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let lost = site.engine().lost(boot, now)?;
    if lost.is_empty() && !record::has_died(site) {
        return told(&[]);
    }
    let node = site.node.to_string();
    let mut deed = Deed::new("recover.run", &node).anyway();
    if !lost.is_empty() {
        deed = deed.with("receipts", lost.join(","));
    }
    let recorder = recorder(site);
    record::changing(context, site, &deed, recorder, |site, _| {
        told(&site.engine().recover(boot, now)?)
    })
}
