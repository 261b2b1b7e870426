//! The steps of a reboot, in their order: services, guest, vault, system.

use super::Means;
use crate::args::reboot::Reboot;
use crate::commands::Context;
use crate::commands::up::House;
use crate::failure::Failure;
use crate::site::{HERE, Place};
use sanctum_host::clock::{self, Monotonic};
use sanctum_host::command::{self, Program};
use sanctum_host::files;
use sanctum_host::supervisor::control;
use sanctum_host::supervisor::qmp::{self, Off};
use sanctum_orchestrator::house::layout;
use sanctum_orchestrator::instance::model::Os;
use sanctum_orchestrator::instance::{registry, vault as section};
use sanctum_orchestrator::supervise::Role;
use sanctum_types::ServiceName;
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// As long as launchd gives the machine to end (launchagents/jobs.yaml).
const GUEST_LIMIT: Duration = Duration::from_secs(120);
/// Where systemd keeps its own state while it runs (sd_booted(3)).
const SYSTEMD: &str = "/run/systemd/system";
const POLL: Duration = Duration::from_millis(100);

/// What became of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Did {
    Done,
    Would,
    Skipped,
    Failed,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Step {
    pub(super) step: &'static str,
    pub(super) did: Did,
    pub(super) detail: String,
}

fn step(step: &'static str, did: Did, detail: impl Into<String>) -> Step {
    Step { step, did, detail: detail.into() }
}

/// Who runs the services of this node.
enum Keeper {
    Up,
    Systemd,
    Launchd,
    Nobody,
}

fn keeper(context: &Context, house: &House) -> Keeper {
    let machine = Place::of(&context.common) == Place::Machine;
    if matches!(control::ask(&house.socket(), "report"), Ok(Some(_))) {
        return Keeper::Up;
    }
    match HERE {
        Os::Macos if machine => Keeper::Launchd,
        Os::Linux if machine && files::is_there(Path::new(SYSTEMD)) => Keeper::Systemd,
        Os::Macos | Os::Linux => Keeper::Nobody,
    }
}

/// Managed services, what stands on others first.
fn reverse_order(house: &House) -> Vec<ServiceName> {
    let graph = house.graph();
    let managed = |name: &ServiceName| graph.get(name).is_some_and(|one| one.role == Role::Managed);
    let mut order = graph.order();
    order.retain(managed);
    order.reverse();
    order
}

/// QEMU's control socket of the guest; none when the house has no guest on this node.
fn guest_socket(context: &Context, house: &House) -> Option<PathBuf> {
    let hub = registry::hub(&house.instance).is_some_and(|(name, _)| *name == house.node);
    house.instance.vm.as_ref().filter(|_| hub)?;
    let path = Path::new(layout::VM_DIR).join("state/control.sock");
    Some(match &context.common.root {
        Some(root) => root.join(path.strip_prefix("/").unwrap_or(&path)),
        None => path,
    })
}

/// What would be done.
pub(super) fn planned(
    context: &Context,
    house: &House,
    args: &Reboot,
    restarts: bool,
) -> Vec<Step> {
    let names: Vec<String> = reverse_order(house).iter().map(ToString::to_string).collect();
    let names = if names.is_empty() { "no services".to_owned() } else { names.join(", ") };
    let drain = match keeper(context, house) {
        Keeper::Up => step("drain", Did::Would, format!("sanctum up ends: {names}")),
        Keeper::Systemd => step("drain", Did::Would, format!("systemd stops: {names}")),
        Keeper::Launchd => step("drain", Did::Would, format!("launchd stops: {names}")),
        Keeper::Nobody => step("drain", Did::Skipped, "nobody supervises services here"),
    };
    let guest = match guest_socket(context, house) {
        Some(path) if files::is_there(&path) => {
            step("guest", Did::Would, format!("powered off through {}", path.display()))
        }
        _ => step("guest", Did::Skipped, "no guest runs here"),
    };
    let minutes = args.wait.unwrap_or(0);
    let system = if restarts {
        step("system", Did::Would, format!("restarts in {minutes} min"))
    } else {
        step("system", Did::Skipped, "a directory is not restarted")
    };
    vec![drain, guest, vault(house), system]
}

