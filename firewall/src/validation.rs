//! What a provider is asked about one of its credentials, and what its answer says: data of the rules and pure functions.
//!
//! Invariant: whom to ask stands in the rule alone, so that no text that was scanned can name a host. What an
//! answer does not say as the provider documents it is neither yes nor no. Deliberately absent: asking.

/// What stands in a template for the credential.
pub const SECRET: &str = "{secret}";
/// Longest credential that is sent: a token of some kilobytes is a document and no key.
const LONGEST: usize = 4096;

/// A request of a provider's that changes nothing and needs a valid credential.
#[derive(Debug)]
pub struct Validation {
    /// Where the request is documented.
    pub source: &'static str,
    /// `GET` or `POST`.
    pub method: &'static str,
    /// The provider's host; asked over HTTPS.
    pub host: &'static str,
    /// Path and query, beginning with a slash; a template only where the provider has credentials in its paths.
    pub path: &'static str,
    /// Names in lowercase, and templates.
    pub headers: &'static [(&'static str, &'static str)],
    /// A JSON body, or nothing.
    pub body: &'static str,
    pub(crate) begins: &'static [&'static str],
    pub(crate) active: Says,
    pub(crate) inactive: Says,
}

/// How an answer says something.
#[derive(Debug)]
pub(crate) struct Says {
    /// One of these statuses.
    pub(crate) status: &'static [u16],
    /// Where there are any: one of these in the body, white space aside.
    pub(crate) body: &'static [&'static str],
}

impl Says {
    fn is_said(&self, status: u16, body: &[u8]) -> bool {
        let holds = |text: &str| memchr::memmem::find(body, text.as_bytes()).is_some();
        self.status.contains(&status)
            && (self.body.is_empty() || self.body.iter().any(|text| holds(text)))
    }
}

impl Validation {
    /// Whether the request is about a credential of this form, and holds it without another meaning.
    #[must_use]
    pub fn takes(&self, secret: &str) -> bool {
        let in_path = self.path.contains(SECRET);
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~:".contains(&b);
        let stands = |b: u8| if in_path { plain(b) } else { b.is_ascii_graphic() };
        let begins = || self.begins.iter().any(|form| secret.starts_with(form));
        !secret.is_empty()
            && secret.len() <= LONGEST
            && secret.bytes().all(stands)
            && (self.begins.is_empty() || begins())
    }

