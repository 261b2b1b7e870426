//! `sanctum alerts` as a person runs it.

use super::peers::{Peer, answer, ntfy};
use crate::cli::program::{House, Ran, SMALL, sanctum};
use serde_json::json;

fn house(phone: &Peer) -> House {
    let channels = format!(
        "\nalerts:\n  channels:\n    - {{name: phone, via: {{ntfy: {{url: \"{}\", topic: house}}}}}}\n    \
         - {{name: gone, via: {{ntfy: {{url: \"http://127.0.0.1:1\", topic: house}}}}}}\n",
        phone.url("")
    );
    House::new(&format!("{SMALL}{channels}"))
}

#[test]
fn a_test_tells_each_outcome_as_it_is() {
    let phone = ntfy(None);
    let house = house(&phone);
    let ran = house.run(&["alerts", "test"]).exits(3);
    assert!(ran.stdout.contains("phone         delivered"), "{}", ran.stdout);
    assert!(
        ran.stdout.contains("gone          not delivered: cannot reach 127.0.0.1"),
        "{}",
        ran.stdout
    );
    let report = house.run(&["alerts", "test", "--channel", "phone", "--json"]).exits(0).json();
    assert_eq!(report["tests"].as_array().expect("a list").len(), 1);
    assert_eq!(report["tests"][0]["delivered"], json!(true));
    house.run(&["alerts", "test", "--channel", "fone"]).exits(2).says("it has: phone, gone");
    assert_eq!(phone.asked().len(), 2);
}

#[test]
fn a_proxy_of_the_environment_is_not_asked() {
    let phone = ntfy(None);
    let proxy = Peer::new(|_| answer("502 Bad Gateway", &json!({})));
    let house = house(&phone);
    let mut command = house.command(sanctum());
    for name in ["http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy", "https_proxy"] {
        command.env(name, proxy.url(""));
    }
    let arguments = house.arguments(&["alerts", "test", "--channel", "phone"]);
    Ran::of(&command.args(arguments).output().expect("sanctum starts")).exits(0);
    assert_eq!((phone.asked().len(), proxy.asked().len()), (1, 0));
}

#[test]
fn nothing_told_yet_is_said_so() {
    let house = house(&ntfy(None));
    assert!(house.run(&["alerts", "list"]).exits(0).stdout.contains("nothing waits"));
    assert!(house.run(&["alerts", "history"]).exits(0).stdout.contains("nothing was sent yet"));
    let status = house.run(&["alerts", "status", "--json"]).exits(0).json();
    assert_eq!(status["channels"][1]["name"], "gone");
    assert_eq!(status["summary"]["tally"]["sent"], 0);
}
