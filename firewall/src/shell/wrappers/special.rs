//! Wrappers with a grammar of their own: `env`, `xargs`, `parallel`, `su`, containers, terminals.

use super::super::effect::Effect;
use super::super::program::{files_to, known_file, options, part};
use super::super::value::{Taint, Text, Value, from, known, taint, unknown};
use super::super::walk::{Input, State, Walker};
use super::{joined, lost, quoted};
use crate::sensitive::Below;

/// Runs one; `None` when the name is none of these.
pub(super) fn run(
    w: &mut Walker<'_>,
    st: &mut State,
    name: &str,
    args: &[Text],
    input: &Input,
) -> Option<Value> {
    Some(match name {
        "env" | "genv" => env(w, st, args, input),
        "xargs" | "gxargs" => xargs(w, st, args, input),
        "parallel" | "rush" => parallel(w, st, args, input),
        "su" | "sg" | "newgrp" => su(w, st, args, input),
        "docker" | "podman" | "nerdctl" | "kubectl" | "oc" | "docker-compose" | "crictl"
        | "lxc" | "incus" => return container(w, st, name, args, input),
        "tmux" => return tmux(w, st, args),
        "screen" => {
            let typed = args.iter().skip_while(|a| a.s != "stuff").nth(1)?;
            let code = part(typed, super::super::expand::echo_escapes(&typed.s).0.as_str());
            w.script(&mut st.clone(), &code, None)
        }
        "osascript" => return osascript(w, st, args, input),
        "nix" if args.first().is_some_and(|a| a.s == "run") => {
            let at = args.iter().position(|a| a.s == "--")?;
            // The package's own program gets the words; where that is one that runs others, they are a command.
            let words = args
                .get(at + 1..)
                .filter(|words| words.first().is_some_and(|a| !a.s.starts_with('-')))?;
            w.run(&mut st.clone(), words, input.clone())
        }
        "concurrently" | "conc" => {
            const VALUED: &str = "-n -c -p -t -l -m --names --prefix-colors --prefix --timestamp-format --prefix-length --max-processes --success --kill-signal --restart-tries --restart-after --name-separator --hide";
            for code in options(args, VALUED).operands {
                w.script(&mut st.clone(), code, None);
            }
            unknown()
        }
        "just" => return text_option(w, st, args, &["--command", "-c"]),
        "nodemon" => {
            let at = args.iter().position(|a| matches!(a.s.as_str(), "--exec" | "-x"))?;
            w.script(&mut st.clone(), &joined(args.get(at + 1..).unwrap_or(&[])), None)
        }
        "nix-shell" | "nix" | "guix" => {
            return text_option(w, st, args, &["--run", "--command", "-c"]);
        }
        "sqlite3" | "vim" | "vi" | "nvim" | "ex" | "emacs" | "expect" | "tclsh" | "gdb"
        | "lldb" | "m4" | "gnuplot" | "octave" | "maxima" | "ed" => {
            return escapes(w, st, name, args, input);
        }
        "start-stop-daemon" => {
            return text_option(w, st, args, &["--exec", "--startas", "-x", "-a"]);
        }
        _ => return None,
    })
}

