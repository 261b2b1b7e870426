//! `sanctum secrets exec`: this process becomes a program that has secrets in its environment or on descriptors.
//!
//! Whoever may choose the program reads the secret, so the owner is asked for in person. `--service` is the exception: the
//! approved instance says which program, which secrets and which account, so nothing is chosen. What our own environment
//! holds of secrets is not handed on, and another account is not given root's terminal.

use super::house::House;
use crate::args::Common;
use crate::args::secrets::Exec;
use crate::commands::Context;
use crate::failure::{Exit, Failure};
use crate::presence;
use crate::record::{self, Deed};
use crate::signals;
use crate::site::Place;
use crate::surroundings;
use sanctum_host::accounts::{self, Account};
use sanctum_host::command::{self, Handed, become_program};
use sanctum_host::owner_command::{self, Start};
use sanctum_host::trust;
use sanctum_orchestrator::house::layout;
use sanctum_orchestrator::jobs::{RunsAs, service_account};
use sanctum_secrets::stores::Value;
use sanctum_types::{AbsPath, SecretRef, ServiceName};
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::Path;
use std::sync::mpsc::channel;

/// Variables that open stores, whatever their value looks like.
const OPENERS: [&str; 6] = [
    "OP_SERVICE_ACCOUNT_TOKEN",
    "OP_CONNECT_TOKEN",
    "SOPS_AGE_KEY",
    "SOPS_AGE_KEY_FILE",
    "SOPS_AGE_KEY_CMD",
    "SOPS_AGE_SSH_PRIVATE_KEY_FILE",
];

/// One secret for the program.
struct Given {
    /// What holds it, or the number of its pipe.
    variable: String,
    name: ServiceName,
    place: SecretRef,
    piped: bool,
}

pub(super) fn run(context: &Context, args: &Exec) -> Result<Exit, Failure> {
    let house = match &args.service {
        Some(_) => House::approved(context)?,
        None => House::open(context)?,
    };
    let (given, words) = match &args.service {
        Some(service) => of_service(&house, service, &args.fd)?,
        None => (asked_for(&house, args)?, args.command.clone()),
    };
    let mut known = BTreeSet::new();
    if let Some(twice) = given.iter().find(|one| !known.insert(&one.variable)) {
        return Err(Failure::new(
            Exit::Usage,
            format!("two secrets want the variable {}", twice.variable),
        ));
    }
    if given.is_empty() {
        return Err(Failure::new(
            Exit::Usage,
            "no secret is named, so there is nothing to hand over",
        )
        .hint("name one before `--`: sanctum secrets exec NAME -- COMMAND"));
    }
    let Some((program, rest)) = words.split_first() else {
        return Err(
            Failure::new(Exit::Usage, "there is no program to start").hint("write it after `--`")
        );
    };
    let names: Vec<&str> = given.iter().map(|one| one.name.as_str()).collect();
    let subject = names.join(" ");
    let deed = Deed::new("secrets.exec", &subject).with("program", program.to_string_lossy());
    let (deed, account) = match &args.service {
        Some(service) => {
            let account = account_of(&house, service)?;
            if args.apart {
                command::leave_session()?;
            } else if account.is_some() && command::has_terminal() {
                return apart(context, args, service);
            }
            (deed.with("service", service), account)
        }
        None => {
            presence::require(context, &format!("hand {} to a program", names.join(", ")))?;
            (deed, None)
        }
    };
    // The end that is recorded is that everything was handed over; what the program does is its own.
    let handed = record::during(context, house.recorder(context), &deed, |_| {
        gather(&house, &given, account.as_ref())
    })?;
    house.dumps.allow_again()?;
    let error = become_program(program, rest, handed);
    Err(Failure::failed(error).hint("name the program by its path, or one that is in PATH"))
}

