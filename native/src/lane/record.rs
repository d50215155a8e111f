//! A record as it was read, and what its id, label and time are.

use super::json::Scalar;
use super::output::Target;
use super::value::{Num, Value};

/// Texts that are longer are kept by each row alone.
pub const LONGEST_SHARED: usize = 64;

/// A record as it was read.
#[derive(Default)]
pub struct Record {
    pub id: String,
    pub time: f64,
    pub label: Option<Label>,
    pub is_label: bool,
    pub features: Vec<(u32, Value)>,
}

/// A label as records write it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Label {
    Bool(bool),
    Int(i64),
    Float(u64),
    Text(String),
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

/// Whether a text is the same in JSON.
pub fn is_plain_text(text: &str) -> bool {
    text.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\')
}

pub fn read_id(value: &Scalar<'_>, into: &mut String) -> Option<()> {
    match value {
        Scalar::Text(text) if !text.is_empty() => into.push_str(text),
        Scalar::Int(number) => into.push_str(itoa::Buffer::new().format(*number)),
        _ => return None,
    }
    Some(())
}

pub fn label_of(value: &Scalar<'_>) -> Option<Label> {
    match value {
        Scalar::Null => None,
        Scalar::Bool(value) => Some(Label::Bool(*value)),
        Scalar::Int(value) => Some(Label::Int(*value)),
        Scalar::Float(value) => Some(Label::Float(value.to_bits())),
        Scalar::Text(text) => Some(Label::Text(text.clone().into_owned())),
    }
}

/// Seconds since 1970, as `engine.records.times` reads them; text is left to Python.
pub fn seconds(value: &Scalar<'_>, divisor: Option<f64>) -> Option<f64> {
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
