//! Dockerfiles: what their instructions fetch, trust and keep.
//!
//! Lines are joined and split as the Dockerfile reference says; variables stay what they are. A secret in `ENV` or `ARG` stays in
//! the image for whoever gets it, so it is refused; the rest is asked or remarked.

use super::super::request::Judgement;

/// What is trusted and what is remarked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DockerPolicy {
    /// Registries that images may come from; an image without a registry is `docker.io`'s.
    pub trusted_registries: Vec<String>,
    /// Whether an image without a fixed tag is remarked.
    pub warn_latest: bool,
    /// Whether an `ADD` of an address is remarked.
    pub warn_remote_add: bool,
    /// Whether a download that runs at once is asked about.
    pub warn_pipe_install: bool,
}

impl Default for DockerPolicy {
    fn default() -> Self {
        let trusted = ["docker.io", "ghcr.io", "gcr.io", "quay.io", "mcr.microsoft.com"];
        Self {
            trusted_registries: trusted.map(str::to_owned).to_vec(),
            warn_latest: true,
            warn_remote_add: true,
            warn_pipe_install: true,
        }
    }
}

/// Something about a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its number, from 1; of joined lines the first.
    pub number: usize,
    /// What about it.
    pub kind: LineKind,
}

/// What can be about a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LineKind {
    /// An image whose registry is not trusted.
    Registry(String),
    /// An image without a fixed tag.
    Latest(String),
    /// An `ADD` of an address.
    RemoteAdd,
    /// A download that runs at once.
    PipeInstall,
    /// A secret by the name of its variable.
    Secret(String),
}

/// Whether a file of this path is one.
#[must_use]
pub fn is_dockerfile(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    let stem = |stem: &str| {
        name == stem || name.strip_prefix(stem).is_some_and(|rest| rest.starts_with('.'))
    };
    stem("dockerfile")
        || stem("containerfile")
        || name.ends_with(".dockerfile")
        || name.ends_with(".containerfile")
}

pub(super) fn judge(text: &str, policy: &DockerPolicy) -> Judgement {
    let mut judgement = Judgement::allow();
    for line in lines(text, policy) {
        let number = line.number;
        let judged = match line.kind {
            LineKind::Secret(name) => {
                Judgement::deny(format!("Keeps a secret in the image: {name}, line {number}"))
            }
            LineKind::Registry(registry) => Judgement::ask(format!(
                "Takes an image from `{registry}`, which is not a trusted registry, line {number}"
            )),
            LineKind::PipeInstall => {
                Judgement::ask(format!("Runs what it downloads at once, line {number}"))
            }
            LineKind::Latest(image) => {
                remark(&format!("line {number}: `{image}` has no fixed tag"))
            }
            LineKind::RemoteAdd => remark(&format!(
                "line {number}: ADD of an address is checked by nobody; fetch it with a checksum"
            )),
        };
        judgement = judgement.worse(judged);
    }
    judgement
}

fn remark(text: &str) -> Judgement {
    Judgement { context: Some(format!("sanctum: Dockerfile, {text}")), ..Judgement::allow() }
}

/// What is about each line of a Dockerfile.
#[must_use]
pub fn lines(text: &str, policy: &DockerPolicy) -> Vec<Line> {
    let mut found = Vec::new();
    let mut stages: Vec<String> = Vec::new();
    for (number, line) in joined(text) {
        let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line.as_str(), ""));
        let mut tell = |kind| found.push(Line { number, kind });
        match word.to_ascii_uppercase().as_str() {
            "FROM" => from(rest, policy, &mut stages).into_iter().for_each(&mut tell),
            "ADD" if policy.warn_remote_add && adds_address(rest) => tell(LineKind::RemoteAdd),
            "RUN" if policy.warn_pipe_install && pipes_into_shell(rest) => {
                tell(LineKind::PipeInstall);
            }
            "ENV" | "ARG" => secrets(rest).into_iter().map(LineKind::Secret).for_each(&mut tell),
            _ => {}
        }
    }
    found
}

