//! `sanctum services retire NAME`: gathers what is on this machine, and prints the plan. It changes nothing.

use super::owner;
use crate::commands::Context;
use crate::commands::up::House;
use crate::failure::{Exit, Failure};
use crate::output::Paint;
use crate::site::HERE;
use sanctum_host::files;
use sanctum_orchestrator::house::layout;
use sanctum_orchestrator::instance::model::{Os, Service};
use sanctum_orchestrator::instance::registry;
use sanctum_orchestrator::retire::{self, RetireError, Retirement, Trace, mentions};
use sanctum_types::ServiceName;
use std::path::{Path, PathBuf};

/// A job's file or a crontab; larger ones are none.
const FILE_LIMIT: u64 = 1 << 20;

/// Prints the plan; refused when another service requires it.
pub(super) fn run(context: &Context, name: &ServiceName) -> Result<Exit, Failure> {
    let house = House::open(context)?;
    house.known(name)?;
    let Some(service) = house.instance.services.get(name) else {
        return Err(Failure::new(Exit::Bug, "the service vanished"));
    };
    let mut blind = Vec::new();
    let traces = traces(context, &house, name, service, &mut blind);
    let plan =
        retire::plan(&house.instance, (&house.path, &house.text), name, traces).map_err(refused)?;
    let mut data = serde_json::to_value(&plan)?;
    if let Some(map) = data.as_object_mut() {
        map.insert("format".to_owned(), 1.into());
        map.insert("could_not_look".to_owned(), blind.clone().into());
    }
    context.out.data(&data);
    print(context, &plan, &blind);
    Ok(Exit::Done)
}

fn refused(error: RetireError) -> Failure {
    match &error {
        RetireError::Required { by, .. } => {
            let by = by.clone();
            let first = by.first().map(ToString::to_string).unwrap_or_default();
            Failure::refused(error)
                .hint(format!("retire those first: sanctum services retire {first}"))
                .with("required_by", by.iter().map(ServiceName::as_str).collect::<Vec<_>>().into())
        }
        RetireError::NoLines { .. } => {
            Failure::refused(error).hint("give each entry lines of its own in the instance file")
        }
        RetireError::Unknown { .. } => Failure::new(Exit::Usage, error),
    }
}

fn print(context: &Context, plan: &Retirement, blind: &[String]) {
    let say = |paint, text: &str| context.out.line(paint, text);
    say(
        Paint::Head,
        &format!("{} on {}: what belongs to it or speaks of it", plan.service, plan.node),
    );
    for one in &plan.references {
        let kind = format!("{:?}", one.kind).to_lowercase();
        say(Paint::Plain, &format!("  {kind:<12} {} -> {}", one.what, one.fate));
    }
    for trace in &plan.traces {
        say(Paint::Note, &format!("  {:<12} {}: {}", "found", trace.place, trace.what));
    }
    for place in blind {
        say(Paint::Note, &format!("  {:<12} {place}", "could not look"));
    }
    for edit in &plan.edits {
        say(Paint::Head, &format!("remove lines {} to {} of {}", edit.first, edit.last, edit.file));
        for line in &edit.removed {
            say(Paint::Bad, &format!("-{line}"));
        }
    }
    say(Paint::Head, "then, in this order");
    for command in &plan.commands {
        say(Paint::Plain, &format!("  {command}"));
    }
}

/// Directories whose files start something, on this system.
fn places(context: &Context) -> Vec<PathBuf> {
    let mut places: Vec<PathBuf> = match HERE {
        Os::Macos => vec![layout::LAUNCH_DAEMONS.into(), layout::LAUNCH_AGENTS.into()],
        Os::Linux => ["/lib/systemd/system", "/etc/cron.d", "/etc/systemd/user"]
            .into_iter()
            .chain([layout::SYSTEMD_UNITS])
            .map(PathBuf::from)
            .collect(),
    };
    if let Some(home) = context.around.home() {
        places.push(match HERE {
            Os::Macos => home.join("Library/LaunchAgents"),
            Os::Linux => home.join(".config/systemd/user"),
        });
    }
    let below = |path: PathBuf| match &context.common.root {
        Some(root) => root.join(path.strip_prefix("/").unwrap_or(&path)),
        None => path,
    };
    places.into_iter().map(below).collect()
}

fn traces(
    context: &Context,
    house: &House,
    name: &ServiceName,
    service: &Service,
    blind: &mut Vec<String>,
) -> Vec<Trace> {
    let mut traces = Vec::new();
    let label = registry::job_label(name).to_string();
    let unit = format!("sanctum-{name}.service");
    for place in places(context) {
        let Ok(files) = files::list(&place) else {
            blind.push(place.display().to_string());
            continue;
        };
        // Our own job of the service is part of the plan already.
        for file in files.iter().filter(|file| !file.starts_with(&label) && **file != unit) {
            scan(&place.join(file), name, service, &mut traces, blind);
        }
    }
    if service.node == house.node
        && let Some(by) = owner::squatter(service, None)
    {
        let place =
            by.pid.map_or_else(|| format!("port {}", by.port), |pid| format!("process {pid}"));
        let what = format!("{by}: whoever started it may start it again");
        traces.push(Trace { place, what });
    }
    traces.sort();
    traces
}

fn scan(
    path: &Path,
    name: &ServiceName,
    service: &Service,
    traces: &mut Vec<Trace>,
    blind: &mut Vec<String>,
) {
    let bytes = match files::read_optional(path, FILE_LIMIT) {
        Ok(Some(bytes)) => bytes,
        // A directory of drop-ins, or a link to nowhere.
        Ok(None) => return,
        Err(sanctum_host::HostError::Io { source, .. })
            if source.kind() == std::io::ErrorKind::PermissionDenied =>
        {
            blind.push(path.display().to_string());
            return;
        }
        Err(_) => return,
    };
    let text = String::from_utf8_lossy(&bytes);
    for (n, line) in text.lines().enumerate() {
        if mentions(line, name, service) {
            let place = format!("{}:{}", path.display(), n + 1);
            let what = "a job's file that names its label, program or port".to_owned();
            traces.push(Trace { place, what });
        }
    }
}
