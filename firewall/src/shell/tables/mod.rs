//! What names mean: paths, variables, programs.
//!
//! Tables are text that is read line by line when it is asked, so that the program starts without a relocation per entry; a
//! line is one fact. Nothing here knows a command's flow.

mod destroyer;
mod place;
mod secret;

pub(super) use destroyer::{Verdict, destroyer};
pub(super) use place::place;
pub(super) use secret::{below, could_be, secrecy, what};

use super::value::{Text, single};

/// Variables that hold a credential by name.
const CREDENTIALS: &str = "
AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_ACCESS_KEY_ID DATABASE_URL DB_URL REDIS_URL MONGO_URL MONGODB_URI POSTGRES_URL
MYSQL_PWD PGPASSWORD SSHPASS GPG_PASSPHRASE VAULT_TOKEN NPM_TOKEN NODE_AUTH_TOKEN GH_TOKEN GITHUB_TOKEN GITHUB_PAT GITLAB_TOKEN
CI_JOB_TOKEN HF_TOKEN HUGGING_FACE_HUB_TOKEN SLACK_WEBHOOK_URL SENTRY_DSN KUBECONFIG_DATA SOPS_AGE_KEY AGE_SECRET_KEY
AZURE_CLIENT_SECRET GOOGLE_CREDENTIALS TWINE_PASSWORD PYPI_TOKEN CARGO_REGISTRY_TOKEN DOCKER_PASSWORD STRIPE_KEY
OPENROUTER_TOKEN SLACK_TOKEN SLACK_BOT_TOKEN DISCORD_TOKEN CLOUDFLARE_API_TOKEN DIGITALOCEAN_TOKEN HCLOUD_TOKEN FLY_API_TOKEN
VERCEL_TOKEN NETLIFY_AUTH_TOKEN SENTRY_AUTH_TOKEN TFE_TOKEN API_TOKEN AUTH_TOKEN ACCESS_TOKEN BOT_TOKEN CLIENT_SECRET
OP_SESSION BW_SESSION NETRC RESTIC_PASSWORD BORG_PASSPHRASE JWT_SECRET SECRET_KEY_BASE TELEGRAM_BOT_TOKEN
";

/// Ends of names that say the same.
const CREDENTIAL_ENDS: [&str; 17] = [
    "_TOKEN",
    "_SECRET",
    "_SECRET_KEY",
    "_API_KEY",
    "_APIKEY",
    "_PASSWORD",
    "_PASSWD",
    "_PASSPHRASE",
    "_ACCESS_KEY",
    "_PRIVATE_KEY",
    "_CREDENTIALS",
    "_AUTH_TOKEN",
    "_CLIENT_SECRET",
    "_SIGNING_KEY",
    "_ENCRYPTION_KEY",
    "_SECRET_ACCESS_KEY",
    "_PAT",
];

/// Whether a variable of this name holds a credential.
pub(super) fn credential_variable(name: &str) -> bool {
    // A path to the credentials is a path; reading it is seen as such.
    if matches!(name, "GOOGLE_APPLICATION_CREDENTIALS") {
        return false;
    }
    CREDENTIALS.split_ascii_whitespace().any(|c| c == name)
        || (name.bytes().all(|b| !b.is_ascii_lowercase())
            && (CREDENTIAL_ENDS.iter().any(|end| name.ends_with(end))
                || CREDENTIAL_ENDS.iter().any(|end| end.strip_prefix('_') == Some(name))))
}

/// Programs that somebody would hide behind a pattern.
const DANGEROUS: &str = "rm cat sh bash zsh dash curl wget nc ncat python python3 perl ruby node php dd chmod chown mv cp git base64 sudo env find xargs eval head tail less tac nl xxd od ssh scp";

/// Whether a pattern over a program's name can mean one of these.
pub(super) fn could_be_dangerous(pattern: &str) -> bool {
    DANGEROUS.split_ascii_whitespace().any(|name| super::value::overlaps(pattern, name))
}

/// Whether a variable is known to hold a credential, and not only named like one.
pub(super) fn certain_credential(name: &str) -> bool {
    CREDENTIALS.split_ascii_whitespace().any(|c| c == name)
        || !["_TOKEN", "_SECRET", "_PAT", "_CREDENTIALS"].iter().any(|end| name.ends_with(end))
}

