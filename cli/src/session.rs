//! What a verb works on: the instance, one node of it, the facts of that machine, its host and its store.

use crate::args::Common;
use crate::failure::{Exit, Failure};
use crate::output::Out;
use crate::surroundings::Surroundings;
use crate::verbs;
use sanctum_host::{Blobs, Host, HostError, RootHost, Store, StoreLock, files};
use sanctum_orchestrator::engine::Engine;
use sanctum_orchestrator::house::{Facts, House, Part, compose, facts, layout};
use sanctum_orchestrator::instance::model::NodeType;
use sanctum_orchestrator::instance::{self, Cleartext, CleartextCheck, Instance};
use sanctum_orchestrator::plan::{Target, Want};
use sanctum_types::{Digest, NodeName};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long a verb that changes something waits for another one to end.
const LOCK_WAIT: Duration = Duration::from_secs(5);

/// The credential rules as the instance loader wants them.
pub struct Rules;

impl CleartextCheck for Rules {
    fn find(&self, key: Option<&str>, value: &str) -> Option<Cleartext> {
        if let Some(exact) = sanctum_firewall::find(value.as_bytes()).into_iter().next() {
            return Some(Cleartext { kind: exact.rule.title.to_owned(), range: exact.range });
        }
        let found = sanctum_firewall::find_cleartext(value, key)?;
        Some(Cleartext { kind: found.rule.title.to_owned(), range: 0..value.len() })
    }
}

/// An instance file that was read and accepted.
#[derive(Clone, Debug)]
pub struct Opened {
    /// Its path as it is shown.
    pub path: String,
    /// Its text.
    pub text: String,
    /// What it says.
    pub instance: Instance,
    /// Its digest.
    pub digest: Digest,
}

impl Opened {
    /// Accepts a text; its warnings are printed.
    pub fn from_text(path: &str, text: String, out: Out) -> Result<Self, Failure> {
        let loaded = instance::load(&text, path, &Rules).map_err(Failure::failed)?;
        for warning in &loaded.warnings {
            out.warn(&warning.render(path, &text));
        }
        let digest = Blobs::digest(text.as_bytes());
        Ok(Self { path: path.to_owned(), text, instance: loaded.instance, digest })
    }

    /// Reads and accepts the file that the command line or the surroundings name.
    pub fn read(common: &Common, around: &Surroundings, out: Out) -> Result<Self, Failure> {
        let Some(path) = common.instance.clone().or_else(|| around.default_instance()) else {
            return Err(Failure::new(Exit::Usage, "no instance file: there is no home directory")
                .hint("name one with --instance FILE"));
        };
        let limit = u64::try_from(instance::MAX_BYTES).unwrap_or(u64::MAX);
        let bytes = files::read(&path, limit).map_err(|error| {
            Failure::failed(error)
                .hint("write one with `sanctum init`, or name one with --instance FILE")
        })?;
        let shown = path.display().to_string();
        let text = String::from_utf8(bytes).map_err(|error| {
            Failure::failed(format!(
                "{shown} is not UTF-8 from byte {}",
                error.utf8_error().valid_up_to()
            ))
        })?;
        Self::from_text(&shown, text, out)
    }
}

/// Where a node's files go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// This machine.
    Machine,
    /// A directory that stands for a machine.
    Root(PathBuf),
}

/// Everything that a verb works on.
pub struct Session {
    /// The instance.
    pub opened: Opened,
    /// The node.
    pub node: NodeName,
    /// What is known of its machine.
    pub facts: Facts,
    /// Where it is.
    pub place: Place,
    host: Box<dyn Host>,
    store: Option<Store>,
    lock: Option<StoreLock>,
}

/// Whether a verb changes anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// It only looks.
    Look,
    /// It changes: the store is made when it is missing, and locked.
    Change,
}

impl Session {
    /// Opens the node that the command line names.
    pub fn open(
        opened: Opened,
        common: &Common,
        around: &Surroundings,
        access: Access,
    ) -> Result<Self, Failure> {
        let node = choose_node(&opened.instance, common)?;
        let place = common.root.clone().map_or(Place::Machine, Place::Root);
        Self::at(opened, node, place, around, access)
    }