/// Lines without remarks, those that end in a backslash joined to the next.
fn joined(text: &str) -> Vec<(usize, String)> {
    let mut out: Vec<(usize, String)> = Vec::new();
    let mut open = false;
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.starts_with('#') || line.is_empty() {
            continue;
        }
        let goes_on = line.ends_with('\\');
        let line = line.trim_end_matches('\\').trim_end();
        match out.last_mut().filter(|_| open) {
            Some((_, whole)) => {
                whole.push(' ');
                whole.push_str(line);
            }
            None => out.push((at + 1, line.to_owned())),
        }
        open = goes_on;
    }
    out
}

fn from(rest: &str, policy: &DockerPolicy, stages: &mut Vec<String>) -> Vec<LineKind> {
    let mut words = rest.split_whitespace().filter(|word| !word.starts_with("--"));
    let Some(image) = words.next() else { return Vec::new() };
    if words.next().is_some_and(|word| word.eq_ignore_ascii_case("as")) {
        stages.extend(words.next().map(str::to_ascii_lowercase));
    }
    let known = image == "scratch" || stages.contains(&image.to_ascii_lowercase());
    if known || image.contains('$') {
        return Vec::new();
    }
    let mut found = Vec::new();
    let registry = registry(image);
    if !policy.trusted_registries.iter().any(|trusted| trusted.eq_ignore_ascii_case(registry)) {
        found.push(LineKind::Registry(registry.to_owned()));
    }
    let name = image.rsplit('/').next().unwrap_or_default();
    let fixed = image.contains('@') || name.split_once(':').is_some_and(|(_, tag)| tag != "latest");
    if policy.warn_latest && !fixed {
        found.push(LineKind::Latest(image.to_owned()));
    }
    found
}

/// As docker reads a reference: the first component is a registry if it holds a dot or a colon or is `localhost`.
fn registry(image: &str) -> &str {
    match image.split_once('/') {
        Some((first, _)) if first.contains(['.', ':']) || first == "localhost" => first,
        _ => "docker.io",
    }
}

/// Options of `run`, `create` and `pull` that stand alone (docker's reference of the command line); every other one takes a value.
const FLAGS: &[&str] = &[
    "--all-tags",
    "--detach",
    "--disable-content-trust",
    "--init",
    "--interactive",
    "--no-healthcheck",
    "--oom-kill-disable",
    "--privileged",
    "--publish-all",
    "--quiet",
    "--read-only",
    "--replace",
    "--rm",
    "--sig-proxy",
    "--tty",
];
/// The same in one letter each.
const LETTERS: &[char] = &['P', 'a', 'd', 'i', 'q', 't'];

/// The image that a command of docker's takes, by the words behind the program's name.
#[must_use]
pub fn image_of(program: &str, words: &[String]) -> Option<String> {
    if !matches!(base(program), "docker" | "podman" | "nerdctl") {
        return None;
    }
    let mut rest = words.iter().map(String::as_str);
    let verb = loop {
        match rest.next()? {
            // Options of docker itself that take a value.
            "--config" | "--context" | "--host" | "--log-level" | "-c" | "-H" | "-l" => {
                rest.next();
            }
            "image" | "container" => {}
            word if word.starts_with('-') => {}
            word => break word,
        }
    };
    if !matches!(verb, "pull" | "run" | "create") {
        return None;
    }
    while let Some(word) = rest.next() {
        let Some(option) = word.strip_prefix('-') else { return Some(word.to_owned()) };
        let alone = match option.strip_prefix('-') {
            Some("") => return rest.next().map(str::to_owned),
            Some(long) => long.contains('=') || FLAGS.contains(&word),
            // `-a` of `run` takes a value, `-a` of `pull` none; a value may be joined to its letter.
            None if option == "a" => verb == "pull",
            None => {
                option.chars().all(|c| LETTERS.contains(&c)) || option.len() > 1 && !joins(option)
            }
        };
        if !alone {
            rest.next();
        }
    }
    None
}

/// Flags in front of a letter whose value is the next word, such as `-itv`.
fn joins(option: &str) -> bool {
    let mut letters = option.chars();
    let last = letters.next_back().is_some_and(|c| !LETTERS.contains(&c) && c.is_ascii_lowercase());
    last && letters.all(|c| LETTERS.contains(&c))
}

