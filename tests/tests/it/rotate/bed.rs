//! A house with one secret of a provider, in five places, and a way to let time pass.
#![expect(clippy::disallowed_methods, reason = "files of a test's own house")]

use super::program::Folder;
use crate::cli::program::{House, Ran};
use crate::cli::tree;
use crate::rotation::stand_in::{Account, Awaited, Contract, Key, StandIn};
use sanctum_secrets::resolve::{Places, resolve_line};
use sanctum_types::{AbsPath, SecretRef};
use serde_json::Value;
use std::cell::RefCell;
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

/// A program of the owner's: `PROGRAM` is where it is.
pub(crate) const COMMAND: Case = Case {
    contract: Contract::Openrouter,
    kind: "{command: {program: \"PROGRAM\", lists: true, disables: true, tells_last_use: true}}",
    more: "",
};

/// The same without a list: a lost answer needs a person.
pub(crate) const BLIND: Case = Case { kind: "{command: {program: \"PROGRAM\"}}", ..COMMAND };

/// A person pastes what he made at a page, and takes the old one away there.
pub(crate) const MANUAL: Case = Case {
    contract: Contract::Openrouter,
    kind: "{manual: {create_url: \"https://provider.example/keys\", min_length: 20, verify: {url: \"BASE/key\", prefix: \"Bearer \"}}}",
    more: "",
};

/// A person pastes what he made at a page; the interface takes the old one away.
pub(crate) const ANTHROPIC: Case =
    Case { contract: Contract::Anthropic, kind: "{anthropic: {base_url: \"BASE\"}}", more: "" };

/// What `sanctum rotate` asks a person for.
pub(crate) const QUESTION: &str = "the new value of `router`";

/// Longer than every pause, overlap and soak (`Policy`): each run goes as far as it gets without the next one.
pub(crate) const LONG: i64 = 8 * 86_400;
/// Runs until a rotation is over: two without faults, five to use up the tries of a step, as many to undo it.
const RUNS: usize = 16;

pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    i64::try_from(since.as_secs()).expect("before the end of time")
}

impl Case {
    /// Whether a person makes the value.
    pub(crate) fn is_by_hand(self) -> bool {
        self.kind.contains("manual") || self.kind.contains("anthropic")
    }

    /// Whether the old value dies with the mint: declared, and until the next run no place may have a valid one.
    pub(crate) fn is_roll(self) -> bool {
        self.more.contains("destructive")
    }
}

/// A house and its provider.
pub(crate) struct Bed {
    pub(crate) case: Case,
    pub(crate) house: House,
    pub(crate) provider: StandIn,
    /// The provider of kind `command`.
    pub(crate) program: Option<Folder>,
    /// What a person made, where one makes the value; he pastes the last one.
    made: RefCell<Vec<String>>,
    /// The keys that were there, the one in use first.
    pub(crate) before: Vec<Key>,
}

/// All that a rotation changes, as it was.
pub(crate) struct Moment {
    root: tempfile::TempDir,
    account: Account,
    program: Option<Vec<(PathBuf, Vec<u8>)>>,
}

impl Bed {
    pub(crate) fn new(case: Case) -> Self {
        Self::with(case, "")
    }

    /// A house that somebody else built.
    pub(crate) fn around(case: Case, house: House, provider: StandIn, before: Vec<Key>) -> Self {
        Self { case, house, provider, program: None, made: RefCell::default(), before }
    }

    /// With more in the section `rotation`.
    pub(crate) fn with(case: Case, more: &str) -> Self {
        let provider = StandIn::start(case.contract, now());
        let (value, mut management) = {
            let account = provider.account();
            (account.keys[0].value.clone(), account.management.clone())
        };
        let program = case.kind.contains("PROGRAM").then(|| Folder::new(&value, &management));
        let mut kind = case.kind.replace("BASE", &provider.base_url());
        if let Some(program) = &program {
            kind = kind.replace("PROGRAM", program.program().to_str().expect("UTF-8"));
        }
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
        let keys = || provider.account().keys.clone();
        let before = program.as_ref().map_or_else(keys, Folder::keys);
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
        let bed = Self { program, ..Self::around(case, house, provider, before) };
        if case.is_by_hand() {
            bed.person_makes_one();
        }
        bed
    }

