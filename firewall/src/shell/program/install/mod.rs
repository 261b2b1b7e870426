//! Every spelling of installing a package: which ecosystem, which names, which files, which options and variables.
//!
//! A name is what a registry would be asked for; a path, an archive or an address of a repository is kept apart. Whether a name
//! exists, and what the files say, is somebody else's question (`crate::packages`).

mod node;
mod others;
mod python;

use super::super::effect::{Ecosystem, Effect, Install};
use super::super::value::{ONE, Text, Value, matches, shown, unknown};
use super::super::walk::{Input, State, Walker};
use super::{Parsed, options};
use std::borrow::Cow;

/// Options with values of Node's clients. A letter that takes none here would swallow a name: `-D` and `-E` are flags.
const NODE_VALUED: &str = "
-C -F --prefix --registry --save-prefix --workspace --filter --dir --tag --userconfig --globalconfig --cache --cache-dir --cache-folder --depth --omit
--include --loglevel --cwd --modules-folder --script-shell --before --allow-build --package --call --location --os --cpu --libc --install-strategy
--store-dir --virtual-store-dir --reporter --network-timeout --proxy --https-proxy --mutex --backend --config --fetch-timeout --use-yarnrc --noproxy
--before --scope --fetch-retries --cafile --otp --auth-type --expect-results --save-catalog-name
";

/// Options with values of Python's clients; what only some of them know stands with those.
const PYTHON_VALUED: &str = "
-r -c -e -t -i -f -C -p -E -G -P -b --requirement --requirements --constraint --editable --target --index-url --extra-index-url --find-links --prefix --root
--cache-dir --python --src --group --extra --with-requirements --from --with --with-editable --python-version --python-platform --constraints
--overrides --platform --timeout --retries --proxy --trusted-host --abi --implementation --only-binary --no-binary --progress-bar --config-settings
--config-setting --global-option --build-option --report --log --default-index --index --exclude-newer --link-mode --directory --project --source
--extras --pip-args --suffix --spec --env --index-strategy --keyring-provider --config-file --cert --client-cert --branch --tag --rev --lockfile --venv
--strategy-save --package --feature --manifest-path --environment --upgrade-package --resolution --prerelease --allow-insecure-host --uploaded-prior-to
--dest --wheel-dir --exists-action --use-feature --use-deprecated --root-user-action --python-preference --fork-strategy --refresh-package --no-build-package
";

/// What takes a value for the clients of one ecosystem; the other families bring their own.
const fn valued(ecosystem: Ecosystem) -> &'static str {
    match ecosystem {
        Ecosystem::Npm => NODE_VALUED,
        Ecosystem::Cargo => others::CARGO_VALUED,
        Ecosystem::Go => others::GO_VALUED,
        Ecosystem::Gem => others::GEM_VALUED,
        Ecosystem::Brew => others::BREW_VALUED,
        Ecosystem::Pypi | Ecosystem::Conda => PYTHON_VALUED,
    }
}

/// Variables that choose another registry, let scripts run, or switch a check of the client off.
const SETTINGS: &str = "
npm_config_registry npm_config_userconfig npm_config_ignore_scripts npm_config_globalconfig npm_config_strict_ssl yarn_registry yarn_npm_registry_server
yarn_enable_scripts bun_config_registry pip_index_url pip_extra_index_url pip_config_file pip_trusted_host pip_find_links pip_no_binary uv_index_url
uv_extra_index_url uv_default_index uv_index uv_config_file uv_insecure_host uv_find_links pdm_pypi_url poetry_repositories
goproxy gosumdb gonosumdb gonosumcheck goinsecure goprivate goflags gonoproxy bundle_mirror gem_spec_cache rubygems_host
homebrew_no_verify_attestations homebrew_artifact_domain homebrew_bottle_domain homebrew_api_domain homebrew_brew_git_remote conda_channels
conda_channel_alias condarc
";

/// One command line of a client.
struct Call<'a> {
    st: &'a State,
    client: &'a str,
    all: &'a [Text],
    input: &'a Input,
}

