//! Near names, records, and what becomes of an order.

use super::super::{
    Facts, Finding, How, Index, Known, Policy, SEED, Wanted, Weight, asked, compact, judge, near,
    nearest, record, safer, well_known, worst,
};
use super::{Files, installs};
use crate::packages::order;
use crate::shell::Ecosystem;
use sanctum_types::UnixTime;

pub(super) const NOW: UnixTime = UnixTime(1_790_000_000);

pub(super) fn old() -> Facts {
    let long_ago = Some(UnixTime(NOW.0 - 3 * 365 * 86_400));
    Facts {
        created: long_ago,
        version: Some("1.0.0".to_owned()),
        published: long_ago,
        no_such_version: false,
    }
}

pub(super) fn judged(
    command: &str,
    policy: &Policy,
    known: &dyn Fn(&Wanted) -> Known,
) -> Vec<Finding> {
    let files = Files::of(&[]);
    let mut found = Vec::new();
    for install in installs(command) {
        let order = order(&install, &files);
        found.extend(judge((&install, &order), policy, known, &[Index(SEED)], NOW));
    }
    found
}

fn weight(
    command: &str,
    policy: &Policy,
    known: &dyn Fn(&Wanted) -> Known,
) -> (Option<Weight>, String) {
    let found = judged(command, policy, known);
    let worst = worst(&found);
    (worst.map(|f| f.weight), worst.map_or(String::new(), |f| f.text.clone()))
}

#[test]
fn what_the_registry_says_decides() {
    let hours = |h: i64| Some(UnixTime(NOW.0 - h * 3600));
    let quiet = Policy { npm_warned: false, pip_warned: false, ..Policy::default() };
    for (command, known, expected, part) in [
        (
            "pip install qq-zz-pkg",
            Known::Absent,
            Some(Weight::Deny),
            "in no registry that pip uses",
        ),
        ("pip install reqursts", Known::Absent, Some(Weight::Deny), "requests"),
        ("pip install qq-zz-pkg", Known::Unanswered, Some(Weight::Ask), "gave no answer"),
        ("pip install qq-zz-pkg", Known::Present(old()), None, ""),
        (
            "pip install qq-zz-pkg",
            Known::Present(Facts { created: hours(47), ..old() }),
            Some(Weight::Ask),
            "47 hours ago",
        ),
        ("pip install qq-zz-pkg", Known::Present(Facts { created: hours(48), ..old() }), None, ""),
        (
            "pip install qq-zz-pkg",
            Known::Present(Facts { published: hours(0), ..old() }),
            Some(Weight::Ask),
            "less than an hour",
        ),
        (
            "pip install qq-zz-pkg==9.9",
            Known::Present(Facts { no_such_version: true, ..old() }),
            Some(Weight::Deny),
            "not in that version",
        ),
        ("pip install requests", Known::Present(old()), None, ""),
        ("pip install reqursts", Known::Present(old()), Some(Weight::Remark), "but for one letter"),
        (
            "pip install reqursts",
            Known::Present(Facts { created: hours(24 * 30), ..old() }),
            Some(Weight::Ask),
            "requests",
        ),
        ("pip install litellm==1.82.8", Known::Present(old()), Some(Weight::Deny), "MAL-2026-2144"),
        ("pip install litellm==1.82.6", Known::Present(old()), None, ""),
        (
            "pip install litellm",
            Known::Present(Facts { version: Some("1.82.7".to_owned()), ..old() }),
            Some(Weight::Deny),
            "MAL-2026-2144",
        ),
        ("cargo add rustdecimal", Known::Present(old()), Some(Weight::Deny), "MAL-2022-1"),
        (
            "go get github.com/boltdb-go/bolt",
            Known::Present(old()),
            Some(Weight::Deny),
            "MAL-2025-2545",
        ),
    ] {
        let (weight, text) = weight(command, &quiet, &|_| known.clone());
        assert_eq!(weight, expected, "{command} {known:?}: {text}");
        assert!(text.contains(part), "{command}: {text}");
    }
}

