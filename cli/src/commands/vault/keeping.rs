//! The vault as a whole: its leases, another root key, a backup, and bringing one back.
//!
//! A backup is brought back where no vault is served, by who has its passphrase and, where the vault that is there can still be asked, that one's; the
//! account's journal says so. Deliberately absent: choosing among backups.

use super::{Desk, asked, away, written};
use crate::args::vault::{Lease, Rekey, Revoke};
use crate::daemon::vault::closed;
use crate::daemon::vault::opener::KeyPlace;
use crate::failure::{Exit, Failure};
use crate::output::Paint;
use crate::record::{self, Deed, Recorder};
use sanctum_host::files;
use sanctum_vault::client::Client;
use sanctum_vault::keys::Opener;
use sanctum_vault::store::{Source, Store};
use sanctum_vault::unhex;
use serde_json::{Value, json};
use std::path::Path;
use zeroize::Zeroizing;

/// A vault of some thousand secrets with all their versions has a few MiB.
const LARGEST: u64 = 1024 * 1024 * 1024;
/// A snapshot that is made meanwhile begins a backup anew, so often.
const TRIES: usize = 5;

pub(super) fn lease(desk: &Desk<'_>, verb: &Lease) -> Result<Exit, Failure> {
    match verb {
        Lease::List => {
            let answer = desk.ask("lease_list", json!({}))?;
            for one in answer.get("leases").and_then(Value::as_array).into_iter().flatten() {
                let word = |name: &str| one.get(name).and_then(Value::as_str).unwrap_or_default();
                let left = one.get("ttl").and_then(Value::as_u64).unwrap_or_default();
                let line = format!(
                    "{}  {left:>8} s  {:<24} {}",
                    word("lease_id"),
                    word("agent"),
                    word("path")
                );
                desk.context.out.line(Paint::Plain, &line);
            }
            desk.context.out.data(&json!({ "format": 1, "vault": answer }));
            Ok(Exit::Done)
        }
        Lease::Revoke(Revoke { lease, path, agent }) => {
            let named = [("lease_id", lease), ("path", path), ("agent", agent)];
            let named = named.into_iter().filter_map(|(name, value)| Some((name, value.clone()?)));
            let params: serde_json::Map<String, Value> =
                named.map(|(name, value)| (name.to_owned(), value.into())).collect();
            let answer = desk.ask("lease_revoke", params.into())?;
            let count = answer.get("revoked").and_then(Value::as_u64).unwrap_or_default();
            desk.done(&format!("{count} taken back"), &answer)
        }
    }
}

pub(super) fn rekey(desk: &Desk<'_>, args: &Rekey) -> Result<Exit, Failure> {
    let (mut client, text) = desk.proved("prove")?;
    let text = match &args.new_passphrase_file {
        Some(path) => written(path)?,
        None if args.new_passphrase => asked("Another passphrase for the vault:", true)?,
        None => text,
    };
    let place = KeyPlace::of(args.key_file.as_deref(), args.key_ref.as_deref())?;
    let key = place.map(|place| desk.key(&place)).transpose()?;
    let params = json!({
        "passphrase": text.as_str(),
        "key": key.as_ref().map(|key| key.as_str()),
        "without_key": args.without_key_file,
    });
    let answer = client.call("admin.rekey", params).map_err(|error| {
        let unsaid = error.code() == Some("INVALID_REQUEST");
        let failure = away(error);
        if unsaid {
            failure.hint("--key-file FILE, --key-ref REF, or --without-key-file")
        } else {
            failure
        }
    })?;
    desk.done("the vault is under a new root key", &answer)
}

pub(super) fn backup(desk: &Desk<'_>, file: &Path) -> Result<Exit, Failure> {
    if files::is_there(file) {
        return Err(Failure::refused(format!("{} is there already", file.display()))
            .hint("another name: a backup takes nothing's place"));
    }
    let mut client = desk.client("prove")?;
    let bytes = (0..TRIES).find_map(|_| whole(&mut client).transpose());
    let bytes = bytes.transpose()?.ok_or_else(|| {
        Failure::failed("the vault was written anew again and again meanwhile")
            .hint("once more, a little later")
    })?;
    files::write_new(file, &bytes)?;
    let words = format!("{} bytes, sealed, are in {}", bytes.len(), file.display());
    desk.done(&words, &json!({ "bytes": bytes.len(), "file": file.display().to_string() }))
}