fn env(w: &mut Walker<'_>, st: &mut State, args: &[Text], input: &Input) -> Value {
    let mut inner = st.clone();
    let mut rest = args.iter();
    let mut argv: Vec<Text> = Vec::new();
    while let Some(arg) = rest.next() {
        let s = arg.s.as_str();
        match s {
            "-u" | "--unset" => {
                rest.next();
            }
            "-C" | "--chdir" => {
                inner.cwd = rest
                    .next()
                    .and_then(|d| d.known())
                    .map(|d| super::super::value::normal(d, inner.cwd.as_deref()));
            }
            "--" => {
                argv.extend(rest.cloned());
                break;
            }
            _ if split_text(s).is_some() => {
                let text = split_text(s).unwrap_or_default();
                let mut words = vec![];
                if text.is_empty() {
                    words.extend(rest.next().cloned());
                } else {
                    words.push(part(arg, text));
                }
                words.extend(rest.cloned());
                let code = joined(&words);
                // `\_` is a space that does not split, which no command needs.
                let code = part(&code, &code.s.replace("\\_", " "));
                return w.script(&mut inner, &code, input.clone());
            }
            _ if s.starts_with('-') => {}
            _ => match s.split_once('=') {
                Some((name, value)) if argv.is_empty() && !name.is_empty() => {
                    let value = vec![Text { s: value.to_owned(), taint: arg.taint.clone() }];
                    w.environment_runs(&inner, name, &value);
                    inner.set(name, value);
                }
                _ => {
                    argv.push(arg.clone());
                    argv.extend(rest.cloned());
                    break;
                }
            },
        }
    }
    if argv.is_empty() {
        return w.whole_environment();
    }
    inner.functions.clear();
    inner.aliases.clear();
    let out = w.deeper(unknown(), |w| w.run(&mut inner, &argv, input.clone()));
    st.files = inner.files;
    out
}

/// The text behind `-S`, also at the end of a bundle (`-iS`); empty where it is the next word.
fn split_text(option: &str) -> Option<&str> {
    if let Some(long) = option.strip_prefix("--split-string") {
        return long.strip_prefix('=').or_else(|| long.is_empty().then_some(""));
    }
    let letters = option.strip_prefix('-').filter(|l| !l.starts_with('-'))?;
    let (flags, text) = letters.split_once('S')?;
    flags.chars().all(|c| matches!(c, 'i' | 'v' | '0')).then_some(text)
}

/// Words of a text as `xargs` splits them.
fn items(text: &Text) -> Option<Vec<Text>> {
    let known = text.known()?;
    let split =
        |s: &str| Text { s: s.trim_matches(['"', '\'']).to_owned(), taint: text.taint.clone() };
    Some(
        known
            .split(|c: char| c.is_whitespace() || c == '\0')
            .filter(|s| !s.is_empty())
            .map(split)
            .collect(),
    )
}

fn xargs(w: &mut Walker<'_>, st: &mut State, args: &[Text], input: &Input) -> Value {
    const VALUED: &str = "-a -d -E -I -L -n -P -s --arg-file --delimiter --max-lines --max-args --max-procs --max-chars --replace -J -R -S";
    let mut at = 0;
    let mut replace: Option<String> = None;
    let mut flow = input.clone();
    while let Some(arg) = args.get(at).filter(|a| a.s.starts_with('-')) {
        let s = arg.s.as_str();
        let value = args.get(at + 1);
        match s {
            "-I" | "-J" => replace = value.map(|v| v.s.clone()),
            "-i" | "--replace" => replace = Some("{}".to_owned()),
            _ if s.starts_with("-I") => replace = s.get(2..).map(str::to_owned),
            "-a" | "--arg-file" => flow = value.map(|v| w.read_file(st, v)),
            _ => {
                let glued = s.strip_prefix("--arg-file=").or_else(|| s.strip_prefix("-a"));
                if let Some(file) = glued {
                    flow = Some(w.read_file(st, &part(arg, file)));
                } else if let Some(mark) = s.strip_prefix("--replace=") {
                    replace = Some(mark.to_owned());
                }
            }
        }
        let takes = VALUED.split(' ').any(|v| v == s) && s != "--replace";
        at += if takes { 2 } else { 1 };
        if s == "--" {
            break;
        }
    }
    let command = args.get(at..).unwrap_or(&[]);
    let command: Vec<Text> =
        if command.is_empty() { vec![Text::lit("echo")] } else { command.to_vec() };
    let flow = flow.unwrap_or_else(unknown);
    let mut out = known("");
    for text in &flow {
        let words = match replace {
            Some(_) => text.known().map(|k| {
                k.lines()
                    .map(|l| Text { s: l.trim().to_owned(), taint: text.taint.clone() })
                    .collect()
            }),
            None => items(text),
        };
        let lists: Vec<Vec<Text>> = match (&replace, words) {
            // Names of files are what usually flows here; a hole stands for them.
            (Some(mark), None) => vec![replaced(&command, mark, &filename_hole(text))],
            (None, None) => vec![[command.clone(), vec![filename_hole(text)]].concat()],
            (Some(mark), Some(words)) => {
                words.iter().take(32).map(|word| replaced(&command, mark, word)).collect()
            }
            (None, Some(words)) => vec![[command.clone(), words].concat()],
        };
        for list in lists {
            out = w.deeper(unknown(), |w| w.run(&mut st.clone(), &list, None));
        }
    }
    out
}

