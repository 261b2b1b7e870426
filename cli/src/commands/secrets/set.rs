//! `sanctum secrets set`: a value into its source and every cache.
//!
//! It is typed twice without being shown, or comes from standard input or the clipboard; never from an argument. All
//! places must answer before the first is written. The source goes first, so that what was cut off is finished by
//! `secrets sync`.

use super::clipboard::Clipboard;
use super::house::{House, kept};
use crate::args::secrets::Set;
use crate::commands::Context;
use crate::failure::{Exit, Failure};
use crate::output::Paint;
use crate::record::{self, Deed, Notes};
use sanctum_host::{passphrase, private_io};
use sanctum_secrets::house::{HouseKey, Seen, Sight, first_identity, sync};
use sanctum_secrets::stores::{LONGEST, Value};
use sanctum_types::ServiceName;
use serde_json::json;
use zeroize::Zeroizing;

pub(super) fn run(context: &Context, args: &Set) -> Result<Exit, Failure> {
    let house = House::open(context)?;
    let (name, entry) = house.entry(&args.name)?;
    let key = house.key(context)?;
    let seen = reachable(&house, Seen::of(&house.stores(), kept(&name, entry), &key))?;
    let value = ask(context, args, &name)?;
    if !args.any_shape {
        shape(&name, &value)?;
    }
    let after = key.of(value.expose());
    let stale = seen.places().filter(|(_, sight)| sight.fingerprint() != Some(after)).count();
    if stale == 0 {
        context.out.line(Paint::Good, &format!("`{name}` has that value already, everywhere"));
        report(context, &name, false, 0);
        return Ok(Exit::Done);
    }
    let deed = Deed::new("secrets.set", name.as_str()).with("place", &entry.reference);
    let written = record::during(context, house.recorder(context), &deed, |notes| {
        put(&house, &seen, &value, &key, notes)
    })?;
    context
        .out
        .line(Paint::Good, &format!("`{name}` is in {written} of {written} places, read back"));
    report(context, &name, true, written);
    Ok(Exit::Done)
}

fn report(context: &Context, name: &ServiceName, changed: bool, written: usize) {
    context
        .out
        .data(&json!({ "format": 1, "secret": name, "changed": changed, "written": written }));
}

/// The same, where every place answered.
pub(super) fn reachable(house: &House, seen: Seen) -> Result<Seen, Failure> {
    let away = seen.places().find_map(|(place, sight)| match sight {
        Sight::Unreachable(cause) => Some(format!("{place} did not answer: {cause}")),
        Sight::Present(_) | Sight::Absent => None,
    });
    match away {
        None => Ok(seen),
        Some(words) => Err(Failure::refused(words)
            .hint("nothing was changed: a secret is written to all of its places or to none")
            .hint(house.place.command(&format!("secrets list {}", seen.kept.name)))),
    }
}

/// Writes the value to every place that has another one, the source first; how many were written.
pub(super) fn put(
    house: &House,
    seen: &Seen,
    value: &Value,
    key: &HouseKey,
    notes: &mut Notes,
) -> Result<usize, Failure> {
    let after = key.of(value.expose());
    if let Some(path) = first_identity::ensure(&house.places, seen.kept.places())? {
        notes.insert("identity".to_owned(), path.to_string());
    }
    let mut written = 0_usize;
    for (place, sight) in seen.places() {
        if sight.fingerprint() != Some(after) {
            sync::write(&house.stores(), place, value, key).map_err(|error| {
                Failure::failed(error).hint(format!(
                    "{written} places were written; when it answers: {}",
                    house.place.command("secrets sync")
                ))
            })?;
            written += 1;
        }
    }
    notes.insert("written".to_owned(), written.to_string());
    Ok(written)
}

fn ask(context: &Context, args: &Set, name: &ServiceName) -> Result<Value, Failure> {
    let bytes = if args.stdin {
        from_stdin(args.exact)?
    } else if args.clipboard {
        let clipboard = Clipboard::of(context, false)?;
        let bytes = clipboard.take()?;
        context.out.progress("the clipboard was cleared");
        bytes
    } else {
        typed(name)?
    };
    if bytes.is_empty() {
        return Err(Failure::refused("an empty value is no secret")
            .hint(format!("to take it away: sanctum secrets rm {name}")));
    }
    Ok(moved(bytes))
}

/// The bytes as a value, without a copy.
pub(super) fn moved(mut bytes: Zeroizing<Vec<u8>>) -> Value {
    Value::new(std::mem::take(&mut *bytes))
}

/// A line break at the end is the pipe's: `echo` writes one.
fn from_stdin(exact: bool) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let mut bytes = private_io::read_stdin(LONGEST)?;
    if !exact && bytes.last() == Some(&b'\n') {
        bytes.pop();
        if bytes.last() == Some(&b'\r') {
            bytes.pop();
        }
    }
    Ok(bytes)
}

fn typed(name: &ServiceName) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let none = || {
        Failure::refused("there is no terminal to ask on")
            .hint(format!("from a pipe: generate-token | sanctum secrets set {name} --stdin"))
    };
    let first = passphrase::ask(&format!("`{name}`, not shown:"))?.ok_or_else(none)?;
    let second = passphrase::ask("once more:")?.ok_or_else(none)?;
    if first != second {
        return Err(Failure::refused("the two are not the same; nothing was changed"));
    }
    Ok(Zeroizing::new(first.as_bytes().to_vec()))
}

/// A key of a provider that the secret's name mentions has that provider's form.
fn shape(name: &ServiceName, value: &Value) -> Result<(), Failure> {
    let words: Vec<&str> = name.as_str().split('-').collect();
    let of_provider = |provider: &str| words.contains(&provider);
    let known: Vec<_> =
        sanctum_firewall::RULES.iter().filter(|rule| of_provider(rule.provider)).collect();
    let bytes = value.expose();
    let fits = |found: &sanctum_firewall::Match| of_provider(found.rule.provider);
    match known.first() {
        Some(rule) if !sanctum_firewall::find(bytes).iter().any(fits) => {
            Err(Failure::refused(format!("this has not the form of a key of {}", rule.provider))
                .hint(format!("the form is documented at {}", rule.source))
                .hint("say --any-shape when it is right all the same"))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_of_a_known_provider_has_its_form() {
        let name = |text: &str| ServiceName::new(text).unwrap();
        let value = |text: &str| Value::new(text.as_bytes().to_vec());
        // In two halves, so that no scanner takes this file for a leak.
        let key = ["sk-or-v1-", &"0a1b2c3d4e5f6789".repeat(4)].concat();
        for (secret, text, fits) in [
            ("openrouter-api-key", key.as_str(), true),
            ("openrouter-api-key", "hunter2", false),
            ("gateway-token", "hunter2", true),
        ] {
            assert_eq!(shape(&name(secret), &value(text)).is_ok(), fits, "{secret} {}", text.len());
        }
        let refusal = shape(&name("openrouter-api-key"), &value("hunter2")).unwrap_err();
        assert!(!refusal.text().contains("hunter2"));
    }
}
