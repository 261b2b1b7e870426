//! The older schema of the instance file, in both spellings of its sections.
//!
//! Every value that is used is ticked off; what remains at the end is named in a note. Of two entries with one key the
//! last counts, as it did for the tools that read the file before.

use super::FoundText;
use super::draft::{Draft, FoundService, bare, node_name, service_name};
use crate::instance::model::NodeType;
use crate::instance::tree::{Kind, Node, parse_leniently};
use crate::instance::validate::{is_host, is_time_zone};
use crate::instance::{CleartextCheck, Secrets};
use sanctum_types::{AccountName, IfName, NodeName, Severity};
use std::collections::{BTreeMap, BTreeSet};

type Path = Vec<String>;

struct Older<'a> {
    root: &'a Node,
    file: &'a FoundText,
    check: &'a dyn CleartextCheck,
    used: BTreeSet<Path>,
}

/// Reads an older instance file into the draft.
pub(super) fn read(file: &FoundText, check: &dyn CleartextCheck, draft: &mut Draft) {
    let mut secrets = Secrets::of_text(&file.text, check);
    let (root, odd) = parse_leniently(&file.text);
    if let Some(root) = &root {
        secrets.add_values(root, check);
    }
    for (n, remark) in secrets.remarks(&file.text).enumerate() {
        let kind = remark.message.rsplit(": ").next().unwrap_or_default().to_owned();
        draft.secret(&format!("found-{}", n + 1), &format!("{}:{}", file.path, remark.line), &kind);
    }
    for remark in odd {
        let message = secrets.hide_in(&file.text, &remark.message);
        draft.note(
            Severity::Warn,
            "adopt.yaml",
            &format!("{}:{}:{}", file.path, remark.line, remark.col),
            message,
        );
    }
    let Some(root) = root else {
        draft.note(
            Severity::Error,
            "adopt.yaml",
            &file.path,
            "cannot be read as YAML; nothing of it is carried over",
        );
        return;
    };
    let mut older = Older { root: &root, file, check, used: BTreeSet::new() };
    older.identity(draft);
    older.networks(draft);
    older.nodes(draft);
    older.services(draft);
    older.rest(draft);
}

/// The node that this machine is: it must be one of the file's.
pub(super) fn node_id(file: &FoundText, draft: &mut Draft) {
    let known = node_name(file.text.trim()).is_some_and(|name| draft.nodes.contains_key(&name));
    if !known {
        draft.note(
            Severity::Error,
            "adopt.node-id",
            &file.path,
            "names no node of the instance file",
        );
    }
}

