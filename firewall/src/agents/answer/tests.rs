use super::*;
use crate::agents::request::{Shell, Tool};
use expect_test::expect;
use proptest::prelude::*;

fn bash(agent: Agent, command: &str) -> String {
    let command = Json::from(command);
    match agent {
        Agent::Claude => format!(
            r#"{{"session_id":"s","transcript_path":"/t","cwd":"/w","permission_mode":"default","hook_event_name":"PreToolUse","tool_name":"Bash","tool_input":{{"command":{command},"description":"d"}},"tool_use_id":"u"}}"#
        ),
        Agent::Codex => format!(
            r#"{{"session_id":"s","turn_id":"t","transcript_path":null,"cwd":"/w","hook_event_name":"PreToolUse","model":"gpt-5","permission_mode":"default","tool_name":"Bash","tool_input":{{"command":{command}}},"tool_use_id":"u"}}"#
        ),
        Agent::Gemini => format!(
            r#"{{"session_id":"s","transcript_path":"/t","cwd":"/w","hook_event_name":"BeforeTool","timestamp":"2026-01-01T00:00:00Z","tool_name":"run_shell_command","tool_input":{{"command":{command}}}}}"#
        ),
        Agent::Cursor => format!(
            r#"{{"conversation_id":"c","generation_id":"g","hook_event_name":"beforeShellExecution","workspace_roots":["/w"],"command":{command},"cwd":"/w"}}"#
        ),
        Agent::OpenCode => format!(
            r#"{{"agent":"opencode","event":"tool.execute.before","tool":"bash","session":"s","cwd":"/w","args":{{"command":{command}}}}}"#
        ),
        Agent::Plain => format!(r#"{{"command":{command}}}"#),
    }
}

fn say(call: &Call, input: &str, judgement: Judgement) -> Reply {
    answer(call, input.as_bytes(), |_| judgement).reply
}

fn shown(reply: &Reply) -> String {
    format!("{} {}{}", reply.code, reply.stdout, reply.stderr)
}

#[test]
fn every_agent_is_recognised_and_told_in_its_terms() {
    let mut out = String::new();
    for agent in Agent::ALL {
        let input = bash(agent, "cat ~/.aws/credentials");
        let (seen, request) = read(&Call::default(), input.as_bytes());
        assert_eq!(seen, Some(agent));
        let text = "cat ~/.aws/credentials".to_owned();
        assert_eq!(request.unwrap().tool, Tool::Command { text, shell: Shell::Posix }, "{agent:?}");
        for judgement in [Judgement::allow(), Judgement::ask("why?"), Judgement::deny("no")] {
            let word = format!("{:?}", judgement.decision);
            let reply = say(&Call::default(), &input, judgement);
            out.push_str(&format!("{} {word}: {}", agent.name(), shown(&reply)));
        }
    }
    expect![[r#"
        claude Allow: 0 {}
        claude Ask: 0 {"hookSpecificOutput":{"hookEventName":"PreToolUse","permissionDecision":"ask","permissionDecisionReason":"why?"}}
        claude Deny: 0 {"hookSpecificOutput":{"hookEventName":"PreToolUse","permissionDecision":"deny","permissionDecisionReason":"no"}}
        codex Allow: 0 {}
        codex Ask: 0 {"hookSpecificOutput":{"hookEventName":"PreToolUse","permissionDecision":"deny","permissionDecisionReason":"why?"}}
        codex Deny: 0 {"hookSpecificOutput":{"hookEventName":"PreToolUse","permissionDecision":"deny","permissionDecisionReason":"no"}}
        gemini Allow: 0 {}
        gemini Ask: 0 {"decision":"deny","reason":"why?"}
        gemini Deny: 0 {"decision":"deny","reason":"no"}
        cursor Allow: 0 {"permission":"allow"}
        cursor Ask: 0 {"permission":"ask","user_message":"why?","agent_message":"why?"}
        cursor Deny: 0 {"permission":"deny","user_message":"no","agent_message":"no"}
        opencode Allow: 0 {"decision":"allow"}
        opencode Ask: 0 {"decision":"deny","reason":"why?"}
        opencode Deny: 0 {"decision":"deny","reason":"no"}
        plain Allow: 0 {"decision":"allow"}
        plain Ask: 2 {"decision":"ask","reason":"why?"}
        plain Deny: 2 {"decision":"block","reason":"no"}
    "#]]
    .assert_eq(&out);
}

#[test]
fn the_documented_plain_example() {
    let reason = "Reads sensitive credential path: ~/.aws/credentials";
    let call = Call { verb: Some(Verb::PreBash), ..Call::default() };
    let reply = say(&call, r#"{"command": "cat ~/.aws/credentials"}"#, Judgement::deny(reason));
    assert_eq!(
        reply.stdout,
        "{\"decision\":\"block\",\"reason\":\"Reads sensitive credential path: ~/.aws/credentials\"}\n"
    );
    assert_eq!(reply.code, 2);
}

#[test]
fn plain_forms_by_verb() {
    for (verb, input, want) in [
        (Verb::PreWrite, r#"{"path":"a","content":"b"}"#, true),
        (Verb::PreWrite, r#"{"path":"a"}"#, false),
        (Verb::PreRead, r#"{"path":"a"}"#, true),
        (Verb::PreRead, r#"{"path":null}"#, false),
        (Verb::PreMcp, r#"{"tool":"t","arguments":{"p":1}}"#, true),
        (Verb::PreMcp, r#"{"tool_name":"mcp__s__t","tool_input":{"p":1}}"#, true),
        (Verb::PreMcp, r#"{"tool":"t","arguments":[1]}"#, false),
        (Verb::PostBash, r#"{"command":"c","stdout":"o","stderr":"e","exit_code":0}"#, true),
        (Verb::PostBash, r#"{"command":"c","stdout":"o","exit_code":"0"}"#, false),
        (Verb::PreBash, r#"{"path":"a"}"#, false),
    ] {
        let call = Call { agent: Some(Agent::Plain), verb: Some(verb), ..Call::default() };
        assert_eq!(read(&call, input.as_bytes()).1.is_ok(), want, "{verb:?} {input}");
    }
}

/// Every writer of a reason: each agent before a tool, and the events that have words of their own.
fn inputs() -> Vec<(Agent, String)> {
    let mut all: Vec<(Agent, String)> =
        Agent::ALL.into_iter().map(|agent| (agent, bash(agent, "x"))).collect();
    for event in ["PermissionRequest", "PostToolUse", "ConfigChange", "UserPromptSubmit"] {
        let claude = bash(Agent::Claude, "x").replace("PreToolUse", event).replacen(
            '{',
            r#"{"prompt":"p","source":"user_settings","file_path":"/w/s","tool_response":{"stdout":"o"},"#,
            1,
        );
        all.push((Agent::Claude, claude));
    }
    for event in ["PermissionRequest", "PostToolUse"] {
        let codex = bash(Agent::Codex, "x").replace("PreToolUse", event);
        all.push((Agent::Codex, codex.replacen('{', r#"{"tool_response":"o","#, 1)));
    }
    let gemini = bash(Agent::Gemini, "x").replace("BeforeTool", "AfterTool");
    all.push((Agent::Gemini, gemini.replacen('{', r#"{"tool_response":{"llmContent":"o"},"#, 1)));
    all
}

fn longest_text(json: &Json) -> usize {
    let mut longest = 0;
    json.texts(&mut |text| longest = longest.max(text.chars().count()));
    longest
}

#[test]
fn no_reason_is_long_or_holds_a_secret_whoever_writes_it() {
    // Made here, so that nobody takes this file for a leak.
    let token = format!("glpat-{}", "x9Kq2Lm8Rt5Vw3Yz7Bd4");
    let whole = crate::redact(&token).text;
    assert_ne!(whole, token);
    let call = Call::default();
    for (agent, input) in inputs() {
        for before in [0, 10, 300, 570, 590, 599, 600, 5_000] {
            let reason = format!(
                "Reads {} {token} {}\u{1b}[2J\nand",
                "a/".repeat(before / 2),
                "b/".repeat(400)
            );
            for judgement in [Judgement::deny(reason.clone()), Judgement::ask(reason.clone())] {
                let answered = answer(&call, input.as_bytes(), |_| judgement);
                let said = shown(&answered.reply);
                let half = token.get(..12).unwrap();
                assert!(!said.contains(half), "{agent:?} {before}: {said}");
                assert!(!answered.judgement.reason.contains(half) && !said.contains('\u{1b}'));
                assert!(answered.judgement.reason.chars().count() <= 600, "{agent:?}");
                let json =
                    Json::from(json::parse(answered.reply.stdout.trim_end().as_bytes()).unwrap());
                assert!(longest_text(&json) <= 600, "{agent:?} {before}: {said}");
                assert!(answered.reply.stderr.chars().count() <= 620, "{agent:?}");
                assert!(!answered.reply.stderr.trim_end().contains('\n'), "{agent:?}");
            }
        }
        // What cannot be read names what it came upon.
        let broken = input.replace("PreToolUse", &format!("{}{token}", "x".repeat(590)));
        let said = shown(&answer(&call, broken.as_bytes(), |_| Judgement::allow()).reply);
        assert!(!said.contains(token.get(..12).unwrap()) && said.chars().count() < 2_000, "{said}");
    }
}

#[test]
fn what_cannot_be_read_is_refused_in_every_dialect() {
    let big = format!(r#"{{"command":"{}"}}"#, "a".repeat(17 << 20));
    let deep = format!(r#"{{"command":"a","x":{}1{}}}"#, "[".repeat(500), "]".repeat(500));
    for input in [
        "",
        "null",
        "[]",
        "7",
        "{",
        r#"{"command":"a","command":"b"}"#,
        r#"{"command":["#,
        r#"{"hook_event_name":"PreToolUse","tool_name":"Bash","tool_input":null}"#,
        r#"{"hook_event_name":"PreToolUse","tool_name":"Bash"}"#,
        r#"{"hook_event_name":"PreToolUse","tool_name":7,"tool_input":{}}"#,
        r#"{"hook_event_name":"NeverHeardOf","tool_name":"Bash","tool_input":{}}"#,
        r#"{"hook_event_name":7}"#,
        r#"{"hook_event_name":"BeforeTool","tool_name":"run_shell_command","tool_input":{}}"#,
        r#"{"hook_event_name":"beforeShellExecution","conversation_id":"c"}"#,
        r#"{"nothing":"known"}"#,
        &big,
        &deep,
    ] {
        for agent in Agent::ALL.into_iter().map(Some).chain([None]) {
            let call = Call { agent, ..Call::default() };
            let answered = answer(&call, input.as_bytes(), |_| Judgement::allow());
            let head = input.chars().take(60).collect::<String>();
            assert_eq!(answered.reply.code, 2, "{agent:?} {head}");
            assert!(answered.reply.stderr.starts_with("sanctum: "), "{agent:?} {head}");
            let speaks = matches!(agent, None | Some(Agent::Plain));
            if speaks && answered.reply.stdout.is_empty() {
                // Recognised by its shape as another's, so that the code says it.
                assert!(input.contains("hook_event_name") || input.contains("tool_name"), "{head}");
            }
            assert_eq!(answered.judgement.decision, Decision::Deny);
        }
    }
    let not_utf8 = answer(&Call::default(), b"{\"command\":\"\xff\"}", |_| Judgement::allow());
    assert_eq!(not_utf8.reply.code, 2);
}

#[test]
fn a_large_write_is_read() {
    let text = "fn main() {}\n".repeat(120_000);
    let input = format!(
        r#"{{"hook_event_name":"PreToolUse","tool_name":"Write","tool_input":{{"file_path":"/w/a.rs","content":{}}}}}"#,
        Json::Text(text)
    );
    assert!(input.len() > 1_500_000);
    assert_eq!(say(&Call::default(), &input, Judgement::allow()).code, 0);
}

#[test]
fn events_without_a_tool_are_let_through() {
    for input in [
        r#"{"hook_event_name":"Stop","session_id":"s"}"#,
        r#"{"hook_event_name":"SubagentStop","session_id":"s"}"#,
        r#"{"hook_event_name":"AfterModel","timestamp":"t"}"#,
        r#"{"hook_event_name":"stop","conversation_id":"c"}"#,
    ] {
        let reply = say(&Call::default(), input, Judgement::deny("never asked"));
        assert_eq!((reply.code, reply.stdout.as_str()), (0, "{}\n"), "{input}");
    }
}

#[test]
fn observing_lets_through_and_keeps_what_it_thinks() {
    let call = Call { guard: Guard::Observe, ..Call::default() };
    for agent in Agent::ALL {
        let mut judgement = Judgement::deny("no");
        judgement.updated_output = Some(Json::Null);
        let answered = answer(&call, bash(agent, "x").as_bytes(), |_| judgement);
        let follows = agent == Agent::Plain;
        assert_eq!(answered.observed, !follows, "{agent:?}");
        assert_eq!(answered.reply.code, if follows { 2 } else { 0 });
        assert!(follows || !answered.reply.stdout.contains("no"), "{agent:?}");
        assert_eq!(answered.judgement.decision, Decision::Deny);
    }
    let broken = answer(&Call { agent: Some(Agent::Claude), ..call }, b"{", |_| Judgement::allow());
    assert!(broken.observed && broken.reply.code == 0);
    // Whose it is nobody knows, so that nobody's guard can observe it.
    assert_eq!(answer(&call, b"{", |_| Judgement::allow()).reply.code, 2);
}

#[test]
fn another_input_is_no_question_to_nobody() {
    let offer = |mode: &str, headless| {
        let input = bash(Agent::Claude, "x").replace("\"default\"", &format!("\"{mode}\""));
        let mut judgement = Judgement::allow();
        judgement.updated_input = Some(Json::map([("command", Json::from("y"))]));
        say(&Call { headless, ..Call::default() }, &input, judgement).stdout
    };
    assert!(offer("default", false).contains("\"ask\""));
    assert!(offer("default", false).contains("updatedInput"));
    for (mode, headless) in [("bypassPermissions", false), ("dontAsk", false), ("default", true)] {
        assert_eq!(offer(mode, headless), "{}\n", "{mode} {headless}");
    }
}

#[test]
fn a_question_without_a_person_is_what_was_configured() {
    let asked = |mode: &str, unattended, headless| {
        let input = bash(Agent::Claude, "x").replace("\"default\"", &format!("\"{mode}\""));
        let call = Call { unattended, headless, ..Call::default() };
        say(&call, &input, Judgement::ask("why?")).stdout
    };
    for (mode, unattended, headless, want) in [
        ("default", Decision::Deny, false, "\"ask\""),
        ("plan", Decision::Deny, false, "\"ask\""),
        ("dontAsk", Decision::Deny, false, "\"deny\""),
        ("bypassPermissions", Decision::Deny, false, "\"deny\""),
        ("default", Decision::Deny, true, "\"deny\""),
        ("bypassPermissions", Decision::Allow, false, "{}"),
        ("default", Decision::Defer, true, "\"defer\""),
        // Only a program without a person can put something off.
        ("dontAsk", Decision::Defer, false, "\"deny\""),
    ] {
        let out = asked(mode, unattended, headless);
        assert!(out.contains(want), "{mode} {unattended:?} {headless}: {out}");
    }
    let plain = Call { unattended: Decision::Allow, ..Call::default() };
    let reply = say(&plain, r#"{"command":"x"}"#, Judgement::ask("why?"));
    assert_eq!((reply.code, reply.stdout.contains("\"ask\"")), (0, true));
}

proptest! {
    #[test]
    fn a_denial_never_reads_as_an_allow(reason in ".{0,60}", at in 0..6_usize) {
        let agent = Agent::ALL[at];
        let reply = say(&Call::default(), &bash(agent, "x"), Judgement::deny(reason));
        let out = Json::from(json::parse(reply.stdout.trim_end().as_bytes()).unwrap());
        let inner = out.get("hookSpecificOutput").cloned().unwrap_or(Json::Null);
        let words = [out.get("decision"), out.get("permission"), inner.get("permissionDecision")];
        let said: Vec<&str> = words.into_iter().flatten().filter_map(Json::text).collect();
        prop_assert!(said == ["deny"] || said == ["block"], "{:?}", said);
        prop_assert!(agent != Agent::Codex || !inner.get("permissionDecisionReason").unwrap().text().unwrap().trim().is_empty());
    }

    #[test]
    fn any_bytes_get_an_answer(bytes in proptest::collection::vec(any::<u8>(), 0..120), at in 0..6_usize) {
        let call = Call { agent: Some(Agent::ALL[at]), ..Call::default() };
        let reply = answer(&call, &bytes, |_| Judgement::allow()).reply;
        prop_assert!(reply.code == 0 || (reply.code == 2 && !reply.stderr.is_empty()));
    }

    #[test]
    fn the_worse_of_two_is_as_bad_as_either(a in 0..4_usize, b in 0..4_usize) {
        let all = [Decision::Allow, Decision::Ask, Decision::Defer, Decision::Deny];
        let worse = Judgement::of(all[a], "a").worse(Judgement::of(all[b], "b"));
        prop_assert_eq!(worse.decision, all[a].max(all[b]));
        let reason = if all[b] > all[a] { "b" } else { "a" };
        prop_assert_eq!(worse.reason, reason);
    }
}
