//! `launchd/loaded-as-written`.

use crate::doctor::launchd::{LoadedJob, PlistFile};
use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "launchd/loaded-as-written",
    severity: Severity::Error,
    on: On::Macos,
    title: "what launchd holds is what the file says",
    why: "launchd reads a property list when it is loaded and never again; `kickstart -k` restarts the old \
          definition. A tunnel used an old address for weeks, and an edited job was restarted again and \
          again, each time as it had been before.",
    fix: Fix::Run(
        "sudo launchctl bootout DOMAIN/LABEL; sudo launchctl bootstrap DOMAIN FILE (never kickstart after an edit)",
    ),
    needs: &[Need::Plists, Need::Loaded],
    judge,
    #[cfg(test)]
    good,
    #[cfg(test)]
    bad,
};

fn judge(looked: &Looked) -> Seen {
    let plists = looked.plists()?;
    let loaded = looked.loaded()?;
    let mut answer = Answer::of(plists).beside(loaded);
    for file in plists.iter().filter(|file| file.read.is_ok()) {
        for job in loaded.iter().filter(|job| job.label == file.label()) {
            let changed = differences(file, job);
            if !changed.is_empty() {
                let domain = &job.domain;
                answer.add(&file.path, format!("{domain} holds another {}", changed.join(", ")));
            }
        }
    }
    Ok(answer)
}

/// The keys whose loaded value is known and another than the file's. Values are not shown: they may hold a secret.
fn differences(file: &PlistFile, job: &LoadedJob) -> Vec<&'static str> {
    let arguments: Vec<&str> = file
        .get("ProgramArguments")
        .and_then(plist::Value::as_array)
        .map(|all| all.iter().filter_map(plist::Value::as_string).collect())
        .unwrap_or_default();
    let number = |key: &str| file.number(key).and_then(|number| u64::try_from(number).ok());
    let differs = |held: Option<u64>, key: &str| matches!((held, number(key)), (Some(held), Some(written)) if held != written);
    let texts = |held: &Option<String>, key: &str| {
        held.as_deref().is_some_and(|held| file.text(key).is_some_and(|written| written != held))
    };
    let keeps = file.flag("KeepAlive") == Some(true);
    let all = [
        ("path", job.path.as_deref().is_some_and(|path| path != file.path.as_str())),
        (
            "ProgramArguments",
            !job.arguments.is_empty() && !arguments.is_empty() && job.arguments != arguments,
        ),
        ("Program", texts(&job.program, "Program")),
        ("UserName", texts(&job.username, "UserName")),
        ("StandardOutPath", texts(&job.stdout, "StandardOutPath")),
        ("StandardErrorPath", texts(&job.stderr, "StandardErrorPath")),
        ("StartInterval", differs(job.run_interval, "StartInterval")),
        ("ExitTimeOut", differs(job.exit_timeout.map(u64::from), "ExitTimeOut")),
        ("ThrottleInterval", differs(job.minimum_runtime.map(u64::from), "ThrottleInterval")),
        ("KeepAlive", keeps && !job.properties.is_empty() && !job.properties.contains("keepalive")),
    ];
    all.into_iter().filter(|(_, differs)| *differs).map(|(key, _)| key).collect()
}

#[cfg(test)]
fn good() -> Looked {
    crate::doctor::fixture::plain_hub()
        .with_daemon("tunnel", "<key>KeepAlive</key><true/><key>ProgramArguments</key><array><string>/opt/t</string><string>--to</string><string>10.0.0.2</string></array>")
        .with_loaded(held(&["/opt/t", "--to", "10.0.0.2"]))
}

#[cfg(test)]
fn bad() -> Looked {
    crate::doctor::fixture::plain_hub()
        .with_daemon("tunnel", "<key>KeepAlive</key><true/><key>ProgramArguments</key><array><string>/opt/t</string><string>--to</string><string>10.0.0.2</string></array>")
        .with_loaded(held(&["/opt/t", "--to", "10.0.0.1"]))
}

#[cfg(test)]
fn held(arguments: &[&str]) -> LoadedJob {
    LoadedJob {
        domain: "system".to_owned(),
        label: "com.sanctum.tunnel".to_owned(),
        path: Some("/Library/LaunchDaemons/com.sanctum.tunnel.plist".to_owned()),
        arguments: arguments.iter().map(|&word| word.to_owned()).collect(),
        properties: ["keepalive".to_owned()].into(),
        ..LoadedJob::default()
    }
}
