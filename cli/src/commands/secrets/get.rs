//! `sanctum secrets get`: one value, for the owner's eyes.
//!
//! It goes to a terminal as text, or as it is into what `--stdout` names; a pipe that nobody asked for gets nothing.

use super::house::House;
use crate::args::secrets::Get;
use crate::commands::Context;
use crate::failure::{Exit, Failure};
use crate::presence;
use crate::record::{self, Deed};
use sanctum_host::private_io;

pub(super) fn run(context: &Context, args: &Get) -> Result<Exit, Failure> {
    if context.out.json {
        return Err(Failure::new(Exit::Usage, "a value is no part of a report")
            .hint("leave --json out; --stdout writes the bytes as they are"));
    }
    if !args.stdout && !context.around.screen {
        return Err(Failure::refused(
            "standard output is no terminal, so the value would go where nobody sees it",
        )
        .hint("say --stdout when that is what you want"));
    }
    let house = House::open(context)?;
    let (name, entry) = house.entry(&args.name)?;
    presence::require(context, &format!("show `{name}`"))?;
    let deed = Deed::new("secrets.get", name.as_str()).with("place", &entry.reference);
    record::during(context, house.recorder(context), &deed, |_| {
        let value = house.value(&name, &entry.reference)?;
        let bytes = value.expose();
        if args.stdout {
            private_io::write_stdout(bytes)?;
            return Ok(Exit::Done);
        }
        let plain = |text: &str| !text.chars().any(|c| c.is_control() && c != '\n' && c != '\t');
        if !std::str::from_utf8(bytes).is_ok_and(plain) {
            // What a terminal would act on is not shown to one.
            return Err(Failure::refused("the value is not text that a terminal can show")
                .hint("--stdout writes it as it is"));
        }
        private_io::write_stdout(bytes)?;
        if bytes.last() != Some(&b'\n') {
            private_io::write_stdout(b"\n")?;
        }
        Ok(Exit::Done)
    })
}
