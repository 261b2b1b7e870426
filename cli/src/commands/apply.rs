//! `sanctum apply`: recover, plan, ask, act as one transaction.

use super::{Context, ask, plan as plan_verb, prove, saved};
use crate::approval;
use crate::args::Apply as Args;
use crate::failure::{Exit, Failure};
use crate::output::Paint;
use crate::record::{self, Deed, Recorder};
use crate::recovery;
use crate::session::{Opened, Session};
use crate::site::{Access, Place, Site};
use crate::watchdog;
use sanctum_host::{Blobs, Unit, boot, clock};
use sanctum_orchestrator::apply::{Outcome, RollbackReport};
use sanctum_orchestrator::engine::{self, EngineError, Terms};
use sanctum_orchestrator::instance::widening::Widening;
use sanctum_orchestrator::plan::Plan;
use sanctum_orchestrator::prove::Tools;
use sanctum_orchestrator::receipt::{Kind, Receipt, Status};
use sanctum_types::{AbsPath, chain};

/// Seconds in which the owner confirms a change on a real machine, unless said otherwise: time to open a
/// second terminal and log in.
const CONFIRM_WITHIN: u32 = 120;

/// Runs the verb.
pub fn run(context: &Context, args: &Args) -> Result<Exit, Failure> {
    let out = context.out;
    let opened = Opened::read(&context.common, &context.around, out)?;
    let mut session = Session::open(opened, &context.common, &context.around, Access::Change)?;
    recover_first(context, &mut session.site)?;
    // A question holds the lock, and the watchdog of a waiting receipt must not have to wait for an answer.
    session.site.engine().require_settled().map_err(refusal(&session.site.place))?;
    let saved = args.plan.as_deref().map(saved::read).transpose()?;
    let parts = match &saved {
        Some(saved) => saved.parts.clone(),
        None => args.only.iter().copied().collect(),
    };
    session.warn_uncovered(out);
    let mut blobs = Blobs::default();
    let artefacts = session.artefacts(&parts)?;
    let want = session.want(artefacts.clone(), &mut blobs)?;
    let planned = plan_verb::only(&mut session, &want, &parts, &mut blobs)?;
    if let Some(saved) = &saved {
        if context.around.euid == 0 {
            saved::require_seal(saved, session.site.store())?;
        }
        saved::require_fresh(saved, &planned)?;
    }
    if planned.is_empty() {
        report(context, &session.site.place, &planned, &[], None);
        return Ok(Exit::Done);
    }
    if !out.json {
        plan_verb::print(out, &planned, &blobs, session.site.os);
    }
    // Nothing that is not approved reaches a program that root runs, be it only to be judged by it.
    let widens = match session.site.place {
        Place::Machine => approval::require(context, &session.opened, args.approve.as_deref())?,
        Place::Root(_) => Vec::new(),
    };
    let tools = (!args.no_prove).then(Tools::find);
    prove::before(&session, &artefacts, tools.as_ref())?;
    ask(context, args.yes, "Apply this?")?;
    let terms = terms(args, &session.site.place)?;
    let receipt = act(context, &mut session.site, &planned, &blobs, &terms)?.receipt;
    report(context, &session.site.place, &planned, &widens, Some(&receipt));
    if let Some(tools) = &tools {
        prove::after(out, &session, &artefacts, tools)?;
    }
    Ok(Exit::Done)
}

/// What a dead process left behind is taken back before anything new is begun.
pub fn recover_first(context: &Context, site: &mut Site) -> Result<(), Failure> {
    let recorder = |site: &Site| Recorder::of_site(site, &context.around);
    recovery::run(context, site, recorder, (None, clock::now()), |taken| {
        for back in taken {
            let id = &back.id;
            context.out.warn(&format!("receipt {id} was left half-done; it is taken back now"));
            whole(&back.report)?;
        }
        Ok(())
    })
}

/// A rollback that left something standing ends the verb.
pub fn whole(report: &RollbackReport) -> Result<(), Failure> {
    if report.errors.is_empty() {
        return Ok(());
    }
    let mut failure = Failure::new(Exit::Incomplete, "not everything could be taken back");
    for (id, error) in &report.errors {
        failure = failure.hint(format!("{id}: {}", chain(error)));
    }
    Err(failure.hint("mend what is named above, then run `sanctum rollback` again"))
}

fn terms(args: &Args, place: &Place) -> Result<Terms, Failure> {
    let by_default = (*place == Place::Machine).then_some(CONFIRM_WITHIN);
    Ok(Terms {
        kind: Kind::Apply,
        confirm_within: args.confirm_within.or(by_default),
        session: crate::machine::ssh_session()?.map(|connection| connection.name),
        boot: boot::id().ok(),
        overwrite_foreign: args.overwrite_foreign,
        now: clock::now(),
    })
}

/// A plan that was applied.
pub struct Acted {
    /// Its receipt.
    pub receipt: Receipt,
    /// Directories that were to go and hold somebody else's files.
    pub kept: Vec<AbsPath>,
}

/// Applies under a receipt and tells the journal of it.
pub fn act(
    context: &Context,
    site: &mut Site,
    plan: &Plan,
    blobs: &Blobs,
    terms: &Terms,
) -> Result<Acted, Failure> {
    let recorder = Recorder::of_site(site, &context.around);
    let node = site.node.to_string();
    let action = match terms.kind {
        Kind::Apply => "apply.run",
        Kind::Uninstall => "uninstall.run",
    };
    let deed = Deed::new(action, &node)
        .with("steps", plan.steps.len())
        .with("instance", plan.instance.short());
    record::changing(context, site, &deed, recorder, |site, notes| {
        let acted = transact(context, site, plan, blobs, terms)?;
        notes.insert("receipt".to_owned(), acted.receipt.header.id.clone());
        Ok(acted)
    })
}

