//! From the instance to what a rotation works with: the provider, the consumers, the plan; or why not, and what then.
//!
//! Refusals come before anything is asked of anybody. A run with nobody there takes only stores that need no session.
//! Deliberately absent: whether it is due, and doing it.

use super::consumer::{Consumer, Form, LocalFile, Part, RemoteFile, StorePlace};
use super::node_file::NodeFile;
use super::reload::Reloading;
use super::vault_path::VaultPath;
use crate::fleet::Fleet;
use crate::fleet::target::{TargetError, target};
use crate::instance::Instance;
use crate::instance::model::Os;
use crate::instance::rotation::{self, Reload, Rotation};
use crate::instance::secrets::SecretEntry;
use sanctum_rotation::http::{BadBase, Client};
use sanctum_rotation::plan::Policy;
use sanctum_rotation::providers::SettingsError;
use sanctum_rotation::{
    Command, ConsumerId, Event, Failure, KeyId, OldKey, Plan, Provider, Reason, Values, Which,
    WordError,
};
use sanctum_secrets::places::Keyring;
use sanctum_secrets::resolve::{Places, ResolveError, resolve_line};
use sanctum_secrets::stores::StoreError;
use sanctum_types::{NodeName, Secret, SecretRef, ServiceName, UnixTime};
use std::collections::BTreeMap;

/// Where and how a rotation runs.
pub struct Setting<'a> {
    /// The stores of this place.
    pub places: &'a Places,
    /// Of which system the machine is.
    pub os: Os,
    /// Which node it is.
    pub node: &'a NodeName,
    /// Nobody is there, and no session: a job.
    pub unattended: bool,
    /// A directory stands for the machine: no service of it is running.
    pub sandbox: bool,
    /// Who speaks SSH, where a consumer is on another node.
    pub fleet: Option<&'a Fleet>,
    /// What the last rotation of this secret left in use.
    pub last_key: Option<KeyId>,
}

/// Why a secret cannot be rotated as things are.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The instance declares none.
    #[error("the instance declares no secret `{0}`")]
    NoSecret(ServiceName),
    /// It has no section.
    #[error("`{0}` has no `rotation` in the instance")]
    NoRotation(ServiceName),
    /// The old value would be destroyed.
    #[error(
        "`{0}` is of a kind that destroys the old value at once, and the instance does not declare that"
    )]
    Destructive(ServiceName),
    /// A keychain of a person, in a job.
    #[error(
        "`{place}` is in a login keychain, which is locked where nobody is logged in, as in a job"
    )]
    NeedsSession {
        /// The place.
        place: String,
    },
    /// A path or an agent that no vault has.
    #[error("`{0}` names no path of a vault, or no agent")]
    Vault(String),
    /// The management key.
    #[error("the management key `{name}` cannot be had")]
    Management {
        /// Its name.
        name: ServiceName,
        /// Why.
        #[source]
        source: Box<ResolveError>,
    },
    /// The token of a reload.
    #[error("the token `{name}` of a reload cannot be had")]
    Token {
        /// Its name.
        name: ServiceName,
        /// Why.
        #[source]
        source: Box<ResolveError>,
    },
    /// The kind's settings.
    #[error("the kind of `{secret}` cannot be used")]
    Settings {
        /// Which secret.
        secret: ServiceName,
        /// Why.
        #[source]
        source: SettingsError,
    },
    /// The address of a reload.
    #[error("an address of `reload` cannot be used")]
    Reload(#[source] BadBase),
    /// A service that is not declared, or is elsewhere.
    #[error("`reload` names the service `{0}`, which this node does not run")]
    Service(ServiceName),
    /// No way to a node.
    #[error("a consumer cannot be reached")]
    Target(#[source] TargetError),
    /// A consumer's name, or a key's id, is no word of a record.
    #[error("a consumer or a key id cannot be written down")]
    Word(#[source] WordError),
    /// The stores cannot be looked at.
    #[error("cannot tell which keychain answers here")]
    Store(#[source] Box<StoreError>),
    /// A rotation that was begun is of another kind.
    #[error("the rotation that was begun is of kind {begun}, and the instance says another by now")]
    Kind {
        /// As it was begun.
        begun: String,
    },
    /// A rotation that was begun has a consumer that the instance does not know any more.
    #[error(
        "the rotation that was begun gives the value to `{0}`, which the instance does not name any more"
    )]
    Gone(String),
}

impl Refusal {
    /// What to do about it.
    #[must_use]
    pub fn way_out(&self) -> Option<String> {
        Some(match self {
            Self::NoRotation(name) => format!(
                "declare it: secrets.{name}.rotation: {{kind: {{manual: {{create_url: https://...}}}}}}; \
                 or give it a value yourself: sanctum secrets set {name}"
            ),
            Self::Destructive(name) => format!(
                "secrets.{name}.rotation.destructive: {{reason: ...}}; or `way: second`, which keeps both alive"
            ),
            Self::NeedsSession { .. } => {
                "give the secret a place that needs no session: keychain://system/ (root's job), file:, age:, sops:; \
                 or do it by hand, in your session: sanctum rotate NAME"
                    .to_owned()
            }
            Self::Vault(_) => {
                "a path is spelled as openai/api-key, an agent as rotation".to_owned()
            }
            Self::Management { name, source } | Self::Token { name, source } => {
                source.way_out().unwrap_or_else(|| format!("sanctum secrets set {name}"))
            }
            Self::Gone(_) | Self::Kind { .. } => "put it back into the instance until the rotation is over".to_owned(),
            Self::Settings { source: SettingsError::NoManagementKey, .. } => {
                "name it: rotation.management, a secret of the house".to_owned()
            }
            _ => return None,
        })
    }
}

/// Everything that a rotation works with.
pub struct Prepared {
    /// The kind.
    pub provider: Provider,
    /// What is to be done.
    pub plan: Plan,
    /// What is known of the key in use.
    pub key_id: Option<KeyId>,
    /// What is told to read the value anew.
    pub reloads: Vec<Reloading>,
    consumers: BTreeMap<ConsumerId, Box<dyn Consumer>>,
}

impl std::fmt::Debug for Prepared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Prepared").field("plan", &self.plan).finish_non_exhaustive()
    }
}

