//! Everything that lints see: the ground that is always known, and observations that may be missing.
//!
//! An observation is one field and one function that looks; the list in `observations!` is the only place that names
//! it. A family adds a line there for each thing that it looks at. Only what the chosen lints need is looked at; what
//! nobody asked for is missing like what could not be seen, so that a lint which forgets to say what it needs never
//! reads an empty list as good news.

use super::eyes::Eyes;
use super::{
    alerts, boot, exposure, hooks, jobs as jobs_seen, launchd, secrets, services, ssh, vault, vm,
};
use crate::house::{Artefact, Facts, House, compose};
use crate::instance::Instance;
use crate::instance::model::Os;
use crate::jobs::{self, Job};
use sanctum_host::bridges::Bridges;
use sanctum_host::interfaces::Interface;
use sanctum_host::processes::Process;
use sanctum_types::{AbsPath, CouldNotCheck, NodeName, UnixTime, chain};
use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fmt::Display;

/// Something that was seen, or why it could not be.
pub type Seen<T> = Result<T, CouldNotCheck>;

/// Many things of one kind: those that were seen, and those that could not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Many<T> {
    /// Those that were seen.
    pub all: Vec<T>,
    /// Those that could not be.
    pub unseen: Vec<CouldNotCheck>,
}

/// What is known before anything is looked at.
#[derive(Clone, Debug)]
pub struct Ground {
    /// The house.
    pub instance: Instance,
    /// Its text.
    pub text: String,
    /// The node that is looked at.
    pub node: NodeName,
    /// What is known of its machine.
    pub facts: Facts,
    /// Home of the house's owner on this machine, where there is one.
    pub owner_home: Option<AbsPath>,
    /// User id of the house's owner on this machine.
    pub owner_uid: Option<u32>,
    /// The wall clock.
    pub now: UnixTime,
}

/// What the instance makes of the node.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Its jobs.
    pub jobs: Vec<Job>,
    /// Its files.
    pub artefacts: Vec<Artefact>,
}

