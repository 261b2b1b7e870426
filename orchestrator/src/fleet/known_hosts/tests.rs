//! Against lines of ssh-keygen, and laws over patterns.

use super::*;
use proptest::prelude::*;

const ONE: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ";
const TWO: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA6rWI3G2sz07DnfFlrouTcysQlj2P+jpNSOEWD9OJ3X";

/// What `ssh-keygen -l` says of the first.
const FINGERPRINT: &str = "SHA256:T7SvZ2cslqpPj6nKzitCBHHlpVF3r3MvLwmFL0fk0IE";

/// Made with `ssh-keygen -H`.
const HASHED: [(&str, u16); 2] = [
    ("|1|l8KA4MCmQ4zmP5O5CvOVFRflE2c=|fZ8TPDn0eCLzmm/098S/sJk9ntk=", 22),
    ("|1|AU2KH7YTWtD4qBsBkSYjplV/KsM=|AgeWp+GeEso0DOxtD3MpTqe8uf8=", 2222),
];

fn key(text: &str) -> PublicKey {
    PublicKey::from_openssh(text).unwrap()
}

fn at(host: &str, port: u16) -> HostPort {
    HostPort { host: host.to_owned(), port }
}

fn judged(text: &str, host: &HostPort) -> &'static str {
    let mut known = KnownHosts::default();
    known.add("f", text);
    match known.judge(host, &key(ONE)) {
        Verdict::Known => "known",
        Verdict::Unknown => "unknown",
        Verdict::Changed { .. } => "changed",
        Verdict::Revoked { .. } => "revoked",
    }
}

#[test]
fn lines() {
    let hub = at("hub.example", 22);
    let high = at("hub.example", 2222);
    for (line, host, verdict) in [
        ("hub.example KEY", &hub, "known"),
        ("Hub.Example KEY a comment", &hub, "known"),
        ("other,hub.example KEY", &hub, "known"),
        ("*.example KEY", &hub, "known"),
        ("hub.exampl? KEY", &hub, "known"),
        ("*.example,!hub.example KEY", &hub, "unknown"),
        ("hub.example KEY", &high, "unknown"),
        ("[hub.example]:2222 KEY", &high, "known"),
        ("[*.example]:2222 KEY", &high, "known"),
        ("[hub.example]:2222 KEY", &hub, "unknown"),
        ("hub.example OTHER", &hub, "changed"),
        ("hub.example OTHER\nhub.example KEY", &hub, "known"),
        ("@revoked * KEY\nhub.example KEY", &hub, "revoked"),
        ("@revoked * OTHER\nhub.example KEY", &hub, "known"),
        ("@cert-authority * KEY", &hub, "unknown"),
        ("# hub.example KEY", &hub, "unknown"),
        ("hub.example ssh-ed25519 AAAA", &hub, "unknown"),
        ("", &hub, "unknown"),
    ] {
        let text = line.replace("KEY", ONE).replace("OTHER", TWO);
        assert_eq!(judged(&text, host), verdict, "{line}");
    }
}

#[test]
fn hashed_hosts() {
    for (line, port) in HASHED {
        assert_eq!(judged(&format!("{line} {ONE}"), &at("hub.example", port)), "known", "{line}");
        assert_eq!(judged(&format!("{line} {ONE}"), &at("other.example", 22)), "unknown");
    }
    for odd in ["|1|", "|1|x|y", "|1|AAAA|", "|1||", "|2|AAAA|AAAA"] {
        assert_eq!(judged(&format!("{odd} {ONE}"), &at("hub.example", 22)), "unknown");
    }
}

#[test]
fn the_first_file_that_knows_the_host_decides() {
    let mut known = KnownHosts::default();
    known.add("own", &format!("hub {TWO}"));
    known.add("other", &format!("hub {ONE}\nbox {ONE}"));
    let Verdict::Changed { recorded } = known.judge(&at("hub", 22), &key(ONE)) else {
        panic!("the house's own record counts")
    };
    assert_eq!(recorded, [("own:1".to_owned(), fingerprint(&key(TWO)))]);
    assert_eq!(known.judge(&at("box", 22), &key(ONE)), Verdict::Known);
    known.add("late", &format!("@revoked * {ONE}"));
    assert_eq!(
        known.judge(&at("box", 22), &key(ONE)),
        Verdict::Revoked { at: "late:1".to_owned() }
    );
}

#[test]
fn pinning_replaces_a_hosts_own_lines_and_no_others() {
    let (hub, high) = (at("hub", 22), at("hub", 2222));
    let before = format!("# mine\nhub {TWO}\nhub,box {TWO}\n[hub]:2222 {TWO}\n");
    let after = pin(&before, &hub, &[key(ONE)]);
    assert_eq!(after, format!("# mine\nhub,box {TWO}\n[hub]:2222 {TWO}\nhub {ONE}\n"));
    assert_eq!(pin("", &high, &[key(ONE)]), format!("[hub]:2222 {ONE}\n"));
    assert_eq!(judged(&pin("", &high, &[key(ONE)]), &high), "known");
}

#[test]
fn fingerprints_are_ssh_keygens() {
    assert_eq!(fingerprint(&key(ONE)), FINGERPRINT);
}

proptest! {
    /// A pattern of stars and letters means what the same regular expression means.
    #[test]
    fn globs_mean_what_their_expression_means(pattern in "[ab*?]{0,8}", text in "[ab]{0,8}") {
        let expression: String = pattern.chars().map(|c| match c {
            '*' => ".*".to_owned(),
            '?' => ".".to_owned(),
            c => c.to_string(),
        }).collect();
        let expression = regex::Regex::new(&format!("^{expression}$")).unwrap();
        prop_assert_eq!(glob(&pattern, &text), expression.is_match(&text));
    }

    #[test]
    fn any_text_is_judged(text in any::<String>()) {
        judged(&text, &at("hub", 22));
    }

    /// What was pinned is known, whatever stood there before.
    #[test]
    fn what_is_pinned_is_known(before in "((hub|box|\\*) (KEY|OTHER)\n){0,4}", port in 1_u16..100) {
        let text = before.replace("KEY", ONE).replace("OTHER", TWO);
        let host = at("hub", port);
        prop_assert_eq!(judged(&pin(&text, &host, &[key(ONE)]), &host), "known");
    }
}