/// Whether a program runs the value of this variable as a command.
pub(super) fn runs_its_value(name: &str) -> bool {
    matches!(
        name,
        "GIT_SSH_COMMAND"
            | "GIT_PAGER"
            | "PAGER"
            | "MANPAGER"
            | "EDITOR"
            | "VISUAL"
            | "GIT_EDITOR"
            | "GIT_SEQUENCE_EDITOR"
            | "GIT_EXTERNAL_DIFF"
            | "GIT_ASKPASS"
            | "SSH_ASKPASS"
            | "PROMPT_COMMAND"
            | "LESSOPEN"
            | "BROWSER"
            | "GIT_PROXY_COMMAND"
            | "RSYNC_RSH"
            | "CVS_RSH"
            | "SVN_SSH"
            | "GIT_SSH"
            | "SUDO_ASKPASS"
            | "SUDO_EDITOR"
            | "KUBE_EDITOR"
            | "FCEDIT"
            | "LESSCLOSE"
    )
}

/// Whether a shell expands the value of this variable, substitutions too, before it shows it.
pub(super) fn expands_its_value(name: &str) -> bool {
    matches!(name, "PS0" | "PS1" | "PS2" | "PS4")
}

/// Whether a program reads the file that this variable names as code before its own.
pub(super) fn names_code(name: &str) -> bool {
    matches!(name, "BASH_ENV" | "ENV")
}

/// A variable that switches a protection off for the command after it.
pub(super) fn disabling_variable(name: &str, value: &[Text]) -> Option<String> {
    let on = single(value).is_none_or(|v| !matches!(v, "" | "0" | "false"));
    let what = match name {
        "GIT_SSL_NO_VERIFY" | "PYTHONHTTPSVERIFY" if on && name == "GIT_SSL_NO_VERIFY" => {
            "certificates are not checked"
        }
        "PYTHONHTTPSVERIFY" if !on => "certificates are not checked",
        "NODE_TLS_REJECT_UNAUTHORIZED" if !on => "certificates are not checked",
        "HUSKY" | "HUSKY_SKIP_HOOKS" | "SKIP_HOOKS" if (name == "HUSKY") != on => {
            "the hooks of the repository are skipped"
        }
        "LD_PRELOAD" | "DYLD_INSERT_LIBRARIES" | "LD_AUDIT"
            if single(value).is_some_and(|v| !v.is_empty()) =>
        {
            "every program loads a library that is put before it"
        }
        "HISTFILE" if single(value).is_some_and(|v| matches!(v, "" | "/dev/null")) => {
            "the shell keeps no history"
        }
        "HISTSIZE" | "HISTFILESIZE" if single(value) == Some("0") => "the shell keeps no history",
        "CLAUDE_CODE_DISABLE_HOOKS" | "SANCTUM_DISABLE" if on => {
            "the hooks of the agent are skipped"
        }
        // Some are names of directories, and `0` is one too.
        _ if crate::agents::settings::moves_hooks(name)
            && single(value).is_none_or(|v| !v.is_empty()) =>
        {
            "the agent is started without its hooks"
        }
        _ => return None,
    };
    Some(format!("With {name} {what}"))
}

/// Characters that make a person read another command than the one that runs.
pub(super) fn hidden_characters(text: &str) -> Option<&'static str> {
    let mut rest = text.trim_end().chars().peekable();
    while let Some(c) = rest.next() {
        let what = match c {
            '\r' if rest.peek() != Some(&'\n') => "A carriage return hides the start of the line",
            '\u{1b}' | '\u{7f}' | '\u{8}' | '\u{0}'..='\u{7}' | '\u{e}'..='\u{1a}' | '\u{9b}' => {
                "Control characters hide a part of the command"
            }
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                "Characters that turn the direction of the text hide a part of the command"
            }
            '\u{200b}'
            | '\u{200c}'
            | '\u{2060}'..='\u{2064}'
            | '\u{feff}'
            | '\u{ad}'
            | '\u{115f}'
            | '\u{1160}'
            | '\u{3164}'
            | '\u{ffa0}'
            | '\u{180e}' => "Invisible characters hide a part of the command",
            '\u{e0000}'..='\u{e001f}' => "Invisible characters hide a part of the command",
            _ => continue,
        };
        return Some(what);
    }
    None
}
