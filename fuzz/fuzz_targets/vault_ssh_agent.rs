//! What an ssh client sends to the vault's agent.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| sanctum_fuzz::vault_ssh_agent(bytes));