macro_rules! observations {
    ($($(#[$doc:meta])+ $field:ident: $type:ty = $need:ident, $look:path;)+) => {
        /// One observation.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Need {
            $($(#[$doc])+ $need,)+
        }

        impl Need {
            /// Every observation.
            pub const ALL: &'static [Self] = &[$(Self::$need),+];
        }

        /// What was looked at.
        #[derive(Clone, Debug)]
        pub struct Looked {
            /// What is known before.
            pub ground: Ground,
            $($(#[$doc])+ pub $field: Seen<$type>,)+
        }

        impl Looked {
            /// Looks at what is needed, once.
            #[must_use]
            pub fn gather(eyes: &Eyes<'_>, needs: &BTreeSet<Need>) -> Self {
                Self {
                    ground: eyes.ground.clone(),
                    $($field: if needs.contains(&Need::$need) {
                        $look(eyes)
                    } else {
                        Err(not_asked(stringify!($field)))
                    },)+
                }
            }

            $($(#[$doc])+
            pub fn $field(&self) -> Seen<&$type> {
                self.$field.as_ref().map_err(Clone::clone)
            })+

            /// The same with one observation missing.
            #[must_use]
            pub fn without(mut self, need: Need) -> Self {
                match need {
                    $(Need::$need => self.$field = Err(not_asked(stringify!($field))),)+
                }
                self
            }

            /// A house of which everything was seen and nothing is there.
            #[cfg(test)]
            pub(crate) fn bare(ground: Ground) -> Self {
                Self { ground, $($field: Ok(<$type>::default()),)+ }
            }
        }
    };
}

observations! {
    /// Jobs and files that the instance makes of the node.
    wanted: Wanted = Wanted, wanted;
    /// Property lists of launchd on disk.
    plists: Many<launchd::PlistFile> = Plists, launchd::look::plists;
    /// Definitions that launchd holds, by domain.
    loaded: Many<launchd::LoadedJob> = Loaded, launchd::look::loaded;
    /// Jobs that launchd was told to enable or disable, whatever their files say.
    overrides: launchd::Overrides = Overrides, launchd::look::overrides;
    /// What the system's own tool says of property lists.
    plist_tool: launchd::PlistTool = PlistTool, launchd::look::plist_tool;
    /// Property lists of the house under names that launchd does not load.
    aside: launchd::Aside = Aside, launchd::look::aside;
    /// What is at the paths that property lists name.
    named: launchd::Named = Named, launchd::look::named;
    /// What the machine does after a power cut.
    power: boot::Power = Power, boot::look::power;
    /// Whether the disk is encrypted.
    filevault: boot::FileVaultState = FileVault, boot::look::filevault;
    /// Who is logged in by itself.
    login: boot::Login = Login, boot::look::login;
    /// When scheduled jobs did their work the last time.
    runs: jobs_seen::Runs = Runs, jobs_seen::look::runs;
    /// Units of systemd that the house has.
    units: Many<boot::UnitState> = Units, boot::look::units;
    /// What systemd-analyze says of each unit of the house.
    verified: Many<(String, Vec<String>)> = Verified, boot::look::verified;
    /// Users with units of their own, and whether they linger.
    linger: Many<boot::UserUnits> = Linger, boot::look::linger;
    // doctor: further families add their observations below this line.
    /// The live socket table.
    listeners: exposure::Listeners = Listeners, exposure::look::listeners;
    /// Interfaces with their addresses, as they are now.
    interfaces: BTreeMap<String, Interface> = Interfaces, exposure::look::interfaces;
    /// Whether the kernel passes packets on.
    forwarding: exposure::Passing = Forwarding, exposure::look::forwarding;
    /// The packet filter of a Mac.
    pf: exposure::PfState = Pf, exposure::look::pf;
    /// Our table in the packet filter of a Linux node.
    nft: exposure::NftState = Nft, exposure::look::nft;
    /// Calls that must not be answered.
    probes: Many<exposure::Probed> = Probes, exposure::look::probes;
    /// Bridges with their members.
    bridges: Bridges = Bridges, exposure::look::bridges;
    /// What sshd does for each caller.
    sshd: Vec<ssh::Caller> = Sshd, ssh::look::sshd;
    /// Configuration files of sshd.
    sshd_files: Many<ssh::ConfigFile> = SshdFiles, ssh::look::files;
    /// Keys that the SSH server shows.
    host_keys: Many<ssh::HostKey> = HostKeys, ssh::look::host_keys;
    /// What was recorded of keys before.
    ssh_kept: ssh::Kept = SshKept, ssh::look::kept;
    /// Who may log in as whom.
    authorized: Many<ssh::AuthorizedFile> = Authorized, ssh::look::authorized;
    /// Routes of the guest.
    egress: vm::Egress = Egress, vm::look::egress;
    /// The guest's disk.
    disk: Option<vm::Disk> = Disk, vm::look::disk;
    /// The process table.
    processes: Many<Process> = Processes, services::look::processes;
    /// What is at the programs of jobs.
    programs: services::Programs = Programs, services::look::programs;
    /// What else could start a service.
    keepers: services::Keepers = Keepers, services::look::keepers;
    /// Secrets in histories of the owner's shells.
    histories: Many<services::History> = Histories, services::look::histories;
    /// Files that secrets are in.
    secret_files: Vec<services::SecretFile> = SecretFiles, services::look::secret_files;
    /// What the installed binaries say of themselves.
    versions: services::Versions = Versions, services::look::versions;
    /// What the desk and the loop of alerts remember.
    alerts: alerts::Kept = Alerts, alerts::look::kept;
    /// Places of the node's secrets, by fingerprint.
    secret_places: Many<secrets::SecretPlace> = SecretPlaces, secrets::look::places;
    /// Paths that secrets lie at or are opened with.
    secret_paths: Many<secrets::SecretPath> = SecretPaths, secrets::look::paths;
    /// SOPS documents that secrets are in.
    sops_documents: Many<secrets::Document> = SopsDocuments, secrets::look::documents;
    /// Values in files that are no store.
    secret_leaks: Many<secrets::Leak> = SecretLeaks, secrets::look::leaks;
    /// Recovery bundles.
    recovery: secrets::Recovery = Recovery, secrets::look::recovery;
    /// Records of rotations.
    rotations: Many<secrets::Rotation> = Rotations, secrets::rotations::rotations;
    /// Ages of the node's secrets.
    ages: Vec<crate::rotate::due::Age> = Ages, secrets::rotations::ages;
    /// Hooks in the settings of the owner's coding agents.
    hooks: hooks::Hooks = Hooks, hooks::look::hooks;
    /// The vault that the node is to serve.
    vault_standing: Option<vault::Standing> = VaultStanding, vault::look::standing;
    /// The two files of each vault.
    vault_pairs: Many<vault::Pair> = VaultPairs, vault::look::pairs;
    /// Keys of agents, by home.
    agent_keys: Many<vault::AgentKeys> = AgentKeys, vault::look::agent_keys;
}

impl Looked {
    /// The view that renderers get.
    pub fn house(&self) -> Seen<House<'_>> {
        self.ground.house()
    }

    /// The node's operating system.
    #[must_use]
    pub const fn os(&self) -> Os {
        self.ground.facts.os
    }
}

impl Ground {
    /// The view that renderers get.
    pub fn house(&self) -> Seen<House<'_>> {
        let node = self.instance.nodes.get(&self.node).ok_or_else(|| CouldNotCheck {
            subject: format!("node {}", self.node),
            cause: "the instance does not declare it".to_owned(),
        })?;
        Ok(House { instance: &self.instance, name: &self.node, node, facts: &self.facts })
    }
}

impl<T> Many<T> {
    /// Joins what was seen with what was not.
    pub fn collect(all: impl IntoIterator<Item = Seen<T>>) -> Self {
        let mut many = Self::default();
        for one in all {
            match one {
                Ok(seen) => many.all.push(seen),
                Err(unseen) => many.unseen.push(unseen),
            }
        }
        many
    }

    /// Each thing that was seen.
    pub fn iter(&self) -> std::slice::Iter<'_, T> {
        self.all.iter()
    }
}

impl<T> Default for Many<T> {
    fn default() -> Self {
        Self { all: Vec::new(), unseen: Vec::new() }
    }
}

impl<'a, T> IntoIterator for &'a Many<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

fn not_asked(what: &str) -> CouldNotCheck {
    CouldNotCheck { subject: what.to_owned(), cause: "nobody looked at it".to_owned() }
}

/// An error with all its sources, as the cause of a missing observation.
pub fn unseen(subject: &(impl Display + ?Sized), error: &dyn Error) -> CouldNotCheck {
    CouldNotCheck { subject: subject.to_string(), cause: chain(error) }
}

/// Derived, not observed; it is missing when the instance cannot be rendered.
pub(crate) fn wanted(eyes: &Eyes<'_>) -> Seen<Wanted> {
    eyes.wanted().cloned()
}

/// What the instance makes of the node.
pub(crate) fn render(ground: &Ground) -> Seen<Wanted> {
    let house = ground.house()?;
    let failed = |error: &dyn Error| unseen("the rendered house", error);
    let jobs = jobs::jobs(&house).map_err(|error| failed(&error))?;
    let artefacts = compose::artefacts(&house, &ground.text, &BTreeSet::new())
        .map_err(|error| failed(&error))?;
    Ok(Wanted { jobs, artefacts })
}
