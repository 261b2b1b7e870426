//! Every key: what it takes, its default, which way is tighter, and what it does here.
//!
//! Keys and defaults are those of the published configuration that this one accepts as it stands, and the few that it lacks.
//! `*` in a name is any name, as of a provider.

use super::value::{Kind, Value};

/// Which way is tighter, and so what a lower layer may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tighter {
    /// `true`.
    On,
    /// The smaller number.
    Low,
    /// The larger number.
    High,
    /// The later word of its choice.
    Later,
    /// The shorter list: what it names is spared, and nothing can be added.
    Fewer,
    /// The longer list: what it names is guarded, and lists are put together.
    More,
    /// Neither; a project may not set it.
    Owner,
    /// Neither; the nearest file counts.
    Free,
}

impl Tighter {
    /// What a person is told.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::On => "only turn on",
            Self::Low => "only lower",
            Self::High => "only raise",
            Self::Later => "only choose a later word",
            Self::Fewer => "only shorten",
            Self::More => "only add",
            Self::Owner => "not set",
            Self::Free => "set",
        }
    }
}

/// A default, as a constant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Preset {
    /// A flag.
    Flag(bool),
    /// A whole number, or cents.
    Integer(i64),
    /// A number.
    Number(f64),
    /// A word.
    Word(&'static str),
    /// A list of texts.
    Texts(&'static [&'static str]),
    /// No rows.
    NoRows,
    /// None at all.
    Unset,
}

impl Preset {
    /// As a value; none where there is none.
    #[must_use]
    pub fn value(self) -> Option<Value> {
        Some(match self {
            Self::Flag(flag) => Value::Flag(flag),
            Self::Integer(number) => Value::Integer(number),
            Self::Number(number) => Value::Number(number),
            Self::Word(word) => Value::Text(word.to_owned()),
            Self::Texts(texts) => {
                Value::Texts(texts.iter().map(|text| (*text).to_owned()).collect())
            }
            Self::NoRows => Value::Rows(Vec::new()),
            Self::Unset => return None,
        })
    }
}

/// A key.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Key {
    /// Its dotted name.
    pub name: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// Its default.
    pub preset: Preset,
    /// Which way is tighter.
    pub tighter: Tighter,
    /// What it does here: one sentence.
    pub what: &'static str,
}

/// Keys by the beginning of their names that are read and merged, and that nothing acts on: the watchers of the machine, budgets and the
/// proxy are not built yet.
const NOT_BUILT: &[&str] = &[
    "budgets.",
    "proxy.",
    "sentinel.credential_allowlist",
    "sentinel.network.",
    "sentinel.npm.project_dirs",
    "sentinel.npm.watch_lifecycle",
    "sentinel.pth_",
    "sentinel.watch_",
];

impl Key {
    /// What it does here; said of one that nothing acts on yet, too.
    #[must_use]
    pub fn told(&self) -> String {
        let waits = NOT_BUILT.iter().any(|begin| self.name.starts_with(begin));
        let yet = if waits { " Read and merged; nothing acts on it yet." } else { "" };
        format!("{}{yet}", self.what)
    }
}

const fn flag(name: &'static str, on: bool, tighter: Tighter, what: &'static str) -> Key {
    Key { name, kind: Kind::Flag, preset: Preset::Flag(on), tighter, what }
}

const fn texts(
    name: &'static str,
    preset: &'static [&'static str],
    tighter: Tighter,
    what: &'static str,
) -> Key {
    Key { name, kind: Kind::Texts, preset: Preset::Texts(preset), tighter, what }
}

const fn whole(
    name: &'static str,
    bounds: (i64, i64),
    preset: i64,
    tighter: Tighter,
    what: &'static str,
) -> Key {
    Key {
        name,
        kind: Kind::Integer(bounds.0, bounds.1),
        preset: Preset::Integer(preset),
        tighter,
        what,
    }
}

const fn choice(
    name: &'static str,
    words: &'static [&'static str],
    preset: &'static str,
    what: &'static str,
) -> Key {
    Key {
        name,
        kind: Kind::Choice(words),
        preset: Preset::Word(preset),
        tighter: Tighter::Later,
        what,
    }
}

const fn unused(name: &'static str, what: &'static str) -> Key {
    Key { name, kind: Kind::Unused, preset: Preset::Unset, tighter: Tighter::Free, what }
}

const fn cents(name: &'static str, preset: Preset, what: &'static str) -> Key {
    Key { name, kind: Kind::Cents, preset, tighter: Tighter::Low, what }
}

