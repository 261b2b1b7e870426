//! `sanctum vault`: the owner's verbs. All but `init` and `status` speak to the running vault and prove the passphrase to it.
//!
//! Values and passphrases come from the terminal, a pipe or a file that only its owner reads. The vault itself records what was done.
//! Deliberately absent: what the vault decides.

mod agent_keys;
mod agents;
mod approve;
mod import;
mod keeping;
mod run;
mod ssh_agent;
mod values;

use super::{Context, FOUND};
use crate::args::vault::{Key, Opening, Vault, Verb};
use crate::daemon::vault::opener::{self, KeyPlace};
use crate::daemon::vault::{At, closed};
use crate::failure::{Exit, Failure};
use crate::output::Paint;
use crate::record::{self, Deed, Recorder};
use sanctum_host::{files, passphrase};
use sanctum_vault::client::{Client, ClientError};
use sanctum_vault::keys::{Cost, Opener};
use sanctum_vault::store::Store;
use serde_json::{Value, json};
use std::path::Path;
use zeroize::Zeroizing;

/// The longest passphrase that a file holds.
const LONGEST: u64 = 1024;

/// Runs the verb.
pub fn run(context: &Context, args: &Vault) -> Result<Exit, Failure> {
    // It needs no place of ours: nothing of the environment comes to it.
    if let Verb::Relay { apart } = &args.verb {
        return run::relay(context, *apart);
    }
    let at = At::of(context.common.root.as_deref(), args.socket.as_deref(), &context.around)?;
    let desk = Desk { context, args, at: &at };
    match &args.verb {
        Verb::Init(key) => desk.init(key),
        Verb::Unseal(key) => desk.unseal(key),
        Verb::Seal => {
            desk.ask("seal", json!({}))?;
            desk.done("the vault is sealed", &json!({ "sealed": true }))
        }
        Verb::Unlock { minutes } => desk.unlock(*minutes),
        Verb::Lock => desk.lock(),
        Verb::Status => desk.status(),
        Verb::Put(put) => values::put(&desk, put),
        Verb::Import(import) => import::run(&desk, import),
        Verb::Get(get) => values::get(&desk, get),
        Verb::List => values::list(&desk),
        Verb::History { path } => values::history(&desk, path),
        Verb::Rm { path } => {
            let answer = desk.ask("rm", json!({ "path": path }))?;
            desk.done(&format!("{path} is gone, with all its versions"), &answer)
        }
        Verb::Approve(args) => approve::run(&desk, args),
        Verb::Lease(verb) => keeping::lease(&desk, verb),
        Verb::Rekey(rekey) => keeping::rekey(&desk, rekey),
        Verb::Backup { file } => keeping::backup(&desk, file),
        Verb::Restore { file, replace } => keeping::restore(&desk, file, *replace),
        Verb::Agent(verb) => agents::agent(&desk, verb),
        Verb::SshAgent(args) => ssh_agent::run(&desk, args),
        Verb::Run(args) => run::run(&desk, args),
        Verb::Relay { apart } => run::relay(context, *apart),
        Verb::Policy(verb) => agents::policy(&desk, verb),
    }
}

/// What every verb works with.
struct Desk<'a> {
    context: &'a Context,
    args: &'a Vault,
    at: &'a At,
}

