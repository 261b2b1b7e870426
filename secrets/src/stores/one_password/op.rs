//! The `op` program (1Password CLI 2.18 or newer) with a service account.
//!
//! Its token stands in the environment of that one child, because `op` takes it from nowhere else; values go in by
//! standard input and come out by a pipe. What `op` says on its error stream is sorted into kinds and never repeated. It
//! gets a home of its own that goes away with the call. Deliberately absent: desktop integration, which asks a person.

use super::item::{CATEGORY, CONCEALED, Field, Item, Named, Summary, Wanted, parse};
use super::{Carrier, OnePasswordError, to_json};
use sanctum_host::HostError;
use sanctum_host::command::{Options, Output, Program, run};
use sanctum_host::files::TempDir;
use sanctum_types::{AbsPath, Secret};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;
use zeroize::Zeroizing;

/// `op` asks its servers over the internet.
const PATIENCE: Duration = Duration::from_secs(30);
/// The category whose passkeys a template cannot carry (developer.1password.com, "item edit").
const LOGIN: &str = "LOGIN";

/// The program and the right to use it.
pub struct Op {
    program: Program,
    token: Secret<String>,
}

/// How much of a limit is used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quota {
    /// `token` or `account`.
    #[serde(rename = "type")]
    pub of: String,
    /// `read`, `write` or `read_write`.
    pub action: String,
    /// Requests in an hour, or in a day for the account.
    pub limit: u64,
    /// Of them.
    pub used: u64,
    /// Of them.
    pub remaining: u64,
    /// Seconds until it starts anew.
    pub reset: u64,
}

impl Op {
    /// The program at that path.
    #[must_use]
    pub fn new(program: AbsPath, token: Secret<String>) -> Self {
        Self { program: Program::new(program), token }
    }

    /// What is left of the service account's limits.
    ///
    /// # Errors
    /// `op` cannot tell.
    pub fn quota(&self) -> Result<Vec<Quota>, OnePasswordError> {
        parse(&self.ask(&["service-account", "ratelimit", "--format", "json"], None)?)
    }

    fn ask(
        &self,
        args: &[&str],
        stdin: Option<&[u8]>,
    ) -> Result<Zeroizing<Vec<u8>>, OnePasswordError> {
        let host = |source: HostError| OnePasswordError::Host(Box::new(source));
        let home = TempDir::new().map_err(host)?;
        let place = home.path().display().to_string();
        let env = BTreeMap::from([
            ("HOME", place.clone()),
            ("OP_CONFIG_DIR", place),
            ("OP_CACHE", "false".to_owned()),
            ("OP_SERVICE_ACCOUNT_TOKEN", self.token.expose().clone()),
        ]);
        let options = Options {
            stdin: stdin.map(|bytes| Secret::new(bytes.to_vec())),
            timeout: PATIENCE,
            env,
            output_limit: 8 * 1024 * 1024,
        };
        let mut output = run(&self.program, args, options).map_err(host)?;
        let said = Zeroizing::new(std::mem::take(&mut output.stdout));
        if output.status.success() { Ok(said) } else { Err(meaning(&output)) }
    }

    fn edit(&self, vault: &str, item: &Item, value: &str) -> Result<(), OnePasswordError> {
        if item.category == LOGIN {
            return Err(OnePasswordError::Passkey);
        }
        let template = to_json(item, value)?;
        let args = ["item", "edit", &item.id, "--vault", vault, "--format", "json"];
        self.ask(&args, Some(&template)).map(drop)
    }
}

/// What a failure means, as far as it can be told; the words are those of op 2.
fn meaning(output: &Output) -> OnePasswordError {
    let said = Zeroizing::new(String::from_utf8_lossy(&output.stderr).to_ascii_lowercase());
    let says = |words: &[&str]| words.iter().any(|word| said.contains(word));
    if says(&["rate-limit", "rate limit", "too many requests", "429"]) {
        OnePasswordError::Limited { after: None }
    } else if says(&["401", "unauthorized", "invalid service account token", "signing in"]) {
        OnePasswordError::Token
    } else if says(&["403", "forbidden", "permission"]) {
        OnePasswordError::Access
    } else {
        OnePasswordError::Program(output.status.code().unwrap_or(-1))
    }
}

impl Carrier for Op {
    fn name(&self) -> String {
        "1Password through `op`".to_owned()
    }

    fn vaults(&self) -> Result<Vec<Named>, OnePasswordError> {
        parse(&self.ask(&["vault", "list", "--format", "json"], None)?)
    }

    fn items(&self, vault: &str, _: Option<&str>) -> Result<Vec<Summary>, OnePasswordError> {
        parse(&self.ask(&["item", "list", "--vault", vault, "--format", "json"], None)?)
    }

    fn item(&self, vault: &str, id: &str) -> Result<Item, OnePasswordError> {
        parse(&self.ask(&["item", "get", id, "--vault", vault, "--format", "json"], None)?)
    }

    fn set(
        &self,
        vault: &str,
        item: &Item,
        new: &Wanted<'_>,
        value: &str,
    ) -> Result<(), OnePasswordError> {
        let id = item.field(new)?.map(|field| field.id.clone());
        let mut changed = self.item(vault, &item.id)?;
        let fresh = Zeroizing::new(value.to_owned());
        match changed.fields.iter_mut().find(|field| Some(&field.id) == id.as_ref()) {
            Some(field) => field.value = Some(fresh),
            None => {
                let wanted = new.section;
                let section =
                    wanted.map(|wanted| item.section(wanted).ok_or(OnePasswordError::Section));
                changed.fields.push(Field {
                    id: String::new(),
                    label: Some(new.field.to_owned()),
                    section: section.transpose()?,
                    value: Some(fresh),
                    rest: concealed(),
                });
            }
        }
        self.edit(vault, &changed, value)
    }

    fn create(
        &self,
        vault: &str,
        title: &str,
        new: &Wanted<'_>,
        value: &str,
    ) -> Result<(), OnePasswordError> {
        let field = Field {
            id: String::new(),
            label: Some(new.field.to_owned()),
            section: None,
            value: Some(Zeroizing::new(value.to_owned())),
            rest: concealed(),
        };
        let item = Template { title, category: CATEGORY, fields: [field] };
        let template = to_json(&item, value)?;
        let args = ["item", "create", "--vault", vault, "--format", "json", "-"];
        self.ask(&args, Some(&template)).map(drop)
    }

    fn unset(&self, vault: &str, item: &Item, field: &str) -> Result<(), OnePasswordError> {
        let mut changed = self.item(vault, &item.id)?;
        changed.fields.retain(|one| one.id != field);
        self.edit(vault, &changed, "")
    }

    fn delete(&self, vault: &str, id: &str) -> Result<(), OnePasswordError> {
        self.ask(&["item", "delete", id, "--vault", vault], None).map(drop)
    }
}

/// A new item.
#[derive(Serialize)]
struct Template<'a> {
    title: &'a str,
    category: &'a str,
    fields: [Field; 1],
}

fn concealed() -> serde_json::Map<String, serde_json::Value> {
    std::iter::once(("type".to_owned(), CONCEALED.into())).collect()
}
