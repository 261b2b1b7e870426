//! Single verbs: what they refuse, and the shape of their reports.
#![expect(clippy::disallowed_methods, reason = "files are arranged from outside")]

use super::bed::HOUSE;
use crate::cli::program::House;
use serde_json::json;
use std::fs;

fn house() -> House {
    let house = House::new(HOUSE);
    house.fed(&["secrets", "set", "gateway-token", "--stdin"], b"one-two-three\n").exits(0);
    house
}

#[test]
fn what_cannot_be_done_says_what_can() {
    let house = house();
    for (verb, code, says) in [
        (&["secrets", "get", "gatway-token", "--stdout"][..], 2, "did you mean `gateway-token`?"),
        (&["secrets", "get", "tls-key", "--stdout"], 1, "sanctum secrets set tls-key"),
        (&["secrets", "set", "tls-key"], 4, "--stdin"),
        (&["secrets", "rm", "gateway-token"], 4, "--yes"),
        (&["secrets", "sync", "nothing"], 2, "the instance declares no secret of that name"),
        (&["secrets", "copy", "gateway-token"], 2, "--terminal"),
        (&["secrets", "stolen", "shed"], 2, "the instance has no node `shed`"),
        (&["secrets", "export", "--to", "somebody", "--out", "x.age"], 2, "age1"),
        (&["secrets", "exec", "--service", "nothing"], 2, "declares no service"),
        (&["secrets", "drill", "house.yaml"], 1, "does not open"),
    ] {
        house.run(verb).exits(code).says(says);
    }
    house
        .fed(&["secrets", "set", "tls-key", "--stdin"], b"\n")
        .exits(4)
        .says("an empty value is no secret");
    // A value in the place of a name is not repeated.
    let ran = house.run(&["secrets", "get", "hunter2-is-a-value", "--stdout"]).exits(2);
    assert!(!ran.stderr.contains("hunter2"), "{}", ran.stderr);
}

#[test]
fn two_values_for_one_secret_are_not_imported() {
    let house = house();
    let file = house.at("home/.env");
    let path = file.to_str().expect("a path");
    // The second would replace the first, in the store and, with the file gone, everywhere.
    for text in ["TLS_KEY=first\ntls_key=second\n", "TLS_KEY=first\nOTHER=second\n"] {
        fs::write(&file, text).expect("a file");
        let import =
            ["secrets", "import", path, "--replace", "--remove", "--yes", "--as", "OTHER=tls-key"];
        house.run(&import).exits(4).says("both to become `tls-key`");
        assert_eq!(fs::read_to_string(&file).expect("it is there"), text);
        house.run(&["secrets", "get", "tls-key", "--stdout"]).exits(1);
    }
    fs::write(&file, "TLS_KEY=once\ntls_key=once\n").expect("a file");
    house.run(&["secrets", "import", path, "--remove", "--yes"]).exits(0);
    assert!(!file.exists());
    // One that the store has already counts too.
    fs::write(&file, "TLS_KEY=once\nOTHER=second\n").expect("a file");
    let import = ["secrets", "import", path, "--replace", "--yes", "--as", "OTHER=tls-key"];
    house.run(&import).exits(4).says("both to become");
}

#[test]
fn what_goes_over_a_descriptor_is_said_for_a_service_too() {
    let house = house();
    let run = |fd: &str| house.run(&["secrets", "exec", "--service", "gateway", "--fd", fd]);
    let ran = run("gatewy-token").exits(2).says("--fd takes secrets that service `gateway` reads");
    assert!(!ran.stdout.contains("one-two-three"), "{}", ran.stdout);
    let ran = run("gateway-token").exits(0);
    assert!(ran.stdout.contains("GATEWAY_TOKEN_FD=") && !ran.stdout.contains("one-two-three"));
    // A variable that is another secret's pipe.
    let twice = ["secrets", "exec", "--fd", "gateway-token", "--env", "GATEWAY_TOKEN_FD=tls-key"];
    let ran = house.runs(&twice, &["env"]).exits(2);
    ran.says("two secrets want the variable GATEWAY_TOKEN_FD");
}

