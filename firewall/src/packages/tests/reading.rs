//! Files that name packages.

use super::{names, ordered};

fn from(command: &str, files: &[(&str, &str)]) -> Vec<String> {
    names(&ordered(command, files))
}

fn locked(command: &str, files: &[(&str, &str)]) -> Vec<String> {
    let order = ordered(command, files);
    let word =
        |w: &super::super::Wanted| format!("{}@{}", w.name, w.version.as_deref().unwrap_or("?"));
    order.locked.iter().map(word).collect()
}

#[test]
fn what_begins_with_a_number_behind_an_alias_is_a_name_unless_it_is_a_release() {
    for (word, wanted) in [
        ("a@npm:7-zip", "npm:7-zip"),
        ("a@npm:real@1.0.0", "npm:real@1.0.0"),
        ("a@npm:3.4.0-beta1", "npm:a@3.4.0-beta1"),
    ] {
        assert_eq!(from(&format!("yarn add {word}"), &[]), [wanted], "{word}");
    }
}

#[test]
fn requirement_files_are_followed_and_constraints_only_constrain() {
    let files = [
        (
            "requirements.txt",
            "# all\nFlask==3.0.0 \\\n  --hash=sha256:aa\n-r more/dev.txt\n-c limits.txt\nqq @ git+https://e.example/q.git # x\n",
        ),
        ("more/dev.txt", "pytest>=8 # why\n-r ../last.txt\n-rlast.txt\n"),
        ("last.txt", "black\n"),
        ("more/last.txt", "ruff\n"),
        ("limits.txt", "numpy<2\n-r hidden.txt\n"),
        ("hidden.txt", "scipy\n"),
    ];
    let got = from("pip install -r requirements.txt", &files);
    assert_eq!(got, ["pypi:flask@3.0.0", "pypi:pytest", "pypi:black", "pypi:ruff"]);
    // A comment names nothing, and so nothing is asked about.
    let found = ordered("pip install -r requirements.txt", &files).findings;
    assert!(found.iter().all(|f| f.weight == super::super::Weight::Remark), "{found:?}");
    assert_eq!(from("uv pip sync requirements.txt", &files), got);
    assert_eq!(
        from("cd more && pip install -r dev.txt", &files),
        ["pypi:pytest", "pypi:black", "pypi:ruff"]
    );
    assert!(from("pip install -r none.txt", &files).is_empty());
}

#[test]
fn a_chain_of_files_has_an_end() {
    let texts: Vec<(String, String)> =
        (0..20).map(|n| (format!("r{n}.txt"), format!("-r r{}.txt\n", n + 1))).collect();
    let files: Vec<(&str, &str)> = texts.iter().map(|(p, t)| (p.as_str(), t.as_str())).collect();
    let order = ordered("pip install -r r0.txt", &files);
    assert!(order.findings.iter().any(|f| f.text.contains("more files")), "{:?}", order.findings);
    let round = [("a.txt", "-r b.txt\nx1\n"), ("b.txt", "-r a.txt\ny1\n")];
    assert_eq!(from("pip install -r a.txt", &round), ["pypi:x1", "pypi:y1"]);
}

#[test]
fn a_lock_pins_and_what_it_does_not_pin_is_wanted() {
    let files = [
        (
            "package.json",
            r#"{"dependencies":{"a":"^1","b":"npm:real@1.0.0","f":"npm:^2.0.0","c":"file:../c","d":"github:x/d"},"devDependencies":{"e":"*"}}"#,
        ),
        (
            "package-lock.json",
            r#"{"packages":{"":{},"node_modules/a":{"version":"1.2.3","resolved":"https://r.example/a"},"node_modules/a/node_modules/@s/t":{"version":"2.0.0"},"node_modules/l":{"link":true},"node_modules/al":{"name":"other","version":"3.0.0"}}}"#,
        ),
    ];
    assert_eq!(from("npm install", &files), ["npm:real@1.0.0", "npm:f", "npm:e"]);
    assert_eq!(locked("npm ci", &files), ["a@1.2.3", "@s/t@2.0.0", "other@3.0.0"]);
    let replaced = [(
        "package.json",
        r#"{"overrides":{"x":"npm:other@2.0.0","y":{"z":"npm:inner@1.0.0","w":"^1"}},"pnpm":{"overrides":{"v>u":"npm:deep@3.0.0"}}}"#,
    )];
    assert_eq!(
        from("npm install", &replaced),
        ["npm:other@2.0.0", "npm:inner@1.0.0", "npm:deep@3.0.0"]
    );
    // With a name only that one is asked for.
    assert_eq!(from("npm install zz", &files), ["npm:zz"]);
    let old = [(
        "package-lock.json",
        r#"{"dependencies":{"a":{"version":"1.0.0","dependencies":{"b":{"version":"2.0.0"}}}}}"#,
    )];
    assert_eq!(locked("npm ci", &old), ["a@1.0.0", "b@2.0.0"]);
}