/// `true` when the command is a client's install (or nothing but a client's business).
pub(super) fn run(
    w: &mut Walker<'_>,
    st: &State,
    name: &str,
    args: &[Text],
    input: &Input,
) -> bool {
    let versioned = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    let call = Call { st, client: name, all: args, input };
    match (name, versioned) {
        ("npm" | "cnpm" | "tnpm", _) => {
            let all = node::truths(args);
            node::client(w, &Call { all: &all, ..call })
        }
        ("pnpm" | "yarn" | "yarnpkg" | "bun", _) => node::client(w, &call),
        ("node" | "nodejs", _) => match node::as_script(args) {
            Some((client, rest)) => run(w, st, client, rest, input),
            None => false,
        },
        ("lerna", _) => match call.verb(args) {
            Some(("add", rest)) => call.named(w, Ecosystem::Npm, rest),
            _ => false,
        },
        ("npx" | "pnpx" | "bunx" | "pnx", _) => {
            execute(w, &call, Ecosystem::Npm, args, "-p --package")
        }
        ("ni" | "nlx", _) => node::ni(w, &call),
        ("corepack", _) => match call.verb(args) {
            Some((inner, rest)) if inner != "enable" && inner != "prepare" => {
                // `pnpm@9.1.0` is pnpm.
                run(w, st, inner.split('@').next().unwrap_or(inner), rest, input)
            }
            _ => false,
        },
        ("deno", _) => node::deno(w, &call),
        ("volta", _) => node::volta(w, &call),
        ("uvx", _) => execute(w, &call, Ecosystem::Pypi, args, "--from --with -w"),
        ("uv", _) => python::uv(w, &call, args),
        ("pipx", _) => python::pipx(w, &call, args),
        ("pip-sync", _) => python::synced(w, &call, args),
        ("poetry" | "pdm" | "rye" | "hatch" | "pipenv" | "pixi", _) => {
            python::projects(w, &call, name, args)
        }
        ("conda" | "mamba" | "micromamba", _) => python::conda(w, &call),
        ("cargo", _) => others::cargo(w, &call),
        ("cargo-add" | "cargo-install" | "cargo-binstall", _) => {
            others::cargo_verb(w, &call, name.trim_start_matches("cargo-"), args)
        }
        (_, "go") => others::go(w, &call),
        ("bundle" | "bundler", _) | (_, "gem") => others::gem(w, &call),
        ("ruby" | "jruby", _) => match args {
            [script, client, rest @ ..] if script.s == "-S" && client.s == "gem" => {
                run(w, st, "gem", rest, input)
            }
            _ => false,
        },
        ("brew", _) => others::brew(w, &call),
        ("mise" | "asdf" | "rtx", _) => others::tools(w, &call),
        ("easy_install", _) | (_, "easy_install-") => call.named(w, Ecosystem::Pypi, args),
        (_, "pip" | "pip-") => python::pip(w, &call, args),
        (_, "python" | "python-" | "pypy" | "py") => python::module(w, &call, args),
        _ => false,
    }
}

