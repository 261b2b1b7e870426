//! The layers put together, key by key.

use super::super::content::{Action, CelRule, DockerPolicy, McpPolicy, McpRule};
use super::Layer;
use super::parse::{Layered, Placed};
use super::table::{KEYS, Key, Tighter, key};
use super::value::{Kind, Row, Value};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// A value that holds, and whose it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// The value.
    pub value: Value,
    /// Whose.
    pub layer: Layer,
}

/// An attempt to go below a layer above; it has no effect.
#[derive(Clone, Debug, PartialEq)]
pub struct Loosened {
    /// The key.
    pub key: String,
    /// Whose attempt.
    pub layer: Layer,
    /// What stands.
    pub from: Value,
    /// What was tried.
    pub to: Value,
    /// Line of the attempt, from 1.
    pub line: usize,
    /// Column of the attempt, from 1.
    pub col: usize,
}

/// What holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    settings: BTreeMap<Cow<'static, str>, Setting>,
    /// Rules for MCP tools by whoever may also choose what becomes of the rest.
    settling: Vec<Row>,
}

/// Merges the files that there are, in any order; of two for one layer the first counts.
#[must_use]
pub fn merge(layers: &[Layered]) -> (Config, Vec<Loosened>) {
    let of = |wanted: Layer| layers.iter().find(|layered| layered.layer == wanted);
    let own = KEYS.iter().filter(|key| !key.name.contains('*'));
    let mut names: BTreeMap<Cow<'static, str>, &Key> =
        own.map(|key| (Cow::Borrowed(key.name), key)).collect();
    for name in layers.iter().flat_map(|layered| layered.values.keys()) {
        if !names.contains_key(name.as_str())
            && let Some(key) = key(name)
        {
            names.insert(Cow::Owned(name.clone()), key);
        }
    }
    let mut config = Config { settings: BTreeMap::new(), settling: settling(of) };
    let mut loosened = Vec::new();
    for (name, key) in names {
        let at = |layer: Layer| of(layer).and_then(|layered| layered.values.get(&*name));
        let placed = [Layer::Floor, Layer::User, Layer::Project].map(|layer| (layer, at(layer)));
        if let Some(setting) = settle(key, &name, placed, &mut loosened) {
            config.settings.insert(name, setting);
        }
    }
    (config, loosened)
}

const MCP_DEFAULT: &str = "ai_firewall.default_mcp_policy";
const MCP_RULES: &str = "ai_firewall.mcp_rules";
const MCP_CEL_RULES: &str = "ai_firewall.mcp_cel_rules";

/// A rule that names a tool takes it out of the default, which loosens: so only rules of root's do that and, where root has
/// chosen no default, the user's.
fn settling<'a>(of: impl Fn(Layer) -> Option<&'a Layered>) -> Vec<Row> {
    let floor = of(Layer::Floor);
    let bound = floor.is_some_and(|floor| floor.values.contains_key(MCP_DEFAULT));
    let user = of(Layer::User).filter(|_| !bound);
    let values = [floor, user].into_iter().flatten().flat_map(|layered| {
        [MCP_RULES, MCP_CEL_RULES].into_iter().filter_map(|name| layered.values.get(name))
    });
    let rows = values.filter_map(|placed| match &placed.value {
        Value::Rows(rows) => Some(rows.iter().cloned()),
        _ => None,
    });
    rows.flatten().collect()
}

/// Root's value is where it begins, else the default; the user's may only tighten root's, the project's only what is there.
fn settle(
    key: &Key,
    name: &str,
    placed: [(Layer, Option<&Placed>); 3],
    loosened: &mut Vec<Loosened>,
) -> Option<Setting> {
    let preset = key.preset.value();
    let mut now = preset.map(|value| Setting { value, layer: Layer::Default });
    for (layer, placed) in placed {
        let Some(placed) = placed else { continue };
        // The user is free above root's floor, and nobody's defaults bind.
        let bound = match layer {
            Layer::Default | Layer::Floor => false,
            Layer::User => now.as_ref().is_some_and(|setting| setting.layer == Layer::Floor),
            Layer::Project => true,
        };
        let Some(base) = now.clone().filter(|_| bound) else {
            // A project may name what nobody has, but not what only an owner may.
            if layer != Layer::Project || key.tighter != Tighter::Owner {
                now = Some(Setting { value: placed.value.clone(), layer });
            }
            continue;
        };
        let (value, looser) = combine(key, &base.value, &placed.value, layer);
        if looser {
            loosened.push(Loosened {
                key: name.to_owned(),
                layer,
                from: base.value.clone(),
                to: placed.value.clone(),
                line: placed.line,
                col: placed.col,
            });
        }
        let layer = if value == base.value { base.layer } else { layer };
        now = Some(Setting { value, layer });
    }
    now
}

