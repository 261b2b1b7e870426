//! `sanctum hook`: a coding agent says what it is about to do or has done, and is told what is thought of it.
//!
//! One input, one answer, no runtime, no network. Whatever fails inside ends with 2 and a reason on standard error, which every
//! agent takes for a refusal. The answer is out before the journal hears of it. Deliberately absent: the judging itself
//! (`sanctum_firewall`).

mod crates;
mod edge;
mod judge;
mod packages;
pub(in crate::commands) mod rules;
mod told;
pub(in crate::commands) mod view;

use super::Context;
use crate::args::hook::Hook;
use crate::failure::{Exit, Failure};
use judge::Judge;
use rules::Rules;
use sanctum_firewall::agents::json::MAX_BYTES;
use sanctum_firewall::agents::{self, Call};
use std::io::Read as _;

/// Runs the verb.
pub fn run(context: &Context, args: &Hook) -> Result<Exit, Failure> {
    edge::refuse_on_panic();
    answer(context, args)
        .map_err(|failure| Failure { exit: Exit::Protocol(edge::REFUSED), ..failure })
}

fn answer(context: &Context, args: &Hook) -> Result<Exit, Failure> {
    let input = input()?;
    edge::refuse_when_late()?;
    let here = view::here()?;
    let rules = Rules::read(context, &here)?;
    let call = Call {
        agent: args.agent.map(Into::into),
        verb: args.verb.map(Into::into),
        guard: rules.guard(),
        unattended: rules.unattended(),
        headless: args.headless,
    };
    let judge = Judge::new(context, &rules, here);
    let answered = agents::answer(&call, &input, |request| judge.request(request));
    context.out.remarks(&answered.reply.stderr);
    context.out.bytes(answered.reply.stdout.as_bytes())?;
    told::tell(context, &rules, &answered);
    Ok(Exit::Protocol(answered.reply.code))
}

/// One byte more than what is read is enough to be refused for its length.
fn input() -> Result<Vec<u8>, Failure> {
    let limit = u64::try_from(MAX_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    let mut input = Vec::new();
    std::io::stdin().lock().take(limit).read_to_end(&mut input)?;
    Ok(input)
}
