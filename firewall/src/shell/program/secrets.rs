//! Programs that print a secret out of a store: what they print carries it, and sending it on is seen.

use super::super::effect::Effect;
use super::super::value::{Taint, Text, Value, from};
use super::super::walk::{State, Walker};
use super::{known_file, options};

/// Words that make a program print a secret. `program|words in order|what`.
const STORES: &str = "
aws|secretsmanager get-secret-value|a secret of AWS
aws|secretsmanager batch-get-secret-value|a secret of AWS
aws|ssm get-parameter|a parameter of AWS
aws|ssm get-parameters|a parameter of AWS
aws|ssm get-parameters-by-path|a parameter of AWS
aws|configure get|the credentials of AWS
aws|configure export-credentials|the credentials of AWS
aws|sts get-session-token|the credentials of AWS
aws|sts assume-role|the credentials of AWS
aws|ecr get-login-password|the credentials of AWS
aws|kms decrypt|a secret of AWS
aws|iam create-access-key|the credentials of AWS
vault|read|a secret of Vault
vault|kv get|a secret of Vault
vault|print token|a token of Vault
vault|token create|a token of Vault
op|read|a secret of 1Password
op|item get|a secret of 1Password
op|document get|a secret of 1Password
bw|get|a secret of Bitwarden
bw|export|the secrets of Bitwarden
bw|list|the secrets of Bitwarden
rbw|get|a secret of Bitwarden
pass|show|a secret of the password store
pass||a secret of the password store
gopass|show|a secret of the password store
lpass|show|a secret of LastPass
lpass|export|the secrets of LastPass
keepassxc-cli|show|a secret of KeePass
keepassxc-cli|export|the secrets of KeePass
doppler|secrets|a secret of Doppler
infisical|secrets|a secret of Infisical
infisical|export|the secrets of Infisical
chamber|read|a secret of Chamber
chamber|export|the secrets of Chamber
gcloud|secrets versions access|a secret of Google Cloud
gcloud|auth print-access-token|a token of Google Cloud
gcloud|auth print-identity-token|a token of Google Cloud
gcloud|auth application-default print-access-token|a token of Google Cloud
az|keyvault secret show|a secret of Azure
az|account get-access-token|a token of Azure
az|storage account keys|the keys of Azure
gh|auth token|the token of GitHub
gh|auth status|the token of GitHub
glab|auth status|the token of GitHub
hub|api|the token of GitHub
heroku|config|the settings of an application
heroku|auth:token|the token of Heroku
fly|auth token|the token of Fly
flyctl|auth token|the token of Fly
vercel|env pull|the settings of an application
netlify|env:list|the settings of an application
kubectl|get secret|a secret of the cluster
kubectl|get secrets|a secret of the cluster
kubectl|config view|the credentials of the cluster
kubectl|create token|a token of the cluster
oc|get secret|a secret of the cluster
oc|whoami|a token of the cluster
docker|config inspect|a secret of the swarm
terraform|output|the outputs of the infrastructure
pulumi|config|the settings of the infrastructure
sops|-d|a secret of sops
sops|decrypt|a secret of sops
sops|exec-env|a secret of sops
age|-d|a secret of age
age|--decrypt|a secret of age
rage|-d|a secret of age
gpg|-d|a secret of gpg
gpg|--decrypt|a secret of gpg
ansible-vault|view|a secret of Ansible
ansible-vault|decrypt|a secret of Ansible
security|find-generic-password|a secret of the keychain
secret-tool|lookup|a secret of the keyring
chezmoi|secret|a secret
teller|export|a secret
berglas|access|a secret of Google Cloud
conjur|variable|a secret of Conjur
step|crypto|a key
wg|show|the keys of WireGuard
wg|genkey|the keys of WireGuard
";

/// Prints a secret; `None` when it does not.
pub(super) fn run(w: &mut Walker<'_>, st: &mut State, name: &str, args: &[Text]) -> Option<Value> {
    if name == "env" || name == "printenv" {
        return Some(w.whole_environment());
    }
    if name == "ps" && shows_environments(args) {
        return Some(w.whole_environment());
    }
    if name == "ssh-keygen" {
        return ssh_keygen(w, st, args);
    }
    let what = STORES.lines().find_map(|line| {
        let (program, rest) = line.split_once('|')?;
        let (words, what) = rest.split_once('|')?;
        if program != name {
            return None;
        }
        let mut plain = args.iter().filter(|a| !a.s.starts_with('-') || words.starts_with('-'));
        words
            .split(' ')
            .filter(|w| !w.is_empty())
            .all(|word| plain.any(|a| a.s == word))
            .then_some(what)
    })?;
    // `--query Name`, `-o name`: what is printed is not the value.
    let names_only = args.windows(2).any(|pair| matches!(pair, [a, b] if (a.s == "--query" && !b.s.contains("Secret") && !b.s.contains("Value")) || (a.s == "-o" && b.s == "name")))
        || args.iter().any(|a| matches!(a.s.as_str(), "--help" | "-h" | "-o=name" | "--only-names" | "list" | "set" | "init" | "create" | "status"));
    if names_only && name != "gh" {
        return None;
    }
    for arg in args {
        known_file(w, st, arg);
    }
    Some(from(Taint::secret(what)))
}

/// `ps e`, `ps auxe`, `ps -E`: the letters without a dash are BSD's, where `e` shows the environment.
fn shows_environments(args: &[Text]) -> bool {
    args.first().is_some_and(|first| {
        first.s.contains('e') && first.s.chars().all(|c| c.is_ascii_lowercase())
    }) || args.iter().any(|a| a.s == "-E")
}

/// `ssh-keygen -y -f key` prints the public half, which reads the key but shows nothing.
fn ssh_keygen(w: &mut Walker<'_>, st: &State, args: &[Text]) -> Option<Value> {
    let parsed = options(args, "-f -t -b -C -N -P -p -R -F -O -I -n -s -m");
    if parsed.has(&["-p"]) || parsed.value("-R").is_some() {
        return None;
    }
    if let Some(file) = parsed.value("-f") {
        let full = st.full(file);
        if !parsed.has(&["-l", "-y", "-L", "-B", "-e"])
            && super::super::tables::could_be(&full, "~/.ssh/id_*", w.cx.home)
        {
            w.effect(Effect::Touches { what: "Makes or replaces a key of ssh".to_owned() });
        }
    }
    None
}
