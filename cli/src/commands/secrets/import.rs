//! `sanctum secrets import`: what a `.env` file or a recovery bundle holds, into the declared places.
//!
//! A plan is shown first. Every place must answer before the first is written, and what is there and differs is replaced
//! only on request. The file in clear text is told of, and taken away only when everything in it was read back from a
//! store.

use super::bundle;
use super::house::{House, kept};
use super::set::{moved, put, reachable};
use crate::args::secrets::Import;
use crate::commands::{Context, FOUND, ask};
use crate::failure::{Exit, Failure};
use crate::output::Paint;
use crate::record::{self, Deed, Notes};
use sanctum_host::{files, private_io};
use sanctum_secrets::envelope;
use sanctum_secrets::house::{Fingerprint, HouseKey, Seen, Sight, envfile};
use sanctum_secrets::stores::Value;
use sanctum_types::ServiceName;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;
use zeroize::Zeroizing;

/// Larger than any file of variables.
const LIMIT: u64 = 1024 * 1024;

/// One variable of the file.
struct Row {
    /// As it stands in the file.
    variable: String,
    /// The secret that it is, and what stands for its value.
    secret: Option<(ServiceName, Fingerprint)>,
    /// What becomes of it.
    fate: Fate,
}

enum Fate {
    /// No secret of the instance: it stays where it is.
    Unknown,
    /// Empty, so no secret.
    Empty,
    /// The source and every cache have it already.
    Same,
    /// It is written.
    Put(Box<(Seen, Value)>),
    /// Another value is there and was not to be replaced.
    Differs,
}

impl Fate {
    const fn word(&self) -> &'static str {
        match self {
            Self::Unknown => "not a secret of the instance",
            Self::Empty => "empty",
            Self::Same => "there already",
            Self::Put(_) => "put",
            Self::Differs => "differs from what is there",
        }
    }
}

pub(super) fn run(context: &Context, args: &Import) -> Result<Exit, Failure> {
    let house = House::open(context)?;
    let key = house.key(context)?;
    let (clear, found) = read(args)?;
    let mut rows = Vec::new();
    for (variable, bytes) in found {
        rows.push(judge(&house, args, &key, (variable, bytes))?);
    }
    for row in &rows {
        let paint = match row.fate {
            Fate::Unknown | Fate::Empty => Paint::Plain,
            Fate::Same => Paint::Good,
            Fate::Put(_) => Paint::Note,
            Fate::Differs => Paint::Bad,
        };
        let to = match &row.fate {
            Fate::Put(put) => format!(
                " into {}",
                put.0.kept.places().map(ToString::to_string).collect::<Vec<_>>().join(", ")
            ),
            _ => String::new(),
        };
        context.out.line(paint, &format!("{:<28} {}{to}", row.variable, row.fate.word()));
    }
    one_each(&rows)?;
    if rows.iter().any(|row| matches!(row.fate, Fate::Differs)) {
        return Err(Failure::refused(
            "a value in the file differs from what is in its place; nothing was changed",
        )
        .hint("say --replace when the file is right")
        .hint(house.place.command("secrets diff")));
    }
    let writes = rows.iter().filter(|row| matches!(row.fate, Fate::Put(_))).count();
    if args.dry_run {
        report(context, args, &rows, false);
        return Ok(if writes == 0 { Exit::Done } else { FOUND });
    }
    if writes > 0 {
        ask(context, args.yes, &format!("Put {writes} secrets into their places?"))?;
    }
    let subject = args.file.display().to_string();
    let deed = Deed::new("secrets.import", &subject).with("secrets", writes);
    record::during(context, house.recorder(context), &deed, |notes| {
        write(&house, &rows, &key, notes)
    })?;
    context.out.line(Paint::Good, &format!("{writes} secrets were put and read back"));
    let removed = clear && leave(context, args, &house, &rows)?;
    report(context, args, &rows, removed);
    Ok(Exit::Done)
}

type Found = Vec<(String, Zeroizing<Vec<u8>>)>;

/// What is in the file, and whether it lies there in clear text.
fn read(args: &Import) -> Result<(bool, Found), Failure> {
    let bytes = Zeroizing::new(files::read(&args.file, 64 * LIMIT)?);
    if envelope::is_sealed(&bytes) {
        return Ok((false, bundle::values(bundle::open(&args.file, &args.identity)?)));
    }
    let shown = args.file.display();
    let text = std::str::from_utf8(&bytes).map_err(|error| {
        Failure::failed(format!("{shown} is not UTF-8 from byte {}", error.valid_up_to()))
    })?;
    let all = envfile::parse(text).map_err(|error| Failure::failed(format!("{shown}: {error}")))?;
    Ok((
        true,
        all.into_iter()
            .map(|one| (one.name, Zeroizing::new(one.value.as_bytes().to_vec())))
            .collect(),
    ))
}

