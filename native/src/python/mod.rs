//! What Python sees: models that take River's dictionaries, are made of River's state and give it back.

mod linear;
mod reader;

use pyo3::exceptions::PyException;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use crate::linear::Linear;
use crate::model::{Model, Output};
use reader::Reader;

pyo3::create_exception!(
    riverkeeper_native,
    Refused,
    PyException,
    "A record that a compiled model does not take; it has changed nothing."
);

impl From<crate::model::Refused> for PyErr {
    fn from(_: crate::model::Refused) -> PyErr {
        Refused::new_err("not taken by a compiled model")
    }
}

/// A compiled model of any family.
pub enum Family {
    Linear(Linear),
}

impl Family {
    pub fn model(&mut self) -> &mut dyn Model {
        match self {
            Family::Linear(model) => model,
        }
    }
}

#[pyclass(module = "riverkeeper_native")]
pub struct CompiledModel {
    pub family: Family,
    reader: Reader,
    /// Whether it has predicted or learned: until then its River object is up to date.
    #[pyo3(get)]
    used: bool,
}

impl CompiledModel {
    fn of(family: Family) -> Self {
        CompiledModel {
            family,
            reader: Reader::default(),
            used: false,
        }
    }
}

#[pymethods]
impl CompiledModel {
    /// A linear pipeline, as `engine.models.native.linear` describes it.
    #[staticmethod]
    fn linear(steps: &Bound<'_, PyList>, last: &Bound<'_, PyDict>) -> PyResult<Self> {
        Ok(Self::of(Family::Linear(linear::build(steps, last)?)))
    }

    /// What the model puts out for features: probabilities by class, or a number.
    fn predict<'py>(&mut self, features: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let model = self.family.model();
        let row = self.reader.read(model, features)?;
        let output = model.predict(row)?;
        self.used = true;
        written(features.py(), output)
    }

    fn learn(&mut self, features: &Bound<'_, PyAny>, label: &Bound<'_, PyAny>) -> PyResult<()> {
        let model = self.family.model();
        let row = self.reader.read(model, features)?;
        model.learn(row, reader::label(label)?)?;
        self.used = true;
        Ok(())
    }

    /// All that it has learned, as `engine.models.native` writes it into River's objects.
    fn state<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        match &self.family {
            Family::Linear(model) => linear::state(py, model),
        }
    }
}

fn written<'py>(py: Python<'py>, output: Output) -> PyResult<Bound<'py, PyAny>> {
    match output {
        Output::Number(number) => Ok(number.into_pyobject(py)?.into_any()),
        Output::Probability { yes, certain } => {
            let found = PyDict::new(py);
            found.set_item(false, 1.0 - yes)?;
            if certain {
                found.set_item(true, yes as u8)?;
            } else {
                found.set_item(true, yes)?;
            }
            Ok(found.into_any())
        }
    }
}
