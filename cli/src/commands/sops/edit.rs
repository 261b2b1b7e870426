//! `edit`: the document in clear, in a private file in memory, in the owner's editor.

use super::change::same;
use super::{Job, code, encrypt, failed, read};
use crate::args::sops::Edit;
use crate::failure::{Exit, Failure};
use crate::signals;
use sanctum_host::files::{self, TempDir};
use sanctum_host::owner_command::{self, Start};
use sanctum_host::{clock, command, private_io};
use sanctum_secrets::sops::identities::words;
use sanctum_secrets::sops::opened::{Mac, Opened, Recipe, encrypt as close, open_with};
use sanctum_secrets::sops::{Format, LIMIT, SopsError};
use std::path::Path;
use zeroize::Zeroizing;

/// The editors that the original looks for.
const EDITORS: [&str; 3] = ["vim", "nano", "vi"];

/// What is being edited.
enum Subject {
    /// A file that is there, with the bytes that were read.
    Old(Box<Opened>, Zeroizing<Vec<u8>>),
    /// One that is to be made.
    New(Box<Recipe>),
}

/// `sanctum sops edit`.
pub(super) fn run(job: &Job<'_>, args: &Edit) -> Result<Exit, Failure> {
    if args.show_master_keys {
        return Err(super::not_offered("--show-master-keys")
            .hint("`groups`, `updatekeys` and `rotate` change who can open a file"));
    }
    let format = same(&args.file, &args.types)?;
    let mut subject = subject(job, args, format)?;
    let before = match &subject {
        Subject::Old(opened, _) => opened.plain().map_err(code::of)?,
        Subject::New(_) => Zeroizing::new(example(format).as_bytes().to_vec()),
    };
    let mut line = editor(job)?;
    let failure = |error| failed(code::OUTPUT, error);
    let dir = TempDir::in_memory().map_err(failure)?;
    let name =
        args.file.file_name().ok_or_else(|| failed(code::NO_FILE, "the file has no name"))?;
    let path = dir.path().join(name);
    signals::outlive()?;
    files::write_new(&path, &before).map_err(failure)?;
    line.push(path.display().to_string());
    let text = loop {
        let after = edited(&line, &path, &before);
        match after.and_then(|after| again(job, seal(&mut subject, format, &after))) {
            Ok(None) => {}
            Ok(Some(text)) => break Ok(text),
            Err(failure) => break Err(failure),
        }
    };
    private_io::wipe(&path).map_err(failure)?;
    let text = text?;
    if let Subject::Old(_, read) = &subject {
        let now = files::read(&args.file, LIMIT).map(Zeroizing::new).map_err(failure)?;
        if now != *read {
            return Err(failed(
                code::OUTPUT,
                "the file was changed by somebody else while it was edited",
            )
            .hint("what you typed was not kept; edit it again"));
        }
    }
    job.replace(&args.file, text.as_bytes())
}

fn subject(job: &Job<'_>, args: &Edit, format: Format) -> Result<Subject, Failure> {
    if files::is_there(&args.file) {
        let bytes = read(&args.file)?;
        let mac = if args.ignore_mac { Mac::Ignore } else { Mac::Check };
        let opened = open_with(&bytes, format, &job.identities, mac).map_err(code::of)?;
        return Ok(Subject::Old(Box::new(opened), bytes));
    }
    let config = job.config(&args.file)?;
    let recipe = encrypt::recipe(job, config.as_ref(), &args.file, &args.closing)?;
    Ok(Subject::New(Box::new(recipe)))
}

/// What a new document begins with.
const fn example(format: Format) -> &'static str {
    match format {
        Format::Yaml => "# What stands here is encrypted when the editor ends.\nexample: value\n",
        Format::Json => "{\n\t\"example\": \"value\"\n}\n",
        Format::Dotenv => "# What stands here is encrypted when the editor ends.\nEXAMPLE=value\n",
        Format::Ini => {
            "; What stands here is encrypted when the editor ends.\n[section]\nexample = value\n"
        }
        Format::Binary => "What stands here is encrypted when the editor ends.\n",
    }
}

fn editor(job: &Job<'_>) -> Result<Vec<String>, Failure> {
    let none =
        || failed(code::EDITOR, "there is no editor").hint("set EDITOR or SOPS_EDITOR to one");
    match &job.environment.editor {
        Some(line) => words(line).filter(|words| !words.is_empty()).ok_or_else(none),
        None => command::find_program(&EDITORS)
            .map(|path| vec![path.as_str().to_owned()])
            .ok_or_else(none),
    }
}

/// What the editor made of the text.
fn edited(line: &[String], path: &Path, before: &[u8]) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let status = owner_command::status(line, &Start::default())
        .map_err(|error| failed(code::EDITOR, error))?;
    if status != 0 {
        return Err(failed(code::EDITOR, format!("the editor ended with status {status}")));
    }
    let after = files::read(path, LIMIT).map(Zeroizing::new);
    let after = after.map_err(|error| failed(code::INPUT, error))?;
    if *after == before {
        return Err(failed(code::UNCHANGED, "the file has not changed"));
    }
    Ok(after)
}

/// What was sealed; nothing when the owner goes back to the editor, which he can at a terminal.
fn again(
    job: &Job<'_>,
    sealed: Result<Zeroizing<String>, SopsError>,
) -> Result<Option<Zeroizing<String>>, Failure> {
    match sealed {
        Err(error @ (SopsError::Text(_) | SopsError::NotUtf8)) if job.context.around.terminal => {
            job.context.out.warn(&sanctum_types::chain(&error));
            let back = super::super::ask(job.context, false, "Back to the editor?");
            back.map(|()| None).map_err(|_| code::of_input(error))
        }
        sealed => sealed.map(Some).map_err(code::of_input),
    }
}

fn seal(
    subject: &mut Subject,
    format: Format,
    after: &[u8],
) -> Result<Zeroizing<String>, SopsError> {
    match subject {
        Subject::Old(opened, _) => {
            opened.replace(after)?;
            opened.sealed(clock::now())
        }
        Subject::New(recipe) => close(after, format, recipe)?.sealed(clock::now()),
    }
}
