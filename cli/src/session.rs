//! What a verb works on: the instance, one node of it, the facts of that machine, its host and its store.

use crate::args::Common;
use crate::failure::{Exit, Failure};
use crate::output::Out;
use crate::site::{Access, Place, Site};
use crate::surroundings::Surroundings;
use crate::verbs;
use sanctum_host::{Blobs, accounts, files, trust};
use sanctum_orchestrator::engine::Planned;
use sanctum_orchestrator::house::{Artefact, Facts, House, Part, compose, facts, layout};
use sanctum_orchestrator::instance::model::NodeType;
use sanctum_orchestrator::instance::{self, BuiltinRules, Instance, coverage};
use sanctum_orchestrator::plan::{Target, Want};
use sanctum_types::{AbsPath, Digest, NodeName};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

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
        let loaded = instance::load(&text, path, &BuiltinRules).map_err(Failure::failed)?;
        for warning in &loaded.warnings {
            out.warn(&warning.render(path, &text));
        }
        let digest = Blobs::digest(text.as_bytes());
        Ok(Self { path: path.to_owned(), text, instance: loaded.instance, digest })
    }

    /// Reads and accepts the file that the command line or the surroundings name.
    ///
    /// On a machine, at euid 0 or without a home, the approved copy stands in for a file that is not named.
    pub fn read(common: &Common, around: &Surroundings, out: Out) -> Result<Self, Failure> {
        let approved = || Some(PathBuf::from(layout::APPROVED_INSTANCE));
        let proposal = || around.default_instance().filter(|path| files::is_there(path));
        let fallback = || if common.root.is_none() { approved() } else { None };
        let named = common.instance.clone().or_else(proposal).or_else(fallback);
        let Some(path) = named.or_else(|| around.default_instance()) else {
            return Err(Failure::new(Exit::Usage, "no instance file: there is no home directory")
                .hint("name one with --instance FILE"));
        };
        Self::read_path(&path, out)
    }

    /// Reads and accepts the approved copy: the one that counts for jobs and at boot.
    ///
    /// Somebody who is not root may name another file; root runs only commands that root approved.
    pub fn read_approved(common: &Common, out: Out) -> Result<Self, Failure> {
        if let Some(path) = &common.instance {
            if accounts::effective_uid() == 0 {
                return Err(Failure::new(Exit::Usage, "as root only the approved copy counts")
                    .hint(format!("leave --instance out: {} is read", layout::APPROVED_INSTANCE)));
            }
            return Self::read_path(path, out);
        }
        let path = AbsPath::new(layout::APPROVED_INSTANCE)?;
        trust::check_root_owned(&path).map_err(|error| {
            Failure::refused(error)
                .hint(format!("approve an instance first: sudo {} apply", layout::SANCTUM))
        })?;
        Self::read_path(Path::new(path.as_str()), out)
    }

    fn read_path(path: &Path, out: Out) -> Result<Self, Failure> {
        let limit = u64::try_from(instance::MAX_BYTES).unwrap_or(u64::MAX);
        let bytes = files::read(path, limit).map_err(|error| {
            Failure::failed(error)
                .hint("write one with `sanctum init`, or name one with --instance FILE")
        })?;
        let shown = path.display().to_string();
        let text = String::from_utf8(bytes).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            Failure::failed(format!("{shown} is not UTF-8 from byte {at}"))
        })?;
        Self::from_text(&shown, text, out)
    }
}

