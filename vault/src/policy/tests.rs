//! Tables of what is allowed.

use super::approval::Approval;
use super::{Action, Allowed, Ask, Denied, Rules, judge};
use crate::identity::AgentName;
use crate::operation::http::Outgoing;
use crate::path::SecretPath;
use sanctum_types::UnixTime;
use serde_json::{Value, json};

/// 2026-03-29T00:30:00Z, half an hour before Berlin's clocks go from 02:00 to 03:00.
const SPRING: i64 = 1_774_744_200;

fn rules(all: &Value) -> Rules {
    serde_json::from_value(all.clone()).unwrap()
}

fn asked(
    rules: &Rules,
    (agent, path, action): (&str, &str, &str),
    at: i64,
) -> Result<Allowed, Denied> {
    let agent = AgentName::new(agent).unwrap();
    let path = SecretPath::new(path).unwrap();
    let action = Action::try_from(action.to_owned()).unwrap();
    judge(
        rules,
        Ask { agent: &agent, path: &path, action: &action, at: UnixTime(at), target: None },
    )
}

#[test]
fn nothing_is_allowed_unless_a_rule_says_so() {
    let one = rules(&json!({
        "ci": { "agents": ["ci-*"], "paths": ["deploy/*"], "actions": ["list", "use:sign"] },
        "all": { "agents": ["root"], "paths": ["**"], "actions": ["use:*"] },
        "off": { "agents": ["*"], "paths": ["**"], "actions": ["retrieve"], "enabled": false },
    }));
    for (ask, allowed) in [
        (("ci-1", "deploy/key", "list"), true),
        (("ci-1", "deploy/key", "use:sign"), true),
        (("ci-1", "deploy/key", "use:encrypt"), false),
        (("ci-1", "deploy/key", "retrieve"), false),
        (("ci-1", "deploy/key", "store"), false),
        (("ci-1", "deploy/a/key", "list"), false),
        (("ci-1", "other", "list"), false),
        (("ci", "deploy/key", "list"), false),
        (("root", "deploy/a/key", "use:http_header"), true),
        (("root", "deploy/a/key", "retrieve"), false),
        (("root", "deploy/a/key", "list"), false),
    ] {
        assert_eq!(asked(&one, ask, 0).is_ok(), allowed, "{ask:?}");
    }
    assert_eq!(asked(&Rules::new(), ("a", "b", "list"), 0), Err(Denied));
}

#[test]
fn the_strictest_limits_hold() {
    let both = rules(&json!({
        "a": { "agents": ["x"], "paths": ["p"], "actions": ["retrieve"], "per_hour": 9, "lease_uses": 3 },
        "b": { "agents": ["x"], "paths": ["p"], "actions": ["retrieve"], "max_ttl": 60, "per_hour": 5, "lease_uses": 4 },
        "c": { "agents": ["x"], "paths": ["q"], "actions": ["retrieve"], "max_ttl": 10 },
        "d": { "agents": ["x"], "paths": ["r"], "actions": ["retrieve"], "max_ttl": 999_999 },
    }));
    let allowed = asked(&both, ("x", "p", "retrieve"), 0).unwrap();
    assert_eq!((allowed.max_ttl, allowed.lease_uses), (60, Some(3)));
    assert_eq!(allowed.per_hour, [("a".to_owned(), 9), ("b".to_owned(), 5)]);
    assert_eq!(asked(&both, ("x", "r", "retrieve"), 0).unwrap().max_ttl, 86_400);
}

#[test]
fn hours_are_those_of_the_zone_also_over_midnight() {
    let open = |from: &str, to: &str, zone: &str, at: i64| {
        let window = json!({ "from": from, "to": to, "zone": zone });
        let one = json!({ "a": { "agents": ["x"], "paths": ["p"], "actions": ["list"], "window": window } });
        asked(&rules(&one), ("x", "p", "list"), at).is_ok()
    };
    for (from, to, zone, at, is_open) in [
        ("00:00", "01:00", "UTC", SPRING, true),
        ("00:30", "00:31", "UTC", SPRING, true),
        ("00:31", "01:00", "UTC", SPRING, false),
        ("00:00", "00:30", "UTC", SPRING, false),
        ("22:00", "06:00", "UTC", SPRING, true),
        ("22:00", "00:30", "UTC", SPRING, false),
        ("09:00", "17:00", "UTC", SPRING, false),
        ("01:00", "02:00", "Europe/Berlin", SPRING, true),
        // An hour later it is 03:30 there, and half past two never was.
        ("02:00", "03:00", "Europe/Berlin", SPRING + 3600, false),
        ("03:00", "04:00", "Europe/Berlin", SPRING + 3600, true),
        ("20:00", "21:00", "America/New_York", SPRING, true),
        ("05:00", "05:00", "UTC", SPRING, false),
    ] {
        assert_eq!(open(from, to, zone, at), is_open, "{from} {to} {zone}");
    }
    for (from, to, zone) in
        [("24:00", "01:00", "UTC"), ("1:00", "02:00", "UTC"), ("01:00", "02:00", "Nowhere/City")]
    {
        let window = json!({ "from": from, "to": to, "zone": zone });
        let one = json!({ "agents": [], "paths": [], "actions": [], "window": window });
        assert!(serde_json::from_value::<super::Rule>(one).is_err(), "{from} {to} {zone}");
    }
}

