//! The automaton over all keywords, built by the build script.
//!
//! A table of steps for every state and byte class (Aho and Corasick, 1975, with failure links folded in), without
//! regard to ASCII case. States that end a keyword are numbered last, so one comparison finds them. The
//! program walks the table in `prefilter` and never links this module.

use crate::format::RuleText;
use std::collections::{BTreeMap, VecDeque};

/// The finished automaton.
#[derive(Debug)]
pub(crate) struct Automaton {
    /// The class of each byte; bytes of class 0 are in no keyword.
    pub(crate) classes: Vec<u8>,
    /// States are rows of `1 << shift` steps.
    pub(crate) shift: u32,
    /// States from this one on end keywords.
    pub(crate) first_match: usize,
    /// The rows, each step the next state as two bytes, least first.
    pub(crate) steps: Vec<u8>,
    /// For each state from `first_match`: the keywords that end there.
    pub(crate) outputs: Vec<Vec<usize>>,
    /// Each keyword in lower case with the indices of its rules.
    pub(crate) keywords: Vec<(String, Vec<usize>)>,
}

/// More keywords than two bytes can number states for.
#[derive(Debug, thiserror::Error)]
#[error("the keywords need {0} states, more than two bytes can number")]
pub(crate) struct TooManyStates(usize);

#[derive(Default)]
struct Node {
    next: BTreeMap<u8, usize>,
    fail: usize,
    ends: Vec<usize>,
}

/// # Errors
/// When there are more states than two bytes can number.
pub(crate) fn build(rules: &[RuleText]) -> Result<Automaton, TooManyStates> {
    let mut owners: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (at, rule) in rules.iter().enumerate() {
        for keyword in &rule.keywords {
            let of = owners.entry(keyword.to_ascii_lowercase()).or_default();
            if of.last() != Some(&at) {
                of.push(at);
            }
        }
    }
    let keywords: Vec<(String, Vec<usize>)> = owners.into_iter().collect();
    let nodes = link(trie(&keywords));
    let (classes, count) = classes(&keywords);
    let shift = count.next_power_of_two().trailing_zeros();
    number(&nodes, classes, shift, keywords)
}

fn trie(keywords: &[(String, Vec<usize>)]) -> Vec<Node> {
    let mut nodes = vec![Node::default()];
    for (id, (text, _)) in keywords.iter().enumerate() {
        let mut at = 0;
        for byte in text.bytes() {
            let fresh = nodes.len();
            let next = nodes.get_mut(at).map_or(0, |node| *node.next.entry(byte).or_insert(fresh));
            if next == fresh {
                nodes.push(Node::default());
            }
            at = next;
        }
        if let Some(node) = nodes.get_mut(at) {
            node.ends.push(id);
        }
    }
    nodes
}

/// Sets the failure links breadth first and makes every node end what its link ends.
fn link(mut nodes: Vec<Node>) -> Vec<Node> {
    let mut queue = VecDeque::from([0]);
    while let Some(at) = queue.pop_front() {
        let Some(node) = nodes.get(at) else { continue };
        let (steps, fail): (Vec<(u8, usize)>, usize) =
            (node.next.iter().map(|(byte, to)| (*byte, *to)).collect(), node.fail);
        for (byte, to) in steps {
            let link = if at == 0 { 0 } else { step(&nodes, fail, byte) };
            let inherited = nodes.get(link).map(|node| node.ends.clone()).unwrap_or_default();
            if let Some(node) = nodes.get_mut(to) {
                node.fail = link;
                node.ends.extend(inherited);
            }
            queue.push_back(to);
        }
    }
    nodes
}

/// Where `byte` leads from a node, over failure links as far as needed.
fn step(nodes: &[Node], mut at: usize, byte: u8) -> usize {
    loop {
        let Some(node) = nodes.get(at) else { return 0 };
        match node.next.get(&byte) {
            Some(to) => return *to,
            None if at == 0 => return 0,
            None => at = node.fail,
        }
    }
}

/// The class of each byte and their number; both cases of a letter share one.
fn classes(keywords: &[(String, Vec<usize>)]) -> (Vec<u8>, usize) {
    let mut classes = vec![0_u8; 256];
    let mut count = 1_u8;
    for byte in keywords.iter().flat_map(|(text, _)| text.bytes()) {
        if classes.get(usize::from(byte)) == Some(&0) {
            for same in [byte, byte.to_ascii_uppercase()] {
                if let Some(class) = classes.get_mut(usize::from(same)) {
                    *class = count;
                }
            }
            count += 1;
        }
    }
    (classes, usize::from(count))
}

fn number(
    nodes: &[Node],
    classes: Vec<u8>,
    shift: u32,
    keywords: Vec<(String, Vec<usize>)>,
) -> Result<Automaton, TooManyStates> {
    // The root stays state 0; no keyword is empty, so it ends none.
    let mut order: Vec<usize> = (0..nodes.len()).collect();
    order.sort_by_key(|at| nodes.get(*at).is_some_and(|node| !node.ends.is_empty()));
    let first_match = order
        .iter()
        .position(|at| nodes.get(*at).is_some_and(|node| !node.ends.is_empty()))
        .unwrap_or(order.len());
    let mut names = vec![0_u16; nodes.len()];
    for (name, at) in order.iter().enumerate() {
        let name = u16::try_from(name).map_err(|_| TooManyStates(nodes.len()))?;
        if let Some(slot) = names.get_mut(*at) {
            *slot = name;
        }
    }
    let mut steps = Vec::with_capacity(nodes.len() << (shift + 1));
    for at in &order {
        for class in 0..1_usize << shift {
            let byte = classes.iter().rposition(|of| usize::from(*of) == class && class > 0);
            let to = byte
                .and_then(|byte| u8::try_from(byte).ok())
                .map_or(0, |byte| step(nodes, *at, byte));
            steps.extend(names.get(to).copied().unwrap_or_default().to_le_bytes());
        }
    }
    let outputs = order
        .iter()
        .skip(first_match)
        .filter_map(|at| nodes.get(*at).map(|node| node.ends.clone()))
        .collect();
    Ok(Automaton { classes, shift, first_match, steps, outputs, keywords })
}
