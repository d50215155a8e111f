//! Python's objects as the lane has them; `None` where they are not plain.

use super::output::{Output, Target};
use super::row::{Outputs, Row, Shared, Strange};
use super::value::Value;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyFloat, PyString};
use std::sync::Arc;

type Numbering<'a> = &'a mut dyn FnMut(&Bound<'_, PyString>) -> Option<u32>;

/// A label, or that there is none.
pub fn label_of(shared: &Shared, given: &Bound<'_, PyAny>) -> Option<Option<Target>> {
    if given.is_none() {
        return Some(None);
    }
    shared.label(given).map(Some)
}

/// A loss, or that there is none.
pub fn loss_of(given: &Bound<'_, PyAny>) -> Option<Option<f64>> {
    if given.is_none() {
        return Some(None);
    }
    given.cast_exact::<PyFloat>().ok().map(|loss| Some(loss.value()))
}

/// Features by the numbers of their names.
pub fn features_of(number: Numbering<'_>, given: &Bound<'_, PyAny>) -> Option<Box<[(u32, Value)]>> {
    let dict = given.cast_exact::<PyDict>().ok()?;
    dict.iter()
        .map(|(name, value)| Some((number(name.cast_exact::<PyString>().ok()?)?, Value::of(&value)?)))
        .collect()
}

/// A prediction that waits for its label.
pub fn pending_of(
    shared: &Shared,
    number: Numbering<'_>,
    given: &Bound<'_, PyAny>,
) -> PyResult<Option<(Row, Outputs)>> {
    let Some(outputs) = outputs_of(shared, &given.getattr("shadows")?)? else { return Ok(None) };
    let Some(strange) = strange_of(number, &given.getattr("strange")?)? else { return Ok(None) };
    let Some(output) = output_of(shared, &given.getattr("output")?) else { return Ok(None) };
    let example = given.getattr("example")?;
    let (id, time, since) = (example.getattr("id")?, example.getattr("time")?, given.getattr("since")?);
    let (Ok(id), Ok(time)) = (id.cast_exact::<PyString>(), time.cast_exact::<PyFloat>()) else {
        return Ok(None);
    };
    let (Ok(id), true) = (id.to_str(), since.eq(time)?) else { return Ok(None) };
    let Some(last_label) = label_of(shared, &given.getattr("last_label")?) else { return Ok(None) };
    let Some(features) = features_of(number, &example.getattr("features")?) else { return Ok(None) };
    let Ok(model) = shared.model(given.getattr("model")?.cast::<PyString>()?) else { return Ok(None) };
    let row = Row {
        id: Arc::from(id),
        time: time.value(),
        sequence: given.getattr("sequence")?.extract()?,
        features,
        output,
        model,
        last_label,
        strange,
    };
    Ok(Some((row, outputs)))
}

/// What is strange about an example, or that nothing is.
pub fn strange_of(number: Numbering<'_>, given: &Bound<'_, PyAny>) -> PyResult<Option<Option<Arc<Strange>>>> {
    if given.is_none() {
        return Ok(Some(None));
    }
    let mut hidden = vec![];
    for name in given.getattr("hidden")?.try_iter()? {
        match name?.cast_exact::<PyString>().ok().and_then(&mut *number) {
            Some(name) => hidden.push(name),
            None => return Ok(None),
        }
    }
    let (object, learned) = (given.clone().unbind(), given.getattr("learned")?.extract()?);
    Ok(Some(Some(Arc::new(Strange { object, hidden: hidden.into_boxed_slice(), learned }))))
}

/// An output, or that there is none.
pub fn output_of(shared: &Shared, given: &Bound<'_, PyAny>) -> Option<Option<Output>> {
    if given.is_none() {
        return Some(None);
    }
    shared.output(given).map(Some)
}

/// Outputs of the models that are compared.
fn outputs_of(shared: &Shared, given: &Bound<'_, PyAny>) -> PyResult<Option<Outputs>> {
    if given.is_none() {
        return Ok(Some(None));
    }
    let Ok(dict) = given.cast_exact::<PyDict>() else { return Ok(None) };
    let mut found = Vec::with_capacity(dict.len());
    for (name, output) in dict.iter() {
        let (Ok(name), Some(output)) = (name.cast_exact::<PyString>(), output_of(shared, &output)) else {
            return Ok(None);
        };
        let Ok(model) = shared.model(name) else { return Ok(None) };
        found.push((model, output));
    }
    Ok(Some(Some(found.into_boxed_slice())))
}
