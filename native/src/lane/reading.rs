//! Python's objects as the lane has them; `None` where they are not plain.

use super::row::{Output, Row, Shadows, Shared};
use super::value::Value;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyString};
use std::sync::Arc;

type Numbering<'a> = &'a mut dyn FnMut(&Bound<'_, PyString>) -> Option<u32>;

/// A label, or that there is none.
pub fn label_of(given: &Bound<'_, PyAny>) -> Option<Option<bool>> {
    if given.is_none() {
        return Some(None);
    }
    given.cast_exact::<PyBool>().ok().map(|label| Some(label.is_true()))
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
pub fn pending_of(shared: &Shared, number: Numbering<'_>, given: &Bound<'_, PyAny>) -> PyResult<Option<Row>> {
    let py = given.py();
    let Some(shadows) = shadows_of(shared, &given.getattr("shadows")?)? else { return Ok(None) };
    if !given.getattr("strange")?.is_none() {
        return Ok(None);
    }
    let output = given.getattr("output")?;
    let output = match output.is_none() {
        true => None,
        false => match Output::of(&output) {
            Some(found) => Some(found),
            None => return Ok(None),
        },
    };
    let example = given.getattr("example")?;
    let (id, time, since) = (example.getattr("id")?, example.getattr("time")?, given.getattr("since")?);
    let (Ok(id), Ok(time)) = (id.cast_exact::<PyString>(), time.cast_exact::<PyFloat>()) else {
        return Ok(None);
    };
    let (Ok(id), true) = (id.to_str(), since.eq(time)?) else { return Ok(None) };
    let Some(last_label) = label_of(&given.getattr("last_label")?) else { return Ok(None) };
    let Some(features) = features_of(number, &example.getattr("features")?) else { return Ok(None) };
    let model = shared.model(py, given.getattr("model")?.cast::<PyString>()?)?;
    if matches!(shadows, Shadows::One(name, _) if name == model) {
        return Ok(None);
    }
    Ok(Some(Row {
        id: Arc::from(id),
        time: time.value(),
        sequence: given.getattr("sequence")?.extract()?,
        features,
        output,
        model,
        last_label,
        shadows,
    }))
}

/// Outputs of at most one shadow.
fn shadows_of(shared: &Shared, given: &Bound<'_, PyAny>) -> PyResult<Option<Shadows>> {
    if given.is_none() {
        return Ok(Some(Shadows::None));
    }
    let Ok(dict) = given.cast_exact::<PyDict>() else { return Ok(None) };
    let mut items = dict.iter();
    let Some((name, output)) = items.next() else { return Ok(Some(Shadows::Empty)) };
    if items.next().is_some() {
        return Ok(None);
    }
    let Ok(name) = name.cast_exact::<PyString>() else { return Ok(None) };
    let output = match output.is_none() {
        true => None,
        false => match Output::of(&output) {
            Some(found) => Some(found),
            None => return Ok(None),
        },
    };
    Ok(Some(Shadows::One(shared.model(given.py(), name)?, output)))
}