/// What comes from afar or out of a decoder is still that when it is an argument.
fn filename_hole(text: &Text) -> Text {
    if text.has_pattern() || text.s.contains('/') && !text.s.contains('\n') {
        return text.clone();
    }
    Text::tainted(Taint { environment: false, foreign: true, ..text.taint.clone() })
}

fn replaced(command: &[Text], mark: &str, word: &Text) -> Vec<Text> {
    command
        .iter()
        .map(|part| {
            if mark.is_empty() || !part.s.contains(mark) {
                return part.clone();
            }
            let mut all = part.taint.clone();
            all.add(&word.taint);
            Text { s: part.s.replace(mark, &word.s), taint: all }
        })
        .collect()
}

/// `parallel command ::: items`; without a command each line of the input is one.
fn parallel(w: &mut Walker<'_>, st: &mut State, args: &[Text], input: &Input) -> Value {
    const VALUED: &str = "-j -N -n -I -a -S --jobs --sshlogin --colsep --delay --timeout --joblog --results --tmpdir --max-args --arg-file --retries --load --memfree --workdir --tag-string";
    let split = args.iter().position(|a| matches!(a.s.as_str(), ":::" | ":::+" | "::::"));
    let (head, tail) = args.split_at_checked(split.unwrap_or(args.len())).unwrap_or((args, &[]));
    let mut at = 0;
    while let Some(arg) = head.get(at).filter(|a| a.s.starts_with('-')) {
        at += if VALUED.split(' ').any(|v| v == arg.s) { 2 } else { 1 };
    }
    let command = head.get(at..).unwrap_or(&[]);
    for file in options(head.get(..at).unwrap_or_default(), VALUED).values(&["-a", "--arg-file"]) {
        w.read_file(st, file);
    }
    if split.and_then(|at| args.get(at)).is_some_and(|mark| mark.s == "::::") {
        for file in tail.iter().skip(1) {
            w.read_file(st, file);
        }
    }
    let from_input: Vec<Text> = match (split, input) {
        (None, Some(flow)) => flow
            .iter()
            .flat_map(|t| match t.known() {
                Some(k) => k
                    .lines()
                    .map(|l| Text { s: l.to_owned(), taint: t.taint.clone() })
                    .collect::<Vec<_>>(),
                None => vec![t.clone()],
            })
            .collect(),
        _ => tail.iter().filter(|a| !a.s.starts_with(":::")).cloned().collect(),
    };
    let mut out = unknown();
    for item in from_input.iter().take(32) {
        let code = if command.is_empty() {
            item.clone()
        } else {
            let text = joined(command);
            let marks = ["{}", "{.}", "{/}", "{//}", "{/.}", "{1}"];
            if marks.iter().any(|m| text.s.contains(m)) {
                let mut s = text.s.clone();
                for mark in marks {
                    s = s.replace(mark, &item.s);
                }
                let mut taint = text.taint.clone();
                taint.add(&item.taint);
                Text { s, taint }
            } else {
                joined(&[text, item.clone()])
            }
        };
        if command.is_empty() && item.known().is_none() {
            w.hidden(&item.taint);
            out = lost(w);
            continue;
        }
        out = w.script(&mut st.clone(), &code, None);
    }
    if from_input.is_empty() && !command.is_empty() {
        out = w.script(&mut st.clone(), &joined(command), None);
    }
    out
}

