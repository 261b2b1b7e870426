//! What the tools of all agents do, by their names and arguments.
//!
//! One table of names for all agents: a name means the same wherever it occurs. A tool that the table does not know is
//! a tool of an MCP server where the agent names those freely, else one whose arguments are looked at like theirs. A tool that is known and lacks
//! the argument that matters is refused, never let through.

use super::json::Json;
use super::patch;
use super::request::{Agent, Change, FileChange, Shell, Tool};

/// Why a request was refused before it was judged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// The input is no JSON.
    #[error("the hook input cannot be read")]
    Json(#[from] super::json::JsonError),
    /// The input is no object.
    #[error("the hook input is not an object")]
    NotAnObject,
    /// A member that must be there is not, or is of another type.
    #[error("`{member}` of the hook input is missing or is not {wanted}")]
    Member {
        /// Its name.
        member: &'static str,
        /// The type that it must have.
        wanted: &'static str,
    },
    /// A tool lacks the argument that says what it does.
    #[error("tool `{tool}` came without its `{member}`")]
    Argument {
        /// The tool.
        tool: String,
        /// The argument.
        member: &'static str,
    },
    /// The event is not one that this agent is known to have.
    #[error("unknown event `{0}`")]
    Event(String),
    /// An argument came under two of its names and says two things, of which the tool may take either.
    #[error("tool `{tool}` came with two values for its `{member}`")]
    Ambiguous {
        /// The tool.
        tool: String,
        /// The argument.
        member: &'static str,
    },
    /// The text of a patch is not one.
    #[error("the patch cannot be read")]
    Patch(#[from] patch::PatchError),
}

/// What a tool of this name does with its arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Command,
    PowerShell,
    Monitor,
    Write,
    Edit,
    MultiEdit,
    Notebook,
    Delete,
    Patch,
    Read,
    ReadMany,
    Search,
    Glob,
    Fetch,
    McpResource,
    Typed,
    Repl,
    Quiet,
}

/// Names in lower case: of Claude Code (its sdk-tools types), Codex, Gemini CLI (its tools reference), Cursor and OpenCode.
const KINDS: &[(&str, Kind)] = &[
    ("agent", Kind::Quiet),
    ("apply_patch", Kind::Patch),
    ("applypatch", Kind::Patch),
    ("askuserquestion", Kind::Quiet),
    ("bash", Kind::Command),
    ("bashoutput", Kind::Quiet),
    ("create", Kind::Write),
    ("delete", Kind::Delete),
    ("edit", Kind::Edit),
    ("edit_file", Kind::Edit),
    ("enterplanmode", Kind::Quiet),
    ("exec_command", Kind::Command),
    ("exitplanmode", Kind::Quiet),
    ("fetch", Kind::Fetch),
    ("glob", Kind::Glob),
    ("google_web_search", Kind::Fetch),
    ("grep", Kind::Search),
    ("grep_search", Kind::Search),
    ("killshell", Kind::Quiet),
    ("list", Kind::Search),
    ("list_directory", Kind::Search),
    ("local_shell", Kind::Command),
    ("ls", Kind::Search),
    ("monitor", Kind::Monitor),
    ("multiedit", Kind::MultiEdit),
    ("notebookedit", Kind::Notebook),
    ("notebookread", Kind::Read),
    ("patch", Kind::Patch),
    ("powershell", Kind::PowerShell),
    ("read", Kind::Read),
    ("read_file", Kind::Read),
    ("read_many_files", Kind::ReadMany),
    ("read_mcp_resource", Kind::McpResource),
    ("readmcpresource", Kind::McpResource),
    ("readmcpresourcedir", Kind::McpResource),
    ("readmcpresourcedirtool", Kind::McpResource),
    ("readmcpresourcetool", Kind::McpResource),
    ("repl", Kind::Repl),
    ("replace", Kind::Edit),
    ("run_shell_command", Kind::Command),
    ("search_file_content", Kind::Search),
    ("shell", Kind::Command),
    ("skill", Kind::Quiet),
    ("strreplace", Kind::Edit),
    ("tabwrite", Kind::Write),
    ("task", Kind::Quiet),
    ("todoread", Kind::Quiet),
    ("todowrite", Kind::Quiet),
    ("view", Kind::Read),
    ("view_image", Kind::Read),
    ("web_fetch", Kind::Fetch),
    ("webfetch", Kind::Fetch),
    ("websearch", Kind::Fetch),
    ("write", Kind::Write),
    ("write_file", Kind::Write),
    ("write_stdin", Kind::Typed),
];