#[test]
fn a_source_that_is_empty_is_not_filled_from_a_cache_by_itself() {
    let house = house();
    let store = house.at("root/etc/sanctum/secrets/.store.age");
    let kept = fs::read(&store).expect("the store");
    fs::remove_file(&store).expect("it was there");
    house
        .run(&["secrets", "sync", "--yes"])
        .exits(4)
        .says("the source of `gateway-token` is empty while a cache of it is not");
    house.run(&["secrets", "diff"]).exits(3);
    fs::write(&store, kept).expect("the store");
    fs::set_permissions(&store, std::os::unix::fs::PermissionsExt::from_mode(0o600))
        .expect("a mode");
    house.run(&["secrets", "diff", "gateway-token"]).exits(0);
}

#[test]
fn reports_hold_places_and_short_fingerprints() {
    let house = house();
    let list = house.run(&["secrets", "list", "--json"]).exits(0).json();
    let token = list["secrets"]
        .as_array()
        .expect("a list")
        .iter()
        .find(|one| one["secret"] == "gateway-token");
    let token = token.expect("it is listed");
    assert_eq!(token["standing"], "agrees");
    assert_eq!(token["consumers"], json!(["gateway"]));
    assert_eq!(token["cleartext"], "the gateway starts with nobody there");
    let far = list["secrets"]
        .as_array()
        .expect("a list")
        .iter()
        .find(|one| one["secret"] == "far")
        .expect("far");
    assert_eq!((&far["standing"], &far["places"][0]["state"]), (&json!(null), &json!(null)));
    let diff = house.run(&["secrets", "diff", "gateway-token", "--json"]).exits(0).json();
    let print = |n: usize| {
        diff["secrets"][0]["places"][n]["fingerprint"].as_str().expect("a fingerprint").to_owned()
    };
    assert_eq!((print(0).len(), print(0)), (8, print(2)));
    let plan = house.run(&["secrets", "stolen", "--disk", "--json"]).exits(3).json();
    assert_eq!(
        (&plan["format"], &plan["taken"], &plan["at_rest"]),
        (&json!(1), &json!("disk"), &json!("undeclared"))
    );
    assert_eq!(plan["steps"][0]["order"], 1);
    let keys = house.run(&["keys", "list", "--json"]).exits(0).json();
    let identity = &keys["keys"][0];
    assert_eq!(
        (&identity["id"], &identity["places"][0]["mode"]),
        (&json!("age-identity"), &json!("0600"))
    );
}

#[test]
fn the_doctor_tells_of_what_the_verbs_left() {
    let house = house();
    let outcome = |id: &str| {
        let report = house.run(&["doctor", "--only", "secrets", "--json"]).json();
        let lints = report["lints"]["verdicts"].as_array().expect("verdicts");
        let lint =
            lints.iter().find(|lint| lint["id"] == id).unwrap_or_else(|| panic!("no {id}")).clone();
        lint["outcome"].as_str().expect("an outcome").to_owned()
    };
    assert_eq!(outcome("secrets/source-present"), "violated");
    house.fed(&["secrets", "set", "tls-key", "--stdin"], b"a-key-of-some-length").exits(0);
    assert_eq!(outcome("secrets/source-present"), "holds");
    assert_eq!(outcome("secrets/caches-agree"), "holds");
    assert_eq!(outcome("secrets/p0-unattended"), "holds");
    assert_eq!(outcome("secrets/cleartext-declared"), "holds");
    assert_eq!(outcome("secrets/recovery-rehearsed"), "violated");
    assert_eq!(outcome("secrets/value-in-config"), "holds");
    house.put("etc/sanctum/secrets/gateway-token", "another", 0o600);
    assert_eq!(outcome("secrets/caches-agree"), "violated");
    house.put("etc/sanctum/secrets/gateway-token", "another", 0o644);
    assert_eq!(outcome("secrets/caches-agree"), "could-not-look");
    house.instance(&HOUSE.replace("name: Bed", "name: a-key-of-some-length"));
    assert_eq!(outcome("secrets/value-in-config"), "violated");
}
