//! The command line as types. Every verb has an example in its help; docs/cli.md is generated from here.

pub mod alerts;
pub mod audit;
pub mod config;
pub mod doctor;
pub mod guard;
pub mod hook;
pub mod kept;
pub mod keys;
pub mod narrow;
pub mod packages;
pub mod reboot;
pub mod rotate;
pub mod run;
pub mod scan;
pub mod secrets;
pub mod services;
pub mod sops;
pub mod ssh;
pub mod status;
pub mod up;
pub mod vault;

pub use config::Config;
pub use doctor::Doctor;
pub use kept::Kept;

use clap::{Args, Parser, Subcommand, ValueEnum};
use sanctum_orchestrator::house::Part;
use std::path::PathBuf;

/// One file describes the house; sanctum renders, applies, proves and rolls it back.
#[derive(Debug, Parser)]
#[command(name = "sanctum", version, max_term_width = 100, arg_required_else_help = true)]
#[command(after_help = "Exit codes: 0 done · 1 failed · 2 usage · 3 differences · 4 refused · \
    5 failed and rolled back · 6 rollback incomplete · 70 bug (sops and pf check have their own)\n\nExample:\n  sanctum demo")]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
    /// Options of every verb.
    #[command(flatten)]
    pub common: Common,
}

/// Options of every verb.
#[derive(Clone, Debug, Default, Args)]
pub struct Common {
    /// The instance file [default: ~/.sanctum/instance.yaml]
    #[arg(long, global = true, value_name = "FILE")]
    pub instance: Option<PathBuf>,
    /// Work below this directory instead of on this machine
    #[arg(long, global = true, value_name = "DIR")]
    pub root: Option<PathBuf>,
    /// Which node of the house [default: what /etc/sanctum/node says, or the hub]
    #[arg(long, global = true, value_name = "NAME")]
    pub node: Option<String>,
    /// Report as JSON on standard output
    #[arg(long, global = true)]
    pub json: bool,
    /// No progress on standard error
    #[arg(long, short, global = true)]
    pub quiet: bool,
}

