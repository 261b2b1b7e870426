//! What `launchctl print` and `launchctl print-disabled` say, read strictly.
//!
//! launchctl(1) calls this output no interface, so nothing is guessed: only keys of the outermost block count (inner
//! blocks repeat `state =` and `path =`), and a key that is not there is not known. The fixtures are written after
//! launchctl(1) of macOS 15 and outputs that people published for macOS 13 to 15.

use std::collections::{BTreeMap, BTreeSet};

/// A job as launchd holds it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoadedJob {
    /// `system` or `gui/501`.
    pub domain: String,
    /// Its label.
    pub label: String,
    /// The property list that it was loaded from; none for jobs that a program submitted.
    pub path: Option<String>,
    /// `running`, `not running`, `spawn scheduled`.
    pub state: String,
    /// What it executes.
    pub program: Option<String>,
    /// Its arguments with the zeroth.
    pub arguments: Vec<String>,
    /// Process that it runs as.
    pub pid: Option<u32>,
    /// How often it was started since it was loaded.
    pub runs: Option<u64>,
    /// How it ended the last time.
    pub last_exit: Option<LastExit>,
    /// Seconds between SIGTERM and SIGKILL.
    pub exit_timeout: Option<u32>,
    /// Least seconds between two starts (`ThrottleInterval`).
    pub minimum_runtime: Option<u32>,
    /// Seconds between two starts by the clock (`StartInterval`).
    pub run_interval: Option<u64>,
    /// Where standard output goes.
    pub stdout: Option<String>,
    /// Where standard error goes.
    pub stderr: Option<String>,
    /// Account that it runs as, where one is named.
    pub username: Option<String>,
    /// `keepalive`, `runatload`, `inferred program` and others.
    pub properties: BTreeSet<String>,
}

/// How a job ended the last time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LastExit {
    /// It never ended.
    Never,
    /// With this status.
    Code(i64),
    /// By a signal, in launchd's words.
    Signal(String),
}

/// What is in a block.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Block {
    values: BTreeMap<String, String>,
    lists: BTreeMap<String, Vec<String>>,
}

/// The keys of the outermost block, and the lines of the blocks right below it.
fn block(text: &str) -> Block {
    let mut found = Block::default();
    let mut open: Vec<String> = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if let Some(key) = line.strip_suffix('{') {
            open.push(key.trim_end().trim_end_matches(['=', '>']).trim_end().to_owned());
        } else if line == "}" {
            open.pop();
        } else if let [_outer] = open.as_slice() {
            if let Some((key, value)) = line.split_once(" = ") {
                found.values.entry(key.to_owned()).or_insert_with(|| value.to_owned());
            }
        } else if let [_outer, list] = open.as_slice() {
            found.lists.entry(list.clone()).or_default().push(line.to_owned());
        }
    }
    found
}

/// Reads `launchctl print DOMAIN/LABEL`; none when the text is not the print of a job.
#[must_use]
pub fn job(domain: &str, label: &str, text: &str) -> Option<LoadedJob> {
    let Block { mut values, mut lists } = block(text);
    let state = values.remove("state")?;
    let number = |key: &str| values.get(key).and_then(|value| value.parse().ok());
    let small = |key: &str| values.get(key).and_then(|value| value.parse().ok());
    let properties = values.get("properties").map(String::as_str).unwrap_or_default();
    let interval = values.get("run interval").and_then(|value| value.strip_suffix(" seconds"));
    Some(LoadedJob {
        domain: domain.to_owned(),
        label: label.to_owned(),
        path: values.get("path").filter(|path| path.starts_with('/')).cloned(),
        state,
        program: values.get("program").cloned(),
        arguments: lists.remove("arguments").unwrap_or_default(),
        pid: small("pid"),
        runs: number("runs"),
        last_exit: last_exit(&values),
        exit_timeout: small("exit timeout"),
        minimum_runtime: small("minimum runtime"),
        run_interval: interval.and_then(|seconds| seconds.parse().ok()),
        stdout: values.get("stdout path").cloned(),
        stderr: values.get("stderr path").cloned(),
        username: values.get("username").cloned(),
        properties: properties
            .split('|')
            .map(str::trim)
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect(),
    })
}

/// `last exit code = 78: EX_CONFIG`, `= 0`, `= (never exited)`; or `last terminating signal = Killed: 9`.
fn last_exit(values: &BTreeMap<String, String>) -> Option<LastExit> {
    if let Some(signal) = values.get("last terminating signal") {
        return Some(LastExit::Signal(signal.clone()));
    }
    match values.get("last exit code")?.as_str() {
        "(never exited)" => Some(LastExit::Never),
        code => code.split(':').next()?.trim().parse().ok().map(LastExit::Code),
    }
}

/// The labels in the table of services of `launchctl print DOMAIN`: process, status, label a line.
#[must_use]
pub fn labels(text: &str) -> BTreeSet<String> {
    let mut lists = block(text).lists;
    let lines = lists.remove("services").unwrap_or_default();
    let label = |line: &String| {
        let mut words = line.split_whitespace();
        let (pid, _status, label) = (words.next()?, words.next()?, words.next()?);
        (words.next().is_none() && pid.parse::<u32>().is_ok()).then(|| label.to_owned())
    };
    lines.iter().filter_map(label).collect()
}

