//! The kinds of providers: each turns commands into calls of its documented contract and judges the answers.
//!
//! [`Provider::carry`] is the one entrance: a command of the machine and the values it needs go in, an event comes
//! out, and with a mint the new value. Requests and the reading of answers are functions without effects in each
//! kind's module. A failure says what is known about the effect and never what was in an answer.

pub mod anthropic;
pub mod aws_iam;
pub mod cloudflare;
pub mod command;
pub mod manual;
pub mod openai;
pub mod openrouter;
pub mod sigv4;
pub mod tailscale;
mod times;

use crate::http::{BadBase, Client, Request, judge, parse};
use crate::material::Material;
use crate::plan::Nature;
use crate::protocol::{Command, Event, Failure, Listed, Reason};
use crate::words::{KeyId, KindName};
use sanctum_types::{Secret, UnixTime};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which kind of provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "Kind")]
pub enum Settings {
    /// Keys of OpenRouter: made, verified, switched off and removed by its interface.
    Openrouter(openrouter::Settings),
    /// Service accounts of a project at OpenAI.
    Openai(openai::Settings),
    /// Access keys of an IAM user that nothing else uses.
    AwsIam(aws_iam::Settings),
    /// Auth keys of a tailnet.
    Tailscale(tailscale::Settings),
    /// API tokens of Cloudflare.
    Cloudflare(cloudflare::Settings),
    /// Keys of Anthropic: made by hand, switched off by its interface.
    Anthropic(anthropic::Settings),
    /// A program of the owner's.
    Command(command::Settings),
    /// A person at the provider's page.
    Manual(manual::Settings),
}

/// What a call may need. Everything is optional because no call needs all of it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Values<'a> {
    /// What the source of truth holds; for [`Command::Preflight`].
    pub current: Option<&'a Secret<String>>,
    /// The id of the key that consumers hold, where it is known: the record's `old`, or for the preflight what the
    /// last rotation adopted or the instance declares.
    pub old: Option<&'a KeyId>,
    /// The value to be verified; for [`Command::Verify`].
    pub subject: Option<&'a Material>,
    /// What a person pasted; for [`Command::Mint`] of kinds by hand.
    pub pasted: Option<&'a Secret<String>>,
    /// A person says that he did it; for [`Command::Delete`] of kinds by hand.
    pub by_hand: bool,
}

/// What a call came to.
#[derive(Debug)]
pub struct Reply {
    /// For the machine.
    pub event: Event,
    /// The new value, with [`Event::Minted`].
    pub minted: Option<Material>,
}

/// What a preflight found.
#[derive(Debug)]
pub struct Ready {
    /// The key that consumers hold now.
    pub old: Option<KeyId>,
    /// All keys.
    pub keys: Vec<Listed>,
}

/// A kind with its settings and its right to manage keys.
#[derive(Debug)]
pub struct Provider {
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Openrouter(openrouter::Openrouter),
    Openai(openai::Openai),
    AwsIam(aws_iam::AwsIam),
    Tailscale(tailscale::Tailscale),
    Cloudflare(cloudflare::Cloudflare),
    Anthropic(anthropic::Anthropic),
    Command(command::Script),
    Manual(manual::Manual),
}