/// The verbs.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Verb {
    /// Render the example house, apply it into a directory, prove it, apply it again, roll it back
    #[command(after_help = "Example:\n  sanctum demo --keep /tmp/manor")]
    Demo(Kept<Demo>),
    /// Propose a house and write a commented instance file
    #[command(after_help = "Example:\n  sanctum init\n  sanctum init --print")]
    Init(Kept<Init>),
    /// Try the channels that alerts go through, and look at what was told
    #[command(after_help = "Example:\n  sanctum alerts test")]
    Alerts {
        /// What to do with them.
        #[command(subcommand)]
        verb: Kept<alerts::Alerts>,
    },
    /// Read a house that already runs and turn it into a proposal, changing nothing
    #[command(after_help = "Example:\n  sanctum adopt > proposal.yaml")]
    Adopt,
    /// What the firewall is configured with here, merged and whose; or look at the instance file
    #[command(
        after_help = "Exit codes: 0 shown or written · 2 no such key · 3 something in the files has no effect · 4 what was edited \
        cannot be read\n\n\
        Example:\n  sanctum config\n  sanctum config --explain ai_firewall.unattended\n  sanctum config --edit\n  \
        sanctum config --recommended > ~/.sanctum/config.toml\n  sanctum config check"
    )]
    Config(Kept<config::ConfigArgs>),
    /// Show what would change: unified diffs and every command; exit 0 in sync, 3 with changes
    #[command(
        after_help = "Example:\n  sanctum plan --only ssh\n  sanctum plan --out next.plan && sanctum apply next.plan"
    )]
    Plan(Kept<Plan>),
    /// Make the house so: plan, ask, apply as one transaction, prove
    #[command(
        after_help = "Example:\n  sanctum apply --root /tmp/hub --yes\n  sudo /opt/sanctum/bin/sanctum apply"
    )]
    Apply(Kept<Apply>),
    /// Say that you can still get in; without it, changes to sshd, pf and network are undone
    #[command(after_help = "Example:\n  ssh -t hub sudo /opt/sanctum/bin/sanctum confirm")]
    Confirm,
    /// Take back the last apply, or everything since one
    #[command(
        after_help = "Example:\n  sanctum rollback\n  sanctum rollback 000007-20261122T060000Z"
    )]
    Rollback(Kept<Rollback>),
    /// List what was applied and what became of it
    #[command(after_help = "Example:\n  sanctum history --json")]
    History,
    /// Tell what happened, from every journal in time order; exit 3 with findings, 1 could not look
    #[command(
        after_help = "Example:\n  sanctum audit --last 24h --level warn\n  sanctum audit verify\n  sanctum audit --ocsf --last 7d > events.jsonl"
    )]
    Audit(Kept<audit::Audit>),
    /// The mode of each guard and what it blocked or would have; or set one to enforce or observe
    #[command(
        after_help = "Example:\n  sanctum guard\n  sanctum guard observe proxy && sudo /opt/sanctum/bin/sanctum apply"
    )]
    Guard(Kept<guard::GuardArgs>),
    /// Compare what is wanted, what was written and what is there; exit 3 on differences
    #[command(after_help = "Example:\n  sanctum drift")]
    Drift,
    /// Bring back what was there before the first apply
    #[command(after_help = "Example:\n  sanctum uninstall --root /tmp/hub --yes")]
    Uninstall(Kept<Uninstall>),
    /// Look whether the house is as it should be; exit 3 on findings
    #[command(
        after_help = "Exit codes: 0 all that was looked at holds, also when something could not be looked at \
        (it is counted) · 3 findings, and with --strict anything not looked at\n\n\
        Example:\n  sanctum doctor\n  sanctum doctor --only boot\n  sanctum doctor --fix\n  sanctum doctor --prove"
    )]
    Doctor(Kept<Doctor>),
    /// Packet filter rules of macOS
    #[command(
        after_help = "Example:\n  sanctum pf decide --on en1 --proto tcp --port 1977 /etc/pf.anchors/sanctum"
    )]
    Pf {
        /// What to do with them.
        #[command(subcommand)]
        verb: Kept<Pf>,
    },
    /// Install this binary where privileged jobs may run it from
    #[command(name = "self", after_help = "Example:\n  sudo sanctum self install")]
    Itself {
        /// What to do with it.
        #[command(subcommand)]
        verb: Kept<Itself>,
    },
    /// Undo what a dead process or an unconfirmed change left behind
    #[command(after_help = "Example:\n  sanctum recover --boot")]
    Recover(Kept<Recover>),
    /// Run a scheduled job if it is due by the clock of the house
    #[command(after_help = "Example:\n  sanctum job secret-age-check")]
    Job {
        /// The job's name under `schedules`
        name: String,
    },
    /// Every key of the house and what is there of it
    #[command(after_help = "Example:\n  sanctum keys list")]
    Keys {
        /// What to look at.
        #[command(subcommand)]
        verb: Kept<keys::Keys>,
    },
    /// Answer a coding agent's hook: one JSON value on standard input, the verdict on standard output
    #[command(
        after_help = "Exit codes: the plain form 0 allow, 2 block or ask · agents 0 with the verdict as JSON · 2 whatever failed \
        inside, which every agent takes for a refusal\n\n\
        Example:\n  echo '{\"command\": \"cat ~/.aws/credentials\"}' | sanctum hook pre-bash"
    )]
    Hook(Kept<hook::Hook>),
    /// The hooks in the settings of coding agents: put in, taken out, looked at
    #[command(after_help = "Example:\n  sanctum hooks install claude\n  sanctum hooks status")]
    Hooks {
        /// What to do with them.
        #[command(subcommand)]
        verb: Kept<hook::Hooks>,
    },
    /// What is known of packages that agents install: records of malicious ones, near names, what registries say
    #[command(
        after_help = "Example:\n  sanctum packages check pypi requests\n  sanctum packages refresh --from records/"
    )]
    Packages {
        /// What to do.
        #[command(subcommand)]
        verb: Kept<packages::Packages>,
    },
    /// Credentials that agents use without seeing them; the owner's verbs ask for the passphrase
    #[command(after_help = "Example:\n  sanctum vault init\n  sanctum vault put openai/api-key")]
    Vault(Kept<vault::Vault>),
    /// Supervise the services of this node here, where neither launchd nor systemd does; ends on SIGTERM or Ctrl-C
    #[command(after_help = "Example:\n  sanctum up --only gateway")]
    Up(Kept<up::Up>),
    /// Restart this machine in order: check what would not come back, drain, guest, vault, then the system's own reboot
    #[command(
        after_help = "Example:\n  sanctum reboot --dry-run\n  sudo /opt/sanctum/bin/sanctum reboot --in 1m\n  sanctum reboot --report"
    )]
    Reboot(Kept<reboot::Reboot>),
    /// Give a secret a new value at its provider and in every place, and take the old one away
    #[command(
        after_help = "What was begun is gone on with, whatever became of the run before. docs/formats/rotation.md says each step.\n\n\
        Exit codes: 0 done, or in its overlap · 3 it needs you, or --dry-run has something to do · 4 refused before anything was \
        asked for · 5 given up, every place has what it had · 1 failed\n\n\
        Example:\n  sanctum rotate openrouter-api-key --dry-run\n  sanctum rotate openrouter-api-key\n  sanctum rotate --due"
    )]
    Rotate(Kept<rotate::Rotate>),
    /// Start a coding agent once its hooks are known to run; this process becomes it
    #[command(
        after_help = "Exit codes: the agent's own · 4 refused: the hooks would not run, or there is no sandbox · 1 it could not be started\n\n\
        Example:\n  sanctum run -- claude\n  sanctum run --sandbox -- codex --model o4"
    )]
    Run(Kept<run::Run>),
    /// Look for credentials that lie open; exit 3 with findings
    #[command(
        after_help = "Exit codes: 0 nothing found, also when something could not be scanned (it is counted) · \
        3 findings, and with --strict anything not scanned · 1 what is staged could not be read\n\n\
        Example:\n  sanctum scan\n  sanctum scan --staged\n  sanctum scan --all --strict\n  \
        sanctum scan ~/code --validate\n  \
        sanctum scan ~/code --format sarif --output findings.sarif\n  \
        sanctum scan --write-baseline .scan-baseline.json --reason 'test keys'\n  sanctum scan hook install"
    )]
    Scan(Kept<Box<scan::Scan>>),
    /// The house's secrets: where they are, whether their places agree, and the ways in and out
    #[command(
        after_help = "Example:\n  sanctum secrets list\n  sanctum secrets set gateway-token\n  sanctum secrets sync"
    )]
    Secrets {
        /// What to do with them.
        #[command(subcommand)]
        verb: Kept<secrets::Secrets>,
    },
    /// Show what the services of this node do; exit 3 when one is not as it should be
    #[command(
        after_help = "Example:\n  sanctum services\n  sanctum services why gateway\n  sanctum services retire tts"
    )]
    Services(Kept<services::Services>),
    /// How the house stands: layers, guards, drift, alerts, schedules, services; exit 3 unless everything holds
    #[command(after_help = "Example:\n  sanctum status\n  sanctum status --all --watch 10")]
    Status(Kept<status::Status>),
    /// Files of SOPS: the original's verbs, flags and exit codes
    #[command(after_help = "Exit codes: the original's; docs/formats/sops.md lists them\n\n\
        Example:\n  sanctum sops decrypt secrets.yaml\n  sanctum sops -d -i secrets.json\n  sanctum sops secrets.env")]
    Sops(Kept<Box<sops::SopsArgs>>),
    /// Host keys of the nodes that `sanctum status` asks
    #[command(after_help = "Example:\n  sanctum ssh trust hub")]
    Ssh {
        /// What to do with them.
        #[command(subcommand)]
        verb: Kept<ssh::Ssh>,
    },
    /// Print a completion script
    #[command(after_help = "Example:\n  sanctum completions zsh > ~/.zfunc/_sanctum")]
    Completions {
        /// For which shell
        shell: clap_complete::Shell,
    },
}

