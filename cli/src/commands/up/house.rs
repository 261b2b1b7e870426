//! What a supervisor works on: the instance, the node, and the directory of its state file, socket and logs.

use crate::commands::Context;
use crate::failure::{Exit, Failure};
use crate::session::{Opened, choose_node};
use crate::site::HERE;
use sanctum_host::files;
use sanctum_orchestrator::house::layout;
use sanctum_orchestrator::instance::Instance;
use sanctum_orchestrator::instance::registry;
use sanctum_orchestrator::supervise::{Graph, UpReport};
use sanctum_types::{NodeName, ServiceName};
use std::path::{Path, PathBuf};

/// The socket, in the state directory.
const SOCKET: &str = "up.sock";
/// A state file holds some hundred bytes a service.
const REPORT_LIMIT: u64 = 4 * 1024 * 1024;

/// The instance, the node and the state directory.
#[derive(Clone, Debug)]
pub struct House {
    /// The instance.
    pub instance: Instance,
    /// Its path as it is shown.
    pub path: String,
    /// Its text.
    pub text: String,
    /// The node.
    pub node: NodeName,
    /// The state directory.
    pub state: PathBuf,
}

impl House {
    /// Opens what the command line names. Root believes the approved copy only, unless it works in a directory.
    pub fn open(context: &Context) -> Result<Self, Failure> {
        let on_machine = context.common.root.is_none();
        let opened = if on_machine && context.around.euid == 0 {
            Opened::read_approved(&context.common, context.out)?
        } else {
            Opened::read(&context.common, &context.around, context.out)?
        };
        let node = choose_node(&opened.instance, &context.common)?;
        let os = registry::os_of(&opened.instance, &node).ok_or_else(|| {
            Failure::new(Exit::Usage, format!("the instance has no node `{node}`"))
        })?;
        if os != HERE {
            let error = format!("node `{node}` has another operating system than this machine");
            return Err(Failure::new(Exit::Usage, error)
                .hint("say which node this machine is: --node NAME"));
        }
        let state = state_dir(context)?;
        let (path, text) = (opened.path, opened.text);
        Ok(Self { instance: opened.instance, path, text, node, state })
    }

    /// The services as this node sees them.
    #[must_use]
    pub fn graph(&self) -> Graph {
        Graph::of(&self.instance, &self.node)
    }

    /// Refuses a name that the instance does not have.
    pub fn known(&self, name: &ServiceName) -> Result<(), Failure> {
        if self.instance.services.contains_key(name) {
            return Ok(());
        }
        let known: Vec<&str> = self.instance.services.keys().map(ServiceName::as_str).collect();
        Err(Failure::new(Exit::Usage, format!("the instance has no service `{name}`"))
            .hint(format!("it has: {}", known.join(", "))))
    }

    /// The socket of a running supervisor.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.state.join(SOCKET)
    }

    /// The state file.
    #[must_use]
    pub fn file(&self) -> PathBuf {
        Self::report_in(&self.state)
    }

    /// The state file in a state directory.
    #[must_use]
    pub fn report_in(state: &Path) -> PathBuf {
        state.join("up.json")
    }

    /// The log of a service.
    #[must_use]
    pub fn log(&self, name: &ServiceName) -> PathBuf {
        self.state.join("logs").join(format!("{name}.log"))
    }

    /// What the last supervisor wrote; none when there was none or its file cannot be understood.
    pub fn last_report(&self) -> Result<Option<UpReport>, Failure> {
        last_report(&self.file())
    }
}

/// What a supervisor wrote there; none where none did, or its file cannot be understood.
pub fn last_report(path: &Path) -> Result<Option<UpReport>, Failure> {
    let bytes = files::read_optional(path, REPORT_LIMIT)?;
    let report = bytes.and_then(|bytes| serde_json::from_slice::<UpReport>(&bytes).ok());
    Ok(report.filter(|report| report.format == 1))
}

/// Where a supervisor's things are: below the directory that stands for a machine, else in the owner's home; root
/// writes nothing into a home that others own, and has its own place.
pub fn state_dir(context: &Context) -> Result<PathBuf, Failure> {
    if let Some(root) = &context.common.root {
        return Ok(own_state(&std::path::absolute(root)?));
    }
    if context.around.euid == 0 {
        return Ok(PathBuf::from(layout::store(HERE)).join("up"));
    }
    let home = context.around.home().ok_or_else(|| {
        Failure::new(Exit::Usage, "there is no home directory for the supervisor's state")
            .hint("name a directory with --root DIR")
    })?;
    Ok(own_state(home))
}

/// To root through sudo: the socket of a supervisor that the calling account started for itself.
#[must_use]
pub fn owners_socket(context: &Context) -> Option<PathBuf> {
    let home = context.around.home().filter(|_| context.around.euid == 0)?;
    context.common.root.is_none().then(|| own_state(home).join(SOCKET))
}

fn own_state(home: &Path) -> PathBuf {
    home.join(".sanctum").join("state")
}
