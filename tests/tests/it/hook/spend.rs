//! What is read from the output of a command that ran: the use of paid interfaces, as data, and crates that run a script.

use super::bed::Bed;
use sanctum_tests::need;
use serde_json::json;

#[test]
fn tokens_by_model_are_told_and_only_of_what_has_run() {
    let _setpriv = need!("setpriv");
    let bed = Bed::new();
    bed.run(&["hooks", "install", "claude"], b"").exits(0);
    let answer = json!({
        "id": "m", "model": "claude-x", "usage": {"input_tokens": 1200, "output_tokens": 34, "cache_read_input_tokens": 5},
    });
    let post = |stdout: &str| {
        let input = json!({"command": "curl x", "stdout": stdout, "stderr": "", "exit_code": 0});
        bed.hook(&["post-bash"], &input).exits(0);
    };
    post(&answer.to_string());
    post("nothing of the kind");
    bed.hook(&["pre-bash"], &json!({"command": format!("echo '{answer}'")}));
    let said = bed.run(&["audit", "--json"], b"").json();
    let all = said["entries"].as_array().expect("entries").iter();
    let told: Vec<String> =
        all.filter_map(|one| Some(one["details"]["usage"].as_str()?.to_owned())).collect();
    assert_eq!(told, ["anthropic claude-x in=1200 cached=5 written=0 out=34"]);
}

#[test]
fn a_crate_that_cargo_fetched_is_remarked_where_its_sources_bring_a_script() {
    let _setpriv = need!("setpriv");
    let bed = Bed::new();
    let sources = "home/.cargo/registry/src/index-0";
    bed.tree(&format!("{sources}/ring-0.17.8/Cargo.toml"), "[package]\nbuild = \"build.rs\"\n");
    bed.tree(&format!("{sources}/cfg-if-1.0.0/Cargo.toml"), "[package]\nbuild = false\n");
    let told = || {
        let said = "  Downloaded ring v0.17.8\n  Downloaded cfg-if v1.0.0\n   Compiling cfg-if v1.0.0\n   Compiling ring v0.17.8\n";
        let input = json!({"command": "cargo build", "stdout": "", "stderr": said, "exit_code": 0});
        bed.hook(&["post-bash"], &input).exits(0).json()["context"].clone()
    };
    assert_eq!(told(), json!("sanctum: new crates run a build.rs: ring"));
    bed.tree("home/.sanctum/config.toml", "[sentinel.cargo]\nallowlist = [\"ring\"]\n");
    assert_eq!(told(), json!(null));
    bed.tree("home/.sanctum/config.toml", "[sentinel.cargo]\nwarn_build_scripts = false\n");
    assert_eq!(told(), json!(null));
}