/// This verb once more as a child, which can leave the session as the leader of a group of processes cannot. This process
/// stays for whoever sits at the terminal: what would end it ends the service.
fn apart(context: &Context, args: &Exec, service: &str) -> Result<Exit, Failure> {
    let exe = context.around.exe.as_deref().and_then(Path::to_str).unwrap_or(layout::SANCTUM);
    let words = words_apart(exe, &context.common, &args.fd, service);
    let (told, heard) = channel();
    signals::watch_terminal(move || told.send(()).is_ok())?;
    Ok(Exit::Protocol(owner_command::status_relayed(&words, &Start::default(), &heard)?))
}

/// The same command line: at euid 0 the instance is the approved one, and another place than this machine has no accounts.
fn words_apart(exe: &str, common: &Common, piped: &[String], service: &str) -> Vec<String> {
    let mut words = vec![exe, "secrets", "exec", "--apart", "--service", service];
    words.extend(piped.iter().flat_map(|name| ["--fd", name]));
    words.extend(common.node.iter().flat_map(|node| ["--node", node]));
    words.extend(common.json.then_some("--json"));
    words.extend(common.quiet.then_some("--quiet"));
    words.into_iter().map(str::to_owned).collect()
}

/// What the approved instance declares of a service.
fn of_service(
    house: &House,
    name: &str,
    piped: &[String],
) -> Result<(Vec<Given>, Vec<OsString>), Failure> {
    let instance = &house.opened.instance;
    let known = instance.services.iter().find(|(known, _)| known.as_str() == name);
    let Some((name, service)) = known else {
        return Err(Failure::new(Exit::Usage, "the instance declares no service of that name"));
    };
    let Some(command) = &service.command else {
        return Err(Failure::refused(format!(
            "service `{name}` has no command that sanctum could run"
        )));
    };
    if house.place == Place::Machine
        && accounts::effective_uid() == 0
        && let Some(program) = command.first()
    {
        trust::check_program(&AbsPath::new(program.as_str())?).map_err(Failure::refused)?;
    }
    // A name that is passed over would leave its secret in the environment.
    if piped.iter().any(|one| !service.secrets.iter().any(|known| known.as_str() == one)) {
        return Err(Failure::new(
            Exit::Usage,
            format!("--fd takes secrets that service `{name}` reads"),
        ));
    }
    let mut given = Vec::new();
    for secret in &service.secrets {
        let (name, entry) = house.entry(secret.as_str())?;
        // With nobody there, the place that answers then.
        let place = entry.at_boot().unwrap_or(&entry.reference).clone();
        let piped = piped.iter().any(|one| one == name.as_str());
        given.push(Given { variable: variable(&name, piped), name, place, piped });
    }
    Ok((given, command.iter().map(OsString::from).collect()))
}

fn asked_for(house: &House, args: &Exec) -> Result<Vec<Given>, Failure> {
    let mut given = Vec::new();
    let mut add = |name: &str, chosen: Option<&str>, piped: bool| -> Result<(), Failure> {
        let (name, entry) = house.entry(name)?;
        let variable = chosen.map_or_else(|| variable(&name, piped), str::to_owned);
        given.push(Given { variable, name, place: entry.reference.clone(), piped });
        Ok(())
    };
    for name in args.names.iter().filter(|name| !args.fd.contains(name)) {
        add(name, None, false)?;
    }
    for pair in &args.env {
        let (chosen, name) = pair.split_once('=').unwrap_or_default();
        if !is_variable(chosen) {
            return Err(Failure::new(
                Exit::Usage,
                "--env takes VARIABLE=NAME, where NAME is a secret of the instance",
            ));
        }
        add(name, Some(chosen), false)?;
    }
    for name in &args.fd {
        add(name, None, true)?;
    }
    Ok(given)
}

/// The account of a service, where root has to become it. Below a directory that stands for a machine nobody changes.
fn account_of(house: &House, name: &str) -> Result<Option<Account>, Failure> {
    let instance = &house.opened.instance;
    let known = instance.services.iter().find(|(known, _)| known.as_str() == name);
    let Some((name, service)) = known.filter(|_| house.place == Place::Machine) else {
        return Ok(None);
    };
    let wanted = match service_account(instance, name, service).map_err(Failure::refused)? {
        RunsAs::Root => "root".to_owned(),
        RunsAs::Account(account) | RunsAs::Session(account) => account.to_string(),
    };
    let found = accounts::by_name(&wanted)?;
    becoming(name, &wanted, found, accounts::effective_uid())
}

