//! `sanctum vault import`: what a `.env` file or an encrypted document of SOPS holds, each value a secret.
//!
//! Nothing is written before every path is known to be one, to be free or to be replaced. What stands in between is told by names
//! alone. Deliberately absent: taking the file away.

use super::{Desk, away};
use crate::args::vault::Import;
use crate::commands::FOUND;
use crate::failure::{Exit, Failure};
use crate::output::Paint;
use crate::surroundings::sops::SopsEnvironment;
use sanctum_host::{files, private_io};
use sanctum_secrets::house::envfile;
use sanctum_secrets::sops::opened::{Opened, open};
use sanctum_secrets::sops::text::{Scalar, Step, What};
use sanctum_secrets::sops::{Format, Identities, LIMIT};
use sanctum_vault::client::Client;
use sanctum_vault::log::MOST_VALUE;
use sanctum_vault::{SecretPath, hex};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use zeroize::Zeroizing;

/// Names that are told of many.
const TOLD: usize = 5;

/// Values by the names that lead to them in the file.
type Found = Vec<(String, Zeroizing<String>)>;

/// What becomes of a file's values.
struct Plan {
    write: BTreeMap<SecretPath, Zeroizing<String>>,
    /// Names of empty values, which are no secrets.
    empty: Vec<String>,
}

pub(super) fn run(desk: &Desk<'_>, args: &Import) -> Result<Exit, Failure> {
    private_io::no_core_dumps()?;
    let plan = Plan::of(read(&args.file)?, args.under.as_deref())?;
    let mut client = desk.client("prove")?;
    let there = paths(&mut client)?;
    let taken: Vec<&str> =
        plan.write.keys().map(SecretPath::as_str).filter(|path| there.contains(*path)).collect();
    if !taken.is_empty() && !args.replace {
        let words = format!("{} there already; nothing was written", told(&taken));
        return Err(Failure::refused(words).hint("a new version of each: --replace"));
    }
    let out = &desk.context.out;
    for (nth, (path, value)) in plan.write.iter().enumerate() {
        let word = if taken.contains(&path.as_str()) { "a new version" } else { "new" };
        out.line(Paint::Plain, &format!("{:<40} {word}", path.as_str()));
        if !args.dry_run {
            let put = json!({ "path": path.as_str(), "value": hex(value.as_bytes()) });
            client.call("admin.put", put).map_err(|error| {
                away(error).hint(format!("{nth} of {} were written", plan.write.len()))
            })?;
        }
    }
    for name in &plan.empty {
        out.line(Paint::Note, &format!("{name:<40} empty, which is no secret"));
    }
    let secrets: Vec<&str> = plan.write.keys().map(SecretPath::as_str).collect();
    out.data(&json!({
        "format": 1, "secrets": secrets, "replaced": taken, "empty": plan.empty, "written": !args.dry_run,
    }));
    if args.dry_run {
        return Ok(if plan.write.is_empty() { Exit::Done } else { FOUND });
    }
    let file = args.file.display();
    out.line(Paint::Good, &format!("{} secrets were written; {file} is as it was", secrets.len()));
    Ok(Exit::Done)
}

impl Plan {
    fn of(found: Found, under: Option<&str>) -> Result<Self, Failure> {
        let mut plan = Self { write: BTreeMap::new(), empty: Vec::new() };
        for (name, value) in found {
            if value.is_empty() {
                plan.empty.push(name);
                continue;
            }
            let whole = under.map_or_else(|| name.clone(), |under| format!("{under}/{name}"));
            let path = SecretPath::new(whole).map_err(|error| {
                Failure::refused(format!("`{}` makes no path: {error}", name.escape_debug()))
            })?;
            if value.len() > MOST_VALUE {
                let words = format!("{} is longer than {MOST_VALUE} bytes", path.as_str());
                return Err(Failure::refused(words));
            }
            if plan.write.insert(path, value).is_some() {
                let words = format!("`{name}` stands in the file twice; nothing was written");
                return Err(Failure::refused(words));
            }
        }
        Ok(plan)
    }
}

fn read(file: &Path) -> Result<Found, Failure> {
    let bytes = Zeroizing::new(files::read(file, LIMIT)?);
    let shown = file.display();
    let text = std::str::from_utf8(&bytes).map_err(|error| {
        Failure::refused(format!("{shown} is not UTF-8 from byte {}", error.valid_up_to()))
    })?;
    // A name without an ending that says more is one of variables, as `.env.local` is.
    let format = match Format::of_path(file) {
        Format::Binary => Format::Dotenv,
        format => format,
    };
    let sealed = format.parse(text).ok().and_then(|text| text.metadata(0).ok().flatten());
    if sealed.is_some() {
        let identities = Identities::at(SopsEnvironment::read().sources);
        let opened = open(&bytes, format, &identities)
            .map_err(|error| Failure::failed(format!("{shown}: {error}")))?;
        return leaves(&opened).map_err(|error| Failure::failed(format!("{shown}: {error}")));
    }
    if format != Format::Dotenv {
        return Err(Failure::refused(format!(
            "{shown} is neither encrypted by SOPS nor a .env file"
        )));
    }
    let all =
        envfile::parse(text).map_err(|error| Failure::refused(format!("{shown}: {error}")))?;
    Ok(all.into_iter().map(|one| (one.name, one.value)).collect())
}

/// Every value by the keys that lead to it.
fn leaves(opened: &Opened) -> Result<Found, sanctum_secrets::sops::SopsError> {
    let text = opened.plain_text()?;
    let mut found = Found::new();
    let documents = 0..text.documents();
    let all = documents.map(|document| text.leaves(document)).collect::<Result<Vec<_>, _>>()?;
    for leaf in all.into_iter().flatten() {
        let What::Value(scalar) = leaf.what else { continue };
        let steps = leaf.path.iter().map(|step| match step {
            Step::Key(key) => key.clone(),
            Step::Index(at) => at.to_string(),
        });
        let value = match scalar {
            Scalar::Str(text) | Scalar::Time(text) => text,
            Scalar::Int(number) => Zeroizing::new(number.to_string()),
            Scalar::Float(number) => Zeroizing::new(number.to_string()),
            Scalar::Bool(yes) => Zeroizing::new(yes.to_string()),
            Scalar::Null => Zeroizing::default(),
        };
        found.push((steps.collect::<Vec<_>>().join("/"), value));
    }
    Ok(found)
}

/// The paths that there are.
fn paths(client: &mut Client) -> Result<BTreeSet<String>, Failure> {
    let answer = client.call("admin.list", json!({})).map_err(away)?;
    let all = answer.get("credentials").and_then(Value::as_array);
    let path = |one: &Value| one.get("path").and_then(Value::as_str).map(str::to_owned);
    Ok(all.into_iter().flatten().filter_map(path).collect())
}

/// The first few, and how many more.
fn told(names: &[&str]) -> String {
    let first = names.iter().take(TOLD).copied().collect::<Vec<_>>().join(", ");
    let verb = if names.len() == 1 { "is" } else { "are" };
    match names.len().saturating_sub(TOLD) {
        0 => format!("{first} {verb}"),
        more => format!("{first} and {more} more {verb}"),
    }
}
