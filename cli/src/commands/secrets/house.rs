//! What every verb over secrets works on: the declared secrets, this place's stores and its memory.
//!
//! At euid 0 on a machine only the approved instance counts: it says where root writes; so for whoever runs what it
//! declares. Every verb looks into values, to compare them at least, so from here on no core dump is left. Deliberately
//! absent: any choice of a store, which follows from a reference alone.

use super::Memory;
use super::memory::passing_key;
use crate::commands::Context;
use crate::failure::{Exit, Failure};
use crate::record::{Recorder, state_of_owner};
use crate::session::{self, Opened};
use crate::site::{HERE, Place};
use sanctum_host::private_io::{self, Dumps};
use sanctum_host::root_host::STORE_DIR;
use sanctum_orchestrator::house::layout;
use sanctum_orchestrator::instance::secrets::{SecretEntry, held};
use sanctum_orchestrator::secrets;
use sanctum_secrets::house::{Everywhere, HouseKey, Kept, Seen};
use sanctum_secrets::resolve::Places;
use sanctum_secrets::stores::{Reading, Store as _, Value};
use sanctum_types::{AbsPath, NodeName, SecretRef, ServiceName};
use std::path::Path;

/// Secrets, stores and memory of one node.
pub(in crate::commands) struct House {
    pub(in crate::commands) opened: Opened,
    pub(in crate::commands) node: NodeName,
    pub(in crate::commands) place: Place,
    pub(in crate::commands) places: Places,
    /// What core dumps there could be before.
    pub(in crate::commands) dumps: Dumps,
}

impl House {
    pub(in crate::commands) fn open(context: &Context) -> Result<Self, Failure> {
        if context.around.euid == 0 {
            return Self::approved(context);
        }
        Self::of(context, Opened::read(&context.common, &context.around, context.out)?)
    }

    /// As the approved instance says, whoever asks; a directory that stands for a machine has no other than what is named.
    pub(in crate::commands) fn approved(context: &Context) -> Result<Self, Failure> {
        let common = &context.common;
        if Place::of(common) != Place::Machine {
            return Self::of(context, Opened::read(common, &context.around, context.out)?);
        }
        if common.instance.is_some() && context.around.euid != 0 {
            return Err(Failure::new(Exit::Usage, "here only the approved copy counts")
                .hint("leave --instance out"));
        }
        Self::of(context, Opened::read_approved(common, context.out)?)
    }

    fn of(context: &Context, opened: Opened) -> Result<Self, Failure> {
        let place = Place::of(&context.common);
        let node = session::choose_node(&opened.instance, &context.common)?;
        let places = places(context, &place, &opened)?;
        let dumps = private_io::no_core_dumps()?;
        Ok(Self { opened, node, place, places, dumps })
    }