/// `sanctum demo`.
#[derive(Debug, Args)]
pub struct Demo {
    /// Leave the applied house in this directory instead of rolling it back
    #[arg(long, value_name = "DIR")]
    pub keep: Option<PathBuf>,
}

/// `sanctum init`.
#[derive(Debug, Args)]
pub struct Init {
    /// Print the proposal instead of writing it
    #[arg(long)]
    pub print: bool,
    /// The house's name
    #[arg(long, default_value = "My House")]
    pub name: String,
    /// IANA time zone of its schedules [default: this machine's]
    #[arg(long)]
    pub timezone: Option<String>,
}

/// Reads the name of a part, and offers all of them to help and completion.
fn part() -> impl clap::builder::TypedValueParser<Value = Part> {
    use clap::builder::TypedValueParser as _;
    clap::builder::PossibleValuesParser::new(Part::WORDS.iter().map(|(word, _)| *word))
        .try_map(|word| Part::of(&word).ok_or("no part of the house"))
}

/// `sanctum plan`.
#[derive(Debug, Args)]
pub struct Plan {
    /// Save the plan for `sanctum apply FILE`
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Only these parts
    #[arg(long, value_name = "PART", value_parser = part(), value_delimiter = ',')]
    pub only: Vec<Part>,
}

/// `sanctum apply`.
#[derive(Debug, Args)]
pub struct Apply {
    /// A plan that `sanctum plan --out` saved; refused when the machine or the instance changed since
    pub plan: Option<PathBuf>,
    /// Do not ask
    #[arg(long, short)]
    pub yes: bool,
    /// Only these parts
    #[arg(long, value_name = "PART", value_parser = part(), value_delimiter = ',', conflicts_with = "plan")]
    pub only: Vec<Part>,
    /// Undo changes to sshd, pf and network after this many seconds unless `sanctum confirm` comes
    /// [default: 120 on a machine, none below --root]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(5..=3600))]
    pub confirm_within: Option<u32>,
    /// Replace files that somebody else changed since sanctum wrote them
    #[arg(long)]
    pub overwrite_foreign: bool,
    /// Approve the instance file of this SHA-256 although it widens what is allowed (only at euid 0)
    #[arg(long, value_name = "DIGEST")]
    pub approve: Option<String>,
    /// Do not ask the real tools before acting; our own readers always run
    #[arg(long)]
    pub no_prove: bool,
}

