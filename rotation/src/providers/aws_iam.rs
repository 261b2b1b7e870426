//! Access keys of an IAM user that nothing else uses: two at most, so old and new fill the room.
//!
//! Contract: the query interface of IAM (version 2010-05-08, XML) and `GetCallerIdentity` of STS (2011-06-15),
//! signed by version 4. Keys have no names: one that appeared while an attempt was under way is ours, which is why
//! the user has to be the house's alone. A value here is the secret half; the key's id is the public one.

use super::sigv4::{Credentials, Scope, sign};
use super::{Calls, Ready, SettingsError, Values, if_listed, key_id, times};
use crate::http::{Answer, Client, Lost, Request, encode, judge};
use crate::material::Material;
use crate::plan::{Finds, NameStyle, Nature, OldKey};
use crate::protocol::{Command, Failure, Listed, Reason};
use crate::words::KeyId;
use sanctum_types::{Secret, UnixTime};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

const IAM: &str = "https://iam.amazonaws.com";
const STS: &str = "https://sts.amazonaws.com";
const IAM_VERSION: &str = "2010-05-08";
const STS_VERSION: &str = "2011-06-15";
/// Both global addresses are signed for this region.
const REGION: &str = "us-east-1";
/// The quota of access keys for a user.
const ROOM: usize = 2;

pub(super) const NATURE: Nature = Nature {
    old: OldKey::Lives,
    finds: Finds::ByDifference,
    names: NameStyle::Plain,
    by_hand: false,
    disables: true,
    tells_last_use: true,
};

/// Settings of this kind. The management key is written `<access key id>:<secret>` or, with a session token,
/// `<access key id>:<secret>:<token>`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "AwsIamSettings")]
pub struct Settings {
    /// The user whose keys are rotated.
    pub user: String,
    /// Another address of IAM, as other partitions have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    /// Another address of STS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sts_url: Option<String>,
    /// The region that signatures name; without one `us-east-1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
}

#[derive(Debug)]
pub(super) struct AwsIam {
    iam: Client,
    sts: Client,
    management: Credentials,
    user: String,
    region: String,
}

impl AwsIam {
    pub(super) fn new(settings: &Settings, management: &str) -> Result<Self, SettingsError> {
        let wrong = SettingsError::ManagementKey("<access key id>:<secret>");
        let mut parts = management.splitn(3, ':');
        let (Some(id), Some(secret)) = (parts.next(), parts.next()) else { return Err(wrong) };
        if id.is_empty() || secret.is_empty() {
            return Err(wrong);
        }
        let session = parts.next().map(|token| Secret::new(token.to_owned()));
        let secret = Secret::new(secret.to_owned());
        Ok(Self {
            iam: Client::new(settings.base_url.as_deref().unwrap_or(IAM))?,
            sts: Client::new(settings.sts_url.as_deref().unwrap_or(STS))?,
            management: Credentials { id: id.to_owned(), secret, session },
            user: settings.user.clone(),
            region: settings.region.clone().unwrap_or_else(|| REGION.to_owned()),
        })
    }

    fn iam(&self, action: &str, fields: &[(&str, &str)], now: UnixTime) -> Result<Answer, Failure> {
        let request = form(action, IAM_VERSION, fields);
        let scope = Scope { region: &self.region, service: "iam", host: self.iam.host() };
        let is_read = action.starts_with("List") || action.starts_with("Get");
        send(&self.iam, request, &self.management, scope, (is_read, now))
    }

    fn whoami(&self, key: &Credentials, now: UnixTime) -> Result<(), Failure> {
        let request = form("GetCallerIdentity", STS_VERSION, &[]);
        let scope = Scope { region: &self.region, service: "sts", host: self.sts.host() };
        let answer = send(&self.sts, request, key, scope, (true, now))?;
        match texts(&answer.body, "Arn").next() {
            Some(_) => Ok(()),
            None => Err(Failure::Never(Reason::NotTheProvider)),
        }
    }

