//! `sanctum scan`: where credentials lie open. Looks, and changes nothing but git's hook where that is asked for.
//!
//! Exit 3 means findings; what could not be scanned is shown and counted, and with `--strict` it is a finding too. There
//! is no way to make it show a secret. Invariant: without `--validate` it opens no network connection.

mod asked;
mod hook;
mod show;
mod told;

use super::{Context, FOUND};
use crate::args::scan::{Format, HookVerb, Scan, ScanVerb};
use crate::failure::{Exit, Failure};
use crate::site::HERE;
use sanctum_host::{accounts, clock, files, random};
use sanctum_orchestrator::instance::model::Os;
use sanctum_scan::baseline::{self, Baseline, Entry};
use sanctum_scan::{Report, Request, Scanner, Settings, house};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The owner's list of accepted findings, below the home.
const OWN_LIST: &str = ".sanctum/scan-allow.json";
/// A scan that takes longer says how far it is, so often.
const PROGRESS: Duration = Duration::from_secs(5);

/// Runs the verb.
pub fn run(context: &Context, args: &Scan) -> Result<Exit, Failure> {
    match &args.verb {
        Some(ScanVerb::Hook { verb: HookVerb::Install { path } }) => hook::install(context, path),
        Some(ScanVerb::Hook { verb: HookVerb::Remove { path } }) => hook::remove(context, path),
        None => scan(context, args),
    }
}

fn scan(context: &Context, args: &Scan) -> Result<Exit, Failure> {
    asked::allowed(context, args)?;
    let settings = settings(context, args)?;
    let (begun, told) = (clock::Monotonic::now(), AtomicU64::new(0));
    let watch = |scanner: &Scanner<'_>| progress(context, scanner, begun.elapsed(), &told);
    let scanner = Scanner::new(&settings).watched(&watch);
    let request = request(context, args, &scanner)?;
    sanctum_scan::run(&scanner, &request).map_err(|error| {
        Failure::failed(error).hint("what is staged was not scanned, so nothing can be said of it")
    })?;
    if args.validate {
        asked::ask(context, args, &scanner);
    }
    let report = scanner.finish();
    if let Some(path) = &args.write_baseline {
        return write_baseline(context, args, (path, settings.lists), &report);
    }
    let unrecorded = if args.all { told::tell(context, &report) } else { None };
    show::report(context, args, &report, unrecorded.as_deref())?;
    let unseen = args.strict && !report.not_scanned.is_empty();
    Ok(if !report.findings.is_empty() || unseen { FOUND } else { Exit::Done })
}

/// Says how far the scan is, once for each stretch of time in which something was looked at.
fn progress(context: &Context, scanner: &Scanner<'_>, elapsed: Duration, told: &AtomicU64) {
    let stretch = elapsed.as_secs() / PROGRESS.as_secs();
    let before = told.load(Ordering::Relaxed);
    let first = || told.compare_exchange(before, stretch, Ordering::Relaxed, Ordering::Relaxed);
    if stretch <= before || first().is_err() {
        return;
    }
    let counts = scanner.counts();
    context.out.progress(&format!(
        "{} files, {} MB, {} findings so far",
        counts.pieces,
        counts.bytes / 1_000_000,
        scanner.found()
    ));
}

fn settings(context: &Context, args: &Scan) -> Result<Settings, Failure> {
    let mut lists = Vec::new();
    if let Some(path) = &args.write_baseline {
        lists.push(match list(path)? {
            Some(list) => list,
            None => Baseline::new(fresh_key()?),
        });
    }
    if let Some(path) = &args.baseline {
        let missing = || {
            Failure::new(Exit::Usage, format!("there is no baseline at {}", path.display()))
                .hint(format!("sanctum scan --write-baseline {}", path.display()))
        };
        lists.push(list(path)?.ok_or_else(missing)?);
    }
    if let Some(home) = context.around.home()
        && let Some(own) = list(&home.join(OWN_LIST))?
    {
        lists.push(own);
    }
    let today = jiff::Timestamp::from_second(clock::now().0).map_err(Failure::failed)?;
    Ok(Settings {
        lists,
        today: today.to_zoned(jiff::tz::TimeZone::UTC).date(),
        marks: !args.no_marks && !args.all,
        max_file_size: args.max_file_size,
        exclude: args.exclude.clone(),
        jobs: args.jobs.map(usize::from),
        key: fresh_key()?,
        validate: args.validate,
        roots: paths(args).iter().map(|path| shown(path)).collect(),
    })
}

