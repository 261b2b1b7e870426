//! `sanctum vault ssh-agent`: an agent of SSH whose keys stay in the vault, until the process ends.

use super::{Desk, asked, away};
use crate::args::vault::SshAgent;
use crate::failure::{Exit, Failure};
use sanctum_host::journal::socket::{Bound, Gate};
use sanctum_host::passphrase;
use sanctum_vault::identity::AgentName;
use sanctum_vault::keyfile::AgentKey;
use sanctum_vault::ssh_agent::{self, Kept};

/// The longest key file, encrypted or not, with room for white space.
const KEY_FILE: u64 = 1024;

pub(super) fn run(desk: &Desk<'_>, args: &SshAgent) -> Result<Exit, Failure> {
    let name =
        AgentName::new(args.agent.clone()).map_err(|error| Failure::new(Exit::Usage, error))?;
    let keys = desk.at.base.join(".sanctum/keys");
    let path = args.key.clone().unwrap_or_else(|| keys.join(format!("{name}.key")));
    let text = passphrase::read_key(&path, KEY_FILE)?;
    let key = match AgentKey::from_plain(&text) {
        Ok(key) => key,
        Err(_) => {
            let passphrase = asked(&format!("The passphrase of the key of {name}:"), false)?;
            AgentKey::from_sealed(&text, passphrase.as_bytes())?
        }
    };
    let kept = Kept::new(desk.at.socket.clone(), name.to_string(), key).map_err(away)?;
    let at = std::path::absolute(&args.bind)?;
    let bound = Bound::at(&at, Gate::default())
        .map_err(|error| Failure::refused(error).hint("another place: --bind PATH"))?;
    desk.context.out.progress(&format!("SSH_AUTH_SOCK={}", at.display()));
    ssh_agent::serve(&bound, desk.context.around.euid, kept);
    Ok(Exit::Done)
}
