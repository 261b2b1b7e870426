//! Programs that delete, overwrite, move and copy files.

use super::super::effect::{Effect, Place, Reason, Secrecy};
use super::super::tables;
use super::super::value::{HOLE, Taint, Text, Value, base, from, known, shown, taint, unknown};
use super::super::walk::{Input, State, Walker};
use super::{Parsed, contents, known_file, options, part};

/// Runs one; `None` when the name is none of these.
pub(super) fn run(
    w: &mut Walker<'_>,
    st: &mut State,
    name: &str,
    args: &[Text],
    input: &Input,
) -> Option<Value> {
    match name {
        "rm" | "grm" | "rimraf" | "trash" | "del" | "srm" => remove(w, st, name, args),
        "rmdir" | "unlink" => {
            for path in &options(args, "").operands {
                delete(w, st, path, false);
            }
        }
        "shred" | "wipe" | "scrub" => {
            for path in &options(args, "-n -s --iterations --size --random-source").operands {
                delete(w, st, path, true);
            }
        }
        "truncate" => {
            for path in &options(args, "-s -r --size --reference").operands {
                overwrite(w, st, path);
            }
        }
        "dd" => return Some(dd(w, st, args, input)),
        "chmod" | "chown" | "chgrp" | "setfacl" => modes(w, st, name, args),
        "touch" | "mkdir" | "mkfifo" | "mknod" => {
            let parsed = options(args, "-m -d -r -t --mode --date --reference");
            for path in &parsed.operands {
                let full = st.full(path);
                w.writes(&full);
                if matches!(name, "mkfifo" | "mknod") {
                    w.pipes.entry(full).or_default();
                }
            }
        }
        "cp" | "gcp" | "install" | "ginstall" | "ditto" | "ln" | "gln" | "link" => {
            copy(w, st, name, args);
        }
        "mv" | "gmv" | "rename" => rename(w, st, args),
        "mount" if mounts_a_tree(args) => {
            for source in options(args, "-o -t -O --options --types").operands.iter().take(1) {
                gathered(w, st, &[source]);
            }
        }
        "tar" | "gtar" | "bsdtar" => return Some(tar(w, st, args, input)),
        "zip" | "7z" | "7za" | "rar" | "ar" | "cpio" | "pax" | "zstd" | "gzip" | "bzip2" | "xz"
        | "pigz" => return Some(archive(w, st, name, args, input)),
        "unzip" | "7zr" => {
            let parsed = options(args, "-d -x -P");
            if let Some(file) = parsed.operands.first() {
                let from_afar = st.files.get(&st.full(file)).map(|c| taint(c));
                return Some(from(from_afar.unwrap_or_default()));
            }
        }
        _ => return None,
    }
    Some(known(""))
}

/// `mount --bind` gives a directory a second name.
fn mounts_a_tree(args: &[Text]) -> bool {
    args.iter().any(|a| matches!(a.s.as_str(), "--bind" | "--rbind" | "-B" | "-R" | "-obind"))
        || args.iter().any(|a| a.s.split(',').any(|o| matches!(o, "bind" | "rbind")))
}

fn remove(w: &mut Walker<'_>, st: &mut State, name: &str, args: &[Text]) {
    let parsed = options(args, "");
    if parsed.has(&["--help", "--version"]) {
        return;
    }
    let tree = parsed.has(&["-r", "-R", "--recursive", "-d"])
        || parsed.options.iter().any(|(n, _)| n.starts_with("--rec"))
        || name == "rimraf";
    if tree && name != "rimraf" && parsed.operands.is_empty() {
        // What it will be given is not in sight.
        w.underived(Reason::Target);
    }
    if parsed.has(&["--no-preserve-root"]) {
        w.effect(Effect::Destroys { what: "Switches the protection of / off".to_owned() });
    }
    for path in &parsed.operands {
        delete(w, st, path, tree);
    }
}