/// Names of the argument that holds a path, most telling first.
const PATHS: &[&str] = &[
    "file_path",
    "filePath",
    "notebook_path",
    "absolute_path",
    "target_file",
    "dir_path",
    "directory",
    "path",
];
/// Names of the argument that holds a whole content.
const CONTENTS: &[&str] = &["content", "contents", "new_source", "file_text", "code"];
const OLD: &[&str] = &["old_string", "oldString", "old_str"];
const NEW: &[&str] = &["new_string", "newString", "new_str"];
/// Names of the argument that narrows a search to names of files.
const GLOBS: &[&str] = &["glob", "glob_pattern", "include", "include_pattern"];

/// What the tool does.
pub(crate) fn of_call(agent: Agent, name: &str, input: &Json) -> Result<Tool, RequestError> {
    if let Some(tool) = mcp_name(agent, name) {
        return Ok(tool);
    }
    let lower = name.to_ascii_lowercase();
    let Some((_, kind)) = KINDS.iter().find(|(each, _)| *each == lower) else {
        return Ok(unknown(agent, name));
    };
    let call = Arguments { tool: name, input };
    match kind {
        Kind::Command => call.command(Shell::Posix),
        Kind::PowerShell => call.command(Shell::PowerShell),
        Kind::Monitor if input.get("command").is_some() => call.command(Shell::Posix),
        Kind::Monitor => Ok(Tool::Fetch {
            target: input
                .get("ws")
                .and_then(|ws| ws.get("url"))
                .and_then(Json::text)
                .unwrap_or_default()
                .to_owned(),
        }),
        Kind::Write => call.whole(),
        Kind::Notebook => call.notebook(),
        Kind::Edit => call.edit(),
        Kind::MultiEdit => call.multi_edit(),
        Kind::Delete => call.delete(),
        Kind::Patch => call.patch(),
        Kind::Read => Ok(Tool::Read {
            paths: vec![call.need(PATHS, "file_path")?],
            content: call.text(&["content"]).map(str::to_owned),
        }),
        Kind::ReadMany => call.many(),
        Kind::Search => Ok(call.search(&[])),
        Kind::Glob => Ok(call.search(&["pattern"])),
        Kind::Fetch => call.fetch(),
        Kind::McpResource => Ok(Tool::Mcp {
            server: call.text(&["server"]).unwrap_or_default().to_owned(),
            tool: "resource".to_owned(),
        }),
        Kind::Typed => Ok(call.typed()),
        // What it runs is JavaScript, which the reader of commands reads where node is told to.
        Kind::Repl => {
            let code = call.need(&["code"], "code")?.replace('\'', r"'\''");
            Ok(Tool::Command { text: format!("node -e '{code}'"), shell: Shell::Posix })
        }
        Kind::Quiet => Ok(Tool::Other),
    }
}

