use super::*;
use expect_test::expect;
use proptest::prelude::*;

const JSON_AGENTS: [Agent; 4] = [Agent::Claude, Agent::Codex, Agent::Gemini, Agent::Cursor];

fn program() -> AbsPath {
    AbsPath::new("/usr/local/bin/sanctum").unwrap()
}

fn installed(agent: Agent, text: &str) -> String {
    install(agent, Some(text), &program()).unwrap().text.unwrap()
}

/// Files as people keep them.
const REAL: &[&str] = &[
    "{}",
    "{}\n",
    "{ }\n",
    "{\n}\n",
    "{\"model\":\"opus\"}",
    "{\"model\": \"opus\", \"hooks\": {}}",
    "{\n  \"model\": \"opus\"\n}",
    "{\n\t\"permissions\": {\n\t\t\"allow\": [\n\t\t\t\"Bash(git *)\"\n\t\t]\n\t}\n}\n",
    "{\r\n    \"a\": 1\r\n}\r\n",
    "\u{FEFF}{\n  \"a\": 1\n}\n",
    "// mine\n{\n  // model\n  \"model\": \"opus\", // trailing\n  \"list\": [1, 2,],\n}\n",
    "{\n  \"hooks\": {\n    // nothing yet\n  }\n}\n",
    "{\n  \"hooks\": {\n    \"PreToolUse\": [],\n    \"BeforeTool\": [ ],\n    \"preToolUse\": []\n  },\n  \"z\": null\n}\n",
    "{\n  \"hooks\": {\n    \"PreToolUse\": [\n      {\n        \"matcher\": \"Bash\",\n        \"hooks\": [ { \"type\": \"command\", \"command\": \"~/bin/mine.sh\" } ]\n      }\n    ],\n    \"Stop\": [{\"hooks\": [{\"type\": \"command\", \"command\": \"say done\"}]}]\n  }\n}\n",
    "{\n  \"version\": 1,\n  \"hooks\": {\n    \"beforeShellExecution\": [{ \"command\": \"./audit.sh\" }]\n  }\n}\n",
    "\n\n{\"a\":{\n\"b\":[\n1\n]}}   \n\n",
];

#[test]
fn every_real_file_comes_back_byte_for_byte() {
    for agent in JSON_AGENTS {
        for text in REAL {
            let edited = install(agent, Some(text), &program()).unwrap();
            let after = edited.text.clone().unwrap();
            assert_eq!(
                status(agent, Some(&after), &program()),
                Ok(Status::Installed),
                "{text}\n{after}"
            );
            let removed = remove(agent, &after, Some(&edited.undo)).unwrap();
            assert_eq!(removed.text.as_deref(), Some(*text), "{agent:?}");
            assert_eq!(installed(agent, &after), after, "installing twice changes nothing");
        }
    }
}

#[test]
fn no_file_and_an_empty_one_come_back_too() {
    for agent in JSON_AGENTS.into_iter().chain([Agent::OpenCode]) {
        for before in [None, Some(""), Some(" \n")] {
            let edited = install(agent, before, &program()).unwrap();
            let after = edited.text.clone().unwrap();
            assert_eq!(status(agent, Some(&after), &program()), Ok(Status::Installed));
            assert_eq!(remove(agent, &after, Some(&edited.undo)).unwrap().text.as_deref(), before);
        }
        assert_eq!(status(agent, None, &program()), Ok(Status::Absent));
    }
}

#[test]
fn without_a_receipt_what_is_ours_goes_and_the_rest_stays() {
    for agent in JSON_AGENTS {
        for text in REAL {
            let after = installed(agent, text);
            let removed = remove(agent, &after, None).unwrap().text.unwrap();
            assert_eq!(status(agent, Some(&removed), &program()), Ok(Status::Absent), "{removed}");
            // What others wrote is still there, empty lists and objects aside.
            assert_eq!(bare(&removed, agent), bare(text, agent), "{agent:?}\n{text}\n{removed}");
        }
    }
}