    /// Opens one node at one place.
    pub fn at(
        opened: Opened,
        node: NodeName,
        place: Place,
        around: &Surroundings,
        access: Access,
    ) -> Result<Self, Failure> {
        let declared = opened.instance.nodes.get(&node).ok_or_else(|| {
            Failure::new(Exit::Usage, format!("the instance has no node `{node}`"))
                .hint("`sanctum config check` lists the nodes")
        })?;
        if declared.kind == NodeType::Mobile {
            return Err(Failure::new(
                Exit::Usage,
                format!("node `{node}` is mobile: it only calls, so nothing is rendered for it"),
            ));
        }
        if place == Place::Machine && access == Access::Change {
            crate::machine::may_change(around)?;
        }
        let (mut facts, host, store_path): (Facts, Box<dyn Host>, PathBuf) = match &place {
            Place::Machine => crate::machine::open(declared)?,
            Place::Root(dir) => {
                if access == Access::Change {
                    files::make_dir(dir)?;
                }
                let facts = facts::assumed(&opened.instance, declared);
                let host = RootHost::open(dir, layout::root_owner(facts.os))?;
                let store = host.store_path().to_path_buf();
                (facts, Box::new(host), store)
            }
        };
        facts.implemented.extend(verbs::implemented());
        let (store, lock) = open_store(&store_path, access)?;
        Ok(Self { opened, node, facts, place, host, store, lock })
    }

    /// The wanted state; an empty `only` means every part.
    pub fn want(&self, only: &BTreeSet<Part>, blobs: &mut Blobs) -> Result<Want, Failure> {
        Ok(compose::want(&self.house()?, &self.opened.text, only, blobs)?)
    }

    /// The view that renderers get.
    pub fn house(&self) -> Result<House<'_>, Failure> {
        let node = self
            .opened
            .instance
            .nodes
            .get(&self.node)
            .ok_or_else(|| Failure::new(Exit::Bug, format!("node `{}` vanished", self.node)))?;
        let (instance, name, facts) = (&self.opened.instance, &self.node, &self.facts);
        Ok(House { instance, name, node, facts })
    }

    /// What plans are made for.
    #[must_use]
    pub const fn target(&self) -> Target<'_> {
        Target { node: &self.node, instance: self.opened.digest }
    }

    /// The engine over this node.
    pub fn engine(&mut self) -> Engine<'_> {
        Engine { store: self.store.as_ref(), host: &mut *self.host }
    }

    /// The store, where there is one.
    #[must_use]
    pub const fn store(&self) -> Option<&Store> {
        self.store.as_ref()
    }

    /// Gives the lock back before the process waits for something.
    pub fn unlock(&mut self) {
        self.lock = None;
    }
}

fn open_store(path: &Path, access: Access) -> Result<(Option<Store>, Option<StoreLock>), Failure> {
    match access {
        Access::Change => {
            let store = Store::open(path)?;
            let lock = store.lock(LOCK_WAIT)?;
            Ok((Some(store), Some(lock)))
        }
        Access::Look => match Store::open_existing(path) {
            Ok(store) => Ok((Some(store), None)),
            Err(HostError::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
                Ok((None, None))
            }
            Err(error) => {
                Err(Failure::failed(error).hint("look as the user that applied, or with sudo"))
            }
        },
    }
}

fn choose_node(instance: &Instance, common: &Common) -> Result<NodeName, Failure> {
    if let Some(name) = &common.node {
        return NodeName::new(name.as_str())
            .map_err(|error| Failure::new(Exit::Usage, error.to_string()));
    }
    if common.root.is_none()
        && let Some(bytes) = files::read_optional(Path::new(layout::NODE_FILE), 256)?
        && let Ok(name) = NodeName::new(String::from_utf8_lossy(&bytes).trim())
    {
        return Ok(name);
    }
    instance
        .nodes
        .iter()
        .find(|(_, node)| node.kind == NodeType::Hub)
        .map(|(name, _)| name.clone())
        .ok_or_else(|| {
            Failure::new(Exit::Usage, "the instance has no hub").hint("name a node with --node")
        })
}
