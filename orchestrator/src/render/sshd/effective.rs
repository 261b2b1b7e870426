//! What sshd really does, judged: `sshd -T` read as data and compared with what the house wants.
//!
//! A drop-in can be overridden in two ways that its own text does not show: `AllowUsers` collects over files,
//! and a `Match` block elsewhere replaces values for some callers. Invariant: a stricter value than wanted is no
//! finding, a missing keyword is one. Deliberately absent: running sshd, which the caller does once without
//! `-C` and once for each of [`contexts`].

use super::{Algorithms, SshdError, allowed_users, has_option, port};
use crate::house::House;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Keywords in lower case with their values, one for each line that carried the keyword.
pub type Effective = BTreeMap<String, Vec<String>>;

/// What a keyword must say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Want {
    /// This value and no other; case is ignored, as sshd does for its words.
    Exactly(String),
    /// A number from 1 to this one: 0 is "without limit" for the times, and "nobody" for the counts.
    AtMost(u64),
    /// A comma list of some of these.
    Within(BTreeSet<String>),
    /// Exactly these words over all lines of the keyword.
    Users(BTreeSet<String>),
    /// Nothing: sshd does not report the keyword where it is not set.
    Unset,
}

impl fmt::Display for Want {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |set: &BTreeSet<String>| set.iter().cloned().collect::<Vec<_>>().join(",");
        match self {
            Self::Exactly(value) => f.write_str(value),
            Self::AtMost(most) => write!(f, "1 to {most}"),
            Self::Within(set) => write!(f, "some of {}", list(set)),
            Self::Users(set) => write!(f, "exactly {}", list(set)),
            Self::Unset => f.write_str("nothing"),
        }
    }
}

/// Where the effective configuration is weaker than the house wants.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Finding {
    /// sshd does not report the keyword, so nothing is known of it.
    #[error("sshd says nothing of {keyword}, wanted {wanted}")]
    Missing {
        /// In lower case.
        keyword: String,
        /// What was wanted, in words.
        wanted: String,
    },
    /// The value is not what was wanted.
    #[error("{keyword} is {found}, wanted {wanted}")]
    Weaker {
        /// In lower case.
        keyword: String,
        /// What is in force.
        found: String,
        /// What was wanted, in words.
        wanted: String,
    },
    /// Another file lets an account or pattern in.
    #[error("{user} may log in, which the house does not allow")]
    ExtraUser {
        /// The word behind `AllowUsers`.
        user: String,
    },
    /// An account of the house cannot log in.
    #[error("{user} may not log in, which the house wants")]
    LockedOut {
        /// The account.
        user: String,
    },
    /// A block of another file holds for some callers only.
    #[error("line {line} holds for some callers only: {criteria}")]
    Match {
        /// Line of the file, from 1.
        line: usize,
        /// What stands behind `Match`.
        criteria: String,
    },
}

/// Reads what `sshd -T` prints: one keyword and its value on a line.
#[must_use]
pub fn parse_effective(text: &str) -> Effective {
    let mut effective = Effective::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (keyword, value) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        effective.entry(keyword.to_ascii_lowercase()).or_default().push(value.trim().to_owned());
    }
    effective
}

/// What must be in force on the node: written down apart from the drop-in's text, which it judges.
///
/// # Errors
/// [`SshdError`] where the host has too little for its profile.
pub fn expected(house: &House<'_>) -> Result<BTreeMap<String, Want>, SshdError> {
    let algorithms = Algorithms::of(house)?;
    let within = |list: &[&str]| Want::Within(list.iter().copied().map(str::to_owned).collect());
    let exactly = |value: &str| Want::Exactly(value.to_owned());
    let users = allowed_users(house).iter().map(ToString::to_string).collect();
    let mut wanted = BTreeMap::from([
        ("allowusers", Want::Users(users)),
        ("pubkeyauthentication", exactly("yes")),
        ("authenticationmethods", exactly("publickey")),
        ("strictmodes", exactly("yes")),
        ("disableforwarding", exactly("yes")),
        ("loglevel", exactly("VERBOSE")),
        ("maxstartups", exactly("10:30:60")),
        ("maxauthtries", Want::AtMost(3)),
        ("logingracetime", Want::AtMost(30)),
        ("maxsessions", Want::AtMost(10)),
        ("clientaliveinterval", Want::AtMost(300)),
        ("clientalivecountmax", Want::AtMost(3)),
        ("kexalgorithms", within(&algorithms.kex)),
        ("ciphers", within(&algorithms.ciphers)),
        ("macs", within(&algorithms.macs)),
        ("hostkeyalgorithms", within(&algorithms.host_key_algorithms)),
    ]);
    wanted.extend(OFF.map(|keyword| (keyword, exactly("no"))));
    wanted.extend(UNSET.map(|keyword| (keyword, Want::Unset)));
    wanted.extend(port(house).map(|port| ("port", exactly(&port.to_string()))));
    if has_option(house, "PerSourceMaxStartups") {
        wanted.insert("persourcemaxstartups", Want::AtMost(10));
    }
    Ok(wanted.into_iter().map(|(keyword, want)| (keyword.to_owned(), want)).collect())
}

