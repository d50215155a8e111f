//! What detectors of the configuration look at: Python's detectors take it once the lane stops, in this order.

use super::fields::Fields;
use super::output::Output;
use super::row::Row;
use super::value::{Num, Value};
use pyo3::prelude::*;

/// What a detector looks at: `engine.monitoring.detectors.detectors.Source`.
#[derive(FromPyObject)]
pub struct Source {
    /// `feature`, `prediction`, `loss`, or `error`: whether another class was served.
    of: String,
    feature: String,
}

enum Look {
    /// None where there is no place for its name.
    Feature(Option<u32>),
    Prediction,
    Loss,
    Error,
}

/// A detector by its number, the value that it sees, and the sequence number and the event time at which.
pub type Seen = (usize, f64, u64, f64);

#[derive(Default)]
pub struct Detectors {
    looks: Vec<Look>,
    pub seen: Vec<Seen>,
}

impl Detectors {
    pub fn new(py: Python<'_>, fields: &mut Fields, sources: Vec<Source>) -> Detectors {
        let look = |source: Source| match source.of.as_str() {
            "feature" => Look::Feature(fields.number(py, &source.feature)),
            "prediction" => Look::Prediction,
            "loss" => Look::Loss,
            _ => Look::Error,
        };
        Detectors { looks: sources.into_iter().map(look).collect(), seen: vec![] }
    }

    /// Looks at an example and at what was served for it.
    pub fn served(&mut self, fields: &Fields, row: &Row) {
        for (number, look) in self.looks.iter().enumerate() {
            let value = match look {
                Look::Feature(name) => {
                    let place = name.and_then(|name| fields.place(name));
                    place.and_then(|place| row.features.get(place)).and_then(|one| float(&one.1))
                }
                Look::Prediction => row.output.as_ref().map(Output::as_number),
                Look::Loss | Look::Error => continue,
            };
            self.seen.extend(value.map(|value| (number, value, row.sequence, row.time)));
        }
    }

    /// Looks at the loss of what was served, on a label that came at this time.
    pub fn labelled(&mut self, row: &Row, loss: f64, is_wrong: bool, time: f64) {
        for (number, look) in self.looks.iter().enumerate() {
            let value = match look {
                Look::Loss => loss,
                Look::Error => f64::from(u8::from(is_wrong)),
                Look::Feature(_) | Look::Prediction => continue,
            };
            self.seen.push((number, value, row.sequence, time));
        }
    }
}

fn float(value: &Value) -> Option<f64> {
    match value {
        Value::Bool(value) => Some(f64::from(u8::from(*value))),
        _ => value.number().map(Num::float),
    }
}
