//! Names and numbers of users and groups, from the account database and never from the environment.
//!
//! Deliberately absent: creating accounts, which is a host's operation.

use crate::HostError;
use crate::tree::Ids;
use nix::unistd::{Gid, Group, Uid, User};
use sanctum_types::{AbsPath, Owner};

/// One user of the account database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// User name.
    pub name: String,
    /// User id.
    pub uid: u32,
    /// Primary group id.
    pub gid: u32,
    /// Home directory; none when the database holds something that is not an absolute, normal path.
    pub home: Option<AbsPath>,
}

/// The effective user id of this process.
#[must_use]
pub fn effective_uid() -> u32 {
    Uid::effective().as_raw()
}

/// The effective group id of this process.
#[must_use]
pub fn effective_gid() -> u32 {
    nix::unistd::Gid::effective().as_raw()
}

/// The account with that user id.
pub fn by_uid(uid: u32) -> Result<Option<Account>, HostError> {
    User::from_uid(Uid::from_raw(uid))
        .map(|user| user.map(account))
        .map_err(|errno| failed(&uid.to_string(), errno))
}

/// The account of that name.
pub fn by_name(name: &str) -> Result<Option<Account>, HostError> {
    User::from_name(name).map(|user| user.map(account)).map_err(|errno| failed(name, errno))
}

/// The group id of that name.
pub fn group_id(name: &str) -> Result<Option<u32>, HostError> {
    Group::from_name(name)
        .map(|group| group.map(|group| group.gid.as_raw()))
        .map_err(|errno| failed(name, errno))
}

/// Who that is by name; a number without a name stays a number.
pub fn owner_of(ids: Ids) -> Result<Owner, HostError> {
    let user = by_uid(ids.uid)?.map_or_else(|| ids.uid.to_string(), |account| account.name);
    let group = Group::from_gid(Gid::from_raw(ids.gid))
        .map_err(|errno| failed(&ids.gid.to_string(), errno))?
        .map_or_else(|| ids.gid.to_string(), |group| group.name);
    Ok(Owner { user, group })
}

/// The numbers of an owner; a name that does not exist is an error, a decimal number is itself.
pub fn ids_of(owner: &Owner) -> Result<Ids, HostError> {
    let uid = by_name(&owner.user)?.map(|account| account.uid).or_else(|| decimal(&owner.user));
    let gid = group_id(&owner.group)?.or_else(|| decimal(&owner.group));
    match (uid, gid) {
        (Some(uid), Some(gid)) => Ok(Ids { uid, gid }),
        (None, _) => Err(failed(&owner.user, nix::errno::Errno::ENOENT)),
        (_, None) => Err(failed(&owner.group, nix::errno::Errno::ENOENT)),
    }
}

/// The person who runs this: the caller of sudo at euid 0, else the user himself.
///
/// `sudo_uid` is the value of `SUDO_UID`, which counts only at euid 0, where sudo has set it; a value that is
/// not the number of an account is an error rather than root.
pub fn invoking(euid: u32, sudo_uid: Option<&str>) -> Result<Account, HostError> {
    let uid = match (euid, sudo_uid) {
        (0, Some(text)) => {
            decimal(text).ok_or_else(|| failed("SUDO_UID", nix::errno::Errno::EINVAL))?
        }
        _ => euid,
    };
    by_uid(uid)?.ok_or_else(|| failed(&uid.to_string(), nix::errno::Errno::ENOENT))
}

fn decimal(text: &str) -> Option<u32> {
    // The largest number is chown's "do not change" (-1), so it names nobody.
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|number| plain && *number != u32::MAX)
}

fn account(user: User) -> Account {
    let home = user.dir.to_str().and_then(|home| AbsPath::new(home).ok());
    Account { name: user.name, uid: user.uid.as_raw(), gid: user.gid.as_raw(), home }
}

fn failed(name: &str, errno: nix::errno::Errno) -> HostError {
    HostError::Io { verb: "find the account", path: name.to_owned(), source: errno.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers() {
        let root = by_uid(0).unwrap().unwrap();
        assert_eq!((root.name.as_str(), root.gid), ("root", 0));
        assert_eq!(by_name("root").unwrap(), Some(root.clone()));
        assert_eq!(by_name("no-such-account").unwrap(), None);
        // 4242424242 has no name on any machine that this is tested on.
        let owner = owner_of(Ids { uid: 4_242_424_242, gid: 4_242_424_242 }).unwrap();
        assert_eq!(owner, Owner::new("4242424242", "4242424242"));
        assert_eq!(ids_of(&owner).unwrap(), Ids { uid: 4_242_424_242, gid: 4_242_424_242 });
        for bad in ["", "+1", "-1", "0x1", "4294967295", "no-such-account"] {
            assert!(ids_of(&Owner::new(bad, "0")).is_err(), "{bad}");
            assert!(ids_of(&Owner::new("0", bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn sudo_counts_only_for_root() {
        let uid = rustix::process::geteuid().as_raw();
        assert_eq!(invoking(0, None).unwrap().uid, 0);
        assert_eq!(invoking(0, Some("1")).unwrap().uid, 1);
        assert!(invoking(0, Some("root")).is_err() && invoking(0, Some("4242424242")).is_err());
        assert_eq!(invoking(uid, (uid != 0).then_some("0")).unwrap().uid, uid);
        assert_eq!(invoking(1, Some("0")).unwrap().uid, 1);
    }
}
