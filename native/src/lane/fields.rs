//! The fields of records: what each is, what the contract accepts in it, and a record as it was read.

use super::json::{Reader, Scalar};
use super::output::Target;
use super::row::Shared;
use super::value::{Num, Value};
use hashbrown::{HashMap, HashSet};
use pyo3::prelude::*;
use pyo3::types::PyString;
use std::sync::Arc;

/// Names beyond are left to Python, so that memory has a bound.
const MOST_NAMES: usize = 4096;

/// Texts beyond, and those that are longer, are kept by each row alone.
const MOST_TEXTS: usize = 4096;
const LONGEST_SHARED: usize = 64;

/// Longer names are left to Python.
const LONGEST_NAME: usize = 256;

/// What the contract lets pass without a second look.
#[derive(Clone, Debug)]
pub struct Accepted {
    pub low: f64,
    pub high: f64,
    /// `None`: any text.
    pub texts: Option<HashSet<Box<str>>>,
    pub booleans: bool,
    pub required: bool,
}

/// The configuration of records and of the contract.
pub struct Plan {
    pub id: Option<String>,
    pub time: Option<String>,
    pub label: String,
    pub kind: Option<(String, String, String)>,
    pub key: Option<String>,
    pub dropped: HashSet<String>,
    pub accepted: HashMap<String, Accepted>,
    pub extra: Option<Accepted>,
    pub divisor: Option<f64>,
    pub required: usize,
}

struct Name {
    text: Box<str>,
    is_id: bool,
    is_time: bool,
    is_label: bool,
    is_kind: bool,
    is_key: bool,
    /// `None`: it is no feature, whatever it holds.
    accepted: Option<Accepted>,
    /// The record that has had it last, and where among its features.
    seen: u64,
    place: usize,
    there: bool,
    last_text: Option<Arc<str>>,
}

/// A record as it was read.
#[derive(Default)]
pub struct Record {
    pub id: String,
    pub time: f64,
    pub label: Option<Label>,
    pub is_label: bool,
    pub features: Vec<(u32, Value)>,
}

impl Label {
    /// Whether it is worth to be remembered with its meaning.
    pub fn is_short(&self) -> bool {
        !matches!(self, Label::Text(text) if text.len() > LONGEST_SHARED)
    }

    /// The number that it is in regression; `None` when it is none.
    pub fn number(&self) -> Option<Target> {
        match self {
            Label::Int(value) => Target::of_number(Num::Int(*value)),
            Label::Float(bits) => Target::of_number(Num::Float(f64::from_bits(*bits))),
            Label::Bool(_) | Label::Text(_) => None,
        }
    }
}

/// A label as records write it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Label {
    Bool(bool),
    Int(i64),
    Float(u64),
    Text(String),
}

pub struct Fields {
    plan: Plan,
    names: Vec<Name>,
    numbers: HashMap<Box<str>, u32>,
    /// The fields of the record before, in order: the next one nearly always has the same.
    expected: Vec<u32>,
    texts: HashSet<Arc<str>>,
    record: u64,
    shared: Arc<Shared>,
}

impl Fields {
    pub fn new(plan: Plan, shared: Arc<Shared>) -> Fields {
        Fields {
            plan,
            names: vec![],
            numbers: HashMap::new(),
            expected: vec![],
            texts: HashSet::new(),
            record: 0,
            shared,
        }
    }

    /// The number of a name, which is added when it is new; `None` when there are too many.
    pub fn number(&mut self, py: Python<'_>, name: &str) -> Option<u32> {
        if let Some(number) = self.numbers.get(name) {
            return Some(*number);
        }
        if self.names.len() >= MOST_NAMES || name.len() > LONGEST_NAME {
            return None;
        }
        let plan = &self.plan;
        let is = |wanted: &Option<String>| wanted.as_deref() == Some(name);
        let is_label = plan.label == name;
        let dropped = is_label || plan.dropped.contains(name);
        let accepted = plan.accepted.get(name).or(plan.extra.as_ref()).cloned();
        self.names.push(Name {
            text: name.into(),
            is_id: is(&plan.id),
            is_time: is(&plan.time),
            is_label,
            is_kind: plan.kind.as_ref().is_some_and(|(field, _, _)| field == name),
            is_key: is(&plan.key),
            accepted: if dropped { None } else { accepted },
            seen: 0,
            place: 0,
            there: false,
            last_text: None,
        });
        let number = self.names.len() as u32 - 1;
        self.numbers.insert(name.into(), number);
        let mut table = self.shared.names.lock().unwrap_or_else(|broken| broken.into_inner());
        table.push(PyString::new(py, name).unbind());
        Some(number)
    }

    /// Where among the features of the record that was read last the value of a name is.
    pub fn place(&self, number: u32) -> Option<usize> {
        let name = self.names.get(number as usize)?;
        (name.seen == self.record && name.there).then_some(name.place)
    }

    pub fn has_ids(&self) -> bool {
        self.plan.id.is_some()
    }

