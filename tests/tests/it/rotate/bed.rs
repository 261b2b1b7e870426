//! A house with one secret of a provider, in five places, and a way to let time pass.
#![expect(clippy::disallowed_methods, reason = "files of a test's own house")]

use crate::cli::program::House;
use crate::rotation::stand_in::{Contract, Key, StandIn};
use serde_json::Value;
use std::fs;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

/// The places of the secret below the root, in the order of the plan.
pub(crate) const ENV: &str = "srv/app.env";
pub(crate) const JSON: &str = "srv/app.json";

/// A kind, and how the instance spells it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Case {
    pub(crate) contract: Contract,
    /// With `BASE` for the address.
    pub(crate) kind: &'static str,
    /// What stands beside it in `rotation`.
    pub(crate) more: &'static str,
}

/// Kinds that a program rotates by itself with one management key.
pub(crate) const CASES: [Case; 6] = [
    Case { contract: Contract::Openrouter, kind: "{openrouter: {base_url: \"BASE\"}}", more: "" },
    Case {
        contract: Contract::Openai,
        kind: "{openai: {project: proj_house, base_url: \"BASE\"}}",
        more: "",
    },
    Case {
        contract: Contract::Aws,
        kind: "{aws-iam: {user: house, base_url: \"BASE\", sts_url: \"BASE\"}}",
        more: "",
    },
    Case {
        contract: Contract::Tailscale,
        kind: "{tailscale: {tags: [\"tag:house\"], base_url: \"BASE\"}}",
        more: "",
    },
    Case {
        contract: Contract::Cloudflare,
        kind: "{cloudflare: {way: second, base_url: \"BASE\"}}",
        more: "",
    },
    Case {
        contract: Contract::Cloudflare,
        kind: "{cloudflare: {way: roll, base_url: \"BASE\"}}",
        more: ", destructive: {reason: one token}",
    },
];

pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    i64::try_from(since.as_secs()).expect("before the end of time")
}

/// A house and its provider.
pub(crate) struct Bed {
    pub(crate) house: House,
    pub(crate) provider: StandIn,
    /// The keys that were there, the one in use first.
    pub(crate) before: Vec<Key>,
}

impl Bed {
    pub(crate) fn new(case: Case) -> Self {
        Self::with(case, "")
    }

    /// With more in the section `rotation`.
    pub(crate) fn with(case: Case, more: &str) -> Self {
        let provider = StandIn::start(case.contract, now());
        let kind = case.kind.replace("BASE", &provider.base_url());
        let text = format!(
            "format: 1\ninstance: {{name: Bed, slug: bed, timezone: UTC}}\nusers: {{owner: operator}}\n\
             nodes: {{hub: {{type: hub, os: linux}}}}\nnetworks: {{lan: {{subnet: 192.168.1.0/24}}}}\n\
             secrets:\n  management: {{ref: \"file:management\", cleartext: {{reason: x}}}}\n  router:\n    \
             ref: \"file:router\"\n    caches: [\"age:router.age\", \"keychain:router/house\"]\n    \
             cleartext: {{reason: x}}\n    rotation_max_age_days: 90\n    rotation:\n      {{kind: {kind}, \
             management: management{}{more}, consumers: [{{env: {{path: /{ENV}, variable: ROUTER_KEY}}}}, \
             {{json: {{path: /{JSON}, key: models.providers.router.apiKey}}}}]}}\n",
            case.more
        );
        let house = House::new(&text);
        let before = provider.account().keys.clone();
        let value = before[0].value.clone();
        let mut management = provider.account().management.clone();
        if case.contract == Contract::Aws {
            management = format!("AKIDMANAGER:{management}");
        }
        house.fed(&["secrets", "set", "management", "--stdin"], management.as_bytes()).exits(0);
        house.fed(&["secrets", "set", "router", "--stdin"], value.as_bytes()).exits(0);
        house.put(ENV, &format!("# kept\nA=1\nROUTER_KEY={value}\n"), 0o600);
        let json = format!(
            "{{\n  \"models\": {{\"providers\": {{\"router\": {{\"apiKey\": \"{value}\", \"n\": 1.50}}}}}}\n}}\n"
        );
        house.put(JSON, &json, 0o600);
        Self { house, provider, before }
    }