/// The command, the file, its text, what it pins.
const LOCKS: &[(&str, &str, &str, &[&str])] = &[
    (
        "yarn",
        "yarn.lock",
        "# yarn lockfile v1\n\n\"@s/a@^1.0.0\", \"@s/a@^1.1\":\n  version \"1.2.3\"\n  resolved \"https://r.example/a\"\n\nb@1, b@2:\n  version \"2.0.0\"\n",
        &["@s/a@1.2.3", "b@2.0.0"],
    ),
    (
        "yarn",
        "yarn.lock",
        "__metadata:\n  version: 8\n\n\"a@npm:^1.0.0\":\n  version: 1.0.1\n\n\"x@npm:real@^2\":\n  version: 2.1.0\n\n\"w@workspace:.\":\n  version: 0.0.0\n",
        &["a@1.0.1", "real@2.1.0"],
    ),
    (
        "pnpm install",
        "pnpm-lock.yaml",
        "lockfileVersion: '9.0'\npackages:\n\n  '@s/a@1.0.0':\n    resolution: {integrity: x}\n\n  b@2.0.0(a@1.0.0):\n    resolution: {}\n\nsnapshots:\n\n  c@3.0.0: {}\n",
        &["@s/a@1.0.0", "b@2.0.0"],
    ),
    (
        "pnpm install",
        "pnpm-lock.yaml",
        "packages:\n\n  /@s/a/1.0.0:\n    dev: true\n  /b/2.0.0:\n    dev: true\n",
        &["@s/a@1.0.0", "b@2.0.0"],
    ),
    (
        "bun install",
        "bun.lock",
        "{\n  // bun\n  \"packages\": {\n    \"a\": [\"a@1.0.0\", \"\", {}, \"sha512\"],\n  },\n}\n",
        &["a@1.0.0"],
    ),
    (
        "poetry install",
        "poetry.lock",
        "[[package]]\nname = \"A_b\"\nversion = \"1.0\"\n\n[package.dependencies]\nname = \"no\"\n\n[[package]]\nname = \"c\"\nversion = \"2.0\"\n",
        &["a-b@1.0", "c@2.0"],
    ),
    (
        "uv sync",
        "uv.lock",
        "version = 1\n[[package]]\nname = \"a\"\nversion = \"1.0\"\nsource = { registry = \"https://r.example\" }\n",
        &["a@1.0"],
    ),
    ("pdm install", "pdm.lock", "[[package]]\nname = \"a\"\nversion = \"1.0\"\n", &["a@1.0"]),
    (
        "pipenv install",
        "Pipfile.lock",
        r#"{"_meta":{"x":{}},"default":{"a":{"version":"==1.0"}},"develop":{"b":{"version":"==2.0"}}}"#,
        &["a@1.0", "b@2.0"],
    ),
    (
        "bundle install",
        "Gemfile.lock",
        "GEM\n  remote: https://r.example/\n  specs:\n    a (1.0)\n      b (>= 1)\n    b (2.0)\n\nPLATFORMS\n  ruby (1)\n",
        &["a@1.0", "b@2.0"],
    ),
    (
        "go mod download",
        "go.mod",
        "module x.example/y\n\ngo 1.22\n\nrequire (\n\ta.example/b v1.0.0 // indirect\n)\nrequire c.example/d v2.0.0\n",
        &["a.example/b@v1.0.0", "c.example/d@v2.0.0"],
    ),
];

#[test]
fn every_lock_is_read() {
    for (command, name, text, wanted) in LOCKS {
        assert_eq!(locked(command, &[(*name, *text)]), *wanted, "{name}");
    }
}