/// What is thought of the images that these programs with these words take.
#[must_use = "a judgement is to be followed"]
pub fn judge_images<'a>(
    runs: impl Iterator<Item = (&'a str, &'a [String])>,
    policy: &DockerPolicy,
) -> Judgement {
    let mut judgement = Judgement::allow();
    for image in runs.filter_map(|(program, words)| image_of(program, words)) {
        // A star stands for what is not known.
        if image.contains('*') {
            continue;
        }
        for kind in from(&image, policy, &mut Vec::new()) {
            judgement = judgement.worse(match kind {
                LineKind::Registry(registry) => Judgement::ask(format!(
                    "Takes an image from `{registry}`, which is not a trusted registry"
                )),
                LineKind::Latest(image) => Judgement {
                    context: Some(format!("sanctum: `{image}` has no fixed tag")),
                    ..Judgement::allow()
                },
                LineKind::Secret(_) | LineKind::PipeInstall | LineKind::RemoteAdd => {
                    Judgement::allow()
                }
            });
        }
    }
    judgement
}

fn adds_address(rest: &str) -> bool {
    let fixed = rest.split_whitespace().any(|word| word.starts_with("--checksum="));
    let address = |word: &str| {
        let word = word.trim_matches(['[', ']', '"', ',', '\'']).to_ascii_lowercase();
        ["http://", "https://", "ftp://", "git://", "git@"]
            .iter()
            .any(|scheme| word.starts_with(scheme))
    };
    !fixed && rest.split_whitespace().any(address)
}

/// `curl … | sh` and its like: a fetching program in one stage of a pipe and an interpreter that begins a later one, or an
/// interpreter that is given what a fetch prints.
fn pipes_into_shell(rest: &str) -> bool {
    let lower = rest.to_ascii_lowercase();
    let fetches =
        |text: &str| words(text).any(|word| matches!(base(word), "curl" | "wget" | "fetch"));
    let runs = |text: &str| {
        words(text)
            .find(|word| {
                !word.contains('=')
                    && !matches!(base(word), "sudo" | "env" | "exec")
                    && !word.starts_with('-')
            })
            .is_some_and(|word| is_interpreter(base(word)))
    };
    let command = |text: &str| {
        let mut fetched = false;
        text.split('|').any(|stage| {
            let hit = fetched && runs(stage);
            fetched |= fetches(stage);
            hit
        })
    };
    let nested = lower.contains("$(curl")
        || lower.contains("$(wget")
        || lower.contains("`curl")
        || lower.contains("`wget");
    let inside = lower.contains("<(curl") || lower.contains("<(wget");
    lower.split("&&").flat_map(|part| part.split(';')).any(command)
        || ((nested || inside)
            && words(&lower).any(|word| is_interpreter(base(word)) || word == "eval"))
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split_whitespace().map(|word| word.trim_matches(['"', '\'', '[', ']', ',', '(', ')']))
}

fn base(word: &str) -> &str {
    word.rsplit('/').next().unwrap_or_default()
}

fn is_interpreter(name: &str) -> bool {
    matches!(
        name,
        "sh" | "bash"
            | "zsh"
            | "dash"
            | "ash"
            | "ksh"
            | "python"
            | "python3"
            | "node"
            | "perl"
            | "ruby"
            | "php"
    )
}

/// Variables whose value is a secret, or whose name says so while the value is text of its own.
fn secrets(rest: &str) -> Vec<String> {
    let pairs: Vec<(&str, &str)> = if rest.contains('=') {
        rest.split_whitespace().filter_map(|pair| pair.split_once('=')).collect()
    } else {
        rest.split_once(char::is_whitespace).into_iter().collect()
    };
    pairs
        .into_iter()
        .filter(|(name, value)| {
            let value = value.trim().trim_matches(['"', '\'']);
            let own = !value.is_empty() && !value.starts_with('$');
            own && crate::find_cleartext(value, Some(name)).is_some()
        })
        .map(|(name, _)| name.to_owned())
        .collect()
}
