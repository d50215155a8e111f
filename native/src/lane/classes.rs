//! The classes of a task with several, by number.

use crate::arithmetic::MOST_EXACT;
use crate::model as models;
use hashbrown::HashMap;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyInt, PyString};

/// Classes beyond are left to Python, so that memory has a bound.
const MOST_CLASSES: usize = 4096;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    Int(i64),
    Text(Box<str>),
}

struct Class {
    key: Key,
    object: Py<PyAny>,
    /// As JSON, and as the name of a field in JSON.
    json: Vec<u8>,
    name: Vec<u8>,
}

/// All that have come up.
#[derive(Default)]
pub struct Classes {
    all: Vec<Class>,
    numbers: HashMap<Key, u32>,
    /// Makes JSON of a text; none where no class is.
    encode: Option<Py<PyAny>>,
}

impl Classes {
    pub fn new(encode: Option<Py<PyAny>>) -> Classes {
        Classes { encode, ..Classes::default() }
    }

    /// The number of a class of Python's, which is added when it is new; `None` when it is no class of a record, or
    /// there are too many.
    pub fn number(&mut self, given: &Bound<'_, PyAny>) -> Option<u32> {
        let key = if given.is_exact_instance_of::<PyInt>() {
            Key::Int(given.extract().ok()?)
        } else {
            Key::Text(given.cast_exact::<PyString>().ok()?.to_str().ok()?.into())
        };
        match self.numbers.get(&key) {
            Some(number) => Some(*number),
            None => self.add(key, given).ok().flatten(),
        }
    }

    /// The number of a class of a compiled model.
    pub fn number_of(&mut self, py: Python<'_>, class: &models::Class) -> Option<u32> {
        match class {
            models::Class::Bool(_) => None,
            models::Class::Int(value) => self.number(value.into_pyobject(py).ok()?.as_any()),
            models::Class::Text(text) => self.number(PyString::new(py, text).as_any()),
        }
    }

    fn add(&mut self, key: Key, given: &Bound<'_, PyAny>) -> PyResult<Option<u32>> {
        let (Some(encode), true) = (&self.encode, self.all.len() < MOST_CLASSES) else { return Ok(None) };
        let json = encode.bind(given.py()).call1((given,))?;
        let json = json.cast::<PyBytes>()?.as_bytes().to_vec();
        let name = match key {
            Key::Int(_) => [b"\"", &*json, b"\""].concat(),
            Key::Text(_) => json.clone(),
        };
        let number = self.all.len() as u32;
        self.all.push(Class { key: key.clone(), object: given.clone().unbind(), json, name });
        self.numbers.insert(key, number);
        Ok(Some(number))
    }

    pub fn object<'py>(&self, py: Python<'py>, number: u32) -> Bound<'py, PyAny> {
        match self.all.get(number as usize) {
            Some(class) => class.object.bind(py).clone(),
            None => py.None().into_bound(py),
        }
    }

    /// As a compiled model takes it; `None` when none does.
    pub fn label(&self, number: u32) -> Option<models::Label<'_>> {
        match &self.all.get(number as usize)?.key {
            Key::Int(value) => {
                (value.unsigned_abs() <= MOST_EXACT as u64).then_some(models::Label::Int(*value))
            }
            Key::Text(text) => Some(models::Label::Text(text)),
        }
    }

    pub fn json(&self, number: u32) -> &[u8] {
        self.all.get(number as usize).map_or(b"null", |class| &class.json)
    }

    pub fn name(&self, number: u32) -> &[u8] {
        self.all.get(number as usize).map_or(b"\"\"", |class| &class.name)
    }
}