/// Of two values for one secret the second would replace the first, which is then nowhere.
fn one_each(rows: &[Row]) -> Result<(), Failure> {
    let mut known = BTreeMap::new();
    for row in rows {
        let Some((name, print)) = &row.secret else { continue };
        if let Some((other, was)) = known.insert(name, (&row.variable, print))
            && was != print
        {
            return Err(Failure::refused(format!(
                "{other} and {} are both to become `{name}`; nothing was changed",
                row.variable
            ))
            .hint("say another name for one of them: --as VARIABLE=NAME"));
        }
    }
    Ok(())
}

fn judge(
    house: &House,
    args: &Import,
    key: &HouseKey,
    (variable, bytes): (String, Zeroizing<Vec<u8>>),
) -> Result<Row, Failure> {
    let mapped = args.mapped.iter().filter_map(|pair| pair.split_once('='));
    let told =
        mapped.filter(|(from, _)| *from == variable).map(|(_, to)| to.to_owned()).next_back();
    let name = match told {
        // A name that was said and is not declared is a mistake; one that was guessed is not.
        Some(name) => house.entry(&name)?.0.to_string(),
        None => variable.to_ascii_lowercase().replace('_', "-"),
    };
    let Ok((name, entry)) = house.entry(&name) else {
        return Ok(Row { variable, secret: None, fate: Fate::Unknown });
    };
    if bytes.is_empty() {
        return Ok(Row { variable, secret: None, fate: Fate::Empty });
    }
    let seen = reachable(house, Seen::of(&house.stores(), kept(&name, entry), key))?;
    let value = moved(bytes);
    let print = key.of(value.expose());
    let same = |sight: &Sight| sight.fingerprint() == Some(print);
    let fate = match &seen.source {
        source if same(source) && seen.caches.iter().all(same) => Fate::Same,
        Sight::Present(_) if !same(&seen.source) && !args.replace => Fate::Differs,
        _ => Fate::Put(Box::new((seen, value))),
    };
    Ok(Row { variable, secret: Some((name, print)), fate })
}

fn write(house: &House, rows: &[Row], key: &HouseKey, notes: &mut Notes) -> Result<(), Failure> {
    for row in rows {
        if let Fate::Put(put_) = &row.fate {
            let (seen, value) = &**put_;
            put(house, seen, value, key, notes)?;
        }
    }
    Ok(())
}

/// What becomes of the file in clear text; whether it was taken away.
fn leave(context: &Context, args: &Import, house: &House, rows: &[Row]) -> Result<bool, Failure> {
    let shown = args.file.display();
    let left: Vec<&str> = rows
        .iter()
        .filter(|row| matches!(row.fate, Fate::Unknown))
        .map(|row| row.variable.as_str())
        .collect();
    if let Some(repository) = repository(&args.file) {
        context.out.warn(&format!(
            "{shown} is below the git repository {}: if it was ever committed, the history keeps it; rotate what is in it",
            repository.display()
        ));
    }
    if !args.remove {
        context
            .out
            .warn(&format!("{shown} still holds the values in clear text; --remove takes it away"));
        return Ok(false);
    }
    if !left.is_empty() {
        return Err(Failure::refused(format!("{shown} stays: {} is in no store", left.join(", ")))
            .hint(
                "declare it under `secrets` of the instance, or name it with --as VARIABLE=NAME",
            ));
    }
    let subject = shown.to_string();
    let deed = Deed::new("secrets.remove-file", &subject);
    record::during(context, house.recorder(context), &deed, |_| {
        Ok(private_io::destroy(&args.file)?)
    })?;
    context.out.line(Paint::Good, &format!("{shown} was overwritten and removed"));
    context
        .out
        .warn("an SSD, a snapshot or a backup may still hold what it was; rotate what matters");
    Ok(true)
}

/// The nearest directory above that is a git repository.
fn repository(file: &Path) -> Option<std::path::PathBuf> {
    let file = std::path::absolute(file).ok()?;
    let above = file.ancestors().skip(1).find(|dir| files::is_there(&dir.join(".git")));
    above.map(Path::to_path_buf)
}

fn report(context: &Context, args: &Import, rows: &[Row], removed: bool) {
    let shown = |row: &Row| json!({ "variable": row.variable, "state": row.fate.word() });
    let rows: Vec<_> = rows.iter().map(shown).collect();
    context.out.data(&json!({
        "format": 1, "file": args.file, "dry_run": args.dry_run, "removed": removed, "variables": rows,
    }));
}