impl<'a> Older<'a> {
    fn at(&self, path: &[&str]) -> Option<&'a Node> {
        path.iter().try_fold(self.root, |node, step| match &node.kind {
            Kind::Map(entries) => {
                entries.iter().rev().find(|(k, _)| k.text == *step).map(|(_, v)| v)
            }
            Kind::Seq(items) => items.get(step.parse::<usize>().ok()?),
            Kind::Scalar(_) => None,
        })
    }

    fn keys(&self, path: &[&str]) -> Vec<&'a str> {
        match self.at(path).map(|node| &node.kind) {
            Some(Kind::Map(entries)) => {
                let keys: BTreeSet<&str> = entries.iter().map(|(k, _)| k.text.as_str()).collect();
                keys.into_iter().collect()
            }
            _ => Vec::new(),
        }
    }

    fn tick(&mut self, path: &[&str]) {
        self.used.insert(path.iter().map(|step| (*step).to_owned()).collect());
    }

    /// A scalar that is no secret, and is ticked off when `read` takes it.
    fn take<T>(&mut self, path: &[&str], read: impl FnOnce(&'a str) -> Option<T>) -> Option<T> {
        let Kind::Scalar(scalar) = &self.at(path)?.kind else { return None };
        if self.check.find(path.last().copied(), &scalar.text).is_some() {
            return None;
        }
        let value = read(&scalar.text)?;
        self.tick(path);
        Some(value)
    }

    fn subject(&self, path: &[&str]) -> String {
        let line = self.at(path).map_or(1, |node| node.pos.0);
        format!("{}:{line}: {}", self.file.path, self.shown(path))
    }

    /// A path of keys for people; a key may hold anything, a secret too.
    fn shown<S: AsRef<str>>(&self, path: &[S]) -> String {
        let part = |step: &S| {
            let step = step.as_ref();
            if self.check.find(None, step).is_some() {
                "[redacted]".to_owned()
            } else {
                step.escape_debug().to_string()
            }
        };
        path.iter().map(part).collect::<Vec<_>>().join(".")
    }

    fn identity(&mut self, draft: &mut Draft) {
        let plain = |text: &str| {
            !text.trim().is_empty()
                && !text.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}'))
        };
        draft.name = self.take(&["instance", "name"], |t| plain(t).then(|| t.to_owned()));
        draft.slug = self.take(&["instance", "slug"], node_name);
        draft.timezone =
            self.take(&["instance", "timezone"], |t| is_time_zone(t).then(|| t.to_owned()));
        let login = |t: &str| AccountName::new(t).ok().filter(|name| name.as_str() != "root");
        draft.owner = self.take(&["users", "mac"], login);
        draft.guest_user = self.take(&["users", "vm"], login);
    }

    fn networks(&mut self, draft: &mut Draft) {
        for section in ["network", "networks"] {
            draft.vm_guest = draft.vm_guest.or(self.take(&[section, "vm_ip"], |t| t.parse().ok()));
            draft.vm_host =
                draft.vm_host.or(self.take(&[section, "mac_bridge_ip"], |t| t.parse().ok()));
            draft.lan_ip = draft.lan_ip.or(self.take(&[section, "lan_ip"], |t| t.parse().ok()));
            draft.lan = draft.lan.or(self.take(&[section, "lan_subnet"], |t| t.parse().ok()));
            draft.vm = draft.vm.or(self.take(&[section, "vm_subnet"], |t| t.parse().ok()));
            draft.bridge = draft
                .bridge
                .take()
                .or(self.take(&[section, "bridge_interface"], |t| IfName::new(t).ok()));
            draft.guest_name =
                draft.guest_name.take().or(self.take(&[section, "vm_ssh_alias"], node_name));
        }
        draft.wants_vm = draft.vm_guest.is_some() || draft.vm_host.is_some() || draft.vm.is_some();
        if self.take(&["services", "vm", "enabled"], boolean) == Some(true) {
            draft.wants_vm = true;
        }
    }

    fn nodes(&mut self, draft: &mut Draft) {
        for key in self.keys(&["nodes"]) {
            let subject = self.subject(&["nodes", key]);
            let Some(name) = node_name(key) else {
                draft.note(
                    Severity::Error,
                    "adopt.node",
                    &subject,
                    "its name cannot be a node's name",
                );
                continue;
            };
            let kind = self.take(&["nodes", key, "type"], |t| match t {
                "hub" => Some(NodeType::Hub),
                "satellite" => Some(NodeType::Satellite),
                "mobile" => Some(NodeType::Mobile),
                _ => None,
            });
            let Some(kind) = kind else {
                draft.note(
                    Severity::Warn,
                    "adopt.node",
                    &subject,
                    "is of no type that is known here",
                );
                continue;
            };
            let mut node = bare(kind);
            node.host = self.take(&["nodes", key, "host"], |t| is_host(t).then(|| t.to_owned()));
            if node.host.as_deref() == Some("null") {
                node.host = None;
            }
            for word in ["user", "ssh_user"] {
                let user = self.take(&["nodes", key, word], |t| {
                    AccountName::new(t).ok().filter(|n| n.as_str() != "root")
                });
                node.user = node.user.take().or(user);
            }
            if self
                .take(&["nodes", key, "tailscale_ip"], |t| t.parse::<std::net::IpAddr>().ok())
                .is_some()
            {
                draft.wants_tailnet = true;
            }
            if draft.nodes.insert(name, node).is_some() {
                draft.note(
                    Severity::Error,
                    "adopt.node",
                    &subject,
                    "another node has the same name in our spelling",
                );
            }
        }
    }

    fn services(&mut self, draft: &mut Draft) {
        for key in self.keys(&["services"]).into_iter().filter(|key| *key != "vm") {
            let subject = self.subject(&["services", key]);
            // An entry without `enabled` only holds settings that another tool reads.
            let enabled = self.take(&["services", key, "enabled"], boolean);
            let ports = self.ports(key);
            if enabled.is_none() && ports.is_empty() {
                continue;
            }
            let Some(name) = service_name(key) else {
                draft.note(
                    Severity::Error,
                    "adopt.service",
                    &subject,
                    "its name cannot be a service's name",
                );
                continue;
            };
            let service =
                FoundService { ports, enabled: enabled.unwrap_or(true), ..FoundService::default() };
            if draft.services.insert(name, service).is_some() {
                draft.note(
                    Severity::Error,
                    "adopt.service",
                    &subject,
                    "another service has the same name in our spelling",
                );
            }
        }
        let places = self.places();
        for (node, key, enabled) in places {
            self.place(&node, key, enabled, draft);
        }
    }

    /// `port`, and every further key that ends in `_port`.
    fn ports(&mut self, service: &str) -> Vec<u16> {
        let keys = self.keys(&["services", service]);
        let named = keys.into_iter().filter(|key| *key == "port" || key.ends_with("_port"));
        named
            .filter_map(|key| {
                self.take(&["services", service, key], |t| t.parse().ok().filter(|p| *p > 0))
            })
            .collect()
    }

    /// What each node says of its services, whether as a map of overrides or as a list of keys.
    fn places(&mut self) -> Vec<(NodeName, &'a str, bool)> {
        let mut places = Vec::new();
        for node in self.keys(&["nodes"]) {
            let Some(name) = node_name(node) else { continue };
            for key in self.keys(&["nodes", node, "services"]) {
                let enabled = self.take(&["nodes", node, "services", key, "enabled"], boolean);
                places.extend(enabled.map(|enabled| (name.clone(), key, enabled)));
            }
            let Some(Kind::Seq(items)) = self.at(&["nodes", node, "services"]).map(|n| &n.kind)
            else {
                continue;
            };
            for index in 0..items.len() {
                let key = self.take(&["nodes", node, "services", &index.to_string()], Some);
                places.extend(key.map(|key| (name.clone(), key, true)));
            }
        }
        places
    }

    fn place(&self, node: &NodeName, key: &str, enabled: bool, draft: &mut Draft) {
        let Some(kind) = draft.nodes.get(node).map(|n| n.kind) else { return };
        let subject = format!("{}: nodes.{node}.services.{}", self.file.path, self.shown(&[key]));
        let Some(name) = service_name(key) else {
            draft.note(
                Severity::Warn,
                "adopt.service",
                &subject,
                "its name cannot be a service's name",
            );
            return;
        };
        match (kind, enabled) {
            (NodeType::Hub, _) => match draft.services.get_mut(&name) {
                Some(service) => service.enabled = enabled,
                None if name.as_str() == "vm" => draft.wants_vm |= enabled,
                None => draft.note(
                    Severity::Warn,
                    "adopt.service",
                    &subject,
                    "is not declared under services",
                ),
            },
            (_, false) => {}
            (NodeType::Mobile, true) => {
                draft.note(
                    Severity::Warn,
                    "adopt.service",
                    &subject,
                    "a mobile node runs nothing here",
                );
            }
            (NodeType::Satellite | NodeType::Guest, true) => {
                let Some(own) = service_name(&format!("{name}-{node}")) else { return };
                let like = draft.services.get(&name).cloned().unwrap_or_default();
                let service = FoundService { node: Some(node.clone()), enabled: true, ..like };
                draft.services.insert(own, service);
            }
        }
    }

    /// One note for each topmost part that nothing was taken from, and one for each value beside a taken one.
    fn rest(&self, draft: &mut Draft) {
        let mut left = BTreeMap::new();
        self.unused(self.root, &mut Vec::new(), &mut left);
        for (path, line) in left {
            let subject = format!("{}:{line}: {}", self.file.path, self.shown(&path));
            draft.note(
                Severity::Warn,
                "adopt.left-out",
                &subject,
                "has no place in this format and is not carried over",
            );
        }
    }

    fn unused(&self, node: &Node, path: &mut Path, left: &mut BTreeMap<Path, usize>) {
        if self.used.contains(path) {
            return;
        }
        let touched = path.is_empty() || self.used.iter().any(|used| used.starts_with(path));
        match &node.kind {
            Kind::Map(entries) if touched => {
                for (key, value) in entries {
                    path.push(key.text.clone());
                    self.unused(value, path, left);
                    path.pop();
                }
            }
            Kind::Seq(items) if touched => {
                for (n, value) in items.iter().enumerate() {
                    path.push(n.to_string());
                    self.unused(value, path, left);
                    path.pop();
                }
            }
            Kind::Scalar(scalar)
                if scalar.plain && matches!(scalar.text.as_str(), "" | "~" | "null") => {}
            Kind::Map(entries) if entries.is_empty() => {}
            Kind::Seq(items) if items.is_empty() => {}
            _ => {
                left.insert(path.clone(), node.pos.0);
            }
        }
    }
}

/// YAML 1.1's words, which the older tools took.
fn boolean(text: &str) -> Option<bool> {
    match text.to_lowercase().as_str() {
        "true" | "yes" | "on" => Some(true),
        "false" | "no" | "off" => Some(false),
        _ => None,
    }
}
