//! Every key of a house by kind: who makes it, who reads it, how it rotates, where its backup is, what its loss and its
//! theft mean, and where it lies on a node.
//!
//! The table is data; what is there is looked at by whoever shows it. A kind that this version does not make yet is listed
//! and says so, because a list that leaves one out reads as if there were none.

use crate::house::layout;
use crate::instance::Instance;
use crate::instance::model::Os;
use sanctum_types::{AbsPath, SecretRef};
use serde::Serialize;

/// One kind of key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Kind {
    /// A word for it.
    pub id: &'static str,
    /// What it is.
    pub what: &'static str,
    /// Who makes it.
    pub made_by: &'static str,
    /// Who reads it.
    pub read_by: &'static str,
    /// How it is replaced.
    pub rotates: &'static str,
    /// Where another copy is.
    pub backup: &'static str,
    /// What is lost with it.
    pub loss: &'static str,
    /// What a thief of it can do.
    pub theft: &'static str,
    /// Whether this version makes or uses it.
    pub built: bool,
}

/// One kind of key on a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Which kind.
    pub kind: &'static Kind,
    /// Where it lies, or would.
    pub paths: Vec<AbsPath>,
    /// References of the instance, where it is a secret of the house.
    pub references: Vec<SecretRef>,
}

/// Where things are on the node that is looked at.
#[derive(Clone, Copy, Debug)]
pub struct Where<'a> {
    /// Its system.
    pub os: Os,
    /// The owner's home, where there is one.
    pub home: Option<&'a AbsPath>,
    /// Files of age identities in the order in which they are tried.
    pub identities: &'a [AbsPath],
}

/// Every kind, the ones that open others first.
pub static KINDS: &[Kind] = &[
    Kind {
        id: "age-identity",
        what: "age identity of the node, which opens its age: and sops: secrets and the store without a keychain",
        made_by: "age-keygen, or sanctum at the first secret that needs one",
        read_by: "sanctum, root's services, sops and age",
        rotates: "new identity, `sanctum sops updatekeys` over every document, then the values themselves",
        backup: "not copied: the recovery bundle is for another identity, kept outside the house",
        loss: "every age: and sops: secret that has no other recipient is gone; the recovery bundle brings them back",
        theft: "opens all of them, and their old versions in git and in backups",
        built: true,
    },
    Kind {
        id: "recovery-identity",
        what: "age identity or passphrase that opens recovery bundles",
        made_by: "the owner, on another machine or on paper",
        read_by: "the owner, at `sanctum secrets drill` and after a disaster",
        rotates: "`sanctum secrets export` to the new recipient; destroy older bundles",
        backup: "two places outside the house; never in it",
        loss: "bundles are useless; export a new one at once",
        theft: "with any bundle, every secret of the house as of that day",
        built: true,
    },
    Kind {
        id: "vault-master",
        what: "the vault's unseal key",
        made_by: "the vault at its first start",
        read_by: "the vault, once, when it starts",
        rotates: "the vault's rekey, then `sanctum secrets set`",
        backup: "the recovery bundle",
        loss: "the vault does not open again",
        theft: "with the vault's data, everything that is in it",
        built: false,
    },
    Kind {
        id: "store-tokens",
        what: "tokens that open other stores: 1Password service account and Connect",
        made_by: "the owner, at the provider",
        read_by: "sanctum, for op:// references",
        rotates: "at the provider, then in the place that holds it",
        backup: "none needed: make another",
        loss: "op:// secrets are unreachable until there is a new one",
        theft: "reads every vault item that the token may read, from anywhere",
        built: true,
    },
    Kind {
        id: "ssh-host",
        what: "SSH host keys of the node",
        made_by: "ssh-keygen -A, at the system's installation",
        read_by: "sshd",
        rotates: "new keys, restart of sshd, `sanctum ssh repin` where it is asked from",
        backup: "none needed: callers are told the new one",
        loss: "callers refuse the node until they are told the new keys",
        theft: "a stand-in for the node that callers believe",
        built: true,
    },
    Kind {
        id: "ssh-login",
        what: "private SSH keys of people and agents on the node",
        made_by: "whoever they belong to",
        read_by: "ssh, ssh-agent, and every program of that account",
        rotates: "new key, its public half to authorized_keys, then the old one out of them",
        backup: "none: one key for each machine",
        loss: "that machine logs in nowhere until its new key is known",
        theft: "logs in wherever the public half stands",
        built: true,
    },
    Kind {
        id: "journal-ratchet",
        what: "keys of the journal's streams, a new one each epoch that does not lead back",
        made_by: "sanctum, when a stream begins",
        read_by: "the stream's writer; the first key, kept apart, verifies",
        rotates: "by itself, at each seal",
        backup: "the first key in the second place (`journal.second_place`)",
        loss: "the stream can be written on only as a new one; what was sealed stays verifiable",
        theft: "forges lines since the last seal, and none before",
        built: true,
    },
    Kind {
        id: "plan-seal",
        what: "key under which plans are sealed",
        made_by: "sanctum, at the first plan that is saved",
        read_by: "root's sanctum",
        rotates: "remove it; the next plan makes one",
        backup: "none needed",
        loss: "saved plans are refused; plan again",
        theft: "a forged plan passes the seal; it still needs root to be applied",
        built: true,
    },
    Kind {
        id: "fingerprints",
        what: "key of the fingerprints by which places of a secret are compared",
        made_by: "sanctum, at the first change of a secret",
        read_by: "sanctum secrets",
        rotates: "remove it; the next change makes one, and bundles are exported anew",
        backup: "none needed: a bundle brings its own",
        loss: "what was recorded of bundles says nothing any more",
        theft: "short values can be tried against recorded fingerprints",
        built: true,
    },
    Kind {
        id: "signing",
        what: "keys that sign releases, commits or messages of the house",
        made_by: "nobody yet",
        read_by: "nobody yet",
        rotates: "with what they sign",
        backup: "the recovery bundle",
        loss: "what is signed next is not believed",
        theft: "signs in the house's name",
        built: false,
    },
];