/// The effect of deleting a path.
pub(super) fn delete(w: &mut Walker<'_>, st: &mut State, path: &Text, tree: bool) {
    if path.s.is_empty() {
        return;
    }
    let full = st.full(path);
    if !w.looks_up(&full) {
        return;
    }
    let place = tables::place(&full, w.cx);
    let text = shown(&full, w.cx.home);
    if tables::secrecy(&full, w.cx.home) == Secrecy::Credential
        && !tables::could_be(&full, "**/*env*", w.cx.home)
        && place != Place::Temporary
    {
        w.effect(Effect::Destroys { what: format!("Deletes a credential: {text}") });
    }
    st.files.remove(&full);
    w.effect(Effect::Deletes { path: text, tree, place });
}

/// The effect of emptying or overwriting a path.
fn overwrite(w: &mut Walker<'_>, st: &mut State, path: &Text) {
    let full = st.full(path);
    w.writes(&full);
    st.files.remove(&full);
    let place = tables::place(&full, w.cx);
    if matches!(place, Place::System | Place::Device) {
        w.effect(Effect::Deletes { path: shown(&full, w.cx.home), tree: false, place });
    }
}

fn dd(w: &mut Walker<'_>, st: &mut State, args: &[Text], input: &Input) -> Value {
    let value = |key: &str| args.iter().find_map(|a| a.s.strip_prefix(key).map(|v| part(a, v)));
    let content = match value("if=") {
        Some(path) => w.read_file(st, &path),
        None => input.clone().unwrap_or_else(unknown),
    };
    match value("of=") {
        Some(path) => {
            w.write_file(st, &path, content, false);
            known("")
        }
        None => content,
    }
}

#[expect(clippy::too_many_lines, reason = "one option after another, each once")]
fn modes(w: &mut Walker<'_>, st: &mut State, name: &str, args: &[Text]) {
    let lists = name == "setfacl";
    let parsed = options(args, if lists { "-m -x -M -X" } else { "--reference --from" });
    let recursive = parsed.has(&["-R", "--recursive"]);
    let mut targets = parsed.operands.clone();
    // `chmod -x file`: a mode that takes away stands where options do.
    let takes_away = name == "chmod"
        && args.iter().any(|a| {
            a.s.strip_prefix('-').is_some_and(|m| {
                !m.is_empty() && m.chars().all(|c| matches!(c, 'r' | 'w' | 'x' | 'X' | 's' | 't'))
            })
        });
    let mode = if lists || takes_away || parsed.has(&["--reference"]) || targets.is_empty() {
        None
    } else {
        Some(targets.remove(0).clone())
    };
    for path in targets {
        let full = st.full(path);
        let place = tables::place(&full, w.cx);
        let text = shown(&full, w.cx.home);
        match place {
            Place::SystemRoot | Place::Home if recursive => {
                w.effect(Effect::Destroys {
                    what: format!("Changes the mode or owner of everything in {text}"),
                });
            }
            Place::SystemRoot | Place::Home
                if name == "chmod"
                    && mode.as_ref().is_some_and(|m| opens(&m.s) && !sticky(&m.s)) =>
            {
                w.effect(Effect::Destroys { what: format!("Lets everybody write in {text}") });
            }
            Place::ProjectRoot if recursive => {
                let what = format!("Changes the mode or owner of the whole project: {text}");
                // A plain `chmod -R u+w .` is mended by another; none at all is not.
                let locks = name == "chmod"
                    && mode.as_ref().is_some_and(|m| {
                        matches!(
                            m.s.as_str(),
                            "000" | "0" | "0000" | "a-rwx" | "a=" | "777" | "0777"
                        )
                    });
                w.effect(if locks { Effect::Destroys { what } } else { Effect::Touches { what } });
            }
            Place::Protected(what)
                if mode.as_ref().is_some_and(|m| opens(&m.s))
                    || what.contains("agent")
                    || what.contains("sanctum") =>
            {
                w.writes(&full);
            }
            Place::Protected(what) if !what.starts_with("what") => w.effect(Effect::Touches {
                what: format!("Changes the mode or owner of what decides {what}: {text}"),
            }),
            Place::History if recursive => w.writes(&full),
            _ => {}
        }
        if name == "chmod"
            && mode.as_ref().is_some_and(|m| weak(&m.s))
            && !matches!(place, Place::Temporary)
        {
            if tables::secrecy(&full, w.cx.home) == Secrecy::Credential {
                w.effect(Effect::Disables {
                    what: format!("Lets everybody at a credential: {text}"),
                });
            } else if setuid(mode.as_ref()) {
                w.effect(Effect::Touches {
                    what: format!("Lets a program run with its owner's rights: {text}"),
                });
            }
        } else if name == "chmod" && setuid(mode.as_ref()) {
            w.effect(Effect::Touches {
                what: format!("Lets a program run with its owner's rights: {text}"),
            });
        }
    }
}

