//! `launchd/environment-in-plist`.

use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "launchd/environment-in-plist",
    severity: Severity::Warn,
    on: On::Macos,
    title: "no job of the house gets an environment from its property list",
    why: "Variables in a property list are readable by everybody, are not reloaded by a kickstart, and are \
          the place where the next person puts a key. A service of the house reads its own configuration, \
          and secrets by reference.",
    fix: Fix::Edit(
        "move the setting into the service's own configuration and take EnvironmentVariables out",
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
    for file in plists.iter().filter(|file| file.is_ours()) {
        let Some(variables) = file.get("EnvironmentVariables").and_then(|v| v.as_dictionary())
        else {
            continue;
        };
        let names: Vec<&str> = variables.keys().map(String::as_str).collect();
        if !names.is_empty() {
            answer.add(&file.path, format!("it sets {}", names.join(", ")));
        }
    }
    Ok(answer)
}

#[cfg(test)]
fn good() -> Looked {
    crate::doctor::fixture::plain_hub().with_command("proxy", &["/opt/sanctum/bin/sanctumd"])
}

#[cfg(test)]
fn bad() -> Looked {
    crate::doctor::fixture::plain_hub().with_daemon(
        "proxy",
        "<key>EnvironmentVariables</key><dict><key>PORT</key><string>1</string></dict>",
    )
}
