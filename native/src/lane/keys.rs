//! The model keys of lines, as `engine.records.keys` finds them.

use super::json::{Reader, Scalar};
use hashbrown::HashMap;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyString};
use std::borrow::Cow;

/// The key that a line names: empty when it names none, `None` when the line is not plain.
fn key_in<'a>(line: &'a [u8], field: &str) -> Option<Cow<'a, str>> {
    let mut reader = Reader::new(line);
    let (mut key, mut more) = (Cow::Borrowed(""), reader.open()?);
    while more {
        let (name, value) = (reader.name()?, reader.value()?);
        if name == field {
            // The last one of a name counts.
            key = match value {
                Scalar::Text(text) => text,
                Scalar::Int(number) => Cow::Owned(number.to_string()),
                _ => Cow::Borrowed(""),
            };
        }
        more = reader.more()?;
    }
    Some(key)
}

/// The model key of each line: empty where a line names none, `None` where it is not plain.
#[pyfunction]
pub fn plain_keys<'py>(
    py: Python<'py>,
    lines: &Bound<'py, PyList>,
    field: &str,
) -> PyResult<Bound<'py, PyList>> {
    let found = PyList::empty(py);
    let mut known: HashMap<String, Bound<'py, PyString>> = HashMap::new();
    for line in lines {
        match key_in(line.cast::<PyBytes>()?.as_bytes(), field) {
            Some(key) => {
                let name = known.entry_ref(&*key).or_insert_with(|| PyString::new(py, &key));
                found.append(&*name)?;
            }
            None => found.append(py.None())?,
        }
    }
    Ok(found)
}