impl Desk<'_> {
    /// Whose stores a reference is looked for in.
    fn stores(&self) -> opener::At<'_> {
        opener::At { root: self.context.common.root.as_deref(), around: &self.context.around }
    }

    /// The key that is there, or a new one; the journal has that it was put somewhere.
    fn key(&self, place: &KeyPlace<'_>) -> Result<Zeroizing<String>, Failure> {
        let KeyPlace::Secret(reference) = place else { return Ok(place.made(&self.stores())?.0) };
        let (streams, second) = record::of_owner(&self.at.base);
        let recorder = Recorder::at(&streams, &second, &self.context.around);
        let subject = reference.to_string();
        let deed = Deed::new("vault.key", &subject);
        record::during(self.context, recorder, &deed, |notes| {
            let (text, new) = place.made(&self.stores())?;
            notes.insert("made".to_owned(), new.to_string());
            Ok(text)
        })
    }

    fn unseal(&self, key: &Opening) -> Result<Exit, Failure> {
        match KeyPlace::of(key.key_file.as_deref(), key.key_ref.as_deref())? {
            None => drop(self.client("unseal")?),
            Some(place) => {
                let mut client = Client::connect(&self.at.socket).map_err(away)?;
                let text = place.text(&self.stores())?;
                let said = json!({ "key": text.trim() });
                client.call("admin.unseal", said).map_err(away)?;
            }
        }
        self.done("the vault is unsealed", &json!({ "sealed": false }))
    }

    fn init(&self, key: &Key) -> Result<Exit, Failure> {
        let key = KeyPlace::of(key.key_file.as_deref(), key.key_ref.as_deref())?;
        self.at.furnish()?;
        if self.at.home.is_there(&self.at.base).map_err(closed)? {
            return Err(Failure::refused("there is a vault already").hint("sanctum vault status"));
        }
        let text = self.passphrase("A passphrase for the vault:", true)?;
        let mut openers = vec![Opener::Passphrase(Zeroizing::new(text.as_bytes().to_vec()))];
        if let Some(place) = key {
            if let KeyPlace::File(path) = place
                && files::is_there(path)
            {
                return Err(Failure::refused(format!("{} is there already", path.display()))
                    .hint("another name: a new vault has a key of its own"));
            }
            openers.extend(Opener::key(self.key(&place)?.as_bytes()));
        }
        let source = self.at.home.open(&self.at.base).map_err(closed)?;
        let store = Store::create(source, &openers, Cost::default()).map_err(closed)?;
        let vault = store.standing().vault;
        let words = format!("vault {vault} is made; serve it: sanctumd --only vault");
        self.done(&words, &json!({ "vault": vault }))
    }

    fn status(&self) -> Result<Exit, Failure> {
        let mut client = Client::connect(&self.at.socket).map_err(away)?;
        let answer = client.call("status", json!({})).map_err(away)?;
        let sealed = answer.get("sealed") != Some(&Value::Bool(false));
        self.context.out.data(&json!({ "format": 1, "vault": answer }));
        let (paint, word) =
            if sealed { (Paint::Note, "sealed") } else { (Paint::Good, "unsealed") };
        self.context.out.line(paint, &format!("the vault is served and {word}"));
        if answer.get("memory_locked") == Some(&Value::Bool(false)) {
            let words = "its memory is not locked: a page of it may reach the swap";
            self.context.out.line(Paint::Note, words);
        }
        Ok(if sealed { FOUND } else { Exit::Done })
    }

    fn unlock(&self, minutes: u64) -> Result<Exit, Failure> {
        let (mut client, text) = self.asked()?;
        let said = json!({ "passphrase": text.as_str(), "minutes": minutes });
        let answer = client.call("admin.unlock", said).map_err(away)?;
        self.done(&format!("the passphrase counts here for {minutes} minutes"), &answer)
    }

    fn lock(&self) -> Result<Exit, Failure> {
        let mut client = Client::connect(&self.at.socket).map_err(away)?;
        let answer = client.call("admin.lock", json!({})).map_err(away)?;
        self.done("the passphrase is asked for again", &answer)
    }

    /// A connection on which the passphrase was proved, or in whose terminal it was.
    fn client(&self, verb: &str) -> Result<Client, Failure> {
        if verb == "prove" && self.args.passphrase_file.is_none() {
            let mut client = Client::connect(&self.at.socket).map_err(away)?;
            match client.call("admin.session", json!({})) {
                Ok(_) => return Ok(client),
                Err(error) if error.code() == Some("SESSION_EXPIRED") => {}
                Err(error) => return Err(away(error)),
            }
        }
        self.proved(verb).map(|(client, _)| client)
    }

    fn proved(&self, verb: &str) -> Result<(Client, Zeroizing<String>), Failure> {
        let (mut client, text) = self.asked()?;
        client.admit(verb, &text).map_err(away)?;
        Ok((client, text))
    }

    /// The passphrase, and a connection to prove it on.
    fn asked(&self) -> Result<(Client, Zeroizing<String>), Failure> {
        // Who is not there is said before anything is asked for; and who types is not waited for by the vault.
        drop(Client::connect(&self.at.socket).map_err(away)?);
        let text = self.passphrase("The vault's passphrase:", false)?;
        Ok((Client::connect(&self.at.socket).map_err(away)?, text))
    }

    /// One of the owner's verbs.
    fn ask(&self, verb: &str, params: Value) -> Result<Value, Failure> {
        self.client("prove")?.call(&format!("admin.{verb}"), params).map_err(away)
    }

    fn passphrase(&self, question: &str, twice: bool) -> Result<Zeroizing<String>, Failure> {
        if let Some(path) = &self.args.passphrase_file {
            return written(path);
        }
        asked(question, twice)
    }

    fn done(&self, words: &str, answer: &Value) -> Result<Exit, Failure> {
        self.context.out.data(&json!({ "format": 1, "vault": answer }));
        self.context.out.line(Paint::Good, words);
        Ok(Exit::Done)
    }
}

/// A passphrase in a file; one line break at its end is not part of it.
fn written(path: &Path) -> Result<Zeroizing<String>, Failure> {
    let text = passphrase::read_key(path, LONGEST)?;
    let text = std::str::from_utf8(&text)?.trim_end_matches(['\r', '\n']);
    nonempty(Zeroizing::new(text.to_owned()))
}

/// Typed without being shown.
fn asked(question: &str, twice: bool) -> Result<Zeroizing<String>, Failure> {
    let nobody = || {
        Failure::refused("there is no terminal to ask for the passphrase on")
            .hint("a file that only you can read: --passphrase-file FILE")
    };
    let text = passphrase::ask(question)?.ok_or_else(nobody)?;
    if twice && *passphrase::ask("Once more:")?.ok_or_else(nobody)? != *text {
        return Err(Failure::refused("the two differ; nothing was done"));
    }
    nonempty(text)
}

fn nonempty(text: Zeroizing<String>) -> Result<Zeroizing<String>, Failure> {
    if text.is_empty() {
        Err(Failure::refused("an empty passphrase opens to everybody"))
    } else {
        Ok(text)
    }
}

/// What the vault did not do, with the way out.
fn away(error: ClientError) -> Failure {
    let code = error.code().map(str::to_owned);
    match code.as_deref() {
        None => Failure::failed(error).hint("sanctumd --only vault serves it"),
        Some("VAULT_LOCKED") => Failure::refused(error).hint("sanctum vault unseal"),
        Some("ACCESS_DENIED") => Failure::refused(error)
            .hint("the passphrase each time, or unlock in a terminal of your own"),
        Some("AUTH_FAILED") => Failure::refused(error).hint("another passphrase"),
        Some("INVALID_REQUEST") => Failure::new(Exit::Usage, error),
        Some("CREDENTIAL_NOT_FOUND") => Failure::failed(error).hint("sanctum vault list"),
        Some(_) => Failure::failed(error).hint("sanctum audit --last 1h"),
    }
}
