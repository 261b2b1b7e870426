//! Property lists as snapshots, and that no service of any shape gives one that cannot be read.

use super::*;
use crate::jobs::fixture::{
    facts, instance, is_unwritable, odd_text, text_of, with_house, with_node,
};
use expect_test::{Expect, expect};
use plist::Value;
use proptest::prelude::*;
use sanctum_types::ServiceName;
use std::io::Cursor;

fn hub() -> Vec<Artefact> {
    with_node("hub", render).unwrap()
}

fn check(name: &str, wanted: &Expect) {
    wanted.assert_eq(&text_of(&hub(), &format!("com.sanctum.{name}.plist")));
}

#[test]
fn a_network_for_root() {
    check(
        "vmnet",
        &expect![[r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
        <plist version="1.0">
        <dict>
        	<key>Label</key>
        	<string>com.sanctum.vmnet</string>
        	<key>ProgramArguments</key>
        	<array>
        		<string>/opt/socket_vmnet/bin/socket_vmnet</string>
        		<string>--vmnet-mode=host</string>
        		<string>--vmnet-gateway=10.10.10.1</string>
        		<string>--vmnet-dhcp-end=10.10.10.9</string>
        		<string>--vmnet-mask=255.255.255.0</string>
        		<string>--socket-group=_sanctum_vm</string>
        		<string>/opt/sanctum/vm/net/vmnet.sock</string>
        	</array>
        	<key>RunAtLoad</key>
        	<true/>
        	<key>KeepAlive</key>
        	<true/>
        	<key>ThrottleInterval</key>
        	<integer>30</integer>
        	<key>ExitTimeOut</key>
        	<integer>30</integer>
        	<key>Umask</key>
        	<integer>63</integer>
        	<key>StandardOutPath</key>
        	<string>/var/log/sanctum/vmnet/out.log</string>
        	<key>StandardErrorPath</key>
        	<string>/var/log/sanctum/vmnet/err.log</string>
        	<key>ProcessType</key>
        	<string>Interactive</string>
        </dict>
        </plist>
    "#]],
    );
}

#[test]
fn a_scheduled_job() {
    check(
        "openrouter-auto-rotate",
        &expect![[r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
        <plist version="1.0">
        <dict>
        	<key>Label</key>
        	<string>com.sanctum.openrouter-auto-rotate</string>
        	<key>ProgramArguments</key>
        	<array>
        		<string>/opt/sanctum/bin/sanctum</string>
        		<string>job</string>
        		<string>openrouter-auto-rotate</string>
        	</array>
        	<key>RunAtLoad</key>
        	<false/>
        	<key>StartCalendarInterval</key>
        	<array>
        		<dict>
        			<key>Hour</key>
        			<integer>19</integer>
        			<key>Minute</key>
        			<integer>30</integer>
        		</dict>
        		<dict>
        			<key>Hour</key>
        			<integer>20</integer>
        			<key>Minute</key>
        			<integer>30</integer>
        		</dict>
        	</array>
        	<key>ThrottleInterval</key>
        	<integer>30</integer>
        	<key>ExitTimeOut</key>
        	<integer>120</integer>
        	<key>Umask</key>
        	<integer>63</integer>
        	<key>UserName</key>
        	<string>_sanctum</string>
        	<key>GroupName</key>
        	<string>_sanctum</string>
        	<key>StandardOutPath</key>
        	<string>/var/log/sanctum/openrouter-auto-rotate/out.log</string>
        	<key>StandardErrorPath</key>
        	<string>/var/log/sanctum/openrouter-auto-rotate/err.log</string>
        	<key>ProcessType</key>
        	<string>Background</string>
        </dict>
        </plist>
    "#]],
    );
}

#[test]
fn a_service_with_odd_arguments() {
    check(
        "firewall-bridge-of-the-network-box",
        &expect![[r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
        <plist version="1.0">
        <dict>
        	<key>Label</key>
        	<string>com.sanctum.firewall-bridge-of-the-network-box</string>
        	<key>ProgramArguments</key>
        	<array>
        		<string>/opt/bridge/bin/bridge</string>
        		<string>--greeting=it&apos;s &quot;50%&quot; &amp; $HOME &lt;tag&gt;</string>
        		<string></string>
        	</array>
        	<key>RunAtLoad</key>
        	<true/>
        	<key>KeepAlive</key>
        	<true/>
        	<key>ThrottleInterval</key>
        	<integer>30</integer>
        	<key>ExitTimeOut</key>
        	<integer>30</integer>
        	<key>Umask</key>
        	<integer>63</integer>
        	<key>UserName</key>
        	<string>_sanctum_firewall-brid_f6178120</string>
        	<key>GroupName</key>
        	<string>_sanctum_firewall-brid_f6178120</string>
        	<key>StandardOutPath</key>
        	<string>/var/log/sanctum/firewall-bridge-of-the-network-box/out.log</string>
        	<key>StandardErrorPath</key>
        	<string>/var/log/sanctum/firewall-bridge-of-the-network-box/err.log</string>
        	<key>ProcessType</key>
        	<string>Standard</string>
        	<key>SoftResourceLimits</key>
        	<dict>
        		<key>NumberOfFiles</key>
        		<integer>4096</integer>
        	</dict>
        </dict>
        </plist>
    "#]],
    );
}

#[test]
fn an_agent() {
    check(
        "tts",
        &expect![[r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
        <plist version="1.0">
        <dict>
        	<key>Label</key>
        	<string>com.sanctum.tts</string>
        	<key>ProgramArguments</key>
        	<array>
        		<string>/opt/tts/bin/tts</string>
        	</array>
        	<key>RunAtLoad</key>
        	<true/>
        	<key>KeepAlive</key>
        	<true/>
        	<key>ThrottleInterval</key>
        	<integer>30</integer>
        	<key>ExitTimeOut</key>
        	<integer>30</integer>
        	<key>Umask</key>
        	<integer>63</integer>
        	<key>StandardOutPath</key>
        	<string>/var/log/sanctum/tts/out.log</string>
        	<key>StandardErrorPath</key>
        	<string>/var/log/sanctum/tts/err.log</string>
        	<key>ProcessType</key>
        	<string>Standard</string>
        	<key>LimitLoadToSessionType</key>
        	<string>Aqua</string>
        	<key>SoftResourceLimits</key>
        	<dict>
        		<key>NumberOfFiles</key>
        		<integer>4096</integer>
        	</dict>
        </dict>
        </plist>
    "#]],
    );
}

#[test]
fn the_loader_of_pf() {
    check(
        "pf",
        &expect![[r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
        <plist version="1.0">
        <dict>
        	<key>Label</key>
        	<string>com.sanctum.pf</string>
        	<key>ProgramArguments</key>
        	<array>
        		<string>/opt/sanctum/bin/sanctum</string>
        		<string>pf</string>
        		<string>load</string>
        	</array>
        	<key>RunAtLoad</key>
        	<true/>
        	<key>ThrottleInterval</key>
        	<integer>30</integer>
        	<key>ExitTimeOut</key>
        	<integer>30</integer>
        	<key>Umask</key>
        	<integer>63</integer>
        	<key>StandardOutPath</key>
        	<string>/var/log/sanctum/pf/out.log</string>
        	<key>StandardErrorPath</key>
        	<string>/var/log/sanctum/pf/err.log</string>
        	<key>ProcessType</key>
        	<string>Standard</string>
        </dict>
        </plist>
    "#]],
    );
}

#[test]
fn what_is_planned_with_each() {
    let mut text = String::new();
    for artefact in hub() {
        let unit = artefact.unit.as_ref().map(ToString::to_string).unwrap_or_default();
        let dirs: Vec<_> = artefact
            .dirs
            .iter()
            .skip(1)
            .map(|(path, mode, owner)| format!("{path} {mode} {owner}"))
            .collect();
        let accounts: Vec<_> =
            artefact.accounts.iter().map(sanctum_types::AccountName::as_str).collect();
        text += &format!(
            "{} {} {}\n  {unit}|{}|{}\n",
            artefact.path,
            artefact.mode,
            artefact.owner,
            accounts.join(","),
            dirs.join(", "),
        );
    }
    expect![[r#"
        /Library/LaunchDaemons/com.sanctum.alerts.plist 0644 root:wheel
          ||/var/log/sanctum/alerts 0750 root:wheel
        /Library/LaunchDaemons/com.sanctum.bootstrap.plist 0644 root:wheel
          launchd:system/com.sanctum.bootstrap||/var/log/sanctum/bootstrap 0750 root:wheel
        /Library/LaunchDaemons/com.sanctum.dashboard.plist 0644 root:wheel
          |_sanctum_dashboard,_sanctum_journal|/var/log/sanctum/dashboard 0750 _sanctum_dashboard:_sanctum_dashboard, /var/db/sanctum-dashboard 0700 _sanctum_dashboard:_sanctum_dashboard
        /Library/LaunchDaemons/com.sanctum.firewall-bridge-of-the-network-box.plist 0644 root:wheel
          launchd:system/com.sanctum.firewall-bridge-of-the-network-box|_sanctum_firewall-brid_f6178120|/var/log/sanctum/firewall-bridge-of-the-network-box 0750 _sanctum_firewall-brid_f6178120:_sanctum_firewall-brid_f6178120, /var/db/sanctum-firewall-bridge-of-the-network-box 0700 _sanctum_firewall-brid_f6178120:_sanctum_firewall-brid_f6178120
        /Library/LaunchDaemons/com.sanctum.journal.plist 0644 root:wheel
          |_sanctum_journal|/var/log/sanctum/journal 0750 _sanctum_journal:_sanctum_journal, /var/db/sanctum-journal 0700 _sanctum_journal:_sanctum_journal, /opt/sanctum/run 0755 _sanctum_journal:_sanctum_journal
        /Library/LaunchDaemons/com.sanctum.openrouter-auto-rotate.plist 0644 root:wheel
          |_sanctum|/var/log/sanctum/openrouter-auto-rotate 0750 _sanctum:_sanctum, /var/db/sanctum-openrouter-auto-rotate 0700 _sanctum:_sanctum
        /Library/LaunchDaemons/com.sanctum.pf.plist 0644 root:wheel
          launchd:system/com.sanctum.pf||/var/log/sanctum/pf 0750 root:wheel
        /Library/LaunchDaemons/com.sanctum.presidio-analyzer.plist 0644 root:wheel
          launchd:system/com.sanctum.presidio-analyzer|_sanctum_presidio-analyzer|/var/log/sanctum/presidio-analyzer 0750 _sanctum_presidio-analyzer:_sanctum_presidio-analyzer, /var/db/sanctum-presidio-analyzer 0700 _sanctum_presidio-analyzer:_sanctum_presidio-analyzer
        /Library/LaunchDaemons/com.sanctum.proxy.plist 0644 root:wheel
          |_sanctum_journal,_sanctum_proxy|/var/log/sanctum/proxy 0750 _sanctum_proxy:_sanctum_proxy, /var/db/sanctum-proxy 0700 _sanctum_proxy:_sanctum_proxy
        /Library/LaunchDaemons/com.sanctum.reboot-report.plist 0644 root:wheel
          ||/var/log/sanctum/reboot-report 0750 root:wheel
        /Library/LaunchDaemons/com.sanctum.secret-age-check.plist 0644 root:wheel
          |_sanctum|/var/log/sanctum/secret-age-check 0750 _sanctum:_sanctum, /var/db/sanctum-secret-age-check 0700 _sanctum:_sanctum
        /Library/LaunchDaemons/com.sanctum.secret-rotation-scan.plist 0644 root:wheel
          launchd:system/com.sanctum.secret-rotation-scan|_sanctum|/var/log/sanctum/secret-rotation-scan 0750 _sanctum:_sanctum, /var/db/sanctum-secret-rotation-scan 0700 _sanctum:_sanctum
        /Library/LaunchDaemons/com.sanctum.sentinel.plist 0644 root:wheel
          ||/var/log/sanctum/sentinel 0750 root:wheel
        /Library/LaunchAgents/com.sanctum.tts.plist 0644 root:wheel
          ||/var/log/sanctum/tts 0750 operator:staff
        /Library/LaunchDaemons/com.sanctum.vault.plist 0644 root:wheel
          ||/var/log/sanctum/vault 0750 operator:staff, /var/db/sanctum-vault 0700 operator:staff
        /Library/LaunchDaemons/com.sanctum.vm.plist 0644 root:wheel
          |_sanctum_vm|/var/log/sanctum/vm 0750 _sanctum_vm:_sanctum_vm, /var/db/sanctum-vm 0700 _sanctum_vm:_sanctum_vm
        /Library/LaunchDaemons/com.sanctum.vmnet.plist 0644 root:wheel
          ||/var/log/sanctum/vmnet 0750 root:wheel
    "#]].assert_eq(&text);
}

#[test]
fn nothing_for_linux() {
    assert_eq!(with_node("vm", render).unwrap(), []);
}

#[test]
fn the_machine_must_have_a_zone() {
    let instance = instance();
    let mut facts = facts(&instance, "hub");
    facts.timezone = "Nowhere".to_owned();
    let refused = with_house(&instance, &facts, "hub", render);
    assert!(matches!(refused, Err(LaunchdError::MachineZone(_))));
}

#[test]
fn two_services_on_one_port() {
    let mut instance = instance();
    let tts = instance.services[&ServiceName::new("tts").unwrap()].clone();
    instance.services.insert(ServiceName::new("tts2").unwrap(), tts);
    let refused = with_house(&instance, &facts(&instance, "hub"), "hub", render);
    let Err(LaunchdError::Lint(lints)) = refused else { panic!("accepted") };
    assert_eq!(lints[0].rule, lint::Rule::DuplicatePort);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_argument_arrives(
        name in "x[a-z0-9_-]{0,39}", arguments in proptest::collection::vec(odd_text(), 0..4), gui: bool,
    ) {
        let mut instance = instance();
        let mut service = instance.services[&ServiceName::new("tts").unwrap()].clone();
        let mut command = vec!["/opt/x/bin/x".to_owned()];
        command.extend(arguments);
        (service.command, service.gui, service.ports) = (Some(command.clone()), gui, Vec::new());
        instance.services.insert(ServiceName::new(name.clone()).unwrap(), service);
        let odd = command.iter().any(|argument| is_unwritable(argument));
        match with_house(&instance, &facts(&instance, "hub"), "hub", render) {
            Err(LaunchdError::Jobs(JobError::Argument { .. })) => prop_assert!(odd),
            // `~/` and private places are refused by the rules of launchd.
            Err(LaunchdError::Lint(_)) => prop_assert!(command.iter().any(|argument| argument.contains(['~', '/']))),
            Err(other) => prop_assert!(false, "{}", other),
            Ok(all) => {
                // XML 1.0 has no such character, whatever the two readers of this test make of it.
                prop_assert!(!odd);
                let text = text_of(&all, &format!("com.sanctum.{name}.plist"));
                let read = Value::from_reader_xml(Cursor::new(text)).unwrap();
                let read = read.as_dictionary().unwrap().get("ProgramArguments").unwrap();
                let read: Vec<_> = read.as_array().unwrap().iter().map(|one| one.as_string().unwrap()).collect();
                prop_assert_eq!(read, command);
            }
        }
    }
}

#[test]
fn a_vault_leaves_no_core_dump_and_may_lock_memory() {
    let mut instance = instance();
    instance.vault = Some(crate::instance::vault::Vault::default());
    instance.services.remove(&ServiceName::new("vault").unwrap());
    assert!(crate::instance::vault::complete(&mut instance).is_empty());
    let all = with_house(&instance, &facts(&instance, "hub"), "hub", render).unwrap();
    expect![[r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
        <plist version="1.0">
        <dict>
        	<key>Label</key>
        	<string>com.sanctum.vault</string>
        	<key>ProgramArguments</key>
        	<array>
        		<string>/opt/sanctum/bin/sanctumd</string>
        		<string>--only</string>
        		<string>vault</string>
        	</array>
        	<key>RunAtLoad</key>
        	<true/>
        	<key>KeepAlive</key>
        	<true/>
        	<key>ThrottleInterval</key>
        	<integer>30</integer>
        	<key>ExitTimeOut</key>
        	<integer>30</integer>
        	<key>Umask</key>
        	<integer>63</integer>
        	<key>UserName</key>
        	<string>operator</string>
        	<key>StandardOutPath</key>
        	<string>/var/log/sanctum/vault/out.log</string>
        	<key>StandardErrorPath</key>
        	<string>/var/log/sanctum/vault/err.log</string>
        	<key>ProcessType</key>
        	<string>Standard</string>
        	<key>SoftResourceLimits</key>
        	<dict>
        		<key>Core</key>
        		<integer>0</integer>
        		<key>MemoryLock</key>
        		<integer>67108864</integer>
        		<key>NumberOfFiles</key>
        		<integer>4096</integer>
        	</dict>
        	<key>HardResourceLimits</key>
        	<dict>
        		<key>Core</key>
        		<integer>0</integer>
        	</dict>
        </dict>
        </plist>
    "#]].assert_eq(&text_of(&all, "com.sanctum.vault.plist"));
}