#[test]
fn every_manifest_is_read() {
    for (command, name, text, wanted) in [
        (
            "pip install .",
            "pyproject.toml",
            "[project]\ndependencies = [\"A>=1\", \"b[x]; python_version<'4'\"]\n[project.optional-dependencies]\ndev = [\"c\"]\n[build-system]\nrequires = [\"hatchling\"]\n[dependency-groups]\nt = [\"d\", {include-group=\"x\"}]\n",
            vec!["pypi:a", "pypi:b", "pypi:hatchling", "pypi:c", "pypi:d"],
        ),
        (
            "poetry install",
            "pyproject.toml",
            "[tool.poetry.dependencies]\npython = \"^3\"\na = \"^1\"\nb = {git = \"https://e.example/b.git\"}\n[tool.poetry.group.dev.dependencies]\nc = \"==1.0\"\n",
            vec!["pypi:a", "pypi:c@1.0"],
        ),
        (
            "pipenv install",
            "Pipfile",
            "[packages]\na = \"*\"\n[dev-packages]\nb = {version=\"==1.0\"}\n",
            vec!["pypi:a", "pypi:b@1.0"],
        ),
        (
            "bundle install",
            "Gemfile",
            "source 'https://r.example'\ngem 'a', '~> 1'\ngem(\"b\")\ngem 'c', github: 'x/c'\n# gem 'd'\n",
            vec!["gem:a", "gem:b"],
        ),
        (
            "brew bundle",
            "Brewfile",
            "tap \"qq/tap\"\nbrew \"a\"\ncask 'b'\nmas \"X\", id: 1\n",
            vec!["brew:a", "brew:b", "brew:tap:qq/tap"],
        ),
        (
            "conda env create -f environment.yml",
            "environment.yml",
            "name: x\nchannels:\n  - conda-forge\ndependencies:\n  - python=3.12\n  - a  # why\n  - pip:\n    - b==1.0\n    - -r more.txt\n  - c\n",
            vec!["conda:python@3.12", "conda:a", "conda:c", "pypi:b@1.0"],
        ),
        (
            "cargo install --path .",
            "Cargo.toml",
            "[dependencies]\na = \"1\"\nb = {path=\"../b\"}\nc = {package=\"real_c\", version=\"1\"}\nd.workspace = true\n[target.'cfg(unix)'.dependencies]\ne = \"1\"\n",
            vec!["cargo:a", "cargo:real-c", "cargo:e"],
        ),
    ] {
        let mut got = from(command, &[(name, text)]);
        let mut wanted: Vec<String> = wanted.into_iter().map(str::to_owned).collect();
        got.sort();
        wanted.sort();
        assert_eq!(got, wanted, "{name}");
    }
}

