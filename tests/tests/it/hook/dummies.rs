//! Fake secrets of tests: exactly those that were minted pass.

use super::bed::{Bed, token};
use sanctum_tests::need;
use serde_json::json;

#[test]
fn exactly_a_registered_dummy_passes_until_it_is_revoked() {
    let _setpriv = need!("setpriv");
    for kind in ["aws", "github", "anthropic", "openai", "openrouter", "stripe"] {
        let bed = Bed::new();
        let said = bed
            .run(&["hooks", "dummy", "mint", kind, "--note", "a test's", "--json"], b"")
            .exits(0)
            .json();
        let text = |name: &str| said[name].as_str().expect("a text").to_owned();
        let (name, value) = (text("name"), text("value"));
        let write = |value: &str| {
            let content = format!("key = \"{value}\"\n");
            bed.hook(&["pre-write"], &json!({"path": "/srv/project/test.py", "content": content}))
                .code
        };
        assert_eq!(write(&value), Some(0), "{kind}");
        // Another one of its kind, which is registered elsewhere.
        let other =
            Bed::new().run(&["hooks", "dummy", "mint", kind, "--json"], b"").exits(0).json();
        assert_eq!(write(other["value"].as_str().expect("a text")), Some(2), "{kind}");
        let post = bed.hook(
            &["post-bash"],
            &json!({"command": "x", "stdout": value, "stderr": "", "exit_code": 0}),
        );
        assert!(!post.stdout.contains("covered"), "{kind}: {post:?}");
        let file = "home/.sanctum/state/hooks/dummies.json";
        assert_eq!(bed.mode(file), 0o600);
        assert!(!bed.read(file).contains(&value), "{kind}");
        let listed = bed.run(&["hooks", "dummy", "list"], b"").exits(0);
        assert!(listed.stdout.contains(&name) && !listed.stdout.contains(&value), "{listed:?}");
        bed.run(&["hooks", "dummy", "revoke", &name], b"").exits(0);
        assert_eq!(write(&value), Some(2), "{kind}");
        bed.run(&["hooks", "dummy", "revoke", &name], b"").exits(2);
    }
}

#[test]
fn a_register_that_cannot_be_read_lets_nothing_pass() {
    let _setpriv = need!("setpriv");
    let bed = Bed::new();
    bed.run(&["hooks", "dummy", "mint", "aws"], b"").exits(0);
    bed.write("home/.sanctum/state/hooks/dummies.json", "{");
    let content = format!("key = \"{}\"\n", token());
    bed.hook(&["pre-write"], &json!({"path": "/srv/project/test.py", "content": content})).exits(2);
    bed.run(&["hooks", "dummy", "list"], b"").exits(4);
}
