//! One function for each boundary where bytes from outside come in.
//!
//! A function panics when a law of its boundary breaks: no panic of the code under test, answers that are
//! consistent with each other, refusals that point into the text. Deliberately absent: any input or output, and
//! any expectation of what a given input means, which is the work of the crates' own tests.

mod agents;
mod packages;
mod rotation;
mod sops;
mod sops_yaml;
mod sources;
mod vault;

pub use agents::{hook_content, hook_input, hook_settings};
pub use packages::{package_files, package_records};
pub use rotation::{rotation_answers, rotation_record};
pub use sops::{sops_age, sops_dotenv, sops_ini, sops_json, sops_metadata, sops_value};
pub use sops_yaml::sops_yaml;
pub use sources::{scan_archive, scan_file, scan_git, scan_text};
pub use vault::{vault_policy, vault_ssh_agent, vault_wire};

use sanctum_host::journal::socket::wire;
use sanctum_host::journal::{Durability, scan};
use sanctum_host::live::parse;
use sanctum_host::{interfaces, ssh_query};
use sanctum_orchestrator::adopt::{Found, FoundPlist, FoundText, adopt as adopt_house};
use sanctum_orchestrator::fleet::answer::{Raw, read};
use sanctum_orchestrator::fleet::known_hosts::{HostPort, KnownHosts, PublicKey, Verdict, pin};
use sanctum_orchestrator::instance::{BuiltinRules, NoCheck, load, validate};
use sanctum_orchestrator::jobs::lint;
use sanctum_orchestrator::jobs::schedule::{Schedule, fire, zone};
use sanctum_orchestrator::pf::{self, Direction, Family, Packet, Proto};
use sanctum_orchestrator::plan::saved::SavedPlan;
use sanctum_orchestrator::receipt::{Header, Mark, Receipt};
use sanctum_orchestrator::render::pf_anchor::{insert_attach, remove_attach};
use sanctum_orchestrator::render::sshd::effective;
use sanctum_orchestrator::status::table;
use sanctum_secrets::house::envfile::parse as parse_env;
use sanctum_types::{AbsPath, Actor, AuditEvent, UnixTime};