/// Writable by everybody.
fn opens(mode: &str) -> bool {
    let octal = mode.len() >= 3 && mode.chars().all(|c| c.is_digit(8));
    let last = mode.chars().last().unwrap_or('0');
    if octal {
        matches!(last, '2' | '3' | '6' | '7')
    } else {
        mode.split(',').any(|m| m.starts_with(['o', 'a']) && m.contains('+') && m.contains('w'))
    }
}

/// Everybody may write, and nobody may delete what is another's: as directories for temporary files are.
fn sticky(mode: &str) -> bool {
    mode.len() == 4 && mode.starts_with('1')
}

/// Readable or writable by everybody.
fn weak(mode: &str) -> bool {
    let octal = mode.len() >= 3 && mode.chars().all(|c| c.is_digit(8));
    if octal {
        return mode.chars().last().is_some_and(|c| c >= '4');
    }
    mode.split(',').any(|m| {
        (m.starts_with(['o', 'a']) || m.starts_with("ugo"))
            && m.contains(['+', '='])
            && m.contains(['r', 'w'])
    })
}

fn setuid(mode: Option<&Text>) -> bool {
    mode.is_some_and(|m| {
        (m.s.len() == 4 && m.s.chars().all(|c| c.is_digit(8)) && m.s.starts_with(['4', '6', '7']))
            || m.s
                .split(',')
                .any(|p| p.starts_with(['u', 'a', '+']) && p.contains('+') && p.contains('s'))
    })
}

fn copy(w: &mut Walker<'_>, st: &mut State, name: &str, args: &[Text]) {
    let parsed = options(args, "-t -m -o -g -S --target-directory --mode --owner --group --suffix");
    if parsed.has(&["-d", "--directory"]) && name == "install" {
        for path in &parsed.operands {
            let full = st.full(path);
            w.writes(&full);
        }
        return;
    }
    let links = name.ends_with("ln") || name == "link";
    pairs(w, st, &parsed, |w, st, source, target| {
        let content = if links {
            // A link to a secret is another name for it.
            let full = st.full(source);
            if source.s.starts_with('/') && tables::secrecy(&full, w.cx.home) == Secrecy::Credential
            {
                w.reads(&full);
            }
            st.files.get(&full).cloned().unwrap_or_else(unknown)
        } else {
            w.read_file(st, source)
        };
        w.write_file(st, target, content, false);
    });
}

