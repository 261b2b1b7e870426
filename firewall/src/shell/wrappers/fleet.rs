//! Commands that are run on other machines through their administration: Ansible, Salt, pdsh, clouds.

use super::super::effect::Effect;
use super::super::program::options;
use super::super::value::{Text, Value, unknown};
use super::super::walk::{Input, State, Walker};
use super::joined;

/// Runs one; `None` when the name is none of these, or runs nothing.
pub(super) fn run(
    w: &mut Walker<'_>,
    st: &State,
    name: &str,
    args: &[Text],
    input: &Input,
) -> Option<Value> {
    let code = match name {
        "ansible" => ansible(args)?,
        "salt" | "salt-ssh" | "salt-call" => {
            let at = args.iter().position(|a| a.s.starts_with("cmd."))?;
            joined(args.get(at + 1..)?)
        }
        "pdsh" | "clush" | "dsh" => {
            const VALUED: &str = "-w -x -g -X -l -u -t -f -R -M -m -o -c --group --nodes --user";
            joined(&super::inner(args, VALUED, 0, false, name)?)
        }
        "pssh" | "parallel-ssh" | "prun" => {
            let parsed = options(args, "-h -H -l -p -o -e -t -x -X -O --hosts --host --user");
            let words: Vec<Text> = parsed.operands.iter().map(|a| (*a).clone()).collect();
            joined(&words)
        }
        "fab" => joined(args.get(args.iter().position(|a| a.s == "--")? + 1..)?),
        "gcloud" | "az" | "aws" | "fly" | "flyctl" | "doctl" => return cloud(w, st, name, args),
        _ => return None,
    };
    let mut there = st.clone();
    there.cwd = None;
    there.functions.clear();
    Some(w.script(&mut there, &code, input.clone()))
}

/// `ansible hosts -m shell -a 'command'`; without `-m` it is `command`.
fn ansible(args: &[Text]) -> Option<Text> {
    const VALUED: &str = "-m -a -i -u -f -l -e -t -B -P -c -T -M --module-name --args --inventory --user --limit --extra-vars --become-user --forks";
    const SHELLS: [&str; 5] = ["shell", "command", "raw", "script", "win_shell"];
    let parsed = options(args, VALUED);
    let module = parsed.value("-m").or_else(|| parsed.value("--module-name"));
    let runs = module.is_none_or(|m| SHELLS.contains(&m.s.rsplit('.').next().unwrap_or_default()));
    parsed.value("-a").or_else(|| parsed.value("--args")).filter(|_| runs).cloned()
}

/// A command that a provider of machines passes on; `--command TEXT`, or in a document of its own.
fn cloud(w: &mut Walker<'_>, st: &State, name: &str, args: &[Text]) -> Option<Value> {
    let has = |words: &[&str]| words.iter().all(|word| args.iter().any(|a| a.s == *word));
    let names: &[&str] = match name {
        "gcloud" if has(&["ssh"]) => &["--command"],
        "fly" | "flyctl" if has(&["ssh", "console"]) => &["-C", "--command"],
        "doctl" if has(&["ssh"]) => &["--ssh-command"],
        "az" if has(&["run-command", "invoke"]) => &["--scripts"],
        "aws" if has(&["ssm", "send-command"]) => {
            w.effect(Effect::Touches { what: "Runs a command on machines in AWS".to_owned() });
            return None;
        }
        _ => return None,
    };
    let parsed = options(args, &names.join(" "));
    let code = parsed.values(names).next()?;
    let mut there = st.clone();
    there.cwd = None;
    w.script(&mut there, code, None);
    Some(unknown())
}
