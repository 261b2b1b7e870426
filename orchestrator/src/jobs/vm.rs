//! The instance's virtual machine in the terms of crate `vm`.

use super::{JobError, account, path};
use crate::house::{House, layout};
use crate::instance::model::{self, NodeType};
use sanctum_types::{AbsPath, NodeName, ServiceName};
pub use sanctum_vm::FIRST_PASSWORD;
use sanctum_vm::{Arch, Machine, Network, Reconnect};

/// QEMU in a root-owned prefix: what `Homebrew` installs could be replaced by its user.
pub const QEMU: &str = "/opt/sanctum/qemu";

/// The machine, its network, and the node that it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HouseVm {
    /// Its hardware.
    pub machine: Machine,
    /// Its network.
    pub network: Network,
    /// Its name as a node; the house's slug where no node is a guest.
    pub guest: NodeName,
}

/// The machine that a hub runs; none for other nodes and for houses without one.
pub fn of(house: &House<'_>) -> Result<Option<HouseVm>, JobError> {
    let Some(vm) = house.instance.vm.as_ref().filter(|_| house.node.kind == NodeType::Hub) else {
        return Ok(None);
    };
    let net = house.instance.networks.vm.as_ref().ok_or(JobError::NoVmNetwork)?;
    let job = name("vm")?;
    let below = |rest: &str| path(&job, format!("{}/{rest}", layout::VM_DIR));
    let slug = house.instance.instance.slug.clone();
    let network = Network {
        host: net.host,
        guest: net.guest,
        prefix_len: net.subnet.prefix_len(),
        socket: below("net/vmnet.sock")?,
        group: account::own(&job),
    };
    let machine = Machine {
        slug: slug.clone(),
        arch: match house.facts.arch {
            model::Arch::Aarch64 => Arch::Aarch64,
            model::Arch::X86_64 => Arch::X86_64,
        },
        cpus: vm.cpus,
        memory_mib: vm.memory_mib,
        qemu: path(&job, QEMU.to_owned())?,
        disk: vm.disk.clone(),
        seed: seed_dir(&job)?,
        variables: below("state/efi-vars.fd")?,
        socket: network.socket.clone(),
        control: below("state/control.sock")?,
        serial_log: account::log_dir(&job)?
            .join("serial.log")
            .map_err(|source| JobError::Path { job: job.to_string(), source })?,
        reconnect: Reconnect::default(),
    };
    let guest = house.instance.nodes.iter().find(|(_, node)| node.kind == NodeType::Guest);
    let guest = guest.map_or(slug, |(name, _)| name.clone());
    Ok(Some(HouseVm { machine, network, guest }))
}

/// The directory of the three cloud-init documents.
fn seed_dir(job: &ServiceName) -> Result<AbsPath, JobError> {
    path(job, format!("{}/seed", layout::VM_DIR))
}

/// A service name that is written in this program.
pub(crate) fn name(text: &str) -> Result<ServiceName, JobError> {
    ServiceName::new(text).map_err(|source| JobError::Name { job: text.to_owned(), source })
}
