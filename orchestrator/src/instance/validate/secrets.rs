//! Secrets: their places, the machines that hold them, and reasons for clear text.

use super::services::known_node;
use super::{Judged, Problem};
use crate::instance::model::Instance;
use sanctum_types::ServiceName;
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
}

/// A cache is overwritten by its source, so nothing else may be there.
fn places(instance: &Instance, judged: &mut Judged) {
    let sources: BTreeMap<_, &ServiceName> =
        instance.secrets.iter().map(|(name, secret)| (&secret.reference, name)).collect();
    let mut caches = BTreeMap::new();
    for (name, secret) in &instance.secrets {
        for (n, place) in secret.caches.iter().enumerate() {
            let index = n.to_string();
            let path = ["secrets", name.as_str(), "caches", &index];
            if let Some(other) = caches.insert(place, name).or_else(|| sources.get(place).copied())
            {
                let (place, other) = (place.to_string(), other.clone());
                judged.refuse(path, Problem::PlaceTaken { place, other });
            }
        }
    }
}
