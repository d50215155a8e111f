//! Linear models from River's state, and their state for River's objects.

use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::pipeline::{get, unknown};
use crate::glm::{Glm, Loss};
use crate::names::Names;

/// A linear model.
///
/// Args: its parameters and weights; the names; the features of the categories that encoders know.
pub fn build(found: &Bound<'_, PyDict>, names: &mut Names, categories: &[u32]) -> PyResult<Glm> {
    let log: Option<(f64, f64)> = get(found, "log")?.extract()?;
    let loss = match log {
        Some((positive, negative)) => Loss::Log { positive, negative },
        None => Loss::Squared,
    };
    let parameter = |name| get(found, name)?.extract();
    let mut glm = Glm::new(
        loss,
        parameter("rate")?,
        parameter("intercept_rate")?,
        parameter("penalty")?,
        parameter("clip")?,
    );
    glm.intercept = parameter("intercept")?;
    for (name, weight) in get(found, "weights")?.cast::<PyDict>()?.iter() {
        glm.set(names.number(name.extract()?), weight.extract()?);
    }
    if categories.iter().any(|feature| !glm.has(*feature)) {
        return Err(unknown("a category without a weight"));
    }
    Ok(glm)
}

pub fn state<'py>(py: Python<'py>, glm: &Glm, names: &Names) -> PyResult<Bound<'py, PyDict>> {
    let weights = PyDict::new(py);
    for (feature, weight) in glm.weights() {
        weights.set_item(names.name(feature), weight)?;
    }
    let state = PyDict::new(py);
    state.set_item("weights", weights)?;
    state.set_item("intercept", glm.intercept)?;
    state.set_item("iterations", glm.iterations)?;
    Ok(state)
}