#[test]
fn the_owner_chooses_what_silence_and_scripts_weigh() {
    let present = |_: &Wanted| Known::Present(old());
    let silent = |_: &Wanted| Known::Unanswered;
    let base = Policy { npm_warned: false, pip_warned: false, ..Policy::default() };
    let check = |command: &str, policy: Policy, known: &dyn Fn(&Wanted) -> Known| {
        weight(command, &policy, known).0
    };
    assert_eq!(check("npm i qq-zz", Policy { unanswered: None, ..base.clone() }, &silent), None);
    assert_eq!(
        check("npm i qq-zz", Policy { unanswered: Some(Weight::Deny), ..base.clone() }, &silent),
        Some(Weight::Deny)
    );
    assert_eq!(check("npm i qq-zz", Policy { looks_up: false, ..base.clone() }, &silent), None);
    assert_eq!(check("npm i qq-zz", Policy { min_age_hours: 0, ..base.clone() }, &present), None);
    let required = Policy { npm_required: true, pip_required: true, ..base.clone() };
    for (command, expected) in [
        ("npm i qq-zz", Some(Weight::Deny)),
        ("npm i --ignore-scripts qq-zz", None),
        ("npm_config_ignore_scripts=true npm i qq-zz", None),
        ("npm i --ignore-scripts=false qq-zz", Some(Weight::Deny)),
        ("pip install qq-zz", Some(Weight::Deny)),
        ("pip install --only-binary :all: qq-zz", None),
        ("pip install --only-binary=:all: qq-zz", None),
        ("uv pip install --no-build qq-zz", None),
    ] {
        assert_eq!(check(command, required.clone(), &present), expected, "{command}");
    }
    let spared = Policy { npm_spared: vec!["esbuild".to_owned()], ..required };
    assert_eq!(check("npm i esbuild", spared.clone(), &present), None);
    assert_eq!(check("npm i esbuild qq-zz", spared, &present), Some(Weight::Deny));
    assert_eq!(check("npm i qq-zz", Policy::default(), &present), Some(Weight::Remark));
    let taps = Policy { taps: vec!["homebrew/core".to_owned()], ..base };
    assert_eq!(check("brew install homebrew/core/jq", taps.clone(), &present), None);
    assert_eq!(check("brew install qq/tap/jq", taps.clone(), &present), Some(Weight::Ask));
    assert_eq!(check("brew tap qq/tap", taps.clone(), &present), Some(Weight::Ask));
    assert_eq!(check("brew install ./x.rb", taps, &present), Some(Weight::Deny));
}

#[test]
fn what_is_redirected_or_trusted_is_not_looked_up() {
    let policy = Policy { go_prefixes: vec!["golang.org/x/".to_owned()], ..Policy::default() };
    let count = |command: &str| -> usize {
        installs(command).iter().map(|i| asked(&order(i, &Files::of(&[])), &policy).len()).sum()
    };
    assert_eq!(count("go get golang.org/x/tools a.example/b"), 1);
    assert_eq!(count("npm i a1 b1 a1"), 2);
    assert_eq!(count("npm i --registry https://r.example a1"), 0);
    assert_eq!(count("brew install qq/tap/x jq"), 1);
}

#[test]
fn a_version_that_an_option_gives_is_held_against_the_records() {
    let quiet = Policy { npm_warned: false, pip_warned: false, ..Policy::default() };
    for (command, id) in [
        ("cargo install littest --version 0.3.1", Some("MAL-2023-8429")),
        ("cargo install littest --version 0.3.0", None),
        ("gem install 3scale-client -v 2.11.0", Some("MAL-2024-6270")),
        ("yarn add @epgu/ui@npm:3.428.4-frontv3", Some("MAL-2024-3254")),
        ("go get github.com/belatedplanet/hypert", Some("MAL-2025-2544")),
        ("pip install 3web==1.0.0", Some("MAL-2024-9933")),
    ] {
        let (_, text) = weight(command, &quiet, &|_| Known::Present(old()));
        match id {
            Some(id) => assert!(text.contains(id), "{command}: {text}"),
            None => assert!(!text.contains("MAL-"), "{command}: {text}"),
        }
    }
}

#[test]
fn only_more_names_than_are_looked_up_are_too_many() {
    let many = |count: usize| {
        let names: Vec<String> = (0..count).map(|n| format!("qq-{n}-zz")).collect();
        let policy = Policy { npm_warned: false, ..Policy::default() };
        let found =
            judged(&format!("npm i {}", names.join(" ")), &policy, &|_| Known::Present(old()));
        worst(&found).map(|f| f.weight)
    };
    assert_eq!(many(super::super::MOST_ASKED), None);
    assert_eq!(many(super::super::MOST_ASKED + 1), Some(Weight::Deny));
}