    /// The id that the current secret belongs to: the one with which it is accepted.
    fn owner(
        &self,
        secret: &Secret<String>,
        keys: &[Listed],
        now: UnixTime,
    ) -> Result<KeyId, Failure> {
        for key in keys {
            let id = key.id.as_str().to_owned();
            match self.whoami(&Credentials { id, secret: secret.clone(), session: None }, now) {
                Ok(()) => return Ok(key.id.clone()),
                Err(Failure::Never(Reason::Unauthorized)) => {}
                Err(other) => return Err(other),
            }
        }
        Err(Failure::Never(Reason::NoSuchKey))
    }
}

fn form(action: &str, version: &str, fields: &[(&str, &str)]) -> Request {
    let mut body = format!("Action={action}&Version={version}");
    for (name, value) in fields {
        body.push_str(&format!("&{name}={}", encode(value)));
    }
    Request::new("POST", "/")
        .body("application/x-www-form-urlencoded; charset=utf-8", body.into_bytes())
}

fn send(
    client: &Client,
    request: Request,
    key: &Credentials,
    scope: Scope<'_>,
    (is_read, now): (bool, UnixTime),
) -> Result<Answer, Failure> {
    let request = sign(request, key, scope, now).ok_or(Failure::Never(Reason::Settings))?;
    classify(is_read, client.send(&request))
}

/// What an answer of the query interface says: its codes are finer than the status.
///
/// # Errors
/// Every answer but a success with XML.
pub fn classify(is_read: bool, answer: Result<Answer, Lost>) -> Result<Answer, Failure> {
    let code = answer.as_ref().ok().and_then(|answer| texts(&answer.body, "Code").next());
    let status = answer.as_ref().map_or(0, |answer| answer.status);
    let judged = judge(is_read, answer);
    match code.as_ref().map(|code| code.as_str()) {
        Some("Throttling" | "ThrottlingException" | "RequestLimitExceeded") if status < 500 => {
            Err(Failure::Later { reason: Reason::RateLimited, after: None })
        }
        Some("LimitExceeded") if status < 500 => Err(Failure::Never(Reason::NoRoom)),
        Some("NoSuchEntity") => Err(Failure::Never(Reason::NotFound)),
        Some("InvalidClientTokenId" | "SignatureDoesNotMatch" | "ExpiredToken") => {
            Err(Failure::Never(Reason::Unauthorized))
        }
        _ => judged,
    }
}

/// The texts of the elements of that name. The documents of this interface are flat below their lists and have no
/// attributes there; what is not of this form has no texts.
fn texts<'a>(body: &'a [u8], tag: &str) -> impl Iterator<Item = Zeroizing<String>> + use<'a> {
    let (open, close) = (format!("<{tag}>"), format!("</{tag}>"));
    let mut rest = std::str::from_utf8(body).unwrap_or_default();
    std::iter::from_fn(move || {
        let (_, after) = rest.split_once(open.as_str())?;
        let (text, after) = after.split_once(close.as_str())?;
        rest = after;
        let plain = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
        Some(Zeroizing::new(plain.replace("&apos;", "'").replace("&amp;", "&")))
    })
}

/// The keys of a `ListAccessKeys` answer.
///
/// # Errors
/// The document is not of this form.
pub fn read_keys(body: &[u8]) -> Result<Vec<Listed>, Failure> {
    let wrong = Failure::Never(Reason::NotTheProvider);
    if texts(body, "AccessKeyMetadata").next().is_none() && !contains(body, "<AccessKeyMetadata/>")
    {
        return Err(wrong);
    }
    // More than a page would be more than the quota: what is not seen must not be thought absent.
    if texts(body, "IsTruncated").next().is_some_and(|text| text.as_str() == "true") {
        return Err(wrong);
    }
    texts(body, "member")
        .map(|member| {
            let id = texts(member.as_bytes(), "AccessKeyId").next().ok_or(wrong)?;
            let created = texts(member.as_bytes(), "CreateDate").next();
            let created = created.and_then(|at| times::parse(&at)).ok_or(wrong)?;
            Ok(Listed { id: key_id(true, &id)?, name: None, created: Some(created) })
        })
        .collect()
}

fn contains(body: &[u8], text: &str) -> bool {
    std::str::from_utf8(body).is_ok_and(|body| body.contains(text))
}

