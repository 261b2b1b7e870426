//! What the firewall is configured with here: the layers of `.sanctum/config.toml`, and the house's mode over them.
//!
//! Root's files are the floor: one that is there and cannot be believed is an error, not an empty one. Deliberately absent:
//! what a key means (`sanctum_firewall::agents::config`).

use crate::commands::Context;
use crate::failure::{Exit, Failure};
use sanctum_firewall::agents::config::{self, Config, Layer, Layered, Loosened};
use sanctum_firewall::agents::{Decision, Guard};
use sanctum_host::{files as disk, trust};
use sanctum_orchestrator::guard;
use sanctum_orchestrator::house::layout;
use sanctum_orchestrator::instance::model::GuardMode;
use sanctum_orchestrator::instance::{self, NoCheck};
use sanctum_types::AbsPath;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Root's own file.
const FLOOR: &str = "/etc/sanctum/config.toml";
/// The user's and a project's file, below the home or the project.
const OWN: &str = ".sanctum/config.toml";
/// Keys that a line of the journal names.
const MOST_NAMED: usize = 8;
/// Longer than what counts as configuration.
const LIMIT: u64 = 2 << 20;

/// What holds here.
pub(super) struct Rules {
    /// The merged configuration.
    pub(super) config: Config,
    /// The mode of the approved instance, where that can be read.
    pub(super) house: Option<GuardMode>,
    /// What would have loosened, and had no effect.
    pub(super) loosened: Vec<Loosened>,
}

impl Rules {
    /// Reads them; `here` is the directory whose project counts.
    pub(super) fn read(context: &Context, here: &str) -> Result<Self, Failure> {
        let (config, loosened) = config::merge(&layers(context, here)?);
        Ok(Self { config, house: house(context)?, loosened })
    }

    /// Whether a verdict is followed. The house decides where it speaks; a file can only be stricter then.
    pub(super) fn guard(&self) -> Guard {
        let chosen = self.config.get("ai_firewall.guard");
        let observes = self.config.word("ai_firewall.guard") == Some("observe");
        let stricter = chosen.is_some_and(|setting| setting.layer != Layer::Default) && !observes;
        match self.house {
            Some(GuardMode::Enforce) => Guard::Enforce,
            Some(GuardMode::Observe | GuardMode::Off) if !stricter => Guard::Observe,
            Some(GuardMode::Observe | GuardMode::Off) => Guard::Enforce,
            None if observes => Guard::Observe,
            None => Guard::Enforce,
        }
    }

    /// Whether the house wants to hear nothing of it.
    pub(super) fn is_off(&self) -> bool {
        self.house == Some(GuardMode::Off) && self.guard() == Guard::Observe
    }

    /// Tells what would have loosened, and had no effect.
    pub(super) fn note(&self, details: &mut BTreeMap<String, String>) {
        let tried: Vec<String> = self
            .loosened
            .iter()
            .map(|one| format!("{} ({})", one.key, one.layer.name()))
            .take(MOST_NAMED)
            .collect();
        if !tried.is_empty() {
            details.insert("loosened".to_owned(), tried.join(", "));
        }
    }

    /// What a question becomes where nobody can be asked.
    pub(super) fn unattended(&self) -> Decision {
        match self.config.word("ai_firewall.unattended") {
            Some("allow") => Decision::Allow,
            Some("defer") => Decision::Defer,
            _ => Decision::Deny,
        }
    }
}

/// The files that count in this directory, there or not.
pub(in crate::commands) fn files(context: &Context, here: &str) -> Vec<(Layer, PathBuf)> {
    let project = PathBuf::from(super::view::project(here));
    let home = context.around.home();
    let mut all = vec![(Layer::Floor, PathBuf::from(FLOOR))];
    all.extend(home.map(|home| (Layer::User, home.join(OWN))));
    if home != Some(project.as_path()) {
        all.push((Layer::Project, project.join(OWN)));
    }
    all
}

/// The file that this account may write: its own, or root's floor.
pub(in crate::commands) fn own_file(context: &Context) -> Result<PathBuf, Failure> {
    if context.around.euid == 0 {
        return Ok(PathBuf::from(FLOOR));
    }
    let home = context.around.home();
    let none = || Failure::new(Exit::Usage, "there is no home directory with a configuration");
    Ok(home.ok_or_else(none)?.join(OWN))
}

/// What each file here says.
pub(in crate::commands) fn layers(context: &Context, here: &str) -> Result<Vec<Layered>, Failure> {
    let mut layers: Vec<Layered> = floor()?.into_iter().collect();
    let others = files(context, here).into_iter().filter(|(each, _)| *each != Layer::Floor);
    layers.extend(others.filter_map(|(each, path)| layer(&path, each)));
    Ok(layers)
}

/// A file that cannot be read counts as empty: the defaults and the floor hold.
fn layer(path: &Path, layer: Layer) -> Option<Layered> {
    let bytes = disk::read_optional(path, LIMIT).ok().flatten()?;
    Some(config::parse(&String::from_utf8_lossy(&bytes), layer))
}

fn floor() -> Result<Option<Layered>, Failure> {
    let path = Path::new(FLOOR);
    if !disk::is_there(path) {
        return Ok(None);
    }
    trust::check_root_owned(&AbsPath::new(FLOOR)?).map_err(Failure::refused)?;
    let bytes = disk::read(path, LIMIT)?;
    Ok(Some(config::parse(&String::from_utf8_lossy(&bytes), Layer::Floor)))
}

/// The mode of the approved instance; none where it is not there or not to be read by this account.
fn house(context: &Context) -> Result<Option<GuardMode>, Failure> {
    let limit = u64::try_from(instance::MAX_BYTES).unwrap_or(u64::MAX);
    let named = context.common.instance.as_deref().filter(|_| context.around.euid != 0);
    let path = named.unwrap_or(Path::new(layout::APPROVED_INSTANCE));
    if named.is_none() {
        let believed = disk::is_there(path)
            && trust::check_root_owned(&AbsPath::new(layout::APPROVED_INSTANCE)?).is_ok();
        if !believed {
            return Ok(None);
        }
    }
    let Ok(bytes) = disk::read(path, limit) else { return Ok(None) };
    let text = String::from_utf8_lossy(&bytes);
    let loaded = instance::load(&text, &path.display().to_string(), &NoCheck);
    Ok(loaded.ok().map(|loaded| guard::Guard::Firewall.mode(&loaded.instance)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_house_decides_and_a_file_can_only_be_stricter() {
        let of = |text: &str, house: Option<GuardMode>| {
            let layers = [config::parse(text, Layer::User)];
            let (config, loosened) = config::merge(&layers);
            Rules { config, house, loosened }.guard()
        };
        let (observe, enforce) =
            ("[ai_firewall]\nguard = \"observe\"\n", "[ai_firewall]\nguard = \"enforce\"\n");
        for (text, house, guard) in [
            ("", None, Guard::Enforce),
            (observe, None, Guard::Observe),
            (observe, Some(GuardMode::Enforce), Guard::Enforce),
            ("", Some(GuardMode::Observe), Guard::Observe),
            ("", Some(GuardMode::Off), Guard::Observe),
            (enforce, Some(GuardMode::Observe), Guard::Enforce),
            (enforce, Some(GuardMode::Off), Guard::Enforce),
            ("guard = ", None, Guard::Enforce),
        ] {
            assert_eq!(of(text, house), guard, "{text:?} {house:?}");
        }
    }
}
