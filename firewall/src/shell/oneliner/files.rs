//! Calls that read, write, delete or send.

use super::super::effect::{Effect, Reason};
use super::super::program;
use super::super::value::{Taint, Text, Value, shown, unknown};
use super::Language;
use super::calls::{Args, Reader, paths};
use super::lex::Token;
use super::value::Val;

impl Reader<'_, '_> {
    #[expect(clippy::too_many_lines, reason = "a table: one arm a family of calls")]
    pub(super) fn file_call(
        &mut self,
        name: &str,
        function: &str,
        args: &Args,
        receiver: Option<&Val>,
    ) -> Option<Val> {
        let first = args.first();
        match function {
            "rmtree"
            | "rm_rf"
            | "rm_r"
            | "remove_entry_secure"
            | "remove_dir"
            | "rmSync"
            | "rm"
            | "rmdirSync"
            | "rmdir"
            | "removeSync"
            | "remove_tree"
            | "remove_entry"
            | "rimraf"
            | "emptyDirSync"
            | "secure_remove"
            | "rmtree_safe"
            | "delete_tree" => {
                let tree = !matches!(function, "rmdir" | "rmdirSync")
                    || self.tokens.iter().any(|t| matches!(t, Token::Name(n) if n == "recursive"));
                let targets =
                    first.items.as_ref().map_or_else(|| vec![first.clone()], Clone::clone);
                for target in targets {
                    self.delete(&target, tree);
                }
            }
            "remove" | "unlink" | "unlinkSync" | "removedirs" | "delete" | "removeFile"
                if !matches!(name, "list.remove") =>
            {
                let target = if args.plain.is_empty() { receiver.cloned()? } else { first };
                if receiver.is_some_and(|r| r.items.is_some()) {
                    return None;
                }
                let targets =
                    target.items.as_ref().map_or_else(|| vec![target.clone()], Clone::clone);
                for target in targets {
                    self.delete(&target, false);
                }
            }
            // `Path("x").open("w")`
            "open" if receiver.is_some_and(|r| r.callee.is_none() && r.single().is_some()) => {
                let mut with_path = Args { plain: vec![receiver.cloned()?], named: Vec::new() };
                with_path.plain.extend(args.plain.iter().cloned());
                with_path.named.extend(args.named.iter().cloned());
                return Some(self.open(function, &with_path));
            }
            "open" | "openSync" | "fopen" | "createReadStream" | "createWriteStream"
            | "sysopen" | "copen" => return Some(self.open(function, args)),
            "readFileSync" | "readFile" | "readlines" | "file_get_contents" | "file"
            | "readfile" | "binread" | "slurp" | "readTextFile" | "readTextFileSync"
            | "foreach" | "readAsText" | "highlight_file" | "show_source" | "load_file"
            | "parse_file" | "read" => {
                let mut out = unknown();
                for path in paths(&first) {
                    out = self.read(&path);
                }
                return Some(Val::of(out));
            }
            "read_text" | "read_bytes" => {
                let target = receiver.cloned()?;
                let mut out = unknown();
                for path in paths(&target) {
                    out = self.read(&path);
                }
                return Some(Val::of(out));
            }
            _ => return self.written(function, args, receiver),
        }
        Some(Val::unknown())
    }

    /// Calls that write, copy or move.
    fn written(&mut self, function: &str, args: &Args, receiver: Option<&Val>) -> Option<Val> {
        let first = args.first();
        match function {
            "writeFileSync" | "writeFile" | "appendFileSync" | "appendFile"
            | "file_put_contents" | "writeTextFile" | "binwrite" | "write_text" | "write_bytes"
            | "truncate" | "truncateSync" => {
                let (target, content) = match receiver {
                    Some(receiver) if function.starts_with("write_") => (receiver.clone(), first),
                    _ => (first, args.nth(1).cloned().unwrap_or_else(Val::unknown)),
                };
                for path in paths(&target) {
                    self.w.write_file(
                        self.st,
                        &path,
                        content.text.clone(),
                        function.starts_with("append"),
                    );
                }
            }
            "copy" | "copyfile" | "copyFileSync" | "copyFile" | "cp" | "cpSync" | "copytree"
            | "copy2" | "move" | "rename" | "renameSync" | "mv" | "symlink" | "symlinkSync"
            | "link" => {
                let target = args.nth(1)?.clone();
                let mut content = unknown();
                for path in paths(&first) {
                    content = self.read(&path);
                }
                for path in paths(&target) {
                    self.w.write_file(self.st, &path, content.clone(), false);
                }
            }
            "make_archive" | "add" | "write" if function == "make_archive" => {
                let source = args.nth(2)?.clone();
                for path in paths(&source) {
                    self.read(&path);
                }
            }
            "urlretrieve" => {
                let target = args.nth(1)?.clone();
                for path in paths(&target) {
                    self.w.write_file(
                        self.st,
                        &path,
                        super::super::value::from(Taint::remote()),
                        false,
                    );
                }
            }
            "chdir" | "chdirSync" => {
                self.st.cwd =
                    first.single().map(|p| super::super::value::normal(p, self.st.cwd.as_deref()));
            }
            "kill" | "killpg" => {}
            _ => return None,
        }
        Some(Val::unknown())
    }

