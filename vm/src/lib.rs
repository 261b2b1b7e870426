//! The host-only VM: socket_vmnet, QEMU and cloud-init, rendered from data.
