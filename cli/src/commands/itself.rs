//! `sanctum self`: this binary, where privileged jobs may run it from.

use super::Context;
use crate::args::Itself;
use crate::failure::{Exit, Failure};
use crate::output::Paint;
use crate::record::{self, Deed, Recorder};
use sanctum_host::install::{self, Installed};
use std::path::PathBuf;

/// Runs the verb.
pub fn run(context: &Context, verb: &Itself) -> Result<Exit, Failure> {
    let (action, prefix) = match verb {
        Itself::Install { prefix } => ("self.install", absolute(prefix)?),
        Itself::Rollback { prefix } => ("self.rollback", absolute(prefix)?),
    };
    let recorder = Recorder::of_account(&context.around);
    let shown = prefix.display().to_string();
    let done = record::during(context, recorder, &Deed::new(action, &shown), |notes| {
        let done = match verb {
            Itself::Install { .. } => {
                install::install(&prefix, env!("CARGO_PKG_VERSION"), &binaries(context)?)
            }
            Itself::Rollback { .. } => install::rollback(&prefix),
        };
        let done = done.map_err(|error| {
            Failure::refused(error)
                .hint("the prefix and every directory above it must belong to root and be closed to others")
                .hint("as root: sudo sanctum self install")
        })?;
        notes.insert("version".to_owned(), done.version.clone());
        Ok(done)
    })?;
    report(context, &done);
    Ok(Exit::Done)
}

fn absolute(prefix: &std::path::Path) -> Result<PathBuf, Failure> {
    Ok(std::path::absolute(prefix)?)
}

/// This binary and its companion beside it.
fn binaries(context: &Context) -> Result<Vec<PathBuf>, Failure> {
    let Some(exe) = &context.around.exe else {
        return Err(Failure::failed("cannot tell where this binary is"));
    };
    Ok(vec![exe.with_file_name("sanctum"), exe.with_file_name("sanctumd")])
}

fn report(context: &Context, done: &Installed) {
    context.out.data(&serde_json::json!({
        "format": 1, "bin": done.bin, "version": done.version, "previous": done.previous,
    }));
    let before = done.previous.as_deref().unwrap_or("none");
    context.out.line(Paint::Good, &format!("{} is version {}", done.bin.display(), done.version));
    context.out.line(Paint::Plain, &format!("the one before: {before}"));
}