#[test]
fn near_names_are_found_and_good_ones_are_not() {
    for (ecosystem, name, wanted) in [
        (Ecosystem::Pypi, "reqeusts", Some(("requests", How::Slips(1)))),
        (Ecosystem::Pypi, "requets", Some(("requests", How::Slips(1)))),
        (Ecosystem::Pypi, "beautifulsup4", Some(("beautifulsoup4", How::Slips(1)))),
        (Ecosystem::Pypi, "nurnpy", Some(("numpy", How::LooksAlike))),
        (Ecosystem::Pypi, "f1ask", Some(("flask", How::LooksAlike))),
        (Ecosystem::Pypi, "python-requests", Some(("requests", How::Added))),
        (Ecosystem::Pypi, "scikitlearn", Some(("scikit-learn", How::Separators))),
        (Ecosystem::Pypi, "dateutil-python", Some(("python-dateutil", How::Order))),
        (Ecosystem::Npm, "expresss", Some(("express", How::Slips(1)))),
        (Ecosystem::Npm, "crossenv", Some(("cross-env", How::Separators))),
        (Ecosystem::Npm, "lodash-js", Some(("lodash-es", How::Slips(1)))),
        (Ecosystem::Npm, "typescriptjs", Some(("typescript", How::Slips(2)))),
        (Ecosystem::Cargo, "rustdecimal", Some(("rust-decimal", How::Separators))),
        (Ecosystem::Cargo, "proc-macro1", Some(("proc-macro2", How::Slips(1)))),
        (Ecosystem::Go, "github.com/boltdb-go/bolt", None),
        (
            Ecosystem::Go,
            "github.com/stretchr/testfiy",
            Some(("github.com/stretchr/testify", How::Slips(1))),
        ),
        (Ecosystem::Pypi, "requests", None),
        (Ecosystem::Pypi, "boto", None),
        (Ecosystem::Pypi, "boto4", None),
        (Ecosystem::Npm, "ms2", None),
        (Ecosystem::Npm, "@qq/express", None),
        (Ecosystem::Npm, "my-own-thing", None),
        (Ecosystem::Npm, "eslint-plugin-qq", None),
    ] {
        let got = near(ecosystem, name).map(|n| (n.name, n.how));
        // A slip of a digit alone is another version of the thing, and asked of nobody.
        let expected = if name == "proc-macro1" { None } else { wanted };
        assert_eq!(got, expected, "{name}");
    }
}

#[test]
fn an_absent_name_comes_with_what_was_meant() {
    assert!(nearest(Ecosystem::Pypi, "reqests").contains(&"requests"));
    assert!(nearest(Ecosystem::Npm, "zzz-sanctum-nonexistent-9d3").is_empty());
    assert!(nearest(Ecosystem::Pypi, "qqzzxxqq").is_empty());
    assert!(nearest(Ecosystem::Npm, "express-super-helper").contains(&"express"));
    assert!(nearest(Ecosystem::Npm, &"x".repeat(5000)).is_empty());
}

#[test]
fn the_lists_are_in_the_form_in_which_names_are_compared() {
    for ecosystem in Ecosystem::ALL {
        let names: Vec<&str> = super::super::top::names(ecosystem).collect();
        assert!(names.len() >= 120, "{ecosystem:?} {}", names.len());
        for name in names {
            assert_eq!(super::super::normal(ecosystem, name), name);
            assert!(well_known(ecosystem, name));
        }
    }
}

#[test]
fn the_seed_is_sorted_and_every_line_is_found() {
    let lines: Vec<&str> = SEED.lines().collect();
    assert!(lines.len() >= 11);
    assert!(lines.is_sorted());
    for line in lines {
        let cells: Vec<&str> = line.split('\t').collect();
        let ecosystem = Ecosystem::named(cells[0]).unwrap();
        assert_eq!(super::super::normal(ecosystem, cells[1]), cells[1]);
        let version = (cells[2] != "*").then(|| cells[2].split(',').next().unwrap());
        assert_eq!(Index(SEED).find(ecosystem, cells[1], version), Some(cells[3]), "{line}");
    }
    assert_eq!(Index(SEED).find(Ecosystem::Pypi, "litellm", None), None);
    assert_eq!(Index(SEED).find(Ecosystem::Pypi, "litellm", Some("1.82.6")), None);
    assert_eq!(Index(SEED).find(Ecosystem::Npm, "litellm", Some("1.82.8")), None);
    assert_eq!(Index("").find(Ecosystem::Npm, "a", None), None);
    assert_eq!(Index("junk").find(Ecosystem::Npm, "a", None), None);
}