/// Makes ready what the instance declares for a secret.
///
/// # Errors
/// It cannot be rotated as things are.
pub fn prepare(
    instance: &Instance,
    name: &ServiceName,
    setting: &Setting<'_>,
) -> Result<Prepared, Refusal> {
    let entry = instance.secrets.get(name).ok_or_else(|| Refusal::NoSecret(name.clone()))?;
    let rotation = entry.rotation.as_ref().ok_or_else(|| Refusal::NoRotation(name.clone()))?;
    let settings = &rotation.kind;
    let nature = settings.nature();
    if nature.old == OldKey::DiesAtMint && rotation.destructive.is_none() {
        return Err(Refusal::Destructive(name.clone()));
    }
    let (order, consumers) = consumers(instance, entry, rotation, setting)?;
    let management = match &rotation.management {
        Some(key) => Some(
            another(instance, key, setting)?
                .map_err(|source| Refusal::Management { name: key.clone(), source })?,
        ),
        None => None,
    };
    let provider = Provider::new(settings, management)
        .map_err(|source| Refusal::Settings { secret: name.clone(), source })?;
    let said = rotation.key_id.clone().map(KeyId::new).transpose().map_err(Refusal::Word)?;
    let plan = Plan {
        secret: name.clone(),
        kind: settings.kind(),
        nature,
        destructive: rotation.destructive.is_some(),
        consumers: order,
        policy: policy(rotation),
    };
    let reloads = reloads(instance, rotation, setting)?;
    let key_id = setting.last_key.clone().or(said);
    Ok(Prepared { provider, plan, key_id, reloads, consumers })
}

fn policy(rotation: &Rotation) -> Policy {
    let hours = |hours: u16| u32::from(hours) * 3600;
    let overlap = rotation.overlap;
    Policy {
        quiet: hours(overlap.quiet_hours),
        limit: hours(overlap.limit_hours),
        soak: hours(overlap.soak_hours),
        ..Policy::default()
    }
}

/// The value of another secret that the rotation needs, read where it has its source; what that answered where it is none.
fn another(
    instance: &Instance,
    name: &ServiceName,
    setting: &Setting<'_>,
) -> Result<Result<Secret<String>, Box<ResolveError>>, Refusal> {
    let entry = instance.secrets.get(name).ok_or_else(|| Refusal::NoSecret(name.clone()))?;
    session(&entry.reference, setting)?;
    Ok(resolve_line(&entry.reference, setting.places).map_err(Box::new))
}

type Consumers = (Vec<ConsumerId>, BTreeMap<ConsumerId, Box<dyn Consumer>>);

