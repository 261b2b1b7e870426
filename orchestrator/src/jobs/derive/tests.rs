//! Which jobs a node has, in one line each, and what is refused.

use super::super::fixture::{facts, instance, with_house, with_node};
use super::*;
use crate::instance::Instance;
use expect_test::{Expect, expect};
use sanctum_types::AccountName;

fn line(job: &Job) -> String {
    let start = match &job.start {
        Start::Stays => "stays".to_owned(),
        Start::Boot => "boot".to_owned(),
        Start::Clock(schedule) => schedule.cron.to_string(),
    };
    let account = match &job.account {
        RunsAs::Root => "root",
        RunsAs::Account(account) => account.as_str(),
        RunsAs::Session(_) => "(session)",
    };
    let loaded = if job.implemented { "loaded" } else { "later" };
    let program: Vec<_> = job.command.iter().take(3).map(String::as_str).collect();
    format!("{} | {start} | {account} | {loaded} | {}\n", job.label, program.join(" "))
}

fn check(node: &str, wanted: &Expect) {
    let jobs = with_node(node, jobs).unwrap();
    wanted.assert_eq(&jobs.iter().map(line).collect::<String>());
}

#[test]
fn of_the_hub() {
    check(
        "hub",
        &expect![[r#"
            com.sanctum.alerts | stays | root | later | /opt/sanctum/bin/sanctumd --only alerts
            com.sanctum.bootstrap | boot | root | loaded | /opt/sanctum/bin/sanctum recover --boot
            com.sanctum.dashboard | stays | _sanctum_dashboard | later | /opt/sanctum/bin/sanctumd --only dashboard
            com.sanctum.firewall-bridge-of-the-network-box | stays | _sanctum_firewall-brid_f6178120 | loaded | /opt/bridge/bin/bridge --greeting=it's "50%" & $HOME <tag> 
            com.sanctum.journal | stays | _sanctum_journal | later | /opt/sanctum/bin/sanctumd --only journal
            com.sanctum.openrouter-auto-rotate | 30 6 * * * | _sanctum | later | /opt/sanctum/bin/sanctum job openrouter-auto-rotate
            com.sanctum.pf | boot | root | loaded | /opt/sanctum/bin/sanctum pf load
            com.sanctum.presidio-analyzer | stays | _sanctum_presidio-analyzer | loaded | /opt/presidio/bin/analyzer --host 127.0.0.1
            com.sanctum.proxy | stays | _sanctum_proxy | later | /opt/sanctum/bin/sanctumd --only proxy
            com.sanctum.reboot-report | boot | root | later | /opt/sanctum/bin/sanctum reboot --report
            com.sanctum.secret-age-check | 15 6 * * * | _sanctum | later | /opt/sanctum/bin/sanctum job secret-age-check
            com.sanctum.secret-rotation-scan | 0 6 * * * | _sanctum | loaded | /opt/sanctum/bin/sanctum job secret-rotation-scan
            com.sanctum.sentinel | stays | root | later | /opt/sanctum/bin/sanctumd --only sentinel
            com.sanctum.tts | stays | (session) | loaded | /opt/tts/bin/tts
            com.sanctum.vault | stays | operator | later | /opt/sanctum/bin/sanctumd --only vault
            com.sanctum.vm | stays | _sanctum_vm | later | /opt/sanctum/qemu/bin/qemu-system-aarch64 -name manor
            com.sanctum.vmnet | stays | root | later | /opt/socket_vmnet/bin/socket_vmnet --vmnet-mode=host --vmnet-gateway=10.10.10.1
        "#]],
    );
}

#[test]
fn of_linux_nodes() {
    check(
        "vm",
        &expect![[r#"
            com.sanctum.agents | stays | _sanctum_agents | loaded | /opt/agents/bin/agents serve
            com.sanctum.alerts | stays | root | later | /opt/sanctum/bin/sanctumd --only alerts
            com.sanctum.bootstrap | boot | root | loaded | /opt/sanctum/bin/sanctum recover --boot
            com.sanctum.journal | stays | _sanctum_journal | later | /opt/sanctum/bin/sanctumd --only journal
            com.sanctum.nft | boot | root | loaded | /usr/sbin/nft -f /etc/nftables.d/sanctum.nft
            com.sanctum.reboot-report | boot | root | later | /opt/sanctum/bin/sanctum reboot --report
        "#]],
    );
    check(
        "cottage",
        &expect![[r#"
            com.sanctum.alerts | stays | root | later | /opt/sanctum/bin/sanctumd --only alerts
            com.sanctum.backup-target | stays | _sanctum_backup-target | loaded | /opt/rest server/bin/rest --path=/srv/100% $x
            com.sanctum.bootstrap | boot | root | loaded | /opt/sanctum/bin/sanctum recover --boot
            com.sanctum.journal | stays | _sanctum_journal | later | /opt/sanctum/bin/sanctumd --only journal
            com.sanctum.nft | boot | root | loaded | /usr/sbin/nft -f /etc/nftables.d/sanctum.nft
            com.sanctum.prune | 0 4 1,15 * sun | _sanctum | loaded | /opt/sanctum/bin/sanctum job prune
            com.sanctum.reboot-report | boot | root | later | /opt/sanctum/bin/sanctum reboot --report
        "#]],
    );
    check("laptop", &expect![]);
}

fn changed(change: impl FnOnce(&mut Instance)) -> Result<Vec<Job>, JobError> {
    let mut instance = instance();
    change(&mut instance);
    with_house(&instance, &facts(&instance, "hub"), "hub", jobs)
}

fn service(json: &str) -> Service {
    serde_json::from_str(json).unwrap()
}

fn named(text: &str) -> ServiceName {
    ServiceName::new(text).unwrap()
}

#[test]
fn guards_that_are_off_have_no_job() {
    let all = changed(|house| {
        house.guards.sentinel = GuardMode::Off;
        house.guards.proxy = GuardMode::Off;
        house.vm = None;
    });
    let names: Vec<_> = all.unwrap().into_iter().map(|job| job.name.to_string()).collect();
    for gone in ["sentinel", "proxy", "vm", "vmnet"] {
        assert!(!names.iter().any(|name| name == gone), "{gone}");
    }
}

#[test]
fn packages_are_asked_about_by_who_logs_in_and_only_where_the_registry_says_so() {
    let on = |node: &str, entry: Option<&str>| {
        let mut instance = instance();
        if let Some(entry) = entry {
            instance.services.insert(named("packages"), service(entry));
        }
        let all = with_house(&instance, &facts(&instance, node), node, jobs).unwrap();
        all.into_iter().find(|job| job.name == named("packages"))
    };
    let owner = instance().users.owner.to_string();
    let guest = instance().users.guest.to_string();
    for (node, entry, account) in [
        ("hub", None, None),
        ("hub", Some(r#"{"node": "hub"}"#), Some(owner.as_str())),
        ("vm", Some(r#"{"node": "vm"}"#), Some(guest.as_str())),
        ("vm", Some(r#"{"node": "hub"}"#), None),
        ("hub", Some(r#"{"node": "hub", "enabled": false}"#), None),
        ("hub", Some(r#"{"node": "hub", "run_as": {"user": "dev"}}"#), Some("dev")),
    ] {
        let job = on(node, entry);
        let runs_as = job.as_ref().map(|job| job.account.clone());
        let wanted = account.map(|name| RunsAs::Account(AccountName::new(name).unwrap()));
        assert_eq!(runs_as, wanted, "{node} {entry:?}");
        let Some(job) = job else { continue };
        assert_eq!(job.command[1..], ["--only", "packages"]);
        // The journal's group is for accounts that sanctum makes.
        assert!(job.in_home && job.group.is_none(), "{node}");
    }
}

#[test]
fn refusals() {
    let with = |name: &str, json: &str| {
        changed(|house| drop(house.services.insert(named(name), service(json))))
    };
    let reserved = with("pf", r#"{"node": "hub", "command": ["/bin/x"]}"#);
    assert!(matches!(reserved, Err(JobError::Reserved { .. })));
    let relative = with("x", r#"{"node": "hub", "command": ["bin/x"]}"#);
    assert!(matches!(relative, Err(JobError::Program { .. })));
    let empty = with("x", r#"{"node": "hub", "command": []}"#);
    assert!(matches!(empty, Err(JobError::Program { .. })));
    let control = with("x", r#"{"node": "hub", "command": ["/bin/x", "a\u0007"]}"#);
    assert!(matches!(control, Err(JobError::Argument { number: 1, .. })));
    let root = with(
        "x",
        r#"{"node": "hub", "command": ["/bin/x"], "run_as": {"user": "root", "reason": " "}}"#,
    );
    assert!(matches!(root, Err(JobError::RootWithoutReason { .. })));
    let twice = with("prune", r#"{"node": "hub", "command": ["/bin/x"]}"#);
    assert!(twice.is_ok(), "the schedule of that name is another node's");
    let twice = with("secret-age-check", r#"{"node": "hub", "command": ["/bin/x"]}"#);
    assert!(matches!(twice, Err(JobError::Duplicate { .. })));
    let reserved = changed(|house| {
        let entry = house.schedules[&named("prune")].clone();
        house.schedules.insert(named("vault"), entry);
    });
    assert!(matches!(reserved, Err(JobError::Reserved { .. })));
    let no_network = changed(|house| house.networks.vm = None);
    assert!(matches!(no_network, Err(JobError::NoVmNetwork)));
    let cron = changed(|house| {
        house.schedules.get_mut(&named("secret-age-check")).unwrap().cron =
            "0 3:30 1 * *".to_owned();
    });
    assert!(matches!(cron, Err(JobError::Schedule { .. })));
}

#[test]
fn a_session_is_macos_only() {
    let mut instance = instance();
    instance.services.get_mut(&named("agents")).unwrap().gui = true;
    let refused = with_house(&instance, &facts(&instance, "vm"), "vm", jobs);
    assert!(matches!(refused, Err(JobError::SessionOnLinux { .. })));
}

#[test]
fn verbs() {
    let verb = |text: &str| one_shot_verb(&text.split(' ').map(str::to_owned).collect::<Vec<_>>());
    assert_eq!(verb("secret scan"), "secret-scan");
    assert_eq!(verb("secret rotate openrouter_api_key --now"), "secret-rotate");
    assert_eq!(verb("doctor --json"), "doctor");
    assert_eq!(verb("rotate openrouter_api_key"), "rotate");
}

/// Takes any value for a secret that is given under this key.
struct Under(&'static str);

impl SecretJudge for Under {
    fn kind_of(&self, _: &str, key: Option<&str>) -> Option<String> {
        (key == Some(self.0)).then(|| "a test secret".to_owned())
    }
}

#[test]
fn a_secret_is_refused_and_not_repeated() {
    for (command, wanted) in [
        (r#"["/bin/x", "--api-token=hunter2"]"#, 1),
        (r#"["/bin/x", "-v", "--api-token", "hunter2"]"#, 3),
        (r#"["/bin/x", "api-token=hunter2"]"#, 1),
    ] {
        let mut instance = instance();
        let json = format!(r#"{{"node": "hub", "command": {command}}}"#);
        instance.services.insert(named("x"), service(&json));
        let judged = |key| {
            let judge = |house: &House<'_>| jobs_judged(house, &Under(key));
            with_house(&instance, &facts(&instance, "hub"), "hub", judge)
        };
        let error = judged("api-token").unwrap_err();
        assert!(matches!(error, JobError::Secret { number, .. } if number == wanted), "{error}");
        assert!(!format!("{error} {error:?}").contains("hunter2"));
        assert!(judged("password").is_ok());
    }
}