/// None when the file was written anew in between.
fn whole(client: &mut Client) -> Result<Option<Vec<u8>>, Failure> {
    let (mut bytes, mut first) = (Vec::new(), None);
    loop {
        let told = client.call("admin.backup", json!({ "offset": bytes.len() })).map_err(away)?;
        let number = |name: &str| told.get(name).and_then(Value::as_u64);
        let piece = told.get("data").and_then(Value::as_str).and_then(unhex);
        let (Some(generation), Some(length), Some(piece)) =
            (number("generation"), number("length"), piece)
        else {
            return Err(Failure::failed("the vault's answer holds no part of a backup"));
        };
        // What follows the first answer's length was written later, and is not needed.
        let (known, length) = *first.get_or_insert((generation, length));
        if known != generation {
            return Ok(None);
        }
        bytes.extend_from_slice(&piece);
        if bytes.len() as u64 >= length {
            bytes.truncate(usize::try_from(length).unwrap_or(usize::MAX));
            return Ok(Some(bytes));
        }
        if piece.is_empty() || bytes.len() as u64 > LARGEST {
            return Err(Failure::failed("the vault's answers are no backup"));
        }
    }
}

pub(super) fn restore(desk: &Desk<'_>, file: &Path, replace: bool) -> Result<Exit, Failure> {
    let backup = files::read(file, LARGEST)?;
    desk.at.furnish()?;
    // Taken before anything is asked: whoever is served has it.
    let source = desk.at.home.open(&desk.at.base).map_err(|error| {
        closed(error).hint("a vault that is unsealed keeps its files: sanctum vault seal")
    })?;
    let there = present(&source)?;
    if !there.is_empty() && !replace {
        return Err(Failure::refused("there is a vault, and it would go")
            .hint("what was written since the backup is lost: --replace"));
    }
    let text = desk.passphrase("The passphrase of the backup:", false)?;
    let opener = Opener::Passphrase(Zeroizing::new(text.as_bytes().to_vec()));
    if !Store::opens(&backup, &opener) {
        return Err(Failure::refused("this passphrase does not open the backup, or it is none"));
    }
    if !there.is_empty() && !Store::opens(&there, &opener) {
        // An old backup and the passphrase of its time are not enough to undo what came after.
        let text = asked_of_present(desk)?;
        let opener = Opener::Passphrase(Zeroizing::new(text.as_bytes().to_vec()));
        if !Store::opens(&there, &opener) {
            return Err(Failure::refused("this does not open the vault that is there").hint(
                "one that nobody can open any more: move vault.log away, then restore without --replace",
            ));
        }
    }
    let (streams, second) = record::of_owner(&desk.at.base);
    let recorder = Recorder::at(&streams, &second, &desk.context.around);
    let deed = Deed::new("vault.restore", "vault");
    record::during(desk.context, recorder, &deed, |notes| {
        let store = Store::restore(source, &backup, &opener).map_err(closed)?;
        let standing = store.standing();
        notes.insert("generation".to_owned(), standing.generation.to_string());
        let words = format!(
            "the backup is the vault now, with {} secrets; agents and policies are those of its time",
            standing.secrets
        );
        let told = json!({ "vault": standing.vault, "secrets": standing.secrets });
        desk.done(&words, &told)
    })
}

fn asked_of_present(desk: &Desk<'_>) -> Result<Zeroizing<String>, Failure> {
    if desk.args.passphrase_file.is_some() {
        return Err(Failure::refused("the vault that is there has another passphrase")
            .hint("on a terminal both are asked for: leave --passphrase-file out"));
    }
    asked("The passphrase of the vault that is there:", false)
}

/// The bytes of the vault that is there; none where there is none.
fn present(source: &Source) -> Result<Vec<u8>, Failure> {
    let size = source.log.size()?;
    let mut bytes = vec![0; usize::try_from(size.min(LARGEST)).unwrap_or(0)];
    source.log.read_at(0, &mut bytes)?;
    Ok(bytes)
}
