//! Softmax regression from River's state, and its state for River's objects.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use super::class_object;
use super::glm;
use super::pipeline::get;
use super::reader::label;
use crate::model::Class;
use crate::names::Names;
use crate::softmax::{Settings, Softmax};

/// A class with the records that it has learned, its weights, and what its optimizer remembers of them.
type Known<'py> = (Bound<'py, PyAny>, u64, Bound<'py, PyDict>, Bound<'py, PyList>);

pub fn build(found: &Bound<'_, PyDict>, names: &mut Names) -> PyResult<Softmax> {
    let mut class_weights = Vec::new();
    for pair in get(found, "class_weights")?.cast::<PyList>()?.iter() {
        let (class, counts): (Bound<'_, PyAny>, f64) = pair.extract()?;
        class_weights.push((Class::of(label(&class)?)?, counts));
    }
    let mut softmax = Softmax::new(Settings {
        optimizer: glm::optimizer(found)?,
        rate: glm::schedule(found, "rate")?,
        penalty: get(found, "penalty")?.extract()?,
        class_weights,
    });
    for known in get(found, "classes")?.cast::<PyList>()?.iter() {
        let (class, iterations, weights, memories): Known<'_> = known.extract()?;
        let mut known = softmax.fresh(Class::of(label(&class)?)?)?;
        known.iterations = iterations;
        known.weights = glm::weights(&weights, &memories, names)?;
        softmax.classes.push(known);
    }
    Ok(softmax)
}

pub fn state<'py>(py: Python<'py>, softmax: &Softmax, names: &Names) -> PyResult<Bound<'py, PyDict>> {
    let remembers = softmax.settings.optimizer.remembers();
    let classes = PyList::empty(py);
    for known in &softmax.classes {
        let (weights, memories) = glm::written_weights(py, &known.weights, remembers, names)?;
        classes.append((class_object(py, &known.class)?, known.iterations, weights, memories))?;
    }
    let state = PyDict::new(py);
    state.set_item("classes", classes)?;
    Ok(state)
}
