//! One request, judged: its command by the reader of commands, its content by the rules of content, its paths by both tables and
//! where their links lead.
//!
//! The worst of all counts. Deliberately absent: which paths and words are dangerous.

use super::crates::Crates;
use super::packages::{Answers, Desk};
use super::rules::Rules;
use super::view::{self, Machine};
use crate::commands::hooks::dummies::Dummies;
use crate::commands::{Context, hooks};
use sanctum_firewall::agents::Decision as AgentDecision;
use sanctum_firewall::agents::content::{self, CargoPolicy, Policy, paths_in};
use sanctum_firewall::agents::json::Json;
use sanctum_firewall::agents::paths::Place;
use sanctum_firewall::agents::{Agent, Change, Event, FileChange, Judgement, Request, Shell, Tool};
use sanctum_firewall::shell::{self, Decision, Effect, Report, View as _};
use std::cell::Cell;

/// Who judges.
pub(super) struct Judge<'a> {
    context: &'a Context,
    rules: &'a Rules,
    home: String,
    here: String,
    machine: Machine,
    sensitive: Vec<String>,
    protected: Vec<String>,
    dummies: Dummies,
    answers: Answers,
    before: Cell<bool>,
}

impl<'a> Judge<'a> {
    pub(super) fn new(context: &'a Context, rules: &'a Rules, here: String) -> Self {
        let home = context.around.home().and_then(|home| home.to_str());
        // Without a home nothing is below it, and every other home is known by its form.
        let home = view::plain(home.unwrap_or("/nonexistent"));
        let machine = Machine::new(&home);
        let listed = |key: &str| rules.config.texts(key).to_vec();
        let (sensitive, protected) =
            (listed("ai_firewall.sensitive_paths"), listed("ai_firewall.protected_paths"));
        let (dummies, answers, before) = Default::default();
        Self { context, rules, home, here, machine, sensitive, protected, dummies, answers, before }
    }

    /// What is thought of a request.
    pub(super) fn request(&self, request: &Request) -> Judgement {
        if request.event == Event::SettingsChanged {
            return self.settings(request);
        }
        self.before.set(matches!(request.event, Event::Before | Event::Permission));
        let cwd = view::plain(request.cwd.as_deref().unwrap_or(&self.here));
        let place = Place {
            home: self.home.clone(),
            cwd: cwd.clone(),
            ignore_case: cfg!(target_os = "macos"),
        };
        let crates = Crates::new(&self.machine, &self.home);
        let command = |text: &str, at: Option<&str>| self.command(text, at.unwrap_or(&cwd));
        let policy = Policy {
            place,
            mcp: self.rules.config.mcp(),
            docker: self.rules.config.docker(),
            redact: self.rules.config.flag("ai_firewall.redact_credentials"),
            cargo: CargoPolicy {
                warned: self.rules.config.flag("sentinel.cargo.warn_build_scripts"),
                spared: self.rules.config.texts("sentinel.cargo.allowlist").to_vec(),
                has_script: &|krate| crates.has_script(krate),
            },
            command: &command,
            is_dummy: &|text| self.dummies.holds(self.context, text),
        };
        let mut judgement = content::judge(request, &policy);
        if request.event == Event::Before {
            judgement = judgement.worse(self.paths(request, &cwd));
            if let Some(led) = self.led(request, &cwd) {
                judgement = judgement.worse(content::judge(&led, &policy));
                judgement = judgement.worse(self.paths(&led, &cwd));
            }
        }
        if self.machine.spent() {
            judgement = judgement.worse(Judgement::ask("Names more paths than are looked at"));
        }
        self.offered(request, &cwd, judgement)
    }

    /// An install that would run code of packages, with the option that keeps it from that. What is offered is judged like what came,
    /// and is never worse.
    fn offered(&self, request: &Request, cwd: &str, judgement: Judgement) -> Judgement {
        let Tool::Command { text, shell: Shell::Posix } = &request.tool else { return judgement };
        let names_a_client = ["npm", "yarn", "pip"].iter().any(|name| text.contains(name));
        // Others would run it at once, without a person who saw it; of some of them that skips the person's own rules.
        let shown = matches!(request.agent, Agent::Claude | Agent::Plain);
        if request.event != Event::Before
            || !shown
            || judgement.decision >= AgentDecision::Defer
            || !names_a_client
            || request.input.get("command").and_then(Json::text) != Some(text.as_str())
        {
            return judgement;
        }
        let offer = self.in_place(cwd, |context| {
            let safer = self.desk().safer(&shell::read(text, context))?;
            Some((shell::with_option(text, context, safer.option)?, safer))
        });
        let Some((new, safer)) = offer else { return judgement };
        let judged = self.command(&new, cwd);
        if judged.decision > judgement.decision {
            return judgement;
        }
        let mut input = request.input.clone();
        input.set("command", Json::Text(new));
        if request.agent == Agent::Plain {
            return Judgement { updated_input: Some(input), ..judgement };
        }
        let (option, so_that) = (safer.option.join(" "), safer.so_that);
        let note = format!("`{option}` was added to the install, so that {so_that}");
        let reason = match judgement.reason.as_str() {
            "" => note.clone(),
            reason => format!("{reason}; {note}"),
        };
        let context = judged.context.map_or(format!("{note}."), |rest| format!("{note}.\n{rest}"));
        Judgement { reason, updated_input: Some(input), context: Some(context), ..judgement }
    }

