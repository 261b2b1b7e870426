//! macOS is asked through lsof(8), which shows other accounts' processes to root alone.

use super::{Listener, Owner, Owners, Table, Transport, lsof};
use crate::HostError;
use crate::command::{Options, Program, run};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// lsof looks at every open file of the machine; a busy Mac needs some seconds.
const LIMIT: Duration = Duration::from_secs(30);

pub(super) fn table() -> Result<Table, HostError> {
    let program = Program::find(&["lsof"]).ok_or(HostError::Unsupported {
        what: "the socket table without lsof".to_owned(),
        host: "macOS",
    })?;
    let texts = crate::processes::texts()?;
    let mut found = Vec::new();
    for transport in [Transport::Tcp, Transport::Udp] {
        let said = ask(&program, lsof::sockets_args(transport))?;
        let sockets = lsof::parse_sockets(&said, transport).map_err(|no| HostError::Damaged {
            path: "the answer of lsof".to_owned(),
            detail: no.to_string(),
        })?;
        found.extend(sockets);
    }
    let complete = crate::accounts::effective_uid() == 0;
    Ok(Table { listeners: joined(found, &texts), complete })
}

/// Asks lsof, which ends with 1 when it has nothing to show.
fn ask(program: &Program, args: &[&str]) -> Result<String, HostError> {
    let options = Options { timeout: LIMIT, output_limit: 16 * 1024 * 1024, ..Options::default() };
    let said = run(program, args, options)?;
    let nothing = said.status.code() == Some(1) && said.stderr.is_empty();
    if said.status.success() || nothing { Ok(said.text()) } else { Err(said.failure()) }
}

/// One entry for each socket, with everybody who holds it and the programs that they run.
fn joined(found: Vec<Listener>, texts: &BTreeMap<u32, lsof::Text>) -> Vec<Listener> {
    let mut all =
        BTreeMap::<(Transport, std::net::SocketAddr), (Option<u32>, BTreeSet<Owner>)>::new();
    for listener in found {
        let (uid, owners) = all
            .entry((listener.transport, listener.at()))
            .or_insert_with(|| (listener.uid, BTreeSet::new()));
        *uid = (*uid).or(listener.uid);
        let Owners::Seen(seen) = listener.owners else { continue };
        owners.extend(seen.into_iter().map(|owner| Owner {
            program: texts.get(&owner.pid).map(|text| text.path.clone()),
            ..owner
        }));
    }
    all.into_iter()
        .map(|((transport, at), (uid, owners))| Listener {
            transport,
            address: at.ip(),
            port: at.port(),
            uid,
            owners: if owners.is_empty() { Owners::Nobody } else { Owners::Seen(owners) },
        })
        .collect()
}