/// `sanctum rollback`.
#[derive(Debug, Args)]
pub struct Rollback {
    /// The receipt to take back, with everything since [default: the last]
    pub id: Option<String>,
    /// Do not ask
    #[arg(long, short)]
    pub yes: bool,
    /// Take back even what somebody else changed since
    #[arg(long)]
    pub overwrite_foreign: bool,
}

/// `sanctum uninstall`.
#[derive(Debug, Args)]
pub struct Uninstall {
    /// Do not ask
    #[arg(long, short)]
    pub yes: bool,
    /// Restore even what somebody else changed since
    #[arg(long)]
    pub overwrite_foreign: bool,
}

/// `sanctum pf`.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Pf {
    /// Check a ruleset: exit 0 accepted, 1 rejected with path:line:col, 2 could not read
    #[command(after_help = "Example:\n  sanctum pf check /etc/pf.anchors/sanctum")]
    Check {
        /// The ruleset
        file: PathBuf,
    },
    /// Say what a ruleset does with a packet, and which rule decides
    #[command(
        after_help = "Example:\n  sanctum pf decide --on en1 --proto tcp --port 1977 /etc/pf.anchors/sanctum"
    )]
    Decide(Kept<PfDecide>),
    /// Load our own anchor, and only that (run by launchd)
    #[command(after_help = "Example:\n  sudo /opt/sanctum/bin/sanctum pf load")]
    Load,
    /// Flush our own anchor and give our enable token back; needs the owner
    #[command(after_help = "Example:\n  sudo /opt/sanctum/bin/sanctum pf unload")]
    Unload,
}

/// `sanctum pf decide`.
#[derive(Debug, Args)]
pub struct PfDecide {
    /// Interface that the packet arrives on
    #[arg(long, value_name = "IF")]
    pub on: String,
    /// Transport
    #[arg(long, value_enum)]
    pub proto: ProtoArg,
    /// Destination port
    #[arg(long)]
    pub port: u16,
    /// Source address [default: an address of no rule]
    #[arg(long, value_name = "ADDR")]
    pub from: Option<std::net::IpAddr>,
    /// Destination address
    #[arg(long, value_name = "ADDR")]
    pub to: Option<std::net::IpAddr>,
    /// The ruleset
    pub file: PathBuf,
}

/// A transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ProtoArg {
    /// TCP
    Tcp,
    /// UDP
    Udp,
}

/// `sanctum self`.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Itself {
    /// Copy sanctum and sanctumd into the root-owned prefix and keep the version before
    #[command(after_help = "Example:\n  sudo sanctum self install")]
    Install {
        /// Where, for tests; everything above must be root-owned
        #[arg(long, value_name = "DIR", default_value = sanctum_orchestrator::house::layout::PREFIX)]
        prefix: PathBuf,
    },
    /// Go back to the version before
    #[command(after_help = "Example:\n  sudo sanctum self rollback")]
    Rollback {
        /// Where, for tests
        #[arg(long, value_name = "DIR", default_value = sanctum_orchestrator::house::layout::PREFIX)]
        prefix: PathBuf,
    },
}

/// `sanctum recover`.
#[derive(Debug, Args)]
pub struct Recover {
    /// At boot: an unconfirmed change of an earlier boot is undone whatever its deadline
    #[arg(long)]
    pub boot: bool,
    /// Wait until this Unix time first (started by apply)
    #[arg(long, value_name = "TIME", hide = true)]
    pub watch: Option<String>,
}