    fn desk(&self) -> Desk<'_> {
        let (home, view) = (self.home.as_str(), &self.machine);
        Desk { rules: self.rules, home, view, answers: &self.answers }
    }

    fn in_place<T>(&self, cwd: &str, f: impl FnOnce(&shell::Context<'_>) -> T) -> T {
        let cwd = view::plain(cwd);
        let project = view::project(&cwd);
        f(&shell::Context { home: &self.home, cwd: &cwd, project: &project, view: &self.machine })
    }

    /// A setting that lets the hooks go is told of when it happens.
    fn settings(&self, request: &Request) -> Judgement {
        let cwd = view::plain(request.cwd.as_deref().unwrap_or(&self.here));
        match hooks::broken(self.context, request.agent, &view::project(&cwd)) {
            Some(why) => Judgement::deny(format!("The hooks of sanctum no longer stand: {why}")),
            None => Judgement::allow(),
        }
    }

    fn command(&self, text: &str, cwd: &str) -> Judgement {
        self.with(cwd, |context| shell::read(text, context))
    }

    fn with(&self, cwd: &str, read: impl Fn(&shell::Context<'_>) -> Report) -> Judgement {
        let report = self.in_place(cwd, read);
        let policy = shell::Policy {
            sensitive: self.sensitive.clone(),
            home: self.home.clone(),
            ..shell::Policy::default()
        };
        let judged = shell::judge(&report, &policy);
        let judged = match judged.decision {
            Decision::Allow => Judgement::allow(),
            Decision::Ask => Judgement::ask(judged.reason),
            Decision::Deny => Judgement::deny(judged.reason),
        };
        let judged = judged.worse(self.protected(&report));
        let runs = report.effects.iter().filter_map(|effect| match effect {
            Effect::Runs { program, words } => Some((program.as_str(), words.as_slice())),
            _ => None,
        });
        let judged = judged.worse(content::judge_images(runs, &self.rules.config.docker()));
        // What has run already is not looked up: nobody can take it back.
        if self.before.get() { judged.worse(self.desk().judged(&report)) } else { judged }
    }

    fn protected(&self, report: &Report) -> Judgement {
        let changed = report.effects.iter().find_map(|effect| match effect {
            Effect::Writes { path, .. } | Effect::Deletes { path, .. } => {
                let fits = |p: &String| shell::path_fits(path, p, &self.home);
                self.protected.iter().any(fits).then_some(path)
            }
            _ => None,
        });
        changed.map_or_else(Judgement::allow, |path| {
            Judgement::deny(format!("Changes a path of `ai_firewall.protected_paths`: {path}"))
        })
    }

    /// The paths of a tool that is no shell, by the tables of commands.
    fn paths(&self, request: &Request, cwd: &str) -> Judgement {
        let mut judgement = Judgement::allow();
        match &request.tool {
            Tool::Read { paths, .. } => {
                for path in paths {
                    let path = self.absolute(path, cwd);
                    judgement = judgement.worse(self.with(cwd, |cx| shell::reading(&path, cx)));
                }
            }
            Tool::Write(changes) => {
                for change in changes {
                    let path = self.absolute(&change.path, cwd);
                    judgement = judgement.worse(self.with(cwd, |cx| shell::writing(&path, cx)));
                }
            }
            // What looks for text reads what it looks through, as `grep -r` would; what lists names does not.
            Tool::Search { roots, .. } if request.tool_name.to_lowercase().contains("grep") => {
                for root in roots {
                    let root = self.absolute(root, cwd).replace('\'', r"'\''");
                    judgement = judgement.worse(self.command(&format!("grep -r x '{root}'"), cwd));
                }
            }
            Tool::Command { .. }
            | Tool::Search { .. }
            | Tool::Fetch { .. }
            | Tool::Mcp { .. }
            | Tool::Unknown
            | Tool::Other => {}
        }
        judgement
    }

    /// The same request about what its paths lead to; none where no path is or passes a link.
    fn led(&self, request: &Request, cwd: &str) -> Option<Request> {
        let follow = |path: &str| self.machine.link(&self.absolute(path, cwd));
        let all = |paths: &[String]| paths.iter().filter_map(|path| follow(path)).collect();
        let tool = match &request.tool {
            Tool::Read { paths, .. } => Tool::Read { paths: all(paths), content: None },
            Tool::Search { roots, globs } => {
                Tool::Search { roots: all(roots), globs: globs.clone() }
            }
            Tool::Write(changes) => Tool::Write(
                changes
                    .iter()
                    .filter_map(|change| {
                        let path = follow(&change.path)?;
                        let how =
                            if change.how == Change::Whole { Change::Edit } else { change.how };
                        Some(FileChange { path, how, added: Vec::new(), removed: Vec::new() })
                    })
                    .collect(),
            ),
            Tool::Mcp { .. } | Tool::Unknown => {
                Tool::Read { paths: all(&paths_in(&request.input)?), content: None }
            }
            Tool::Command { .. } | Tool::Fetch { .. } | Tool::Other => return None,
        };
        let empty = match &tool {
            Tool::Read { paths, .. } => paths.is_empty(),
            Tool::Search { roots, .. } => roots.is_empty(),
            Tool::Write(changes) => changes.is_empty(),
            _ => true,
        };
        (!empty).then(|| Request { tool, ..request.clone() })
    }

    fn absolute(&self, path: &str, cwd: &str) -> String {
        let path = path.trim().strip_prefix("file://").unwrap_or(path.trim());
        let home = ["~", "$HOME", "${HOME}"].iter().find_map(|home| {
            path.strip_prefix(home).filter(|rest| rest.is_empty() || rest.starts_with('/'))
        });
        match home {
            Some(rest) => format!("{}{rest}", self.home),
            None if path.starts_with('/') => path.to_owned(),
            None => format!("{cwd}/{path}"),
        }
    }
}
