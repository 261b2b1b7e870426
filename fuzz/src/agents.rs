//! Coding agents: inputs of hooks, settings files, contents that are judged, the layered configuration.

use super::text;
use sanctum_firewall::agents::config::{Layer, merge, parse};
use sanctum_firewall::agents::content::{
    Action, CargoPolicy, CelRule, DockerPolicy, Facts, McpPolicy, Policy, judge, paths_in,
    seen_by_cargo, usages,
};
use sanctum_firewall::agents::json;
use sanctum_firewall::agents::paths::{Place, Use, meet, normal};
use sanctum_firewall::agents::settings::{Status, install, remove, status};
use sanctum_firewall::agents::{Agent, Call, Guard, Judgement, answer};
use sanctum_types::AbsPath;

fn place() -> Place {
    Place { home: "/home/me".to_owned(), cwd: "/home/me/p".to_owned(), ignore_case: false }
}

fn policy() -> Policy<'static> {
    Policy {
        place: place(),
        mcp: McpPolicy::default(),
        docker: DockerPolicy::default(),
        redact: true,
        command: &|_, _| Judgement::ask("not looked at"),
        cargo: CargoPolicy { warned: true, spared: Vec::new(), has_script: &|_| true },
        is_dummy: &|_| false,
    }
}

/// The input of a hook: every agent's reader gives an answer, and a refusal has its code and its reason.
pub fn hook_input(bytes: &[u8]) {
    for agent in Agent::ALL.into_iter().map(Some).chain([None]) {
        let call = Call { agent, ..Call::default() };
        let answered = answer(&call, bytes, |request| judge(request, &policy()));
        assert!(matches!(answered.reply.code, 0 | 2));
        if answered.request.is_none() {
            assert!(answered.reply.code == 2 && !answered.reply.stderr.is_empty());
        }
        if !answered.reply.stdout.is_empty() {
            let line = answered.reply.stdout.trim_end_matches('\n');
            assert!(!line.contains('\n') && json::parse(line.as_bytes()).is_ok(), "{line}");
        }
        let denied = answer(&call, bytes, |_| Judgement::deny("no"));
        let observed =
            answer(&Call { guard: Guard::Observe, ..call }, bytes, |_| Judgement::deny("no"));
        assert!(denied.request.is_some() == observed.request.is_some());
    }
}

/// A settings file: edited and given back byte for byte, or refused.
pub fn hook_settings(bytes: &[u8]) {
    let text = text(bytes);
    let Ok(program) = AbsPath::new("/usr/local/bin/sanctum") else { return };
    for agent in [Agent::Claude, Agent::Codex, Agent::Gemini, Agent::Cursor, Agent::OpenCode] {
        let Ok(edited) = install(agent, Some(&text), &program) else { continue };
        let after = edited.text.clone().unwrap_or_default();
        let stands = status(agent, Some(&after), &program);
        assert!(
            matches!(stands, Ok(Status::Installed | Status::Skipped(_))),
            "{stands:?}\n{after}"
        );
        let again = install(agent, Some(&after), &program).map(|edited| edited.text);
        assert_eq!(again, Ok(Some(after.clone())));
        let removed = remove(agent, &after, Some(&edited.undo)).map(|edited| edited.text);
        assert_eq!(removed, Ok(Some(text.to_string())));
        assert!(remove(agent, &after, None).is_ok());
    }
}

/// What is written, read and passed on, rules in CEL, and the configuration.
pub fn hook_content(bytes: &[u8]) {
    let text = text(bytes);
    let shown = normal(&text, &place());
    assert!(!shown.contains("/../") && !shown.contains("/./"), "{shown}");
    let _ = (meet(&text, &place(), Use::Read), meet(&text, &place(), Use::Write));
    let _ = (seen_by_cargo(&text), usages(&text), paths_in(&json::Json::Text(text.to_string())));
    let _ = sanctum_firewall::agents::content::lines(&text, &DockerPolicy::default());
    let rule = CelRule { expression: text.to_string(), action: Action::Deny, settles: true };
    let facts = Facts { tool_name: "t".to_owned(), paths: vec!["/a".to_owned()], payload_size: 1 };
    let _ = rule.holds(&facts);
    let lines = text.split('\n').count();
    let layered = parse(&text, Layer::Project);
    for finding in &layered.findings {
        assert!((1..=lines).contains(&finding.at.line) && finding.at.col >= 1, "{finding:?}");
    }
    let _ = merge(&[layered]);
}
