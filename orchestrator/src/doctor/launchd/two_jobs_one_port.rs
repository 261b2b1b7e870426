//! `launchd/two-jobs-one-port`.

use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use crate::instance::model::Transport;
use sanctum_types::Severity;
use std::collections::{BTreeMap, BTreeSet};

pub(super) static LINT: Lint = Lint {
    id: "launchd/two-jobs-one-port",
    severity: Severity::Error,
    on: On::Macos,
    title: "no two jobs are given one port",
    why: "Two property lists name one port, one of them meant as a fallback and marked disabled. At boot \
          the fallback won, because `Disabled` is only a first opinion and KeepAlive starts it, and \
          clients talked to the wrong model for a day.",
    fix: Fix::Edit("give one of them another port, or retire it: sanctum services retire NAME"),
    needs: &[Need::Wanted, Need::Plists],
    judge,
    #[cfg(test)]
    good,
    #[cfg(test)]
    bad,
};

fn judge(looked: &Looked) -> Seen {
    let wanted = looked.wanted()?;
    let plists = looked.plists()?;
    let mut answer = Answer::of(plists);
    let mut owners: BTreeMap<(u16, Transport), BTreeSet<&str>> = BTreeMap::new();
    for job in &wanted.jobs {
        for port in &job.ports {
            owners.entry(*port).or_default().insert(job.label.as_str());
        }
    }
    for file in plists {
        for port in ports(&file.command()) {
            owners.entry((port, Transport::Tcp)).or_default().insert(file.label());
        }
    }
    for ((port, transport), labels) in owners.iter().filter(|(_, labels)| labels.len() > 1) {
        let labels: Vec<&str> = labels.iter().copied().collect();
        answer.add(&format!("{transport} {port}"), format!("it is given to {}", labels.join(", ")));
    }
    Ok(answer)
}

/// Ports that arguments listen on: the value of `--port` and of options like it, alone or behind `host:`.
fn ports(command: &[&str]) -> BTreeSet<u16> {
    const OPTIONS: [&str; 6] =
        ["--port", "--listen", "--bind", "--http-port", "--listen-port", "-port"];
    let number = |text: &str| text.rsplit(':').next().and_then(|port| port.parse::<u16>().ok());
    let alone = command.windows(2).filter_map(|pair| match pair {
        [option, value] if OPTIONS.contains(option) => number(value),
        _ => None,
    });
    let joined = command.iter().filter_map(|word| {
        let (option, value) = word.split_once('=')?;
        OPTIONS.contains(&option).then(|| number(value))?
    });
    alone.chain(joined).filter(|port| *port != 0).collect()
}

#[cfg(test)]
fn good() -> Looked {
    crate::doctor::fixture::plain_hub()
        .with_command("mlx", &["/opt/mlx/bin/serve", "--port", "1337"])
        .with_command("mlx-coder", &["/opt/mlx/bin/serve", "--port=1338"])
}

#[cfg(test)]
fn bad() -> Looked {
    crate::doctor::fixture::plain_hub()
        .with_command("mlx", &["/opt/mlx/bin/serve", "--port", "1337"])
        .with_daemon("mlx-fallback", "<key>Disabled</key><true/><key>ProgramArguments</key><array><string>/opt/mlx/bin/serve</string><string>--bind=127.0.0.1:1337</string></array>")
}
