//! What a file's name says about its text: code, settings, credentials, or a list of hashes.
//!
//! A name only changes how bare values are read and which grammars are tried. Exact kinds are found in
//! every file, whatever it is called.

/// How the values of a text are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// No name: the text of a message or a pipe.
    Unknown,
    /// A name that says nothing, or that of a document.
    Text,
    /// A programming language: a bare value is an expression.
    Code,
    /// Settings: a bare value is text.
    Settings,
    /// A file that programs keep credentials in: a word is a password there too.
    Credentials(Form),
    /// A dump of a database.
    Dump,
    /// Lock files, source maps, minified code, images: only exact kinds.
    Machine,
}

/// How a file of credentials writes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Names and values like other settings.
    Named,
    /// `machine H login U password P` (netrc(5)).
    Netrc,
    /// `host:port:database:user:password` (libpq, "The Password File").
    Pgpass,
    /// `user:hash` and further fields (shadow(5), htpasswd(1), proftpd's AuthUserFile).
    Hashes,
    /// The whole file is one key.
    Whole,
}

/// Extensions of programming languages.
const CODE: &[&str] = &[
    "rs", "py", "pyi", "go", "c", "h", "cc", "cpp", "cxx", "hpp", "hh", "cs", "java", "kt", "kts",
    "scala", "swift", "m", "mm", "js", "jsx", "mjs", "cjs", "ts", "tsx", "mts", "vue", "svelte",
    "rb", "php", "pl", "pm", "lua", "r", "ex", "exs", "erl", "hrl", "hs", "ml", "mli", "fs", "vb",
    "dart", "groovy", "gradle", "clj", "coffee", "zig", "nim", "jl", "sol", "proto", "graphql",
    "css", "scss", "less", "html", "htm", "erb", "haml", "jsp", "asp", "aspx", "s", "asm", "v",
    "sv", "el", "lisp", "scm", "y", "l", "pyx", "pxd", "cmake", "jinja", "j2", "tmpl", "tpl",
    "rake", "gemspec", "thrift", "fbs", "wat", "d", "di", "in", "am", "ac", "m4",
];
/// Extensions of settings; JSON's strings are quoted, so it counts as neither.
const SETTINGS: &[&str] = &[
    "env",
    "ini",
    "cfg",
    "conf",
    "cnf",
    "config",
    "properties",
    "yml",
    "yaml",
    "toml",
    "tfvars",
    "envrc",
    "credentials",
    "creds",
    "desktop",
    "service",
    "plist",
    "reg",
    "secrets",
    "ovpn",
    "sh",
    "bash",
    "zsh",
    "ksh",
    "profile",
];
/// Extensions of lists that machines write.
const MACHINE: &[&str] =
    &["lock", "map", "svg", "sum", "lockb", "snap", "pbxproj", "ipynb", "po", "pot", "csv"];
/// Names of files that programs keep credentials in.
const CREDENTIALS: &[&str] = &[
    ".dockercfg",
    ".npmrc",
    ".pypirc",
    ".s3cfg",
    ".boto",
    ".credentials",
    "credentials",
    ".env",
    ".ftpconfig",
    ".remote-sync.json",
    "sftp-config.json",
    "sftp.json",
    ".esmtprc",
    ".msmtprc",
    ".fetchmailrc",
    ".muttrc",
    ".tugboat",
    "wp-config.php",
    "filezilla.xml",
    "recentservers.xml",
    "sitemanager.xml",
    "webservers.xml",
    "robomongo.json",
    "ventrilo_srv.ini",
    "dbeaver-data-sources.xml",
    "data-sources.xml",
    "deployment-config.json",
    "logins.json",
    "hub",
    "hosts.yml",
    "heroku.json",
    "database.yml",
    "mongoid.yml",
    "secrets.yml",
    ".my.cnf",
    "my.cnf",
    ".mylogin.cnf",
    ".htaccess",
    ".git-credentials",
    ".s3curl",
    ".dbshell",
    "settings.xml",
    "config.php",
    ".yarnrc",
    ".gemrc",
    ".curlrc",
    ".wgetrc",
    ".rclone.conf",
    "rclone.conf",
    ".cargo/credentials.toml",
    "wpa_supplicant.conf",
    "davfs2/secrets",
    ".smbcredentials",
    ".pass",
    ".vnc/passwd",
    "terraform.tfvars",
    ".streamlit/secrets.toml",
    "local.settings.json",
    "secrets.json",
    "secrets.toml",
    "secrets.env",
];

impl Kind {
    /// The kind of a file by its name or path.
    pub(crate) fn of_path(path: &str) -> Self {
        let lower = path.replace('\\', "/").to_ascii_lowercase();
        let name = lower.rsplit('/').next().unwrap_or_default();
        if let Some(form) = form_of(&lower, name) {
            return Self::Credentials(form);
        }
        let ext = name.rsplit_once('.').map_or("", |(_, ext)| ext);
        let lock = [
            "package-lock.json",
            "npm-shrinkwrap.json",
            "pnpm-lock.yaml",
            "go.sum",
            ".cargo-checksum.json",
        ];
        if lock.contains(&name)
            || name.contains(".min.")
            || lower.contains("vectors")
            || MACHINE.contains(&ext)
        {
            return Self::Machine;
        }
        if matches!(ext, "sql" | "dump") {
            return Self::Dump;
        }
        let code_name = ["makefile", "rakefile", "gemfile", "cmakelists.txt", "build.gradle"];
        if CODE.contains(&ext) || code_name.contains(&name) {
            return Self::Code;
        }
        let shell = [".bash", ".zsh", ".profile", ".envrc", ".exports", ".env"];
        if SETTINGS.contains(&ext) || shell.iter().any(|start| name.starts_with(start)) {
            return Self::Settings;
        }
        Self::Text
    }
}

fn form_of(path: &str, name: &str) -> Option<Form> {
    let ends = |tail: &str| {
        path.strip_suffix(tail).is_some_and(|head| head.is_empty() || head.ends_with('/'))
    };
    match name {
        ".netrc" | "_netrc" | "netrc" => return Some(Form::Netrc),
        ".pgpass" | "pgpass.conf" => return Some(Form::Pgpass),
        "shadow" | "shadow-" | "gshadow" | ".htpasswd" | "htpasswd" | "proftpdpasswd"
        | "ftpd.passwd" | "passwd" | "master.passwd" => return Some(Form::Hashes),
        "master.key" | ".vault_pass" | ".vault-password" => return Some(Form::Whole),
        _ => {}
    }
    let shell = [".bash", ".zsh", ".profile", ".exports", ".zprofile"];
    if shell.iter().any(|start| name.starts_with(start)) {
        return Some(Form::Named);
    }
    if name.starts_with(".env")
        && !["example", "sample", "template", "dist"].iter().any(|e| name.contains(e))
    {
        return Some(Form::Named);
    }
    let tests = ["test", "spec", "example", "sample", "template", "fixture"];
    let named = CREDENTIALS.iter().any(|tail| ends(tail))
        || ends(".docker/config.json")
        || ends("prod.secret.exs")
        || ends("config/prod.exs");
    (named && !tests.iter().any(|word| name.contains(word))).then_some(Form::Named)
}
