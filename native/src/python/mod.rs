//! What Python sees: models that take River's dictionaries, are made of River's state and give it back.

mod glm;
mod imputers;
mod naive_bayes;
mod one_vs_rest;
mod pipeline;
mod reader;
mod regression;
mod softmax;
mod tree;

use pyo3::exceptions::PyException;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyList, PyString};

use crate::model::{self, Class, Model, Output};
use crate::pipeline::Pipeline;
pub use naive_bayes::log_sum_of_exp;
use reader::Reader;

pyo3::create_exception!(
    riverkeeper_native,
    Refused,
    PyException,
    "What a compiled model does not take; it has changed nothing."
);
pyo3::create_exception!(
    riverkeeper_native,
    StepRefused,
    Refused,
    "A step that is due; what River makes of it can be compiled again."
);

impl From<model::Refused> for PyErr {
    fn from(refused: model::Refused) -> PyErr {
        match refused {
            model::Refused::Record => Refused::new_err("a record that a compiled model does not take"),
            model::Refused::Step => StepRefused::new_err("a step that a compiled model does not take"),
        }
    }
}

#[pyclass(module = "riverkeeper_native")]
pub struct CompiledModel {
    pub model: Pipeline,
    reader: Reader,
    /// Whether it has predicted or learned: until then its River object is up to date.
    #[pyo3(get)]
    pub used: bool,
}

#[pymethods]
impl CompiledModel {
    /// A pipeline and its last step, as `engine.models.native` describes them.
    #[new]
    fn new(steps: &Bound<'_, PyList>, last: &Bound<'_, PyDict>) -> PyResult<Self> {
        Ok(CompiledModel { model: pipeline::build(steps, last)?, reader: Reader::default(), used: false })
    }

    /// What the model puts out for features: probabilities by class, or a number.
    fn predict<'py>(&mut self, features: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let row = self.reader.read(&mut self.model, features)?;
        let output = self.model.predict(row)?;
        self.used = true;
        written(features.py(), &self.model, output)
    }

    fn learn(&mut self, features: &Bound<'_, PyAny>, label: &Bound<'_, PyAny>) -> PyResult<()> {
        let row = self.reader.read(&mut self.model, features)?;
        self.model.learn(row, reader::label(label)?)?;
        self.used = true;
        Ok(())
    }

    /// All that it has learned, as `engine.models.native` writes it into River's objects.
    fn state<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        pipeline::state(py, &mut self.model)
    }
}

fn written<'py>(py: Python<'py>, model: &dyn Model, output: Output) -> PyResult<Bound<'py, PyAny>> {
    match output {
        Output::Classes(shares) if shares.is_empty() => Ok(py.None().into_bound(py)),
        Output::Classes(shares) => {
            let found = PyDict::new(py);
            for (class, share) in shares {
                found.set_item(class_object(py, model.class(class))?, share)?;
            }
            Ok(found.into_any())
        }
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

fn class_object<'py>(py: Python<'py>, class: &Class) -> PyResult<Bound<'py, PyAny>> {
    Ok(match class {
        Class::Bool(truth) => PyBool::new(py, *truth).to_owned().into_any(),
        Class::Int(whole) => whole.into_pyobject(py)?.into_any(),
        Class::Text(text) => PyString::new(py, text).into_any(),
    })
}