    /// A person makes a value as soon as he is asked for it: a key that was in the list before is taken for none that is
    /// new.
    pub(crate) fn person_makes_one(&self) {
        let mut account = self.provider.account();
        let key = self.case.contract.make(&mut account, "made by hand", Value::Null);
        account.keys.pop();
        let records = self.house.at("root/.sanctum/rotations");
        account.awaited = Some(Awaited { key: key.clone(), records });
        self.made.borrow_mut().push(key.value);
    }

    /// What a person would paste.
    pub(crate) fn pasted(&self) -> Option<String> {
        self.made.borrow().last().cloned()
    }

    /// Whether a person made that value.
    pub(crate) fn is_made(&self, value: &str) -> bool {
        self.made.borrow().iter().any(|made| made == value)
    }

    /// What every place holds, in the order of the plan.
    pub(crate) fn held(&self) -> Vec<String> {
        let mut held = Vec::new();
        let root = self.house.at("root");
        held.push(fs::read_to_string(root.join("etc/sanctum/secrets/router")).expect("the source"));
        let mut places = Places::machine(&root).expect("places");
        // `age:` starts beside the instance of the machine.
        places.base = AbsPath::new("/etc/sanctum").expect("a path");
        for cache in ["age:router.age", "keychain:router/house"] {
            let cache = SecretRef::parse(cache).expect("a reference");
            held.push(resolve_line(&cache, &places).expect("a value").expose().clone());
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
        let mut account = self.provider.account();
        account.now = now();
        for key in &mut account.keys {
            key.last_used = key.last_used.map(|at| at - seconds);
            key.created -= seconds;
        }
    }

    /// Whether the provider takes that value.
    pub(crate) fn is_valid(&self, value: &str) -> bool {
        self.keys().iter().any(|key| key.is_valid() && key.value == value)
    }

    /// The keys that are not removed, whether they are switched off or not.
    pub(crate) fn keys(&self) -> Vec<Key> {
        let account = || self.provider.account().alive().into_iter().cloned().collect();
        self.program.as_ref().map_or_else(account, Folder::keys)
    }

    /// A person at a terminal, who has the value that is asked for.
    pub(crate) fn by_person(&self, verb: &[&str]) -> Ran {
        let pasted = self.pasted().expect("a kind that asks a person");
        self.house.typed(verb, &[(QUESTION, pasted.as_str()); 5])
    }

    /// All that a rotation changes.
    pub(crate) fn moment(&self) -> Moment {
        let root = crate::cli::program::folder();
        tree::copy(&self.house.at("root"), &root.path().join("root"));
        let account = self.provider.account().clone();
        Moment { root, account, program: self.program.as_ref().map(Folder::files) }
    }

    /// Brings a moment back.
    pub(crate) fn back_to(&self, moment: &Moment) {
        let root = self.house.at("root");
        fs::remove_dir_all(&root).expect("the root is ours");
        tree::copy(&moment.root.path().join("root"), &root);
        self.provider.account().clone_from(&moment.account);
        if let (Some(program), Some(files)) = (&self.program, &moment.program) {
            program.restore(files);
        }
    }

    /// The rotation that is begun.
    pub(crate) fn open(&self) -> Option<Value> {
        self.records().into_iter().map(|(_, record)| record).find(|record| !over(record))
    }

    /// The next run of whoever goes on with what was begun: the job, or a person where one is needed.
    pub(crate) fn next_verb(&self) -> Vec<&'static str> {
        let Some(record) = self.open() else {
            return vec!["rotate", "router", "--yes", "--wait", "0"];
        };
        let stage = record["stage"]["at"].as_str().expect("a stage");
        let is_manual = record["plan"]["kind"] == "manual";
        if self.is_asked(&record) && record["halted"].is_null() {
            vec!["rotate", "router", "--yes", "--wait", "0"]
        } else if is_manual && ["revoking", "settling", "discarding"].contains(&stage) {
            vec!["rotate", "router", "--removed", "--yes", "--wait", "0"]
        } else if !record["halted"].is_null() {
            vec!["rotate", "router", "--retry", "--yes", "--wait", "0"]
        } else {
            vec!["rotate", "--resume", "--wait", "0"]
        }
    }

