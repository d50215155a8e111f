//! Rows of Python's dictionaries.

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyString};

use super::Refused;
use crate::arithmetic::MOST_EXACT;
use crate::model::{Label, Model, Row, Value};

/// Reads dictionaries, whose names are mostly the same objects in the same order.
#[derive(Default)]
pub struct Reader {
    row: Row,
    /// The name at each place of the last row, which must live as long as its address counts, and its number.
    names: Vec<(Py<PyAny>, u32)>,
}

impl Reader {
    /// The row of a record's features, in which every number is finite and exact.
    pub fn read(&mut self, model: &mut dyn Model, features: &Bound<'_, PyAny>) -> PyResult<&Row> {
        let features = features.cast_exact::<PyDict>().map_err(|_| refused())?;
        self.row.clear();
        for (place, (name, value)) in features.iter().enumerate() {
            let field = self.field(model, place, &name)?;
            if let Ok(text) = value.cast_exact::<PyString>() {
                self.row.push_text(field, text.to_str().map_err(|_| refused())?);
            } else {
                self.row.push(field, number(&value)?);
            }
        }
        Ok(&self.row)
    }

    fn field(&mut self, model: &mut dyn Model, place: usize, name: &Bound<'_, PyAny>) -> PyResult<u32> {
        if let Some((known, field)) = self.names.get(place) {
            if known.as_ptr() == name.as_ptr() {
                return Ok(*field);
            }
        }
        let text = name.cast_exact::<PyString>().map_err(|_| refused())?;
        let field = model.field(text.to_str().map_err(|_| refused())?);
        let entry = (name.clone().unbind(), field);
        if place < self.names.len() {
            self.names[place] = entry;
        } else {
            self.names.push(entry);
        }
        Ok(field)
    }
}

fn refused() -> PyErr {
    Refused::new_err("expected a dictionary of names to finite numbers and texts")
}

/// A number that a float holds exactly: River computes with whole numbers of any size.
pub fn number(value: &Bound<'_, PyAny>) -> PyResult<Value> {
    if let Ok(number) = value.cast_exact::<PyFloat>() {
        let number = number.value();
        return if number.is_finite() { Ok(Value::Float(number)) } else { Err(refused()) };
    }
    if let Ok(truth) = value.cast_exact::<PyBool>() {
        return Ok(Value::Bool(truth.is_true()));
    }
    let whole = value.cast_exact::<PyInt>().map_err(|_| refused())?;
    match whole.extract::<i64>() {
        Ok(whole) if whole.abs() <= MOST_EXACT => Ok(Value::Int(whole as f64)),
        _ => Err(refused()),
    }
}

pub fn label<'a>(value: &'a Bound<'_, PyAny>) -> PyResult<Label<'a>> {
    if let Ok(text) = value.cast_exact::<PyString>() {
        return Ok(Label::Text(text.to_str().map_err(|_| refused())?));
    }
    Ok(match number(value)? {
        Value::Bool(class) => Label::Bool(class),
        Value::Int(whole) => Label::Int(whole as i64),
        Value::Float(number) => Label::Float(number),
        Value::Text(..) => return Err(refused()),
    })
}