fn consumers(
    instance: &Instance,
    entry: &SecretEntry,
    rotation: &Rotation,
    setting: &Setting<'_>,
) -> Result<Consumers, Refusal> {
    let (mut order, mut all) = (Vec::new(), BTreeMap::new());
    for reference in entry.places() {
        session(reference, setting)?;
        let id = ConsumerId::new(reference.to_string()).map_err(Refusal::Word)?;
        let (places, reference) = (setting.places.clone(), reference.clone());
        order.push(id.clone());
        all.insert(id, Box::new(StorePlace { places, reference }) as Box<dyn Consumer>);
    }
    for declared in &rotation.consumers {
        let id = ConsumerId::new(declared.to_string()).map_err(Refusal::Word)?;
        order.push(id.clone());
        all.insert(id, file(instance, declared, setting)?);
    }
    Ok((order, all))
}

fn file(
    instance: &Instance,
    declared: &rotation::Consumer,
    setting: &Setting<'_>,
) -> Result<Box<dyn Consumer>, Refusal> {
    let root = || setting.places.keys.root.clone();
    Ok(match declared {
        rotation::Consumer::Vault(place) => Box::new(
            VaultPath::of(&root(), place).ok_or_else(|| Refusal::Vault(declared.to_string()))?,
        ),
        rotation::Consumer::Env(place) => Box::new(LocalFile {
            root: root(),
            path: place.path.clone(),
            part: Part {
                value: Form::Env(place.variable.clone()),
                id: place.id_variable.clone().map(Form::Env),
            },
        }),
        rotation::Consumer::Json(place) => {
            let part = Part {
                value: Form::Json(place.key.clone()),
                id: place.id_key.clone().map(Form::Json),
            };
            match (&place.node, setting.fleet) {
                (Some(node), Some(fleet)) if node != setting.node => {
                    let target = target(instance, node, None).map_err(Refusal::Target)?;
                    let (fleet, path) = (fleet.clone(), place.path.clone());
                    Box::new(RemoteFile { file: NodeFile { fleet, target, path }, part })
                }
                (Some(node), None) if node != setting.node => {
                    return Err(Refusal::Target(TargetError::NoHost(node.clone())));
                }
                _ => Box::new(LocalFile { root: root(), path: place.path.clone(), part }),
            }
        }
    })
}

/// Whether any consumer of a secret is on another node than this.
#[must_use]
pub fn leaves(entry: &SecretEntry, node: &NodeName) -> bool {
    entry.rotation.iter().flat_map(|rotation| &rotation.consumers).any(|one| {
        matches!(one, rotation::Consumer::Json(place) if place.node.as_ref().is_some_and(|other| other != node))
    })
}

fn session(reference: &SecretRef, setting: &Setting<'_>) -> Result<(), Refusal> {
    let SecretRef::Keychain { .. } = reference else { return Ok(()) };
    let keyring = setting.places.answers_for_keychain();
    match keyring.map_err(|source| Refusal::Store(Box::new(source)))? {
        Keyring::Login if setting.unattended => {
            Err(Refusal::NeedsSession { place: reference.to_string() })
        }
        Keyring::Login | Keyring::System | Keyring::Embedded => Ok(()),
    }
}

fn reloads(
    instance: &Instance,
    rotation: &Rotation,
    setting: &Setting<'_>,
) -> Result<Vec<Reloading>, Refusal> {
    let mut all = Vec::new();
    for one in &rotation.reload {
        match one {
            Reload::Service(name) => {
                let service = instance.services.get(name).filter(|one| one.node == *setting.node);
                let service = service.ok_or_else(|| Refusal::Service(name.clone()))?;
                // In a directory that stands for a machine there is nothing to start again.
                if !setting.sandbox {
                    let (name, os) = (name.clone(), setting.os);
                    all.push(Reloading::Service { name, service: Box::new(service.clone()), os });
                }
            }
            Reload::Http(http) => {
                let client = Client::new(&http.url).map_err(Refusal::Reload)?;
                let token = http.token.as_ref().map(|name| {
                    another(instance, name, setting)?
                        .map_err(|source| Refusal::Token { name: name.clone(), source })
                });
                all.push(Reloading::Http { client, token: token.transpose()? });
            }
        }
    }
    Ok(all)
}

impl Prepared {
    /// That consumer.
    ///
    /// # Errors
    /// It is none of this secret's.
    pub fn consumer(&self, id: &ConsumerId) -> Result<&dyn Consumer, Failure> {
        self.consumers.get(id).map(|one| &**one).ok_or(Failure::Never(Reason::Settings))
    }

