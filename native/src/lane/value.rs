//! Values of records and outputs of models, and how they become Python's.

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyFloat, PyInt, PyString};
use std::sync::Arc;

/// Whole numbers beyond are left to Python: a float cannot hold all of them.
pub const MOST_INT: i64 = 1 << 53;

/// A feature's value; whole numbers stay whole, since snapshots hold them.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Int(i64),
    Float(f64),
    Bool(bool),
    Text(Arc<str>),
}

/// A number of Python's: whole or not.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Num {
    Int(i64),
    Float(f64),
}

impl Num {
    pub fn float(self) -> f64 {
        match self {
            Num::Int(value) => value as f64,
            Num::Float(value) => value,
        }
    }

    pub fn of(given: &Bound<'_, PyAny>) -> Option<Num> {
        if let Ok(value) = given.cast_exact::<PyFloat>() {
            return Some(Num::Float(value.value()));
        }
        if given.is_exact_instance_of::<PyInt>() {
            let value: i64 = given.extract().ok()?;
            return (-MOST_INT..=MOST_INT).contains(&value).then_some(Num::Int(value));
        }
        None
    }

    pub fn to_py<'py>(self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Ok(match self {
            Num::Int(value) => value.into_pyobject(py)?.into_any(),
            Num::Float(value) => PyFloat::new(py, value).into_any(),
        })
    }
}

impl Value {
    pub fn number(&self) -> Option<Num> {
        match self {
            Value::Int(value) => Some(Num::Int(*value)),
            Value::Float(value) => Some(Num::Float(*value)),
            _ => None,
        }
    }

    /// The value of an object of Python's; `None` where it is of no kind that records have.
    pub fn of(given: &Bound<'_, PyAny>) -> Option<Value> {
        if let Some(number) = Num::of(given) {
            return Some(match number {
                Num::Int(value) => Value::Int(value),
                Num::Float(value) => Value::Float(value),
            });
        }
        if let Ok(value) = given.cast_exact::<PyBool>() {
            return Some(Value::Bool(value.is_true()));
        }
        let text = given.cast_exact::<PyString>().ok()?;
        Some(Value::Text(Arc::from(text.to_str().ok()?)))
    }

    pub fn to_py<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Ok(match self {
            Value::Int(value) => value.into_pyobject(py)?.into_any(),
            Value::Float(value) => PyFloat::new(py, *value).into_any(),
            Value::Bool(value) => PyBool::new(py, *value).to_owned().into_any(),
            Value::Text(value) => PyString::new(py, value).into_any(),
        })
    }
}
