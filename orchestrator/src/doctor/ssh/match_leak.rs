//! `ssh/match-leak`.

use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use crate::render::sshd::matches_in;
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "ssh/match-leak",
    severity: Severity::Warn,
    on: On::Any,
    title: "no file of sshd holds a Match block",
    why: "A block replaces values for some callers, which no list of callers can exhaust; and without a `Match \
          all` at its end it swallows every line of the files after it, so that a global rule silently holds \
          for those callers only.",
    fix: Fix::Edit(
        "take the block out of the file that the finding names, or see that it opens nothing",
    ),
    needs: &[Need::SshdFiles],
    judge,
    #[cfg(test)]
    good,
    #[cfg(test)]
    bad,
};

fn judge(looked: &Looked) -> Seen {
    let files = looked.sshd_files()?;
    let mut answer = Answer::of(files);
    for file in files {
        for found in matches_in(&file.text) {
            answer.add(&file.path, found.to_string());
        }
    }
    Ok(answer)
}

#[cfg(test)]
fn with(drop_in: &str) -> Looked {
    use crate::doctor::ssh::ConfigFile;
    let mut looked = crate::doctor::fixture::plain_hub();
    let file = |path: &str, text: &str| ConfigFile { path: path.to_owned(), text: text.to_owned() };
    looked.sshd_files.as_mut().unwrap().all.extend([
        file("/etc/ssh/sshd_config", "Include /etc/ssh/sshd_config.d/*\n"),
        file("/etc/ssh/sshd_config.d/100-macos.conf", drop_in),
    ]);
    looked
}

#[cfg(test)]
fn good() -> Looked {
    with("UsePAM yes\n")
}

#[cfg(test)]
fn bad() -> Looked {
    with("Match Address 10.0.0.0/8\n    PasswordAuthentication yes\n")
}
