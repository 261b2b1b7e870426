//! cloud-init's own schema and netplan's own generator, for the guest's first boot.

use super::{Looked, Tools, ask, need, said, text};
use crate::house::Artefact;
use crate::prove::readers::seed::document;
use crate::prove::{Proof, wrong};
use sanctum_host::files::{TempDir, write_new};

pub(super) fn all(artefacts: &[&Artefact], tools: &Tools) -> Vec<Proof> {
    let by_name = |name: &str| {
        artefacts.iter().find(move |artefact| document(artefact) == Some(name)).copied()
    };
    let user_data = by_name("user-data")
        .map(|file| Proof::from("cloud-init schema", file.path.as_str(), schema(file, tools)));
    let network = by_name("network-config")
        .map(|file| Proof::from("netplan generate", file.path.as_str(), generate(file, tools)));
    user_data.into_iter().chain(network).collect()
}

fn schema(file: &Artefact, tools: &Tools) -> Looked {
    let cloud_init = need(tools.cloud_init.as_ref(), "cloud-init", "apt install cloud-init")?;
    let dir = TempDir::new()?;
    let copy = dir.path().join("user-data");
    write_new(&copy, &file.bytes)?;
    let output = ask(cloud_init, &["schema", "-c", &text(&copy)])?;
    let lines = said(&output, dir.path());
    let valid = lines.iter().any(|line| line.starts_with("Valid "));
    if output.status.success() && valid {
        return Ok((Vec::new(), "valid user-data".to_owned()));
    }
    let message = lines.join("; ");
    Ok((vec![wrong("seed.schema", file.path.as_str(), message)], String::new()))
}

fn generate(file: &Artefact, tools: &Tools) -> Looked {
    let netplan = need(tools.netplan.as_ref(), "netplan", "apt install netplan.io")?;
    let dir = TempDir::new()?;
    // NoCloud leaves out the outer key, which netplan's own files have.
    let inner = String::from_utf8_lossy(&file.bytes);
    let lines = inner.lines().map(|line| format!("  {line}\n"));
    let whole = format!("network:\n{}", lines.collect::<String>());
    write_new(&dir.path().join("etc/netplan/50-cloud-init.yaml"), whole.as_bytes())?;
    let output = ask(netplan, &["generate", "--root-dir", &text(dir.path())])?;
    let lines = said(&output, dir.path());
    if output.status.success() && lines.is_empty() {
        return Ok((Vec::new(), "taken without a word".to_owned()));
    }
    let message = match lines.is_empty() {
        true => format!("netplan generate ended with {}", output.status),
        false => lines.join("; "),
    };
    Ok((vec![wrong("seed.netplan", file.path.as_str(), message)], String::new()))
}