/// Reads `launchctl print-disabled DOMAIN`: whether each label with an override is disabled.
///
/// macOS before 13 says `true` for disabled, later ones say `disabled` and `enabled`. None when there is no such block.
#[must_use]
pub fn overrides(text: &str) -> Option<BTreeMap<String, bool>> {
    let mut lines = text.lines().map(str::trim);
    lines.find(|line| *line == "disabled services = {")?;
    let mut found = BTreeMap::new();
    for line in lines.take_while(|line| *line != "}") {
        let (label, word) = line.split_once(" => ")?;
        let disabled = match word {
            "disabled" | "true" => true,
            "enabled" | "false" => false,
            _ => return None,
        };
        found.insert(label.trim_matches('"').to_owned(), disabled);
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUNNING: &str = "system/com.sanctum.proxy = {\n\tactive count = 1\n\tpath = /Library/LaunchDaemons/com.sanctum.proxy.plist\n\ttype = LaunchDaemon\n\tstate = running\n\n\tprogram = /opt/sanctum/bin/sanctumd\n\targuments = {\n\t\t/opt/sanctum/bin/sanctumd\n\t\t--only\n\t\tproxy\n\t}\n\n\tstdout path = /var/log/sanctum/com.sanctum.proxy.log\n\tstderr path = /var/log/sanctum/com.sanctum.proxy.log\n\tdefault environment = {\n\t\tPATH => /usr/bin:/bin:/usr/sbin:/sbin\n\t}\n\n\tenvironment = {\n\t\tXPC_SERVICE_NAME => com.sanctum.proxy\n\t}\n\n\tdomain = system\n\tusername = _sanctum_proxy\n\tgroup = _sanctum_proxy\n\tminimum runtime = 10\n\texit timeout = 30\n\truns = 3\n\tpid = 10526\n\timmediate reason = speculative\n\tlast exit code = 78: EX_CONFIG\n\n\tresource coalition = {\n\t\tID = 4782\n\t\tstate = active\n\t}\n\n\tspawn type = daemon (3)\n\trun interval = 60 seconds\n\n\tproperties = keepalive | runatload | inferred program\n}\n";

    #[test]
    fn a_job_is_what_its_outermost_block_says() {
        let job = job("system", "com.sanctum.proxy", RUNNING).unwrap();
        assert_eq!(job.path.as_deref(), Some("/Library/LaunchDaemons/com.sanctum.proxy.plist"));
        assert_eq!(job.arguments, ["/opt/sanctum/bin/sanctumd", "--only", "proxy"]);
        assert_eq!((job.state.as_str(), job.pid, job.runs), ("running", Some(10526), Some(3)));
        assert_eq!(job.last_exit, Some(LastExit::Code(78)));
        assert_eq!((job.exit_timeout, job.run_interval), (Some(30), Some(60)));
        assert_eq!(job.username.as_deref(), Some("_sanctum_proxy"));
        assert!(job.properties.contains("keepalive") && job.properties.len() == 3);
    }

    #[test]
    fn endings() {
        let with = |line: &str| {
            let text = format!("system/x = {{\n\tstate = not running\n\t{line}\n}}\n");
            job("system", "x", &text).unwrap().last_exit
        };
        assert_eq!(with("last exit code = (never exited)"), Some(LastExit::Never));
        assert_eq!(with("last exit code = 0"), Some(LastExit::Code(0)));
        assert_eq!(with("last exit code = nonsense"), None);
        let killed = with("last terminating signal = Killed: 9");
        assert_eq!(killed, Some(LastExit::Signal("Killed: 9".to_owned())));
        let submitted = "system/x = {\n\tpath = (submitted by smd[532])\n\tstate = running\n}\n";
        assert_eq!(job("system", "x", submitted).unwrap().path, None);
        assert_eq!(job("system", "x", "Could not find service \"x\" in domain"), None);
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(256))]
        /// Words of launchctl in any order: nothing panics, and what an inner block says is never the job's.
        #[test]
        fn any_text_is_read_or_refused(words in proptest::collection::vec(proptest::sample::select(vec![
            "system/x = {", "\tstate = running", "\targuments = {", "}", "disabled services = {",
            "\"x\" => true", "\tpid = 99999999999", "\tlast exit code = ", "services = {", "1 - x", "",
        ]), 0..16)) {
            let text = words.join("\n");
            let _ = (labels(&text), overrides(&text));
            let inner = format!("system/x = {{\n\tinner = {{\n{}\n", text.replace('}', ""));
            proptest::prop_assert_eq!(job("system", "x", &inner), None);
            let _ = job("system", "x", &text);
        }
    }

    #[test]
    fn tables_of_a_domain() {
        let text = "system = {\n\ttype = system\n\tservices = {\n\t       0      - \tcom.apple.lskdd \n\t     325    (pe) \tcom.sanctum.proxy\n\t}\n\tendpoints = {\n\t\t0x1 M A com.apple.x\n\t}\n}\n";
        assert_eq!(
            labels(text),
            ["com.apple.lskdd", "com.sanctum.proxy"].map(str::to_owned).into()
        );
        let said = "\tdisabled services = {\n\t\t\"com.apple.ftpd\" => disabled\n\t\t\"com.sanctum.vm\" => enabled\n\t\t\"old\" => true\n\t}\n\tlogin item associations = {\n\t}\n";
        let expected = [("com.apple.ftpd", true), ("com.sanctum.vm", false), ("old", true)];
        assert_eq!(overrides(said).unwrap(), expected.map(|(l, d)| (l.to_owned(), d)).into());
        assert_eq!(overrides("nothing of the kind"), None);
        assert_eq!(overrides("disabled services = {\n\"x\" => perhaps\n}\n"), None);
    }
}