/// Why a kind cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The address is not allowed.
    #[error("the base address cannot be used")]
    Base(#[from] BadBase),
    /// The kind needs a management key.
    #[error("this kind needs a management key")]
    NoManagementKey,
    /// The management key has not the kind's form.
    #[error("the management key has not the form that this kind needs: {0}")]
    ManagementKey(&'static str),
    /// The expression for the shape of a value cannot be read.
    #[error("the expression for the value's shape cannot be read")]
    Shape(#[from] regex::Error),
    /// The path of the program is not absolute.
    #[error("the program is named by its absolute path")]
    Program(#[source] sanctum_types::PathError),
}

impl Settings {
    /// The kind's name.
    ///
    /// # Panics
    /// Never: the names are this program's own.
    #[must_use]
    #[expect(clippy::expect_used, reason = "constants of this module")]
    pub fn kind(&self) -> KindName {
        KindName::new(match self {
            Self::Openrouter(_) => "openrouter",
            Self::Openai(_) => "openai",
            Self::AwsIam(_) => "aws-iam",
            Self::Tailscale(_) => "tailscale",
            Self::Cloudflare(_) => "cloudflare",
            Self::Anthropic(_) => "anthropic",
            Self::Command(_) => "command",
            Self::Manual(_) => "manual",
        })
        .expect("a constant of this form")
    }

    /// What the kind can do.
    #[must_use]
    pub const fn nature(&self) -> Nature {
        match self {
            Self::Openrouter(_) => openrouter::NATURE,
            Self::Openai(_) => openai::NATURE,
            Self::AwsIam(_) => aws_iam::NATURE,
            Self::Tailscale(_) => tailscale::NATURE,
            Self::Cloudflare(settings) => settings.nature(),
            Self::Anthropic(_) => anthropic::NATURE,
            Self::Command(settings) => settings.nature(),
            Self::Manual(settings) => settings.nature(),
        }
    }

    /// After how many days a secret of this kind is due when the instance does not say. OpenRouter's keys live 90
    /// days in the house's rules; 85 leaves room for the overlap.
    #[must_use]
    pub const fn due_after_days(&self) -> Option<u32> {
        match self {
            Self::Openrouter(_) => Some(85),
            _ => None,
        }
    }
}

impl Provider {
    /// Makes the kind ready. `management` is the key that may manage keys; kinds by hand and commands take none or
    /// pass it on.
    ///
    /// # Errors
    /// The settings or the key do not fit the kind.
    pub fn new(
        settings: &Settings,
        management: Option<Secret<String>>,
    ) -> Result<Self, SettingsError> {
        let needed = |key: Option<Secret<String>>| key.ok_or(SettingsError::NoManagementKey);
        let kind = match settings {
            Settings::Openrouter(s) => {
                Kind::Openrouter(openrouter::Openrouter::new(s, needed(management)?)?)
            }
            Settings::Openai(s) => Kind::Openai(openai::Openai::new(s, needed(management)?)?),
            Settings::AwsIam(s) => {
                Kind::AwsIam(aws_iam::AwsIam::new(s, needed(management)?.expose())?)
            }
            Settings::Tailscale(s) => {
                Kind::Tailscale(tailscale::Tailscale::new(s, needed(management)?)?)
            }
            Settings::Cloudflare(s) => {
                Kind::Cloudflare(cloudflare::Cloudflare::new(s, needed(management)?)?)
            }
            Settings::Anthropic(s) => {
                Kind::Anthropic(anthropic::Anthropic::new(s, needed(management)?)?)
            }
            Settings::Command(s) => Kind::Command(command::Script::new(s, management)?),
            Settings::Manual(s) => Kind::Manual(manual::Manual::new(s)?),
        };
        Ok(Self { kind })
    }

    /// Carries out a command that is the provider's: preflight, mint, verify, list, last use, disable, enable, delete.
    /// `now` is for signatures. Any other command is answered with [`Reason::Settings`].
    #[must_use]
    pub fn carry(&self, command: &Command, values: Values<'_>, now: UnixTime) -> Reply {
        let carried = match &self.kind {
            Kind::Openrouter(kind) => run(kind, command, values, now),
            Kind::Openai(kind) => run(kind, command, values, now),
            Kind::AwsIam(kind) => run(kind, command, values, now),
            Kind::Tailscale(kind) => run(kind, command, values, now),
            Kind::Cloudflare(kind) => run(kind, command, values, now),
            Kind::Anthropic(kind) => run(kind, command, values, now),
            Kind::Command(kind) => run(kind, command, values, now),
            Kind::Manual(kind) => run(kind, command, values, now),
        };
        carried.unwrap_or_else(|failure| Reply { event: Event::Failed(failure), minted: None })
    }

    /// The calls of a command, for a dry run: `POST https://openrouter.ai/api/v1/keys`.
    #[must_use]
    pub fn describe(&self, command: &Command) -> Vec<String> {
        match &self.kind {
            Kind::Openrouter(kind) => kind.describe(command),
            Kind::Openai(kind) => kind.describe(command),
            Kind::AwsIam(kind) => kind.describe(command),
            Kind::Tailscale(kind) => kind.describe(command),
            Kind::Cloudflare(kind) => kind.describe(command),
            Kind::Anthropic(kind) => kind.describe(command),
            Kind::Command(kind) => kind.describe(command),
            Kind::Manual(kind) => kind.describe(command),
        }
    }

    /// For kinds by hand: the page where a person makes the key, and the one where he removes it.
    #[must_use]
    pub fn pages(&self) -> Option<(&str, &str)> {
        match &self.kind {
            Kind::Manual(kind) => Some(kind.pages()),
            Kind::Anthropic(_) => Some((anthropic::PAGE, anthropic::PAGE)),
            _ => None,
        }
    }

    /// Whether a pasted value has the shape of one of this kind.
    #[must_use]
    pub fn has_shape(&self, value: &Secret<String>) -> bool {
        match &self.kind {
            Kind::Manual(kind) => kind.has_shape(value),
            Kind::Anthropic(_) => anthropic::has_shape(value),
            _ => true,
        }
    }
}

/// What every kind can be asked. A kind without one of them says so in its [`Nature`], and is not asked.
trait Calls {
    fn preflight(&self, values: Values<'_>, now: UnixTime) -> Result<Ready, Failure>;
    fn mint(
        &self,
        name: &str,
        values: Values<'_>,
        now: UnixTime,
    ) -> Result<(KeyId, Secret<String>), Failure>;
    fn verify(&self, subject: &Material, now: UnixTime) -> Result<(), Failure>;
    fn list(&self, now: UnixTime) -> Result<Vec<Listed>, Failure>;
    fn last_use(&self, key: &KeyId, now: UnixTime) -> Result<Option<UnixTime>, Failure>;
    fn switch(&self, key: &KeyId, on: bool, now: UnixTime) -> Result<(), Failure>;
    fn delete(&self, key: &KeyId, values: Values<'_>, now: UnixTime) -> Result<(), Failure>;
    fn describe(&self, command: &Command) -> Vec<String>;
}

fn run(
    kind: &dyn Calls,
    command: &Command,
    values: Values<'_>,
    now: UnixTime,
) -> Result<Reply, Failure> {
    let plain = |event| Reply { event, minted: None };
    let done = |()| plain(Event::Done);
    match command {
        Command::Preflight => {
            let ready = kind.preflight(values, now)?;
            Ok(plain(Event::Ready { old: ready.old, keys: ready.keys }))
        }
        Command::Mint { name } => {
            let (key, value) = kind.mint(name, values, now)?;
            let minted = Some(Material { key: Some(key.clone()), value });
            Ok(Reply { event: Event::Minted(key), minted })
        }
        Command::Verify(_) => {
            let subject = values.subject.ok_or(Failure::Never(Reason::Sealed))?;
            kind.verify(subject, now).map(done)
        }
        Command::List => kind.list(now).map(|keys| plain(Event::Keys(keys))),
        Command::LastUse(key) => kind.last_use(key, now).map(|at| plain(Event::LastUse(at))),
        Command::Disable(key) => gone_is_done(kind.switch(key, false, now)).map(done),
        Command::Enable(key) => kind.switch(key, true, now).map(done),
        Command::Delete(key) => gone_is_done(kind.delete(key, values, now)).map(done),
        Command::Save(_)
        | Command::Tell(_)
        | Command::Probe(_)
        | Command::StageOld
        | Command::StageNew
        | Command::Write { .. }
        | Command::Confirm { .. }
        | Command::Look(_)
        | Command::Discard
        | Command::Wait { .. } => Err(Failure::Never(Reason::Settings)),
    }
}

/// A key that is not there any more is neither used nor to be removed.
fn gone_is_done(result: Result<(), Failure>) -> Result<(), Failure> {
    match result {
        Err(Failure::Never(Reason::NotFound)) => Ok(()),
        other => other,
    }
}

/// Sends it and reads a JSON answer of that shape.
fn ask<T: serde::de::DeserializeOwned>(client: &Client, request: &Request) -> Result<T, Failure> {
    let is_read = request.is_read();
    let answer = judge(is_read, client.send(request))?;
    parse(is_read, &answer.body)
}

/// Sends it; any success will do.
fn tell(client: &Client, request: &Request) -> Result<(), Failure> {
    judge(request.is_read(), client.send(request)).map(drop)
}

/// A failed read on the way to a change: the change certainly did not happen.
fn before(failure: Failure) -> Failure {
    match failure {
        Failure::Unknown(reason) => Failure::Later { reason, after: None },
        other => other,
    }
}

/// An id out of an answer.
fn key_id(is_read: bool, text: &str) -> Result<KeyId, Failure> {
    let reason = Reason::NotTheProvider;
    let failure = if is_read { Failure::Never(reason) } else { Failure::Unknown(reason) };
    KeyId::new(text).map_err(|_| failure)
}

/// The one of these that the current value can belong to, or a refusal: which key is the old one must not be guessed.
/// What is declared only decides between several, because somebody may have changed the value since.
fn the_one(found: impl Iterator<Item = KeyId>, declared: Option<&KeyId>) -> Result<KeyId, Failure> {
    let found: Vec<KeyId> = found.collect();
    match (found.as_slice(), declared) {
        ([key], _) => Ok(key.clone()),
        ([_, _, ..], Some(declared)) if found.contains(declared) => Ok(declared.clone()),
        _ => Err(Failure::Never(Reason::NoSuchKey)),
    }
}

/// The declared key, if it is there: for a value that is dead or not there yet.
fn if_listed(keys: &[Listed], declared: Option<&KeyId>) -> Option<KeyId> {
    declared.filter(|old| keys.iter().any(|key| key.id == **old)).cloned()
}

/// Whether a value is what a provider shows of it: its beginning and its end around dots or stars.
fn is_shown_as(value: &str, shown: &str) -> bool {
    let is_gap = |c: char| matches!(c, '.' | '*' | '…');
    let (Some(from), Some(to)) = (shown.find(is_gap), shown.rfind(is_gap)) else {
        return value == shown;
    };
    let (Some(head), Some(tail)) = (shown.get(..from), shown.get(to..)) else { return false };
    let tail = tail.trim_start_matches(is_gap);
    // Three characters at the end are what the shortest of them show.
    tail.len() >= 3
        && value.len() > head.len() + tail.len()
        && value.starts_with(head)
        && value.ends_with(tail)
}

/// How many pages of a list are read at most: a provider that repeats itself does not keep us.
const PAGES: usize = 100;

/// Method and path with the address in between.
fn at(base: &str, lines: &[&str]) -> Vec<String> {
    lines.iter().map(|line| line.replacen(' ', &format!(" {base}"), 1)).collect()
}
