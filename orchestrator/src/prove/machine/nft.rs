//! The table of this machine's kernel.

use super::is_root;
use crate::prove::tools::{Looked, ask, need};
use crate::prove::{Obstacle, Proof, Tools, wrong};
use sanctum_host::live::{argv, parse};
use sanctum_types::Finding;

pub(super) fn present(tools: &Tools) -> Proof {
    Proof::from("nftables, in force", "table inet sanctum", look(tools))
}

fn look(tools: &Tools) -> Looked {
    let nft = need(tools.nft.as_ref(), "nft", "apt install nftables")?;
    if !is_root() {
        return Err(Obstacle::Denied { program: "nft list tables".to_owned(), needs: "root" });
    }
    let args = argv::nft_tables();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let output = ask(nft, &args)?.success()?;
    let there = parse::has_table(&output.text(), "inet", "sanctum");
    let missing = || Finding {
        hint: Some("sudo /opt/sanctum/bin/sanctum apply --only nft".to_owned()),
        ..wrong("nft.absent", "inet sanctum", "the kernel has no such table")
    };
    Ok(((!there).then(missing).into_iter().collect(), "the kernel has it".to_owned()))
}
