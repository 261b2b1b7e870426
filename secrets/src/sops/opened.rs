//! An encrypted document that is open: values are taken out, put in, and the whole is closed again.
//!
//! The text stays sealed; what is set is sealed at once, and everything else keeps its ciphertext byte for byte.

// Signatures; bodies follow on this branch.
//
// pub fn open(text: &[u8], format: Format, identities: &Identities) -> Result<Opened, SopsError>;
// impl Opened {
//     pub fn extract(&self, path: &[Step]) -> Result<Node, SopsError>;              // the decrypted tree below a path
//     pub fn set(&mut self, path: &[Step], value: &Node) -> Result<(), SopsError>;  // in memory
//     pub fn unset(&mut self, path: &[Step]) -> Result<(), SopsError>;
//     pub fn sealed(&mut self, now: UnixTime) -> Result<Zeroizing<String>, SopsError>; // the text with a fresh MAC
// }
// Format::of_path(&Path) -> Format (yaml, json, env, ini, anything else binary);
// sops::path::dotted("a.b[0].c") -> Result<Vec<Step>, SopsError>; sops::path::indexed("[\"a\"][0]") as --extract writes it.
// sops::file::{open_file(path: &Path, format: Option<Format>, &Identities) -> Result<OpenFile, SopsError>},
// impl OpenFile { opened(), opened_mut(), save(&mut self, now: UnixTime) -> Result<(), SopsError> }  // temp, fsync, rename, fsync dir
// Identities::load(&Sources) with Sources { age_key, age_key_file, age_key_cmd, ssh_key_file, config_home, home }.