/// `mcp__server__tool` of Claude Code and Codex, `mcp_server_tool` of Gemini CLI, `MCP:tool` of Cursor.
fn mcp_name(agent: Agent, name: &str) -> Option<Tool> {
    let of =
        |server: &str, tool: &str| Tool::Mcp { server: server.to_owned(), tool: tool.to_owned() };
    if let Some(rest) = name.strip_prefix("mcp__") {
        let (server, tool) = rest.split_once("__").unwrap_or((rest, ""));
        return Some(of(server, tool));
    }
    match agent {
        Agent::Gemini => {
            let rest = name.strip_prefix("mcp_")?;
            let (server, tool) = rest.split_once('_').unwrap_or((rest, ""));
            Some(of(server, tool))
        }
        Agent::Cursor => name.strip_prefix("MCP:").map(|tool| of("", tool.trim_start())),
        Agent::Claude | Agent::Codex | Agent::OpenCode | Agent::Plain => None,
    }
}

/// OpenCode calls tools of MCP servers `server_tool`, so that nothing but the table tells them from its own.
fn unknown(agent: Agent, name: &str) -> Tool {
    if agent != Agent::OpenCode {
        return Tool::Unknown;
    }
    let (server, tool) = name.split_once('_').unwrap_or(("", name));
    Tool::Mcp { server: server.to_owned(), tool: tool.to_owned() }
}

struct Arguments<'a> {
    tool: &'a str,
    input: &'a Json,
}

