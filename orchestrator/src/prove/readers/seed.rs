//! What cloud-init reads on the guest's first boot, as YAML.

use crate::house::Artefact;
use crate::prove::{Proof, text_of, wrong};
use sanctum_types::Finding;
use serde_json::Value;

/// Keys of an interface that would give the guest a way out of its network, with the one value that does not.
const WAYS_OUT: [(&str, Option<bool>); 7] = [
    ("dhcp4", Some(false)),
    ("dhcp6", Some(false)),
    ("accept-ra", Some(false)),
    ("gateway4", None),
    ("gateway6", None),
    ("routes", None),
    ("nameservers", None),
];

/// Documents of a NoCloud seed, by the name that cloud-init looks for.
pub(in crate::prove) const DOCUMENTS: [&str; 3] = ["user-data", "meta-data", NETWORK];
const NETWORK: &str = "network-config";

/// The document that an artefact is.
pub(in crate::prove) fn document(artefact: &Artefact) -> Option<&'static str> {
    let name = artefact.path.components().last()?;
    DOCUMENTS.into_iter().find(|document| *document == name)
}

pub(super) fn read(artefacts: &[&Artefact]) -> Option<Proof> {
    let seed: Vec<(&Artefact, &str)> =
        artefacts.iter().filter_map(|artefact| Some((*artefact, document(artefact)?))).collect();
    let findings = seed.iter().flat_map(|(artefact, name)| judge(artefact, name)).collect();
    let detail = format!("{} documents, no way out of the guest's network", seed.len());
    (!seed.is_empty()).then(|| Proof::of("cloud-init seed, read back", "seed", findings, &detail))
}

/// What is wrong with the network configuration that a guest is born with; none where the artefact is another.
pub(crate) fn judge_network(artefact: &Artefact) -> Option<Vec<Finding>> {
    document(artefact).filter(|name| *name == NETWORK).map(|name| judge(artefact, name))
}

fn judge(artefact: &Artefact, name: &str) -> Vec<Finding> {
    let path = artefact.path.as_str();
    let text = match text_of(artefact) {
        Ok(text) => text,
        Err(finding) => return vec![finding],
    };
    let value: Value = match serde_saphyr::from_str(text) {
        Ok(value) => value,
        Err(error) => return vec![wrong("seed.yaml", path, error.to_string())],
    };
    let mut findings = Vec::new();
    if name == "user-data" && !text.starts_with("#cloud-config\n") {
        findings.push(wrong("seed.header", path, "it does not begin with #cloud-config"));
    }
    if name == NETWORK {
        ways_out(path, &value, &mut findings);
    }
    findings
}

fn ways_out(path: &str, value: &Value, findings: &mut Vec<Finding>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                let way = WAYS_OUT.iter().find(|(name, _)| name == key);
                if way
                    .is_some_and(|(_, harmless)| harmless.is_none_or(|harmless| *value != harmless))
                {
                    findings.push(wrong(
                        "seed.way-out",
                        path,
                        format!("{key} leads out of its network"),
                    ));
                }
                ways_out(path, value, findings);
            }
        }
        Value::Array(all) => all.iter().for_each(|value| ways_out(path, value, findings)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::ways_out;
    use serde_json::json;

    #[test]
    fn every_way_out_is_seen() {
        for (ethernet, expected) in [
            (
                json!({ "dhcp4": false, "dhcp6": false, "accept-ra": false, "addresses": ["10.0.0.2/24"] }),
                0,
            ),
            (json!({ "dhcp4": true }), 1),
            (json!({ "dhcp4": "yes" }), 1),
            (json!({ "gateway4": "10.0.0.1" }), 1),
            (json!({ "routes": [{ "to": "default", "via": "10.0.0.1" }] }), 1),
            (json!({ "accept-ra": true, "nameservers": {} }), 2),
        ] {
            let config = json!({ "version": 2, "ethernets": { "a": ethernet } });
            let mut findings = Vec::new();
            ways_out("network-config", &config, &mut findings);
            assert_eq!(findings.len(), expected, "{config}");
        }
    }
}