/// Everything that a verb works on.
pub struct Session {
    /// The node, its host and its store.
    pub site: Site,
    /// The instance.
    pub opened: Opened,
    /// What is known of the node's machine.
    pub facts: Facts,
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
        Self::at(opened, node, Place::of(common), around, access)
    }

    /// Opens one node at one place.
    pub fn at(
        opened: Opened,
        node: NodeName,
        place: Place,
        around: &Surroundings,
        access: Access,
    ) -> Result<Self, Failure> {
        let facts = facts_of(&opened.instance, &node, &place)?;
        let mut site = Site::open(node, facts.os, place, around, access)?;
        site.second_place.clone_from(&opened.instance.journal.second_place);
        Ok(Self { site, opened, facts })
    }

    /// What is rendered for the node; an empty `only` means every part.
    pub fn artefacts(&self, only: &BTreeSet<Part>) -> Result<Vec<Artefact>, Failure> {
        Ok(compose::artefacts(&self.house()?, &self.opened.text, only)?)
    }

    /// The wanted state that artefacts make.
    pub fn want(&self, artefacts: Vec<Artefact>, blobs: &mut Blobs) -> Result<Want, Failure> {
        Ok(compose::want(&self.house()?, artefacts, blobs)?)
    }

    /// The view that renderers get.
    pub fn house(&self) -> Result<House<'_>, Failure> {
        let (instance, name, facts) = (&self.opened.instance, &self.site.node, &self.facts);
        let node = instance
            .nodes
            .get(name)
            .ok_or_else(|| Failure::new(Exit::Bug, format!("node `{name}` vanished")))?;
        Ok(House { instance, name, node, facts })
    }

    /// Warns of every active interface of this machine that no declared network covers.
    pub fn warn_uncovered(&self, out: Out) {
        if self.site.place != Place::Machine {
            return;
        }
        let node = &self.site.node;
        for one in coverage::uncovered_interfaces(&self.opened.instance, node, &self.facts) {
            let addresses: Vec<String> = one.addresses.iter().map(ToString::to_string).collect();
            let (name, addresses) = (&one.interface, addresses.join(", "));
            out.warn(&format!("interface {name} ({addresses}) is active and no network covers it"));
        }
    }

    /// Looks at the node and plans for a wanted state.
    pub fn plan(&mut self, want: &Want, blobs: &mut Blobs) -> Result<Planned, Failure> {
        let node = self.site.node.clone();
        let target = Target { node: &node, instance: self.opened.digest };
        Ok(self.site.engine().plan(&target, want, blobs)?)
    }
}

/// What is known of the machine of a node that something is rendered for.
pub fn facts_of(instance: &Instance, node: &NodeName, place: &Place) -> Result<Facts, Failure> {
    let declared = instance.nodes.get(node).ok_or_else(|| {
        Failure::new(Exit::Usage, format!("the instance has no node `{node}`"))
            .hint("`sanctum config check` lists the nodes")
    })?;
    if declared.kind == NodeType::Mobile {
        return Err(Failure::new(
            Exit::Usage,
            format!("node `{node}` is mobile: it only calls, so nothing is rendered for it"),
        ));
    }
    let mut facts = match place {
        Place::Machine => crate::machine::facts(declared)?,
        Place::Root(_) => facts::assumed(instance, declared),
    };
    facts.implemented.extend(verbs::implemented());
    Ok(facts)
}

/// The node that the command line or the machine's own file names.
pub fn told_node(common: &Common) -> Result<Option<NodeName>, Failure> {
    /// One name.
    const LIMIT: u64 = 256;
    if let Some(name) = &common.node {
        let name = NodeName::new(name.as_str());
        return name.map(Some).map_err(|error| Failure::new(Exit::Usage, error.to_string()));
    }
    if common.root.is_some() {
        return Ok(None);
    }
    let bytes = files::read_optional(Path::new(layout::NODE_FILE), LIMIT)?;
    Ok(bytes.and_then(|bytes| NodeName::new(String::from_utf8_lossy(&bytes).trim()).ok()))
}

/// The node that is told, or else the instance's hub.
pub fn choose_node(instance: &Instance, common: &Common) -> Result<NodeName, Failure> {
    if let Some(name) = told_node(common)? {
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::OnceLock;

    #[test]
    fn for_a_file_that_is_named_nobody_is_asked_where_the_owners_home_is() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/minimal/instance.yaml");
        let (instance, node) = (Some(PathBuf::from(file)), None);
        let common = Common { instance, root: None, node, json: false, quiet: true };
        let around = Surroundings { home: OnceLock::new(), ..Surroundings::read(None) };
        let opened = Opened::read(&common, &around, Out { json: false, quiet: true }).unwrap();
        assert_eq!(opened.path, file);
        assert!(around.home.get().is_none());
    }
}
