//! `sanctum sops`: the original's verbs and flags over the house's own engine.
//!
//! What is written replaces a file as a whole and durably. Values go out on standard output, into a file that is asked
//! for, or into a child's environment; none is in an error or an argument of ours.

mod change;
mod code;
mod decrypt;
mod edit;
mod encrypt;
mod exec;
mod groups;
mod keys;

use super::Context;
use crate::args::sops::{
    Decrypt, Edit, Encrypt, InputType, Old, Output, Rotate, Set, Shared, Sops, SopsArgs, Types,
};
use crate::failure::{Exit, Failure};
use crate::surroundings::sops::SopsEnvironment;
use code::failed;
use sanctum_host::{HostError, files, private_io};
use sanctum_secrets::sops::config::Config;
use sanctum_secrets::sops::node::{self, PathError};
use sanctum_secrets::sops::opened::{Mac, Opened, open_owned};
use sanctum_secrets::sops::text::{Node, Scalar, Step};
use sanctum_secrets::sops::{Format, Identities, LIMIT, flat};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// What the verbs share.
struct Job<'a> {
    context: &'a Context,
    shared: &'a Shared,
    environment: SopsEnvironment,
    identities: Identities,
}

/// Runs the verb.
pub fn run(context: &Context, args: SopsArgs) -> Result<Exit, Failure> {
    private_io::no_core_dumps().map_err(|error| failed(code::GENERIC, error))?;
    if !args.shared.keyservice.is_empty()
        || args.shared.ignored.enable_local_keyservice == Some(false)
    {
        return Err(not_offered("a key service").hint("keys are tried in this process"));
    }
    let environment = SopsEnvironment::read();
    let identities = Identities::at(environment.sources.clone());
    let job = Job { context, shared: &args.shared, environment, identities };
    match args.verb {
        Some(Sops::Encrypt(args)) => encrypt::run(&job, &args),
        Some(Sops::Decrypt(args)) => decrypt::run(&job, &args),
        Some(Sops::Edit(args)) => edit::run(&job, &args),
        Some(Sops::Set(args)) => change::set(&job, &args),
        Some(Sops::Get(args)) => decrypt::get(&job, &args),
        Some(Sops::Unset(args)) => change::unset(&job, &args),
        Some(Sops::Rotate(args)) => keys::rotate(&job, &args),
        Some(Sops::UpdateKeys(args)) => keys::update(&job, &args),
        Some(Sops::ExecEnv(args)) => exec::environment(&job, &args),
        Some(Sops::ExecFile(args)) => exec::file(&job, &args),
        Some(Sops::FileStatus(args)) => decrypt::status(&job, &args),
        Some(Sops::Groups(args)) => groups::run(&job, &args.verb),
        Some(Sops::Publish(_)) => Err(not_offered("`sops publish`")
            .hint("an encrypted file is copied as it is; `sanctum sops updatekeys` sets its keys")),
        Some(Sops::KeyService(_)) => Err(not_offered("`sops keyservice`")
            .hint("keys are tried in this process; no other one is asked or served")),
        Some(Sops::Completion(_)) => {
            Err(not_offered("`sops completion`")
                .hint("`sanctum completions` writes those of sanctum"))
        }
        None => old(&job, args.old),
    }
}

/// Something of the original that is not here.
fn not_offered(what: &str) -> Failure {
    failed(code::GENERIC, format!("{what} is not offered by sanctum"))
}

/// The older form: a flag says the verb, and without one the file is edited.
fn old(job: &Job<'_>, old: Old) -> Result<Exit, Failure> {
    let Old { file, way, closing, change, extract, ignore_mac, show_master_keys, .. } = old;
    if old.decrypt {
        return decrypt::run(job, &Decrypt { file, extract, ignore_mac, way });
    }
    if old.encrypt {
        return encrypt::run(job, &Encrypt { file, way, closing });
    }
    let Some(file) = file else {
        return Err(failed(code::NO_FILE, "no file was named"));
    };
    if old.rotate {
        return keys::rotate(job, &Rotate { file, ignore_mac, way, change });
    }
    let types = way.types;
    if let Some(set) = old.set {
        let (index, value) = set
            .rsplit_once("] ")
            .ok_or_else(|| failed(code::SET_FORMAT, "--set takes an index and a value"))?;
        let (index, value) = (format!("{index}]"), Some(value.to_owned()));
        return change::set(job, &Set { file, index, value, ignore_mac, types, ..Set::default() });
    }
    edit::run(job, &Edit { file, show_master_keys, ignore_mac, types, closing })
}

/// What an encrypted or plain input is, and what it goes to.
struct Formats {
    input: Format,
    output: Format,
}

/// By the words, else by the name.
fn formats(file: Option<&Path>, types: &Types) -> Result<Formats, Failure> {
    let word = |word: &Option<String>| match word.as_deref() {
        None => Ok(None),
        Some(word) => Format::of_word(word).map(Some).ok_or_else(|| {
            failed(
                code::GENERIC,
                format!("`{word}` is no format: yaml, json, dotenv, ini or binary"),
            )
        }),
    };
    let name = types.filename_override.as_deref().or(file);
    let named = name.map(Format::of_path);
    let said = word(&types.input_type)?;
    let input = said.or(named).unwrap_or(Format::Binary);
    // A name without a known ending says nothing about the output; the original takes it for binary.
    let output = word(&types.output_type)?;
    let output = output.or(named.filter(|format| *format != Format::Binary)).unwrap_or(input);
    Ok(Formats { input, output })
}