#[test]
fn records_of_osv_become_lines() {
    let of = |json: &str| record(json.as_bytes()).map(compact);
    let package = |ecosystem: &str, rest: &str| {
        format!(
            r#"{{"id":"MAL-1-1","affected":[{{"package":{{"ecosystem":"{ecosystem}","name":"A_b"}}{rest}}}]}}"#
        )
    };
    assert_eq!(
        of(&package("PyPI", r#","versions":["1.0","2.0"]"#)).unwrap(),
        "pypi\ta-b\t1.0,2.0\tMAL-1-1\n"
    );
    assert_eq!(of(&package("npm", "")).unwrap(), "npm\ta_b\t*\tMAL-1-1\n");
    let open = r#","versions":["1.0"],"ranges":[{"type":"SEMVER","events":[{"introduced":"0"}]}]"#;
    assert_eq!(of(&package("npm", open)).unwrap(), "npm\ta_b\t*\tMAL-1-1\n");
    let closed = r#","versions":["1.0"],"ranges":[{"events":[{"introduced":"0"},{"fixed":"2"}]}]"#;
    assert_eq!(of(&package("npm", closed)).unwrap(), "npm\ta_b\t1.0\tMAL-1-1\n");
    assert_eq!(of(&package("Maven", "")).unwrap(), "");
    assert_eq!(of(r#"{"id":"GHSA-1","affected":[]}"#).unwrap(), "");
    assert_eq!(of(r#"{"id":"MAL-1","withdrawn":"2024-01-01T00:00:00Z","affected":[{"package":{"ecosystem":"npm","name":"a"}}]}"#).unwrap(), "");
    assert!(of("[]").is_err());
    assert!(of("{").is_err());
}

fn given(command: &str, policy: &Policy, files: &[(&str, &str)]) -> Option<String> {
    let files = Files::of(files);
    let [install] = installs(command).try_into().expect("one install");
    safer((&install, &order(&install, &files)), policy, &files).map(|safer| safer.option.join(" "))
}

#[test]
fn an_install_that_runs_code_is_given_an_option_where_nobody_allowed_it() {
    let own = Policy::default();
    let (scripts, binary) = (Some("--ignore-scripts"), Some("--only-binary :all:"));
    for (command, option) in [
        ("npm i qq-zz-pkg", scripts),
        ("npm ci", scripts),
        ("pnpm add qq-zz-pkg", scripts),
        ("pip install qq-zz-pkg", binary),
        ("npm i --ignore-scripts qq-zz-pkg", None),
        ("npm i --ignore-scripts=false qq-zz-pkg", None),
        ("npm_config_ignore_scripts=false npm i qq-zz-pkg", None),
        ("bun add qq-zz-pkg", None),
        // Which yarn it is nobody knows here.
        ("yarn add qq-zz-pkg", None),
        ("pip install --only-binary qq-zz-pkg qq-zz-pkg", None),
        ("pip install --no-binary :all: qq-zz-pkg", None),
        ("pip install -e .", None),
        ("pip install git+https://h.internal/a", None),
        ("cargo add qq-zz-pkg", None),
    ] {
        assert_eq!(given(command, &own, &[]).as_deref(), option, "{command}");
    }
    let classic = ("yarn.lock", "# yarn lockfile v1\n");
    assert_eq!(given("yarn add qq-zz-pkg", &own, &[classic]).as_deref(), scripts);
    let berry = ("package.json", r#"{"packageManager":"yarn@4.1.0"}"#);
    assert_eq!(given("yarn add qq-zz-pkg", &own, &[classic, berry]), None);
    assert_eq!(given("yarn add qq-zz-pkg", &own, &[classic, (".yarnrc.yml", "")]), None);
    for (command, policy) in [
        ("npm i qq-zz-pkg", Policy { npm_warned: false, ..Policy::default() }),
        ("pip install qq-zz-pkg", Policy { pip_warned: false, ..Policy::default() }),
        (
            "npm i qq-zz-pkg",
            Policy { npm_spared: vec!["qq-zz-pkg".to_owned()], ..Policy::default() },
        ),
        // One package whose scripts may run is enough.
        (
            "npm i other-zz qq-zz-pkg",
            Policy { npm_spared: vec!["qq-zz-pkg".to_owned()], ..Policy::default() },
        ),
        // What is refused is not made into something else.
        ("npm i qq-zz-pkg", Policy { npm_required: true, ..Policy::default() }),
    ] {
        assert_eq!(given(command, &policy, &[]), None, "{command} {policy:?}");
    }
}