/// Types of host keys that sshd makes (sshd_config(5), HostKey).
const HOST_KEYS: [&str; 3] = ["ed25519", "ecdsa", "rsa"];
/// Private keys that ssh tries by itself (ssh_config(5), IdentityFile).
const LOGIN_KEYS: [&str; 5] = ["id_rsa", "id_ecdsa", "id_ecdsa_sk", "id_ed25519", "id_ed25519_sk"];

/// Every kind with where it lies on a node.
#[must_use]
pub fn list(instance: &Instance, at: &Where<'_>) -> Vec<Listed> {
    KINDS
        .iter()
        .map(|kind| Listed { kind, paths: paths(kind, at), references: references(kind, instance) })
        .collect()
}

fn paths(kind: &Kind, at: &Where<'_>) -> Vec<AbsPath> {
    let store = layout::store(at.os);
    let texts: Vec<String> = match kind.id {
        "age-identity" => return at.identities.to_vec(),
        "ssh-host" => HOST_KEYS.iter().map(|one| format!("/etc/ssh/ssh_host_{one}_key")).collect(),
        "ssh-login" => {
            let home = at.home.into_iter();
            home.flat_map(|home| LOGIN_KEYS.iter().map(move |one| format!("{home}/.ssh/{one}")))
                .collect()
        }
        "journal-ratchet" => {
            vec![format!("{store}/journal/sanctum"), layout::witness(at.os).to_owned()]
        }
        "plan-seal" => vec![format!("{store}/mac.key")],
        "fingerprints" => vec![format!("{store}/fingerprints.key")],
        _ => Vec::new(),
    };
    texts.into_iter().filter_map(|text| AbsPath::new(text).ok()).collect()
}

/// The vault's key is whatever the service `vault` reads.
fn references(kind: &Kind, instance: &Instance) -> Vec<SecretRef> {
    if kind.id != "vault-master" {
        return Vec::new();
    }
    let vault = instance.services.iter().filter(|(name, _)| name.as_str() == "vault");
    let secrets = vault.flat_map(|(_, service)| &service.secrets);
    secrets
        .filter_map(|name| instance.secrets.get(name))
        .flat_map(|entry| entry.places().cloned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::fixture;
    use serde_json::json;

    #[test]
    fn every_kind_says_everything_and_knows_where_it_lies() {
        for kind in KINDS {
            let said = [
                kind.what,
                kind.made_by,
                kind.read_by,
                kind.rotates,
                kind.backup,
                kind.loss,
                kind.theft,
            ];
            assert!(said.iter().all(|text| text.len() > 3 && !text.ends_with('.')), "{}", kind.id);
        }
        let looked = fixture::hub(&json!({
            "secrets": { "unseal": { "ref": "age:/u.age" } },
            "services": { "vault": { "node": "hub", "secrets": ["unseal"] } },
        }));
        let (home, identity) =
            (AbsPath::new("/Users/op").unwrap(), AbsPath::new("/etc/sanctum/identity").unwrap());
        let at =
            Where { os: Os::Macos, home: Some(&home), identities: std::slice::from_ref(&identity) };
        let all = list(&looked.ground.instance, &at);
        let of = |id: &str| all.iter().find(|one| one.kind.id == id).unwrap();
        assert_eq!(of("age-identity").paths, [identity]);
        assert_eq!(of("fingerprints").paths[0].as_str(), "/var/db/sanctum/fingerprints.key");
        assert!(
            of("ssh-login").paths.iter().any(|path| path.as_str() == "/Users/op/.ssh/id_ed25519")
        );
        assert_eq!(of("vault-master").references, [SecretRef::Age("/u.age".to_owned())]);
    }
}