impl<'a> Arguments<'a> {
    fn text(&self, names: &[&str]) -> Option<&'a str> {
        names.iter().find_map(|name| self.input.get(name)).and_then(Json::text)
    }

    fn need(&self, names: &[&str], member: &'static str) -> Result<String, RequestError> {
        let missing = || RequestError::Argument { tool: self.tool.to_owned(), member };
        self.agreed(names, member)?;
        self.text(names).map(str::to_owned).ok_or_else(missing)
    }

    /// An address and what is asked of it may both be there.
    fn fetch(&self) -> Result<Tool, RequestError> {
        let missing = || RequestError::Argument { tool: self.tool.to_owned(), member: "url" };
        let target = self.text(&["url", "query", "prompt"]).ok_or_else(missing)?;
        Ok(Tool::Fetch { target: target.to_owned() })
    }

    /// Which of its names a tool reads is not known here, so all that are there must say the same.
    fn agreed(&self, names: &[&str], member: &'static str) -> Result<(), RequestError> {
        let mut all =
            names.iter().filter_map(|name| self.input.get(name)).filter(|v| **v != Json::Null);
        let first = all.next();
        if all.all(|value| Some(value) == first) {
            return Ok(());
        }
        Err(RequestError::Ambiguous { tool: self.tool.to_owned(), member })
    }

    /// A command is a text, or a list of words that Codex joins the same way.
    fn command(&self, shell: Shell) -> Result<Tool, RequestError> {
        let missing = || RequestError::Argument { tool: self.tool.to_owned(), member: "command" };
        self.agreed(&["command", "cmd"], "command")?;
        let text = match self.input.get("command").or_else(|| self.input.get("cmd")) {
            Some(Json::Text(text)) => text.clone(),
            Some(Json::List(words)) => {
                let words: Option<Vec<&str>> = words.iter().map(Json::text).collect();
                join(&words.ok_or_else(missing)?)
            }
            _ => return Err(missing()),
        };
        // Codex sends a patch as the command of a shell that is called so.
        if shell == Shell::Posix && patch::looks_like_one(&text) {
            return Ok(Tool::Write(patch::parse(&text)?));
        }
        Ok(Tool::Command { text, shell })
    }

    /// What is typed into a program that runs already, which may be a shell. Keys that only end or move something are no text.
    fn typed(&self) -> Tool {
        let keys = self.text(&["chars", "input", "text"]).unwrap_or_default().replace('\r', "\n");
        let text: String =
            keys.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect();
        if text.trim().is_empty() {
            return Tool::Other;
        }
        Tool::Command { text, shell: Shell::Posix }
    }

    fn change(&self, how: Change) -> Result<FileChange, RequestError> {
        let path = self.need(PATHS, "file_path")?;
        Ok(FileChange { path, how, added: Vec::new(), removed: Vec::new() })
    }

    fn whole(&self) -> Result<Tool, RequestError> {
        let mut change = self.change(Change::Whole)?;
        change.added.push(self.need(CONTENTS, "content")?);
        Ok(Tool::Write(vec![change]))
    }

    fn notebook(&self) -> Result<Tool, RequestError> {
        let mut change = self.change(Change::Edit)?;
        change.added.extend(self.text(CONTENTS).map(str::to_owned));
        Ok(Tool::Write(vec![change]))
    }

    fn delete(&self) -> Result<Tool, RequestError> {
        Ok(Tool::Write(vec![self.change(Change::Delete)?]))
    }

    /// Cursor's and OpenCode's edits may come as a list, as Claude Code's old MultiEdit does.
    fn edit(&self) -> Result<Tool, RequestError> {
        if self.input.get("edits").is_some() {
            return self.multi_edit();
        }
        let mut change = self.change(Change::Edit)?;
        change.removed.extend(self.text(OLD).map(str::to_owned));
        self.agreed(NEW, "new_string")?;
        // An edit whose text cannot be found is not known, so nothing can be said of what it brings.
        let new = self.text(NEW).or_else(|| self.text(CONTENTS));
        let missing =
            || RequestError::Argument { tool: self.tool.to_owned(), member: "new_string" };
        change.added.push(new.ok_or_else(missing)?.to_owned());
        Ok(Tool::Write(vec![change]))
    }

    fn multi_edit(&self) -> Result<Tool, RequestError> {
        let mut change = self.change(Change::Edit)?;
        let missing = || RequestError::Argument { tool: self.tool.to_owned(), member: "edits" };
        let Some(Json::List(edits)) = self.input.get("edits") else { return Err(missing()) };
        for edit in edits {
            let each = Arguments { tool: self.tool, input: edit };
            change.removed.extend(each.text(OLD).map(str::to_owned));
            change.added.push(each.text(NEW).ok_or_else(missing)?.to_owned());
        }
        Ok(Tool::Write(vec![change]))
    }

    fn patch(&self) -> Result<Tool, RequestError> {
        let text = match self.input {
            Json::Text(text) => text.clone(),
            _ => self.need(&["command", "input", "patch", "patchText", "patch_text"], "command")?,
        };
        Ok(Tool::Write(patch::parse(&text)?))
    }

    fn many(&self) -> Result<Tool, RequestError> {
        let names = ["include", "paths", "file_paths"];
        let missing = || RequestError::Argument { tool: self.tool.to_owned(), member: "include" };
        let paths = match names.iter().find_map(|name| self.input.get(name)) {
            Some(Json::Text(one)) => vec![one.clone()],
            Some(Json::List(items)) => {
                let all: Option<Vec<&str>> = items.iter().map(Json::text).collect();
                all.ok_or_else(missing)?.into_iter().map(str::to_owned).collect()
            }
            _ => return Err(missing()),
        };
        Ok(Tool::Read { paths, content: None })
    }

    fn search(&self, patterns: &[&str]) -> Tool {
        let all = |names: &[&str]| {
            names
                .iter()
                .filter_map(|name| self.input.get(name))
                .filter_map(Json::text)
                .map(str::to_owned)
                .collect()
        };
        let mut globs: Vec<String> = all(GLOBS);
        globs.extend::<Vec<String>>(all(patterns));
        Tool::Search { roots: all(PATHS), globs }
    }
}

/// Words as one line of a shell.
fn join(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| quote_word(word)).collect();
    // A shell that is given its text with -c is that text.
    match words {
        [shell, flag, text]
            if matches!(shell.rsplit('/').next(), Some("bash" | "sh" | "zsh"))
                && matches!(*flag, "-c" | "-lc") =>
        {
            (*text).to_owned()
        }
        _ => quoted.join(" "),
    }
}

fn quote_word(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./=:,@%+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests;