fn fresh_key() -> Result<[u8; 32], Failure> {
    let mut key = [0; 32];
    random::fill(&mut key)?;
    Ok(key)
}

fn shown(path: &Path) -> String {
    path.display().to_string().trim_end_matches('/').to_owned()
}

fn list(path: &Path) -> Result<Option<Baseline>, Failure> {
    let Some(bytes) = files::read_optional(path, baseline::LIMIT)? else { return Ok(None) };
    let list = Baseline::parse(&bytes)
        .map_err(|error| Failure::failed(error).hint(format!("look at {}", path.display())))?;
    Ok(Some(list))
}

/// The paths that were named, or the current folder where nothing was.
fn paths(args: &Scan) -> Vec<PathBuf> {
    let others = args.all || args.shell || args.plists || args.processes || args.containers;
    if args.paths.is_empty() && !others { vec![PathBuf::from(".")] } else { args.paths.clone() }
}

fn request(context: &Context, args: &Scan, scanner: &Scanner<'_>) -> Result<Request, Failure> {
    let asked = args.all || args.shell || args.plists || args.containers;
    let homes = if args.home.is_empty() && asked { homes(context)? } else { args.home.clone() };
    let mut paths = paths(args);
    let only_git = args.history || args.remotes;
    let git = !args.no_git;
    if args.all {
        paths.extend(house::paths(scanner, &homes));
    }
    Ok(Request {
        files: !only_git && !paths.is_empty(),
        history: git && (args.history || !args.remotes),
        remotes: git && (args.remotes || !args.history),
        unreachable: args.unreachable,
        staged: args.staged,
        index_file: args.index_file.clone().filter(|path| !path.as_os_str().is_empty()),
        shell: args.shell || args.all,
        plists: args.plists || args.all,
        processes: args.processes || args.all,
        containers: args.containers || args.all,
        paths,
        homes,
    })
}

/// The home of who asks, and for root everybody's.
fn homes(context: &Context) -> Result<Vec<PathBuf>, Failure> {
    let euid = context.around.euid;
    let account = accounts::by_uid(euid)?.and_then(|account| account.home);
    let account = account.map(|home| PathBuf::from(home.as_str()));
    let mut homes: Vec<PathBuf> =
        context.around.home().map(Path::to_owned).into_iter().chain(account).collect();
    if euid == 0 {
        let (base, skip) = match HERE {
            Os::Macos => ("/Users", "Shared"),
            Os::Linux => ("/home", "lost+found"),
        };
        let names = files::list(Path::new(base))?;
        let people = names.iter().filter(|name| *name != skip && !name.starts_with('.'));
        homes.extend(people.map(|name| Path::new(base).join(name)));
    }
    homes.sort();
    homes.dedup();
    Ok(homes)
}

fn write_baseline(
    context: &Context,
    args: &Scan,
    (path, lists): (&Path, Vec<Baseline>),
    report: &Report,
) -> Result<Exit, Failure> {
    let Some(mut list) = lists.into_iter().next() else {
        return Err(Failure::new(Exit::Bug, "no list to write"));
    };
    let mut added = 0;
    for finding in &report.findings {
        let Some(fingerprint) = finding.fingerprint.as_ref().and_then(|text| baseline::parse(text))
        else {
            continue;
        };
        let entry = Entry {
            fingerprint: baseline::hex(&fingerprint),
            rule: finding.rule.to_owned(),
            // A path can hold a secret as well as any text, and the file is for everybody.
            path: sanctum_firewall::redact(&finding.path).text,
            reason: args.reason.clone(),
            until: args.until.clone(),
        };
        let wrong = |error| {
            Failure::new(Exit::Usage, sanctum_types::chain(&error)).hint("a date is 2027-01-31")
        };
        list.add(fingerprint, entry).map_err(wrong)?;
        added += 1;
    }
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        files::make_dir(folder)?;
    }
    files::write_private(path, &list.encode()?)?;
    show::baseline(context, args, (path, added, list.len()));
    Ok(Exit::Done)
}

/// Whether the report is JSON, by either of its options.
fn is_json(context: &Context, args: &Scan) -> bool {
    context.out.json || args.format == Format::Json
}