    /// What every place holds, in the order of the plan.
    pub(crate) fn held(&self) -> Vec<String> {
        let mut held = Vec::new();
        let root = self.house.at("root");
        held.push(fs::read_to_string(root.join("etc/sanctum/secrets/router")).expect("the source"));
        // The two caches by what `secrets diff` says: the same as the source or not.
        let report = self.house.run(&["secrets", "diff", "router", "--json"]).json();
        let places = report["secrets"][0]["places"].as_array().expect("places").clone();
        for place in places.iter().skip(1) {
            let same = place["fingerprint"] == places[0]["fingerprint"];
            held.push(if same { held[0].clone() } else { self.other(&held[0]) });
        }
        let env = fs::read_to_string(root.join(ENV)).expect("the variables");
        let env = env.lines().find_map(|line| line.strip_prefix("ROUTER_KEY=")).expect("there");
        held.push(env.to_owned());
        let json: Value =
            serde_json::from_slice(&fs::read(root.join(JSON)).expect("JSON")).expect("JSON");
        let json = json["models"]["providers"]["router"]["apiKey"].as_str().expect("a text");
        held.push(json.to_owned());
        held
    }

    /// A place that differs from the source has the value before, or the new one: the one that the source has not.
    fn other(&self, source: &str) -> String {
        let before = &self.before[0].value;
        if before == source { "new".to_owned() } else { before.clone() }
    }

    /// Records of rotations on disk.
    pub(crate) fn records(&self) -> Vec<(PathBuf, Value)> {
        let dir = self.house.at("root/.sanctum/rotations");
        let Ok(entries) = fs::read_dir(dir) else { return Vec::new() };
        let paths = entries.map(|entry| entry.expect("an entry").path());
        let records = paths.filter(|path| path.extension().is_some_and(|end| end == "json"));
        records
            .map(|path| {
                let bytes = fs::read(&path).expect("a record");
                (path, serde_json::from_slice(&bytes).expect("JSON"))
            })
            .collect()
    }

    /// Lets that much time pass: for the records by moving what they remember back, for the provider by moving last uses.
    pub(crate) fn pass(&self, seconds: i64) {
        fn back(value: &mut Value, seconds: i64) {
            match value {
                Value::Object(map) => {
                    for (name, value) in map {
                        let is_time = matches!(
                            name.as_str(),
                            "begun" | "since" | "asked" | "written" | "not-before" | "told"
                        );
                        match value.as_i64() {
                            Some(at) if is_time => *value = Value::from(at - seconds),
                            _ => back(value, seconds),
                        }
                    }
                }
                Value::Array(list) => list.iter_mut().for_each(|value| back(value, seconds)),
                _ => {}
            }
        }
        for (path, mut record) in self.records() {
            back(&mut record, seconds);
            fs::write(path, serde_json::to_vec_pretty(&record).expect("JSON")).expect("written");
        }
        for key in &mut self.provider.account().keys {
            key.last_used = key.last_used.map(|at| at - seconds);
            key.created -= seconds;
        }
    }

    /// Runs the daily job until nothing is left to do, a day and a bit after the other.
    pub(crate) fn see_out(&self) {
        let mut said = String::new();
        for _ in 0..8 {
            self.pass(90_000);
            let ran = self.house.run(&["rotate", "--resume", "--wait", "5"]);
            assert!(matches!(ran.code, Some(0 | 3)), "{ran:?}");
            if self.records().iter().all(|(_, record)| over(record)) {
                return;
            }
            said = ran.stdout + &ran.stderr;
        }
        panic!("it never ends at {}: {said}\n{:?}", self.provider.base_url(), self.records());
    }
}

pub(crate) fn over(record: &Value) -> bool {
    ["done", "failed"].contains(&record["stage"]["at"].as_str().expect("a stage"))
}
