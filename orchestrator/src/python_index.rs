//! One page of a Python index by the simple API in JSON (PEP 691): whether a project is there, and its files.
//!
//! One request a connection, no redirects, bounded in bytes and time; a credential goes to that index only. Deliberately absent:
//! which index it is, and what a page says.

use sanctum_types::Secret;
use std::io::Read as _;
use std::time::Duration;

const WHOLE: Duration = Duration::from_secs(10);
/// The page of a project with ten thousand files.
const LONGEST: u64 = 64 << 20;
/// The media type of PEP 691; an index that only knows HTML answers with that, which is not read.
const JSON: &str = "application/vnd.pypi.simple.v1+json";

/// What an index says of a project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Page {
    /// There is none of that name.
    Absent,
    /// The page, as it came.
    There(Vec<u8>),
}

/// Who asks for pages.
#[derive(Clone, Debug)]
pub struct Pages(ureq::Agent);

impl Pages {
    /// With these certificate authorities in PEM, or with the built-in ones where there is none among them.
    #[must_use]
    pub fn new(bundle: Option<&[u8]>) -> Self {
        let certificates: Vec<ureq::tls::Certificate<'static>> =
            ureq::tls::parse_pem(bundle.unwrap_or_default())
                .filter_map(|item| match item {
                    Ok(ureq::tls::PemItem::Certificate(certificate)) => Some(certificate),
                    _ => None,
                })
                .collect();
        let roots = if certificates.is_empty() {
            ureq::tls::RootCerts::WebPki
        } else {
            ureq::tls::RootCerts::new_with_certs(&certificates)
        };
        Self(
            ureq::Agent::config_builder()
                .tls_config(ureq::tls::TlsConfig::builder().root_certs(roots).build())
                .timeout_global(Some(WHOLE))
                .http_status_as_error(false)
                .max_redirects(0)
                .max_redirects_will_error(false)
                .max_idle_connections(0)
                .user_agent("sanctum")
                .build()
                .into(),
        )
    }

    /// The page of a project at an index of this address; none where the index does not say.
    #[must_use]
    pub fn get(
        &self,
        address: &str,
        project: &str,
        authorization: Option<&Secret<String>>,
    ) -> Option<Page> {
        let mut request = self.0.get(format!("{address}/{project}/")).header("accept", JSON);
        if let Some(authorization) = authorization {
            let mut value = ureq::http::HeaderValue::from_str(authorization.expose()).ok()?;
            value.set_sensitive(true);
            request = request.header("authorization", value);
        }
        let mut response = request.call().ok()?;
        match response.status().as_u16() {
            404 | 410 => return Some(Page::Absent),
            200 => {}
            _ => return None,
        }
        let mut body = Vec::new();
        response.body_mut().as_reader().take(LONGEST).read_to_end(&mut body).ok()?;
        Some(Page::There(body))
    }
}