    fn delete(&mut self, target: &Val, tree: bool) {
        let paths = paths(target);
        if paths.iter().all(|p| p.s.chars().all(|c| c == super::super::value::HOLE)) && tree {
            self.w.underived(Reason::Target);
        }
        for path in paths {
            let full = self.st.full(&path);
            let place = super::super::tables::place(&full, self.w.cx);
            let text = shown(&full, self.w.cx.home);
            self.w.effect(Effect::Deletes { path: text, tree, place });
        }
    }

    fn open(&mut self, function: &str, args: &Args) -> Val {
        let first = args.first();
        // `open(F, "<", path)` and `open("| cmd")` of Perl and Ruby.
        let texts: Vec<&str> = args.plain.iter().filter_map(Val::single).collect();
        let piped = texts
            .iter()
            .find_map(|t| t.trim().strip_prefix('|').or_else(|| t.trim().strip_suffix('|')));
        if let Some(code) =
            piped.filter(|_| matches!(self.language, Language::Perl | Language::Ruby))
        {
            let command = args
                .plain
                .last()
                .filter(|l| args.plain.len() > 2 && !l.single().is_some_and(|s| s.contains('|')));
            let code = command.and_then(Val::single).unwrap_or(code).to_owned();
            return Val::of(self.w.script(&mut self.st.clone(), &Text::lit(&code), None));
        }
        let mode = args
            .nth(1)
            .and_then(Val::single)
            .or_else(|| args.named.iter().find(|(n, _)| n == "mode").and_then(|(_, v)| v.single()))
            .unwrap_or("")
            .to_owned();
        let writes = mode.contains(['w', 'a', 'x', '>']) || function == "createWriteStream";
        // `open(F, ".env")`: mode and path in one.
        let old = self.language == Language::Perl && args.plain.len() == 2;
        let writes = if old { mode.trim_start().starts_with('>') } else { writes };
        let target = if self.language == Language::Perl && args.plain.len() > 1 {
            args.plain.last().cloned().unwrap_or_else(Val::unknown)
        } else {
            first
        };
        let mut out = unknown();
        for path in paths(&target) {
            let path =
                Text { s: path.s.trim_start_matches(['<', '>', '+', ' ']).to_owned(), ..path };
            if writes {
                self.w.write_file(self.st, &path, unknown(), mode.contains('a'));
            } else {
                out = self.read(&path);
            }
        }
        Val::of(out)
    }

    pub(super) fn read(&mut self, path: &Text) -> Value {
        let path =
            Text { s: path.s.trim_start_matches("file://").to_owned(), taint: path.taint.clone() };
        self.w.read_file(self.st, &path)
    }

    #[expect(clippy::too_many_lines, reason = "a table: one arm a family of calls")]
    pub(super) fn net_call(&mut self, name: &str, function: &str, args: &Args) -> Option<Val> {
        let network = [
            "requests",
            "urllib",
            "http",
            "httpx",
            "aiohttp",
            "axios",
            "fetch",
            "Net::HTTP",
            "LWP",
            "socket",
            "got",
            "needle",
            "curl",
            "URI",
            "open-uri",
            "smtplib",
            "ftplib",
            "paramiko",
            "net.",
            "tls",
            "dns",
            "urlopen",
            "superagent",
            "RestClient",
            "HTTParty",
            "Faraday",
            "Guzzle",
            "WebSocket",
        ];
        let talks = network.iter().any(|n| name.contains(n))
            || matches!(
                function,
                "urlopen"
                    | "fetch"
                    | "sendall"
                    | "sendto"
                    | "sendmail"
                    | "curl_exec"
                    | "fsockopen"
                    | "post"
                    | "put"
                    | "stream_socket_client"
                    | "connect"
            );
        let first = args.first();
        // `get("https://…")` of LWP::Simple and its like.
        let fetches = matches!(
            function,
            "get" | "getprint" | "getstore" | "mirror" | "head" | "open" | "slurp" | "read"
        ) && first
            .text
            .iter()
            .any(|t| t.s.starts_with("http://") || t.s.starts_with("https://"));
        if !talks && !fetches {
            return None;
        }
        let url = first.text.first().map(Text::shown).unwrap_or_default();
        let host = program::network::host_of(&url);
        self.w.leaves(&args.taint(), if host.is_empty() { function } else { &host });
        let method = if function == "delete" { "DELETE" } else { "" };
        program::network::destroys(self.w, method, &url, &host);
        if matches!(
            function,
            "quote"
                | "urlencode"
                | "urlparse"
                | "urljoin"
                | "status"
                | "HTTPServer"
                | "createServer"
                | "listen"
                | "serve_forever"
        ) {
            return None;
        }
        Some(Val::tainted(Taint::remote()))
    }
}
