//! One file a verb. A verb turns arguments into a report, and an error into a `Failure`.

pub mod alerts;
pub mod apply;
pub mod audit;
pub mod back;
pub mod config;
pub mod demo;
pub mod doctor;
pub mod guard;
pub mod history;
pub mod hook;
pub mod hooks;
pub mod itself;
pub mod job;
pub mod journals;
pub mod keys;
pub mod packages;
pub mod pf;
pub mod plan;
pub mod propose;
pub mod prove;
pub mod reboot;
pub mod rotate;
pub mod run;
pub mod saved;
pub mod scan;
pub mod secrets;
pub mod services;
pub mod sops;
pub mod ssh;
pub mod status;
pub mod status_fleet;
mod status_runs;
pub mod up;
pub mod vault;

use crate::args::hook::Hooks;
use crate::args::{Cli, Common, Config, Kept, Verb};
use crate::failure::{Exit, Failure};
use crate::output::{Out, Paint};
use crate::surroundings::Surroundings;

/// The exit code of a report that holds findings.
pub const FOUND: Exit = Exit::Differences;

/// What every verb is given.
#[derive(Clone, Debug)]
pub struct Context {
    /// Options of every verb.
    pub common: Common,
    /// The environment.
    pub around: Surroundings,
    /// Where its words go.
    pub out: Out,
}

/// Runs the verb; the exit code of a verb that did what it should is part of its report.
pub fn run(cli: Cli, around: Surroundings) -> Result<Exit, Failure> {
    let out = Out { json: cli.common.json, quiet: cli.common.quiet };
    unheard(&cli)?;
    let context = Context { common: cli.common, around, out };
    match cli.verb {
        Verb::Alerts { verb } => alerts::run(&context, &verb),
        Verb::Demo(args) => demo::run(&context, &args),
        Verb::Itself { verb } => itself::run(&context, &verb),
        Verb::Init(args) => propose::init(&context, &args),
        Verb::Adopt => propose::adopt(&context),
        Verb::Job { name } => job::run(&context, &name),
        Verb::Config(args) => config::run(&context, &args),
        Verb::Plan(args) => plan::run(&context, &args),
        Verb::Apply(args) => apply::run(&context, &args),
        Verb::Confirm => back::confirm(&context),
        Verb::Rollback(args) => back::rollback(&context, &args),
        Verb::Recover(args) => back::recover(&context, &args),
        Verb::Uninstall(args) => back::uninstall(&context, &args),
        Verb::Audit(args) => audit::run(&context, &args),
        Verb::Guard(args) => guard::run(&context, &args),
        Verb::History => history::history(&context),
        Verb::Hook(args) => hook::run(&context, &args),
        Verb::Hooks { verb } => hooks::run(&context, &verb),
        Verb::Drift => history::drift(&context),
        Verb::Doctor(args) => doctor::run(&context, &args),
        Verb::Keys { verb } => keys::run(&context, &verb),
        Verb::Packages { verb } => packages::run(&context, &verb),
        Verb::Pf { verb } => pf::run(&context, &verb),
        Verb::Reboot(args) => reboot::run(&context, &args),
        Verb::Rotate(args) => rotate::run(&context, &args),
        Verb::Run(args) => run::run(&context, &args),
        Verb::Scan(args) => scan::run(&context, &args),
        Verb::Secrets { verb } => secrets::run(&context, &verb),
        Verb::Services(args) => services::run(&context, &args),
        Verb::Up(args) => up::run(&context, &args),
        Verb::Vault(args) => vault::run(&context, &args),
        Verb::Status(args) => status::run(&context, &args),
        Verb::Sops(args) => sops::run(&context, *args.0),
        Verb::Ssh { verb } => ssh::run(&context, &verb),
        Verb::Completions { shell } => {
            let mut script = Vec::new();
            let mut command = <Cli as clap::CommandFactory>::command();
            clap_complete::generate(shell, &mut command, "sanctum", &mut script);
            out.raw(&String::from_utf8_lossy(&script));
            Ok(Exit::Done)
        }
    }
}

/// Refuses options that the verb would not listen to: who names a directory must not be surprised by the machine.
fn unheard(cli: &Cli) -> Result<(), Failure> {
    let common = &cli.common;
    let (instance, root, node) = ("--instance", "--root", "--node");
    let deaf: &[&str] = match &cli.verb {
        Verb::Hooks {
            verb:
                Kept(
                    Hooks::Install { managed: true, .. }
                    | Hooks::Remove { managed: true, .. }
                    | Hooks::Status { .. },
                ),
        } => &[instance, node],
        Verb::Config(Kept(args)) if !matches!(args.verb, Some(Kept(Config::Check))) => {
            &[instance, root, node]
        }
        Verb::Demo(_)
        | Verb::Hooks { .. }
        | Verb::Itself { .. }
        | Verb::Run(_)
        | Verb::Packages { .. }
        | Verb::Scan(_)
        | Verb::Sops(_)
        | Verb::Completions { .. } => &[instance, root, node],
        Verb::Hook(_) | Verb::Init(_) | Verb::Job { .. } | Verb::Ssh { .. } => &[root, node],
        Verb::Status(args) if args.all || !args.on.is_empty() => &[root, node],
        Verb::Adopt => &[node],
        Verb::Vault(_) => &[instance, node],
        verb if reads_receipts(verb) => &[instance, node],
        Verb::Audit(_) => &[instance, node],
        _ => &[],
    };
    let why = if reads_receipts(&cli.verb) {
        ": it reads receipts, and the place where they are says which node they are of"
    } else {
        ""
    };
    let given = [
        (instance, common.instance.is_some()),
        (root, common.root.is_some()),
        (node, common.node.is_some()),
    ];
    match given.iter().find(|(option, is)| *is && deaf.contains(option)) {
        Some((option, _)) => {
            Err(Failure::new(Exit::Usage, format!("{option} means nothing to this verb{why}")))
        }
        None => Ok(()),
    }
}

/// The ways back work without an instance file, so they read none.
const fn reads_receipts(verb: &Verb) -> bool {
    matches!(
        verb,
        Verb::Confirm | Verb::Rollback(_) | Verb::Recover(_) | Verb::Uninstall(_) | Verb::History
    )
}

/// Asks the owner; `--yes` answers. Without a terminal there is nobody to ask.
pub fn ask(context: &Context, yes: bool, question: &str) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    if !context.around.terminal {
        return Err(Failure::refused(format!("{question} There is no terminal to answer on"))
            .hint("look at the plan first (`sanctum plan`), then say --yes"));
    }
    context.out.question(&format!("{question} [y/N]"));
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    if matches!(answer.trim(), "y" | "Y" | "yes") {
        return Ok(());
    }
    context.out.line(Paint::Plain, "nothing was changed");
    Err(Failure::refused("not confirmed by you"))
}
