//! `sanctum secrets copy`: a value on the clipboard for a while.
//!
//! This process stays until the clipboard is cleared; Ctrl-C, SIGTERM and the end of its terminal clear it at once. After
//! the value is handed over only its fingerprint is kept.

use super::clipboard::Clipboard;
use super::house::House;
use super::memory::passing_key;
use crate::args::secrets::Copy;
use crate::commands::Context;
use crate::failure::{Exit, Failure};
use crate::output::Paint;
use crate::presence;
use crate::record::{self, Deed};
use crate::signals;
use serde_json::json;
use std::sync::mpsc::channel;
use std::time::Duration;

pub(super) fn run(context: &Context, args: &Copy) -> Result<Exit, Failure> {
    let house = House::open(context)?;
    let (name, entry) = house.entry(&args.name)?;
    let clipboard = Clipboard::of(context, args.terminal)?;
    presence::require(context, &format!("copy `{name}`"))?;
    let deed = Deed::new("secrets.copy", name.as_str())
        .with("place", &entry.reference)
        .with("seconds", args.seconds);
    record::during(context, house.recorder(context), &deed, |notes| {
        // Whoever ends this early still finds somebody who clears.
        let (told, hear) = channel();
        signals::watch_terminal(move || told.send(()).is_ok())?;
        let key = passing_key()?;
        let value = house.value(&name, &entry.reference)?;
        let print = key.of(value.expose());
        clipboard.put(value.expose())?;
        drop(value);
        let seconds = args.seconds;
        context.out.progress(&format!(
            "`{name}` is on the clipboard for {seconds} s; Ctrl-C clears it now"
        ));
        // The time is over, or somebody wants it cleared: both end the waiting.
        let _ = hear.recv_timeout(Duration::from_secs(seconds.into()));
        let cleared = clipboard.clear(print, &key)?;
        notes.insert("cleared".to_owned(), cleared.to_string());
        let words = if cleared { "cleared" } else { "left alone: it holds something else now" };
        context.out.line(Paint::Good, &format!("the clipboard was {words}"));
        context.out.data(&json!({ "format": 1, "secret": name, "cleared": cleared }));
        Ok(Exit::Done)
    })
}