/// `su -c text`, `su user -c text`; without it, a shell that reads the input.
fn su(w: &mut Walker<'_>, st: &State, args: &[Text], input: &Input) -> Value {
    let parsed = options(args, "-c -s -g -G -w --command --shell --group");
    let code = parsed.value("-c").or_else(|| parsed.value("--command")).cloned();
    let code = code.or_else(|| parsed.operands.get(1).map(|t| (*t).clone()));
    let mut inner = st.clone();
    inner.functions.clear();
    match (code, input) {
        (Some(code), _) => w.script(&mut inner, &code, input.clone()),
        (None, Some(flow)) => w.script_all(&mut inner, flow),
        (None, None) => unknown(),
    }
}

const CONTAINER: &str = "
-v -e -p -u -w -h -l -m -a -c -n -f -i= --volume --env --env-file --publish --user --workdir --hostname --label --memory --name --network --net --entrypoint --mount
--device --cpus --platform --pull --restart --add-host --dns --cap-add --cap-drop --security-opt --shm-size --tmpfs --ulimit --gpus --ipc --pid --userns --cgroupns
--log-driver --log-opt --link --volumes-from --namespace --context --kubeconfig --container --cluster --image --overrides --limits --requests --file --project-name --index
--gpu --runtime --stop-signal --stop-timeout --health-cmd --annotation --group-add --ip --mac-address --cidfile --detach-keys --host --log-level --config
";

/// Options with which a container can do what root of the machine can.
const RIGHTS: [&str; 6] = [
    "--privileged",
    "--privileged=true",
    "--pid=host",
    "--cap-add=ALL",
    "--cap-add=SYS_ADMIN",
    "--cap-add=all",
];

fn container(
    w: &mut Walker<'_>,
    st: &mut State,
    name: &str,
    args: &[Text],
    input: &Input,
) -> Option<Value> {
    if let Some(at) = args.iter().take(3).position(|a| a.s == "cp") {
        // Into the container what is named goes.
        let operands =
            options(args.get(at + 1..).unwrap_or_default(), "-c -n --container").operands;
        files_to(w, st, operands.split_last().map_or(&[], |(_, sources)| sources));
        return Some(unknown());
    }
    let verb_at =
        args.iter().position(|a| matches!(a.s.as_str(), "run" | "exec" | "debug" | "create"))?;
    // `docker compose exec`, `docker container run`: only the client's own words stand before.
    let before = args.get(..verb_at)?;
    if before.iter().any(|a| {
        !a.s.starts_with('-')
            && !matches!(a.s.as_str(), "compose" | "container")
            && !a.s.contains(['/', '=', '.', '-'])
            && before.first() == Some(a)
    }) {
        return None;
    }
    let rest = args.get(verb_at + 1..).unwrap_or(&[]);
    let dashes = rest.iter().position(|a| a.s == "--");
    for arg in rest {
        mounts(w, st, arg);
        if RIGHTS.contains(&arg.s.as_str()) {
            let what = format!("Gives a container the rights of the machine ({})", arg.s);
            w.effect(Effect::Touches { what });
        }
    }
    let mut entry = None;
    let mut at = 0;
    while let Some(arg) = rest.get(at).filter(|a| a.s.starts_with('-') && a.s != "--") {
        let s = arg.s.as_str();
        if s == "--entrypoint" {
            entry = rest.get(at + 1).cloned();
        } else if let Some(value) = s.strip_prefix("--entrypoint=") {
            entry = Some(Text { s: value.to_owned(), taint: arg.taint.clone() });
        }
        at += if CONTAINER.split_ascii_whitespace().any(|v| v == s) { 2 } else { 1 };
    }
    let inner = match dashes {
        Some(dashes) if matches!(name, "kubectl" | "oc" | "lxc" | "incus") => {
            rest.get(dashes + 1..).unwrap_or(&[])
        }
        // The image, pod or service comes first.
        _ => rest.get(at + 1..).unwrap_or(&[]),
    };
    let mut argv: Vec<Text> =
        entry.into_iter().chain(inner.iter().filter(|a| a.s != "--").cloned()).collect();
    if argv.is_empty() {
        return Some(unknown());
    }
    if matches!(name, "kubectl" | "oc")
        && dashes.is_none()
        && argv.first().is_some_and(|a| a.s.starts_with('-'))
    {
        argv.retain(|a| !a.s.starts_with('-'));
    }
    let mut inside = st.clone();
    inside.functions.clear();
    inside.aliases.clear();
    inside.cwd = None;
    Some(w.deeper(unknown(), |w| w.run(&mut inside, &argv, input.clone())))
}

