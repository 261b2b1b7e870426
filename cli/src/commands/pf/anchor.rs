//! `sanctum pf load` and `unload`: our own anchor, for launchd at boot and for people.
//!
//! The store's lock is held from before the recovery until the rules are loaded. Nothing that this machine can
//! do without keeps the rules from being loaded: not a recovery that fails, and not an approved instance that
//! this version cannot read. Deliberately absent: the instance of the command line, and any directory but `/`.

use crate::args::Common;
use crate::commands::Context;
use crate::commands::apply::whole;
use crate::failure::{Exit, Failure};
use crate::output::Paint;
use crate::presence;
use crate::record::{self, Deed, Recorder};
use crate::recovery;
use crate::session::Opened;
use crate::site::{Access, HERE, Place, Site};
use sanctum_host::live::{self, Live};
use sanctum_host::{Blobs, Host as _, Op, Store, Unit, boot, clock, trust};
use sanctum_orchestrator::house::layout;
use sanctum_orchestrator::instance::model::Os;
use sanctum_orchestrator::render::pf_anchor::anchor_name;
use sanctum_types::{AbsPath, chain};
use std::path::Path;
use std::time::Duration;

/// At boot `bootstrap` may be taking a change back at the same time, and each of its programs may take 30 s.
const LOCK_WAIT: Duration = Duration::from_secs(60);
/// The store's file with the name of the anchor that was loaded last; it stays after an unload.
const LAST: &str = "pf.anchor";

/// Loads or flushes our own anchor through the host, which reads it back.
pub(super) fn run(context: &Context, wanted: bool) -> Result<Exit, Failure> {
    refuse_elsewhere(&context.common)?;
    if !wanted {
        presence::require(context, "take the packet filter's rules away")?;
    }
    if HERE != Os::Macos {
        return Err(Failure::refused("pf is the packet filter of macOS; this is Linux")
            .hint("the same registry is an nftables ruleset here: sanctum plan --only nft"));
    }
    crate::machine::may_change(&context.around)?;
    let path = Path::new(layout::store(HERE));
    // Before anything is read of the store: it judges who could have put it there.
    let mut host = Live::open(path)?;
    let store = Store::open(path)?;
    let _lock = store.lock(LOCK_WAIT)?;
    if wanted {
        recover_first(context);
    }
    let name = anchor(context, &store, path)?;
    let unit = Unit::PfAnchor { name: name.clone() };
    let from = AbsPath::new(layout::PF_ANCHOR_FILE)?;
    let op = if wanted { Op::Loaded { unit, from } } else { Op::Unloaded { unit } };
    // Rules that are not loaded leave every port open, so nothing keeps them from being loaded.
    let deed =
        if wanted { Deed::new("pf.load", &name).anyway() } else { Deed::new("pf.unload", &name) };
    let recorder = Recorder::of_store(&store, &Place::Machine, None, &context.around);
    record::during(context, recorder, &deed, |_| {
        host.ensure(&op, &Blobs::default())?;
        Ok(store.write_file(LAST, name.as_bytes())?)
    })?;
    context.out.data(&serde_json::json!({ "format": 1, "done": op.to_string() }));
    context.out.line(Paint::Good, &op.to_string());
    Ok(Exit::Done)
}

/// Rules are loaded into this machine's kernel, and what they are was approved by an apply.
fn refuse_elsewhere(common: &Common) -> Result<(), Failure> {
    for (given, option) in
        [(common.root.is_some(), "--root"), (common.instance.is_some(), "--instance")]
    {
        if given {
            let error =
                format!("{option} has no meaning here: the rules of this machine are loaded");
            return Err(Failure::new(Exit::Usage, error)
                .hint("look at rules anywhere: sanctum pf check FILE"));
        }
    }
    Ok(())
}

