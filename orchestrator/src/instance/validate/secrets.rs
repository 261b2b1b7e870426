//! Secrets and stores: places, the machines that hold them, reasons for clear text, and ways to 1Password.

use super::services::known_node;
use super::{Judged, Problem};
use crate::instance::model::Instance;
use crate::instance::vault::Unseal;
use sanctum_secrets::identity::parse_recipient;
use sanctum_types::{SecretRef, ServiceName};
use std::borrow::Cow;
use std::collections::BTreeMap;

pub(super) fn judge(instance: &Instance, judged: &mut Judged) {
    for (name, secret) in &instance.secrets {
        let key = name.as_str();
        if secret.rotation_max_age_days == Some(0) {
            let what = "`rotation_max_age_days`".to_owned();
            let path = ["secrets", key, "rotation_max_age_days"];
            judged.refuse(path, Problem::TooSmall { what, least: 1 });
        }
        for (n, node) in secret.nodes.iter().enumerate() {
            let index = n.to_string();
            known_node(instance, ["secrets", key, "nodes", &index], node, judged);
            if secret.nodes.iter().take(n).any(|known| known == node) {
                let path = ["secrets", key, "nodes", &index];
                judged.refuse(path, Problem::Twice { item: node.to_string() });
            }
        }
        if secret.cleartext.is_some() && secret.in_clear().next().is_none() {
            judged.warn(["secrets", key, "cleartext"], Problem::NothingInClear(name.clone()));
        }
    }
    places(instance, judged);
    stores(instance, judged);
    if let Some(Unseal::Secret(reference)) =
        instance.vault.as_ref().and_then(|vault| vault.unseal.as_ref())
        && !reference.unattended()
    {
        let reference = reference.clone();
        judged.warn(["vault", "unseal", "secret"], Problem::VaultSession { reference });
    }
}

/// A cache is overwritten by its source, so nothing else may be there.
fn places(instance: &Instance, judged: &mut Judged) {
    let sources: BTreeMap<_, &ServiceName> = instance
        .secrets
        .iter()
        .map(|(name, secret)| (as_root_reads(&secret.reference), name))
        .collect();
    let mut caches = BTreeMap::new();
    for (name, secret) in &instance.secrets {
        for (n, place) in secret.caches.iter().enumerate() {
            let index = n.to_string();
            let path = ["secrets", name.as_str(), "caches", &index];
            if let Some(other) = caches
                .insert(as_root_reads(place), name)
                .or_else(|| sources.get(&as_root_reads(place)).copied())
            {
                let (place, other) = (place.to_string(), other.clone());
                judged.refuse(path, Problem::PlaceTaken { place, other });
            }
        }
    }
}

/// Root finds an item of `keychain:` in the machine's own keychain: there two spellings are one place.
fn as_root_reads(place: &SecretRef) -> Cow<'_, SecretRef> {
    match place {
        SecretRef::Keychain { service, account } => Cow::Owned(SecretRef::SystemKeychain {
            service: service.clone(),
            account: account.clone(),
        }),
        _ => Cow::Borrowed(place),
    }
}

/// A token that opens a store is not in that store, and a recipient is one.
fn stores(instance: &Instance, judged: &mut Judged) {
    for (n, recipient) in instance.stores.recipients.iter().enumerate() {
        if parse_recipient(recipient).is_err() {
            judged.refuse(["stores", "recipients", &n.to_string()], Problem::Recipient);
        }
    }
    let Some(access) = &instance.stores.one_password else { return };
    if matches!(access.token, SecretRef::OnePassword { .. }) {
        judged.refuse(["stores", "one_password", "token"], Problem::TokenInside);
    }
    if access.connect.as_ref().is_some_and(|address| !is_door(address)) {
        judged.refuse(["stores", "one_password", "connect"], Problem::ConnectAddress);
    }
    if access.connect.is_some() && access.op.is_some() {
        judged.refuse(["stores", "one_password", "op"], Problem::TwoWays);
    }
}

/// A token is sent there, so it is https, or this machine.
fn is_door(address: &str) -> bool {
    let bad = |c: char| c.is_control() || c.is_whitespace() || c == '@';
    let local = ["http://127.0.0.1", "http://localhost", "http://[::1]"].iter().any(|start| {
        address
            .strip_prefix(start)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/']))
    });
    !address.contains(bad)
        && (address.strip_prefix("https://").is_some_and(|rest| !rest.is_empty()) || local)
}
