//! `exposure/nft-as-wanted`.

use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "exposure/nft-as-wanted",
    severity: Severity::Critical,
    on: On::Linux,
    title: "the kernel has our nftables table, rule by rule as it is rendered",
    why: "A file that is right and a table that was flushed by hand, or by a container engine that restarted, \
          look the same on disk. The rendered file is loaded into a network namespace of its own, and what nft \
          prints of both is compared.",
    fix: Fix::Run("sudo /opt/sanctum/bin/sanctum apply --only nft"),
    needs: &[Need::Nft],
    judge,
    #[cfg(test)]
    good,
    #[cfg(test)]
    bad,
};

fn judge(looked: &Looked) -> Seen {
    let nft = looked.nft()?;
    let mut answer = Answer::over(lines(&nft.wanted).count());
    let Some(loaded) = &nft.loaded else {
        answer.add("inet sanctum", "the kernel has no such table");
        return Ok(answer);
    };
    let differ = |(loaded, wanted): &(&str, &str)| loaded != wanted;
    let both = || lines(loaded).zip(lines(&nft.wanted));
    let (has, wants) = (lines(loaded).count(), lines(&nft.wanted).count());
    match both().find(differ) {
        Some((loaded, wanted)) => {
            answer.add(
                "inet sanctum",
                format!("the kernel has `{loaded}` where `{wanted}` is wanted"),
            );
        }
        None if has != wants => {
            answer.add(
                "inet sanctum",
                format!("the kernel has {has} lines of it, {wants} are wanted"),
            );
        }
        None => {}
    }
    Ok(answer)
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty())
}

#[cfg(test)]
fn with(policy: &str) -> Looked {
    let text = |policy: &str| {
        format!(
            "table inet sanctum {{\n\tchain input {{\n\t\ttype filter hook input priority filter; policy {policy};\n\t}}\n}}\n"
        )
    };
    let nft =
        crate::doctor::exposure::NftState { wanted: text("drop"), loaded: Some(text(policy)) };
    Looked { nft: Ok(nft), ..crate::doctor::fixture::plain_barn() }
}

#[cfg(test)]
fn good() -> Looked {
    with("drop")
}

#[cfg(test)]
fn bad() -> Looked {
    with("accept")
}