/// The command, a file of the project, its text, and what is asked about; nothing where that is as it should be.
const STEERS: &[(&str, &str, &str, Option<&str>)] = &[
    ("npm i a", ".npmrc", "registry=https://r.example/\n", Some("registry")),
    ("npm i a", ".npmrc", "@s:registry = https://r.example/\n", Some("@s:registry")),
    ("npm i a", ".npmrc", "ignore-scripts=false\n", Some("ignore-scripts")),
    ("npm i a", ".npmrc", "; registry=x\nsave-exact=true\nignore-scripts=true\n", None),
    ("yarn add a", ".yarnrc", "registry \"https://r.example\"\n", Some("registry")),
    (
        "yarn add a",
        ".yarnrc.yml",
        "npmRegistryServer: \"https://r.example\"\n",
        Some("npmRegistryServer"),
    ),
    ("yarn add a", ".yarnrc.yml", "enableScripts: true\n", Some("enableScripts")),
    ("yarn add a", ".yarnrc.yml", "nodeLinker: node-modules\nenableScripts: false\n", None),
    (
        "bun add a",
        "bunfig.toml",
        "[install]\nregistry = \"https://r.example\"\n",
        Some("install.registry"),
    ),
    (
        "cargo add a",
        ".cargo/config.toml",
        "[source.crates-io]\nreplace-with = \"x\"\n",
        Some("source"),
    ),
    (
        "cargo add a",
        ".cargo/config.toml",
        "[build]\nrustc-wrapper = \"./x\"\n",
        Some("build.rustc-wrapper"),
    ),
    (
        "cargo add a",
        ".cargo/config.toml",
        "[target.x86_64-unknown-linux-gnu]\nrunner = \"./x\"\n",
        Some("runner"),
    ),
    ("cargo add a", ".cargo/config.toml", "[build]\njobs = 2\n[alias]\nb = \"build\"\n", None),
    ("cargo add a", ".cargo/config.toml", "not toml [", Some("cannot be read")),
    ("uv add a", "uv.toml", "[[index]]\nurl = \"https://r.example\"\n", Some("index")),
    ("pip install -r r.txt", "r.txt", "--index-url https://r.example\na\n", Some("--index-url")),
    (
        "pip install -r r.txt",
        "r.txt",
        "--extra-index-url=https://r.example\n",
        Some("--extra-index-url"),
    ),
    ("pip install -r r.txt", "r.txt", "-ihttps://r.example\n", Some("-i")),
    (
        "poetry install",
        "pyproject.toml",
        "[[tool.poetry.source]]\nname=\"x\"\n",
        Some("tool.poetry.source"),
    ),
    ("uv sync", "pyproject.toml", "[[tool.uv.index]]\nurl=\"x\"\n", Some("tool.uv.index")),
    ("bundle install", "Gemfile", "source 'a'\nsource 'b'\n", Some("second source")),
    (
        "npm ci",
        "package-lock.json",
        r#"{"packages":{"node_modules/a":{"version":"1.0.0","resolved":"https://r.example/a"},"node_modules/b":{"version":"1.0.0","resolved":"https://r.example/b"},"node_modules/c":{"version":"1.0.0","resolved":"https://evil.example/c"}}}"#,
        Some("evil.example"),
    ),
    ("npm ci", "package-lock.json", "{", Some("cannot be read")),
    ("npm i --registry=https://r.example a", "x", "", Some("--registry")),
    ("npm i --registry https://r.example a", "x", "", Some("--registry")),
    ("npm_config_registry=https://r.example npm i a", "x", "", Some("npm_config_registry")),
    ("export NPM_CONFIG_REGISTRY=https://r.example; npm i a", "x", "", Some("NPM_CONFIG_REGISTRY")),
    ("npm_config_ignore_scripts=true npm i a", "x", "", None),
    ("npm i --ignore-scripts=false a", "x", "", Some("scripts")),
    ("PIP_INDEX_URL=https://r.example pip install a", "x", "", Some("PIP_INDEX_URL")),
    ("pip install --index-url https://r.example a", "x", "", Some("--index-url")),
    ("pip install -i https://r.example a", "x", "", Some("-i")),
    ("pip install --extra-index-url=https://r.example a", "x", "", Some("--extra-index-url")),
    ("pip install --no-index --find-links ./wheels a", "x", "", None),
    ("cargo install --index https://r.example a", "x", "", Some("--index")),
    ("GOPROXY=https://r.example go get a.example/b", "x", "", Some("GOPROXY")),
    ("GOFLAGS=-mod=mod go get a.example/b", "x", "", None),
    ("GOSUMDB=off go get a.example/b", "x", "", Some("GOSUMDB")),
    ("gem install -s https://r.example a", "x", "", Some("-s")),
    ("conda install -c evil a", "x", "", Some("-c")),
    ("conda install -c conda-forge a", "x", "", None),
    ("brew install --no-quarantine a", "x", "", Some("--no-quarantine")),
    ("pip install http://r.example/a.whl", "x", "", Some("in the clear")),
    ("pip install https://r.example/a.whl", "x", "", Some("archive")),
    ("npm i $UNKNOWN", "x", "", Some("cannot be derived")),
    ("pip install -r r.txt", "r.txt", "-r https://r.example/more.txt\n", Some("from an address")),
    ("pip install -r r.txt", "r.txt", "-fhttps://r.example/wheels\n", Some("-f")),
    ("pip install -r r.txt", "r.txt", "--find-links ./wheels\n", None),
    ("pip install -r r.txt", "r.txt", "\u{feff}a\t# why\n", None),
    (
        "cd sub/dir && cargo add a",
        ".cargo/config.toml",
        "[registries.x]\nindex = \"y\"\n",
        Some("registries"),
    ),
    ("cd sub && npm i a", ".npmrc", "registry=https://r.example\n", Some("registry")),
    ("npm i --@s:registry=https://r.example @s/a", "x", "", Some("@s:registry")),
    ("pnpm add --config.registry=https://r.example a", "x", "", Some("--config.registry")),
    ("uv pip install --allow-insecure-host r.example a", "x", "", Some("--allow-insecure-host")),
    ("GOFLAGS=-toolexec=./x go get a.example/b", "x", "", Some("GOFLAGS")),
    (
        "uv sync",
        "pyproject.toml",
        "[tool.uv.pip]\nindex-url=\"x\"\n",
        Some("tool.uv.pip.index-url"),
    ),
    ("uv add a", "uv.toml", "[pip]\nindex-url = \"x\"\n", Some("pip.index-url")),
    ("echo '-i https://r.example' > r.txt; pip install -r r.txt", "x", "", Some("-i")),
    (
        "curl -s https://r.example/r.txt | pip install -r /dev/stdin",
        "x",
        "",
        Some("cannot be derived"),
    ),
    ("npm i --ignore-scripts false a", "x", "", Some("scripts")),
];

#[test]
fn a_project_that_steers_its_installs_is_told() {
    for (command, name, text, told) in STEERS {
        let order = ordered(command, &[(*name, *text)]);
        let asked: Vec<&str> = order
            .findings
            .iter()
            .filter(|f| f.weight >= super::super::Weight::Ask)
            .map(|f| f.text.as_str())
            .collect();
        match told {
            Some(told) => {
                assert!(asked.iter().any(|t| t.contains(*told)), "{command} {text:?}: {asked:?}");
            }
            None => assert!(asked.is_empty(), "{command} {text:?}: {asked:?}"),
        }
    }
}