    /// Lets people and jobs go on until nothing is left to do.
    pub(crate) fn see_out(&self) {
        let mut said = String::new();
        for _ in 0..RUNS {
            // What left no record behind was not begun, and is begun anew.
            if self.open().is_none() && !self.records().is_empty() {
                return;
            }
            self.later();
            let verb = self.next_verb();
            self.visits(&verb);
            self.person_comes(&verb);
            let ran = self.someone_runs(&verb);
            assert!(matches!(ran.code, Some(0 | 3 | 4 | 5)), "{ran:?}");
            said = format!("{verb:?}: {}{}", ran.stdout, ran.stderr);
        }
        panic!("it never ends at {}: {said}\n{:?}", self.provider.base_url(), self.records());
    }

    /// Lets more time pass than anything waits for.
    pub(crate) fn later(&self) {
        self.pass(LONG);
    }

    /// A person where one is needed, else a job.
    pub(crate) fn someone_runs(&self, verb: &[&str]) -> Ran {
        let by_hand = self.case.is_by_hand() && verb.contains(&"router");
        if by_hand { self.by_person(verb) } else { self.house.run(verb) }
    }

    /// Who has to paste a value and has none that is good and new makes one.
    pub(crate) fn person_comes(&self, verb: &[&str]) {
        if !verb.contains(&"router") {
            return;
        }
        let open = self.open();
        let refused =
            open.as_ref().is_some_and(|record| record["halted"]["why"]["what"] == "not-new");
        if open.is_none() || refused {
            self.person_tidies();
        }
        let asks = open.is_none_or(|record| self.is_asked(&record));
        let Some(pasted) = self.pasted().filter(|_| asks) else {
            return;
        };
        let awaited = self.provider.account().awaited.is_some();
        let is_good = awaited || self.is_valid(&pasted);
        if !is_good || self.held().contains(&pasted) {
            self.person_makes_one();
        }
    }

    fn is_asked(&self, record: &Value) -> bool {
        let stage = record["stage"]["at"].as_str().expect("a stage");
        self.case.is_by_hand() && ["intent", "minting"].contains(&stage)
    }

    /// A rotation was given up, or the key was there before it: both say that somebody should look at the provider. What
    /// a person made and no place uses goes.
    pub(crate) fn person_tidies(&self) {
        let says = |record: &Value| {
            record["stage"]["at"] == "failed" || record["halted"]["why"]["what"] == "not-new"
        };
        let given_up = self.records().iter().any(|(_, record)| says(record));
        let held = self.held();
        for key in &mut self.provider.account().keys {
            key.alive &= !given_up || !self.is_made(&key.value) || held.contains(&key.value);
        }
    }

    /// What a person does at the provider before he says the verb. Who will say that he removed a value takes away at the
    /// page what no place uses and is not somebody else's; who was told the name of a key that may live looks for it.
    pub(crate) fn visits(&self, verb: &[&str]) {
        let why = self.open().map(|record| record["halted"]["why"].clone()).unwrap_or_default();
        if why["what"] == "may-live" && verb.contains(&"--retry") {
            let program = self.program.as_ref().expect("a kind without a list");
            let named = self.keys().into_iter().filter(|key| why["name"] == *key.name);
            named.for_each(|key| program.remove(&key.id));
        }
        if !verb.contains(&"--removed") {
            return;
        }
        let held = self.held();
        for key in &mut self.provider.account().keys {
            let theirs = self.before.iter().skip(1).any(|before| before.id == key.id);
            key.alive &= theirs || held.contains(&key.value);
        }
    }
}

pub(crate) fn over(record: &Value) -> bool {
    ["done", "failed"].contains(&record["stage"]["at"].as_str().expect("a stage"))
}