/// A watchdog is started before the first verb where the owner must confirm.
fn transact(
    context: &Context,
    site: &mut Site,
    plan: &Plan,
    blobs: &Blobs,
    terms: &Terms,
) -> Result<Acted, Failure> {
    let risky = terms.confirm_within.filter(|_| engine::is_risky(plan));
    if let Some(seconds) = risky {
        watchdog::start(context, site, terms.now.plus(i64::from(seconds)))?;
    }
    let total = plan.steps.len();
    let out = context.out;
    let result = site.engine().apply(plan, blobs, terms, &mut |number, step| {
        out.progress(&format!("[{}/{total}] {} {}", number + 1, step.change(), step.id));
    });
    let (receipt, outcome) = result.map_err(refusal(&site.place))?;
    match outcome {
        Outcome::Done { kept } => Ok(Acted { receipt, kept }),
        Outcome::RolledBack(error) => Err(Failure::new(Exit::RolledBack, error)
            .hint("everything that was begun is rolled back; plan again with `sanctum plan`")),
        Outcome::Incomplete(error, report) => {
            let mut failure = Failure::new(Exit::Incomplete, error);
            for (id, error) in &report.errors {
                failure = failure.hint(format!("not taken back: {id}: {}", chain(error)));
            }
            Err(failure.hint("mend what is named above, then run `sanctum rollback`"))
        }
    }
}

/// Which refusals have a next command, and how it is typed at that place.
pub fn refusal(place: &Place) -> impl Fn(EngineError) -> Failure {
    let typed: [String; 4] =
        ["confirm", "rollback", "drift", "history"].map(|verb| place.command(verb));
    move |error| {
        let [confirm, rollback, drift, history] = &typed;
        match &error {
            EngineError::Foreign { .. } => Failure::refused(error)
                .hint(format!("see what differs with `{drift}`"))
                .hint("to replace it, say --overwrite-foreign; to keep it, put it into the instance file"),
            EngineError::Displaced { unit, .. } => {
                let hint = format!("see it with `{}`; `sanctum adopt` reads what runs", look(unit));
                Failure::refused(error)
                    .hint(hint)
                    .hint("unload it yourself, or say --overwrite-foreign: a rollback then leaves it unloaded")
            }
            EngineError::Unconfirmed { .. } => Failure::refused(error)
                .hint(format!("if you can still get in over a new connection: {confirm}"))
                .hint(format!("if not: {rollback}")),
            EngineError::Conflict { .. } => Failure::refused(error)
                .hint(format!("see what differs with `{drift}`, or say --overwrite-foreign")),
            EngineError::OldSession { .. } | EngineError::NoSession { .. } => Failure::refused(error)
                .hint(format!("open a new SSH connection and run `{confirm}` there: it proves that you can get in"))
                .hint(format!("if you cannot get in, wait: the change undoes itself, or run `{rollback}`")),
            EngineError::Unclosed { .. } => Failure::new(Exit::Incomplete, error)
                .hint(format!("mend the store, then run `{rollback}`")),
            EngineError::Interrupted { .. } => Failure::refused(error).hint(format!("run `{rollback}`")),
            EngineError::NoReceipt { .. } | EngineError::NothingToConfirm | EngineError::NoStore => {
                Failure::refused(error).hint(format!("see `{history}`"))
            }
            EngineError::Observe(_)
            | EngineError::Store(_)
            | EngineError::History(_)
            | EngineError::Encode(_) => Failure::failed(error),
        }
    }
}

/// What shows where a unit comes from.
fn look(unit: &Unit) -> String {
    match unit {
        Unit::LaunchdJob { label } => format!("launchctl print system/{label}"),
        Unit::SystemdUnit { name } => format!("systemctl status {name}"),
        Unit::NftTable { family, name } => format!("sudo nft list table {family} {name}"),
        Unit::PfAnchor { name } => format!("sudo pfctl -a {name} -sr"),
        Unit::Sshd => "sudo sshd -T".to_owned(),
    }
}

fn report(
    context: &Context,
    place: &Place,
    plan: &Plan,
    widens: &[Widening],
    receipt: Option<&Receipt>,
) {
    let out = context.out;
    out.data(&serde_json::json!({
        "format": 1, "node": plan.node, "changes": plan.steps.len(), "widens": widens,
        "receipt": receipt.map(|receipt| &receipt.header.id),
        "status": receipt.map(Receipt::status),
        "confirm_until": receipt.filter(|r| r.status() == Status::Unconfirmed).and_then(Receipt::deadline),
    }));
    let Some(receipt) = receipt else {
        out.line(Paint::Good, &plan_verb::summary(plan));
        return;
    };
    out.line(Paint::Good, &format!("{}: applied as {}", plan.node, receipt.header.id));
    if receipt.status() == Status::Unconfirmed {
        let seconds = receipt.header.confirm_within.unwrap_or_default();
        out.line(
            Paint::Note,
            &format!(
                "undone in {seconds} s unless you run `{}` over a new connection",
                place.command("confirm")
            ),
        );
    }
}