/// The format of a file that is only read.
fn input_format(file: &Path, said: &InputType) -> Result<Format, Failure> {
    let types = Types { input_type: said.input_type.clone(), ..Types::default() };
    Ok(formats(Some(file), &types)?.input)
}

/// The bytes of a file.
fn read(file: &Path) -> Result<Zeroizing<Vec<u8>>, Failure> {
    files::read(file, LIMIT).map(Zeroizing::new).map_err(|error| match &error {
        HostError::Io { source, .. } if source.kind() == std::io::ErrorKind::NotFound => {
            failed(code::NO_FILE, error)
        }
        _ => failed(code::INPUT, error),
    })
}

/// The bytes of a file, or of standard input.
fn input(file: Option<&Path>) -> Result<Zeroizing<Vec<u8>>, Failure> {
    match file {
        Some(file) => read(file),
        None => {
            let mut bytes = Zeroizing::new(Vec::new());
            std::io::stdin()
                .lock()
                .take(LIMIT + 1)
                .read_to_end(&mut bytes)
                .map_err(|error| failed(code::INPUT, error))?;
            if bytes.len() as u64 > LIMIT {
                let text = format!("standard input is longer than {LIMIT} bytes");
                return Err(failed(code::INPUT, text));
            }
            Ok(bytes)
        }
    }
}

impl Job<'_> {
    /// Opens an encrypted file, or standard input.
    fn open(
        &self,
        file: Option<&Path>,
        format: Format,
        ignore_mac: bool,
    ) -> Result<Opened, Failure> {
        let mac = if ignore_mac { Mac::Ignore } else { Mac::Check };
        open_owned(input(file)?, format, &self.identities, mac).map_err(code::of)
    }

    /// The configuration for a file: the one that was said, else the nearest.
    fn config(&self, file: &Path) -> Result<Option<Config>, Failure> {
        let said = self.shared.config.clone().or_else(|| self.environment.config.clone());
        match said.or_else(|| Config::find(&self.absolute(file))) {
            Some(path) => Config::load(&self.absolute(&path)).map(Some).map_err(code::of_config),
            None => {
                if let Some(path) = Config::misnamed(&self.absolute(file)) {
                    self.context
                        .out
                        .warn(&format!("{} is not read: the name is .sops.yaml", path.display()));
                }
                Ok(None)
            }
        }
    }

    /// The name as the rules see it: from the root, without following links.
    fn absolute(&self, file: &Path) -> PathBuf {
        let mut whole = PathBuf::new();
        for part in self.environment.directory.join(file).components() {
            match part {
                std::path::Component::ParentDir => {
                    whole.pop();
                }
                std::path::Component::CurDir => {}
                part => whole.push(part),
            }
        }
        whole
    }

    /// Puts the result where it was asked for.
    fn emit(&self, bytes: &[u8], out: &Output, file: Option<&Path>) -> Result<Exit, Failure> {
        let target = match (out.in_place, &out.output, file) {
            (true, Some(_), _) => {
                return Err(failed(
                    code::CONFLICT,
                    "--in-place and --output contradict each other",
                ));
            }
            (true, None, None) => {
                return Err(failed(code::NO_FILE, "standard input cannot be replaced"));
            }
            (true, None, Some(file)) => Some(file),
            (false, Some(output), _) => Some(output.as_path()),
            (false, None, _) => None,
        };
        match target {
            Some(target) => self.replace(target, bytes),
            None => {
                let written = self.context.out.bytes(bytes);
                written.map_err(|error| failed(code::OUTPUT, error))?;
                Ok(Exit::Done)
            }
        }
    }

    /// Replaces a file durably.
    fn replace(&self, file: &Path, bytes: &[u8]) -> Result<Exit, Failure> {
        files::replace(file, bytes).map_err(|error| failed(code::OUTPUT, error))?;
        let told = serde_json::json!({ "format": 1, "written": file.display().to_string() });
        self.context.out.data(&told);
        Ok(Exit::Done)
    }
}

/// An index as the original writes it.
fn index(text: &str, code: u8) -> Result<Vec<Step>, Failure> {
    node::indexed(text).map_err(|error: PathError| {
        failed(code, error).hint("write it as the original does: '[\"key\"][0]'")
    })
}

/// A value or branch as the original prints it: text as it is, else in the format.
fn shown(
    node: &Node,
    format: Format,
    indent: Option<usize>,
) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let text = match node {
        Node::Scalar(Scalar::Str(text)) => text.clone(),
        Node::Scalar(scalar) => {
            let mut text = Zeroizing::new(flat::text(scalar).unwrap_or_else(|| "null".to_owned()));
            if format == Format::Yaml {
                text.push('\n');
            }
            text
        }
        Node::List(_) | Node::Map(_) => {
            let mut text =
                format.fragment(node, indent).map_err(|error| failed(code::DUMP, error))?;
            // A branch is a document of its own, which ends its last line; a list is not.
            if matches!(node, Node::Map(_)) && !text.ends_with('\n') {
                text.push('\n');
            }
            text
        }
    };
    Ok(Zeroizing::new(text.as_bytes().to_vec()))
}
