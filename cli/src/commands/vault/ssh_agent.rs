//! `sanctum vault ssh-agent`: an agent of SSH whose keys stay in the vault, until the process ends.

use super::agent_keys::{self, KEY_FILE};
use super::{Desk, away};
use crate::args::vault::SshAgent;
use crate::failure::{Exit, Failure};
use sanctum_host::journal::socket::{Bound, Gate};
use sanctum_host::{files, passphrase};
use sanctum_vault::identity::AgentName;
use sanctum_vault::keyfile::AgentKey;
use sanctum_vault::ssh_agent::{self, Kept};
use std::path::Path;

pub(super) fn run(desk: &Desk<'_>, args: &SshAgent) -> Result<Exit, Failure> {
    let name =
        AgentName::new(args.agent.clone()).map_err(|error| Failure::new(Exit::Usage, error))?;
    let key = key_of(desk, &name, args.key.as_deref())?;
    let kept = Kept::new(desk.at.socket.clone(), name.to_string(), key).map_err(away)?;
    let at = std::path::absolute(&args.bind)?;
    let bound = Bound::at(&at, Gate::default())
        .map_err(|error| Failure::refused(error).hint("another place: --bind PATH"))?;
    desk.context.out.progress(&format!("SSH_AUTH_SOCK={}", at.display()));
    ssh_agent::serve(&bound, desk.context.around.euid, kept);
    Ok(Exit::Done)
}

/// The key of an agent: the file that is named, or one of the two that `agent register` writes. The passphrase of an encrypted one is asked for.
pub(super) fn key_of(
    desk: &Desk<'_>,
    name: &AgentName,
    named: Option<&Path>,
) -> Result<AgentKey, Failure> {
    let path = named.map_or_else(
        || agent_keys::places(desk, name).into_iter().find(|path| files::is_there(path)),
        |path| Some(path.to_owned()),
    );
    let path = path.ok_or_else(|| {
        Failure::refused(format!("there is no key of the agent {name}"))
            .hint(format!("sanctum vault agent register {name}"))
            .hint("a key that is elsewhere: --key FILE")
    })?;
    let text = passphrase::read_key(&path, KEY_FILE)?;
    let Ok(key) = AgentKey::from_plain(&text) else {
        let passphrase =
            desk.passphrase(&format!("The passphrase of the key of {name}:"), false)?;
        return AgentKey::from_sealed(&text, passphrase.as_bytes())
            .map_err(|error| Failure::refused(error).hint("the agent's own key: --key FILE"));
    };
    Ok(key)
}