fn text(bytes: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

/// The instance file: loads, or is refused with places that exist.
pub fn instance(bytes: &[u8]) {
    let text = text(bytes);
    let lines = text.split('\n').count();
    match load(&text, "instance.yaml", &BuiltinRules) {
        Ok(loaded) => {
            assert!(validate::judge(&loaded.instance).problems.is_empty());
            assert!(load(&text, "instance.yaml", &NoCheck).is_ok());
        }
        Err(rejected) => {
            assert!(!rejected.diagnostics.is_empty());
            for remark in &rejected.diagnostics {
                assert!((1..=lines).contains(&remark.line) && remark.col >= 1, "{remark:?}");
            }
            assert!(!rejected.to_string().is_empty());
        }
    }
}

/// A pf ruleset: the checker, its own expansion read again, decisions, and the line in a main ruleset.
pub fn pf(bytes: &[u8]) {
    let text = text(bytes);
    if let Ok(with) = insert_attach(&text) {
        assert_eq!(insert_attach(&with).as_ref(), Ok(&with));
        assert_eq!(remove_attach(&with), remove_attach(&text));
    }
    let Ok(checked) = pf::check(&text) else { return };
    let _ = (checked.rule_count(), checked.warnings());
    let expanded = checked.expanded();
    for (proto, port) in [(Proto::Tcp, 22), (Proto::Udp, 53), (Proto::Tcp, 0), (Proto::Udp, 65_535)]
    {
        for family in [Family::V4, Family::V6] {
            for on in ["en0", "lo0"] {
                let packet = Packet {
                    on: on.to_owned(),
                    direction: Direction::In,
                    family,
                    proto,
                    from: None,
                    to: None,
                    source_port: None,
                    port,
                };
                let first = pf::decide(&checked, &packet).outcome;
                assert_eq!(first, pf::decide(&checked, &packet).outcome, "{expanded}");
            }
        }
    }
}

/// A saved plan, and a receipt with its progress lines.
pub fn saved(bytes: &[u8]) {
    if let Ok(saved) = SavedPlan::parse(bytes) {
        let again = serde_json::to_vec(&saved).expect("a plan is JSON");
        assert_eq!(SavedPlan::parse(&again).expect("its own JSON"), saved);
        assert!(!SavedPlan::sealed_text(&saved.plan, &saved.parts).is_empty());
    }
    let mut lines = bytes.split(|byte| *byte == b'\n');
    let header = lines.next().and_then(|line| serde_json::from_slice::<Header>(line).ok());
    let marks: Vec<Mark> = lines.filter_map(|line| serde_json::from_slice(line).ok()).collect();
    if let Some(header) = header {
        let receipt = Receipt { header, marks };
        let _ = (receipt.status(), receipt.deadline(), receipt.plan_digest());
        let _ = (receipt.standing(), receipt.done());
    }
}

/// Lines of the journal, one after the other: each is refused, or is the one text of what it says and is JSON.
pub fn journal(bytes: &[u8]) {
    let mut rest = bytes;
    while let Some(line) = scan::line(rest) {
        let (this, after) = rest.split_at(line.bytes());
        assert_eq!(line.encoded().as_deref(), Some(this));
        let value: serde_json::Value = serde_json::from_slice(this).expect("a line is JSON");
        let event = serde_json::from_value::<AuditEvent>(value).expect("and an event");
        assert_eq!(Some(event), line.event());
        rest = after;
    }
}

/// What clients send to the journal's socket: the frames are the same however they are cut, and an event is always the
/// server's word for who sent it, and comes back as it was understood.
pub fn journal_socket(bytes: &[u8]) {
    let frames = |portion: usize| {
        let (mut decoder, mut frames) = (wire::Decoder::default(), Vec::new());
        for portion in bytes.chunks(portion) {
            decoder.push(portion);
            loop {
                match decoder.next_frame() {
                    Ok(Some(frame)) => frames.push(frame),
                    Ok(None) => break,
                    Err(_) => return frames,
                }
            }
        }
        frames
    };
    let all = frames(usize::MAX);
    assert_eq!(frames(7), all);
    let actor = Actor::new("service:fuzz").expect("a word");
    for frame in &all {
        assert!((1..=wire::MAX_FRAME).contains(&frame.len()));
        let Some(wire::Request::Append { event, durability }) = wire::Request::read(frame, &actor)
        else {
            continue;
        };
        assert_eq!(event.actor, actor);
        let mut plain = event;
        plain.details.remove(wire::CLAIMED);
        let Ok(again) = wire::Request::append(&plain) else { continue };
        let again = wire::Request::read(again.get(4..).unwrap_or_default(), &actor);
        let Some(wire::Request::Append { event, .. }) = again else {
            panic!("it is understood again")
        };
        assert_eq!(event, plain);
        assert!(durability == Durability::Synced || durability == Durability::of(&event));
    }
}

/// What `sshd -T` prints, and the drop-ins of others.
pub fn sshd(bytes: &[u8]) {
    let text = text(bytes);
    let lines = text.lines().count();
    let effective = effective::parse_effective(&text);
    assert!(effective.values().map(Vec::len).sum::<usize>() <= lines);
    for finding in effective::matches_in(&text) {
        assert!(!finding.to_string().is_empty());
    }
    let _ = ssh_query::parse_version(&text);
}

/// A cron expression, and the calendar that comes of it.
pub fn cron(bytes: &[u8]) {
    let text = text(bytes);
    for (house, machine) in [("America/New_York", "Asia/Tokyo"), ("Australia/Lord_Howe", "UTC")] {
        let Ok(schedule) = Schedule::new(&text, house) else { return };
        let shown = schedule.cron.to_string();
        assert_eq!(shown.parse().as_ref().ok(), Some(&schedule.cron), "{shown}");
        let _ = fire(&schedule, &zone(machine).expect("a zone"));
    }
}

/// A property list before it may enter a plan.
pub fn plist(bytes: &[u8]) {
    let path = "/Library/LaunchDaemons/com.sanctum.x.plist";
    let path = AbsPath::new(path).expect("a path");
    let alone = lint::lint_one(&path, bytes);
    assert!(lint::lint_all(&[(&path, bytes)]).len() >= alone.len());
}

/// What is found of a house that runs already: as its older file, a job, an anchor and a drop-in at once.
pub fn adopt(bytes: &[u8]) {
    let found = |text: String| FoundText { path: "/found".to_owned(), text };
    let text = text(bytes).into_owned();
    let plist = FoundPlist { path: "/found.plist".to_owned(), bytes: bytes.to_vec() };
    let house = Found {
        instance: Some(found(text.clone())),
        node_id: Some(found(text.clone())),
        plists: vec![plist],
        anchors: vec![found(text.clone())],
        drop_ins: vec![found(text)],
        facts: None,
    };
    let proposal = adopt_house(&house, &NoCheck);
    assert!(!proposal.instance_yaml.is_empty() || !proposal.notes.is_empty());
    let current = house
        .instance
        .is_some_and(|file| file.text.lines().any(|line| line.starts_with("format:")));
    let loaded = load(&proposal.instance_yaml, "proposal", &NoCheck);
    assert!(current || loaded.is_ok(), "{}", proposal.instance_yaml);
}

/// The rules that find and hide credentials.
pub fn secrets(bytes: &[u8]) {
    let mut end = 0;
    for found in sanctum_firewall::find(bytes) {
        // Matches may overlap; one inside another is dropped.
        assert!(found.range.end > end && found.range.end <= bytes.len(), "{found:?}");
        end = found.range.end;
    }
    let text = text(bytes);
    let once = sanctum_firewall::redact(&text).text;
    assert_eq!(sanctum_firewall::redact(&once).text, once);
    for line in text.lines().take(20) {
        let (key, value) = line.split_once(':').unwrap_or(("", line));
        if let Some(found) = sanctum_firewall::find_cleartext(value, Some(key)) {
            let _ = found.hide(line, value);
        }
    }
}

/// A `.env` file: what is read stands in the text in order, and reads the same again when it is written plainly; what is
/// refused is refused at a line of the text.
pub fn envfile(bytes: &[u8]) {
    let text = text(bytes);
    let lines = text.split('\n').count();
    let all = match parse_env(&text) {
        Ok(all) => all,
        Err(error) => return assert!((1..=lines).contains(&error.line), "{error}"),
    };
    let mut quoted = String::new();
    let mut before = 0;
    for one in &all {
        assert!(one.line > before && one.line <= lines, "{}", one.line);
        before = one.line;
        assert!(text.contains(&one.name) && all.iter().filter(|other| other.name == one.name).count() == 1);
        // Between single quotes everything stands for itself; between double ones a quote has its escape.
        let value = if one.value.contains('\'') {
            let escaped = one.value.replace('\\', "\\\\").replace('"', "\\\"");
            format!("\"{}\"", escaped.replace('$', "\\$").replace('`', "\\`"))
        } else {
            format!("'{}'", one.value.as_str())
        };
        quoted.push_str(&format!("{}={value}\n", one.name));
    }
    let again = parse_env(&quoted).expect("what is quoted is read");
    assert_eq!(again.len(), all.len());
    for (again, one) in again.iter().zip(&all) {
        assert_eq!((&again.name, &again.value), (&one.name, &one.value));
    }
}

/// What the kernel and the system's programs answer.
pub fn host_text(bytes: &[u8]) {
    let text = text(bytes);
    let routes = [
        interfaces::parse_proc_route(&text),
        interfaces::parse_proc_ipv6_route(&text),
        interfaces::parse_route_get(&text),
    ];
    for name in routes.into_iter().flatten() {
        assert!(text.contains(&name));
    }
    let _ = (parse::properties(&text), parse::dscl_numbers(&text), parse::launchd_path(&text));
    let _ = (parse::pf_enabled(&text), parse::has_table(&text, "inet", "sanctum"));
    let _ = parse::replaces_table(&text, "inet", "sanctum");
    if let Some(token) = parse::pf_token(&text) {
        let _ = parse::holds_reference(&text, token);
    }
    let _ = parse::is_identifier(&text);
}

/// What other nodes say: nothing of it acts on a terminal, and a key that was pinned is known or revoked.
pub fn fleet(bytes: &[u8]) {
    const KEY: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ";
    let host = HostPort { host: "hub.example".to_owned(), port: 2222 };
    let raw = Raw { stdout: bytes.to_vec(), exit: Some(0), ..Raw::default() };
    match read(&raw, &host, "0", UnixTime(0)) {
        Ok(status) => {
            for row in table::rows(&status) {
                assert!(!row.text.chars().any(char::is_control), "{row:?}");
            }
        }
        Err(error) => assert!(!error.text().chars().any(char::is_control), "{error}"),
    }
    let Ok(key) = PublicKey::from_openssh(KEY) else { return };
    let mut known = KnownHosts::default();
    known.add("f", &pin(&text(bytes), &host, std::slice::from_ref(&key)));
    assert!(matches!(known.judge(&host, &key), Verdict::Known | Verdict::Revoked { .. }));
}

/// What stores of secrets read: the embedded store's JSON comes back as it was written, an item of 1Password and the
/// header of an age file are read or refused, and no refusal repeats a line of what it read.
pub fn stores(bytes: &[u8]) {
    use sanctum_secrets::stores::embedded::format;
    use sanctum_secrets::stores::one_password::item::{Item, Named, Summary, Wanted, parse};
    use sanctum_secrets::{envelope, identity};

    match format::parse(bytes) {
        Ok(content) => {
            let written = format::render(&content);
            let again = format::parse(&written).expect("what was written is read");
            assert!(
                content
                    .iter()
                    .map(|(item, value)| (item, value.expose()))
                    .eq(again.iter().map(|(item, value)| (item, value.expose())))
            );
            assert_eq!(*written, *format::render(&again));
        }
        Err(refused) => assert!(refused.to_string().len() < 200),
    }
    if let Ok(item) = parse::<Item>(bytes) {
        for reference in item.references("House") {
            let sanctum_types::SecretRef::OnePassword { field, .. } = &reference else { continue };
            // A label with a slash of its own may name nothing; what is found has a value.
            let _ = item.field(&Wanted::parse(field));
        }
        for field in &item.fields {
            let _ = item.holds_only(&field.id);
        }
    }
    let _ = parse::<Vec<Named>>(bytes);
    let _ = parse::<Vec<Summary>>(bytes);
    let _ = envelope::open(bytes, &[]);
    let _ = envelope::recipients_of(bytes);
    if let Err(refused) = identity::parse_identities("identity", bytes) {
        assert!(refused.to_string().len() < 200);
    }
    let text = text(bytes);
    let _ = identity::parse_recipient(&text);
    if let Some(reference) = sanctum_types::SecretRef::parse(&text) {
        assert_eq!(reference.to_string(), text);
    }
}

/// A command: it has a verdict, noise around it makes it no milder, and what is shown holds no private characters.
pub fn shell(bytes: &[u8]) {
    use sanctum_firewall::shell::{Context, NoView, Policy, judge, read};
    let text = text(bytes);
    let context = Context { home: "/home/dev", cwd: "/home/dev/project", project: "/home/dev/project", view: &NoView };
    let policy = Policy { home: "/home/dev".to_owned(), ..Policy::default() };
    let plain = judge(&read(&text, &context), &policy);
    let noisy = judge(&read(&format!("true; {text}"), &context), &policy);
    assert!(noisy.decision >= plain.decision);
    assert!(!plain.reason.contains(['\u{10FFF0}', '\u{10FFF1}', '\u{10FFF2}']));
}