    /// Whether the credential is valid; nothing where the answer says neither, or both.
    #[must_use]
    pub fn verdict(&self, status: u16, body: &[u8]) -> Option<bool> {
        let dense: Vec<u8> = body.iter().copied().filter(|b| !b.is_ascii_whitespace()).collect();
        match [&self.active, &self.inactive].map(|says| says.is_said(status, &dense)) {
            [true, false] => Some(true),
            [false, true] => Some(false),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::RULES;
    use proptest::prelude::*;

    fn of(rule: &str) -> &'static Validation {
        let rule = RULES.iter().find(|one| one.id == rule).unwrap();
        rule.validate.unwrap()
    }

    #[test]
    fn answers() {
        for (rule, status, body, expected) in [
            ("github-pat", 200, "{}", Some(true)),
            ("openrouter-key", 401, "{}", Some(false)),
            ("github-pat", 403, "{}", None),
            ("github-pat", 302, "", None),
            ("github-pat", 500, "", None),
            // What a server of one's own or another region would accept, or a person may have named so.
            ("github-pat", 401, "{}", None),
            ("github-oauth", 401, "{}", None),
            ("github-user-to-server", 401, "{}", None),
            ("github-server-to-server", 401, "{}", None),
            ("github-fine-grained-pat", 401, "{}", None),
            ("gitlab-pat", 401, "{}", None),
            ("gitlab-routable-token", 401, "{}", None),
            ("circleci-token", 401, "{}", None),
            ("pulumi-token", 401, "{}", None),
            ("sendgrid-key", 401, "{}", None),
            ("postman-key", 401, "{}", None),
            ("square-token", 401, "{}", None),
            ("discord-bot-token", 401, "{}", None),
            ("deepseek-key", 401, "{}", None),
            ("hetzner-token", 401, "{}", None),
            // One status for a dead credential and for a living one that may not do that from here.
            ("openai-key", 401, "{\"error\":{\"code\":\"invalid_api_key\"}}", Some(false)),
            ("openai-key", 401, "{\"error\":{\"code\":\"ip_not_authorized\"}}", None),
            ("xai-key", 200, "{\"api_key_disabled\":false,\"api_key_blocked\":false}", Some(true)),
            ("xai-key", 200, "{\"api_key_disabled\":true}", Some(false)),
            ("xai-key", 200, "{\"api_key_disabled\":false,\"api_key_blocked\":true}", None),
            ("xai-key", 400, "{\"error\":\"Incorrect API key provided: xa***\"}", Some(false)),
            ("doppler-token", 400, "{\"messages\":[\"Invalid Auth token\"]}", Some(false)),
            ("doppler-token", 400, "{}", None),
            (
                "linear-key",
                401,
                "{\"extensions\":{\"code\":\"AUTHENTICATION_ERROR\"}}",
                Some(false),
            ),
            ("linear-key", 400, "{\"extensions\":{\"code\":\"RATELIMITED\"}}", None),
            ("clickup-token", 401, "{\"ECODE\":\"OAUTH_025\"}", Some(false)),
            ("clickup-token", 401, "{\"ECODE\":\"OAUTH_027\"}", None),
            ("vercel-token", 403, "{\"error\":{\"invalidToken\":true}}", Some(false)),
            ("vercel-token", 403, "{\"error\":{\"code\":\"forbidden\"}}", None),
            ("figma-token", 403, "{\"err\":\"Invalid token\"}", Some(false)),
            ("figma-token", 403, "{\"err\":\"Invalid scope\"}", None),
            ("slack-token", 200, "{\"ok\":false,\"error\":\"invalid_auth\"}", None),
            ("slack-token", 200, "{\"ok\": true}", Some(true)),
            ("slack-token", 200, "{\"ok\":false,\"error\":\"token_revoked\"}", Some(false)),
            ("slack-token", 200, "{\"ok\":false,\"error\":\"ratelimited\"}", None),
            ("slack-token", 200, "{\"ok\":true,\"error\":\"token_revoked\"}", None),
            ("slack-token", 500, "{\"ok\":true}", None),
            ("cloudflare-token", 200, "{\"result\":{\"status\":\"active\"}}", Some(true)),
            ("cloudflare-token", 200, "{\"result\":{\"status\":\n\"expired\"}}", Some(false)),
            ("cloudflare-token", 200, "{}", None),
        ] {
            assert_eq!(
                of(rule).verdict(status, body.as_bytes()),
                expected,
                "{rule} {status} {body}"
            );
        }
    }

    #[test]
    fn forms_that_another_request_is_about() {
        for (rule, secret, takes) in [
            ("anthropic-key", "sk-ant-api03-x", true),
            ("anthropic-key", "sk-ant-admin01-x", false),
            ("tailscale-key", "tskey-auth-x", false),
            ("telegram-bot-token", "1:AA-_x", true),
            ("telegram-bot-token", "1:AA/../x", false),
            ("telegram-bot-token", "1:AA?x", false),
            ("telegram-bot-token", "1:AA%2fx", false),
            ("github-pat", "ghp_\r\nhost: x", false),
            ("github-pat", "ghp_ x", false),
            ("github-pat", "ghp_\u{e4}", false),
            ("github-pat", "", false),
        ] {
            assert_eq!(of(rule).takes(secret), takes, "{rule} {secret:?}");
        }
        assert!(!of("github-pat").takes(&"x".repeat(LONGEST + 1)));
    }

    #[test]
    fn the_table_holds_at_least_so_many_providers() {
        let asked = || RULES.iter().filter_map(|rule| rule.validate);
        let hosts: std::collections::BTreeSet<&str> = asked().map(|one| one.host).collect();
        assert!(hosts.len() >= 30, "{hosts:?}");
        // A password in a URL would be sent to whomever the scanned file names.
        for rule in RULES.iter().filter(|rule| rule.finder.is_some()) {
            assert!(rule.validate.is_none(), "{}", rule.id);
        }
    }

    proptest! {
        /// A page, a redirect, an error of a server: none of them says that a credential is dead or alive.
        #[test]
        fn no_other_status_says_anything(at in any::<proptest::sample::Index>(), status in 0u16..1000, body in ".{0,64}") {
            let all: Vec<&Validation> = RULES.iter().filter_map(|rule| rule.validate).collect();
            let one = at.get(&all);
            let known = one.active.status.contains(&status) || one.inactive.status.contains(&status);
            let said = one.verdict(status, body.as_bytes());
            prop_assert!(known || said.is_none());
            prop_assert!(said != Some(true) || (200..300).contains(&status));
            prop_assert!(said != Some(false) || status < 300 || (400..500).contains(&status));
        }
    }
}