    /// When the key in use was made, where the provider tells.
    ///
    /// # Errors
    /// The provider or the source of truth did not answer.
    pub fn made(&self, now: UnixTime) -> Result<Option<UnixTime>, Failure> {
        let first = self.plan.consumers.first().ok_or(Failure::Never(Reason::Settings))?;
        let mut current = self.consumer(first)?.read()?;
        let current = current.as_mut().map(|text| Secret::new(std::mem::take(&mut **text)));
        let values =
            Values { current: current.as_ref(), old: self.key_id.as_ref(), ..Values::default() };
        match self.provider.carry(&Command::Preflight, values, now).event {
            Event::Ready { old: Some(old), keys } => {
                Ok(keys.into_iter().find(|key| key.id == old).and_then(|key| key.created))
            }
            Event::Failed(failure) => Err(failure),
            _ => Ok(None),
        }
    }

    /// Whether a rotation that was begun can be gone on with: its kind, and every consumer, are still known.
    ///
    /// # Errors
    /// One is not.
    pub fn covers(&self, begun: &Plan) -> Result<(), Refusal> {
        if begun.kind != self.plan.kind {
            return Err(Refusal::Kind { begun: begun.kind.to_string() });
        }
        let gone = begun.consumers.iter().find(|id| !self.consumers.contains_key(id));
        gone.map_or(Ok(()), |id| Err(Refusal::Gone(id.to_string())))
    }

    /// A command in words, for people who watch.
    #[must_use]
    pub fn words(&self, command: &Command) -> String {
        let value = |which: &Which| match which {
            Which::Old => "the value before",
            Which::New => "the new value",
        };
        match command {
            Command::Probe(id) => format!("look whether {id} can be written"),
            Command::StageOld => "seal the value before".to_owned(),
            Command::StageNew => "seal the new value".to_owned(),
            Command::Write { consumer, value: which } => {
                format!("write {} to {consumer}, and read it back", value(which))
            }
            Command::Confirm { consumer, value: which } => {
                format!("verify {} through {consumer}", value(which))
            }
            Command::Look(id) => format!("look what {id} holds"),
            Command::Discard => "remove the sealed values".to_owned(),
            command => {
                let calls = self.provider.describe(command).join(", ");
                let what = match command {
                    Command::Preflight => "ask the provider who we are",
                    Command::Mint { .. } => "make a new key",
                    Command::Verify(Which::New) => "verify the new value",
                    Command::Verify(Which::Old) => "verify the value before",
                    Command::List => "list the keys",
                    Command::LastUse(_) => "ask when the old key was last used",
                    Command::Disable(_) => "switch a key off",
                    Command::Enable(_) => "switch a key on again",
                    Command::Delete(_) => "remove a key",
                    _ => "wait",
                };
                if calls.is_empty() { what.to_owned() } else { format!("{what}: {calls}") }
            }
        }
    }

    /// Every call and write of a rotation that goes well, in order; nothing is sent or written.
    #[must_use]
    pub fn rehearsal(&self) -> Vec<String> {
        let plan = &self.plan;
        let Ok(key) = KeyId::new("OLD-KEY") else { return Vec::new() };
        let all = |make: fn(ConsumerId) -> Command| plan.consumers.iter().cloned().map(make);
        let mut commands = vec![Command::Preflight];
        commands.extend(all(Command::Probe));
        commands.extend([
            Command::StageOld,
            Command::Mint { name: format!("{}ROTATION", plan.name_prefix()) },
            Command::StageNew,
        ]);
        let lives = plan.nature.old == OldKey::Lives;
        if lives {
            commands.push(Command::Verify(Which::New));
        }
        for consumer in plan.consumers.iter().cloned() {
            commands.push(Command::Write { consumer: consumer.clone(), value: Which::New });
            commands.push(Command::Confirm { consumer, value: Which::New });
        }
        let mut lines: Vec<String> = commands.iter().map(|one| self.words(one)).collect();
        lines.extend(self.reloads.iter().map(Reloading::describe));
        if !lives {
            lines.push(self.words(&Command::Discard));
            return lines;
        }
        let hours = |seconds: u32| seconds / 3600;
        if plan.nature.tells_last_use {
            lines.push(self.words(&Command::LastUse(key.clone())));
        }
        lines.push(format!(
            "wait until the old key was silent for {} h, at most {} h",
            hours(plan.policy.quiet),
            hours(plan.policy.limit)
        ));
        if plan.nature.disables {
            lines.push(self.words(&Command::Disable(key.clone())));
            lines.push(format!("wait {} h", hours(plan.policy.soak)));
        }
        lines.push(self.words(&Command::Delete(key)));
        lines.push(self.words(&Command::List));
        lines.push(self.words(&Command::Discard));
        lines
    }
}

#[cfg(test)]
mod tests;