/// Each source with the path it gets.
fn pairs(
    w: &mut Walker<'_>,
    st: &mut State,
    parsed: &Parsed<'_>,
    mut f: impl FnMut(&mut Walker<'_>, &mut State, &Text, &Text),
) {
    let mut sources = parsed.operands.clone();
    let into = parsed.value("-t").or_else(|| parsed.value("--target-directory")).cloned();
    let (directory, target) = match into {
        Some(directory) => (true, directory),
        None => match sources.pop() {
            Some(last) if !sources.is_empty() => {
                (sources.len() > 1 || last.s.ends_with(['/', '.']), last.clone())
            }
            Some(only) => {
                sources.push(only);
                (true, Text::lit("."))
            }
            None => return,
        },
    };
    for source in sources {
        let mut path = target.clone();
        let directory_by_name = directory || known_directory(&st.full(&target), w.cx.home);
        if directory_by_name {
            path.push(&Text::lit("/"));
            path.push(&part(source, base(&source.s)));
        }
        f(w, st, source, &path);
    }
}

/// Directories that every machine has.
fn known_directory(path: &str, home: &str) -> bool {
    path == home
        || matches!(
            path,
            "/" | "/tmp"
                | "/var/tmp"
                | "/etc"
                | "/usr/bin"
                | "/usr/local/bin"
                | "/bin"
                | "/etc/cron.d"
                | "/etc/profile.d"
                | "/etc/sudoers.d"
        )
        || path.ends_with("/.ssh")
        || path.ends_with("/.aws")
        || path.ends_with("/LaunchAgents")
        || path.ends_with("/.git/hooks")
}

fn rename(w: &mut Walker<'_>, st: &mut State, args: &[Text]) {
    let parsed = options(args, "-t -S --target-directory --suffix");
    pairs(w, st, &parsed, |w, st, source, target| {
        let full = st.full(source);
        let content = st.files.remove(&full);
        let place = tables::place(&full, w.cx);
        match place {
            Place::SystemRoot
            | Place::Home
            | Place::History
            | Place::Protected(_)
            | Place::System => {
                let tree = matches!(place, Place::SystemRoot | Place::Home);
                w.effect(Effect::Deletes { path: shown(&full, w.cx.home), tree, place });
            }
            // A directory goes with what is protected in it.
            _ => {
                let homed = crate::sensitive::homed(&full, w.cx.home);
                if let Some((grade, what)) = crate::sensitive::written_below(&homed) {
                    let what = format!("Moves away {what}: {}", shown(&full, w.cx.home));
                    w.effect(match grade {
                        crate::sensitive::Grade::Deny => Effect::Destroys { what },
                        crate::sensitive::Grade::Ask => Effect::Touches { what },
                    });
                }
            }
        }
        let secrecy = tables::secrecy(&full, w.cx.home);
        if secrecy == Secrecy::Credential {
            let goal = st.full(target);
            let stays = tables::secrecy(&goal, w.cx.home) == Secrecy::Credential;
            if !stays {
                w.reads(&full);
            }
        }
        w.write_file(st, target, content.unwrap_or_else(unknown), false);
    });
}

#[expect(clippy::too_many_lines, reason = "one option after another, each once")]
fn tar(w: &mut Walker<'_>, st: &mut State, args: &[Text], input: &Input) -> Value {
    let valued = "-f -C -T -X -I --file --directory --files-from --exclude --exclude-from --use-compress-program --to-command --checkpoint-action --transform --strip-components -b -H --format --owner --group --mode --rsh-command --info-script -F";
    let bundled: Vec<Text>;
    let args = match args.split_first() {
        // `tar xzf file`: the first word without a dash holds the letters.
        Some((first, rest)) if !first.s.starts_with('-') && !first.s.contains(['/', '.']) => {
            bundled = std::iter::once(part(first, &format!("-{}", first.s)))
                .chain(rest.iter().cloned())
                .collect();
            &bundled
        }
        _ => args,
    };
    let parsed = options(args, valued);
    for code in parsed.values(&[
        "--to-command",
        "-I",
        "--use-compress-program",
        "--rsh-command",
        "--info-script",
        "-F",
    ]) {
        w.script(&mut st.clone(), code, None);
    }
    for action in parsed.values(&["--checkpoint-action"]) {
        if let Some(code) = action.s.strip_prefix("exec=") {
            w.script(&mut st.clone(), &part(action, code), None);
        }
    }
    let mut listed = Taint::default();
    for list in parsed.values(&["-T", "--files-from", "-X", "--exclude-from"]) {
        let names = contents(w, st, &[list], input);
        listed.add(&named_in(w, st, &names));
    }
    let file = parsed.value("-f").or_else(|| parsed.value("--file")).cloned();
    if parsed.has(&["-c", "-r", "-u", "--create", "--append", "--update"]) {
        let mut inner = st.clone();
        if let Some(directory) = parsed.value("-C").or_else(|| parsed.value("--directory")) {
            inner.cwd = Some(st.full(directory));
        }
        let mut packed = gathered(w, &inner, &parsed.operands);
        packed.add(&listed);
        if parsed.has(&["--remove-files"]) {
            for path in &parsed.operands {
                delete(w, st, path, true);
            }
        }
        return match file {
            Some(path) if path.s != "-" => {
                w.write_file(st, &path, from(packed), false);
                known("")
            }
            _ => from(packed),
        };
    }
    let carried = match &file {
        Some(path) if path.s != "-" => {
            st.files.get(&st.full(path)).map(|c| taint(c)).unwrap_or_default()
        }
        _ => input.as_deref().map(taint).unwrap_or_default(),
    };
    let to_stdout = parsed.has(&["-O", "--to-stdout"]);
    if parsed.has(&["-x", "--extract", "--get"]) {
        if let Some(directory) = parsed.value("-C").or_else(|| parsed.value("--directory")) {
            let full = st.full(directory);
            w.writes(&full);
        }
        if to_stdout {
            return from(Taint { decoded: true, ..carried });
        }
    }
    from(carried)
}

/// The secrets in what is packed: files by name, directories by what they are known to hold.
pub(super) fn gathered(w: &mut Walker<'_>, st: &State, operands: &[&Text]) -> Taint {
    let mut all = Taint::default();
    for path in operands {
        let full = st.full(path);
        if let Some(content) = st.files.get(&full) {
            all.add(&taint(content));
        }
        if let Some(secret) = w.reads(&full) {
            all.add(&secret);
            continue;
        }
        for name in w.cx.view.names(&full).unwrap_or_default() {
            if tables::secrecy(&format!("{full}/{name}"), w.cx.home) > Secrecy::Open {
                all.add(&Taint::secret(&shown(&format!("{full}/{name}"), w.cx.home)));
            }
        }
        all.add(&path.taint);
    }
    all
}

/// The secrets in the files that a list names, one a line.
pub(super) fn named_in(w: &mut Walker<'_>, st: &State, list: &[Text]) -> Taint {
    let mut all = Taint::default();
    for text in list {
        for line in text.s.split(['\n', '\0']).filter(|l| !l.is_empty()) {
            all.add(&known_file(w, st, &part(text, line)).unwrap_or_default());
        }
        all.add(&text.taint);
    }
    all
}

fn archive(w: &mut Walker<'_>, st: &mut State, name: &str, args: &[Text], input: &Input) -> Value {
    let parsed = options(args, "-P -o -x -i -b -n -p");
    let mut operands = parsed.operands.clone();
    let compresses = matches!(name, "gzip" | "bzip2" | "xz" | "zstd" | "pigz");
    if compresses {
        let packed = gathered(w, st, &operands);
        return from(packed);
    }
    if name.starts_with('7') && !operands.is_empty() {
        operands.remove(0);
    }
    let target = if operands.is_empty() { None } else { Some(operands.remove(0).clone()) };
    let mut packed = gathered(w, st, &operands);
    if matches!(name, "cpio" | "pax") || parsed.has(&["-@"]) {
        packed.add(&named_in(w, st, input.as_deref().unwrap_or_default()));
    }
    if name == "zip" && parsed.has(&["-m", "--move"]) {
        for path in &operands {
            delete(w, st, path, true);
        }
    }
    if name == "zip"
        && parsed.has(&["-T"])
        && parsed.options.iter().any(|(n, _)| n == "-TT" || n == "--unzip-command")
    {
        w.underived(Reason::Code);
    }
    match target {
        Some(path) if path.s != "-" && !path.s.contains(HOLE) => {
            w.write_file(st, &path, from(packed), false);
            known("")
        }
        _ => from(packed),
    }
}
