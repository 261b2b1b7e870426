//! One line per rule: a property list that breaks it, and one that does not.

use super::*;

fn file(body: &str) -> Vec<u8> {
    format!("<?xml version=\"1.0\"?><plist version=\"1.0\">{body}</plist>").into_bytes()
}

const PROGRAM: &str =
    "<key>ProgramArguments</key><array><string>/opt/sanctum/bin/sanctumd</string></array>";

fn rules(path: &str, inner: &str) -> Vec<Rule> {
    let body = file(&format!("<dict><key>Label</key><string>com.sanctum.x</string>{inner}</dict>"));
    lint_one(&AbsPath::new(path).unwrap(), &body).into_iter().map(|lint| lint.rule).collect()
}

#[track_caller]
fn check(inner: &str, wanted: &[Rule]) {
    assert_eq!(rules("/Library/LaunchDaemons/com.sanctum.x.plist", inner), wanted, "{inner}");
}

fn program(text: &str) -> String {
    format!(
        "<key>ProgramArguments</key><array><string>/bin/x</string><string>{text}</string></array>"
    )
}

fn calendar(inner: &str) -> String {
    format!(
        "{PROGRAM}<key>ExitTimeOut</key><integer>60</integer><key>StartCalendarInterval</key>{inner}"
    )
}

#[test]
fn programs_and_places() {
    check(PROGRAM, &[]);
    check("", &[Rule::NoProgram]);
    check("<key>Program</key><string>sanctumd</string>", &[Rule::RelativeProgram]);
    check(&program("~/x"), &[Rule::Tilde]);
    check(&program("--file=~/x"), &[Rule::Tilde]);
    check(&program("/a~b"), &[]);
    check(&program("/opt/homebrew/Cellar/python/bin/python3"), &[Rule::VersionedPath]);
    check(&program("/opt/homebrew/opt/python@3.12/bin/python3"), &[Rule::VersionedPath]);
    check(&program("/opt/tool/1.2.3/bin/tool"), &[Rule::VersionedPath]);
    check(&program("10.10.10.1"), &[]);
    check(&program("/etc/x.1.conf"), &[]);
    check(&program("/Users/neo/Documents/x"), &[Rule::PrivatePlace]);
    check(&program("/Users/neo/Desktop"), &[Rule::PrivatePlace]);
    check(&program("/Users/neo/Library/CloudStorage/OneDrive/x"), &[Rule::PrivatePlace]);
    check(
        &format!("{PROGRAM}<key>StandardOutPath</key><string>/tmp/x</string>"),
        &[Rule::LogPlace],
    );
    check(&format!("{PROGRAM}<key>EnvironmentVariables</key><dict/>"), &[Rule::Environment]);
}

#[test]
fn starting() {
    let keep = "<key>KeepAlive</key><true/>";
    check(&format!("{PROGRAM}{keep}"), &[Rule::KeepAliveStartsIt]);
    check(&format!("{PROGRAM}{keep}<key>RunAtLoad</key><false/>"), &[Rule::KeepAliveStartsIt]);
    check(&format!("{PROGRAM}{keep}<key>RunAtLoad</key><true/>"), &[]);
    let hour = "<key>Hour</key><integer>6</integer>";
    let minute = "<key>Minute</key><integer>0</integer>";
    let weekday = "<key>Weekday</key><integer>0</integer>";
    check(&calendar(&format!("<dict>{hour}{minute}</dict>")), &[]);
    check(&calendar(&format!("<dict>{minute}</dict>")), &[]);
    check(&calendar("<dict/>"), &[Rule::EmptyCalendar]);
    check(&calendar("<array/>"), &[Rule::EmptyCalendar]);
    check(&calendar(&format!("<array><dict>{hour}</dict></array>")), &[Rule::WildcardCalendar]);
    check(&calendar(&format!("<dict>{weekday}{minute}</dict>")), &[Rule::WildcardCalendar]);
    check(
        &format!("{PROGRAM}<key>StartCalendarInterval</key><dict>{minute}</dict>"),
        &[Rule::NoExitTimeOut],
    );
}

#[test]
fn domains_and_labels() {
    let session = format!("{PROGRAM}<key>LimitLoadToSessionType</key><string>Aqua</string>");
    check(&session, &[Rule::SessionInDaemon]);
    assert_eq!(rules("/Library/LaunchAgents/com.sanctum.x.plist", &session), []);
    assert_eq!(rules("/Library/LaunchDaemons/com.sanctum.y.plist", PROGRAM), [Rule::Label]);
    let (daemon, agent) = (
        AbsPath::new("/Library/LaunchDaemons/com.sanctum.x.plist").unwrap(),
        AbsPath::new("/Library/LaunchAgents/com.sanctum.x.plist").unwrap(),
    );
    let body =
        file(&format!("<dict><key>Label</key><string>com.sanctum.x</string>{PROGRAM}</dict>"));
    let found = lint_all(&[(&daemon, &body), (&agent, &body)]);
    assert_eq!(found.iter().map(|lint| lint.rule).collect::<Vec<_>>(), [Rule::DuplicateLabel]);
}

#[test]
fn readers() {
    let path = AbsPath::new("/Library/LaunchDaemons/com.sanctum.x.plist").unwrap();
    let rules =
        |bytes: &[u8]| lint_one(&path, bytes).into_iter().map(|lint| lint.rule).collect::<Vec<_>>();
    assert_eq!(rules(b"<plist><dict>"), [Rule::Unreadable]);
    assert_eq!(rules(&file("<array/>")), [Rule::Unreadable]);
    for comment in ["<!-- a -- b -->", "<!-- a --->"] {
        let body = format!(
            "{comment}<dict><key>Label</key><string>com.sanctum.x</string>{PROGRAM}</dict>"
        );
        assert!(rules(&file(&body)).contains(&Rule::DashesInComment), "{comment}");
    }
    let fine = format!(
        "<!-- a - b --><dict><key>Label</key><string>com.sanctum.x</string>{PROGRAM}</dict>"
    );
    assert_eq!(rules(&file(&fine)), []);
}

proptest::proptest! {
    /// Anybody's file is judged, so none may bring the judge down; what cannot be read is always a finding.
    #[test]
    fn any_bytes_are_judged(
        head in proptest::sample::select(vec!["", "bplist00", "<plist><dict>", "<!--", "{", "<plist version=\"1.0\"><dict><key>Label</key>"]),
        tail in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..64),
    ) {
        let path = AbsPath::new("/Library/LaunchDaemons/com.sanctum.x.plist").unwrap();
        let bytes = [head.as_bytes(), &tail].concat();
        let found = lint_one(&path, &bytes);
        proptest::prop_assert!(!found.is_empty());
        proptest::prop_assert_eq!(lint_all(&[(&path, &bytes)]), found);
    }
}
