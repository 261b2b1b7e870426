//! `set` and `unset`: one value, one changed line.

use super::{Job, code, failed, index};
use crate::args::sops::{Set, Types, Unset};
use crate::failure::{Exit, Failure};
use sanctum_host::clock;
use sanctum_secrets::sops::json::node_of;
use sanctum_secrets::sops::opened::Opened;
use sanctum_secrets::sops::text::{Node, Scalar, TextError};
use sanctum_secrets::sops::{Format, SopsError};
use std::path::Path;
use zeroize::Zeroizing;

/// `sanctum sops set`.
pub(super) fn set(job: &Job<'_>, args: &Set) -> Result<Exit, Failure> {
    let path = index(&args.index, code::SET_FORMAT)?;
    let format = same(job, &args.file, &args.types)?;
    let value = value(job, args)?;
    let mut opened = job.open(Some(&args.file), format, args.ignore_mac)?;
    if args.idempotent && opened.extract(&path).is_ok_and(|old| plainly(&old) == plainly(&value)) {
        return Ok(Exit::Done);
    }
    opened.set(&path, &value).map_err(code::of)?;
    save(job, &mut opened, &args.file)
}

/// Numbers are equal by what they count, not by how they are written.
fn plainly(node: &Node) -> Node {
    match node {
        Node::Scalar(Scalar::Int(whole)) => Node::Scalar(Scalar::Float(*whole as f64)),
        Node::Scalar(_) => node.clone(),
        Node::List(items) => Node::List(items.iter().map(plainly).collect()),
        Node::Map(entries) => {
            Node::Map(entries.iter().map(|(key, node)| (key.clone(), plainly(node))).collect())
        }
    }
}

fn value(job: &Job<'_>, args: &Set) -> Result<Node, Failure> {
    let bytes = match (&args.value, args.value_file) {
        (None, _) => job.input(None)?,
        (Some(file), true) => job.file(Path::new(file))?,
        (Some(text), false) => Zeroizing::new(text.clone().into_bytes()),
    };
    let text = std::str::from_utf8(&bytes).map_err(|error| failed(code::SET_FORMAT, error))?;
    node_of(text).map_err(|error| {
        failed(code::SET_FORMAT, error).hint("a value is JSON: a text stands between double quotes")
    })
}

/// `sanctum sops unset`.
pub(super) fn unset(job: &Job<'_>, args: &Unset) -> Result<Exit, Failure> {
    let path = index(&args.index, code::SET_FORMAT)?;
    let format = same(job, &args.file, &args.types)?;
    let mut opened = job.open(Some(&args.file), format, args.ignore_mac)?;
    match opened.unset(&path) {
        Err(SopsError::Text(TextError::NotThere(_))) if args.idempotent => return Ok(Exit::Done),
        done => done.map_err(code::of)?,
    }
    save(job, &mut opened, &args.file)
}

/// The one format of a file that stays what it is.
pub(super) fn same(job: &Job<'_>, file: &Path, types: &Types) -> Result<Format, Failure> {
    let formats = job.formats(Some(file), types)?;
    if types.output_type.is_some() && formats.output != formats.input {
        return Err(failed(code::GENERIC, "a file that is changed in place keeps its format"));
    }
    Ok(formats.input)
}

/// Closes a document and replaces its file.
pub(super) fn save(job: &Job<'_>, opened: &mut Opened, file: &Path) -> Result<Exit, Failure> {
    let text = opened.sealed(clock::now()).map_err(code::of)?;
    job.replace(file, text.as_bytes())
}
