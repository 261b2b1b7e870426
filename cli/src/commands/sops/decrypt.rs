//! `decrypt`, `get` and `filestatus`: looking, without changing.

use super::{Job, code, failed, formats, index, input_format, shown};
use crate::args::sops::{Decrypt, FileStatus, Get};
use crate::failure::{Exit, Failure};
use sanctum_host::files;
use sanctum_secrets::sops::node;
use sanctum_secrets::sops::opened::Opened;
use sanctum_secrets::sops::text::{Node, Scalar};
use sanctum_secrets::sops::{Format, LIMIT, SopsError};
use zeroize::Zeroizing;

/// `sanctum sops decrypt`.
pub(super) fn run(job: &Job<'_>, args: &Decrypt) -> Result<Exit, Failure> {
    let file = args.file.as_deref();
    let formats = formats(file, &args.way.types)?;
    let path = args.extract.as_deref().map(|text| index(text, code::INDEX)).transpose()?;
    let opened = job.open(file, formats.input, args.ignore_mac)?;
    let indent = job.shared.indent.map(usize::from);
    let bytes = match path {
        Some(path) => {
            let node = opened.extract(&path).map_err(code::of)?;
            shown(&node, formats.output, indent)?
        }
        None if opened.format() == formats.output && indent.is_none() => {
            opened.into_plain().map_err(code::of)?
        }
        None => plain(&opened, formats.output, indent)?,
    };
    job.emit(&bytes, &args.way.out, file)
}

/// A document in clear, in a format.
pub(super) fn plain(
    opened: &Opened,
    format: Format,
    indent: Option<usize>,
) -> Result<Zeroizing<Vec<u8>>, Failure> {
    if opened.format() == format && indent.is_none() {
        return opened.plain().map_err(code::of);
    }
    let tree = opened.extract(&[]).map_err(code::of)?;
    if format == Format::Binary {
        return match tree.get("data") {
            Some(Node::Scalar(Scalar::Str(_))) => Ok(opened.binary().map_err(code::of)?.clone()),
            _ => Err(failed(code::DUMP, "the document has no text `data`, which a binary file is")),
        };
    }
    let text = format.compose(&tree, indent).map_err(|error| failed(code::DUMP, error))?;
    Ok(Zeroizing::new(text.render().as_bytes().to_vec()))
}

/// `sanctum sops get`.
pub(super) fn get(job: &Job<'_>, args: &Get) -> Result<Exit, Failure> {
    let formats = formats(Some(&args.file), &args.types)?;
    let path = if args.path.starts_with('[') {
        node::indexed(&args.path)
    } else {
        node::dotted(&args.path)
    };
    let path = path.map_err(|error| failed(code::INDEX, error))?;
    let opened = job.open(Some(&args.file), formats.input, false)?;
    let bytes = match (formats.input, &path[..]) {
        // The bytes of a binary file may be no text.
        (Format::Binary, [_]) => opened.binary().map_err(code::of)?.clone(),
        _ => shown(
            &opened.extract(&path).map_err(code::of)?,
            formats.output,
            job.shared.indent.map(usize::from),
        )?,
    };
    let written = job.context.out.bytes(&bytes);
    written.map_err(|error| failed(code::OUTPUT, error))?;
    Ok(Exit::Done)
}

/// `sanctum sops filestatus`: JSON on one line, as the original prints it.
pub(super) fn status(job: &Job<'_>, args: &FileStatus) -> Result<Exit, Failure> {
    let format = input_format(&args.file, &args.format)?;
    let bytes = files::read(&args.file, LIMIT).map_err(|error| failed(code::GENERIC, error))?;
    let encrypted = is_encrypted(&bytes, format).map_err(code::of)?;
    job.context.out.raw(&format!("{}\n", serde_json::json!({ "encrypted": encrypted })));
    Ok(Exit::Done)
}

/// Whether a file has metadata. What is no document of its format has none, as a plain binary file.
pub(super) fn is_encrypted(bytes: &[u8], format: Format) -> Result<bool, SopsError> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(_) if format == Format::Binary => return Ok(false),
        Err(_) => return Err(SopsError::NotUtf8),
    };
    match format.parse(text) {
        Ok(text) => Ok(text.metadata(0)?.is_some()),
        Err(_) if format == Format::Binary => Ok(false),
        Err(error) => Err(error.into()),
    }
}