impl Call<'_> {
    /// The subcommand and what follows; options with values before it are passed over.
    fn verb<'t>(&self, args: &'t [Text]) -> Option<(&'t str, &'t [Text])> {
        const BEFORE: &str = "-C --dir --workspace --filter -F --config -n --name -L -Z --environment --root-prefix --rc-file";
        let is = |list: &str, s: &str| list.split_ascii_whitespace().any(|each| each == s);
        // What takes a value somewhere takes one before the verb, too: no client has a flag of such a name there.
        let long = |s: &str| {
            let tables = [NODE_VALUED, PYTHON_VALUED, others::CARGO_VALUED, others::GEM_VALUED];
            s.starts_with("--") && tables.iter().any(|table| is(table, s))
        };
        let short = match self.client {
            "npm" => "-w",
            "pdm" | "python" | "uv" | "mamba" | "conda" | "pixi" | "hatch" => "-p -e",
            "micromamba" => "-p -r",
            _ => "",
        };
        let mut at = 0;
        while let Some(arg) = args.get(at) {
            let s = arg.s.as_str();
            if !s.starts_with(['-', '+']) {
                return Some((s, args.get(at + 1..).unwrap_or(&[])));
            }
            at += if is(BEFORE, s) || is(short, s) || long(s) { 2 } else { 1 };
        }
        None
    }

    /// `--optional` takes an extra for uv and is a flag for others; `-d` and `-w` take a directory for pip alone.
    fn valued(&self, ecosystem: Ecosystem) -> Cow<'static, str> {
        let pip = ["pip", "py"].iter().any(|name| self.client.starts_with(name));
        match self.client {
            "uv" | "uvx" => Cow::Borrowed(python::UV_VALUED),
            // `-w` names a workspace for npm and is a flag for pnpm.
            "npm" | "npx" | "cnpm" | "tnpm" => Cow::Owned(format!("{NODE_VALUED} -w")),
            _ if pip && ecosystem == Ecosystem::Pypi => {
                Cow::Owned(format!("{PYTHON_VALUED} -d -w"))
            }
            _ => Cow::Borrowed(valued(ecosystem)),
        }
    }

    /// An install of nothing yet.
    fn install(&self, w: &Walker<'_>, ecosystem: Ecosystem) -> Install {
        Install {
            ecosystem,
            client: self.client.to_owned(),
            packages: Vec::new(),
            others: Vec::new(),
            requirements: Vec::new(),
            directory: shown(&self.directory(ecosystem), w.cx.home),
            flags: self.flags(ecosystem),
            settings: self.settings(),
        }
    }

    /// An install of what the words name.
    fn named(&self, w: &mut Walker<'_>, ecosystem: Ecosystem, words: &[Text]) -> bool {
        let parsed = options(words, &self.valued(ecosystem));
        let mut install = self.install(w, ecosystem);
        for operand in &parsed.operands {
            let extras = (ecosystem == Ecosystem::Pypi).then(|| self.with_extras(w, operand));
            match extras.flatten() {
                Some(name) => sort(&mut install, &name),
                None => sort(&mut install, operand),
            }
        }
        if ecosystem == Ecosystem::Pypi {
            for value in parsed.values(&["--with", "--from", "--spec"]) {
                value.s.split(',').for_each(|v| sort(&mut install, &Text::lit(v)));
            }
            for value in parsed.values(&["-e", "--editable", "--with-editable"]) {
                sort(&mut install, value);
            }
        }
        self.requirement_files(w, &mut install, &parsed);
        w.effect(Effect::Installs(install));
        true
    }

    /// `name[extra]` without quotes is a pattern to the shell; where no file has such a name it stays what it is.
    fn with_extras(&self, w: &Walker<'_>, operand: &Text) -> Option<Text> {
        let (name, rest) = operand.s.split_once(ONE)?;
        let part = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let compares = rest.is_empty() || rest.starts_with(['=', '<', '>', '!', '~', ';']);
        if name.is_empty() || !name.chars().all(part) || !compares {
            return None;
        }
        let names = w.cx.view.names(&self.st.full(&Text::lit("."))).unwrap_or_default();
        let hit = names.iter().any(|file| matches(&operand.s, file));
        (!hit).then(|| Text { s: format!("{name}{rest}"), taint: operand.taint.clone() })
    }

    /// An install of these words, which are all operands.
    fn words<'t>(
        &self,
        w: &mut Walker<'_>,
        ecosystem: Ecosystem,
        words: impl Iterator<Item = &'t Text>,
    ) -> bool {
        let mut install = self.install(w, ecosystem);
        words.for_each(|word| sort(&mut install, word));
        w.effect(Effect::Installs(install));
        true
    }

    /// Files of names, by the options that name them.
    fn requirement_files(&self, w: &mut Walker<'_>, install: &mut Install, parsed: &Parsed<'_>) {
        let names = [
            "-r",
            "--requirement",
            "--requirements",
            "-c",
            "--constraint",
            "--with-requirements",
            "--constraints",
            "--file",
        ];
        for file in parsed.values(&names) {
            self.read_from(w, install, file);
        }
    }

    /// A file of names. One that this text itself writes, or hands over, is not on the disk yet: its lines are read here.
    fn read_from(&self, w: &mut Walker<'_>, install: &mut Install, file: &Text) {
        let path = self.st.full(file);
        let Some(content) = self.written(&path, file) else {
            install.requirements.push(shown(&path, w.cx.home));
            return;
        };
        for text in &content {
            let Some(text) = text.known() else {
                install.packages.push(Text::hole().shown());
                continue;
            };
            for line in text.lines().map(str::trim) {
                match line.split_once([' ', '=']) {
                    _ if line.is_empty() || line.starts_with('#') => {}
                    Some(("-r" | "--requirement", more)) => {
                        let more = self.st.full(&Text::lit(more.trim()));
                        install.requirements.push(shown(&more, w.cx.home));
                    }
                    Some((option, value)) if line.starts_with('-') => {
                        install.flags.push(format!("{option}={}", value.trim()));
                    }
                    _ if line.starts_with('-') => install.flags.push(line.to_owned()),
                    _ => sort(install, &Text::lit(line.split(" #").next().unwrap_or(line))),
                }
            }
        }
    }

    fn written(&self, path: &str, file: &Text) -> Option<Value> {
        let standard = matches!(file.s.as_str(), "-" | "/dev/stdin" | "/dev/fd/0");
        if standard {
            return Some(self.input.clone().unwrap_or_else(unknown));
        }
        self.st.files.get(path).cloned()
    }

    /// Where the project is that the client works on.
    fn directory(&self, ecosystem: Ecosystem) -> String {
        const CHANGES: [&str; 6] = ["--prefix", "-C", "--dir", "--cwd", "--directory", "--project"];
        let parsed = options(self.all, &self.valued(ecosystem));
        match parsed.values(&CHANGES).last() {
            Some(directory) => self.st.full(directory),
            None => self.st.full(&Text::lit(".")),
        }
    }

    /// Options, each with its value where it takes one.
    fn flags(&self, ecosystem: Ecosystem) -> Vec<String> {
        let text = |(name, value): (String, Option<Text>)| match value {
            Some(value) => format!("{name}={}", value.shown()),
            None => name,
        };
        options(self.all, &self.valued(ecosystem)).options.into_iter().map(text).collect()
    }

    /// Variables of [`SETTINGS`] that this text gives the client.
    fn settings(&self) -> Vec<String> {
        let asked = |name: &&String| {
            let name = name.to_ascii_lowercase();
            SETTINGS.split_ascii_whitespace().any(|s| s == name)
                || name.starts_with("cargo_registr")
                || name.starts_with("cargo_source")
                || name.starts_with("bundle_mirror")
                || name.starts_with("npm_config_@")
        };
        self.st
            .vars
            .keys()
            .filter(asked)
            .map(|name| {
                let value = self.st.scalar(name).and_then(|v| v.first().map(Text::shown));
                format!("{name}={}", value.unwrap_or_else(|| "*".to_owned()))
            })
            .collect()
    }
}

