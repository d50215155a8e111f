//! What is true of an example, and what a model puts out for it, by the task.

use super::value::Num;
use crate::arithmetic::{sum, MOST_EXACT};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict};
use std::sync::Arc;

/// The tasks that the lane knows, as `engine.tasks` names them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Task {
    Binary,
    Multiclass,
    Regression,
}

impl Task {
    pub fn named(name: &str) -> PyResult<Task> {
        match name {
            "binary" => Ok(Task::Binary),
            "multiclass" => Ok(Task::Multiclass),
            "regression" => Ok(Task::Regression),
            _ => Err(PyValueError::new_err(format!("no task of the lane: {name}"))),
        }
    }

    /// Whether a loss lies between 0 and 1.
    pub fn bounds_losses(self) -> bool {
        self != Task::Regression
    }
}

/// A label.
#[derive(Clone, Copy, Debug)]
pub enum Target {
    Bool(bool),
    /// One of several classes, by its number.
    Class(u32),
    /// A number; a whole one stays whole, since snapshots hold it.
    Int(i64),
    Float(f64),
}

impl Target {
    pub fn is_true(self) -> bool {
        matches!(self, Target::Bool(true))
    }

    /// The number of a class, of no as of yes.
    pub fn class(self) -> Option<u32> {
        match self {
            Target::Bool(label) => Some(u32::from(label)),
            Target::Class(number) => Some(number),
            Target::Int(_) | Target::Float(_) => None,
        }
    }

    pub fn number(self) -> f64 {
        match self {
            Target::Bool(label) => f64::from(u8::from(label)),
            Target::Class(number) => f64::from(number),
            Target::Int(value) => value as f64,
            Target::Float(value) => value,
        }
    }

    /// Whether it is the same class, or number.
    pub fn is(self, other: Target) -> bool {
        self.number() == other.number()
    }

    /// A label of regression; `None` when its number has no exact float.
    pub fn of_number(number: Num) -> Option<Target> {
        match number {
            Num::Int(value) => (value.abs() <= MOST_EXACT).then_some(Target::Int(value)),
            Num::Float(value) => value.is_finite().then_some(Target::Float(value)),
        }
    }
}

/// What a model put out.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// Probabilities of yes and no, in the order of its dictionary; there may be only one.
    Binary { first: (bool, Num), second: Option<(bool, Num)> },
    /// Probabilities of classes by their numbers, in that order; at least one.
    Classes(Arc<[(u32, Num)]>),
    /// In regression.
    Value(f64),
}

impl Output {
    pub fn both(no: Num, yes: Num) -> Output {
        Output::Binary { first: (false, no), second: Some((true, yes)) }
    }

    /// Probabilities of yes and no as Python has them.
    pub fn of_binary(given: &Bound<'_, PyAny>) -> Option<Output> {
        let dict = given.cast_exact::<PyDict>().ok()?;
        let mut found = [None, None];
        if dict.len() > 2 {
            return None;
        }
        for (place, (label, number)) in dict.iter().enumerate() {
            let label = label.cast_exact::<PyBool>().ok()?.is_true();
            found[place] = Some((label, Num::of(&number)?));
        }
        Some(Output::Binary { first: found[0]?, second: found[1] })
    }

    /// The probability of yes or no; `None` where the model did not say any.
    pub fn get(&self, label: bool) -> Option<Num> {
        match self {
            Output::Binary { first, .. } if first.0 == label => Some(first.1),
            Output::Binary { second, .. } => second.filter(|one| one.0 == label).map(|one| one.1),
            Output::Classes(_) | Output::Value(_) => None,
        }
    }

    /// The probability of yes; 0 where the model did not say any.
    pub fn yes(&self) -> f64 {
        self.get(true).map_or(0.0, Num::float)
    }

    /// What is served: the most probable class, the first in a tie; or the value.
    pub fn served(&self) -> Target {
        match self {
            Output::Binary { first, second: Some((label, number)) } if number.float() > first.1.float() => {
                Target::Bool(*label)
            }
            Output::Binary { first, .. } => Target::Bool(first.0),
            Output::Classes(shares) => Target::Class(most_probable(shares).0),
            Output::Value(value) => Target::Float(*value),
        }
    }

    /// One number for what is served: the probability of yes, that of the most probable class, or the value.
    pub fn as_number(&self) -> f64 {
        match self {
            Output::Binary { .. } => self.yes(),
            Output::Classes(shares) => most_probable(shares).1.float(),
            Output::Value(value) => *value,
        }
    }

    /// The loss on a label. Of classes half the Brier score, limited to [0, 1]; NaN costs 1. Of values the absolute
    /// error.
    pub fn loss(&self, label: Target) -> f64 {
        match self {
            Output::Value(value) => (value - label.number()).abs(),
            Output::Binary { .. } => {
                let miss = 1.0 - self.get(label.is_true()).map_or(0.0, Num::float);
                at_most_one(miss * miss)
            }
            Output::Classes(shares) => {
                brier(shares.iter().map(|(class, share)| (*class, share.float())), label)
            }
        }
    }
}

/// The class with the largest probability, the first of several.
fn most_probable(shares: &[(u32, Num)]) -> (u32, Num) {
    let first = shares.first().copied().unwrap_or((0, Num::Float(0.0)));
    shares.iter().copied().fold(first, |most, one| if one.1.float() > most.1.float() { one } else { most })
}

fn at_most_one(loss: f64) -> f64 {
    if loss <= 1.0 {
        loss
    } else {
        1.0
    }
}

/// Half the Brier score (Brier 1950) of probabilities by class, limited to [0, 1].
pub fn brier(shares: impl Iterator<Item = (u32, f64)> + Clone, label: Target) -> f64 {
    let squares = sum(shares.clone().map(|(_, share)| share * share));
    let of_label = shares.filter(|(class, _)| Target::Class(*class).is(label)).map(|(_, share)| share).next();
    at_most_one((squares - 2.0 * of_label.unwrap_or(0.0) + 1.0) / 2.0).max(0.0)
}

/// The loss of an output on a label; one that is null loses more than any other.
pub fn cost(output: Option<&Output>, label: Target) -> f64 {
    output.map_or(f64::INFINITY, |output| output.loss(label))
}
