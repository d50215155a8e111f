//! The fields of records: what each is, what the contract accepts in it, and how records are read.

use super::json::{Reader, Scalar};
use super::record::{label_of, read_id, seconds, Record, LONGEST_SHARED};
use super::row::Shared;
use super::value::Value;
use hashbrown::{HashMap, HashSet};
use pyo3::exceptions::PyKeyboardInterrupt;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};
use std::sync::Arc;

/// Names beyond are left to Python, so that memory has a bound.
const MOST_NAMES: usize = 4096;

/// Texts beyond, and those that are longer, are kept by each row alone.
const MOST_TEXTS: usize = 4096;

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
    /// Whether event times have a format, which `read_time` alone knows.
    pub has_format: bool,
    pub read_time: Py<PyAny>,
    pub required: usize,
}

impl Plan {
    /// Seconds since 1970, which Python reads where they are written in a way of their own; `None` when they are no
    /// event time.
    fn time_of(&self, py: Python<'_>, value: &Scalar<'_>) -> Option<f64> {
        let known = if self.has_format { None } else { seconds(value, self.divisor) };
        known.or_else(|| {
            let given = value.clone().into_py(py).ok()?;
            match self.read_time.bind(py).call1((given,)) {
                Ok(found) => found.extract().ok(),
                Err(error) => {
                    // Python reads the record again; what interrupts it must not be lost.
                    if error.is_instance_of::<PyKeyboardInterrupt>(py) {
                        py.import("_thread").ok()?.call_method0("interrupt_main").ok()?;
                    }
                    None
                }
            }
        })
    }
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

/// What a record is read from.
pub enum Content<'a, 'py> {
    /// An object as JSON.
    Line(&'a [u8]),
    /// Its fields, and how many bytes it may be.
    Fields(&'a Bound<'py, PyDict>, usize),
}

/// What was met in a record.
#[derive(Default)]
struct Met {
    timed: bool,
    kinded: bool,
    keyed: bool,
    required: usize,
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

    /// Reads a record into `record`; `None` when it is not plain. Its id stays empty when records have none.
    pub fn read(
        &mut self,
        py: Python<'_>,
        content: Content<'_, '_>,
        is_label: bool,
        record: &mut Record,
    ) -> Option<()> {
        self.record += 1;
        record.id.clear();
        record.features.clear();
        record.label = None;
        record.is_label = is_label;
        record.time = 0.0;
        let mut met = Met::default();
        match content {
            Content::Line(line) => self.line(py, line, record, &mut met)?,
            Content::Fields(fields, longest) => self.dictionary(py, fields, longest, record, &mut met)?,
        }
        let plan = &self.plan;
        let whole = (met.timed || plan.time.is_none())
            && (met.keyed || plan.key.is_none())
            && (met.kinded || plan.kind.is_none())
            && (plan.id.is_none() || !record.id.is_empty());
        // The contract says nothing about labels.
        (whole && (record.is_label || met.required == plan.required)).then_some(())
    }

    fn line(&mut self, py: Python<'_>, line: &[u8], record: &mut Record, met: &mut Met) -> Option<()> {
        let mut reader = Reader::new(line);
        let mut more = reader.open()?;
        let mut place = 0;
        while more {
            let number = self.name(py, &mut reader, place)?;
            place += 1;
            let value = reader.value()?;
            more = reader.more()?;
            self.field(py, number, value, record, met)?;
        }
        Some(())
    }

    /// Fields that are known already, as JSON has them; those that could be longer than `longest` bytes of it are
    /// left to Python.
    fn dictionary(
        &mut self,
        py: Python<'_>,
        fields: &Bound<'_, PyDict>,
        longest: usize,
        record: &mut Record,
        met: &mut Met,
    ) -> Option<()> {
        let mut size = 2;
        for (place, (name, value)) in fields.iter().enumerate() {
            let name = name.cast_exact::<PyString>().ok()?.to_str().ok()?;
            let number = self.known_name(py, name, place)?;
            let value = Scalar::of(&value)?;
            size += 6 * name.len() + value.longest() + 4;
            self.field(py, number, value, record, met)?;
        }
        (size <= longest).then_some(())
    }

    /// Takes a field of a record.
    fn field(
        &mut self,
        py: Python<'_>,
        number: u32,
        value: Scalar<'_>,
        record: &mut Record,
        met: &mut Met,
    ) -> Option<()> {
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
            record.time = self.plan.time_of(py, &value)?;
            met.timed = true;
        }
        if name.is_key {
            read_id(&value, &mut String::new())?;
            met.keyed = true;
        }
        if name.is_kind {
            let (_, example, label) = self.plan.kind.as_ref()?;
            let Scalar::Text(text) = &value else { return None };
            record.is_label = text == label;
            if !record.is_label && text != example {
                return None;
            }
            met.kinded = true;
        }
        if name.is_label {
            record.label = label_of(&value);
        }
        let Some(accepted) = &name.accepted else { return Some(()) };
        let value = match value {
            Scalar::Null => return Some(()),
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
        met.required += usize::from(accepted.required);
        name.there = true;
        name.place = record.features.len();
        record.features.push((number, value));
        Some(())
    }

    fn name(&mut self, py: Python<'_>, reader: &mut Reader<'_>, place: usize) -> Option<u32> {
        if let Some(number) = self.expected.get(place) {
            if reader.takes_name(self.names.get(*number as usize)?.text.as_bytes()) {
                return Some(*number);
            }
        }
        let name = reader.name()?;
        self.unexpected(py, &name, place)
    }

    /// The number of the name that stands in this place.
    fn known_name(&mut self, py: Python<'_>, name: &str, place: usize) -> Option<u32> {
        if let Some(number) = self.expected.get(place) {
            if *self.names.get(*number as usize)?.text == *name {
                return Some(*number);
            }
        }
        self.unexpected(py, name, place)
    }

    fn unexpected(&mut self, py: Python<'_>, name: &str, place: usize) -> Option<u32> {
        let number = self.number(py, name)?;
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
