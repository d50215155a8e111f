//! A linear model for each class from River's state, and their state for River's objects.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use super::class_object;
use super::glm;
use super::pipeline::get;
use super::reader::label;
use crate::model::Class;
use crate::names::Names;
use crate::one_vs_rest::OneVsRest;

pub fn build(found: &Bound<'_, PyDict>, names: &mut Names) -> PyResult<OneVsRest> {
    let fresh = glm::build(get(found, "fresh")?.cast()?, names, &[])?;
    let mut classes = Vec::new();
    for pair in get(found, "classes")?.cast::<PyList>()?.iter() {
        let (class, model): (Bound<'_, PyAny>, Bound<'_, PyDict>) = pair.extract()?;
        classes.push((Class::of(label(&class)?)?, glm::build(&model, names, &[])?));
    }
    Ok(OneVsRest { fresh, classes })
}

pub fn state<'py>(py: Python<'py>, model: &OneVsRest, names: &Names) -> PyResult<Bound<'py, PyDict>> {
    let classes = PyList::empty(py);
    for (class, model) in &model.classes {
        classes.append((class_object(py, class)?, glm::state(py, model, names)?))?;
    }
    let state = PyDict::new(py);
    state.set_item("classes", classes)?;
    Ok(state)
}
