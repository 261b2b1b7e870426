//! Rotations: a management key that is declared, consumers that can be written down, and what a job can reach.

use super::services::{known_node, known_secret};
use super::{Judged, Problem};
use crate::instance::model::{Instance, NodeType, Os};
use crate::instance::rotation::{Consumer, Reload, Rotation};
use sanctum_rotation::http::Client;
use sanctum_rotation::providers::SettingsError;
use sanctum_rotation::{ConsumerId, KeyId, OldKey, Provider, Settings};
use sanctum_types::{Secret, SecretRef, ServiceName};
use sanctum_vault::SecretPath;
use sanctum_vault::identity::AgentName;
use std::collections::BTreeSet;

/// What is wrong with a rotation.
#[derive(Debug, thiserror::Error)]
pub enum RotationFault {
    /// The kind needs a management key.
    #[error("this kind needs a management key")]
    NoManagement,
    /// The key that makes keys is not one that it makes.
    #[error("a secret is not its own management key")]
    OwnManagement,
    /// The old value would be destroyed.
    #[error("this kind destroys the old value before the new one is in place")]
    Destroys,
    /// It would be overdue before it is due.
    #[error("`due_after_days` is more than `rotation_max_age_days`")]
    DueTooLate,
    /// The old key is off before it was ever silent.
    #[error("`limit_hours` is less than `quiet_hours`")]
    LimitBeforeQuiet,
    /// The settings of the kind.
    #[error("{}", sanctum_types::chain(.0))]
    Settings(SettingsError),
    /// The id of a key.
    #[error("a key id is 1 to 256 printable characters without spaces")]
    KeyId,
    /// A consumer.
    #[error("a consumer is at most 512 printable characters of ASCII")]
    Consumer,
    /// No name of a variable.
    #[error("a variable is letters, digits and `_`, and begins with no digit")]
    Variable,
    /// No path of keys.
    #[error("the keys of a JSON file are words with dots between them")]
    Keys,
    /// The kind's keys have no public half that a program would ask for.
    #[error("only keys of `aws-iam` are pairs, of which the id is written beside the value")]
    NoPair,
    /// Value and id would be one text.
    #[error("value and id are written to two places of the file")]
    OnePlace,
    /// No path or no agent of a vault.
    #[error("this is no path of the vault, or no agent of it")]
    Vault,
    /// Not an address for a reload.
    #[error("a reload is https, or http on this machine, without a query")]
    ReloadUrl,
    /// A service that is not declared.
    #[error("service `{0}` is not declared")]
    Service(ServiceName),
    /// A job without a session would write a keychain that needs one.
    #[error(
        "`{place}`, which rotating `{secret}` needs, is in a login keychain, which is locked in a job of this account"
    )]
    LoginKeychain {
        /// Which secret.
        secret: ServiceName,
        /// Which place.
        place: String,
    },
}

impl RotationFault {
    /// What to do about it, where that is known.
    pub(super) fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::NoManagement => "name it: `management`, a secret of the house",
            Self::OwnManagement => "declare the key that makes keys as a secret of its own",
            Self::Destroys => {
                "say `destructive: {reason: ...}`, or take a way with two keys (`way: second`)"
            }
            Self::DueTooLate => "leave `due_after_days` out, or make it smaller",
            Self::LimitBeforeQuiet => "leave `limit_hours` out: it is a week",
            Self::Vault => "write a path such as openai/api-key, and an agent such as rotation",
            Self::LoginKeychain { .. } => {
                "keychain://system/ with run_as {user: root, reason: ...}, or file:, age:, sops:"
            }
            _ => return None,
        })
    }
}

pub(super) fn judge(instance: &Instance, judged: &mut Judged) {
    for (name, entry) in &instance.secrets {
        let Some(rotation) = &entry.rotation else { continue };
        let at = |judged: &mut Judged, key: &str, fault: RotationFault| {
            judged.refuse(["secrets", name.as_str(), "rotation", key], fault.into());
        };
        if rotation.due_after_days == Some(0) {
            let what = "`due_after_days`".to_owned();
            let path = ["secrets", name.as_str(), "rotation", "due_after_days"];
            judged.refuse(path, Problem::TooSmall { what, least: 1 });
        }
        if let (Some(due), Some(limit)) = (rotation.due_after_days, entry.rotation_max_age_days)
            && due > limit
        {
            at(judged, "due_after_days", RotationFault::DueTooLate);
        }
        if rotation.overlap.limit_hours < rotation.overlap.quiet_hours {
            at(judged, "overlap", RotationFault::LimitBeforeQuiet);
        }
        if rotation.key_id.clone().is_some_and(|id| KeyId::new(id).is_err()) {
            at(judged, "key_id", RotationFault::KeyId);
        }
        management(instance, name, rotation, judged);
        consumers(instance, name, rotation, judged);
        reloads(instance, name, rotation, judged);
    }
    jobs(instance, judged);
}