/// The values of a file without what installing may leave: empty containers of hooks, and Cursor's version.
fn bare(text: &str, agent: Agent) -> Json {
    let mut json = Json::from(parse_settings(text).unwrap());
    if let Json::Map(members) = &mut json {
        if agent == Agent::Cursor {
            members.retain(|(name, _)| name != "version");
        }
        for (_, hooks) in members.iter_mut().filter(|(name, _)| name == "hooks") {
            if let Json::Map(events) = hooks {
                events.retain(|(_, groups)| *groups != Json::List(Vec::new()));
            }
        }
        members.retain(|(name, value)| name != "hooks" || *value != Json::Map(Vec::new()));
    }
    json
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table, one case after the other")]
fn what_is_installed_for_each_agent() {
    expect![[r#"
        {
          "hooks": {
            "PreToolUse": [
              {
                "matcher": "*",
                "hooks": [
                  {
                    "type": "command",
                    "command": "/usr/local/bin/sanctum",
                    "args": [
                      "hook",
                      "--agent",
                      "claude"
                    ],
                    "timeout": 10,
                    "onFailure": "block"
                  }
                ]
              }
            ],
            "PostToolUse": [
              {
                "matcher": "*",
                "hooks": [
                  {
                    "type": "command",
                    "command": "/usr/local/bin/sanctum",
                    "args": [
                      "hook",
                      "--agent",
                      "claude"
                    ],
                    "timeout": 10,
                    "onFailure": "block"
                  }
                ]
              }
            ],
            "ConfigChange": [
              {
                "hooks": [
                  {
                    "type": "command",
                    "command": "/usr/local/bin/sanctum",
                    "args": [
                      "hook",
                      "--agent",
                      "claude"
                    ],
                    "timeout": 10,
                    "onFailure": "block"
                  }
                ]
              }
            ]
          }
        }
    "#]]
    .assert_eq(&installed(Agent::Claude, ""));
    let line = |agent| installed(agent, "{\"a\":1}");
    expect![[r#"{"a":1, "hooks": {"PreToolUse":[{"matcher":"*","hooks":[{"type":"command","command":"/usr/local/bin/sanctum hook --agent codex","timeout":10}]}]}}"#]]
        .assert_eq(&line(Agent::Codex).split(", \"PostToolUse\"").next().map(|head| format!("{head}}}}}")).unwrap());
    let gemini = line(Agent::Gemini);
    assert!(
        gemini.contains(r#""matcher":".*""#) && gemini.contains(r#""timeout":10000"#),
        "{gemini}"
    );
    let cursor = line(Agent::Cursor);
    assert_eq!(cursor.matches(r#""failClosed":true"#).count(), 6, "{cursor}");
    assert!(cursor.contains(r#""version": 1"#), "{cursor}");
}

#[test]
fn layout_and_neighbours_stay() {
    let text = "{\n\t\"a\": 1, // one\n\t\"hooks\": {\n\t\t\"PreToolUse\": [\n\t\t\t{ \"matcher\": \"Bash\", \"hooks\": [] } // mine\n\t\t]\n\t}\n}\n";
    let after = installed(Agent::Gemini, text);
    expect![[r#"
        {
        	"a": 1, // one
        	"hooks": {
        		"PreToolUse": [
        			{ "matcher": "Bash", "hooks": [] } // mine
        		],
        		"BeforeTool": [
        			{
        				"matcher": ".*",
        				"hooks": [
        					{
        						"name": "sanctum",
        						"type": "command",
        						"command": "/usr/local/bin/sanctum hook --agent gemini",
        						"timeout": 10000
        					}
        				]
        			}
        		],
        		"AfterTool": [
        			{
        				"matcher": ".*",
        				"hooks": [
        					{
        						"name": "sanctum",
        						"type": "command",
        						"command": "/usr/local/bin/sanctum hook --agent gemini",
        						"timeout": 10000
        					}
        				]
        			}
        		]
        	}
        }
    "#]]
    .assert_eq(&after);
}

#[test]
fn what_is_no_settings_is_refused_with_its_place() {
    for (text, want) in [
        ("{\"a\": }", "the settings are not JSON: expected a value at line 1, column 7"),
        ("{\n  \"a\": 1\n", "the settings are not JSON: unexpected end at line 3, column 1"),
        ("{\"hooks\":{},\n\"hooks\":{}}", "`hooks` at line 2, column 1 occurs a second time"),
        (
            "{\"hooks\":{\"Stop\":[],\"Stop\":[]}}",
            "`Stop` at line 1, column 21 occurs a second time",
        ),
        ("[]", "`the file` at line 1, column 1 is not an object"),
        ("{\"hooks\": []}", "`hooks` at line 1, column 11 is not an object"),
        ("{\"hooks\":\n {\"PreToolUse\": {}}}", "`PreToolUse` at line 2, column 17 is not a list"),
    ] {
        let error = install(Agent::Claude, Some(text), &program()).unwrap_err();
        assert_eq!(sanctum_types::chain(&error), want);
    }
    assert!(matches!(
        install(Agent::Plain, None, &program()),
        Err(SettingsError::NoSettings("plain"))
    ));
    let foreign = install(Agent::OpenCode, Some("export const Mine = 1\n"), &program());
    assert_eq!(foreign, Err(SettingsError::ForeignPlugin));
    assert_eq!(
        remove(Agent::OpenCode, "export const Mine = 1\n", None),
        Err(SettingsError::ForeignPlugin)
    );
}

#[test]
fn tampering_is_seen_and_mended() {
    let good = installed(Agent::Claude, "{\n  \"a\": 1\n}\n");
    for (from, to) in [
        ("\"onFailure\": \"block\"", "\"onFailure\": \"continue\""),
        ("\"timeout\": 10", "\"timeout\": 0"),
        ("\"matcher\": \"*\"", "\"matcher\": \"Nothing\""),
        ("/usr/local/bin/sanctum", "/tmp/sanctum"),
        ("\"type\": \"command\"", "\"if\": \"Bash(never)\", \"type\": \"command\""),
        ("\"type\": \"command\"", "\"async\": true, \"type\": \"command\""),
        ("\"PostToolUse\"", "\"PostToolUseFailure\""),
        ("\"--agent\"", "\"--help\""),
    ] {
        let bad = good.replacen(from, to, 1);
        assert_ne!(bad, good, "{from}");
        let seen = status(Agent::Claude, Some(&bad), &program()).unwrap();
        assert!(matches!(seen, Status::Tampered(_)), "{from} {seen:?}");
        let mended = installed(Agent::Claude, &bad);
        assert_eq!(mended.matches("\"command\": ").count(), 3, "nothing softened stays: {mended}");
        assert_eq!(
            status(Agent::Claude, Some(&mended), &program()),
            Ok(Status::Installed),
            "{mended}"
        );
    }
}

#[test]
fn cutting_takes_one_separator_and_leaves_remarks() {
    for (text, at, want) in [
        ("[1, 2, 3]", 1, "[1, 3]"),
        ("[1, 2]", 0, "[2]"),
        ("[1, 2]", 1, "[1]"),
        ("[ 1 ]", 0, "[]"),
        ("[1, 2,]", 1, "[1,]"),
        ("[1, /* a, b */ 2]", 1, "[1 /* a, b */ ]"),
        ("[1 /* a, b */, 2]", 0, "[ /* a, b */ 2]"),
        ("[/* a */ 1]", 0, "[/* a */ ]"),
        ("[1, // a, b\n2, 3]", 1, "[1, // a, b\n 3]"),
        ("{\"a\": 1, \"b\": 2}", 0, "{\"b\": 2}"),
    ] {
        let root = parse_settings(text).unwrap();
        let mut now = text.to_owned();
        cut(text, &root, at).unwrap().into_iter().for_each(|range| now.replace_range(range, ""));
        assert_eq!(now, want, "{text} {at}");
    }
}

#[test]
fn a_softened_copy_beside_the_whole_set_is_seen() {
    let copy = "{\"matcher\": \"*\", \"hooks\": [{\"type\": \"command\", \"command\": \"/tmp/sanctum\", \"args\": [\"hook\"]}]},";
    let good = installed(Agent::Claude, "{}");
    let bad = good.replacen("\"PreToolUse\": [", &format!("\"PreToolUse\": [{copy}"), 1);
    assert_eq!(
        status(Agent::Claude, Some(&bad), &program()),
        Ok(Status::Tampered(vec!["a hook for PreToolUse is not as it was installed".to_owned()]))
    );
}

#[test]
fn settings_that_skip_the_hooks_are_named() {
    for (agent, member, want) in [
        (Agent::Claude, "\"disableAllHooks\": true", "disableAllHooks"),
        (Agent::Claude, "\"allowManagedHooksOnly\": true", "allowManagedHooksOnly"),
        (Agent::Gemini, "\"hooksConfig\": {\"enabled\": false}", "hooksConfig.enabled"),
        (Agent::Gemini, "\"hooksConfig\": {\"disabled\": [\"sanctum\"]}", "hooksConfig.disabled"),
    ] {
        let text = installed(agent, &format!("{{{member}}}"));
        assert_eq!(
            status(agent, Some(&text), &program()),
            Ok(Status::Skipped(vec![want.to_owned()]))
        );
        assert_eq!(skipped_by(agent, &format!("{{{member}}}")), Ok(vec![want.to_owned()]));
    }
    assert_eq!(skipped_by(Agent::Claude, "{\"disableAllHooks\": false}"), Ok(Vec::new()));
    assert_eq!(codex_config_skips("[features]\nhooks = false\n"), ["features.hooks"]);
    assert_eq!(codex_config_skips("model = \"x\"\n[features]\nhooks = true\n"), [""; 0]);
}

#[test]
fn another_hook_in_our_group_stays() {
    let good = installed(Agent::Codex, "{}");
    let mine = "{\"type\": \"command\", \"command\": \"mine\"}, {\"type\": \"command\",";
    let shared = good.replacen("{\n            \"type\": \"command\",", mine, 1);
    assert_ne!(shared, good);
    let removed = remove(Agent::Codex, &shared, None).unwrap().text.unwrap();
    assert!(removed.contains("\"mine\"") && !removed.contains("sanctum"), "{removed}");
}

#[test]
fn a_program_with_odd_letters_is_quoted() {
    let odd = AbsPath::new("/Users/a b/it's/sanctum").unwrap();
    let text = install(Agent::Cursor, None, &odd).unwrap().text.unwrap();
    assert!(
        text.contains(r#""command": "'/Users/a b/it'\\''s/sanctum' hook --agent cursor""#),
        "{text}"
    );
    assert_eq!(status(Agent::Cursor, Some(&text), &odd), Ok(Status::Installed));
    let plugin = plugin(&AbsPath::new("/a\"b/sanctum").unwrap());
    assert!(plugin.contains(r#"const PROGRAM = "/a\"b/sanctum""#), "{plugin}");
}

#[test]
fn managed_files_have_paths_where_the_vendor_names_one() {
    let mut out = String::new();
    for agent in Agent::ALL {
        for os in [Os::Mac, Os::Linux] {
            let path = settings_path(agent, Scope::Managed, os).unwrap_or("-");
            out.push_str(&format!("{} {os:?}: {path}\n", agent.name()));
        }
    }
    expect![[r#"
        claude Mac: /Library/Application Support/ClaudeCode/managed-settings.json
        claude Linux: /etc/claude-code/managed-settings.json
        codex Mac: /etc/codex/hooks.json
        codex Linux: /etc/codex/hooks.json
        gemini Mac: /Library/Application Support/GeminiCli/settings.json
        gemini Linux: /etc/gemini-cli/settings.json
        cursor Mac: /Library/Application Support/Cursor/hooks.json
        cursor Linux: /etc/cursor/hooks.json
        opencode Mac: -
        opencode Linux: -
        plain Mac: -
        plain Linux: -
    "#]]
    .assert_eq(&out);
}

/// Settings with odd formatting: blanks, remarks and trailing commas anywhere they may stand.
#[expect(clippy::too_many_lines, reason = "a table, one case after the other")]
fn odd_settings() -> impl Strategy<Value = String> {
    let gap = prop_oneof![
        5 => Just(String::new()),
        3 => Just(" ".to_owned()),
        3 => Just("\n  ".to_owned()),
        1 => Just("\r\n\t".to_owned()),
        1 => Just(" /* a, b */ ".to_owned()),
        1 => Just(" // c, d }\n".to_owned()),
    ];
    let gaps = proptest::collection::vec(gap, 40);
    let leaf = prop_oneof![
        Just("1".to_owned()),
        Just("\"x, ]\"".to_owned()),
        Just("null".to_owned()),
        Just("[]".to_owned()),
        Just("{}".to_owned()),
    ];
    let group = prop_oneof![
        Just(r#"{"matcher":"Bash","hooks":[{"type":"command","command":"mine"}]}"#.to_owned()),
        Just(r#"{"command":"./audit.sh"}"#.to_owned()),
    ];
    let event = (
        proptest::sample::select(
            &["PreToolUse", "PostToolUse", "BeforeTool", "preToolUse", "Stop"][..],
        ),
        proptest::collection::vec(group, 0..3),
        any::<bool>(),
    );
    let hooks = proptest::collection::vec(event, 0..4);
    let members = proptest::collection::vec(("[a-z]{1,4}", leaf), 0..4);
    (members, proptest::option::of(hooks), gaps, 0..5_usize, any::<bool>()).prop_map(
        |(members, hooks, gaps, at, comma)| {
            let mut gaps = gaps.into_iter().cycle();
            let mut gap = || gaps.next().unwrap();
            let mut parts: Vec<String> = members
                .into_iter()
                .map(|(name, value)| {
                    format!("{}\"{name}\"{}:{}{value}{}", gap(), gap(), gap(), gap())
                })
                .collect();
            if let Some(hooks) = hooks {
                let mut seen = Vec::new();
                let events: Vec<String> = hooks
                    .into_iter()
                    .filter(|(name, ..)| {
                        !seen.contains(name) && {
                            seen.push(*name);
                            true
                        }
                    })
                    .map(|(name, groups, comma)| {
                        let groups: Vec<String> = groups
                            .into_iter()
                            .map(|group| format!("{}{group}{}", gap(), gap()))
                            .collect();
                        let end = if comma && !groups.is_empty() { "," } else { "" };
                        format!(
                            "{}\"{name}\"{}:[{}{end}{}]{}",
                            gap(),
                            gap(),
                            groups.join(","),
                            gap(),
                            gap()
                        )
                    })
                    .collect();
                let hooks =
                    format!("{}\"hooks\":{{{}{}}}{}", gap(), events.join(","), gap(), gap());
                parts.insert(at.min(parts.len()), hooks);
            }
            let end = if comma && !parts.is_empty() { "," } else { "" };
            format!("{}{{{}{end}{}}}{}", gap(), parts.join(","), gap(), gap())
        },
    )
}

proptest! {
    #[test]
    fn removing_what_was_installed_gives_the_same_bytes(text in odd_settings(), at in 0..4_usize) {
        let agent = JSON_AGENTS[at];
        let edited = install(agent, Some(&text), &program()).unwrap();
        let after = edited.text.unwrap();
        prop_assert_eq!(status(agent, Some(&after), &program()), Ok(Status::Installed), "{}", after);
        prop_assert_eq!(&installed(agent, &after), &after);
        prop_assert_eq!(remove(agent, &after, Some(&edited.undo)).unwrap().text, Some(text.clone()));
        let removed = remove(agent, &after, None).unwrap().text.unwrap();
        prop_assert_eq!(bare(&removed, agent), bare(&text, agent), "{}", removed);
        // Strictly written files stay strictly written.
        if super::super::json::parse(text.as_bytes()).is_ok() {
            prop_assert!(super::super::json::parse(after.as_bytes()).is_ok(), "{}", after);
            prop_assert!(super::super::json::parse(removed.as_bytes()).is_ok(), "{}", removed);
        }
    }

    #[test]
    fn nothing_is_lost_from_the_text(text in odd_settings(), at in 0..4_usize) {
        // Every byte of the old file is in the new one, in order: only something was put in.
        let after = install(JSON_AGENTS[at], Some(&text), &program()).unwrap().text.unwrap();
        let mut rest = after.bytes();
        prop_assert!(text.bytes().all(|byte| rest.any(|other| other == byte)));
    }

    #[test]
    fn any_text_is_edited_or_refused(text in r#"[\[\]{}:,"\\hoks/*\n -]{0,60}"#, at in 0..4_usize) {
        let _ = install(JSON_AGENTS[at], Some(&text), &program());
        let _ = remove(JSON_AGENTS[at], &text, None);
        let _ = status(JSON_AGENTS[at], Some(&text), &program());
    }
}