fn becoming(
    name: &ServiceName,
    wanted: &str,
    found: Option<Account>,
    euid: u32,
) -> Result<Option<Account>, Failure> {
    let root = format!("sudo /opt/sanctum/bin/sanctum secrets exec --service {name}");
    match found {
        None => Err(Failure::refused(format!(
            "service `{name}` runs as `{wanted}`, and there is no such account here"
        ))
        .hint("make it: sudo /opt/sanctum/bin/sanctum apply")),
        Some(account) if account.uid == euid => Ok(None),
        Some(_) if euid != 0 => Err(Failure::refused(format!(
            "service `{name}` runs as `{wanted}`, and only root can become it"
        ))
        .hint(root)),
        Some(account) => Ok(Some(account)),
    }
}

fn gather(house: &House, given: &[Given], account: Option<&Account>) -> Result<Handed, Failure> {
    let mut handed = Handed::default();
    let mut values = Vec::new();
    for one in given {
        let value = house.value(&one.name, &one.place)?;
        if !one.piped && value.expose().contains(&0) {
            return Err(Failure::refused(format!(
                "`{}` holds a zero byte, which no variable can",
                one.name
            ))
            .hint(format!("hand it over on a descriptor: --fd {}", one.name)));
        }
        values.push(value);
    }
    let secrets = house.opened.instance.secrets.keys();
    let own: BTreeSet<String> =
        secrets.flat_map(|name| [false, true].map(|piped| variable(name, piped))).collect();
    handed.env = harmless(surroundings::inherited(), &own, &values);
    if let Some(account) = account {
        handed.give_to(account.clone());
    }
    for (one, value) in given.iter().zip(values) {
        if one.piped {
            handed.pipes.push((one.variable.clone(), value));
        } else {
            let bytes = value.expose().clone();
            handed.env.push((OsString::from(&one.variable), OsString::from_vec(bytes)));
        }
    }
    Ok(handed)
}

/// What may be handed on of our own environment: nothing that names or looks like a secret, or is one.
fn harmless(
    all: Vec<(OsString, OsString)>,
    own: &BTreeSet<String>,
    values: &[Value],
) -> Vec<(OsString, OsString)> {
    let keep = |(name, value): &(OsString, OsString)| {
        let (text, bytes) = (name.to_string_lossy(), value.as_bytes());
        let ours =
            own.contains(&*text) || OPENERS.contains(&&*text) || text.starts_with("SANCTUM_");
        let is_one = values.iter().any(|one| one.expose() == bytes);
        let looks = || {
            let shown = value.to_string_lossy();
            sanctum_firewall::find_cleartext(&shown, Some(&text)).is_some()
                || !sanctum_firewall::find(bytes).is_empty()
        };
        !ours && !is_one && !looks()
    };
    all.into_iter().filter(keep).collect()
}

/// `gateway-token`: GATEWAY_TOKEN, and GATEWAY_TOKEN_FD where it is the number of a pipe.
fn variable(name: &ServiceName, piped: bool) -> String {
    let mut variable = name.as_str().to_ascii_uppercase().replace('-', "_");
    variable.push_str(if piped { "_FD" } else { "" });
    variable
}

