//! The kinds of credentials that the documents name, each made anew from what its provider says of its form: no rule is asked what it
//! would like to see. Whatever value comes out is covered in an output, and refused where it would be written.

use super::super::output::redact_output;
use super::{judge_write, no_dummy};
use crate::agents::json::Json;
use crate::agents::request::Decision;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::string::string_regex;
use proptest::test_runner::TestRunner;

/// Name, what stands in front of it, its form.
const KINDS: &[(&str, &str, &str)] = &[
    ("Anthropic API Key", "", "sk-ant-api03-[A-Za-z0-9_-]{93}AA"),
    ("GitHub Fine-grained PAT", "", "github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}"),
    ("GitHub PAT", "", "ghp_[A-Za-z0-9]{36}"),
    ("GitHub OAuth token", "", "gho_[A-Za-z0-9]{36}"),
    ("GitHub user-to-server token", "", "ghu_[A-Za-z0-9]{36}"),
    ("GitHub server-to-server token", "", "ghs_[A-Za-z0-9]{36}"),
    ("GitHub refresh token", "", "ghr_[A-Za-z0-9]{36}"),
    ("Stripe Secret Key", "", "sk_live_[A-Za-z0-9]{24}"),
    ("Stripe Secret Key, longer", "", "sk_live_51[A-Za-z0-9]{97}"),
    ("Stripe Secret Key, for tests", "", "sk_test_[A-Za-z0-9]{24}"),
    ("OpenAI API Key", "", "sk-[A-Za-z0-9]{48}"),
    ("OpenAI API Key of a project", "", "sk-proj-[A-Za-z0-9_-]{74}T3BlbkFJ[A-Za-z0-9_-]{73}A"),
    ("OpenRouter API Key", "", "sk-or-v1-[0-9a-f]{64}"),
    ("Google AI API Key", "", "AIza[A-Za-z0-9_-]{34}A"),
    ("AWS Secret Access Key", "aws_secret_access_key = ", "[A-Za-z0-9/+]{39}A"),
    ("AWS Access Key", "", "AKIA[A-Z2-7]{16}"),
    ("AWS Access Key of a session", "", "ASIA[A-Z2-7]{16}"),
    ("GitLab PAT", "", "glpat-[A-Za-z0-9]{20}"),
    ("Slack Bot Token", "", "xoxb-[1-9][0-9]{11}-[1-9][0-9]{12}-[A-Za-z0-9]{24}"),
    ("Slack User Token", "", "xoxp-[1-9][0-9]{11}-[1-9][0-9]{11}-[1-9][0-9]{11}-[0-9a-f]{32}"),
    ("Slack App Token", "", "xapp-1-A[A-Z0-9]{10}-[1-9][0-9]{12}-[0-9a-f]{64}"),
    ("SendGrid API Key", "", "SG\\.[A-Za-z0-9]{22}\\.[A-Za-z0-9]{43}"),
    (
        "JWT Token",
        "",
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9\\.eyJzdWIiOiI[A-Za-z0-9]{30}\\.[A-Za-z0-9_-]{42}A",
    ),
    ("Bearer Token", "Authorization: Bearer ", "[A-Za-z0-9]{40}"),
    (
        "Private Key",
        "",
        "-----BEGIN RSA PRIVATE KEY-----\n([A-Za-z0-9+/]{64}\n){12}-----END RSA PRIVATE KEY-----",
    ),
    (
        "Private Key of OpenSSH",
        "",
        "-----BEGIN OPENSSH PRIVATE KEY-----\n([A-Za-z0-9+/]{70}\n){6}-----END OPENSSH PRIVATE KEY-----",
    ),
    ("Connection String", "", "postgresql://app:[A-Za-z0-9]{14}@db\\.internal:5432/app"),
    ("Connection String, letters", "", "postgresql://app:[a-z]{14}@db\\.internal:5432/app"),
    (
        "Connection String of Neon",
        "",
        "postgresql://owner:npg_[A-Za-z0-9]{12}@ep-a-b\\.internal/neondb",
    ),
    ("npm Token", "", "npm_[A-Za-z0-9]{36}"),
    ("PyPI Token", "", "pypi-AgEIcHlwaS5vcmc[A-Za-z0-9_-]{139}A"),
    ("DigitalOcean PAT", "", "dop_v1_[0-9a-f]{64}"),
    ("Datadog API Key", "DD_API_KEY=", "[0-9a-f]{32}"),
    (
        "Azure SAS Token",
        "",
        "https://a\\.blob\\.core\\.windows\\.net/c\\?sv=2022-11-02&sp=rl&sig=[A-Za-z0-9]{43}%3D",
    ),
    ("Vercel Token", "VERCEL_TOKEN=", "[0-9][A-Za-z0-9]{22}[A-Z]"),
    ("Vercel Token by its name", "", "vercel_[A-Za-z0-9]{24}"),
    ("Docker Hub PAT", "", "dckr_pat_[A-Za-z0-9]{27}"),
    ("Hashicorp Vault Token", "", "hvs\\.[A-Za-z0-9]{90}"),
    ("Hugging Face Token", "", "hf_[A-Za-z0-9]{34}"),
    ("Shopify Token", "", "shpat_[0-9a-f]{32}"),
    ("Linear API Key", "", "lin_api_[A-Za-z0-9]{40}"),
    (
        "Supabase Service Key",
        "",
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9\\.eyJpc3MiOiJzdXBhYmFzZSIsInJlZiI6I[A-Za-z0-9]{60}\\.[A-Za-z0-9_-]{42}A",
    ),
    ("PlanetScale Token", "", "pscale_tkn_[A-Za-z0-9]{43}"),
    ("Fly.io Token", "FLY_API_TOKEN=", "FlyV1 fm2_[A-Za-z0-9+/]{200}"),
    (
        "Railway Token",
        "RAILWAY_TOKEN=",
        "[1-9a-f][0-9a-f]{7}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}",
    ),
    ("Render Token", "", "rnd_[A-Za-z0-9]{32}"),
    ("Terraform Cloud Token", "", "[A-Za-z0-9]{14}\\.atlasv1\\.[A-Za-z0-9]{67}"),
    ("Mailgun API Key", "", "key-[0-9a-f]{32}"),
    ("Grafana Service Account Token", "", "glsa_[A-Za-z0-9]{32}_[0-9a-f]{8}"),
    (
        "Neon DB Connection String",
        "",
        "postgres://u:npg_[A-Za-z0-9]{11}[0-9]@ep-cool-1234\\.eu-central-1\\.aws\\.neon\\.tech/db",
    ),
];