/// What an alias stands for, and the version that is beside it: `npm:x` and `a@npm:x` are x, `x@npm:^1` is a range of x itself.
pub(crate) fn unaliased(word: &str) -> (&str, Option<&str>) {
    if let Some(real) = word.strip_prefix("npm:") {
        return (real, None);
    }
    let Some((own, real)) = word.split_once("@npm:") else { return (word, None) };
    // `x` stands for a number, `xx` is a name.
    let number =
        |part: &str| matches!(part, "x" | "X" | "*") || part.bytes().all(|b| b.is_ascii_digit());
    let range = real.starts_with(['^', '~', '<', '>', '=', '*'])
        || real
            .split(['.', ' ', '-', '|'])
            .all(|part| number(part.trim_start_matches(['^', '~', '<', '>', '='])))
        || is_release(real);
    if range || matches!(real, "latest" | "next") { (own, Some(real)) } else { (real, None) }
}

/// Three numbers with dots, and what a release of its own may say behind them: `3.4.0-beta1`.
fn is_release(text: &str) -> bool {
    let plain = text.split(['-', '+']).next().unwrap_or(text);
    let number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    plain.split('.').count() == 3 && plain.split('.').all(number)
}

/// Puts an operand where it belongs.
fn sort(install: &mut Install, operand: &Text) {
    match named(install.ecosystem, operand) {
        Some(name) => install.packages.push(name),
        None if operand.s.is_empty() => {}
        None => install.others.push(operand.shown()),
    }
}