    /// Reads a line into `record`; `None` when it is not plain. Its id stays empty when records have none.
    pub fn read(&mut self, py: Python<'_>, line: &[u8], is_label: bool, record: &mut Record) -> Option<()> {
        self.record += 1;
        record.id.clear();
        record.features.clear();
        record.label = None;
        record.is_label = is_label;
        record.time = 0.0;
        let (mut timed, mut kinded, mut keyed, mut required) = (false, false, false, 0);
        let mut reader = Reader::new(line);
        let mut more = reader.open()?;
        let mut place = 0;
        while more {
            let number = self.name(py, &mut reader, place)?;
            place += 1;
            let value = reader.value()?;
            more = reader.more()?;
            let name = self.names.get_mut(number as usize)?;
            if name.seen == self.record {
                return None;
            }
            name.seen = self.record;
            name.there = false;
            if name.is_id {
                read_id(&value, &mut record.id)?;
            }
            if name.is_time {
                record.time = seconds(&value, self.plan.divisor)?;
                timed = true;
            }
            if name.is_key {
                read_id(&value, &mut String::new())?;
                keyed = true;
            }
            if name.is_kind {
                let (_, example, label) = self.plan.kind.as_ref()?;
                let Scalar::Text(text) = &value else { return None };
                record.is_label = text == label;
                if !record.is_label && text != example {
                    return None;
                }
                kinded = true;
            }
            if name.is_label {
                record.label = label_of(&value);
            }
            let Some(accepted) = &name.accepted else { continue };
            let value = match value {
                Scalar::Null => continue,
                Scalar::Int(value) => {
                    let number = value as f64;
                    if !(accepted.low <= number && number <= accepted.high) {
                        return None;
                    }
                    Value::Int(value)
                }
                Scalar::Float(value) => {
                    if !(accepted.low <= value && value <= accepted.high) {
                        return None;
                    }
                    Value::Float(value)
                }
                Scalar::Bool(value) => {
                    if !accepted.booleans {
                        return None;
                    }
                    Value::Bool(value)
                }
                Scalar::Text(text) => match &name.last_text {
                    Some(last) if **last == *text => Value::Text(last.clone()),
                    _ => {
                        if accepted.texts.as_ref().is_some_and(|texts| !texts.contains(&*text)) {
                            return None;
                        }
                        let shared = interned(&mut self.texts, &text);
                        if text.len() <= LONGEST_SHARED {
                            name.last_text = Some(shared.clone());
                        }
                        Value::Text(shared)
                    }
                },
            };
            required += usize::from(accepted.required);
            name.there = true;
            name.place = record.features.len();
            record.features.push((number, value));
        }
        let plan = &self.plan;
        let whole = (timed || plan.time.is_none())
            && (keyed || plan.key.is_none())
            && (kinded || plan.kind.is_none())
            && (plan.id.is_none() || !record.id.is_empty());
        // The contract says nothing about labels.
        (whole && (record.is_label || required == plan.required)).then_some(())
    }

    fn name(&mut self, py: Python<'_>, reader: &mut Reader<'_>, place: usize) -> Option<u32> {
        if let Some(number) = self.expected.get(place) {
            if reader.takes_name(self.names.get(*number as usize)?.text.as_bytes()) {
                return Some(*number);
            }
        }
        let number = self.number(py, &reader.name()?)?;
        self.expected.truncate(place);
        self.expected.push(number);
        Some(number)
    }
}

fn interned(texts: &mut HashSet<Arc<str>>, text: &str) -> Arc<str> {
    if let Some(known) = texts.get(text) {
        return known.clone();
    }
    let made: Arc<str> = Arc::from(text);
    if texts.len() < MOST_TEXTS && text.len() <= LONGEST_SHARED {
        texts.insert(made.clone());
    }
    made
}

fn read_id(value: &Scalar<'_>, into: &mut String) -> Option<()> {
    match value {
        Scalar::Text(text) if !text.is_empty() => into.push_str(text),
        Scalar::Int(number) => into.push_str(itoa::Buffer::new().format(*number)),
        _ => return None,
    }
    Some(())
}

fn label_of(value: &Scalar<'_>) -> Option<Label> {
    match value {
        Scalar::Null => None,
        Scalar::Bool(value) => Some(Label::Bool(*value)),
        Scalar::Int(value) => Some(Label::Int(*value)),
        Scalar::Float(value) => Some(Label::Float(value.to_bits())),
        Scalar::Text(text) => Some(Label::Text(text.clone().into_owned())),
    }
}

/// Seconds since 1970, as `engine.records.times` reads them; text is left to Python.
fn seconds(value: &Scalar<'_>, divisor: Option<f64>) -> Option<f64> {
    let number = match value {
        Scalar::Int(value) => *value as f64,
        Scalar::Float(value) => *value,
        Scalar::Text(text) => return super::iso::seconds(text),
        _ => return None,
    };
    if number == -9_223_372_036_854_775_808.0 {
        return None;
    }
    if let Some(divisor) = divisor {
        return Some(number / divisor);
    }
    let size = number.abs();
    Some(match size {
        _ if size < 3e11 => number,
        _ if size < 3e14 => number / 1e3,
        _ if size < 3e17 => number / 1e6,
        _ => number / 1e9,
    })
}