/// Values of each kind.
const EACH: usize = 24;

#[test]
fn every_named_kind_is_covered_and_refused_whatever_its_value() {
    let mut runner = TestRunner::default();
    let mut missed = Vec::new();
    for (name, before, form) in KINDS {
        let values = string_regex(form).expect("a form");
        for _ in 0..EACH {
            let value = values.new_tree(&mut runner).expect("a value").current();
            let text = format!("line\n{before}{value}\nend\n");
            let (covered, found) = redact_output(&Json::Text(text.clone()), &no_dummy);
            let shown = covered.to_string();
            // The end of every form here is drawn by chance.
            let tail: String = value.chars().rev().skip(30).take(8).collect();
            let gone = !found.is_empty()
                && !shown.contains(&value)
                && (tail.len() < 8 || !shown.contains(&tail));
            let refused = judge_write("/home/a/project/src/a.py", &text) == Decision::Deny;
            if !gone || !refused {
                missed.push(format!("{name}: covered {gone}, refused {refused}: {text:?}"));
            }
        }
    }
    assert!(missed.is_empty(), "{} missed, such as {}", missed.len(), missed[0]);
}

/// An identity of age carries a sum, so it comes from the examples.
#[test]
fn an_identity_of_age_is_covered_and_refused() {
    let rules = crate::format::read_rules().expect("the rules");
    let age = rules.iter().find(|rule| rule.id.contains("age-identity")).expect("the rule of age");
    for example in &age.positive {
        let text = example.0.concat().replace(['⟦', '⟧'], "");
        let (_, found) = redact_output(&Json::Text(text.clone()), &no_dummy);
        assert_eq!(found.values().sum::<usize>(), 1, "{text}");
        assert_eq!(judge_write("/home/a/project/key.txt", &text), Decision::Deny);
    }
}

/// What merely stands where a token would is nobody's secret.
#[test]
fn stand_ins_and_sums_pass() {
    for text in [
        "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "sk-your-key-goes-here-and-nowhere-else-at-all",
        "npm_config_registry=https://registry.example",
        "integrity sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==",
        "commit 3b18e512dba79e4c8300dd08aeb37f8e728b8dad",
        "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08  a.tar.gz",
        "restored cache-key-9e107d9d372bb6826bd81d3542a419d6",
        "class=\"task-list-item disk-usage-over-time-in-megabytes\"",
    ] {
        let (_, found) = redact_output(&Json::Text(text.to_owned()), &no_dummy);
        assert!(found.is_empty(), "{text}: {found:?}");
    }
}