/// The key of a `CreateAccessKey` answer.
///
/// # Errors
/// The document is not of this form: nobody knows whether there is a key.
pub fn read_created(body: &[u8]) -> Result<(KeyId, Secret<String>), Failure> {
    let wrong = Failure::Unknown(Reason::NotTheProvider);
    let id = texts(body, "AccessKeyId").next().ok_or(wrong)?;
    let mut secret = texts(body, "SecretAccessKey").next().ok_or(wrong)?;
    if secret.is_empty() {
        return Err(wrong);
    }
    Ok((key_id(false, &id)?, Secret::new(std::mem::take(&mut *secret))))
}

impl Calls for AwsIam {
    fn preflight(&self, values: Values<'_>, now: UnixTime) -> Result<Ready, Failure> {
        self.whoami(&self.management, now)?;
        let keys = self.list(now)?;
        let old = match values.current {
            Some(current) => Some(self.owner(current, &keys, now)?),
            None => if_listed(&keys, values.old),
        };
        if keys.len() >= ROOM {
            return Err(Failure::Never(Reason::NoRoom));
        }
        Ok(Ready { old, keys })
    }

    fn mint(
        &self,
        _: &str,
        _: Values<'_>,
        now: UnixTime,
    ) -> Result<(KeyId, Secret<String>), Failure> {
        let answer = self.iam("CreateAccessKey", &[("UserName", &self.user)], now)?;
        read_created(&answer.body)
    }

    fn verify(&self, subject: &Material, now: UnixTime) -> Result<(), Failure> {
        let id = subject.key.as_ref().ok_or(Failure::Never(Reason::Sealed))?;
        let secret = subject.value.clone();
        self.whoami(&Credentials { id: id.as_str().to_owned(), secret, session: None }, now)
    }

    fn list(&self, now: UnixTime) -> Result<Vec<Listed>, Failure> {
        let answer = self.iam("ListAccessKeys", &[("UserName", &self.user)], now)?;
        read_keys(&answer.body)
    }

    fn last_use(&self, key: &KeyId, now: UnixTime) -> Result<Option<UnixTime>, Failure> {
        let answer = self.iam("GetAccessKeyLastUsed", &[("AccessKeyId", key.as_str())], now)?;
        if texts(&answer.body, "AccessKeyLastUsed").next().is_none() {
            return Err(Failure::Never(Reason::NotTheProvider));
        }
        // Without a date the key was never used.
        let Some(date) = texts(&answer.body, "LastUsedDate").next() else { return Ok(None) };
        times::parse(&date).map(Some).ok_or(Failure::Never(Reason::NotTheProvider))
    }

    fn switch(&self, key: &KeyId, on: bool, now: UnixTime) -> Result<(), Failure> {
        let status = if on { "Active" } else { "Inactive" };
        let fields = [("AccessKeyId", key.as_str()), ("Status", status), ("UserName", &self.user)];
        self.iam("UpdateAccessKey", &fields, now).map(drop)
    }

    fn delete(&self, key: &KeyId, _: Values<'_>, now: UnixTime) -> Result<(), Failure> {
        let fields = [("AccessKeyId", key.as_str()), ("UserName", &self.user)];
        self.iam("DeleteAccessKey", &fields, now).map(drop)
    }

    fn describe(&self, command: &Command) -> Vec<String> {
        let iam = |action: &str| format!("POST {}/ {action}", self.iam.base());
        let sts = format!("POST {}/ GetCallerIdentity", self.sts.base());
        match command {
            Command::Preflight => vec![sts, iam("ListAccessKeys")],
            Command::Mint { .. } => vec![iam("CreateAccessKey")],
            Command::Verify(_) => vec![sts],
            Command::List => vec![iam("ListAccessKeys")],
            Command::LastUse(_) => vec![iam("GetAccessKeyLastUsed")],
            Command::Disable(_) | Command::Enable(_) => vec![iam("UpdateAccessKey")],
            Command::Delete(_) => vec![iam("DeleteAccessKey")],
            _ => Vec::new(),
        }
    }
}
