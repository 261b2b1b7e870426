//! `--validate`: asks providers about the credentials that were found. The only part of a scan that sends anything.
//!
//! One request each by the client that rotation uses: HTTPS with built-in roots, no redirect, no proxy of the
//! environment, bounds of time and size. Invariant: the host is the rule's, or the one that the owner named on the
//! command line; nothing that was scanned names one.

use super::super::Context;
use crate::args::scan::Scan;
use crate::failure::Failure;
use sanctum_firewall::validation::SECRET;
use sanctum_rotation::http::{Client, Request, Text, judge};
use sanctum_scan::Scanner;
use sanctum_scan::validate::{Question, Validity};
use sanctum_types::Secret;

/// Refuses to ask where nobody asked for it now.
pub(super) fn allowed(context: &Context, args: &Scan) -> Result<(), Failure> {
    if let Some(at) = &args.validate_at {
        Client::new(at)
            .map_err(|error| Failure::refused(error).hint("--validate-at https://HOST"))?;
    }
    match &context.around.job {
        Some(job) if args.validate => Err(Failure::refused(format!(
            "a scheduled scan asks nobody, and this is the job `{job}`"
        ))
        .hint("sanctum scan --validate, by hand")),
        _ => Ok(()),
    }
}

/// Asks about what was found.
pub(super) fn ask(context: &Context, args: &Scan, scanner: &Scanner<'_>) {
    let at = args.validate_at.as_deref();
    let asked = scanner.validate(&|question| answer(question, at));
    if asked > 0 {
        context.out.progress(&format!("providers were asked about {asked} secrets"));
    }
}

fn answer(question: &Question, at: Option<&str>) -> Validity {
    let unknown = |cause: &dyn std::fmt::Display| Validity::Unknown(cause.to_string());
    let validation = question.validation;
    let base = match at {
        Some(at) => format!("{}/{}", at.trim_end_matches('/'), validation.host),
        None => format!("https://{}", validation.host),
    };
    let client = match Client::new(&base) {
        Ok(client) => client,
        Err(error) => return unknown(&error),
    };
    let answer = client.send(&request(question));
    let said = answer.as_ref().ok().filter(|answer| !answer.is_html());
    match said.and_then(|answer| validation.verdict(answer.status, &answer.body)) {
        Some(true) => Validity::Active,
        Some(false) => Validity::Inactive,
        None => match judge(true, answer) {
            Ok(_) => unknown(&"the answer says neither"),
            Err(failure) => unknown(&failure.reason()),
        },
    }
}

fn request(question: &Question) -> Request {
    let validation = question.validation;
    let filled = |template: &str| match template.split_once(SECRET) {
        // In one piece: a text that grows leaves copies behind that nobody wipes.
        Some((before, after)) => [before, question.secret.expose(), after].concat(),
        None => template.to_owned(),
    };
    let mut request = Request::new(validation.method, filled(validation.path));
    for (name, template) in validation.headers {
        let text = if template.contains(SECRET) {
            Text::Secret(Secret::new(filled(template)))
        } else {
            Text::Plain((*template).to_owned())
        };
        request = request.header(name, text);
    }
    if !validation.body.is_empty() {
        request = request.body("application/json", validation.body.as_bytes().to_vec());
    }
    request
}