/// Whoever ends the vault's process seals it: its keys are in that memory alone, and nothing that it acknowledged waits to be written.
fn vault(house: &House) -> Step {
    let mut here = registry::services_of(&house.instance, &house.node);
    let said = if here.any(|(name, _)| name.as_str() == section::NAME) {
        "its keys end with its process; all that it acknowledged is on the disk"
    } else {
        "the house has none here"
    };
    step("vault", Did::Skipped, said)
}

/// All of them; the first that fails is the last.
pub(super) fn all(
    context: &Context,
    house: &House,
    args: &Reboot,
    means: &Means<'_>,
    done: &mut Vec<Step>,
) -> Result<(), Failure> {
    keep(done, "drain", drain(context, house))?;
    keep(done, "guest", guest(context, house))?;
    done.push(vault(house));
    let minutes = args.wait.unwrap_or(0);
    let system = match means.restart {
        Some(restart) => restart(minutes).map(|said| step("system", Did::Done, said)),
        None => Ok(step("system", Did::Skipped, "a directory is not restarted")),
    };
    keep(done, "system", system)
}

fn keep(
    done: &mut Vec<Step>,
    name: &'static str,
    result: Result<Step, Failure>,
) -> Result<(), Failure> {
    match result {
        Ok(step) => {
            done.push(step);
            Ok(())
        }
        Err(failure) => {
            done.push(step(name, Did::Failed, failure.error.to_string()));
            Err(failure)
        }
    }
}

fn drain(context: &Context, house: &House) -> Result<Step, Failure> {
    let names = reverse_order(house);
    let count = names.len();
    match keeper(context, house) {
        Keeper::Nobody => Ok(step("drain", Did::Skipped, "nobody supervises services here")),
        Keeper::Up => {
            control::ask(&house.socket(), "drain")?;
            // Each is given its time, one after the other in the worst case, and a little for the supervisor.
            let seconds = u64::from(house.instance.supervision.stop.get());
            let limit = Duration::from_secs((seconds + 6) * (count as u64 + 1));
            let start = Monotonic::now();
            while files::is_there(&house.socket()) {
                if start.elapsed() > limit {
                    return Err(Failure::failed("the supervisor did not end its services in time")
                        .hint("sanctum services"));
                }
                clock::sleep(POLL);
            }
            Ok(step("drain", Did::Done, format!("by sanctum up, in order: {count}")))
        }
        Keeper::Systemd => {
            for name in &names {
                let unit = format!("sanctum-{name}.service");
                system(context, &["systemctl"], &["stop", "--", &unit])?;
            }
            Ok(step("drain", Did::Done, format!("by systemd, in order: {count}")))
        }
        Keeper::Launchd => {
            for name in &names {
                // Until the next boot only: the file stays where launchd finds it again (launchctl(1), bootout).
                let target = format!("system/{}", registry::job_label(name));
                system(context, &["launchctl"], &["bootout", &target])?;
            }
            Ok(step("drain", Did::Done, format!("by launchd, in order: {count}")))
        }
    }
}

/// A service that was not loaded is not an obstacle; its answer is a warning.
fn system(context: &Context, names: &[&str], args: &[&str]) -> Result<(), Failure> {
    let program = Program::find(names)
        .ok_or_else(|| Failure::failed(format!("{} is not on this machine", names.join(" or "))))?;
    let options = command::Options { timeout: Duration::from_secs(90), ..Default::default() };
    let output = command::run(&program, args, options)?;
    if !output.status.success() {
        context.out.warn(&output.failure().to_string());
    }
    Ok(())
}

fn guest(context: &Context, house: &House) -> Result<Step, Failure> {
    let Some(path) = guest_socket(context, house) else {
        return Ok(step("guest", Did::Skipped, "this node has no guest"));
    };
    context.out.progress("powering off the guest");
    Ok(match qmp::power_off(&path, GUEST_LIMIT)? {
        Off::NotRunning => step("guest", Did::Skipped, "no guest runs here"),
        Off::Asked => step("guest", Did::Done, "powered off"),
        Off::Forced => step("guest", Did::Done, "did not listen to the power button and was ended"),
    })
}