const MIB: i64 = 1 << 20;
const NPM_SCRIPTS: &[&str] = &[
    "@parcel/watcher",
    "@swc/core",
    "bcrypt",
    "better-sqlite3",
    "canvas",
    "core-js",
    "cypress",
    "electron",
    "esbuild",
    "fsevents",
    "husky",
    "keytar",
    "lefthook",
    "node-sass",
    "nx",
    "playwright",
    "protobufjs",
    "puppeteer",
    "sharp",
    "sqlite3",
    "unrs-resolver",
];
const TAPS: &[&str] = &["homebrew/bundle", "homebrew/cask", "homebrew/core", "homebrew/services"];
const IMAGES: &[&str] = &["docker.io", "gcr.io", "ghcr.io", "mcr.microsoft.com", "quay.io"];
const GO: &[&str] =
    &["cloud.google.com/go/", "github.com/golang/", "golang.org/x/", "google.golang.org/"];
const PORTS: &[&str] =
    &["22", "53", "80", "443", "3000", "3306", "5000", "5432", "6379", "8080", "8443"];
const TALKERS: &[&str] = &["Dropbox", "TimeMachine", "backupd", "rclone", "rsync"];

/// All keys, by name.
pub const KEYS: &[Key] = &[
    flag(
        "ai_firewall.check_package_existence",
        true,
        Tighter::On,
        "Packages of an install are looked up in the registry that the user's own clients use.",
    ),
    flag(
        "ai_firewall.claude_hooks",
        true,
        Tighter::On,
        "`hooks status` and `doctor` report when the hooks of an agent that is there are not.",
    ),
    choice(
        "ai_firewall.default_mcp_policy",
        &["allow", "warn", "ask", "deny"],
        "ask",
        "What becomes of an MCP call that no rule names; rules of a project take none out of it.",
    ),
    texts(
        "ai_firewall.docker.trusted_registries",
        IMAGES,
        Tighter::Fewer,
        "Images from other registries are asked about.",
    ),
    flag(
        "ai_firewall.docker.warn_latest",
        true,
        Tighter::On,
        "An image without a fixed tag is remarked.",
    ),
    flag(
        "ai_firewall.docker.warn_pipe_install",
        true,
        Tighter::On,
        "A RUN that runs what it downloads is asked about.",
    ),
    flag(
        "ai_firewall.docker.warn_remote_add",
        true,
        Tighter::On,
        "An ADD of an address is remarked.",
    ),
    whole(
        "ai_firewall.entropy_min_length",
        (16, 128),
        20,
        Tighter::Low,
        "Accepted for its clamp; a value counts as random from 16 characters, a password from 6, and exact kinds at any length.",
    ),
    Key {
        name: "ai_firewall.entropy_threshold",
        kind: Kind::Number(3.5, 6.5),
        preset: Preset::Number(5.0),
        tighter: Tighter::Low,
        what: "Accepted for its clamp; randomness is judged by alphabet and length, since no text of 32 letters reaches 5 bits.",
    },
    choice(
        "ai_firewall.guard",
        &["observe", "enforce"],
        "enforce",
        "Whether a verdict is followed, or only kept in the journal.",
    ),
    flag(
        "ai_firewall.mcp_audit",
        true,
        Tighter::On,
        "Every MCP call is written to the journal; where this is off, those that were refused, asked about or covered.",
    ),
    Key {
        name: "ai_firewall.mcp_cel_rules",
        kind: Kind::Rows(&["expression", "action"]),
        preset: Preset::NoRows,
        tighter: Tighter::More,
        what: "Rules in CEL over `tool_name`, `paths`, `payload_size`; one that cannot be decided denies.",
    },
    Key {
        name: "ai_firewall.mcp_rules",
        kind: Kind::Rows(&["tool", "restricted_paths"]),
        preset: Preset::NoRows,
        tighter: Tighter::More,
        what: "Paths that a tool may not be given, each with all below it.",
    },
    whole(
        "ai_firewall.min_package_age_hours",
        (0, 8760),
        48,
        Tighter::High,
        "Packages and versions younger than this are asked about.",
    ),
    whole(
        "ai_firewall.package_check_timeout_ms",
        (100, 30_000),
        3000,
        Tighter::Owner,
        "How long a hook waits for the registry's answer; six seconds at most, as agents wait ten for a hook.",
    ),
    texts(
        "ai_firewall.protected_paths",
        &[],
        Tighter::More,
        "Further paths that may not be written.",
    ),
    flag(
        "ai_firewall.redact_credentials",
        true,
        Tighter::On,
        "Secrets in the output of tools are covered before the model sees them.",
    ),
    choice(
        "ai_firewall.registry_unreachable",
        &["allow", "ask", "deny"],
        "ask",
        "The verdict where the registry gives no answer.",
    ),
    texts("ai_firewall.sensitive_paths", &[], Tighter::More, "Further paths that may not be read."),
    choice(
        "ai_firewall.unattended",
        &["allow", "defer", "deny"],
        "deny",
        "What a question becomes where nobody can be asked.",
    ),
    whole(
        "budgets.alert_at_percent",
        (1, 100),
        75,
        Tighter::Low,
        "Share of a budget at which an alert goes out.",
    ),
    cents(
        "budgets.default_daily",
        Preset::Integer(20_000),
        "What all providers together may cost in a day.",
    ),
    cents("budgets.default_session", Preset::Integer(5_000), "What one session may cost."),
    texts(
        "budgets.providers.*.allowed_models",
        &[],
        Tighter::Fewer,
        "Models that may be used; none named means all.",
    ),
    cents("budgets.providers.*.daily", Preset::Unset, "What this provider may cost in a day."),
    cents(
        "budgets.providers.*.session",
        Preset::Unset,
        "What one session may cost with this provider.",
    ),
    unused("config_version", "The version of the format; every version so far is read alike."),
    whole(
        "proxy.ca_validity_days",
        (1, 3650),
        365,
        Tighter::Owner,
        "How long the proxy's authority is valid.",
    ),
    flag("proxy.enabled", false, Tighter::Owner, "Whether the proxy runs."),
    flag(
        "proxy.enforce_allowed_models",
        true,
        Tighter::On,
        "Other models than those allowed are refused.",
    ),
    flag("proxy.enforce_budget", true, Tighter::On, "Calls over a budget are refused."),
    whole("proxy.listen_port", (1, 65_535), 9847, Tighter::Owner, "The port on loopback."),
    whole(
        "proxy.max_response_body_bytes",
        (1, 100 * MIB),
        10 * MIB,
        Tighter::Low,
        "Longer answers are cut off from accounting and refused.",
    ),
    texts(
        "sentinel.cargo.allowlist",
        &[],
        Tighter::Fewer,
        "Crates whose build script is not remarked; at most 50.",
    ),
    flag(
        "sentinel.cargo.warn_build_scripts",
        true,
        Tighter::On,
        "New crates that run a build.rs are remarked.",
    ),
    texts(
        "sentinel.credential_allowlist",
        &[],
        Tighter::Fewer,
        "Programs that may read credential files.",
    ),
    texts("sentinel.go.allowlist", &[], Tighter::Fewer, "Modules that are not looked up."),
    texts(
        "sentinel.go.trusted_prefixes",
        GO,
        Tighter::Fewer,
        "Modules below these are not looked up; each needs a domain with a dot.",
    ),
    unused("sentinel.gradle.*", "Accepted; Gradle is not looked at."),
    flag(
        "sentinel.homebrew.block_external_formula_installs",
        true,
        Tighter::On,
        "Formulae from an address or a file are refused.",
    ),
    texts("sentinel.homebrew.trusted_taps", TAPS, Tighter::Fewer, "Taps that are not asked about."),
    flag(
        "sentinel.homebrew.warn_brewfile",
        true,
        Tighter::On,
        "Accepted; a Brewfile is read, and what it installs is looked up, whatever this says.",
    ),
    flag(
        "sentinel.homebrew.warn_no_quarantine",
        true,
        Tighter::On,
        "Accepted; `--no-quarantine` is asked about, whatever this says.",
    ),
    flag("sentinel.homebrew.warn_untrusted_taps", true, Tighter::On, "Other taps are asked about."),
    unused("sentinel.maven.*", "Accepted; Maven is not looked at."),
    texts(
        "sentinel.network.destination_allowlist",
        &[],
        Tighter::Fewer,
        "Addresses that nobody is told about.",
    ),
    texts(
        "sentinel.network.destination_blocklist",
        &[],
        Tighter::More,
        "Addresses that are told about at once; they win over the list of those allowed.",
    ),
    whole(
        "sentinel.network.exfiltration_block_bytes",
        (1, i64::MAX),
        20 * MIB,
        Tighter::Low,
        "Bytes to one destination in a window that are critical.",
    ),
    texts(
        "sentinel.network.exfiltration_host_allowlist",
        &[],
        Tighter::Fewer,
        "Hosts that much may be sent to.",
    ),
    whole(
        "sentinel.network.exfiltration_warn_bytes",
        (1, i64::MAX),
        5 * MIB,
        Tighter::Low,
        "Bytes to one destination in a window that are told about.",
    ),
    whole("sentinel.network.exfiltration_window_secs", (1, 3600), 60, Tighter::High, "The window."),
    whole(
        "sentinel.network.poll_interval_secs",
        (1, 3600),
        30,
        Tighter::Low,
        "How often connections are looked at.",
    ),
    texts(
        "sentinel.network.process_allowlist",
        TALKERS,
        Tighter::Fewer,
        "Programs that may talk to anybody.",
    ),
    Key {
        name: "sentinel.network.safe_ports",
        kind: Kind::Ports,
        preset: Preset::Texts(PORTS),
        tighter: Tighter::Fewer,
        what: "Ports that are not remarkable.",
    },
    texts(
        "sentinel.npm.allowlist",
        NPM_SCRIPTS,
        Tighter::Fewer,
        "Packages whose install scripts are not remarked.",
    ),
    flag(
        "sentinel.npm.ignore_scripts_required",
        false,
        Tighter::On,
        "An install without `--ignore-scripts` is refused.",
    ),
    flag(
        "sentinel.npm.ignore_scripts_warning",
        true,
        Tighter::On,
        "An install without `--ignore-scripts` is remarked.",
    ),
    texts(
        "sentinel.npm.project_dirs",
        &[],
        Tighter::Owner,
        "Directories whose node_modules are watched.",
    ),
    flag(
        "sentinel.npm.watch_lifecycle",
        true,
        Tighter::On,
        "Install scripts of packages that arrive are read.",
    ),
    unused("sentinel.nuget.*", "Accepted; NuGet is not looked at."),
    texts(
        "sentinel.pip.allowlist",
        &[],
        Tighter::Fewer,
        "Packages whose source builds are not remarked; at most 50.",
    ),
    flag(
        "sentinel.pip.require_binary_only",
        false,
        Tighter::On,
        "An install without `--only-binary` is refused.",
    ),
    flag(
        "sentinel.pip.warn_source_installs",
        true,
        Tighter::On,
        "An install without `--only-binary` is remarked.",
    ),
    Key {
        name: "sentinel.pth_allowlist",
        kind: Kind::Rows(&["package", "hash"]),
        preset: Preset::NoRows,
        tighter: Tighter::Fewer,
        what: "Start-up files of Python that are known, by package and hash.",
    },
    choice(
        "sentinel.pth_response",
        &["log", "alert", "quarantine"],
        "quarantine",
        "What is done with a start-up file of Python that is malicious.",
    ),
    flag(
        "sentinel.watch_credentials",
        true,
        Tighter::On,
        "Reads of credential files are watched where the system tells them.",
    ),
    flag("sentinel.watch_network", false, Tighter::On, "Connections are watched."),
    flag("sentinel.watch_npm", false, Tighter::On, "node_modules are watched."),
    flag("sentinel.watch_pth", true, Tighter::On, "Start-up files of Python are watched."),
];

/// The key of this dotted name.
#[must_use]
pub fn key(name: &str) -> Option<&'static Key> {
    // Nearly every name is a key's own, and each hook asks for all of them.
    KEYS.iter()
        .find(|key| key.name == name)
        .or_else(|| KEYS.iter().find(|key| fits(key.name, name)))
}

/// Whether a name is meant by a key; `*` stands for one part.
pub(super) fn fits(key: &str, name: &str) -> bool {
    let (mut left, mut right) = (key.split('.'), split(name).into_iter());
    loop {
        match (left.next(), right.next()) {
            (None, None) => return true,
            (Some(a), Some(b)) if a == "*" || a == b => {}
            _ => return false,
        }
    }
}

/// Parts of a dotted name; a part with a dot of its own is in quotes.
fn split(name: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = name;
    loop {
        let quoted = rest.strip_prefix('"').and_then(|inner| inner.split_once('"'));
        let (part, after) = match quoted {
            Some((part, after)) => (part, after.strip_prefix('.')),
            None => match rest.split_once('.') {
                Some((part, after)) => (part, Some(after)),
                None => (rest, None),
            },
        };
        parts.push(part);
        match after {
            Some(after) => rest = after,
            None => return parts,
        }
    }
}
