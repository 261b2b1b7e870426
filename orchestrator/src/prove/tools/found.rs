//! Which programs are here.

use sanctum_host::command::Program;
use sanctum_host::{HostError, files};
use sanctum_types::AbsPath;

/// Where pip and Homebrew put programs.
const EXTRA_DIRS: [&str; 2] = ["/usr/local/bin", "/opt/homebrew/bin"];

/// Programs by what they prove; one that is not here is none.
#[derive(Clone, Debug, Default)]
pub struct Tools {
    /// OpenSSH's server.
    pub sshd: Option<Program>,
    /// Its client, which names the algorithms of the build.
    pub ssh: Option<Program>,
    /// Makes the host key that a check needs.
    pub ssh_keygen: Option<Program>,
    /// Rates what a server offers.
    pub ssh_audit: Option<Program>,
    /// nftables.
    pub nft: Option<Program>,
    /// Gives nft a network of its own when we are not root.
    pub unshare: Option<Program>,
    /// systemd's own reader of units.
    pub systemd_analyze: Option<Program>,
    /// CPython, for its plistlib.
    pub python: Option<Program>,
    /// libplist's reader.
    pub plistutil: Option<Program>,
    /// Apple's reader of property lists.
    pub plutil: Option<Program>,
    /// Apple's packet filter.
    pub pfctl: Option<Program>,
    /// Says what launchd runs.
    pub launchctl: Option<Program>,
    /// Says what systemd runs.
    pub systemctl: Option<Program>,
    /// Judges user-data.
    pub cloud_init: Option<Program>,
    /// Judges network-config.
    pub netplan: Option<Program>,
}

impl Tools {
    /// What is in the system's own directories, and validators where pip and Homebrew put them.
    #[must_use]
    pub fn find() -> Self {
        let program = |name: &str| Program::find(&[name]);
        let plutil = program("plutil");
        let found = Self {
            sshd: program("sshd"),
            ssh: program("ssh"),
            ssh_keygen: program("ssh-keygen"),
            ssh_audit: program("ssh-audit"),
            nft: program("nft"),
            unshare: program("unshare"),
            systemd_analyze: program("systemd-analyze"),
            // On a Mac without developer tools this name opens a dialogue that offers to install them.
            python: program("python3").filter(|_| plutil.is_none()),
            plistutil: program("plistutil"),
            plutil,
            pfctl: program("pfctl"),
            launchctl: program("launchctl"),
            systemctl: program("systemctl"),
            cloud_init: program("cloud-init"),
            netplan: program("netplan"),
        };
        let extra = EXTRA_DIRS.iter().filter_map(|dir| AbsPath::new(*dir).ok());
        // A directory that cannot be listed has nothing for us.
        extra.fold(found, |found, dir| found.clone().and_in(&dir).unwrap_or(found))
    }

    /// The same, and from this directory what distributions do not put in theirs: validators that a person or
    /// the tests installed apart. Each must still pass the trust check when we are root.
    ///
    /// # Errors
    /// [`HostError`] where the directory cannot be listed.
    pub fn and_in(mut self, dir: &AbsPath) -> Result<Self, HostError> {
        let names = files::list(std::path::Path::new(dir.as_str()))?;
        let slots = [
            (&mut self.ssh_audit, "ssh-audit"),
            (&mut self.cloud_init, "cloud-init"),
            (&mut self.netplan, "netplan"),
        ];
        for (slot, name) in slots {
            if names.iter().any(|there| there == name)
                && let Ok(path) = dir.join(name)
            {
                *slot = Some(Program::new(path));
            }
        }
        Ok(self)
    }
}
