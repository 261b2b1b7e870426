//! `sanctum secrets`: the verbs over the stores.
//!
//! What reveals a value (`get`, `copy`, `exec`, `export`) asks for the owner in person first; what changes a store is
//! recorded before it is done and read back after. No value passes through [`crate::output::Out`], an error, an argument
//! or the journal. Deliberately absent: which key opens what, which is `sanctum_secrets::resolve::Places`.

mod age;
mod bundle;
mod clipboard;
mod copy;
mod exec;
mod get;
mod house;
mod import;
mod memory;
mod rm;
mod set;
mod show;
mod stolen;
mod sync;

pub(super) use age::{ages, changes};
pub(super) use clipboard::Clipboard;
pub(super) use house::House;
pub(super) use memory::Memory;

use super::Context;
use crate::args::secrets::Secrets;
use crate::failure::{Exit, Failure};

/// Runs the verb.
pub fn run(context: &Context, verb: &Secrets) -> Result<Exit, Failure> {
    match verb {
        Secrets::List(args) => show::list(context, args),
        Secrets::Diff(args) => show::diff(context, args),
        Secrets::Get(args) => get::run(context, args),
        Secrets::Set(args) => set::run(context, args),
        Secrets::Copy(args) => copy::run(context, args),
        Secrets::Rm(args) => rm::run(context, args),
        Secrets::Sync(args) => sync::run(context, args),
        Secrets::Exec(args) => exec::run(context, args),
        Secrets::Import(args) => import::run(context, args),
        Secrets::Export(args) => bundle::export(context, args),
        Secrets::Drill(args) => bundle::drill(context, args),
        Secrets::Age(args) => age::run(context, args),
        Secrets::Stolen(args) => stolen::run(context, args),
    }
}