/// launchd starts jobs in no order, so whichever of `bootstrap` and this one comes first takes back what an
/// earlier boot left unconfirmed. The lock is ours already, so the node is opened as if only to look.
fn recover_first(context: &Context) {
    let recovered = || -> Result<(), Failure> {
        let mut site = Site::recall(&context.common, &context.around, Access::Look)?;
        let boot = boot::id()?;
        let recorder = |site: &Site| Recorder::of_site(site, &context.around);
        recovery::run(context, &mut site, recorder, (Some(&boot), clock::now()), |taken| {
            for back in taken {
                let id = &back.id;
                context.out.warn(&format!("receipt {id} was not confirmed; it is taken back"));
                for (step, error) in &back.report.errors {
                    context.out.warn(&format!("cannot take back {step}: {}", chain(error)));
                }
            }
            taken.iter().try_for_each(|back| whole(&back.report))
        })
    };
    if let Err(failure) = recovered() {
        context.out.warn(&format!(
            "the recovery failed, the rules are loaded all the same: {}",
            chain(&*failure.error)
        ));
    }
}

/// Where our anchor is attached.
fn anchor(context: &Context, store: &Store, path: &Path) -> Result<String, Failure> {
    let loaded = live::recorded(path).unwrap_or_else(|error| {
        context.out.warn(&chain(&error));
        Vec::new()
    });
    let last = store.read_file(LAST)?.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    choose(&loaded, || approved(context), last, &|text| context.out.warn(text))
}

/// The anchor of the approved instance, which nobody but root may have written.
fn approved(context: &Context) -> Result<String, Failure> {
    trust::check_root_owned(&AbsPath::new(layout::APPROVED_INSTANCE)?)?;
    let opened = Opened::read_approved(&context.common, context.out)?;
    Ok(anchor_name(opened.instance.pf.attach).to_owned())
}

/// The ledger's only anchor; else the approved instance's, which decides also between two that an interrupted
/// change left; else the one that was loaded last.
fn choose(
    loaded: &[Unit],
    approved: impl FnOnce() -> Result<String, Failure>,
    last: Option<String>,
    warn: &dyn Fn(&str),
) -> Result<String, Failure> {
    let mut anchors = loaded.iter().filter_map(|unit| match unit {
        Unit::PfAnchor { name } => Some(name),
        _ => None,
    });
    if let (Some(only), None) = (anchors.next(), anchors.next()) {
        return Ok(only.clone());
    }
    match (approved(), last) {
        (Ok(name), _) => Ok(name),
        (Err(failure), Some(last)) => {
            warn(&format!(
                "the anchor is the one that was loaded last, {last}: {}",
                chain(&*failure.error)
            ));
            Ok(last)
        }
        (Err(failure), None) => Err(failure),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    fn unit(name: &str) -> Unit {
        Unit::PfAnchor { name: name.to_owned() }
    }

    #[test]
    fn the_anchor_is_found_without_an_instance_that_can_be_read() {
        let good = || Ok("approved".to_owned());
        let bad = || Err(Failure::failed("it is of format 9"));
        let last = || Some("last".to_owned());
        let none = [Unit::Sshd];
        let two = [unit("a"), unit("b")];
        for (loaded, readable, last, expected) in [
            (&[Unit::Sshd, unit("a")][..], true, last(), Some("a")),
            (&[unit("a")], false, None, Some("a")),
            (&none, true, last(), Some("approved")),
            (&two, true, None, Some("approved")),
            (&two, false, last(), Some("last")),
            (&none, false, last(), Some("last")),
            (&none, false, None, None),
        ] {
            let said = RefCell::new(String::new());
            let warn = |text: &str| said.borrow_mut().push_str(text);
            let approved = || if readable { good() } else { bad() };
            let found = choose(loaded, approved, last, &warn).ok();
            assert_eq!(found.as_deref(), expected, "{loaded:?}");
            let warned = said.borrow().contains("it is of format 9");
            assert_eq!(warned, expected == Some("last"), "{loaded:?}");
        }
    }
}
