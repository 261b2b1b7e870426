//! `launchd/parsers-agree`.

use crate::doctor::launchd::strict;
use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "launchd/parsers-agree",
    severity: Severity::Error,
    on: On::Macos,
    title: "two strict readers and the system's own read every property list alike",
    why: "launchd forgives what XML forbids: `--` in a comment, a control character, a doubled key. A \
          property list with such a comment ran for months and was invisible to the tool that counted \
          jobs, so it was in no audit.",
    fix: Fix::Edit(
        "write the file again with `plutil -convert xml1 FILE`, and take comments with `--` out",
    ),
    needs: &[Need::Plists, Need::PlistTool],
    judge,
    #[cfg(test)]
    good,
    #[cfg(test)]
    bad,
};

fn judge(looked: &Looked) -> Seen {
    let plists = looked.plists()?;
    let tool = looked.plist_tool()?;
    let mut answer = Answer::of(plists);
    for file in plists {
        let strict = strict::faults(&file.bytes);
        let library = file.read.as_ref().err();
        let system = tool.0.get(&file.path).and_then(|said| said.as_ref().err());
        let mut words: Vec<String> =
            strict.iter().map(|fault| format!("strict XML: {fault}")).collect();
        words.extend(library.map(|error| format!("crate plist: {error}")));
        words.extend(system.map(|error| format!("the system's tool: {error}")));
        if !words.is_empty() {
            answer.add(&file.path, words.join("; "));
        }
    }
    Ok(answer)
}

#[cfg(test)]
fn good() -> Looked {
    crate::doctor::fixture::plain_hub().with_daemon("proxy", "<!-- kept alive - by launchd -->")
}

#[cfg(test)]
fn bad() -> Looked {
    crate::doctor::fixture::plain_hub().with_daemon("proxy", "<!-- started with --only proxy -->")
}
