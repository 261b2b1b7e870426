//! Files that go to another machine or to somebody's storage.

use super::super::{Parsed, files, known_file, options, part, paths_in};
use crate::shell::effect::Effect;
use crate::shell::tables;
use crate::shell::value::{Taint, Text, Value, from, taint, unknown};
use crate::shell::walk::{Input, State, Walker};

/// `scp`, `rsync`, `sftp`: from here to there, or from there to here.
pub(super) fn transfer(
    w: &mut Walker<'_>,
    st: &mut State,
    name: &str,
    args: &[Text],
    input: &Input,
) -> Value {
    let p = options(
        args,
        "-i -P -p -o -F -c -S -J -l -e -f -b -B -T -M --rsh --rsync-path --exclude --include --filter --files-from --exclude-from --port --bwlimit --password-file --log-file --out-format --chmod --chown --backup-dir --link-dest --compare-dest --copy-dest --temp-dir --partial-dir --max-size --min-size --timeout",
    );
    commands(w, st, name, &p);
    for batch in p.values(&["-b", "--files-from", "--password-file"]) {
        known_file(w, st, batch);
    }
    for list in p.values(&["--files-from"]) {
        let names = super::super::contents(w, st, &[list], input);
        files::named_in(w, st, &names);
    }
    let mut operands = p.operands.clone();
    let target = operands.pop();
    let there = |t: &Text| {
        let colon = t.s.find(':').unwrap_or(usize::MAX);
        let slash = t.s.find('/').unwrap_or(usize::MAX);
        colon < slash
            || t.s.starts_with("rsync://")
            || t.s.starts_with("scp://")
            || t.s.starts_with("sftp://")
    };
    let outwards =
        target.is_some_and(there) || matches!(name, "croc" | "wormhole" | "magic-wormhole");
    if outwards {
        if let Some(target) = target.filter(|t| !there(t)) {
            operands.push(target);
        }
        let taint = files::gathered(w, st, &operands);
        w.leaves(&taint, name);
    }
    if name == "sftp" {
        {
            let batch = input.as_deref().map(taint_of_batch).unwrap_or_default();
            for path in batch {
                if let Some(secret) = known_file(w, st, &Text::lit(&path)) {
                    w.leaves(&secret, name);
                }
            }
        }
    }
    if name == "rsync" {
        rsync_deletes(w, st, &p, target);
    }
    let from_afar = operands.iter().any(|o| there(o));
    if let Some(target) = target.filter(|_| !outwards) {
        for source in operands {
            let path = if target.s.ends_with(['/', '.']) {
                part(target, &format!("{}/{}", target.s, crate::shell::value::base(&source.s)))
            } else {
                target.clone()
            };
            let content = if from_afar { from(Taint::remote()) } else { w.read_file(st, source) };
            w.write_file(st, &path, content, false);
        }
    }
    unknown()
}

/// The commands among the options.
fn commands(w: &mut Walker<'_>, st: &State, name: &str, p: &Parsed<'_>) {
    for code in p.values(&["-e", "--rsh", "--rsync-path"]).filter(|_| name == "rsync") {
        w.script(&mut st.clone(), code, None);
    }
    if name != "rsync" {
        for code in p.values(&["-S"]) {
            w.script(&mut st.clone(), code, None);
        }
        ssh_options(w, st, p);
    }
}

/// Settings of ssh that are commands, `-o Name=command` or `-o 'Name command'`, and files of settings that this text wrote.
pub(in crate::shell) fn ssh_options(w: &mut Walker<'_>, st: &State, p: &Parsed<'_>) {
    for option in p.values(&["-o"]) {
        ssh_setting(w, st, option);
    }
    for file in p.values(&["-F"]) {
        known_file(w, st, file);
        for text in st.files.get(&st.full(file)).cloned().unwrap_or_default() {
            for line in text.s.lines() {
                ssh_setting(w, st, &part(&text, line.trim()));
            }
        }
    }
}

fn ssh_setting(w: &mut Walker<'_>, st: &State, setting: &Text) {
    let Some((key, code)) = setting.s.split_once(['=', ' ', '\t']) else { return };
    let key = key.trim().to_ascii_lowercase();
    let code = part(setting, code.trim_matches([' ', '=', '"']));
    if matches!(key.as_str(), "proxycommand" | "localcommand" | "knownhostscommand") {
        if !code.s.eq_ignore_ascii_case("none") {
            w.script(&mut st.clone(), &code, None);
        }
    } else if key == "match"
        && let Some((_, code)) = code.s.split_once("exec ")
    {
        w.script(&mut st.clone(), &part(setting, code.trim_matches('"')), None);
    } else if key == "remotecommand" || key == "sendenv" {
        w.leaves(&setting.taint, "ssh");
    }
}