/// What is off on every node. How sshd prints PerSourcePenalties differs by release, so it is not judged.
const OFF: [&str; 13] = [
    "permitrootlogin",
    "passwordauthentication",
    "kbdinteractiveauthentication",
    "hostbasedauthentication",
    "permitemptypasswords",
    "allowagentforwarding",
    "allowtcpforwarding",
    "allowstreamlocalforwarding",
    "gatewayports",
    "permittunnel",
    "x11forwarding",
    "permituserenvironment",
    "permituserrc",
];

/// Lists that stand above `AllowUsers` in sshd and could keep the house's own accounts out.
const UNSET: [&str; 3] = ["denyusers", "denygroups", "allowgroups"];

/// Callers to ask sshd about with `-C`: everybody who may log in, and root, from each side of the house and
/// from an address of nobody's (RFC 5737).
#[must_use]
pub fn contexts(house: &House<'_>) -> Vec<String> {
    let networks = &house.instance.networks;
    let mut addresses = vec!["127.0.0.1".to_owned(), "203.0.113.1".to_owned()];
    addresses.push(networks.lan.subnet.network().to_string());
    addresses.extend(networks.vm.iter().flat_map(|vm| [vm.host.to_string(), vm.guest.to_string()]));
    addresses.extend(networks.tailnet.iter().map(|net| net.subnet.network().to_string()));
    let mut users: BTreeSet<String> =
        allowed_users(house).iter().map(ToString::to_string).collect();
    users.insert("root".to_owned());
    let all = users.iter().flat_map(|user| {
        addresses.iter().map(move |address| format!("user={user},host={address},addr={address}"))
    });
    all.collect()
}

/// Compares what is in force with what is wanted; sorted, empty when all is well.
#[must_use]
pub fn check_effective(expected: &BTreeMap<String, Want>, effective: &Effective) -> Vec<Finding> {
    let mut findings: Vec<Finding> = expected
        .iter()
        .flat_map(|(keyword, want)| match (effective.get(keyword), want) {
            (None, Want::Unset) => Vec::new(),
            (None, want) => {
                vec![Finding::Missing { keyword: keyword.clone(), wanted: want.to_string() }]
            }
            (Some(found), Want::Users(users)) => judge_users(users, found),
            (Some(found), want) => judge_values(keyword, want, found),
        })
        .collect();
    findings.sort();
    findings
}

fn judge_users(wanted: &BTreeSet<String>, lines: &[String]) -> Vec<Finding> {
    let words = lines.iter().flat_map(|line| line.split_whitespace());
    let found: BTreeSet<String> = words.map(str::to_owned).collect();
    let extra = found.difference(wanted).map(|user| Finding::ExtraUser { user: user.clone() });
    let locked = wanted.difference(&found).map(|user| Finding::LockedOut { user: user.clone() });
    extra.chain(locked).collect()
}

/// Every line must satisfy the want: `Port` and its like collect over files.
fn judge_values(keyword: &str, want: &Want, lines: &[String]) -> Vec<Finding> {
    let satisfied = |found: &str| match want {
        Want::Exactly(value) => found.eq_ignore_ascii_case(value),
        Want::AtMost(most) => {
            found.parse::<u64>().is_ok_and(|number| (1..=*most).contains(&number))
        }
        Want::Within(set) => found.split(',').all(|name| set.contains(name)),
        Want::Users(_) | Want::Unset => false,
    };
    let weaker = lines.iter().filter(|found| !satisfied(found)).map(|found| Finding::Weaker {
        keyword: keyword.to_owned(),
        found: found.clone(),
        wanted: want.to_string(),
    });
    weaker.collect()
}

/// `Match` blocks of a configuration file, as findings: which callers they hold for, no list of contexts can
/// exhaust, so each is shown. `Match all` ends a block and is none.
#[must_use]
pub fn matches_in(text: &str) -> Vec<Finding> {
    let lines = text.lines().enumerate();
    lines
        .filter_map(|(number, line)| {
            let word_end = |c: char| c.is_whitespace() || c == '=';
            let (keyword, criteria) = line.trim().split_once(word_end)?;
            let criteria = criteria.trim_start_matches(word_end).trim();
            let is_match = keyword.trim_matches('"').eq_ignore_ascii_case("match");
            (is_match && !criteria.eq_ignore_ascii_case("all"))
                .then(|| Finding::Match { line: number + 1, criteria: criteria.to_owned() })
        })
        .collect()
}
