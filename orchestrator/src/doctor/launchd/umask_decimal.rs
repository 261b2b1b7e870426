//! `launchd/umask-decimal`.

use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "launchd/umask-decimal",
    severity: Severity::Warn,
    on: On::Macos,
    title: "every Umask means what it looks like",
    why: "A property list's integer is decimal: `<integer>77</integer>` is 0115, and leaves files open \
          that were to be closed. As a string, `077` is read as octal.",
    fix: Fix::Edit(
        "write the decimal number (077 is 63, 027 is 23, 022 is 18), or the octal one as a string",
    ),
    needs: &[Need::Plists],
    judge,
    #[cfg(test)]
    good,
    #[cfg(test)]
    bad,
};

fn judge(looked: &Looked) -> Seen {
    let plists = looked.plists()?;
    let mut answer = Answer::of(plists);
    for file in plists {
        let Some(number) = file.number("Umask") else { continue };
        // Masks that people write in octal; none of them is one that anybody means in decimal.
        if [2, 7, 22, 27, 77, 177].contains(&number) && number > 7 || !(0..=0o777).contains(&number)
        {
            answer.add(&file.path, format!("Umask {number} is octal {number:o}"));
        }
    }
    Ok(answer)
}

#[cfg(test)]
fn good() -> Looked {
    crate::doctor::fixture::plain_hub()
        .with_daemon("proxy", "<key>Umask</key><integer>63</integer>")
}

#[cfg(test)]
fn bad() -> Looked {
    crate::doctor::fixture::plain_hub()
        .with_daemon("proxy", "<key>Umask</key><integer>77</integer>")
}