/// The tighter of both, and whether the new one would have loosened.
fn combine(key: &Key, base: &Value, new: &Value, layer: Layer) -> (Value, bool) {
    let keep = |looser: bool| if looser { (base.clone(), true) } else { (new.clone(), false) };
    match (key.tighter, base, new) {
        (Tighter::Free, _, _) => keep(false),
        (Tighter::Owner, _, _) => keep(layer == Layer::Project && base != new),
        (Tighter::On, Value::Flag(base), Value::Flag(new)) => keep(*base && !*new),
        (Tighter::Low, Value::Integer(base), Value::Integer(new)) => keep(new > base),
        (Tighter::Low, Value::Number(base), Value::Number(new)) => keep(new > base),
        (Tighter::High, Value::Integer(base), Value::Integer(new)) => keep(new < base),
        (Tighter::Later, Value::Text(base), Value::Text(new)) => {
            keep(rank(key.kind, new) < rank(key.kind, base))
        }
        (Tighter::Fewer, Value::Texts(base), Value::Texts(new)) => fewer_texts(key, base, new),
        (Tighter::Fewer, Value::Rows(base), Value::Rows(new)) => {
            let (kept, looser) = fewer(base, new);
            (Value::Rows(kept), looser)
        }
        (Tighter::More, Value::Texts(base), Value::Texts(new)) => {
            (Value::Texts(more(base, new)), false)
        }
        (Tighter::More, Value::Rows(base), Value::Rows(new)) => {
            // A rule that allows is one that loosens, whatever list it stands in.
            let (allows, guards): (Vec<Row>, Vec<Row>) = new.iter().cloned().partition(allows);
            let looser = allows.iter().any(|row| !base.contains(row));
            (Value::Rows(more(base, &guards)), looser)
        }
        // Values of one key are of one kind.
        _ => keep(true),
    }
}

fn rank(kind: Kind, word: &str) -> Option<usize> {
    let Kind::Choice(words) = kind else { return None };
    words.iter().position(|each| *each == word)
}

/// An empty list of models means every model, so that naming some is what tightens it.
fn fewer_texts(key: &Key, base: &[String], new: &[String]) -> (Value, bool) {
    let empty_is_all = key.name.ends_with(".allowed_models");
    if empty_is_all && base.is_empty() {
        return (Value::Texts(new.to_vec()), false);
    }
    let (kept, looser) = fewer(base, new);
    if empty_is_all && kept.is_empty() {
        return (Value::Texts(base.to_vec()), true);
    }
    (Value::Texts(kept), looser)
}

fn fewer<T: PartialEq + Clone>(base: &[T], new: &[T]) -> (Vec<T>, bool) {
    let kept: Vec<T> = base.iter().filter(|item| new.contains(item)).cloned().collect();
    (kept, new.iter().any(|item| !base.contains(item)))
}

fn more<T: PartialEq + Clone>(base: &[T], new: &[T]) -> Vec<T> {
    let mut all = base.to_vec();
    for item in new {
        if !all.contains(item) {
            all.push(item.clone());
        }
    }
    all
}

fn allows(row: &Row) -> bool {
    row.get("action").and_then(|items| items.first()).is_some_and(|action| action == "allow")
}

impl Config {
    /// What holds for a key.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Setting> {
        self.settings.get(name)
    }

    /// Every setting by name.
    pub fn all(&self) -> impl Iterator<Item = (&str, &Setting)> {
        self.settings.iter().map(|(name, setting)| (&**name, setting))
    }

    /// A flag; one that is not there counts as on.
    #[must_use]
    pub fn flag(&self, name: &str) -> bool {
        !matches!(self.get(name), Some(Setting { value: Value::Flag(false), .. }))
    }

    /// A whole number, or cents.
    #[must_use]
    pub fn integer(&self, name: &str) -> Option<i64> {
        match self.get(name)?.value {
            Value::Integer(number) => Some(number),
            _ => None,
        }
    }

    /// A word of a choice.
    #[must_use]
    pub fn word(&self, name: &str) -> Option<&str> {
        match &self.get(name)?.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A list of texts.
    #[must_use]
    pub fn texts(&self, name: &str) -> &[String] {
        match self.get(name) {
            Some(Setting { value: Value::Texts(items), .. }) => items,
            _ => &[],
        }
    }

    fn rows(&self, name: &str) -> &[Row] {
        match self.get(name) {
            Some(Setting { value: Value::Rows(rows), .. }) => rows,
            _ => &[],
        }
    }

    /// The rules for Dockerfiles.
    #[must_use]
    pub fn docker(&self) -> DockerPolicy {
        DockerPolicy {
            trusted_registries: self.texts("ai_firewall.docker.trusted_registries").to_vec(),
            warn_latest: self.flag("ai_firewall.docker.warn_latest"),
            warn_remote_add: self.flag("ai_firewall.docker.warn_remote_add"),
            warn_pipe_install: self.flag("ai_firewall.docker.warn_pipe_install"),
        }
    }

    /// The rules for tools of MCP servers. What is not understood denies.
    #[must_use]
    pub fn mcp(&self) -> McpPolicy {
        let action = |word: Option<&str>| word.and_then(Action::named).unwrap_or(Action::Deny);
        let first = |row: &Row, name: &str| {
            row.get(name).and_then(|items| items.first()).cloned().unwrap_or_default()
        };
        let rules = self.rows(MCP_RULES).iter().map(|row| McpRule {
            tool: first(row, "tool"),
            restricted_paths: row.get("restricted_paths").cloned().unwrap_or_default(),
            settles: self.settling.contains(row),
        });
        let cel = self.rows(MCP_CEL_RULES).iter().map(|row| CelRule {
            expression: first(row, "expression"),
            action: action(Some(&first(row, "action"))),
            settles: self.settling.contains(row),
        });
        McpPolicy {
            rules: rules.collect(),
            cel: cel.collect(),
            default: action(self.word(MCP_DEFAULT)),
        }
    }
}