#[test]
fn actions_have_one_spelling() {
    for bad in ["", "use", "use:", "Retrieve", "delete", "use:a b", "use:**", "*"] {
        assert!(Action::try_from(bad.to_owned()).is_err(), "{bad}");
    }
}

#[test]
fn a_request_goes_where_one_rule_says_so_altogether() {
    let all = rules(&json!({
        "api": {
            "agents": ["x"], "paths": ["k"], "actions": ["use:http_request"],
            "domains": ["api.example", "*.cdn.example:8443"], "methods": ["GET"],
        },
        "post": {
            "agents": ["x"], "paths": ["k"], "actions": ["use:*"], "domains": ["hook.example"],
            "methods": ["POST"], "addresses": ["10.0.0.0/8"],
        },
        "nowhere": { "agents": ["y"], "paths": ["k"], "actions": ["use:*"] },
    }));
    let ask = |agent: &str, method: &str, url: &str| {
        let agent = AgentName::new(agent).unwrap();
        let path = SecretPath::new("k").unwrap();
        let action = Action::of_use("http_request");
        let going = Outgoing::new(method, url, Vec::new(), Vec::new()).unwrap();
        let target = Some(going.target());
        judge(&all, Ask { agent: &agent, path: &path, action: &action, at: UnixTime(0), target })
    };
    for (method, url, allowed) in [
        ("GET", "https://api.example/v1", true),
        ("GET", "https://API.example.:443/v1", true),
        ("POST", "https://api.example/v1", false),
        ("GET", "https://hook.example/", false),
        ("POST", "https://hook.example/", true),
        ("GET", "https://api.example:8443/", false),
        ("GET", "https://a.api.example/", false),
        ("GET", "https://evilapi.example/", false),
        ("GET", "https://api.example.evil.example/", false),
        ("GET", "https://a.cdn.example:8443/", true),
        ("GET", "https://a.b.cdn.example:8443/", false),
        ("GET", "https://cdn.example:8443/", false),
        ("GET", "https://a.cdn.example/", false),
    ] {
        assert_eq!(ask("x", method, url).is_ok(), allowed, "{method} {url}");
        assert!(ask("y", method, url).is_err(), "{method} {url}");
    }
    assert!(ask("x", "GET", "https://api.example").unwrap().addresses.is_empty());
    assert_eq!(ask("x", "POST", "https://hook.example").unwrap().addresses.len(), 1);
    assert!(asked(&all, ("x", "k", "use:http_request"), 0).is_ok());
    assert_eq!(asked(&all, ("y", "k", "use:http_request"), 0), Err(Denied));
}

#[test]
fn one_rule_that_wants_an_approval_is_enough_and_the_strictest_counts() {
    let all = rules(&json!({
        "open": { "agents": ["x"], "paths": ["**"], "actions": ["list", "retrieve", "use:*", "store"] },
        "hour": { "agents": ["x"], "paths": ["p", "q"], "actions": ["list", "retrieve"], "approval": 60 },
        "ten": { "agents": ["x"], "paths": ["p"], "actions": ["retrieve", "use:sign"], "approval": 10 },
        "each": { "agents": ["x"], "paths": ["p"], "actions": ["use:sign", "store"], "approval": true },
        "off": { "agents": ["x"], "paths": ["**"], "actions": ["retrieve"], "approval": true, "enabled": false },
    }));
    for (path, action, approval) in [
        ("q", "retrieve", Some(Approval::Minutes(60))),
        ("p", "retrieve", Some(Approval::Minutes(10))),
        ("p", "use:sign", Some(Approval::EachTime)),
        ("p", "store", Some(Approval::EachTime)),
        ("p", "use:encrypt", None),
        ("p", "list", None),
        ("r", "retrieve", None),
    ] {
        let found = asked(&all, ("x", path, action), 0).unwrap().approval;
        assert_eq!(found, approval, "{path} {action}");
    }
    for (said, read) in [
        (json!(true), Some(Approval::EachTime)),
        (json!(1), Some(Approval::Minutes(1))),
        (json!(1440), Some(Approval::Minutes(1440))),
        (json!(false), None),
        (json!(0), None),
        (json!(1441), None),
        (json!(-1), None),
        (json!("yes"), None),
    ] {
        let found = serde_json::from_value::<Approval>(said.clone()).ok();
        assert_eq!(found, read, "{said}");
        assert!(found.is_none_or(|found| serde_json::to_value(found).unwrap() == said));
    }
}