/// `-v ~/.ssh:/x` shows a secret to the container.
fn mounts(w: &mut Walker<'_>, st: &State, arg: &Text) {
    let source = arg
        .s
        .split(',')
        .find_map(|p| p.strip_prefix("source=").or_else(|| p.strip_prefix("src=")))
        .unwrap_or_else(|| {
            let glued = arg
                .s
                .strip_prefix("-v")
                .or_else(|| arg.s.strip_prefix("--volume="))
                .unwrap_or(&arg.s);
            if glued.contains(":/") { glued.split(':').next().unwrap_or("") } else { "" }
        });
    if source.starts_with(['/', '~']) {
        let full = st.full(&Text { s: source.to_owned(), taint: Taint::default() });
        if ["docker.sock", "podman.sock", "containerd.sock"].iter().any(|s| full.ends_with(s)) {
            let what = format!("Gives a container the rights of the machine ({full})");
            w.effect(Effect::Touches { what });
        }
        if super::super::tables::secrecy(&full, w.cx.home)
            == super::super::effect::Secrecy::Credential
        {
            w.reads(&full);
        } else if super::super::tables::below(&full, w.cx.home) > Below::Nothing {
            let shown = super::super::value::shown(&full, w.cx.home);
            let what = format!("Shows a directory that holds credentials to a container: {shown}");
            w.effect(Effect::Touches { what });
        }
    }
}

fn tmux(w: &mut Walker<'_>, st: &State, args: &[Text]) -> Option<Value> {
    let verb = args.iter().find(|a| !a.s.starts_with('-'))?;
    let at = args.iter().position(|a| std::ptr::eq(a, verb))?;
    let rest = args.get(at + 1..).unwrap_or(&[]);
    if matches!(verb.s.as_str(), "send-keys" | "send") {
        let keys: Vec<Text> = options(rest, "-t -N")
            .operands
            .iter()
            .filter(|k| !matches!(k.s.as_str(), "Enter" | "C-m"))
            .map(|k| (*k).clone())
            .collect();
        return Some(w.script(&mut st.clone(), &joined(&keys), None));
    }
    if !matches!(
        verb.s.as_str(),
        "new"
            | "new-session"
            | "new-window"
            | "neww"
            | "split-window"
            | "splitw"
            | "respawn-pane"
            | "run-shell"
            | "run"
            | "if-shell"
            | "popup"
            | "display-popup"
            | "pipe-pane"
    ) {
        return Some(unknown());
    }
    let operands = options(rest, "-s -n -t -c -x -y -F -e -l -p")
        .operands
        .iter()
        .map(|k| (*k).clone())
        .collect::<Vec<_>>();
    let code = if operands.len() > 1 && verb.s != "if-shell" {
        quoted(&operands)
    } else {
        joined(&operands)
    };
    Some(w.script(&mut st.clone(), &code, None))
}