fn is_variable(text: &str) -> bool {
    let good = |c: char| c.is_ascii_alphanumeric() || c == '_';
    !text.is_empty() && text.chars().all(good) && !text.starts_with(|c: char| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_secret_is_not_handed_on() {
        let token = ["ghp_", "OZsOy0AG9b8DR3p1qGU5XWwqsOJKoy", "07ECmi"].concat();
        let all = [
            ("PATH", "/usr/bin"),
            ("HOME", "/root"),
            ("GITHUB", token.as_str()),
            ("OP_SERVICE_ACCOUNT_TOKEN", "x"),
            ("SANCTUM_X", "1"),
            ("GATEWAY_TOKEN", "old"),
            ("COPY", "hunter2 is here"),
            ("EXACT", "hunter2"),
        ];
        let all =
            all.iter().map(|(name, value)| (OsString::from(name), OsString::from(value))).collect();
        let own = BTreeSet::from(["GATEWAY_TOKEN".to_owned()]);
        let kept = harmless(all, &own, &[Value::new(b"hunter2".to_vec())]);
        let names: Vec<_> =
            kept.iter().map(|(name, _)| name.to_string_lossy().into_owned()).collect();
        assert_eq!(names, ["PATH", "HOME", "COPY"]);
    }

    #[test]
    fn a_service_runs_as_its_account_or_not_at_all() {
        let account = |uid| Account { name: "_x".to_owned(), uid, gid: uid, home: None };
        let name = ServiceName::new("gateway").unwrap();
        let of = |found: Option<u32>, euid| becoming(&name, "_x", found.map(account), euid);
        assert_eq!(of(Some(7), 0).unwrap(), Some(account(7)));
        assert_eq!((of(Some(7), 7).unwrap(), of(Some(0), 0).unwrap()), (None, None));
        for (found, euid, hint) in
            [(Some(7), 8, "--service gateway"), (Some(0), 8, "sudo"), (None, 0, "apply")]
        {
            let refused = of(found, euid).unwrap_err();
            assert_eq!(refused.exit, Exit::Refused, "{refused:?}");
            assert!(refused.hints.iter().any(|one| one.contains(hint)), "{refused:?}");
        }
    }

    #[test]
    fn another_account_gets_nothing_of_who_we_were() {
        let pair = |(name, value): (&str, &str)| (OsString::from(name), OsString::from(value));
        let ours = [
            ("PATH", "/bin"),
            ("LC_ALL", "C"),
            ("HOME", "/root"),
            ("SSH_AUTH_SOCK", "/s"),
            ("USER", "root"),
        ];
        let mut handed = Handed { env: ours.map(pair).to_vec(), ..Handed::default() };
        let home = Some(AbsPath::new("/var/empty").unwrap());
        handed.give_to(Account { name: "_x".to_owned(), uid: 7, gid: 7, home });
        let theirs = [
            ("PATH", "/bin"),
            ("LC_ALL", "C"),
            ("HOME", "/var/empty"),
            ("USER", "_x"),
            ("LOGNAME", "_x"),
        ];
        assert_eq!(handed.env, theirs.map(pair));
        assert!(handed.account.is_some());
    }

    #[test]
    fn the_verb_that_goes_apart_is_the_one_that_was_typed() {
        use clap::Parser as _;
        let common = Common {
            instance: None,
            root: None,
            node: Some("hub".to_owned()),
            json: true,
            quiet: true,
        };
        let piped = ["one".to_owned(), "two".to_owned()];
        let words = words_apart("sanctum", &common, &piped, "gateway");
        let typed = ["sanctum", "secrets", "exec", "--service", "gateway", "--fd", "one"];
        let typed = typed.into_iter().chain(["--fd", "two", "--node", "hub", "--json", "-q"]);
        let [apart, typed] = [words.iter().map(String::as_str).collect(), typed.collect()]
            .map(|words: Vec<&str>| format!("{:?}", crate::args::Cli::parse_from(words)));
        assert_eq!(apart.replace("apart: true", "apart: false"), typed);
        assert_ne!(apart, typed);
    }

    #[test]
    fn names_of_variables() {
        let name = ServiceName::new("gateway-token").unwrap();
        assert_eq!(
            (variable(&name, false).as_str(), variable(&name, true).as_str()),
            ("GATEWAY_TOKEN", "GATEWAY_TOKEN_FD")
        );
        for (text, good) in
            [("A_1", true), ("1A", false), ("", false), ("A-B", false), ("A=B", false)]
        {
            assert_eq!(is_variable(text), good, "{text}");
        }
    }
}