fn management(instance: &Instance, name: &ServiceName, rotation: &Rotation, judged: &mut Judged) {
    let at = |key| ["secrets", name.as_str(), "rotation", key];
    if rotation.kind.nature().old == OldKey::DiesAtMint && rotation.destructive.is_none() {
        judged.refuse(at("kind"), RotationFault::Destroys.into());
    }
    match &rotation.management {
        Some(key) if key == name => {
            judged.refuse(at("management"), RotationFault::OwnManagement.into());
        }
        Some(key) => known_secret(instance, at("management"), key, judged),
        None if !matches!(rotation.kind, Settings::Manual(_) | Settings::Command(_)) => {
            judged.refuse(at("kind"), RotationFault::NoManagement.into());
        }
        None => {}
    }
    // What a kind says of a management key is judged when there is one; the rest is settings.
    let some = Secret::new("x".to_owned());
    if let Err(
        fault @ (SettingsError::Base(_) | SettingsError::Shape(_) | SettingsError::Program(_)),
    ) = Provider::new(&rotation.kind, Some(some))
    {
        judged.refuse(at("kind"), RotationFault::Settings(fault).into());
    }
}

fn consumers(instance: &Instance, name: &ServiceName, rotation: &Rotation, judged: &mut Judged) {
    let mut known = BTreeSet::new();
    for (n, one) in rotation.consumers.iter().enumerate() {
        let index = n.to_string();
        let at = ["secrets", name.as_str(), "rotation", "consumers", &index];
        if !known.insert(one) {
            judged.refuse(at, Problem::Twice { item: one.to_string() });
        }
        if ConsumerId::new(one.to_string()).is_err() {
            judged.refuse(at, RotationFault::Consumer.into());
        }
        if one.id_place().is_some() && !matches!(rotation.kind, Settings::AwsIam(_)) {
            judged.refuse(at, RotationFault::NoPair.into());
        }
        match one {
            Consumer::Json(place) => {
                if place.id_key.as_ref() == Some(&place.key) {
                    judged.refuse(at, RotationFault::OnePlace.into());
                }
                let mut keys = [&place.key].into_iter().chain(&place.id_key);
                if keys.any(|key| key.split('.').any(str::is_empty)) {
                    judged.refuse(at, RotationFault::Keys.into());
                }
                if let Some(node) = &place.node {
                    let inside = [at[0], at[1], at[2], at[3], at[4], "json", "node"];
                    known_node(instance, inside, node, judged);
                }
            }
            Consumer::Env(place) => {
                if place.id_variable.as_ref() == Some(&place.variable) {
                    judged.refuse(at, RotationFault::OnePlace.into());
                }
                let mut names = [&place.variable].into_iter().chain(&place.id_variable);
                if !names.all(|name| is_variable(name)) {
                    judged.refuse(at, RotationFault::Variable.into());
                }
            }
            Consumer::Vault(place) => {
                let path = SecretPath::new(place.path.as_str()).is_ok();
                if !path || AgentName::new(place.agent.as_str()).is_err() {
                    judged.refuse(at, RotationFault::Vault.into());
                }
            }
        }
    }
}

fn is_variable(text: &str) -> bool {
    let good = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.chars().all(good) && text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
}

fn reloads(instance: &Instance, name: &ServiceName, rotation: &Rotation, judged: &mut Judged) {
    for (n, one) in rotation.reload.iter().enumerate() {
        let index = n.to_string();
        let at = ["secrets", name.as_str(), "rotation", "reload", &index];
        match one {
            Reload::Service(service) if !instance.services.contains_key(service) => {
                judged.refuse(at, RotationFault::Service(service.clone()).into());
            }
            Reload::Service(_) => {}
            Reload::Http(http) => {
                if Client::new(&http.url).is_err() {
                    judged.refuse(at, RotationFault::ReloadUrl.into());
                }
                if let Some(token) = &http.token {
                    known_secret(instance, at, token, judged);
                }
            }
        }
    }
}

/// A job of launchd has no session; its own account's keychain is locked, and root's is another one.
fn jobs(instance: &Instance, judged: &mut Judged) {
    for (job, schedule) in &instance.schedules {
        let node = instance.nodes.get(&schedule.node);
        let usual = node.is_some_and(|node| node.kind == NodeType::Hub);
        let os = node.and_then(|node| node.os);
        let is_mac = os == Some(Os::Macos) || (os.is_none() && usual);
        let rotates = schedule.command.first().is_some_and(|word| word == "rotate");
        if !is_mac || !rotates {
            continue;
        }
        let asked = |secret: &ServiceName| {
            let all = |word: &String| word == "--due" || word == "--resume";
            schedule.command.iter().any(|word| all(word) || word == secret.as_str())
        };
        for (secret, entry) in &instance.secrets {
            let Some(rotation) = entry.rotation.as_ref().filter(|_| asked(secret)) else {
                continue;
            };
            let tokens = rotation.reload.iter().filter_map(|one| match one {
                Reload::Http(http) => http.token.as_ref(),
                Reload::Service(_) => None,
            });
            let others = rotation.management.iter().chain(tokens);
            let others = others.filter_map(|other| instance.secrets.get(other));
            let login = |place: &&SecretRef| matches!(place, SecretRef::Keychain { .. });
            // The management key and tokens are read where they have their source.
            let mut places = entry.places().chain(others.map(|other| &other.reference));
            if let Some(place) = places.find(login) {
                let fault = RotationFault::LoginKeychain {
                    secret: secret.clone(),
                    place: place.to_string(),
                };
                judged.refuse(["schedules", job.as_str(), "command"], fault.into());
            }
        }
    }
}