    /// All stores as one.
    pub(in crate::commands) const fn stores(&self) -> Everywhere<'_> {
        Everywhere(&self.places)
    }

    /// The key that lasts where there is one, else one for this run.
    pub(in crate::commands) fn key_to_look(&self, context: &Context) -> Result<HouseKey, Failure> {
        match Memory::look(&self.place, &context.around)?.known_key()? {
            Some(key) => Ok(key),
            None => passing_key(),
        }
    }

    /// The key that lasts.
    pub(in crate::commands) fn key(&self, context: &Context) -> Result<HouseKey, Failure> {
        Memory::open(&self.place, &context.around)?.key()
    }

    /// The declared secret of that name.
    pub(in crate::commands) fn entry(
        &self,
        name: &str,
    ) -> Result<(ServiceName, &SecretEntry), Failure> {
        let known = &self.opened.instance.secrets;
        if let Some((name, entry)) = known.iter().find(|(known, _)| known.as_str() == name) {
            return Ok((name.clone(), entry));
        }
        // What was typed in the wrong place may be a value, so it is not repeated.
        let near = known.keys().map(|known| (strsim::jaro_winkler(known.as_str(), name), known));
        let near = near.filter(|(likeness, _)| *likeness > 0.8).max_by(|a, b| a.0.total_cmp(&b.0));
        let failure = Failure::new(Exit::Usage, "the instance declares no secret of that name");
        Err(match near {
            Some((_, near)) => failure.hint(format!("did you mean `{near}`?")),
            None => failure.hint(
                "`sanctum secrets list` lists them; declare it under `secrets` of the instance",
            ),
        })
    }

    /// The secrets that are named, or else those that this node holds.
    pub(in crate::commands) fn kept(&self, names: &[String]) -> Result<Vec<Kept>, Failure> {
        if names.is_empty() {
            let held = held(&self.opened.instance, &self.node);
            return Ok(held.map(|(name, entry)| kept(name, entry)).collect());
        }
        names.iter().map(|name| self.entry(name).map(|(name, entry)| kept(&name, entry))).collect()
    }

    /// Looks into every place of those secrets.
    pub(in crate::commands) fn look(&self, all: Vec<Kept>, key: &HouseKey) -> Vec<Seen> {
        all.into_iter().map(|kept| Seen::of(&self.stores(), kept, key)).collect()
    }

    /// The value in one place.
    pub(in crate::commands) fn value(
        &self,
        name: &ServiceName,
        place: &SecretRef,
    ) -> Result<Value, Failure> {
        match self.stores().get(place) {
            Reading::Present(value) => Ok(value),
            Reading::Absent => {
                Err(Failure::failed(format!("there is no value of `{name}` at {place}"))
                    .hint(self.place.command(&format!("secrets set {name}"))))
            }
            Reading::Unreachable(why) => {
                let way_out = why.way_out();
                let failure = Failure::failed(why);
                Err(way_out.into_iter().fold(failure, Failure::hint))
            }
        }
    }

    /// The directory of what this place remembers, as the stores' tree names it.
    pub(in crate::commands) fn memory_dir(&self, context: &Context) -> Result<AbsPath, Failure> {
        Ok(match &self.place {
            Place::Root(_) => AbsPath::new(format!("/{STORE_DIR}"))?,
            Place::Machine if context.around.euid == 0 => AbsPath::new(layout::store(HERE))?,
            Place::Machine => AbsPath::new(state_of_owner(&context.around)?.to_string_lossy())?,
        })
    }

    /// Where what is done here is recorded, in the name of the job that runs this where one does.
    pub(in crate::commands) fn recorder(&self, context: &Context) -> Result<Recorder, Failure> {
        let around = &context.around;
        match around.job.as_deref() {
            Some(job) if around.euid != 0 && self.place == Place::Machine => {
                Recorder::of_job(job, around)
            }
            Some(job) => Recorder::of_place(&self.place, around)?.acting(&format!("job:{job}")),
            None => Recorder::of_place(&self.place, around),
        }
    }
}

/// A secret by its places.
pub(in crate::commands) fn kept(name: &ServiceName, entry: &SecretEntry) -> Kept {
    Kept { name: name.clone(), source: entry.reference.clone(), caches: entry.caches.clone() }
}

/// Where this place keeps things.
fn places(context: &Context, place: &Place, opened: &Opened) -> Result<Places, Failure> {
    let nowhere = || Failure::new(Exit::Usage, "there is no home directory to keep secrets in");
    let root = match place {
        Place::Root(dir) => Some(dir.as_path()),
        Place::Machine if context.around.euid == 0 => Some(Path::new("/")),
        Place::Machine => None,
    };
    let mut places = match root {
        Some(root) => secrets::places(root, &opened.instance).ok_or_else(nowhere)?,
        None => {
            let home = context.around.home().ok_or_else(nowhere)?;
            let mut places =
                Places::person(&AbsPath::new(home.to_string_lossy())?).ok_or_else(nowhere)?;
            let file = std::path::absolute(&opened.path)?;
            if let Some(base) = file.parent() {
                places.base = AbsPath::new(base.to_string_lossy())?;
            }
            opened.instance.stores.furnish(&mut places);
            places
        }
    };
    places.session_bus.clone_from(&context.around.session_bus);
    Ok(places)
}
