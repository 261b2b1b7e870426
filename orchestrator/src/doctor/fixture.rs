//! The houses that lints are proved on: a Mac and a Linux node of which everything was seen.
//!
//! A fixture begins with [`hub`] or [`barn`], which merge a piece of instance into a small house and render it, and
//! adds what is to be on the machine.

use super::launchd::{LoadedJob, NamedPath, Place, PlistFile};
use super::looked::{Ground, Looked, render};
use crate::doctor::eyes::There;
use crate::house::facts;
use crate::instance::Instance;
use sanctum_types::{AbsPath, NodeName, UnixTime};
use serde_json::{Value, json};

fn base() -> Value {
    json!({
        "format": 1,
        "instance": { "name": "The Manor", "slug": "manor", "timezone": "America/New_York" },
        "users": { "owner": "operator" },
        "nodes": {
            "hub": { "type": "hub", "lan_address": "192.168.1.10" },
            "den": { "type": "guest" },
            "barn": { "type": "satellite", "os": "linux" },
        },
        "networks": {
            "lan": { "subnet": "192.168.1.0/24", "interface": "en0" },
            "vm": { "subnet": "10.10.10.0/24", "host": "10.10.10.1", "guest": "10.10.10.10" },
        },
    })
}

/// Objects are merged, everything else is replaced.
fn merge(into: &mut Value, patch: &Value) {
    match (into, patch) {
        (Value::Object(into), Value::Object(patch)) => {
            for (key, value) in patch {
                merge(into.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (into, patch) => *into = patch.clone(),
    }
}

/// A node of the small house with this piece of instance, of which everything was seen and nothing is there but what
/// the instance makes.
pub(crate) fn node(name: &str, patch: &Value) -> Looked {
    let mut whole = base();
    merge(&mut whole, patch);
    let text = whole.to_string();
    let mut instance: Instance = serde_json::from_value(whole).unwrap();
    assert!(crate::instance::vault::complete(&mut instance).is_empty());
    let node = NodeName::new(name).unwrap();
    let mut facts = facts::assumed(&instance, &instance.nodes[&node]);
    facts.implemented =
        ["bootstrap", "pf-load", "nft-load", "job"].map(str::to_owned).into_iter().collect();
    let ground = Ground {
        instance,
        text,
        node,
        facts,
        owner_home: Some(AbsPath::new("/Users/operator").unwrap()),
        owner_uid: Some(501),
        // 2026-11-22 06:00:00 UTC, a Sunday.
        now: UnixTime(1_795_327_200),
    };
    let wanted = render(&ground).unwrap();
    Looked { wanted: Ok(wanted), ..Looked::bare(ground) }
}

/// The Mac.
pub(crate) fn hub(patch: &Value) -> Looked {
    node("hub", patch)
}

/// The Linux machine elsewhere.
pub(crate) fn barn(patch: &Value) -> Looked {
    node("barn", patch)
}

/// The Mac of the small house as it is.
pub(crate) fn plain_hub() -> Looked {
    hub(&json!({}))
}

/// The Linux machine of the small house as it is.
pub(crate) fn plain_barn() -> Looked {
    barn(&json!({}))
}

/// A node with the service `ha` on port 8123, which a job of its own starts.
pub(crate) fn ha(name: &str) -> Looked {
    let ha = json!({ "node": name, "ports": [8123], "command": ["/opt/ha/bin/ha"] });
    node(name, &json!({ "services": { "ha": ha } }))
}

/// The Mac with a service on loopback (4040) and one on the LAN (8123).
pub(crate) fn near_and_far() -> Looked {
    hub(&json!({ "services": {
        "proxy": { "node": "hub", "ports": [4040] },
        "ha": { "node": "hub", "ports": [8123], "bind": "lan", "reason": "the family's phones" },
    } }))
}

/// A regular file that root owns.
pub(crate) fn file(mode: u32) -> There {
    There {
        is_dir: false,
        is_file: true,
        mode,
        uid: Some(0),
        modified: Some(UnixTime(1_700_000_000)),
        size: Some(1000),
    }
}

/// A directory that root owns.
pub(crate) fn dir(mode: u32) -> There {
    There { is_dir: true, is_file: false, ..file(mode) }
}

impl Looked {
    /// With a property list; `body` is what stands between `<dict>` and `</dict>` beside the label.
    pub(crate) fn with_plist(self, path: &str, label: &str, body: &str) -> Self {
        let text = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n<plist version=\"1.0\">\n<dict>\n<key>Label</key><string>{label}</string>\n{body}\n</dict>\n</plist>\n"
        );
        self.with_plist_bytes(path, text.into_bytes())
    }

    /// With a property list of these bytes.
    pub(crate) fn with_plist_bytes(mut self, path: &str, bytes: Vec<u8>) -> Self {
        let place = match path {
            _ if path.starts_with("/Library/LaunchDaemons/") => Place::Daemons,
            _ if path.starts_with("/Library/LaunchAgents/") => Place::Agents,
            _ => Place::OwnersAgents,
        };
        let file = PlistFile::new(AbsPath::new(path).unwrap(), place, bytes);
        let uid = if place == Place::OwnersAgents { 501 } else { 0 };
        self.plists.as_mut().unwrap().all.push(PlistFile { uid: Some(uid), ..file });
        self
    }

    /// With a daemon of the house, `com.sanctum.NAME`, in a file of that name.
    pub(crate) fn with_daemon(self, name: &str, body: &str) -> Self {
        let label = format!("com.sanctum.{name}");
        self.with_plist(&format!("/Library/LaunchDaemons/{label}.plist"), &label, body)
    }

    /// With a daemon of the house that runs this command.
    pub(crate) fn with_command(self, name: &str, words: &[&str]) -> Self {
        let words: String = words.iter().map(|word| format!("<string>{word}</string>")).collect();
        self.with_daemon(name, &format!("<key>ProgramArguments</key><array>{words}</array>"))
    }

    /// With a job that launchd holds.
    pub(crate) fn with_loaded(mut self, job: LoadedJob) -> Self {
        self.loaded.as_mut().unwrap().all.push(job);
        self
    }

    /// With an override: whether launchd was told that the label is disabled.
    pub(crate) fn with_override(mut self, domain: &str, label: &str, disabled: bool) -> Self {
        let key = (domain.to_owned(), label.to_owned());
        self.overrides.as_mut().unwrap().0.insert(key, disabled);
        self
    }

    /// With something, or nothing, at a path that a property list names.
    pub(crate) fn with_named(mut self, path: &str, there: Option<There>, head: &str) -> Self {
        let head = there.is_some().then(|| head.as_bytes().to_vec());
        let named = NamedPath { there: Ok(there), head: Ok(head), parent: Ok(Some(dir(0o755))) };
        self.named.as_mut().unwrap().0.insert(AbsPath::new(path).unwrap(), named);
        self
    }
}