/// AppleScript: `do shell script "..."`.
fn osascript(w: &mut Walker<'_>, st: &State, args: &[Text], input: &Input) -> Option<Value> {
    let parsed = options(args, "-e -l -s");
    let mut any = false;
    for code in parsed.values(&["-e"]).chain(input.iter().flatten()) {
        w.hidden(&code.taint);
        if code.s.contains("administrator privileges") {
            let what = "Asks for the rights of an administrator".to_owned();
            w.effect(Effect::Touches { what });
        }
        let mut rest = code.s.as_str();
        while let Some((_, after)) = rest.split_once("do shell script") {
            any = true;
            rest = after;
            let quoted = after.trim_start().strip_prefix('"').and_then(|t| t.split('"').next());
            match quoted {
                Some(text) => {
                    w.script(
                        &mut st.clone(),
                        &Text { s: text.to_owned(), taint: code.taint.clone() },
                        None,
                    );
                }
                None => w.underived(super::super::effect::Reason::Code),
            }
        }
    }
    any.then(unknown)
}

/// A text behind one of these options.
fn text_option(w: &mut Walker<'_>, st: &State, args: &[Text], names: &[&str]) -> Option<Value> {
    let at = args.iter().position(|a| names.contains(&a.s.as_str()))?;
    let rest = args.get(at + 1..)?;
    let command = rest.first()?;
    if rest.len() > 1 && names.contains(&"-x") {
        let words: Vec<Text> = std::iter::once(command)
            .chain(rest.iter().skip_while(|a| a.s != "--").skip(1))
            .cloned()
            .collect();
        return Some(w.run(&mut st.clone(), &words, None));
    }
    if rest.len() > 1 {
        return Some(w.run(&mut st.clone(), rest, None));
    }
    Some(w.script(&mut st.clone(), command, None))
}

/// Programs with a way out to a shell: `:!cmd`, `.shell cmd`, `exec cmd`.
fn escapes(
    w: &mut Walker<'_>,
    st: &State,
    name: &str,
    args: &[Text],
    input: &Input,
) -> Option<Value> {
    let mut found = false;
    for text in args.iter().chain(input.iter().flatten()) {
        // `:e ~/.ssh/id_rsa`, `[open /etc/shadow]`, `include(path)`: any word that is a path.
        for word in text.s.split(|c: char| c.is_whitespace() || "()[]{}\"'`;,".contains(c)) {
            if word.starts_with(['/', '~'])
                && word.len() > 1
                && !word.contains(super::super::value::HOLE)
            {
                let path = word
                    .strip_prefix('~')
                    .map_or_else(|| word.to_owned(), |r| format!("{}{r}", w.cx.home));
                known_file(w, st, &part(text, &path));
            }
        }
        let marks: &[&str] = match name {
            "sqlite3" => &[".shell ", ".system "],
            "m4" => &["syscmd(", "esyscmd("],
            "gnuplot" | "octave" | "maxima" => &["system(", "shell ", "!"],
            "expect" | "tclsh" => &["exec ", "spawn ", "system "],
            "gdb" | "lldb" => &["shell ", "!"],
            "emacs" => &["(shell-command \""],
            _ => &[":!", "+!", "!", "system('", ":r !", ":w !"],
        };
        for line in text.s.lines() {
            if let Some(code) = marks.iter().find_map(|m| {
                line.trim().trim_start_matches('+').strip_prefix(m.trim_start_matches('+'))
            }) {
                found = true;
                let code = code.trim_start_matches(['"', '\'']).trim_end_matches(['"', '\'', ')']);
                w.script(
                    &mut st.clone(),
                    &Text { s: code.to_owned(), taint: text.taint.clone() },
                    None,
                );
            }
        }
    }
    (found && taint(input.as_deref().unwrap_or(&[])).secret.is_none())
        .then(|| from(Taint::default()))
        .filter(|_| name == "expect")
}
