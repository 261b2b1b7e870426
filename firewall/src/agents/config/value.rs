//! The kinds of values that keys take, and how each is read and written.

use std::collections::BTreeMap;
use std::fmt;
use toml::de::DeValue;

/// What a key takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// `true` or `false`.
    Flag,
    /// A whole number within these bounds.
    Integer(i64, i64),
    /// A number within these bounds.
    Number(f64, f64),
    /// One of these words, from the loosest to the tightest.
    Choice(&'static [&'static str]),
    /// A list of texts.
    Texts,
    /// A list of ports.
    Ports,
    /// An amount: `"$50"`, `"$0.75"`, or whole cents.
    Cents,
    /// A list of tables with these names, each a text or a list of texts.
    Rows(&'static [&'static str]),
    /// Anything: it is accepted and has no effect here.
    Unused,
}

/// A row of [`Kind::Rows`]: lists of texts by name.
pub type Row = BTreeMap<String, Vec<String>>;

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Of [`Kind::Flag`].
    Flag(bool),
    /// Of [`Kind::Integer`] and, in cents, of [`Kind::Cents`].
    Integer(i64),
    /// Of [`Kind::Number`].
    Number(f64),
    /// Of [`Kind::Choice`].
    Text(String),
    /// Of [`Kind::Texts`] and [`Kind::Ports`].
    Texts(Vec<String>),
    /// Of [`Kind::Rows`].
    Rows(Vec<Row>),
    /// Of [`Kind::Unused`].
    Unused,
}

/// What is wrong with a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    /// It is of another kind.
    #[error("expected {0}")]
    Kind(String),
    /// It is out of bounds; the nearest bound stands in.
    #[error("{0} is outside {1}")]
    Bounds(String, String),
}

impl Kind {
    /// What a person writes for it.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Flag => "true or false".to_owned(),
            Self::Integer(low, high) => format!("a whole number from {low} to {high}"),
            Self::Number(low, high) => format!("a number from {low} to {high}"),
            Self::Choice(words) => format!("one of \"{}\"", words.join("\", \"")),
            Self::Texts => "a list of texts".to_owned(),
            Self::Ports => "a list of ports".to_owned(),
            Self::Cents => "an amount such as \"$50\", or whole cents".to_owned(),
            Self::Rows(names) => format!("a list of tables with {}", names.join(", ")),
            Self::Unused => "anything".to_owned(),
        }
    }

    /// Reads a value. One that is out of bounds comes with its error and at its bound.
    pub(super) fn read(self, value: &DeValue<'_>) -> (Option<Value>, Option<ValueError>) {
        let wrong = || (None, Some(ValueError::Kind(self.name())));
        let read = match self {
            Self::Flag => value.as_bool().map(Value::Flag),
            Self::Integer(low, high) => {
                let Some(number) = integer(value) else { return wrong() };
                let held = number.clamp(low, high);
                let out = (held != number)
                    .then(|| ValueError::Bounds(number.to_string(), format!("{low} to {high}")));
                return (Some(Value::Integer(held)), out);
            }
            Self::Number(low, high) => {
                let Some(number) = number(value) else { return wrong() };
                let held = number.clamp(low, high);
                let inside = (low..=high).contains(&number);
                let out = (!inside)
                    .then(|| ValueError::Bounds(number.to_string(), format!("{low} to {high}")));
                return (Some(Value::Number(held)), out);
            }
            Self::Choice(words) => value
                .as_str()
                .filter(|text| words.contains(text))
                .map(|text| Value::Text(text.to_owned())),
            Self::Texts => texts(value).map(Value::Texts),
            Self::Ports => ports(value).map(Value::Texts),
            Self::Cents => cents(value).map(Value::Integer),
            Self::Rows(names) => rows(value, names).map(Value::Rows),
            Self::Unused => Some(Value::Unused),
        };
        if read.is_none() { wrong() } else { (read, None) }
    }
}

fn integer(value: &DeValue<'_>) -> Option<i64> {
    let integer = value.as_integer()?;
    i64::from_str_radix(integer.as_str(), integer.radix()).ok()
}

fn number(value: &DeValue<'_>) -> Option<f64> {
    let read = match value.as_float() {
        Some(float) => float.as_str().parse().ok(),
        None => value.as_integer().and_then(|integer| integer.as_str().parse().ok()),
    };
    read.filter(|number: &f64| number.is_finite())
}

fn texts(value: &DeValue<'_>) -> Option<Vec<String>> {
    let items = value.as_array()?;
    items.iter().map(|item| item.get_ref().as_str().map(str::to_owned)).collect()
}

fn ports(value: &DeValue<'_>) -> Option<Vec<String>> {
    let items = value.as_array()?;
    let port = |item: &DeValue<'_>| integer(item).and_then(|number| u16::try_from(number).ok());
    items.iter().map(|item| port(item.get_ref()).map(|port| port.to_string())).collect()
}

/// Whole cents; more than two digits behind the point are no amount.
fn cents(value: &DeValue<'_>) -> Option<i64> {
    let Some(text) = value.as_str() else { return integer(value).filter(|cents| *cents >= 0) };
    let text = text.trim().strip_prefix('$')?;
    let (dollars, rest) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(dollars) || !digits(rest) || rest.len() > 2 {
        return None;
    }
    let part: i64 = rest.parse().ok()?;
    let part = if rest.len() == 1 { part * 10 } else { part };
    dollars.parse::<i64>().ok()?.checked_mul(100)?.checked_add(part)
}

/// Rows with at least the first of the names; a name that is not among them is no row.
fn rows(value: &DeValue<'_>, names: &[&str]) -> Option<Vec<Row>> {
    let row = |item: &DeValue<'_>| -> Option<Row> {
        let table = item.as_table()?;
        let mut row = Row::new();
        for (name, value) in table {
            let name = name.get_ref().as_ref();
            if !names.contains(&name) {
                return None;
            }
            let value = value.get_ref();
            let list = value.as_str().map(|text| vec![text.to_owned()]).or_else(|| texts(value))?;
            row.insert(name.to_owned(), list);
        }
        names.first().is_some_and(|first| row.contains_key(*first)).then_some(row)
    };
    value.as_array()?.iter().map(|item| row(item.get_ref())).collect()
}

impl fmt::Display for Value {
    /// As it would be written in the file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |items: &[String]| {
            let quoted: Vec<String> = items.iter().map(|item| format!("\"{item}\"")).collect();
            format!("[{}]", quoted.join(", "))
        };
        match self {
            Self::Flag(flag) => write!(f, "{flag}"),
            Self::Integer(number) => write!(f, "{number}"),
            Self::Number(number) => write!(f, "{number:?}"),
            Self::Text(text) => write!(f, "\"{text}\""),
            Self::Texts(items) => f.write_str(&list(items)),
            Self::Rows(rows) => {
                let shown: Vec<String> = rows
                    .iter()
                    .map(|row| {
                        let pairs: Vec<String> = row
                            .iter()
                            .map(|(name, items)| format!("{name} = {}", list(items)))
                            .collect();
                        format!("{{ {} }}", pairs.join(", "))
                    })
                    .collect();
                write!(f, "[{}]", shown.join(", "))
            }
            Self::Unused => f.write_str("-"),
        }
    }
}