/// The name a registry would be asked for.
fn named(ecosystem: Ecosystem, operand: &Text) -> Option<String> {
    let s = operand.shown();
    let path = s.is_empty()
        || s.starts_with(['.', '/', '~', '-'])
        || s.contains("://")
        || s.starts_with("git+")
        || s.starts_with("file:")
        || s.starts_with("link:")
        || s.starts_with("portal:")
        || s.starts_with("workspace:")
        || s.starts_with("github:")
        || s.starts_with("gitlab:")
        || s.starts_with("bitbucket:")
        || s.starts_with("gist:")
        || s.starts_with("git@");
    if path {
        return None;
    }
    match ecosystem {
        Ecosystem::Npm => {
            let (name, version) = unaliased(&s);
            // `owner/repo` is a repository, `@scope/name` is not.
            let repository = name.contains('/') && !name.starts_with('@');
            let whole = || version.map_or(name.to_owned(), |version| format!("{name}@{version}"));
            (!repository && !name.ends_with(".tgz") && !name.ends_with(".tar.gz")).then(whole)
        }
        Ecosystem::Pypi => {
            let archive = s.ends_with(".whl") || s.ends_with(".tar.gz") || s.ends_with(".zip");
            let address = s.contains(" @ ") || s.contains("@git+") || s.contains("@http");
            (!archive && !address && !s.contains('/')).then(|| s.clone())
        }
        Ecosystem::Go => {
            s.split('/').next().is_some_and(|host| host.contains('.')).then(|| s.clone())
        }
        Ecosystem::Gem => (!s.ends_with(".gem")).then(|| s.clone()),
        Ecosystem::Brew => (!s.ends_with(".rb")).then(|| s.clone()),
        Ecosystem::Cargo | Ecosystem::Conda => Some(s),
    }
}

/// `npx`, `uvx` and their relatives: the first operand, or what is named to be fetched.
fn execute(
    w: &mut Walker<'_>,
    call: &Call<'_>,
    ecosystem: Ecosystem,
    args: &[Text],
    named_by: &str,
) -> bool {
    let is = |list: &str, s: &str| list.split_ascii_whitespace().any(|each| each == s);
    let takes = match ecosystem {
        Ecosystem::Npm => Cow::Owned(format!("{} -c -w -n --shell", call.valued(ecosystem))),
        // conda's letters are others than those of Python's clients.
        Ecosystem::Conda => Cow::Borrowed("-c --channel -p --platform"),
        _ => call.valued(ecosystem),
    };
    let mut fetched: Vec<Text> = Vec::new();
    let mut install = call.install(w, ecosystem);
    let mut instead = false;
    let mut rest = args.iter();
    while let Some(arg) = rest.next() {
        let s = arg.s.as_str();
        let (option, value) = s.split_once('=').map_or((s, None), |(o, v)| (o, Some(Text::lit(v))));
        if s == "--" {
            continue;
        }
        if s.starts_with('-') && (is(named_by, option) || is(&takes, option)) {
            let Some(value) = value.or_else(|| rest.next().cloned()) else { break };
            if is(named_by, option) {
                // `--with` comes beside the program, `--from` and `--package` in place of it.
                instead |= !matches!(option, "--with" | "-w");
                fetched.extend(value.s.split(',').map(Text::lit));
            } else if option == "--with-requirements" {
                call.read_from(w, &mut install, &value);
            } else if option == "--with-editable" {
                sort(&mut install, &value);
            }
            continue;
        }
        if s.starts_with('-') {
            continue;
        }
        if !instead {
            fetched.push(arg.clone());
        }
        break;
    }
    fetched.iter().for_each(|word| sort(&mut install, word));
    w.effect(Effect::Installs(install));
    true
}
