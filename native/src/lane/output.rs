//! What is true of an example, and what a model puts out for it, by the task.

use super::value::Num;
use crate::arithmetic::MOST_EXACT;
use crate::model as models;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt};

/// The tasks that the lane knows, as `engine.tasks` names them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Task {
    Binary,
    Regression,
}

impl Task {
    pub fn named(name: &str) -> PyResult<Task> {
        match name {
            "binary" => Ok(Task::Binary),
            "regression" => Ok(Task::Regression),
            _ => Err(PyValueError::new_err(format!("no task of the lane: {name}"))),
        }
    }

    /// Whether a loss lies between 0 and 1.
    pub fn bounds_losses(self) -> bool {
        self == Task::Binary
    }

    /// A label of Python's; `None` when it is none of the task's, or its number has no exact float.
    pub fn label(self, given: &Bound<'_, PyAny>) -> Option<Target> {
        match self {
            Task::Binary => given.cast_exact::<PyBool>().ok().map(|label| Target::Bool(label.is_true())),
            Task::Regression => match Num::of(given)? {
                Num::Int(value) => Target::whole(value),
                Num::Float(value) => value.is_finite().then_some(Target::Float(value)),
            },
        }
    }

    /// An output of Python's; `None` when it is none that the task's models mostly give.
    pub fn output(self, given: &Bound<'_, PyAny>) -> Option<Output> {
        match self {
            Task::Binary => two_classes(given),
            Task::Regression => {
                let value = given.cast_exact::<PyFloat>().ok()?.value();
                value.is_finite().then_some(Output::Value(value))
            }
        }
    }
}

fn two_classes(given: &Bound<'_, PyAny>) -> Option<Output> {
    let dict = given.cast_exact::<PyDict>().ok()?;
    let mut found = [None, None];
    if dict.len() > 2 {
        return None;
    }
    for (place, (label, number)) in dict.iter().enumerate() {
        let label = label.cast_exact::<PyBool>().ok()?.is_true();
        found[place] = Some((label, Num::of(&number)?));
    }
    Some(Output::Classes { first: found[0]?, second: found[1] })
}

/// A label.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Target {
    Bool(bool),
    /// A number; a whole one stays whole, since snapshots hold it.
    Int(i64),
    Float(f64),
}

impl Target {
    pub fn is_true(self) -> bool {
        self == Target::Bool(true)
    }

    pub fn number(self) -> f64 {
        match self {
            Target::Bool(label) => f64::from(u8::from(label)),
            Target::Int(value) => value as f64,
            Target::Float(value) => value,
        }
    }

    /// A whole number; `None` when a compiled model would not take it.
    pub fn whole(value: i64) -> Option<Target> {
        (value.abs() <= MOST_EXACT).then_some(Target::Int(value))
    }

    pub fn of_compiled(self) -> models::Label<'static> {
        match self {
            Target::Bool(label) => models::Label::Bool(label),
            Target::Int(value) => models::Label::Int(value),
            Target::Float(value) => models::Label::Float(value),
        }
    }
}

impl<'py> IntoPyObject<'py> for Target {
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Ok(match self {
            Target::Bool(label) => PyBool::new(py, label).to_owned().into_any(),
            Target::Int(value) => PyInt::new(py, value).into_any(),
            Target::Float(value) => PyFloat::new(py, value).into_any(),
        })
    }
}

/// What a model put out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Output {
    /// Probabilities of up to two classes, in the order of its dictionary.
    Classes { first: (bool, Num), second: Option<(bool, Num)> },
    /// In regression.
    Value(f64),
}

impl Output {
    pub fn both(no: Num, yes: Num) -> Output {
        Output::Classes { first: (false, no), second: Some((true, yes)) }
    }

    /// The probability of a class; `None` where the model did not say any.
    pub fn get(&self, label: bool) -> Option<Num> {
        match self {
            Output::Classes { first, .. } if first.0 == label => Some(first.1),
            Output::Classes { second, .. } => second.filter(|one| one.0 == label).map(|one| one.1),
            Output::Value(_) => None,
        }
    }

    /// The probability of yes, as scores and detectors take it.
    pub fn yes(&self) -> f64 {
        self.get(true).map_or(0.0, Num::float)
    }

    /// What is served: the most probable class, the first in a tie; or the value.
    pub fn served(&self) -> Target {
        match self {
            Output::Classes { first, second: Some((label, number)) } if number.float() > first.1.float() => {
                Target::Bool(*label)
            }
            Output::Classes { first, .. } => Target::Bool(first.0),
            Output::Value(value) => Target::Float(*value),
        }
    }

    /// Whether what is served is not the label.
    pub fn is_wrong(&self, label: Target) -> bool {
        self.served().number() != label.number()
    }

    /// The loss on a label. Of classes half the Brier score, limited to [0, 1]; NaN costs 1. Of values the absolute
    /// error.
    pub fn loss(&self, label: Target) -> f64 {
        match self {
            Output::Value(value) => (value - label.number()).abs(),
            Output::Classes { .. } => {
                let miss = 1.0 - self.get(label.is_true()).map_or(0.0, Num::float);
                let loss = miss * miss;
                if loss <= 1.0 {
                    loss
                } else {
                    1.0
                }
            }
        }
    }

    pub fn to_py<'py>(self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let (first, second) = match self {
            Output::Value(value) => return Ok(PyFloat::new(py, value).into_any()),
            Output::Classes { first, second } => (first, second),
        };
        let dict = PyDict::new(py);
        for (label, number) in [Some(first), second].into_iter().flatten() {
            dict.set_item(label, number.to_py(py)?)?;
        }
        Ok(dict.into_any())
    }
}

/// The loss of an output on a label; one that is null loses more than any other.
pub fn cost(output: Option<Output>, label: Target) -> f64 {
    output.map_or(f64::INFINITY, |output| output.loss(label))
}

/// An output, or that there is none.
pub fn output_to_py<'py>(py: Python<'py>, output: Option<Output>) -> PyResult<Bound<'py, PyAny>> {
    output.map_or_else(|| Ok(py.None().into_bound(py)), |found| found.to_py(py))
}
