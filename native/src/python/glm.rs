//! Linear models from River's state, and their state for River's objects.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use super::pipeline::{get, unknown};
use crate::glm::{Glm, Loss, Memory, Optimizer, Schedule, Settings, Weights};
use crate::names::Names;

/// A linear model.
///
/// Args: its parameters and weights; the names; the features of the categories that encoders know.
pub fn build(found: &Bound<'_, PyDict>, names: &mut Names, categories: &[u32]) -> PyResult<Glm> {
    let settings = Settings {
        is_classifier: get(found, "is_classifier")?.extract()?,
        loss: loss(found)?,
        optimizer: optimizer(found)?,
        rate: schedule(found, "rate")?,
        intercept_rate: schedule(found, "intercept_rate")?,
        penalty: get(found, "penalty")?.extract()?,
        clip: get(found, "clip")?.extract()?,
    };
    let iterations = get(found, "iterations")?.extract()?;
    let mut glm = Glm::new(settings, get(found, "intercept")?.extract()?, iterations);
    glm.weights = weights(get(found, "weights")?.cast()?, get(found, "memories")?.cast()?, names)?;
    if categories.iter().any(|feature| !glm.weights.has(*feature)) {
        return Err(unknown("a category without a weight"));
    }
    Ok(glm)
}

/// Weights by name, with what an optimizer remembers of each.
pub fn weights(
    found: &Bound<'_, PyDict>,
    memories: &Bound<'_, PyList>,
    names: &mut Names,
) -> PyResult<Weights> {
    let mut weights = Weights::default();
    for (name, weight) in found.iter() {
        let mut remembered = [0.0; 2];
        for (place, memory) in memories.iter().enumerate().take(2) {
            remembered[place] = memory.get_item(&name)?.extract()?;
        }
        let (feature, [first, second]) = (names.number(name.extract()?), remembered);
        weights.set(feature, weight.extract()?);
        if !memories.is_empty() {
            weights.remember(feature, Memory(first, second));
        }
    }
    Ok(weights)
}

fn loss(found: &Bound<'_, PyDict>) -> PyResult<Loss> {
    let (kind, first, second): (String, f64, f64) = get(found, "loss")?.extract()?;
    Ok(match kind.as_str() {
        "Log" => Loss::Log { positive: first, negative: second },
        "Hinge" => Loss::Hinge(first),
        "Squared" => Loss::Squared,
        "Absolute" => Loss::Absolute,
        "Huber" => Loss::Huber(first),
        "Quantile" => Loss::Quantile(first),
        "EpsilonInsensitiveHinge" => Loss::Insensitive(first),
        _ => return Err(unknown(&kind)),
    })
}

pub fn optimizer(found: &Bound<'_, PyDict>) -> PyResult<Optimizer> {
    let (kind, first, second, third): (String, f64, f64, f64) = get(found, "optimizer")?.extract()?;
    Ok(match kind.as_str() {
        "SGD" => Optimizer::Sgd,
        "RMSProp" => Optimizer::RmsProp { keep: first, eps: second },
        "Adam" => Optimizer::Adam { keep: first, keep_squares: second, eps: third },
        "AdaGrad" => Optimizer::AdaGrad { eps: first },
        "Momentum" => Optimizer::Momentum { keep: first },
        _ => return Err(unknown(&kind)),
    })
}

pub fn schedule(found: &Bound<'_, PyDict>, name: &str) -> PyResult<Schedule> {
    let (kind, first, second): (String, f64, f64) = get(found, name)?.extract()?;
    Ok(match kind.as_str() {
        "Constant" => Schedule::Constant(first),
        "InverseScaling" => Schedule::InverseScaling { rate: first, power: second },
        "Optimal" => Schedule::Optimal { alpha: first, begin: second },
        _ => return Err(unknown(&kind)),
    })
}

pub fn state<'py>(py: Python<'py>, glm: &Glm, names: &Names) -> PyResult<Bound<'py, PyDict>> {
    let remembers = glm.settings.optimizer.remembers();
    let (weights, memories) = written_weights(py, &glm.weights, remembers, names)?;
    let state = PyDict::new(py);
    state.set_item("weights", weights)?;
    state.set_item("memories", memories)?;
    state.set_item("intercept", glm.intercept)?;
    state.set_item("iterations", glm.iterations)?;
    Ok(state)
}

/// Weights by name, and as many dictionaries of what is remembered of them.
pub fn written_weights<'py>(
    py: Python<'py>,
    found: &Weights,
    remembers: usize,
    names: &Names,
) -> PyResult<(Bound<'py, PyDict>, Bound<'py, PyList>)> {
    let [weights, first, second] = [0; 3].map(|_| PyDict::new(py));
    for (feature, weight, memory) in found.iter() {
        let name = names.name(feature);
        weights.set_item(name, weight)?;
        if remembers > 0 {
            first.set_item(name, memory.0)?;
        }
        if remembers > 1 {
            second.set_item(name, memory.1)?;
        }
    }
    let memories = PyList::new(py, [first, second].into_iter().take(remembers))?;
    Ok((weights, memories))
}
