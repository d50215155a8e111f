//! Imputers from River's state, and their state for River's objects.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString};

use super::pipeline::typed;
use super::reader::number;
use crate::moments::Mean;
use crate::names::Names;
use crate::pipeline::{Kept, PreviousImputer, StatImputer};

/// A value that a row had.
pub fn kept(value: &Bound<'_, PyAny>) -> PyResult<Kept> {
    match value.cast_exact::<PyString>() {
        Ok(text) => Ok(Kept::Text(text.to_str()?.into())),
        Err(_) => Ok(Kept::Number(number(value)?)),
    }
}

/// How many numbers there were, and their mean; none for a constant.
pub fn mean(found: Option<(f64, f64)>) -> Option<Mean> {
    found.map(|(count, mean)| Mean { count, mean })
}

pub fn means<'py>(py: Python<'py>, imputer: &StatImputer) -> PyResult<Bound<'py, PyList>> {
    let pair = |(_, mean): &(u32, Option<Mean>)| mean.map(|found| (found.count, found.mean));
    PyList::new(py, imputer.means.iter().map(pair))
}

pub fn latest<'py>(
    py: Python<'py>,
    imputer: &PreviousImputer,
    names: &Names,
) -> PyResult<Bound<'py, PyDict>> {
    let found = PyDict::new(py);
    for (field, kept) in imputer.latest() {
        match kept {
            Kept::Number(value) => found.set_item(names.name(field), typed(py, *value)?)?,
            Kept::Text(text) => found.set_item(names.name(field), &**text)?,
        }
    }
    Ok(found)
}