fn taint_of_batch(input: &[Text]) -> Vec<String> {
    input
        .iter()
        .flat_map(|t| t.s.lines())
        .filter_map(|l| {
            l.trim()
                .strip_prefix("put ")
                .map(|p| p.split_ascii_whitespace().next().unwrap_or("").to_owned())
        })
        .collect()
}

fn rsync_deletes(w: &mut Walker<'_>, st: &State, p: &Parsed<'_>, target: Option<&Text>) {
    let dry = p.has(&["-n", "--dry-run", "--list-only"]);
    let deletes = p.options.iter().any(|(n, _)| n == "--del" || n.starts_with("--delete"));
    if dry {
        return;
    }
    if p.has(&["--remove-source-files", "--remove-sent-files"]) {
        w.effect(Effect::Destroys {
            what: "Deletes the files it has copied (rsync --remove-source-files)".to_owned(),
        });
    }
    let Some(target) = target.filter(|_| deletes) else { return };
    let full = st.full(target);
    let place = tables::place(&full, w.cx);
    let safe = matches!(
        place,
        crate::shell::effect::Place::Temporary | crate::shell::effect::Place::Project
    ) && !target.s.contains(':');
    if !safe {
        w.effect(Effect::Destroys {
            what: "Deletes what the source lacks (rsync --delete)".to_owned(),
        });
    }
}

/// Cloud storage, gists, releases: local files that go up.
#[expect(clippy::too_many_lines, reason = "a table: one arm a program")]
pub(super) fn uploads(
    w: &mut Walker<'_>,
    st: &mut State,
    name: &str,
    args: &[Text],
    input: &Input,
) -> Option<Value> {
    let words: Vec<&str> = args.iter().map(|a| a.s.as_str()).collect();
    let has = |word: &str| words.contains(&word);
    let goes_up = match name {
        "aws" => {
            has("s3") && (has("cp") || has("mv") || has("sync"))
                || has("put-object")
                || has("publish")
                || has("send-message")
                || has("put-parameter")
                || has("create-secret")
        }
        "gsutil" => has("cp") || has("rsync") || has("mv"),
        "gcloud" => has("storage") && (has("cp") || has("rsync") || has("mv")),
        "az" => has("upload") || has("upload-batch"),
        "gh" | "glab" | "hub" => {
            (has("gist") || has("snippet")) && has("create")
                || has("release")
                || has("comment")
                || has("issue")
                || has("pr")
                || has("mr")
                || has("api")
                || has("workflow")
        }
        "rclone" => has("copy") || has("copyto") || has("sync") || has("rcat") || has("move"),
        "ipfs" => has("add"),
        "s3cmd" | "s5cmd" | "mc" | "b2" => {
            has("put")
                || has("cp")
                || has("sync")
                || has("mirror")
                || has("pipe")
                || has("upload-file")
        }
        _ => false,
    };
    if name == "gh" && has("api") {
        let delete = args.windows(2).any(|p| matches!(p, [a, b] if matches!(a.s.as_str(), "-X" | "--method") && b.s.eq_ignore_ascii_case("DELETE"))) || words.iter().any(|a| matches!(*a, "-XDELETE" | "--method=DELETE"));
        if delete {
            w.effect(Effect::Destroys { what: "Deletes from GitHub".to_owned() });
        }
    }
    if goes_up {
        let secret = input.as_deref().map(taint).unwrap_or_default();
        w.leaves(&secret, name);
        let p = options(args, "");
        let operands: Vec<&Text> = p
            .operands
            .iter()
            .copied()
            .filter(|o| !o.s.contains("://") && o.s.contains(['/', '.', '~']))
            .collect();
        let gathered = files::gathered(w, st, &operands);
        w.leaves(&gathered, name);
        for arg in args {
            w.leaves(&arg.taint, name);
            for path in paths_in(arg) {
                let path = part(
                    &path,
                    path.s.trim_start_matches("file://").trim_start_matches("fileb://"),
                );
                if let Some(secret) = known_file(w, st, &path) {
                    w.leaves(&secret, name);
                }
            }
        }
        return super::super::secrets::run(w, st, name, args).or_else(|| Some(unknown()));
    }
    let downloads = has("cp") || has("get-object") || has("cat") || has("download");
    super::super::secrets::run(w, st, name, args)
        .or_else(|| downloads.then(|| from(Taint::remote())))
}
